//! Parameters that every training has, and the observations that they are about.

use super::ModelError;
use super::Rows;
use super::observation::ObservationModel;
use crate::data::Dataset;
use crate::nn::Algorithm;
use crate::nn::Schedule;
use crate::nn::device::DeviceChoice;
use crate::random::Seed;
use crate::registry::ParamType;
use crate::registry::ParamValue;
use crate::registry::Value;
use crate::registry::choices;
use crate::registry::params;
use crate::training::Batches;
use crate::training::LearningRate;
use crate::training::Phase;

/// With as many observations as memory can hold the iterations can still be counted.
pub const MOST_EPOCHS: i64 = 1_000_000_000;

impl ParamValue for DeviceChoice {
    fn ty() -> ParamType {
        ParamType::choice(&DeviceChoice::NAMES)
    }

    fn of(value: &Value) -> Option<Self> {
        DeviceChoice::named(value.as_str()?)
    }
}

choices! {
    /// The course of a learning rate over a training.
    pub enum RateSchedule {
        Constant = "constant",
        Linear = "linear",
        Cosine = "cosine",
    }
}

impl RateSchedule {
    /// A rate that starts at `base`, over so many updates.
    pub fn from(self, base: f64, iterations: u64) -> LearningRate {
        let schedule = match self {
            RateSchedule::Constant => Schedule::Constant,
            RateSchedule::Linear => Schedule::Linear { iterations },
            RateSchedule::Cosine => Schedule::Cosine { iterations },
        };
        LearningRate::scheduled(base, schedule)
    }
}

params! {
    /// Budget, optimiser, seed and device of a training with Adam.
    pub struct TrainingParams {
        /// passes over the training split
        epochs: u64 = 100, min(1), max(MOST_EPOCHS);
        /// observations per iteration
        batch: usize = 100, min(1);
        /// learning rate of Adam
        lr: f64 = 1e-3, min(0.0);
        /// how the learning rate changes: `linear` and `cosine` fall to nothing at the end of the
        /// training
        schedule: RateSchedule = RateSchedule::Constant;
        /// decay of Adam's first moment, below 1
        beta1: f64 = 0.9, min(0.0), max(1.0);
        /// decay of Adam's second moment, below 1
        beta2: f64 = 0.999, min(0.0), max(1.0);
        /// which initialisation, order and noise
        seed: Seed;
        /// where to train
        device: DeviceChoice = "auto";
    }
}

impl TrainingParams {
    /// The optimiser.
    pub fn adam(&self) -> Algorithm {
        Algorithm::adam(self.beta1, self.beta2)
    }

    /// The learning rate of a network that every iteration over so many observations updates.
    pub fn rate(&self, observations: usize) -> LearningRate {
        let per_epoch = observations.div_ceil(self.batch) as u64;
        self.schedule
            .from(self.lr, self.epochs.saturating_mul(per_epoch))
    }

    /// The phase of a training over so many observations.
    pub fn phase(&self, observations: usize) -> Phase {
        let order = self.seed.derive("fit/order");
        let batches = Batches::of_rows(observations, self.batch, order);
        Phase::epochs("fit", self.epochs, batches)
    }
}

/// The observations `x` of a split, one row each; grey values lie in [0, 1].
///
/// # Errors
/// Where the split has no `x`, as sequences have none, or no observation, or one that is not finite.
pub fn observations(data: &Dataset, split: &str) -> Result<Rows, ModelError> {
    let found = data.split(split).and_then(|found| found.x_f32());
    let values = found.ok_or_else(|| {
        ModelError::Data(format!(
            "`{}` has no observations `x` in `{split}`",
            data.name()
        ))
    })?;
    if values.is_empty() {
        return Err(ModelError::Data(format!(
            "the split `{split}` of `{}` is empty",
            data.name()
        )));
    }
    let columns = data.shape().iter().product();
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        return Err(ModelError::Data(format!(
            "observation {} of `{split}` of `{}`, counted from 0, holds {}, which is not finite",
            at / columns,
            data.name(),
            values[at]
        )));
    }
    Ok(Rows::new(columns, values))
}

/// The same, where p(x|z) is a density over them.
///
/// # Errors
/// Also where an observation lies outside the support of the density.
pub fn observations_of(
    model: ObservationModel,
    data: &Dataset,
    split: &str,
) -> Result<Rows, ModelError> {
    let x = observations(data, split)?;
    model.check(&x, &format!("`{split}` of `{}`", data.name()))?;
    Ok(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Array;
    use crate::data::Split;

    #[test]
    fn observations_that_are_no_numbers_are_refused_with_their_row() {
        let split = |x: Vec<f32>| Split::new().with("x", Array::new(&[x.len() / 2, 2], x));
        let good = || split(vec![0.0, 1.0]);
        let bad = split(vec![0.0, 1.0, 2.0, f32::NAN]);
        let meta = serde_json::json!({ "name": "mine" });
        let data = Dataset::new(good(), bad, split(Vec::new()), meta);
        assert!(observations(&data, "train").is_ok());
        let said = |split| {
            observations(&data, split)
                .err()
                .map(|error| error.to_string())
        };
        let wrong = said("valid").unwrap_or_default();
        assert!(
            wrong.contains("observation 1 of `valid` of `mine`"),
            "{wrong}"
        );
        let empty = said("test").unwrap_or_default();
        assert!(empty.contains("`test` of `mine` is empty"), "{empty}");
    }
}
