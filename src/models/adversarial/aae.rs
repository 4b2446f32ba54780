//! The adversarial autoencoder: Makhzani et al. 2015; Rosca et al. 2018, section 4.1.
//!
//! Of KL(q(z|x) || p(z)) = KL(q(z) || p(z)) + I(x; z), the mutual information is left out, and what
//! remains is estimated by a discriminator of codes.

use super::Config;
use super::System;
use super::draws::Draws;
use super::draws::Observed;
use super::draws::Round;
use super::layers::Decoder;
use super::layers::Discriminator;
use super::layers::Encoder;
use super::losses::as_fake;
use super::losses::as_real;
use super::made::Coded;
use super::made::Made;
use super::players::Player;
use super::players::Step;
use crate::models::LearnsBy;
use crate::models::observation::ObservationModel;
use crate::models::observation::SigmaScope;
use crate::nn::Backend;
use crate::nn::Matrix;
use crate::random::Seed;
use crate::training::Component;
use crate::training::TrainingError;

pub(super) struct Aae<B: Backend> {
    pub encoder: Player<B, Encoder>,
    pub decoder: Player<B, Decoder>,
    /// c, which tells codes from draws of the prior; without batch norm.
    pub codes: Player<B, Discriminator>,
}

impl<B: Backend> Aae<B> {
    pub(super) fn new(
        config: &Config,
        density: (ObservationModel, SigmaScope),
        code_hidden: &[usize],
        device: &B,
        seed: Seed,
    ) -> Self {
        let (network, shape, latent) = (&config.network, &config.shape, config.latent);
        Aae {
            encoder: Player::declare("encoder", device, seed, |builder| {
                Encoder::declare(builder, network, shape, latent)
            }),
            decoder: Player::declare("decoder", device, seed, |builder| {
                Decoder::declare(builder, network, latent, shape, density)
            }),
            codes: Player::declare("code_discriminator", device, seed, |builder| {
                Discriminator::of_codes(builder, latent, code_hidden)
            }),
        }
    }

    /// Both by −E_q log p(x|z) − E_q ln C(z), z ~ q(z|x), the terms unweighted
    /// (Rosca et al. 2018, equation 5 without the mutual information).
    pub(super) fn autoencoder_step(&self, x: Observed<B>, noise: Matrix<B>) -> (Step<B>, Step<B>) {
        let (e, d, c) = (
            self.encoder.learns(),
            self.decoder.learns(),
            self.codes.waits(),
        );
        let z = e.of(x.seen, noise);
        let loss = d.of(z.clone()).nll(x.weighed).mean() + as_real(c.of(z));
        e.step_with(d, loss)
    }

    /// L_C = −E_p(z) ln C(z) − E_q ln (1 − C(z))
    pub(super) fn code_step(&self, x: Matrix<B>, noise: Matrix<B>, prior: Matrix<B>) -> Step<B> {
        let (e, c) = (self.encoder.waits(), self.codes.learns());
        let loss = as_real(c.of(prior)) + as_fake(c.of(e.of(x, noise)));
        c.step(loss)
    }
}

impl<B: Backend> System<B> for Aae<B> {
    fn components(&mut self) -> Vec<&mut Component<B>> {
        vec![
            &mut self.encoder.component,
            &mut self.decoder.component,
            &mut self.codes.component,
        ]
    }

    fn learns_by(&self) -> Vec<LearnsBy> {
        let autoencoder = || LearnsBy::of("−E_q log p(x|z) − E_q ln C(z)");
        vec![
            autoencoder(),
            autoencoder(),
            LearnsBy::of("L_C = −E_p(z) ln C(z) − E_q ln (1 − C(z))"),
        ]
    }

    fn iterate(&mut self, round: &mut Round<'_, '_, B>) -> Result<(), TrainingError> {
        let x = round.observed();
        let n = x.seen.rows();
        let (by_encoder, by_decoder) = self.autoencoder_step(x.clone(), round.draws.prior(n));
        round.report("autoencoder", by_encoder.loss, n);
        self.encoder.update(by_encoder)?;
        self.decoder.update(by_decoder)?;
        let (noise, prior) = (round.draws.prior(n), round.draws.prior(n));
        let step = self.code_step(x.seen, noise, prior);
        round.report("code_discriminator", step.loss, n);
        self.codes.update(step)
    }

    /// What stands in the place of the variational bound: KL(q(z) || p(z)) is −E_q c(z), as c
    /// estimates ln p(z)/q(z).
    fn validate(&self, x: Matrix<B>, draws: &mut Draws<B>) -> Vec<(&'static str, f64)> {
        let (e, d, c) = (
            self.encoder.rests(),
            self.decoder.rests(),
            self.codes.rests(),
        );
        let z = e.of(x.clone(), draws.prior(x.rows()));
        let bound = c.of(z.clone()).mean() - d.of(z).score(x).mean();
        vec![("valid_bound_estimate", f64::from(bound.value()))]
    }

    fn make(&self, z: Matrix<B>) -> Made<B> {
        Made::Density(self.decoder.rests().of(z))
    }

    fn encode(&self, x: Matrix<B>) -> Option<Coded<B>> {
        let (mean, log_var) = self.encoder.rests().moments(x);
        Some(Coded::Gaussian { mean, log_var })
    }
}
