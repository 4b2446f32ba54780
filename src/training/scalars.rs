//! The numbers that iterations report, by name, until a row of the curve takes their means.

use serde::Deserialize;
use serde::Serialize;

use super::exact;

/// What their means in a curve are called: this and their name.
pub(super) const PREFIX: &str = "train_";

/// Sums since the last row of the curve.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Scalars {
    all: Vec<Scalar>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Scalar {
    name: String,
    #[serde(with = "exact")]
    sum: f64,
    weight: u64,
    /// For the progress only.
    #[serde(skip)]
    last: f64,
}

impl Scalars {
    /// Sums of an earlier attempt.
    pub(super) fn summed(name: &str, sum: f64, weight: u64) -> Self {
        let name = name.to_owned();
        let last = f64::NAN;
        Scalars {
            all: vec![Scalar {
                name,
                sum,
                weight,
                last,
            }],
        }
    }

    /// A mean over so many observations.
    pub(super) fn add(&mut self, name: &str, value: f64, observations: u64) {
        let at = self.all.iter().position(|scalar| scalar.name == name);
        let at = at.unwrap_or_else(|| {
            *self = std::mem::take(self).with(name);
            self.all.len() - 1
        });
        let scalar = &mut self.all[at];
        scalar.sum += value * observations as f64;
        scalar.weight += observations;
        scalar.last = value;
    }

    fn with(mut self, name: &str) -> Self {
        self.all.extend(Self::summed(name, 0.0, 0).all);
        self
    }

    /// The latest values, by name.
    pub(super) fn latest(&self) -> Vec<(&str, f64)> {
        let all = self.all.iter();
        all.map(|scalar| (scalar.name.as_str(), scalar.last))
            .collect()
    }

    /// Means over the observations, as `train_` and the name, and nothing is left; NaN where an
    /// iteration has yet to report one again.
    pub(super) fn take_means(&mut self) -> Vec<(String, f64)> {
        let mean = |scalar: &mut Scalar| {
            let (sum, weight) = (scalar.sum, scalar.weight);
            (scalar.sum, scalar.weight) = (0.0, 0);
            (format!("{PREFIX}{}", scalar.name), sum / weight as f64)
        };
        self.all.iter_mut().map(mean).collect()
    }
}
