//! The words of the manifest language as its reader knows them: the reference page is written from
//! these and from the schema.

use super::expression;
use super::pipeline;
use super::policy;

/// A size as `memory` takes it, in bytes.
pub fn bytes(text: &str) -> Option<u64> {
    policy::size(text)
}

/// A time with its unit.
pub fn time(text: &str) -> Option<std::time::Duration> {
    std::time::Duration::try_from_secs_f64(policy::amount(text, TIMES)?).ok()
}

/// Functions of expressions, with what they give.
pub const FUNCTIONS: &[(&str, &str)] = &expression::FUNCTIONS;

/// Types of parameters, with the values that they take.
pub const TYPES: &[(&str, &str)] = &pipeline::TYPES;

/// Units of sizes, in bytes.
pub const SIZES: &[(&str, f64)] = &policy::SIZES;

/// Units of times, in seconds.
pub const TIMES: &[(&str, f64)] = &policy::TIMES;
