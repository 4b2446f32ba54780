//! The four networks: autoencoder, and the two that give its codes a standard normal prior.

use super::config::Config;
use crate::models::observation::Emitted;
use crate::models::observation::ObservationModel;
use crate::nn::backend::Backend;
use crate::nn::init::Init;
use crate::nn::layers::Activation;
use crate::nn::layers::Mlp;
use crate::nn::params::Param;
use crate::nn::params::Params;
use crate::nn::params::Pass;
use crate::nn::tensor::Matrix;
use crate::random::Seed;

/// Names of the parameters that recover the prior begin with this.
pub const RECOVERY: &str = "recovery.";

/// g: x → z, f: z → x, a: w → z and b: z → w, where w has the prior N(0, 1). The latent variable
/// has one dimension throughout.
#[derive(Clone)]
pub struct Networks {
    encoder: Mlp,
    decoder: Mlp,
    to_code: Mlp,
    to_prior: Mlp,
    observation_model: ObservationModel,
    /// Mean and standard deviation of the codes: a and b work on standardised ones.
    pub location: Param<(usize,)>,
    pub scale: Param<(usize,)>,
}

impl Networks {
    /// Declares all parameters; first values come from `seed`.
    pub fn new<B: Backend>(config: &Config, params: &mut Params<B>, seed: Seed) -> Self {
        let activation = Activation::named(&config.activation).unwrap_or(Activation::Relu);
        let x = config.dimensions();
        let encoder = [&[x], config.hidden.as_slice(), &[1]].concat();
        let decoder: Vec<usize> = encoder.iter().rev().copied().collect();
        let line = [&[1], config.recovery_hidden.as_slice(), &[1]].concat();
        let mut builder = params.builder(seed.derive("fit/init"));
        let encoder = Mlp::new(&mut builder.part("encoder"), &encoder, activation);
        let decoder = Mlp::new(&mut builder.part("decoder"), &decoder, activation);
        let mut recovery = builder.part("recovery");
        Networks {
            encoder,
            decoder,
            to_code: Mlp::new(&mut recovery.part("to_code"), &line, activation),
            to_prior: Mlp::new(&mut recovery.part("to_prior"), &line, activation),
            observation_model: config.visible,
            location: recovery.buffer("location", (1,), Init::Constant(0.0)),
            scale: recovery.buffer("scale", (1,), Init::Constant(1.0)),
        }
    }

    /// g: `[n, dimensions]` to `[n, 1]`.
    pub fn encode<B: Backend>(&self, pass: &Pass<B>, x: Matrix<B>) -> Matrix<B> {
        self.encoder.forward(pass, x)
    }

    /// f: `[n, 1]` to the parameters of p(x|z), `[n, dimensions]`.
    pub fn decode<B: Backend>(&self, pass: &Pass<B>, z: Matrix<B>) -> Emitted<B> {
        Emitted::new(self.observation_model, self.decoder.forward(pass, z))
    }

    /// a, to standardised codes.
    pub fn to_code<B: Backend>(&self, pass: &Pass<B>, w: Matrix<B>) -> Matrix<B> {
        self.to_code.forward(pass, w)
    }

    /// b, of standardised codes.
    pub fn to_prior<B: Backend>(&self, pass: &Pass<B>, z: Matrix<B>) -> Matrix<B> {
        self.to_prior.forward(pass, z)
    }
}
