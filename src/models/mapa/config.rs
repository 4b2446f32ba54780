//! What makes one model of the MAPA family differ from another.

use serde::Deserialize;
use serde::Serialize;

use super::posterior::Kernel;
use crate::data::Dataset;
use crate::models::ModelError;
use crate::models::networks::HiddenActivation;
use crate::models::networks::LEAKY_SLOPE;
use crate::models::observation::ObservationModel;
use crate::models::params::MOST_EPOCHS;
use crate::models::params::RateSchedule;
use crate::models::params::TrainingParams;
use crate::models::vae::config::visible;
use crate::registry::Value;
use crate::registry::choices;
use crate::registry::params;
use crate::training::LearningRate;

/// The architecture: saved with the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Config {
    /// The name of the model: opening weights looks it up by this.
    model: String,
    pub shape: Vec<usize>,
    /// Widths of the encoder's hidden layers; the decoder has them in reverse.
    pub hidden: Vec<usize>,
    /// A name of [`crate::nn::layers::Activation`].
    pub activation: String,
    pub visible: ObservationModel,
    /// Widths of the hidden layers of the two networks that recover the prior.
    pub recovery_hidden: Vec<usize>,
}

/// How the sum over the N latent codes is cut: Yacoby et al. 2024, equation 10.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Truncation {
    /// k: terms that enter for certain.
    pub nearest: usize,
    /// M: terms that are drawn.
    pub draws: usize,
}

params! {
    /// What all three models may be given.
    pub(super) struct MapaParams {
        /// latent codes per observation in the bound, S = k + M
        samples: usize = 20, min(1);
        /// how many of them are the likeliest ones, k: `half`, `tenth` or a number; the rest is
        /// drawn
        nearest: Value = "half";
        networks: PlaneParams;
        recovery: RecoveryParams;
        training: TrainingParams;
    }
}

params! {
    /// The networks and the density, of observations as few-dimensional as those of the paper.
    pub(super) struct PlaneParams {
        /// widths of the encoder's hidden layers; the decoder has them in reverse
        hidden: Vec<usize> = [50, 50, 50], each_min(1);
        /// between the layers
        activation: HiddenActivation = HiddenActivation::LeakyRelu;
        /// of `leaky-relu` below zero
        slope: f64 = LEAKY_SLOPE, min(0.0), max(1.0), only_with("activation", &["leaky-relu"]);
        /// the density p(x|z)
        visible: ObservationModel = "gaussian", choices(&ObservationModel::PLAIN);
        /// standard deviation of a Gaussian p(x|z), in units of the data [default: the noise of
        /// the data set]
        sigma: Option<f64>, min(1e-6), only_with("visible", &["gaussian"]);
    }
}

params! {
    /// The recovery of the prior.
    pub(super) struct RecoveryParams {
        /// hidden widths of the networks that recover the prior
        recovery_hidden: Vec<usize> = [50, 50], each_min(1);
        /// passes over the codes to recover the prior
        recovery_epochs: u64 = 200, min(1), max(MOST_EPOCHS);
        /// codes per iteration of that
        recovery_batch: usize = 100, min(1);
        /// learning rate of that, with the `schedule` of the training
        recovery_lr: f64 = 1e-3, min(0.0);
    }
}

impl RecoveryParams {
    /// The learning rate over so many codes.
    pub(super) fn rate(&self, schedule: RateSchedule, codes: usize) -> LearningRate {
        let per_epoch = codes.div_ceil(self.recovery_batch) as u64;
        let updates = self.recovery_epochs.saturating_mul(per_epoch);
        schedule.from(self.recovery_lr, updates)
    }
}

choices! {
    /// What compares observations.
    pub enum Compared {
        Gaussian = "gaussian",
        Bernoulli = "bernoulli",
    }
}

params! {
    /// The parameters of the kernel of equation 8.
    pub struct KernelParams {
        /// what compares observations; `bernoulli` is for binary data
        kernel: Compared = Compared::Gaussian, only_with("source", &["kernel"]);
        /// h² of the Gaussian kernel in units of the noise variance; 2 counts the noise of both
        /// observations
        bandwidth: f64 = 2.0, min(1e-6), only_with("kernel", &["gaussian"]);
        /// probability of agreement in the Bernoulli kernel
        gamma: f64 = 0.99, min(0.5), max(0.999_999), only_with("kernel", &["bernoulli"]);
    }
}

impl KernelParams {
    /// The kernel that they describe.
    pub fn kernel(&self) -> Kernel {
        match self.kernel {
            Compared::Gaussian => Kernel::Gaussian {
                bandwidth: self.bandwidth,
            },
            Compared::Bernoulli => Kernel::Bernoulli { gamma: self.gamma },
        }
    }
}

impl Config {
    pub(super) fn new(name: &str, data: &Dataset, params: &MapaParams) -> Result<Self, ModelError> {
        let networks = &params.networks;
        Ok(Config {
            model: name.to_owned(),
            shape: data.shape(),
            hidden: networks.hidden.clone(),
            activation: networks.activation.with_slope(networks.slope),
            visible: visible(data, networks.visible, networks.sigma)?,
            recovery_hidden: params.recovery.recovery_hidden.clone(),
        })
    }

    /// Numbers per observation.
    pub(super) fn dimensions(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Truncation {
    /// From `samples` and `nearest`.
    ///
    /// # Errors
    /// Where `nearest` is neither `half`, `tenth` nor a number up to `samples`.
    pub(super) fn new(samples: usize, nearest: &Value) -> Result<Self, ModelError> {
        let nearest = match nearest {
            Value::Str(name) if name == "half" => (samples / 2).max(1),
            Value::Str(name) if name == "tenth" => (samples / 10).max(1),
            Value::Str(number) => number.parse().map_err(|_| wrong(number, samples))?,
            Value::Int(number) => usize::try_from(*number).map_err(|_| wrong(number, samples))?,
            other => return Err(wrong(other, samples)),
        };
        if nearest > samples {
            return Err(wrong(nearest, samples));
        }
        Ok(Truncation {
            nearest,
            draws: samples - nearest,
        })
    }
}

fn wrong(nearest: impl std::fmt::Display, samples: usize) -> ModelError {
    ModelError::Unsupported(format!(
        "`nearest: {nearest}` is neither `half`, `tenth` nor a number from 0 to {samples}, the \
         `samples`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(samples: usize, nearest: impl Into<Value>) -> Result<Truncation, ModelError> {
        Truncation::new(samples, &nearest.into())
    }

    #[test]
    fn the_likeliest_are_a_share_or_a_number_of_the_samples() {
        let found = |samples, nearest: &str| {
            let cut = cut(samples, nearest).expect("it is known");
            (cut.nearest, cut.draws)
        };
        assert_eq!(found(5, "half"), (2, 3));
        assert_eq!(found(5, "tenth"), (1, 4));
        assert_eq!(found(1, "half"), (1, 0));
        assert_eq!(found(50, "tenth"), (5, 45));
        assert_eq!(cut(5, 5).expect("all of them").draws, 0);
        assert!(cut(5, 6).is_err() && cut(5, "third").is_err());
    }
}
