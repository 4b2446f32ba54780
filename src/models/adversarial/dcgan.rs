//! The generative adversarial network with the losses of Radford, Metz and Chintala 2016.

use super::Config;
use super::System;
use super::draws::Draws;
use super::draws::Round;
use super::layers::Discriminator;
use super::layers::Generator;
use super::layers::Output;
use super::losses::as_fake;
use super::losses::as_real;
use super::made::Made;
use super::players::Player;
use super::players::Step;
use crate::models::LearnsBy;
use crate::nn::Backend;
use crate::nn::Matrix;
use crate::random::Seed;
use crate::training::Component;
use crate::training::TrainingError;

pub(super) struct Dcgan<B: Backend> {
    pub generator: Player<B, Generator>,
    pub discriminator: Player<B, Discriminator>,
}

impl<B: Backend> Dcgan<B> {
    pub(super) fn new(config: &Config, output: Output, device: &B, seed: Seed) -> Self {
        let (network, shape) = (&config.network, &config.shape);
        Dcgan {
            generator: Player::declare("generator", device, seed, |builder| {
                Generator::declare(builder, network, config.latent, shape, output)
            }),
            discriminator: Player::declare("discriminator", device, seed, |builder| {
                Discriminator::of_observations(builder, network, shape, true)
            }),
        }
    }

    /// Goodfellow et al. 2014, equation 1, for D:
    /// L_D = −E_x ln D(x) − E_z ln (1 − D(G(z)))
    pub(super) fn discriminator_step(&self, x: Matrix<B>, z: Matrix<B>) -> Step<B> {
        let (g, d) = (self.generator.waits(), self.discriminator.learns());
        let loss = as_real(d.of(x)) + as_fake(d.of(g.of(z)));
        d.step(loss)
    }

    /// Goodfellow et al. 2014, section 3, the loss that does not saturate:
    /// L_G = −E_z ln D(G(z))
    pub(super) fn generator_step(&self, z: Matrix<B>) -> Step<B> {
        let (g, d) = (self.generator.learns(), self.discriminator.waits());
        let loss = as_real(d.of(g.of(z)));
        g.step(loss)
    }
}

impl<B: Backend> System<B> for Dcgan<B> {
    fn components(&mut self) -> Vec<&mut Component<B>> {
        vec![
            &mut self.generator.component,
            &mut self.discriminator.component,
        ]
    }

    fn learns_by(&self) -> Vec<LearnsBy> {
        vec![
            LearnsBy::of("L_G = −E ln D(G(z))"),
            LearnsBy::of("L_D = −E ln D(x) − E ln (1 − D(G(z)))"),
        ]
    }

    fn iterate(&mut self, round: &mut Round<'_, '_, B>) -> Result<(), TrainingError> {
        let x = round.batch();
        let n = x.rows();
        let step = self.discriminator_step(x, round.draws.prior(n));
        round.report("discriminator", step.loss, n);
        self.discriminator.update(step)?;
        let step = self.generator_step(round.draws.prior(n));
        round.report("generator", step.loss, n);
        self.generator.update(step)
    }

    fn validate(&self, x: Matrix<B>, draws: &mut Draws<B>) -> Vec<(&'static str, f64)> {
        let (g, d) = (self.generator.rests(), self.discriminator.waits());
        let z = draws.prior(x.rows());
        let loss = as_real(d.of(x)) + as_fake(d.of(g.of(z)));
        vec![("valid_discriminator", f64::from(loss.value()))]
    }

    fn make(&self, z: Matrix<B>) -> Made<B> {
        Made::Values(self.generator.rests().of(z))
    }
}
