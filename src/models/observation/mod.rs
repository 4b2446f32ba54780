//! p(x|z): the one place that says what a decoder's output means.
//!
//! Three things that are matrices of the same shape have three types, so that none can be taken for
//! another: [`Decoded`] and, on the tape, [`Emitted`] are what a decoder emits, the parameters of
//! p(x|z) (logits of a Bernoulli, locations of a Gaussian), and alone give a likelihood; [`Means`]
//! are E[x|z] in the units of the data, for people to look at; [`LogVariances`] belong to q(z|x).

mod decoded;
mod emitted;
mod log_variances;

#[cfg(test)]
mod tests;

pub use decoded::Decoded;
pub use decoded::Means;
pub use decoded::normalise;
pub use emitted::Emitted;
pub use log_variances::LogVariances;

use serde::Deserialize;
use serde::Serialize;

use super::ModelError;
use super::Rows;

/// Which density p(x|z) is, given what the decoder emits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObservationModel {
    /// Independent Bernoulli with the decoder's logits; grey values in [0, 1] are allowed.
    Bernoulli,
    /// N(decoder, σ² I) with a known σ.
    Gaussian { sigma: f32 },
}

impl ObservationModel {
    /// Every one, by the name that a manifest gives it.
    pub const NAMES: [&'static str; 2] = ["bernoulli", "gaussian"];

    /// The one of this name; `sigma` matters to a Gaussian alone. None for another name.
    pub fn named(name: &str, sigma: f32) -> Option<Self> {
        match name {
            "bernoulli" => Some(ObservationModel::Bernoulli),
            "gaussian" => Some(ObservationModel::Gaussian { sigma }),
            _ => None,
        }
    }

    /// Its name, one of [`ObservationModel::NAMES`].
    pub fn name(self) -> &'static str {
        match self {
            ObservationModel::Bernoulli => "bernoulli",
            ObservationModel::Gaussian { .. } => "gaussian",
        }
    }

    /// Least and greatest number that it has a density for.
    pub fn support(self) -> (f64, f64) {
        match self {
            ObservationModel::Bernoulli => (0.0, 1.0),
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
        let fits = |x: &f32| x.is_finite() && (low..=high).contains(&f64::from(*x));
        let Some(at) = x.values.iter().position(|x| !fits(x)) else {
            return Ok(());
        };
        let range = match low.is_finite() {
            true => format!("numbers from {low} to {high}"),
            false => "finite numbers".to_owned(),
        };
        let remedy = match self {
            ObservationModel::Bernoulli => "; `visible: gaussian` takes any number",
            ObservationModel::Gaussian { .. } => "",
        };
        Err(ModelError::Data(format!(
            "a {} p(x|z) is a density over {range}, and {what} has {} in observation {}{remedy}",
            self.title(),
            x.values[at],
            at / x.columns.max(1),
        )))
    }

    fn title(self) -> &'static str {
        match self {
            ObservationModel::Bernoulli => "Bernoulli",
            ObservationModel::Gaussian { .. } => "Gaussian",
        }
    }
}
