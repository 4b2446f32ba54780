//! Encoder and decoder as the methods see them, and the objective.

use super::Inference;
use crate::models::LearnsBy;
use crate::models::ModelError;
use crate::models::NetworkFacts;
use crate::models::Rows;
use crate::models::learned_by;
use crate::models::semi_amortized::Content;
use crate::models::semi_amortized::Settings;
use crate::nn::Builder;
use crate::nn::Matrix;
use crate::nn::Pass;
use crate::nn::Scalar;
use crate::nn::Statistics;
use crate::nn::Vector;
use crate::nn::backend::Backend;
use crate::nn::losses;
use crate::random::Seed;
use crate::random::Stream;
use crate::training::Component;

/// μ and ln σ² of q(z|x), `[n, latent]` each.
pub type Lambda<B> = [Matrix<B>; 2];

/// Observations to λ_0.
pub trait Encoder<B: Backend, X> {
    /// What the network reads first: an embedding of every token, sequence after sequence `[n·T, width]`,
    /// or the pixels `[n, width]`.
    fn inputs(&self, pass: &Pass<'_, B>, x: &X) -> Matrix<B>;

    /// λ_0 from those inputs.
    fn encode(
        &self,
        pass: &Pass<'_, B>,
        x: &X,
        inputs: Matrix<B>,
        statistics: &Statistics<B>,
    ) -> Lambda<B>;
}

/// p(x|z), an autoregressive density.
pub trait Decoder<B: Backend, X> {
    /// −log p(x_t | x_<t, z) of every predicted token or pixel, `[n, T]`; without z for a model that has
    /// none. `masks` draws dropout masks, none outside training.
    fn parts(
        &self,
        pass: &Pass<'_, B>,
        x: &X,
        z: Option<Matrix<B>>,
        masks: Option<&mut Stream>,
    ) -> Matrix<B>;

    /// −log p(x|z), `[n]`.
    fn nll(
        &self,
        pass: &Pass<'_, B>,
        x: &X,
        z: Option<Matrix<B>>,
        masks: Option<&mut Stream>,
    ) -> Vector<B> {
        self.parts(pass, x, z, masks).sum_rows()
    }

