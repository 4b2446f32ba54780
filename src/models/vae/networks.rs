//! Encoder and decoder, and the terms of the bound.

use super::config::Config;
use crate::models::likelihood::Visible;
use crate::nn::backend::Backend;
use crate::nn::layers::Activation;
use crate::nn::layers::Mlp;
use crate::nn::losses;
use crate::nn::params::Params;
use crate::nn::params::Pass;
use crate::nn::tensor::Matrix;
use crate::nn::tensor::Vector;
use crate::random::Seed;

/// The two networks of a VAE.
#[derive(Clone)]
pub struct Networks {
    encoder: Mlp,
    decoder: Mlp,
    latent: usize,
    visible: Visible,
}

/// The terms of the bound, one number per observation, in nats.
pub struct Bound<B: Backend> {
    /// −log p(x|z) at one sample z ~ q(z|x).
    pub nll: Vector<B>,
    /// KL(q(z|x) || N(0, I)) in closed form.
    pub kl: Vector<B>,
}

impl Networks {
    /// Declares all parameters; first values come from `seed`.
    pub fn new<B: Backend>(config: &Config, params: &mut Params<B>, seed: Seed) -> Self {
        let activation = Activation::named(&config.activation).unwrap_or(Activation::Relu);
        let x = config.dimensions();
        let hidden = &config.hidden;
        let encoder: Vec<usize> = [&[x], hidden.as_slice(), &[2 * config.latent]].concat();
        let backwards: Vec<usize> = hidden.iter().rev().copied().collect();
        let decoder: Vec<usize> = [&[config.latent], backwards.as_slice(), &[x]].concat();
        let mut builder = params.builder(seed.derive("fit/init"));
        Networks {
            encoder: Mlp::new(&mut builder.part("encoder"), &encoder, activation),
            decoder: Mlp::new(&mut builder.part("decoder"), &decoder, activation),
            latent: config.latent,
            visible: config.visible,
        }
    }

    /// μ and ln σ² of q(z|x): `[n, dimensions]` to twice `[n, latent]`.
    pub fn encode<B: Backend>(&self, pass: &Pass<B>, x: Matrix<B>) -> (Matrix<B>, Matrix<B>) {
        losses::split_columns(self.encoder.forward(pass, x), self.latent)
    }

    /// What parametrises p(x|z): logits or means, `[n, latent]` to `[n, dimensions]`.
    pub fn decode<B: Backend>(&self, pass: &Pass<B>, z: Matrix<B>) -> Matrix<B> {
        self.decoder.forward(pass, z)
    }

    /// The mean of p(x|z).
    pub fn mean<B: Backend>(&self, decoded: Matrix<B>) -> Matrix<B> {
        match self.visible {
            Visible::Bernoulli => Activation::Sigmoid.apply(decoded),
            Visible::Gaussian { .. } => decoded,
        }
    }

    /// −log p(x|z) per row, from what the decoder emitted.
    pub fn nll<B: Backend>(&self, decoded: Matrix<B>, x: Matrix<B>) -> Vector<B> {
        match self.visible {
            Visible::Bernoulli => losses::bernoulli_nll(decoded, x),
            Visible::Gaussian { sigma } => losses::gaussian_nll_fixed(x, decoded, sigma),
        }
    }

    /// The bound at the reparameterised sample of this noise (`[n, latent]`).
    pub fn bound<B: Backend>(&self, pass: &Pass<B>, x: Matrix<B>, noise: Matrix<B>) -> Bound<B> {
        let (mean, log_var) = self.encode(pass, x.clone());
        let z = losses::gaussian_sample(mean.clone(), log_var.clone(), noise);
        Bound {
            nll: self.nll(self.decode(pass, z), x),
            kl: losses::kl_standard(mean, log_var),
        }
    }
}
