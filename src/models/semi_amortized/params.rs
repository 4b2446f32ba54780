//! Parameters of inference and of plain SGD, and what of them is saved with the weights.

use serde::Deserialize;
use serde::Serialize;

use super::Inference;
use super::Refinement;
use super::Start;
use super::inference::ClippedSteps;
use super::inference::Curvature;
use super::training::Recipe;
use crate::models::ModelError;
use crate::models::params::MOST_EPOCHS;
use crate::nn::Algorithm;
use crate::nn::device::DeviceChoice;
use crate::random::Seed;
use crate::registry::params;
use crate::training::LearningRate;
use crate::training::Plateau;

params! {
    /// Which method, and its inner steps.
    pub struct InferenceParams {
        /// where λ comes from, and what encoder and decoder learn from
        inference: Inference = Inference::SaVae;
        /// dimension of the latent variable z
        latent: usize = 32, min(1);
        /// inner steps K while training; `vae` and `none` take none
        steps: usize = 20, min(0), only_with("inference", &["svi", "vae+svi", "vae+svi+kl", "sa-vae"]);
        /// inner steps K to validate and test with [default: as many as while training]
        test_steps: Option<usize>, min(0), only_with("inference", &["svi", "vae+svi", "vae+svi+kl", "sa-vae"]);
        /// step size α of the inner steps, for a loss that is a mean over the batch
        inner_rate: f64 = 1.0, min(0.0), only_with("inference", &["svi", "vae+svi", "vae+svi+kl", "sa-vae"]);
        /// of the inner steps
        inner_momentum: f64 = 0.5, min(0.0), max(1.0), only_with("inference", &["svi", "vae+svi", "vae+svi+kl", "sa-vae"]);
        /// largest norm of the inner gradients of μ, and of ln σ², over a batch; 0 for none
        inner_clip: f64 = 5.0, min(0.0), only_with("inference", &["svi", "vae+svi", "vae+svi+kl", "sa-vae"]);
        /// standard deviation of the start of `svi` at test; while training it starts at 0
        test_start: f64 = 0.1, min(0.0), only_with("inference", &["svi"]);
        /// how `sa-vae` takes products of second derivatives with a vector
        curvature: Curvature = Curvature::Central, only_with("inference", &["sa-vae"]);
        /// largest norm of what an inner step of `sa-vae` passes back, to λ and to the decoder; 0 for none
        back_clip: f64 = 5.0, min(0.0), only_with("inference", &["sa-vae"]);
        /// what `sa-vae` takes for the derivative of a step that `inner_clip` clipped
        clipped_steps: ClippedSteps = ClippedSteps::Exact, only_with("inference", &["sa-vae"]);
        /// weight β of the KL term at first
        beta: f64 = 0.1, min(0.0), max(1.0);
        /// epochs in which β grows by 1; 0 for β = 1 from the first iteration on
        warmup: f64 = 10.0, min(0.0);
    }
}

params! {
    /// Budget, plain SGD with its schedule, seed and device.
    pub struct SgdParams {
        /// passes over the training split at most
        epochs: u64 = 30, min(1), max(MOST_EPOCHS);
        /// observations per iteration, all of one length
        batch: usize = 32, min(1);
        /// learning rate
        lr: f64 = 1.0, min(0.0);
        /// largest norm of all gradients together; 0 for none
        clip: f64 = 5.0, min(0.0);
        /// epoch from which on a validation bound that did not improve starts the decay of the rate
        decay_from: u64 = 15, min(1);
        /// what every epoch multiplies the rate by once the decay has started
        decay: f64 = 0.5, min(0.0), max(1.0);
        /// the training ends where the rate has decayed to less than this
        least_lr: f64 = 0.03, min(0.0);
        /// which initialisation, order, noise and masks
        seed: Seed;
        /// where to train
        device: DeviceChoice = "auto";
    }
}

/// What of this a fitted model has to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// A name of [`Inference`].
    inference: String,
    /// 0 without z.
    pub latent: usize,
    /// At test.
    pub refinement: Refinement,
    /// Observations per batch.
    pub batch: usize,
}

impl Settings {
    pub fn new(params: &InferenceParams, batch: usize) -> Self {
        let method = params.inference;
        let start = match method {
            Inference::Svi if params.test_start > 0.0 => Start::Random(params.test_start as f32),
            Inference::Svi | Inference::None => Start::Zeros,
            _ => Start::Encoder,
        };
        let steps = params.test_steps.unwrap_or(params.steps);
        Settings {
            inference: method.name().to_owned(),
            latent: if method.has_latent() {
                params.latent
            } else {
                0
            },
            refinement: Refinement {
                start,
                steps: if method.refines() { steps } else { 0 },
                rate: params.inner_rate as f32,
                momentum: params.inner_momentum as f32,
                clip: params.inner_clip,
            },
            batch,
        }
    }

    /// # Errors
    /// Where weights were damaged.
    pub fn method(&self) -> Result<Inference, ModelError> {
        Inference::named(&self.inference).ok_or_else(|| {
            ModelError::Weights(format!("`{}` is no method of inference", self.inference))
        })
    }
}

impl SgdParams {
    pub fn recipe(&self) -> Recipe {
        let plateau = Plateau {
            of: "valid_bound",
            higher_is_better: false,
            gain: 0.0,
            patience: 0,
            factor: self.decay,
            least: 0.0,
            from_row: self.decay_from - 1,
            lasting: true,
        };
        Recipe {
            algorithm: Algorithm::Sgd {
                momentum: 0.0,
                nesterov: false,
            },
            rate: LearningRate::constant(self.lr).with_plateau(plateau),
            least_rate: self.least_lr,
            clip: self.clip,
            epochs: self.epochs,
            batch: self.batch,
            seed: self.seed,
        }
    }
}
