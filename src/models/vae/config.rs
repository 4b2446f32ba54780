//! What makes one VAE differ from another: saved with its weights.

use serde::Deserialize;
use serde::Serialize;

use crate::data::Dataset;
use crate::models::ModelError;
use crate::models::networks::Architecture;
use crate::models::networks::NetworkParams;
use crate::models::observation::ObservationModel;
use crate::models::observation::SigmaScope;
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
    pub network: Architecture,
    pub visible: ObservationModel,
    /// What shares a σ of a quantized normal p(x|z).
    pub sigma_of: SigmaScope,
    /// Where q(z|x) is a flow.
    pub flow: Option<FlowSizes>,
    /// Weight of the KL term while training; scores always use 1.
    pub beta: f32,
}

choices! {
    /// The form of q(z|x).
    pub enum PosteriorKind {
        /// Of independent dimensions.
        Gaussian = "gaussian",
        /// A Gaussian through affine couplings.
        Rnvp = "rnvp",
    }
}

/// Sizes of a RealNVP posterior.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FlowSizes {
    pub couplings: usize,
    /// Widths of the hidden layers of the networks in each.
    pub hidden: Vec<usize>,
    /// Numbers of h(x).
    pub features: usize,
}

params! {
    /// What `train/vae` may be given.
    pub(crate) struct VaeParams {
        /// dimension of the latent variable
        latent: usize, min(1);
        networks: NetworkParams;
        /// the density p(x|z)
        visible: ObservationModel = "bernoulli";
        /// standard deviation of a Gaussian p(x|z), in units of the data [default: the noise of
        /// the data set]
        sigma: Option<f64>, min(1e-6), only_with("visible", &["gaussian"]);
        /// what has a σ of its own in a quantized normal p(x|z)
        sigma_of: SigmaScope = SigmaScope::Pixel, only_with("visible", &["quantized-normal"]);
        /// the form of q(z|x)
        posterior: PosteriorKind = PosteriorKind::Gaussian;
        flow: FlowParams;
        /// weight of the KL term while training
        beta: f64 = 1.0, min(0.0);
        training: TrainingParams;
    }
}

params! {
    /// The couplings of `posterior: rnvp`.
    pub(crate) struct FlowParams {
        /// affine couplings of `posterior: rnvp`
        couplings: usize = 4, min(1), only_with("posterior", &["rnvp"]);
        /// widths of the hidden layers of the two networks in each
        coupling_hidden: Vec<usize> = [256, 256], each_min(1), only_with("posterior", &["rnvp"]);
        /// numbers of h(x), which the encoder gives to the couplings
        coupling_features: usize = 64, min(1), only_with("posterior", &["rnvp"]);
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

impl VaeParams {
    /// The sizes of the flow, if q(z|x) is one.
    fn flow(&self) -> Option<FlowSizes> {
        (self.posterior == PosteriorKind::Rnvp).then(|| FlowSizes {
            couplings: self.flow.couplings,
            hidden: self.flow.coupling_hidden.clone(),
            features: self.flow.coupling_features,
        })
    }
}

impl Config {
    /// Of `train/vae`.
    pub(crate) fn vae(name: &str, data: &Dataset, params: &VaeParams) -> Result<Self, ModelError> {
        Ok(Config {
            model: name.to_owned(),
            shape: data.shape(),
            latent: params.latent,
            network: Architecture::of(&params.networks),
            visible: visible(data, params.visible, params.sigma)?,
            sigma_of: params.sigma_of,
            flow: params.flow(),
            beta: params.beta as f32,
        })
    }

    /// Of another model, called `name`, whose networks are those of a VAE.
    pub(crate) fn like_a_vae(
        name: &str,
        data: &Dataset,
        latent: usize,
        network: Architecture,
        visible: ObservationModel,
    ) -> Self {
        Config {
            model: name.to_owned(),
            shape: data.shape(),
            latent,
            network,
            visible,
            sigma_of: SigmaScope::Global,
            flow: None,
            beta: 1.0,
        }
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
    if !matches!(visible, ObservationModel::Gaussian { .. }) {
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
