//! Parameters that every training has, and how resolved values are read.
//!
//! Values are checked against their declarations before a step exists, so reading one cannot fail:
//! a missing or mistyped one is a bug in the declaration.

use super::ModelError;
use super::Rows;
use super::observation::ObservationModel;
use crate::data::Dataset;
use crate::nn::Algorithm;
use crate::nn::device::DeviceChoice;
use crate::random::Seed;
use crate::registry::Param;
use crate::registry::ParamType;
use crate::registry::ParamValue;
use crate::registry::Value;
use crate::registry::Values;
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

/// Budget, optimiser, seed and device of a training with Adam.
pub fn training() -> Vec<Param> {
    vec![
        Param::int("epochs", "passes over the training split")
            .min(1)
            .max(MOST_EPOCHS)
            .default(100),
        Param::int("batch", "observations per iteration")
            .min(1)
            .default(100),
        Param::float("lr", "learning rate of Adam")
            .min(0.0)
            .default(1e-3),
        Param::float("beta1", "decay of Adam's first moment")
            .min(0.0)
            .max(1.0)
            .default(0.9),
        Param::float("beta2", "decay of Adam's second moment")
            .min(0.0)
            .max(1.0)
            .default(0.999),
        Param::seed("seed", "which initialisation, order and noise"),
        Param::choice("device", &DeviceChoice::NAMES, "where to train").default("auto"),
    ]
}

/// A whole number that was declared non-negative.
pub fn size(values: &Values, name: &str) -> usize {
    let value = values.get(name).and_then(Value::as_int);
    usize::try_from(value.unwrap_or_else(|| undeclared(name))).unwrap_or(0)
}

/// A number.
pub fn number(values: &Values, name: &str) -> f64 {
    let value = values.get(name).and_then(Value::as_float);
    value.unwrap_or_else(|| undeclared(name))
}

/// Text, or one of a list of choices.
pub fn text<'a>(values: &'a Values, name: &str) -> &'a str {
    let value = values.get(name).and_then(Value::as_str);
    value.unwrap_or_else(|| undeclared(name))
}

/// A list of non-negative whole numbers.
pub fn sizes(values: &Values, name: &str) -> Vec<usize> {
    let list = values.get(name).and_then(Value::as_list);
    list.unwrap_or_else(|| undeclared(name))
        .iter()
        .filter_map(|value| value.as_int().and_then(|size| usize::try_from(size).ok()))
        .collect()
}

/// The root of all draws of a step.
pub fn seed(values: &Values) -> Seed {
    Seed::new(size(values, "seed") as u64)
}

/// The device that `device` names.
pub fn device(values: &Values) -> DeviceChoice {
    DeviceChoice::named(text(values, "device")).unwrap_or_default()
}

/// Adam as [`training`] declares it.
pub fn adam(values: &Values) -> Algorithm {
    Algorithm::adam(number(values, "beta1"), number(values, "beta2"))
}

/// The learning rate called `name`, the same for ever.
pub fn rate(values: &Values, name: &str) -> LearningRate {
    LearningRate::constant(number(values, name))
}

/// The phase of a training as [`training`] declares it, over so many observations.
pub fn phase(values: &Values, observations: usize) -> Phase {
    let order = seed(values).derive("fit/order");
    let batches = Batches::of_rows(observations, size(values, "batch"), order);
    Phase::epochs("fit", size(values, "epochs") as u64, batches)
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

fn undeclared<T>(name: &str) -> T {
    unreachable!("BUG: `{name}` is not declared with this type")
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
