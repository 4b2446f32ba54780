//! What makes one VAE differ from another: saved with its weights.

use serde::Deserialize;
use serde::Serialize;

use crate::data::Dataset;
use crate::models::ModelError;
use crate::models::params;
use crate::nn::device::DeviceChoice;
use crate::registry::Param;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::registry::Values;

/// The architecture and the densities of a VAE.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Always `vae`: opening weights looks the model up by this name.
    model: String,
    /// `[channels, height, width]` or `[dimensions]` of one observation.
    pub shape: Vec<usize>,
    pub latent: usize,
    /// Widths of the encoder's hidden layers.
    pub hidden: Vec<usize>,
    /// A name of [`crate::nn::layers::Activation`].
    pub activation: String,
    pub visible: Visible,
    /// Weight of the KL term while training; scores always use 1.
    pub beta: f32,
}

/// p(x|z), given what the decoder emits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Visible {
    /// Independent Bernoulli with the decoder's logits; grey values in [0, 1] are allowed.
    Bernoulli,
    /// N(decoder, σ² I) with a known σ.
    Gaussian { sigma: f32 },
}

/// The parameters of `train/vae`.
pub fn params() -> Vec<Param> {
    let mut all = vec![
        Param::int("latent", "dimension of the latent variable").min(1),
        Param::list(
            "hidden",
            ParamType::Int {
                min: Some(1),
                max: None,
            },
            "widths of the encoder's hidden layers; the decoder has them in reverse",
        )
        .default(vec![Value::Int(400)]),
        Param::choice(
            "activation",
            &["elu", "leaky-relu", "relu", "softplus", "tanh"],
            "between the layers",
        )
        .default("relu"),
        Param::choice("visible", &["bernoulli", "gaussian"], "the density p(x|z)")
            .default("bernoulli"),
        Param::float(
            "sigma",
            "standard deviation of a Gaussian p(x|z), in units of the data [default: the noise of \
             the data set]",
        )
        .min(1e-6)
        .optional(),
        Param::float("beta", "weight of the KL term while training")
            .min(0.0)
            .default(1.0),
    ];
    all.extend(params::training());
    all
}

/// The device that `device` names.
pub fn device(values: &Values) -> DeviceChoice {
    DeviceChoice::named(params::text(values, "device")).unwrap_or_default()
}

impl Config {
    pub fn new(data: &Dataset, values: &Values) -> Result<Self, ModelError> {
        let visible = match params::text(values, "visible") {
            "gaussian" => Visible::Gaussian {
                sigma: sigma(data, values)?,
            },
            _ => Visible::Bernoulli,
        };
        Ok(Config {
            model: "vae".to_owned(),
            shape: data.shape(),
            latent: params::size(values, "latent"),
            hidden: params::sizes(values, "hidden"),
            activation: params::text(values, "activation").to_owned(),
            visible,
            beta: params::number(values, "beta") as f32,
        })
    }

    /// Numbers per observation.
    pub fn dimensions(&self) -> usize {
        self.shape.iter().product()
    }
}

/// The given σ, or that of the data set's own noise.
fn sigma(data: &Dataset, values: &Values) -> Result<f32, ModelError> {
    let given = values.get("sigma").and_then(Value::as_float);
    let own = || data.noise_variance().map(f64::sqrt);
    given.or_else(own).map(|sigma| sigma as f32).ok_or_else(|| {
        ModelError::Data(
            "it names no noise variance; give `sigma` for a Gaussian p(x|z)".to_owned(),
        )
    })
}
