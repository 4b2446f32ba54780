//! Generative models by name: configuration, training, encoding, sampling.
//!
//! A model is a folder with its configuration, its networks and its [`Model`] entry, and one line
//! in [`ALL`]. `train/<name>` is then a stage kind, and every score that its fitted form can answer
//! works on it.

mod adversarial;
pub mod agreement;
mod checked;
mod error;
mod estimate;
mod fitted;
pub mod iwae;
mod learned_by;
mod lstm_vae;
pub mod mapa;
mod measures;
pub mod networks;
pub mod observation;
pub mod params;
mod pixelcnn_vae;
pub mod posterior;
pub mod posteriors;
pub mod quadrature;
mod rows;
#[cfg(test)]
mod same_bytes;
pub mod semi_amortized;
pub mod surrogate;
pub mod vae;

#[doc(hidden)]
pub use adversarial::stepped as adversarial_training;
pub use checked::{fits, fits_scale, scaled_as};
pub use error::ModelError;
pub use estimate::Estimate;
pub use fitted::Fitted;
pub use learned_by::{LearnsBy, NetworkFacts};
pub use posterior::Posterior;
pub use posteriors::{DiagonalGaussians, Draws, Posteriors};
pub use rows::Rows;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use observation::ObservationModel;

use crate::data::Array;
use crate::data::Dataset;
use crate::nn::checkpoint;
use crate::nn::device::DeviceChoice;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Facts;
use crate::registry::InvalidParam;
use crate::registry::Measure;
use crate::registry::Misfit;
use crate::registry::Slot;
use crate::registry::Values;
use crate::training::Monitor;
use crate::training::Trained;

/// A generative model that a manifest can train.
pub trait Model: Entry {
    /// Trains on the training split, watches the validation split; `extra` has what was put into
    /// [`Model::slots`].
    ///
    /// # Errors
    /// [`ModelError::Data`] where the data set does not fit the model, [`ModelError::Cancelled`]
    /// when stopped from outside.
    fn train(
        &self,
        data: &Dataset,
        extra: &ExtraInputs,
        params: &Values,
        monitor: &dyn Monitor,
    ) -> Result<Trained, ModelError>;

    /// The scores of its curve and the numbers that it ends with.
    fn measures(&self) -> &'static [Measure];

    /// Least and greatest number that its p(x|z) is a density over: as the parameter `visible` says.
    fn support(&self, params: &Values) -> Option<(f64, f64)> {
        let name = params.get("visible")?.as_str()?;
        Some(ObservationModel::named(name, 1.0)?.support())
    }

    /// All that its fitted form can do, with the usual parameters.
    fn capabilities(&self) -> &'static [Capability];

    /// All that its fitted form can do with these parameters.
    fn capabilities_with(&self, _params: &Values) -> &'static [Capability] {
        self.capabilities()
    }

    /// What a training can read beside the data set: optional slots of one array or one model each.
    fn slots(&self) -> &'static [Slot] {
        &[]
    }

    /// What is wrong with parameters together that are right each for itself.
    ///
    /// # Errors
    /// The parameter, what is wrong with it, and what to do.
    fn check(&self, _params: &Values) -> Result<(), InvalidParam> {
        Ok(())
    }

    /// Whether it can work with what its slots will hold, as far as that is known.
    ///
    /// # Errors
    /// The slot, what is wrong with it, and what to do.
    fn foresee(&self, _params: &Values, _reads: &dyn Fn(&str) -> Facts) -> Result<(), Misfit> {
        Ok(())
    }

    /// The networks behind weights that [`Model::train`] left, each with the loss that it learned by.
    ///
    /// # Errors
    /// Where the weights are not those of this model.
    fn networks(&self, weights: &[u8]) -> Result<Vec<NetworkFacts>, ModelError>;

    /// Opens weights that [`Model::train`] left.
    fn open(&self, weights: &[u8], device: DeviceChoice) -> Result<Box<dyn Fitted>, ModelError>;
}

/// What another stage made.
#[derive(Clone, Debug)]
pub enum ExtraInput {
    Array(Array),
    /// The weights of a fitted model.
    Model(Vec<u8>),
}

/// What other stages made, by the slot it was put into.
pub type ExtraInputs = BTreeMap<&'static str, ExtraInput>;

/// Every model a manifest can name, sorted.
pub static ALL: &[&dyn Model] = &[
    &adversarial::AAE,
    &adversarial::ADVERSARIAL_VB,
    &adversarial::DCGAN,
    &iwae::Iwae,
    &lstm_vae::LstmVae,
    &mapa::MAPA,
    &mapa::MAPA_GT,
    &mapa::MAPA_NAIVE,
    &pixelcnn_vae::PixelCnnVae,
    &vae::Vae,
    &adversarial::VEEGAN,
    &adversarial::VGH,
    &adversarial::WGAN_GP,
];

/// Opens the weights of any model: the configuration in the file names it. What does not fit the
/// model is refused, and it gives no number that is not finite.
///
/// # Errors
/// [`ModelError::Diverged`] where a weight is not finite.
pub fn open(weights: &[u8], device: DeviceChoice) -> Result<Box<dyn Fitted>, ModelError> {
    let opened = model_of(weights)?.open(weights, device)?;
    Ok(Box::new(checked::Checked::new(weights, opened)?))
}

/// The model that left these weights: the configuration in the file names it.
///
/// # Errors
/// Where they are of no model of this version.
pub fn model_of(weights: &[u8]) -> Result<&'static dyn Model, ModelError> {
    let header = checkpoint::header(weights)?;
    let name = header.config["model"].as_str().unwrap_or_default();
    let found = ALL.iter().find(|model| model.name() == name).copied();
    found.ok_or_else(|| ModelError::Weights(format!("they are of an unknown model `{name}`")))
}

/// The configuration that was stored with weights.
fn config<C: DeserializeOwned>(weights: &[u8]) -> Result<C, ModelError> {
    let header = checkpoint::header(weights)?;
    serde_json::from_value(header.config).map_err(ModelError::state)
}