    /// Observations drawn from p(x|z), one for each row of `z`; of a model without z, as many as `count`.
    ///
    /// # Errors
    /// As for other answers.
    fn generate(
        &self,
        pass: &Pass<'_, B>,
        z: Option<&Rows>,
        count: usize,
        stream: &mut Stream,
    ) -> Result<Content, ModelError>;
}

/// An encoder with its parameters.
pub struct Encoding<B: Backend, X> {
    pub component: Component<B>,
    pub network: Box<dyn Encoder<B, X>>,
}

/// A decoder with its parameters.
pub struct Decoding<B: Backend, X> {
    pub component: Component<B>,
    pub network: Box<dyn Decoder<B, X>>,
}

/// The networks of a model.
pub struct Networks<B: Backend, X> {
    /// Dimension of z; 0 without one.
    pub latent: usize,
    /// None for SVI, and without z.
    pub encoder: Option<Encoding<B, X>>,
    pub decoder: Decoding<B, X>,
}

impl<B: Backend, X> Networks<B, X> {
    /// New ones, with an encoder where the method has one.
    ///
    /// # Errors
    /// Those of the decoder, and where the settings were damaged.
    pub fn declare<E, D>(
        device: &B,
        settings: &Settings,
        seed: Seed,
        encoder: impl FnOnce(&mut Builder<'_, B>) -> E,
        decoder: impl FnOnce(&mut Builder<'_, B>) -> Result<D, ModelError>,
    ) -> Result<Self, ModelError>
    where
        E: Encoder<B, X> + 'static,
        D: Decoder<B, X> + 'static,
    {
        let seed = seed.derive("fit/init");
        let encoder = settings.method()?.has_encoder().then(|| {
            let (component, network) = Component::declare("encoder", device, seed, encoder);
            let network = Box::new(network);
            Encoding { component, network }
        });
        let (component, network) = Component::declare("decoder", device, seed, decoder);
        let network = Box::new(network?);
        Ok(Networks {
            latent: settings.latent,
            encoder,
            decoder: Decoding { component, network },
        })
    }

    pub fn components(&mut self) -> Vec<&mut Component<B>> {
        let encoder = self.encoder.as_mut().map(|e| &mut e.component);
        encoder
            .into_iter()
            .chain([&mut self.decoder.component])
            .collect()
    }

    /// What they are and by what each of them learned.
    pub fn facts(&mut self, method: Inference) -> Vec<NetworkFacts> {
        let components = self.components();
        let decoder = match components.last() {
            // It is that which made the data.
            Some(decoder) if decoder.params().count() == 0 => LearnsBy {
                loss: "",
                updates: 0,
            },
            _ => LearnsBy::of(method.decoder_loss()),
        };
        let encoder = method.encoder_loss().map(LearnsBy::of);
        let learns = encoder.into_iter().chain([decoder]).collect();
        learned_by::facts(&components, learns)
    }

    pub fn device(&self) -> &B {
        self.decoder.component.device()
    }
}

impl<B: Backend, X> Encoding<B, X> {
    /// λ_0 in a pass of the encoder.
    pub fn encode(&self, pass: &Pass<'_, B>, x: &X, statistics: &Statistics<B>) -> Lambda<B> {
        let inputs = self.network.inputs(pass, x);
        self.network.encode(pass, x, inputs, statistics)
    }
}

/// All that is random in the steps of one batch, as functions of the step alone: so a step has the same
/// noise and the same dropout masks forward and backward.
pub(super) trait Randomness {
    /// ε_k: `count` numbers.
    fn noise(&self, k: usize, count: usize) -> Vec<f32>;

    /// What the dropout masks of step k are drawn from; none outside training.
    fn masks(&self, k: usize) -> Option<Stream>;
}

/// Step k draws from the streams numbered `first` + k.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draws {
    pub noise: Seed,
    /// None outside training: then there is no dropout.
    pub masks: Option<Seed>,
    pub first: u64,
}

impl Draws {
    /// Of an evaluation.
    pub(super) fn of(noise: Seed) -> Self {
        Draws {
            noise,
            masks: None,
            first: 0,
        }
    }
}

impl Randomness for Draws {
    fn noise(&self, k: usize, count: usize) -> Vec<f32> {
        self.noise.stream(self.first + k as u64).normal(count)
    }

    fn masks(&self, k: usize) -> Option<Stream> {
        Some(self.masks?.stream(self.first + k as u64))
    }
}

/// f(λ, θ, x; k) = −log p(x|z) + β KL(q_λ || p), z = μ + σ ε_k, a mean over the batch. All that is
/// random in it depends on k alone.
pub(super) struct Objective<'a, B: Backend, X> {
    pub decoder: &'a dyn Decoder<B, X>,
    pub x: &'a X,
    pub beta: f32,
    pub draws: &'a dyn Randomness,
}

/// The two terms, `[n]` each, in nats.
pub(super) struct Terms<B: Backend> {
    pub nll: Vector<B>,
    pub kl: Vector<B>,
}

impl<B: Backend, X> Objective<'_, B, X> {
    /// The terms at λ with the randomness of step k.
    pub(super) fn terms(&self, pass: &Pass<'_, B>, lambda: &[Matrix<B>], k: usize) -> Terms<B> {
        let [mean, log_var] = [0, 1].map(|i| lambda[i].clone());
        let (n, latent) = mean.shape();
        let noise = pass
            .device()
            .matrix(self.draws.noise(k, n * latent), n, latent);
        let z = losses::gaussian_sample(mean.clone(), log_var.clone(), noise);
        let mut masks = self.draws.masks(k);
        Terms {
            nll: self.decoder.nll(pass, self.x, Some(z), masks.as_mut()),
            kl: losses::kl_standard(mean, log_var),
        }
    }

    /// The value that the inner steps lower: (nll + β kl) averaged over the batch.
    pub(super) fn value(&self, pass: &Pass<'_, B>, lambda: &[Matrix<B>], k: usize) -> Scalar<B> {
        let terms = self.terms(pass, lambda, k);
        (terms.nll + terms.kl * self.beta).mean()
    }
}
