//! The variational GAN hybrids: Rosca et al. 2018, section 5.1 and appendix F.

use super::Config;
use super::System;
use super::draws::Draws;
use super::draws::Round;
use super::layers::Discriminator;
use super::layers::Encoder;
use super::layers::Generator;
use super::layers::Output;
use super::losses::as_fake;
use super::losses::as_real;
use super::losses::l1;
use super::made::Coded;
use super::made::Made;
use super::players::Player;
use super::players::Step;
use crate::models::LearnsBy;
use crate::nn::Backend;
use crate::nn::Matrix;
use crate::random::Seed;
use crate::registry::choices;
use crate::training::Component;
use crate::training::TrainingError;
use serde::Deserialize;
use serde::Serialize;

choices! {
    /// What the discriminator tells from data.
    #[derive(Serialize, Deserialize)]
    pub(super) enum Variant {
        /// Reconstructions.
        #[serde(rename = "vgh")]
        Vgh = "vgh",
        /// Reconstructions and samples.
        #[serde(rename = "vgh++")]
        VghPlusPlus = "vgh++",
    }
}

/// What makes one hybrid differ from another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Terms {
    pub variant: Variant,
    /// λ_E, the weight of the reconstruction for the encoder.
    pub encoder_weight: f32,
    /// λ_G, the weight of the reconstruction for the generator.
    pub generator_weight: f32,
}

pub(super) struct Vgh<B: Backend> {
    pub encoder: Player<B, Encoder>,
    pub generator: Player<B, Generator>,
    /// a, of observations.
    pub discriminator: Player<B, Discriminator>,
    /// c, of codes; without batch norm.
    pub codes: Player<B, Discriminator>,
    terms: Terms,
}

impl<B: Backend> Vgh<B> {
    pub(super) fn new(
        config: &Config,
        output: Output,
        terms: &Terms,
        code_hidden: &[usize],
        device: &B,
        seed: Seed,
    ) -> Self {
        let (network, shape, latent) = (&config.network, &config.shape, config.latent);
        Vgh {
            encoder: Player::declare("encoder", device, seed, |builder| {
                Encoder::declare(builder, network, shape, latent)
            }),
            generator: Player::declare("generator", device, seed, |builder| {
                Generator::declare(builder, network, latent, shape, output)
            }),
            discriminator: Player::declare("discriminator", device, seed, |builder| {
                Discriminator::of_observations(builder, network, shape, true)
            }),
            codes: Player::declare("code_discriminator", device, seed, |builder| {
                Discriminator::of_codes(builder, latent, code_hidden)
            }),
            terms: terms.clone(),
        }
    }

    /// Equation 13, data reconstruction and code generation:
    /// L_E = λ_E E ‖x − G(z)‖₁ − E ln C(z), z ~ q(z|x)
    pub(super) fn encoder_step(&self, x: Matrix<B>, noise: Matrix<B>) -> Step<B> {
        let (e, g, c) = (
            self.encoder.learns(),
            self.generator.waits(),
            self.codes.waits(),
        );
        let z = e.of(x.clone(), noise);
        let loss = l1(x, g.of(z.clone())) * self.terms.encoder_weight + as_real(c.of(z));
        e.step(loss)
    }

    /// Data reconstruction and data generation:
    /// L_G = λ_G E ‖x − G(z)‖₁ − E ln D(G(z)), and of VGH++ − E_p(z) ln D(G(z))
    pub(super) fn generator_step(
        &self,
        x: Matrix<B>,
        codes: Matrix<B>,
        prior: Matrix<B>,
    ) -> Step<B> {
        let (g, d) = (self.generator.learns(), self.discriminator.waits());
        let reconstructed = g.of(codes);
        let loss = l1(x, reconstructed.clone()) * self.terms.generator_weight
            + as_real(d.of(reconstructed));
        let loss = match self.terms.variant {
            Variant::Vgh => loss,
            Variant::VghPlusPlus => loss + as_real(d.of(g.of(prior))),
        };
        g.step(loss)
    }

