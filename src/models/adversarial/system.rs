//! What differs between the systems, and which of them a configuration describes.

use serde::Deserialize;
use serde::Serialize;

use super::aae::Aae;
use super::adversarial_vb;
use super::adversarial_vb::AdversarialVb;
use super::dcgan::Dcgan;
use super::draws::Draws;
use super::draws::Round;
use super::layers::JointSizes;
use super::layers::Output;
use super::made::Coded;
use super::made::Made;
use super::veegan::Veegan;
use super::vgh;
use super::vgh::Vgh;
use super::wgan_gp::WganGp;
use crate::models::LearnsBy;
use crate::models::networks::Architecture;
use crate::models::observation::ObservationModel;
use crate::models::observation::SigmaScope;
use crate::nn::Backend;
use crate::nn::Matrix;
use crate::random::Seed;
use crate::training::Component;
use crate::training::TrainingError;

/// Networks that learn in turn, each by a loss of its own.
pub(super) trait System<B: Backend> {
    /// In the order of the summary.
    fn components(&mut self) -> Vec<&mut Component<B>>;

    /// What each component learns by, in the order of [`System::components`].
    fn learns_by(&self) -> Vec<LearnsBy>;

    /// Batches that an iteration draws.
    fn batches_per_iteration(&self) -> u64 {
        1
    }

    /// One update of every network, or as many as the system has of each.
    fn iterate(&mut self, round: &mut Round<'_, '_, B>) -> Result<(), TrainingError>;

    /// Scores of observations `[n, dimensions]` that it was not trained on, as means over them.
    fn validate(&self, x: Matrix<B>, draws: &mut Draws<B>) -> Vec<(&'static str, f64)>;

    /// What comes of z, `[n, latent]`, after training.
    fn make(&self, z: Matrix<B>) -> Made<B>;

    /// What comes of x, `[n, dimensions]`, after training; none without an encoder.
    fn encode(&self, _x: Matrix<B>) -> Option<Coded<B>> {
        None
    }
}

/// All that opens the weights of a system again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Config {
    /// The name of the model: opening weights looks it up by this.
    pub model: String,
    /// `[channels, height, width]` or `[dimensions]` of one observation.
    pub shape: Vec<usize>,
    pub latent: usize,
    pub network: Architecture,
    pub system: SystemConfig,
}

/// Which system, with what it has of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case")]
pub(super) enum SystemConfig {
    Dcgan {
        output: Output,
    },
    WganGp {
        output: Output,
        critic_updates: u64,
        penalty: f32,
    },
    Aae {
        visible: ObservationModel,
        sigma_of: SigmaScope,
        code_hidden: Vec<usize>,
    },
    Veegan {
        output: Output,
        joint: JointSizes,
    },
    Vgh {
        output: Output,
        terms: vgh::Terms,
        code_hidden: Vec<usize>,
    },
    AdversarialVb {
        visible: ObservationModel,
        sigma_of: SigmaScope,
        terms: adversarial_vb::Terms,
    },
}

impl Config {
    /// Numbers per observation.
    pub(super) fn dimensions(&self) -> usize {
        self.shape.iter().product()
    }

    /// p(x|z), where there is one.
    pub(super) fn visible(&self) -> Option<ObservationModel> {
        match &self.system {
            SystemConfig::Aae { visible, .. } | SystemConfig::AdversarialVb { visible, .. } => {
                Some(*visible)
            }
            _ => None,
        }
    }

    /// The system with first values from `seed`.
    pub(super) fn system<B: Backend>(&self, device: &B, seed: Seed) -> Box<dyn System<B>> {
        match &self.system {
            SystemConfig::Dcgan { output } => Box::new(Dcgan::new(self, *output, device, seed)),
            SystemConfig::WganGp {
                output,
                critic_updates,
                penalty,
            } => {
                let terms = (*critic_updates, *penalty);
                Box::new(WganGp::new(self, *output, terms, device, seed))
            }
            SystemConfig::Aae {
                visible,
                sigma_of,
                code_hidden,
            } => {
                let density = (*visible, *sigma_of);
                Box::new(Aae::new(self, density, code_hidden, device, seed))
            }
            SystemConfig::Veegan { output, joint } => {
                Box::new(Veegan::new(self, *output, joint, device, seed))
            }
            SystemConfig::Vgh {
                output,
                terms,
                code_hidden,
            } => Box::new(Vgh::new(self, *output, terms, code_hidden, device, seed)),
            SystemConfig::AdversarialVb {
                visible,
                sigma_of,
                terms,
            } => {
                let density = (*visible, *sigma_of);
                Box::new(AdversarialVb::new(self, density, terms, device, seed))
            }
        }
    }
}
