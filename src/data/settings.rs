//! How resolved parameters are read, and those that several data sets share.
//!
//! Values are checked against their declarations before a step exists, so reading one cannot fail:
//! a missing or mistyped one is a bug in the declaration.

use super::DataError;
use super::Split;
use crate::random::Seed;
use crate::registry::Param;
use crate::registry::Value;
use crate::registry::Values;

/// A whole number that was declared non-negative.
pub fn size(values: &Values, name: &str) -> usize {
    optional_size(values, name).unwrap_or_else(|| undeclared(name))
}

/// A whole number that may be absent.
pub fn optional_size(values: &Values, name: &str) -> Option<usize> {
    let value = values.get(name).and_then(Value::as_int);
    value.map(|value| usize::try_from(value).unwrap_or(0))
}

/// Text, or one of a list of choices.
pub fn text<'a>(values: &'a Values, name: &str) -> &'a str {
    optional_text(values, name).unwrap_or_else(|| undeclared(name))
}

/// Text or a path that may be absent.
pub fn optional_text<'a>(values: &'a Values, name: &str) -> Option<&'a str> {
    values.get(name).and_then(Value::as_str)
}

/// A truth value.
pub fn flag(values: &Values, name: &str) -> bool {
    let value = values.get(name).and_then(Value::as_bool);
    value.unwrap_or_else(|| undeclared(name))
}

/// The root of the draws that the parameter `name` selects.
pub fn seed(values: &Values, name: &str) -> Seed {
    Seed::new(size(values, name) as u64)
}

/// A number.
pub fn number(values: &Values, name: &str) -> f64 {
    let value = values.get(name).and_then(Value::as_float);
    value.unwrap_or_else(|| undeclared(name))
}

fn undeclared<T>(name: &str) -> T {
    unreachable!("BUG: `{name}` is not declared with this type")
}

/// How many observations to take of a distribution's files; `valid` says its own default.
pub fn counts(valid: &'static str) -> [Param; 3] {
    [
        Param::int("valid", valid).min(0).optional(),
        Param::int(
            "train",
            "observations to train on, from the first [default: all that are left]",
        )
        .min(1)
        .optional(),
        Param::int(
            "test",
            "observations to test on, from the first [default: all]",
        )
        .min(1)
        .optional(),
    ]
}

/// Cuts the content of a training and a test file into train, valid and test by [`counts`].
/// Without `valid`, one `part`-th of the training file is for validation.
pub fn cut(
    train: &Split,
    test: &Split,
    part: usize,
    values: &Values,
) -> Result<[Split; 3], DataError> {
    let all = train.len();
    let valid = optional_size(values, "valid").unwrap_or(all / part);
    if valid >= all {
        return Err(DataError::TooMany {
            parameter: "valid",
            given: valid,
            available: all,
            of: "training observations, and some must be left to train on",
        });
    }
    let left = all - valid;
    let kept = limit(values, "train", left, "training observations left")?;
    let tests = limit(values, "test", test.len(), "test observations")?;
    Ok([train.first(kept), train.slice(left..all), test.first(tests)])
}

/// The number that the parameter `name` asks for, at most `available`.
pub fn limit(
    values: &Values,
    name: &'static str,
    available: usize,
    of: &'static str,
) -> Result<usize, DataError> {
    match optional_size(values, name) {
        None => Ok(available),
        Some(given) if given <= available => Ok(given),
        Some(given) => Err(DataError::TooMany {
            parameter: name,
            given,
            available,
            of,
        }),
    }
}
