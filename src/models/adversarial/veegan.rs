//! VEEGAN: Srivastava et al. 2017; Rosca et al. 2018, section 5.2.

use super::Config;
use super::System;
use super::draws::Draws;
use super::draws::Round;
use super::layers::Generator;
use super::layers::Joint;
use super::layers::JointSizes;
use super::layers::Output;
use super::layers::Reconstructor;
use super::losses::as_fake;
use super::losses::as_real;
use super::losses::squared;
use super::made::Coded;
use super::made::Made;
use super::players::Player;
use super::players::Step;
use crate::models::LearnsBy;
use crate::nn::Backend;
use crate::nn::Matrix;
use crate::random::Seed;
use crate::training::Component;
use crate::training::TrainingError;

pub(super) struct Veegan<B: Backend> {
    /// G, with parameters γ.
    pub generator: Player<B, Generator>,
    /// F, with parameters θ.
    pub reconstructor: Player<B, Reconstructor>,
    /// a, with parameters ω: the logit of pairs, ln [q_γ(x|z) p(z)] / [p_θ(z|x) p(x)] at its best.
    pub joint: Player<B, Joint>,
}

impl<B: Backend> Veegan<B> {
    pub(super) fn new(
        config: &Config,
        output: Output,
        sizes: &JointSizes,
        device: &B,
        seed: Seed,
    ) -> Self {
        let (network, shape, latent) = (&config.network, &config.shape, config.latent);
        Veegan {
            generator: Player::declare("generator", device, seed, |builder| {
                Generator::declare(builder, network, latent, shape, output)
            }),
            reconstructor: Player::declare("encoder", device, seed, |builder| {
                Reconstructor::declare(builder, network, shape, latent)
            }),
            joint: Player::declare("discriminator", device, seed, |builder| {
                Joint::declare(builder, network, shape, latent, sizes)
            }),
        }
    }

    /// Srivastava et al. 2017, algorithm 1:
    /// L_ω = E_z softplus(−a(G(z), z)) + E_x softplus(a(x, F(x)))
    pub(super) fn joint_step(&self, x: Matrix<B>, z: Matrix<B>) -> Step<B> {
        let (g, f, a) = (
            self.generator.waits(),
            self.reconstructor.waits(),
            self.joint.learns(),
        );
        let made = as_real(a.of(g.of(z.clone()), z));
        let loss = made + as_fake(a.of(x.clone(), f.of(x)));
        a.step(loss)
    }

    /// L_γ = E_z [a(G(z), z) + ‖z − F(G(z))‖²], L_θ = E_z ‖z − F(G(z))‖².
    ///
    /// The logit is one of the generator's pair, which F has no part in: so the gradients of θ by the
    /// first loss are those by the second, and one backward pass has both.
    pub(super) fn generator_step(&self, z: Matrix<B>) -> (Step<B>, Step<B>, f64) {
        let (g, f, a) = (
            self.generator.learns(),
            self.reconstructor.learns(),
            self.joint.waits(),
        );
        let x = g.of(z.clone());
        let distance = squared(z.clone(), f.of(x.clone()));
        let of_codes = f64::from(distance.value());
        let loss = a.of(x, z).mean() + distance;
        let (by_generator, by_reconstructor) = g.step_with(f, loss);
        (by_generator, by_reconstructor, of_codes)
    }
}

impl<B: Backend> System<B> for Veegan<B> {
    fn components(&mut self) -> Vec<&mut Component<B>> {
        vec![
            &mut self.generator.component,
            &mut self.reconstructor.component,
            &mut self.joint.component,
        ]
    }

    fn learns_by(&self) -> Vec<LearnsBy> {
        vec![
            LearnsBy::of("L_G = E [a(G(z), z) + ‖z − F(G(z))‖²]"),
            LearnsBy::of("L_F = E ‖z − F(G(z))‖²"),
            LearnsBy::of("L_ω = E softplus(−a(G(z), z)) + E softplus(a(x, F(x)))"),
        ]
    }

    fn iterate(&mut self, round: &mut Round<'_, '_, B>) -> Result<(), TrainingError> {
        let x = round.batch();
        let n = x.rows();
        let step = self.joint_step(x, round.draws.prior(n));
        round.report("discriminator", step.loss, n);
        self.joint.update(step)?;
        let (by_generator, by_reconstructor, of_codes) = self.generator_step(round.draws.prior(n));
        round.report("generator", by_generator.loss, n);
        round.report("encoder", of_codes, n);
        self.generator.update(by_generator)?;
        self.reconstructor.update(by_reconstructor)
    }

    /// Rosca et al. 2018, equation 15, less its constant: the negative of the estimated KL, the mean
    /// logit, and of the reconstruction of codes. It asks nothing of the data.
    fn validate(&self, x: Matrix<B>, draws: &mut Draws<B>) -> Vec<(&'static str, f64)> {
        let (g, f, a) = (
            self.generator.rests(),
            self.reconstructor.rests(),
            self.joint.waits(),
        );
        let z = draws.prior(x.rows());
        let made = g.of(z.clone());
        let distance = squared(z.clone(), f.of(made.clone()));
        let bound = -(a.of(made, z).mean() + distance);
        vec![("valid_bound_estimate", f64::from(bound.value()))]
    }

    fn make(&self, z: Matrix<B>) -> Made<B> {
        Made::Values(self.generator.rests().of(z))
    }

    fn encode(&self, x: Matrix<B>) -> Option<Coded<B>> {
        Some(Coded::Point(self.reconstructor.rests().of(x)))
    }
}
