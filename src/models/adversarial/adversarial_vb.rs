//! Adversarial variational Bayes: Mescheder, Nowozin and Geiger 2017.

use super::Config;
use super::System;
use super::draws::Draws;
use super::draws::Observed;
use super::draws::Round;
use super::layers::Decoder;
use super::layers::ImplicitEncoder;
use super::layers::Joint;
use super::layers::JointSizes;
use super::losses::as_fake;
use super::losses::as_real;
use super::made::Coded;
use super::made::Made;
use super::players::Player;
use super::players::Step;
use super::players::Turn;
use crate::models::LearnsBy;
use crate::models::observation::ObservationModel;
use crate::models::observation::SigmaScope;
use crate::nn::Backend;
use crate::nn::Matrix;
use crate::nn::Vector;
use crate::random::Seed;
use crate::training::Component;
use crate::training::TrainingError;
use serde::Deserialize;
use serde::Serialize;

/// Draws whose mean is the code of an observation: the same noise for all of them.
const CODE_DRAWS: usize = 32;

/// Added to the variance of draws.
const LEAST_VARIANCE: f32 = 1e-6;

/// Sizes beside those of the networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Terms {
    /// Numbers of ε.
    pub noise: usize,
    /// Numbers of h(x), which the encoder mixes with ε.
    pub features: usize,
    pub adversary: JointSizes,
    /// Draws from which the moments of q(z|x) are estimated; none without adaptive contrast.
    pub contrast_draws: usize,
}

pub(super) struct AdversarialVb<B: Backend> {
    /// z = e(x, ε)
    pub encoder: Player<B, ImplicitEncoder>,
    pub decoder: Player<B, Decoder>,
    /// T
    pub adversary: Player<B, Joint>,
    terms: Terms,
}

/// μ̂(x) and σ̂(x), constants: what a contrasting Gaussian takes from draws of q(z|x).
#[derive(Clone)]
pub(super) struct Contrast<B: Backend> {
    mean: Matrix<B>,
    sigma: Matrix<B>,
}

impl<B: Backend> Contrast<B> {
    /// z̃ = (z − μ̂)/σ̂
    fn standardised(&self, z: Matrix<B>) -> Matrix<B> {
        (z - self.mean.clone()) / self.sigma.clone()
    }
}

impl<B: Backend> AdversarialVb<B> {
    pub(super) fn new(
        config: &Config,
        density: (ObservationModel, SigmaScope),
        terms: &Terms,
        device: &B,
        seed: Seed,
    ) -> Self {
        let (network, shape, latent) = (&config.network, &config.shape, config.latent);
        AdversarialVb {
            encoder: Player::declare("encoder", device, seed, |builder| {
                let sizes = (terms.features, terms.noise);
                ImplicitEncoder::declare(builder, network, shape, sizes, latent)
            }),
            decoder: Player::declare("decoder", device, seed, |builder| {
                Decoder::declare(builder, network, latent, shape, density)
            }),
            adversary: Player::declare("discriminator", device, seed, |builder| {
                let joint = Joint::declare(builder, network, shape, latent, &terms.adversary);
                joint.relative_to_prior()
            }),
            terms: terms.clone(),
        }
    }

    /// Moments of q(z|x) by these draws of ε, of the encoder as it is where z is drawn; none without draws.
    pub(super) fn contrast(
        e: &Turn<'_, B, ImplicitEncoder>,
        x: Matrix<B>,
        noise: Vec<Matrix<B>>,
    ) -> Option<Contrast<B>> {
        if noise.is_empty() {
            return None;
        }
        let count = noise.len() as f32;
        let features = e.features(x);
        let z: Vec<Matrix<B>> = noise
            .into_iter()
            .map(|noise| e.of(features.clone(), noise))
            .collect();
        let mean = sum(z.iter().cloned()) / count;
        let squares = z.into_iter().map(|z| (z - mean.clone()).square());
        Some(Contrast {
            sigma: (sum(squares) / (count - 1.0).max(1.0) + LEAST_VARIANCE).sqrt(),
            mean,
        })
    }

    /// Equation 3.3: L_T = −E_x E_q ln σ(T(x, z)) − E_x E_p ln (1 − σ(T(x, z))).
    /// With adaptive contrast (section 4) T judges z̃ against draws of N(0, I).
    pub(super) fn adversary_step(
        &self,
        x: Matrix<B>,
        noise: Matrix<B>,
        prior: Matrix<B>,
        contrast: Option<Contrast<B>>,
    ) -> Step<B> {
        let (e, t) = (self.encoder.waits(), self.adversary.learns());
        let z = e.of(e.features(x.clone()), noise);
        let z = match contrast {
            None => z,
            Some(contrast) => contrast.standardised(z),
        };
        let loss = as_real(t.of(x.clone(), z)) + as_fake(t.of(x, prior));
        t.step(loss)
    }

