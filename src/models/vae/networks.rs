//! Encoder and decoder, and the terms of the bound.

use super::config::Config;
use crate::models::observation::Emitted;
use crate::models::observation::ObservationModel;
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
    observation_model: ObservationModel,
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
            observation_model: config.visible,
        }
    }

    /// μ and ln σ² of q(z|x): `[n, dimensions]` to twice `[n, latent]`.
    pub fn encode<B: Backend>(&self, pass: &Pass<B>, x: Matrix<B>) -> (Matrix<B>, Matrix<B>) {
        losses::split_columns(self.encoder.forward(pass, x), self.latent)
    }

    /// The parameters of p(x|z), `[n, latent]` to `[n, dimensions]`.
    pub fn decode<B: Backend>(&self, pass: &Pass<B>, z: Matrix<B>) -> Emitted<B> {
        Emitted::new(self.observation_model, self.decoder.forward(pass, z))
    }

    /// The bound at the reparameterised sample of this noise (`[n, latent]`).
    pub fn bound<B: Backend>(&self, pass: &Pass<B>, x: Matrix<B>, noise: Matrix<B>) -> Bound<B> {
        let (mean, log_var) = self.encode(pass, x.clone());
        let z = losses::gaussian_sample(mean.clone(), log_var.clone(), noise);
        Bound {
            nll: self.decode(pass, z).nll(x),
            kl: losses::kl_standard(mean, log_var),
        }
    }
}