    /// Equation 8, data are real and reconstructions made up:
    /// L_D = −E ln D(x) − E ln (1 − D(G(z))), z ~ q(z|x);
    /// equation 9, samples are made up as well: − E_p(z) ln (1 − D(G(z)))
    pub(super) fn discriminator_step(
        &self,
        x: Matrix<B>,
        codes: Matrix<B>,
        prior: Matrix<B>,
    ) -> Step<B> {
        let (g, d) = (self.generator.waits(), self.discriminator.learns());
        let loss = as_real(d.of(x)) + as_fake(d.of(g.of(codes)));
        let loss = match self.terms.variant {
            Variant::Vgh => loss,
            Variant::VghPlusPlus => loss + as_fake(d.of(g.of(prior))),
        };
        d.step(loss)
    }

    /// Equation 14, draws of the prior are real and codes made up:
    /// L_C = −E_p(z) ln C(z) − E_q ln (1 − C(z))
    pub(super) fn code_step(&self, codes: Matrix<B>, prior: Matrix<B>) -> Step<B> {
        let c = self.codes.learns();
        let loss = as_real(c.of(prior)) + as_fake(c.of(codes));
        c.step(loss)
    }
}

impl<B: Backend> System<B> for Vgh<B> {
    fn components(&mut self) -> Vec<&mut Component<B>> {
        vec![
            &mut self.encoder.component,
            &mut self.generator.component,
            &mut self.discriminator.component,
            &mut self.codes.component,
        ]
    }

    fn learns_by(&self) -> Vec<LearnsBy> {
        let [generator, discriminator] = match self.terms.variant {
            Variant::Vgh => [
                "L_G = λ_G E ‖x − G(z_q)‖₁ − E ln D(G(z_q))",
                "L_D = −E ln D(x) − E ln (1 − D(G(z_q)))",
            ],
            Variant::VghPlusPlus => [
                "L_G = λ_G E ‖x − G(z_q)‖₁ − E ln D(G(z_q)) − E ln D(G(z_p))",
                "L_D = −E ln D(x) − E ln (1 − D(G(z_q))) − E ln (1 − D(G(z_p)))",
            ],
        };
        vec![
            LearnsBy::of("L_E = λ_E E ‖x − G(z_q)‖₁ − E ln C(z_q)"),
            LearnsBy::of(generator),
            LearnsBy::of(discriminator),
            LearnsBy::of("L_C = −E ln C(z_p) − E ln (1 − C(z_q))"),
        ]
    }

    /// Algorithm 5: encoder, generator, discriminator, code discriminator, one update each, on one
    /// batch and one draw of the prior.
    fn iterate(&mut self, round: &mut Round<'_, '_, B>) -> Result<(), TrainingError> {
        let x = round.batch();
        let n = x.rows();
        let (noise, prior) = (round.draws.prior(n), round.draws.prior(n));
        let step = self.encoder_step(x.clone(), noise.clone());
        round.report("encoder", step.loss, n);
        self.encoder.update(step)?;

        let codes = self.encoder.waits().of(x.clone(), noise);
        let step = self.generator_step(x.clone(), codes.clone(), prior.clone());
        round.report("generator", step.loss, n);
        self.generator.update(step)?;

        let step = self.discriminator_step(x, codes.clone(), prior.clone());
        round.report("discriminator", step.loss, n);
        self.discriminator.update(step)?;

        let step = self.code_step(codes, prior);
        round.report("code_discriminator", step.loss, n);
        self.codes.update(step)
    }

    /// What stands in the place of the variational bound (equation 7 with equation 8's ratio):
    /// E a(G(z)) − λ_G E ‖x − G(z)‖₁ + E c(z), z ~ q(z|x).
    fn validate(&self, x: Matrix<B>, draws: &mut Draws<B>) -> Vec<(&'static str, f64)> {
        let (e, g) = (self.encoder.rests(), self.generator.rests());
        let (d, c) = (self.discriminator.waits(), self.codes.rests());
        let z = e.of(x.clone(), draws.prior(x.rows()));
        let reconstructed = g.of(z.clone());
        let error = l1(x, reconstructed.clone());
        let l1 = f64::from(error.value());
        let bound =
            d.of(reconstructed).mean() + c.of(z).mean() - error * self.terms.generator_weight;
        vec![
            ("valid_bound_estimate", f64::from(bound.value())),
            ("valid_l1", l1),
        ]
    }

    fn make(&self, z: Matrix<B>) -> Made<B> {
        Made::Values(self.generator.rests().of(z))
    }

    fn encode(&self, x: Matrix<B>) -> Option<Coded<B>> {
        let (mean, log_var) = self.encoder.rests().moments(x);
        Some(Coded::Gaussian { mean, log_var })
    }
}