    /// Both by equation 3.7, E [−log p(x|z) + T(x, z)], z = e(x, ε).
    pub(super) fn primal_step(
        &self,
        x: Observed<B>,
        noise: Matrix<B>,
        contrast: Option<Contrast<B>>,
    ) -> (Step<B>, Step<B>) {
        let (e, d, t) = (
            self.encoder.learns(),
            self.decoder.learns(),
            self.adversary.waits(),
        );
        let z = e.of(e.features(x.seen.clone()), noise);
        let kl = divergence(&t, x.seen, z.clone(), contrast);
        let loss = (d.of(z).nll(x.weighed) + kl).mean();
        e.step_with(d, loss)
    }

    fn moment_noise(&self, n: usize, draws: &mut Draws<B>) -> Vec<Matrix<B>> {
        (0..self.terms.contrast_draws)
            .map(|_| draws.normal(n, self.terms.noise))
            .collect()
    }
}

/// What T says of log q(z|x) − log p(z), `[n]`. With adaptive contrast (section 4)
/// T(x, z̃) + log N(z; μ̂, σ̂²) − log p(z).
fn divergence<B: Backend>(
    t: &Turn<'_, B, Joint>,
    x: Matrix<B>,
    z: Matrix<B>,
    contrast: Option<Contrast<B>>,
) -> Vector<B> {
    let Some(contrast) = contrast else {
        return t.of(x, z);
    };
    let standard = contrast.standardised(z.clone());
    let squares = (z.square() - standard.clone().square()).sum_rows() * 0.5;
    t.of(x, standard) + squares - contrast.sigma.ln().sum_rows()
}

fn sum<B: Backend>(all: impl Iterator<Item = Matrix<B>>) -> Matrix<B> {
    let sum = all.reduce(|a, b| a + b);
    sum.expect("there is a draw at least")
}

impl<B: Backend> System<B> for AdversarialVb<B> {
    fn components(&mut self) -> Vec<&mut Component<B>> {
        vec![
            &mut self.encoder.component,
            &mut self.decoder.component,
            &mut self.adversary.component,
        ]
    }

    fn learns_by(&self) -> Vec<LearnsBy> {
        let [primal, adversary] = match self.terms.contrast_draws {
            0 => [
                "E [−log p(x|z) + T(x, z)]",
                "L_T = −E_x E_q ln σ(T(x, z)) − E_x E_p(z) ln (1 − σ(T(x, z)))",
            ],
            _ => [
                "E [−log p(x|z) + T(x, z̃) + log N(z; μ̂, σ̂²) − log p(z)]",
                "L_T = −E_x E_q ln σ(T(x, z̃)) − E_x E_p(z) ln (1 − σ(T(x, z)))",
            ],
        };
        vec![
            LearnsBy::of(primal),
            LearnsBy::of(primal),
            LearnsBy::of(adversary),
        ]
    }

    fn iterate(&mut self, round: &mut Round<'_, '_, B>) -> Result<(), TrainingError> {
        let x = round.observed();
        let n = x.seen.rows();
        let moments = self.moment_noise(n, &mut round.draws);
        let contrast = Self::contrast(&self.encoder.waits(), x.seen.clone(), moments);
        let noise = round.draws.normal(n, self.terms.noise);
        let (by_encoder, by_decoder) = self.primal_step(x.clone(), noise, contrast);
        round.report("loss", by_encoder.loss, n);
        self.encoder.update(by_encoder)?;
        self.decoder.update(by_decoder)?;

        let moments = self.moment_noise(n, &mut round.draws);
        let contrast = Self::contrast(&self.encoder.waits(), x.seen.clone(), moments);
        let noise = round.draws.normal(n, self.terms.noise);
        let step = self.adversary_step(x.seen, noise, round.draws.prior(n), contrast);
        round.report("discriminator", step.loss, n);
        self.adversary.update(step)
    }

    /// The negative of equation 3.7: a variational bound as far as T is right.
    fn validate(&self, x: Matrix<B>, draws: &mut Draws<B>) -> Vec<(&'static str, f64)> {
        let (e, d) = (self.encoder.rests(), self.decoder.rests());
        let t = self.adversary.waits();
        let n = x.rows();
        let moments = self.moment_noise(n, draws);
        let contrast = Self::contrast(&e, x.clone(), moments);
        let z = e.of(e.features(x.clone()), draws.normal(n, self.terms.noise));
        let kl = divergence(&t, x.clone(), z.clone(), contrast);
        let loss = (d.of(z).score(x) + kl).mean();
        vec![("valid_bound_estimate", -f64::from(loss.value()))]
    }

    fn make(&self, z: Matrix<B>) -> Made<B> {
        Made::Density(self.decoder.rests().of(z))
    }

    fn encode(&self, x: Matrix<B>) -> Option<Coded<B>> {
        let e = self.encoder.rests();
        let (n, device) = (x.rows(), x.device().clone());
        let features = e.features(x);
        let mut stream = Seed::new(0).derive("adversarial-vb/codes").stream(0);
        let z = (0..CODE_DRAWS).map(|_| {
            let noise = stream.normal(self.terms.noise);
            let noise = device.matrix(noise.repeat(n), n, self.terms.noise);
            e.of(features.clone(), noise)
        });
        Some(Coded::Point(sum(z) / CODE_DRAWS as f32))
    }
}
