//! The four networks: autoencoder, and the two that give its codes a standard normal prior.

use super::config::Config;
use super::config::MapaParams;
use crate::models::observation::Emitted;
use crate::models::observation::ObservationModel;
use crate::nn::Error;
use crate::nn::backend::Backend;
use crate::nn::init::Init;
use crate::nn::layers::Activation;
use crate::nn::layers::Mlp;
use crate::nn::params::Param;
use crate::nn::params::Pass;
use crate::nn::tensor::Matrix;
use crate::random::Seed;
use crate::training::Component;

/// g: x → z, f: z → x, a: w → z and b: z → w, where w has the prior N(0, 1). The latent variable
/// has one dimension throughout.
pub(super) struct Networks<B: Backend> {
    pub encoder: Component<B>,
    pub decoder: Component<B>,
    /// a and b with what they are standardised by.
    pub recovery: Component<B>,
    encodes: Mlp,
    decodes: Mlp,
    to_code: Mlp,
    to_prior: Mlp,
    observation_model: ObservationModel,
    location: Param<(usize,)>,
    scale: Param<(usize,)>,
}

impl<B: Backend> Networks<B> {
    /// Declares all parameters; first values come from `seed`.
    pub(super) fn new(config: &Config, device: &B, seed: Seed) -> Self {
        let activation = Activation::named(&config.activation).unwrap_or(Activation::Relu);
        let x = config.dimensions();
        let inwards = [&[x], config.hidden.as_slice(), &[1]].concat();
        let outwards: Vec<usize> = inwards.iter().rev().copied().collect();
        let line = [&[1], config.recovery_hidden.as_slice(), &[1]].concat();
        let seed = seed.derive("fit/init");
        let network = |name, widths: &[usize]| {
            Component::declare(name, device, seed, |builder| {
                Mlp::new(builder, widths, activation)
            })
        };
        let (encoder, encodes) = network("encoder", &inwards);
        let (decoder, decodes) = network("decoder", &outwards);
        let (recovery, (to_code, to_prior, location, scale)) =
            Component::declare("recovery", device, seed, |builder| {
                (
                    Mlp::new(&mut builder.part("to_code"), &line, activation),
                    Mlp::new(&mut builder.part("to_prior"), &line, activation),
                    builder.buffer("location", (1,), Init::Constant(0.0)),
                    builder.buffer("scale", (1,), Init::Constant(1.0)),
                )
            });
        Networks {
            encoder,
            decoder,
            recovery,
            encodes,
            decodes,
            to_code,
            to_prior,
            observation_model: config.visible,
            location,
            scale,
        }
    }

    /// With the optimisers that the parameters describe, for so many observations.
    pub(super) fn optimised(mut self, params: &MapaParams, observations: usize) -> Self {
        let training = &params.training;
        let (adam, rate) = (training.adam(), training.rate(observations));
        self.encoder.optimise(adam, rate.clone());
        self.decoder.optimise(adam, rate);
        let rate = params.recovery.rate(training.schedule, observations);
        self.recovery.optimise(adam, rate);
        self
    }

    pub(super) fn components(&mut self) -> Vec<&mut Component<B>> {
        vec![&mut self.encoder, &mut self.decoder, &mut self.recovery]
    }

    /// Mean and standard deviation of the codes: a and b work on standardised ones.
    pub(super) fn standardisation(&self) -> [f32; 2] {
        let number = |index: usize| self.recovery.params().values(index)[0];
        [number(self.location.index()), number(self.scale.index())]
    }

    /// Keeps mean and standard deviation of the codes.
    ///
    /// # Errors
    /// None: there is one number of each.
    pub(super) fn standardise(&mut self, location: f32, scale: f32) -> Result<(), Error> {
        let kept = self.recovery.params_mut();
        kept.set(self.location.index(), vec![location])?;
        kept.set(self.scale.index(), vec![scale])
    }

    /// g: `[n, dimensions]` to `[n, 1]`.
    pub(super) fn encode(&self, encoder: &Pass<'_, B>, x: Matrix<B>) -> Matrix<B> {
        self.encodes.forward(encoder, x)
    }

    /// f: `[n, 1]` to the parameters of p(x|z), `[n, dimensions]`.
    pub(super) fn decode(&self, decoder: &Pass<'_, B>, z: Matrix<B>) -> Emitted<B> {
        Emitted::new(self.observation_model, self.decodes.forward(decoder, z))
    }

    /// a, to standardised codes.
    pub(super) fn to_code(&self, recovery: &Pass<'_, B>, w: Matrix<B>) -> Matrix<B> {
        self.to_code.forward(recovery, w)
    }

    /// b, of standardised codes.
    pub(super) fn to_prior(&self, recovery: &Pass<'_, B>, z: Matrix<B>) -> Matrix<B> {
        self.to_prior.forward(recovery, z)
    }
}
