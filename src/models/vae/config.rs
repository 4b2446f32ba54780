//! What makes one VAE differ from another: saved with its weights.

use serde::Deserialize;
use serde::Serialize;

use crate::data::Dataset;
use crate::models::ModelError;
use crate::models::observation::ObservationModel;
use crate::models::params::TrainingParams;
use crate::registry::ParamType;
use crate::registry::ParamValue;
use crate::registry::Value;
use crate::registry::choices;
use crate::registry::params;

/// The architecture and the densities of a VAE.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Config {
    /// The name of the model: opening weights looks it up by this.
    model: String,
    /// `[channels, height, width]` or `[dimensions]` of one observation.
    pub shape: Vec<usize>,
    pub latent: usize,
    /// Widths of the encoder's hidden layers.
    pub hidden: Vec<usize>,
    /// A name of [`crate::nn::layers::Activation`].
    pub activation: String,
    pub visible: ObservationModel,
    /// Weight of the KL term while training; scores always use 1.
    pub beta: f32,
}

params! {
    /// What `train/vae` may be given.
    pub(crate) struct VaeParams {
        /// dimension of the latent variable
        latent: usize, min(1);
        /// widths of the encoder's hidden layers; the decoder has them in reverse
        hidden: Vec<usize> = [400], each_min(1);
        /// between the layers
        activation: HiddenActivation = HiddenActivation::Relu;
        /// the density p(x|z)
        visible: ObservationModel = "bernoulli";
        /// standard deviation of a Gaussian p(x|z), in units of the data [default: the noise of
        /// the data set]
        sigma: Option<f64>, min(1e-6);
        /// weight of the KL term while training
        beta: f64 = 1.0, min(0.0);
        training: TrainingParams;
    }
}

params! {
    /// The networks and the density of models for the plane.
    pub(crate) struct PlaneParams {
        /// widths of the encoder's hidden layers; the decoder has them in reverse
        hidden: Vec<usize> = [50, 50, 50], each_min(1);
        /// between the layers
        activation: HiddenActivation = HiddenActivation::LeakyRelu;
        /// the density p(x|z)
        visible: ObservationModel = "gaussian";
        /// standard deviation of a Gaussian p(x|z), in units of the data [default: the noise of
        /// the data set]
        sigma: Option<f64>, min(1e-6);
    }
}

choices! {
    /// What can stand between the layers: names of [`crate::nn::layers::Activation`].
    pub enum HiddenActivation {
        Elu = "elu",
        LeakyRelu = "leaky-relu",
        Relu = "relu",
        Softplus = "softplus",
        Tanh = "tanh",
    }
}

/// A name of a density; σ comes later.
impl ParamValue for ObservationModel {
    fn ty() -> ParamType {
        ParamType::choice(&ObservationModel::NAMES)
    }

    fn of(value: &Value) -> Option<Self> {
        ObservationModel::named(value.as_str()?, 1.0)
    }
}

impl Config {
    /// Of `train/vae`.
    pub(crate) fn vae(name: &str, data: &Dataset, params: &VaeParams) -> Result<Self, ModelError> {
        Ok(Config {
            model: name.to_owned(),
            shape: data.shape(),
            latent: params.latent,
            hidden: params.hidden.clone(),
            activation: params.activation.name().to_owned(),
            visible: visible(data, params.visible, params.sigma)?,
            beta: params.beta as f32,
        })
    }

    /// Of another model, called `name`, whose networks are those of a VAE.
    pub(crate) fn plane(
        name: &str,
        data: &Dataset,
        latent: usize,
        params: &PlaneParams,
    ) -> Result<Self, ModelError> {
        Ok(Config {
            model: name.to_owned(),
            shape: data.shape(),
            latent,
            hidden: params.hidden.clone(),
            activation: params.activation.name().to_owned(),
            visible: visible(data, params.visible, params.sigma)?,
            beta: 1.0,
        })
    }

    /// Numbers per observation.
    pub(crate) fn dimensions(&self) -> usize {
        self.shape.iter().product()
    }
}

/// The density with the given σ, or that of the data set's own noise.
pub(crate) fn visible(
    data: &Dataset,
    visible: ObservationModel,
    sigma: Option<f64>,
) -> Result<ObservationModel, ModelError> {
    if visible == ObservationModel::Bernoulli {
        return Ok(visible);
    }
    let own = || data.noise_variance().map(f64::sqrt);
    let sigma = sigma.or_else(own).ok_or_else(|| {
        ModelError::Data(
            "it names no noise variance; give `sigma` for a Gaussian p(x|z)".to_owned(),
        )
    })?;
    Ok(ObservationModel::Gaussian {
        sigma: sigma as f32,
    })
}
