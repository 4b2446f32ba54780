//! Generative models by name: configuration, training, encoding, sampling.
//!
//! A model is a folder with its configuration, its networks and its [`Model`] entry, and one line
//! in [`ALL`]. `train/<name>` is then a stage kind, and every score that its fitted form can answer
//! works on it.

mod error;
mod fitted;
pub mod params;
mod training;
pub mod vae;

pub use error::ModelError;
pub use fitted::{Encoded, Fitted, Rows};
pub use training::{Curve, CurveRow, Learner, Schedule, Trained, Watch};

use crate::data::Dataset;
use crate::nn::device::DeviceChoice;
use crate::registry::Entry;
use crate::registry::Values;

/// A generative model that a manifest can train.
pub trait Model: Entry {
    /// Trains on the training split, watches the validation split.
    ///
    /// # Errors
    /// [`ModelError::Data`] where the data set does not fit the model, [`ModelError::Cancelled`]
    /// when stopped from outside.
    fn train(
        &self,
        data: &Dataset,
        params: &Values,
        watch: &dyn Watch,
    ) -> Result<Trained, ModelError>;

    /// Opens weights that [`Model::train`] left.
    fn open(&self, weights: &[u8], device: DeviceChoice) -> Result<Box<dyn Fitted>, ModelError>;
}

/// Every model a manifest can name, sorted.
pub static ALL: &[&dyn Model] = &[&vae::Vae];

/// Opens the weights of any model: the configuration in the file names it.
pub fn open(weights: &[u8], device: DeviceChoice) -> Result<Box<dyn Fitted>, ModelError> {
    let header = crate::nn::checkpoint::header(weights)?;
    let name = header.config["model"].as_str().unwrap_or_default();
    let model = ALL
        .iter()
        .find(|model| model.name() == name)
        .ok_or_else(|| ModelError::Weights(format!("they are of an unknown model `{name}`")))?;
    model.open(weights, device)
}
