//! p(x|z): the one place that says what a decoder's output means.
//!
//! Three things that are matrices have three types, so that none can be taken for another:
//! [`Decoded`] and, on the tape, [`Emitted`] are what a decoder emits, the parameters of p(x|z), and
//! alone give a likelihood; [`Means`] are E[x|z] in the units of the data, for people to look at;
//! [`LogVariances`] belong to q(z|x).
//!
//! What a decoder emits for an observation of D numbers, in this order:
//!
//! | density | numbers | what |
//! | --- | --- | --- |
//! | Bernoulli | D | logits |
//! | Gaussian | D | locations |
//! | quantized normal | 2 D | locations, then ln σ of each |
//! | categorical | 256 D | the logits of level 0, then those of level 1, … |

mod decoded;
mod emitted;
mod head;
mod levels;
mod log_variances;
mod masses;

#[cfg(test)]
mod tests;

pub use decoded::Decoded;
pub use decoded::Means;
pub use decoded::normalise;
pub use emitted::Emitted;
pub use head::Head;
pub use head::SigmaScope;
pub use levels::LEVELS;
pub use levels::dequantised;
pub use log_variances::LogVariances;

use serde::Deserialize;
use serde::Serialize;

use super::ModelError;
use super::Rows;

/// Least ln σ of a quantized normal, that of half a level: below it σ stays and has no gradient.
pub const LEAST_LOG_SIGMA: f32 = -6.238_324_6;

/// Which density p(x|z) is, given what the decoder emits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObservationModel {
    /// Independent Bernoulli with the decoder's logits; grey values in [0, 1] are allowed.
    Bernoulli,
    /// One of 256 grey levels per number, by softmax (van den Oord et al. 2016).
    Categorical,
    /// N(decoder, σ² I) with a known σ.
    Gaussian { sigma: f32 },
    /// N(μ, σ²) per number, both learned, over grey levels: the probability of a level is the mass of the normal from
    /// half a level below the grey value to half one above, and what lies beyond the first and the last is lost.
    /// Trained by a bound of it, the density under uniform noise of one level (Theis et al. 2016), which
    /// [`dequantised`] adds; both are in nats of whole levels.
    QuantizedNormal,
}

impl ObservationModel {
    /// Every one, by the name that a manifest gives it.
    pub const NAMES: [&'static str; 4] =
        ["bernoulli", "categorical", "gaussian", "quantized-normal"];

    /// Those that emit a number per number of the observation.
    pub const PLAIN: [&'static str; 2] = ["bernoulli", "gaussian"];

    /// The one of this name; `sigma` matters to a Gaussian alone. None for another name.
    pub fn named(name: &str, sigma: f32) -> Option<Self> {
        match name {
            "bernoulli" => Some(ObservationModel::Bernoulli),
            "categorical" => Some(ObservationModel::Categorical),
            "gaussian" => Some(ObservationModel::Gaussian { sigma }),
            "quantized-normal" => Some(ObservationModel::QuantizedNormal),
            _ => None,
        }
    }

    /// Its name, one of [`ObservationModel::NAMES`].
    pub fn name(self) -> &'static str {
        match self {
            ObservationModel::Bernoulli => "bernoulli",
            ObservationModel::Categorical => "categorical",
            ObservationModel::Gaussian { .. } => "gaussian",
            ObservationModel::QuantizedNormal => "quantized-normal",
        }
    }

    /// Numbers that a decoder emits for each number of an observation.
    pub fn emitted_per_number(self) -> usize {
        match self {
            ObservationModel::Bernoulli | ObservationModel::Gaussian { .. } => 1,
            ObservationModel::QuantizedNormal => 2,
            ObservationModel::Categorical => LEVELS,
        }
    }

    /// Least and greatest number that it has a density for.
    pub fn support(self) -> (f64, f64) {
        match self {
            ObservationModel::Bernoulli
            | ObservationModel::Categorical
            | ObservationModel::QuantizedNormal => (0.0, 1.0),
            ObservationModel::Gaussian { .. } => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    /// Whether the density is one over these observations, which the caller calls `what`.
    ///
    /// # Errors
    /// [`ModelError::Data`] with the first number that it is not a density for, infinities and what
    /// is no number among them.
    pub fn check(self, x: &Rows, what: &str) -> Result<(), ModelError> {
        let (low, high) = self.support();
        let leveled = self.is_over_levels();
        let fits = |x: &f32| {
            x.is_finite()
                && (low..=high).contains(&f64::from(*x))
                && (!leveled || levels::level(*x).is_some())
        };
        let Some(at) = x.values.iter().position(|x| !fits(x)) else {
            return Ok(());
        };
        let range = match (leveled, low.is_finite()) {
            (true, _) => format!("the {LEVELS} grey levels 0, 1/255, … 1"),
            (false, true) => format!("numbers from {low} to {high}"),
            (false, false) => "finite numbers".to_owned(),
        };
        let remedy = match self {
            ObservationModel::Gaussian { .. } => "",
            _ => "; `visible: gaussian` takes any number",
        };
        Err(ModelError::Data(format!(
            "a {} p(x|z) is a density over {range}, and {what} has {} in observation {}{remedy}",
            self.title(),
            x.values[at],
            at / x.columns.max(1),
        )))
    }

    /// Whether its observations are grey levels.
    pub fn is_over_levels(self) -> bool {
        matches!(
            self,
            ObservationModel::Categorical | ObservationModel::QuantizedNormal
        )
    }

    fn title(self) -> &'static str {
        match self {
            ObservationModel::Bernoulli => "Bernoulli",
            ObservationModel::Categorical => "categorical",
            ObservationModel::Gaussian { .. } => "Gaussian",
            ObservationModel::QuantizedNormal => "quantized normal",
        }
    }
}
