//! Encoder and decoder, and the terms of the bound.

use super::config::Config;
use crate::models::observation::Emitted;
use crate::models::observation::ObservationModel;
use crate::models::params::TrainingParams;
use crate::nn::backend::Backend;
use crate::nn::layers::Activation;
use crate::nn::layers::Mlp;
use crate::nn::losses;
use crate::nn::params::Pass;
use crate::nn::tensor::Matrix;
use crate::nn::tensor::Vector;
use crate::random::Seed;
use crate::training::Component;

/// The two networks of a VAE, each a component.
pub(crate) struct Networks<B: Backend> {
    pub encoder: Component<B>,
    pub decoder: Component<B>,
    encodes: Mlp,
    decodes: Mlp,
    latent: usize,
    observation_model: ObservationModel,
}

/// The terms of the bound, one number per observation, in nats.
pub(crate) struct Bound<B: Backend> {
    /// −log p(x|z) at one sample z ~ q(z|x).
    pub nll: Vector<B>,
    /// KL(q(z|x) || N(0, I)) in closed form.
    pub kl: Vector<B>,
}

impl<B: Backend> Networks<B> {
    /// Declares all parameters; first values come from `seed`.
    pub(crate) fn new(config: &Config, device: &B, seed: Seed) -> Self {
        let activation = Activation::named(&config.activation).unwrap_or(Activation::Relu);
        let x = config.dimensions();
        let hidden = &config.hidden;
        let inwards: Vec<usize> = [&[x], hidden.as_slice(), &[2 * config.latent]].concat();
        let backwards: Vec<usize> = hidden.iter().rev().copied().collect();
        let outwards: Vec<usize> = [&[config.latent], backwards.as_slice(), &[x]].concat();
        let seed = seed.derive("fit/init");
        let network = |name, widths: &[usize]| {
            Component::declare(name, device, seed, |builder| {
                Mlp::new(builder, widths, activation)
            })
        };
        let (encoder, encodes) = network("encoder", &inwards);
        let (decoder, decodes) = network("decoder", &outwards);
        Networks {
            encoder,
            decoder,
            encodes,
            decodes,
            latent: config.latent,
            observation_model: config.visible,
        }
    }

    /// With the optimiser that the parameters describe.
    pub(crate) fn optimised(mut self, training: &TrainingParams) -> Self {
        for network in self.components() {
            network.optimise(training.adam(), training.rate());
        }
        self
    }

    pub(crate) fn components(&mut self) -> Vec<&mut Component<B>> {
        vec![&mut self.encoder, &mut self.decoder]
    }

    /// μ and ln σ² of q(z|x): `[n, dimensions]` to twice `[n, latent]`, in a pass of the encoder.
    pub(crate) fn encode(&self, encoder: &Pass<'_, B>, x: Matrix<B>) -> (Matrix<B>, Matrix<B>) {
        losses::split_columns(self.encodes.forward(encoder, x), self.latent)
    }

    /// The parameters of p(x|z), `[n, latent]` to `[n, dimensions]`, in a pass of the decoder.
    pub(crate) fn decode(&self, decoder: &Pass<'_, B>, z: Matrix<B>) -> Emitted<B> {
        Emitted::new(self.observation_model, self.decodes.forward(decoder, z))
    }

    /// The bound at the reparameterised sample of this noise (`[n, latent]`), in a pass of either.
    pub(crate) fn bound(
        &self,
        [encoder, decoder]: [&Pass<'_, B>; 2],
        x: Matrix<B>,
        noise: Matrix<B>,
    ) -> Bound<B> {
        let (mean, log_var) = self.encode(encoder, x.clone());
        let z = losses::gaussian_sample(mean.clone(), log_var.clone(), noise);
        Bound {
            nll: self.decode(decoder, z).nll(x),
            kl: losses::kl_standard(mean, log_var),
        }
    }
}
