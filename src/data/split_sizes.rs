//! How many observations to take of a distribution's files.

use super::DataError;
use super::Split;
use crate::registry::params;

params! {
    /// What is kept to train and to test on.
    pub(super) struct SplitSizes {
        /// observations to train on, from the first [default: all that are left]
        train: Option<usize>, min(1);
        /// observations to test on, from the first [default: all]
        test: Option<usize>, min(1);
    }
}

/// Cuts the content of a training and a test file into train, valid and test; the last `valid`
/// observations of the training file are for validation.
pub(super) fn cut(
    train: &Split,
    test: &Split,
    valid: usize,
    kept: &SplitSizes,
) -> Result<[Split; 3], DataError> {
    let all = train.len();
    if valid >= all {
        return Err(DataError::TooMany {
            parameter: "valid",
            given: valid,
            available: all,
            of: "training observations, and some must be left to train on",
        });
    }
    let left = all - valid;
    let training = limit("train", kept.train, left, "training observations left")?;
    let tests = limit("test", kept.test, test.len(), "test observations")?;
    Ok([
        train.first(training),
        train.slice(left..all),
        test.first(tests),
    ])
}

/// The number that the parameter `name` asks for, at most `available`.
pub(super) fn limit(
    name: &'static str,
    given: Option<usize>,
    available: usize,
    of: &'static str,
) -> Result<usize, DataError> {
    match given {
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
