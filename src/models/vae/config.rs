//! What makes one VAE differ from another: saved with its weights.

use serde::Deserialize;
use serde::Serialize;

use crate::data::Dataset;
use crate::models::ModelError;
use crate::models::observation::ObservationModel;
use crate::models::params;
use crate::registry::Param;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::registry::Values;

/// The architecture and the densities of a VAE.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
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

/// The parameters of `train/vae`.
pub fn params() -> Vec<Param> {
    let mut all = vec![latent()];
    all.extend(networks(&[400], "relu"));
    all.extend(density("bernoulli"));
    all.push(
        Param::float("beta", "weight of the KL term while training")
            .min(0.0)
            .default(1.0),
    );
    all.extend(params::training());
    all
}

/// The size of z.
pub fn latent() -> Param {
    Param::int("latent", "dimension of the latent variable").min(1)
}

/// The shape of both networks.
pub fn networks(hidden: &[i64], activation: &str) -> [Param; 2] {
    let widths: Vec<Value> = hidden.iter().map(|width| Value::Int(*width)).collect();
    [
        Param::list(
            "hidden",
            ParamType::Int {
                min: Some(1),
                max: None,
            },
            "widths of the encoder's hidden layers; the decoder has them in reverse",
        )
        .default(widths),
        Param::choice(
            "activation",
            &["elu", "leaky-relu", "relu", "softplus", "tanh"],
            "between the layers",
        )
        .default(activation),
    ]
}

/// p(x|z).
pub fn density(visible: &str) -> [Param; 2] {
    [
        Param::choice("visible", &ObservationModel::NAMES, "the density p(x|z)").default(visible),
        Param::float(
            "sigma",
            "standard deviation of a Gaussian p(x|z), in units of the data [default: the noise of \
             the data set]",
        )
        .min(1e-6)
        .optional(),
    ]
}

impl Config {
    /// Of the model called `name`, whose networks are those of a VAE.
    pub fn new(name: &str, data: &Dataset, values: &Values) -> Result<Self, ModelError> {
        Ok(Config {
            model: name.to_owned(),
            shape: data.shape(),
            latent: params::size(values, "latent"),
            hidden: params::sizes(values, "hidden"),
            activation: params::text(values, "activation").to_owned(),
            visible: visible(data, values)?,
            beta: values
                .get("beta")
                .and_then(Value::as_float)
                .map_or(1.0, |beta| beta as f32),
        })
    }

    /// Numbers per observation.
    pub fn dimensions(&self) -> usize {
        self.shape.iter().product()
    }
}

/// The density that `visible` and `sigma` name.
pub fn visible(data: &Dataset, values: &Values) -> Result<ObservationModel, ModelError> {
    let name = params::text(values, "visible");
    let sigma = match ObservationModel::named(name, 1.0) {
        Some(ObservationModel::Gaussian { .. }) => sigma(data, values)?,
        _ => 1.0,
    };
    Ok(ObservationModel::named(name, sigma)
        .unwrap_or_else(|| unreachable!("BUG: `{name}` is not among the choices")))
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
