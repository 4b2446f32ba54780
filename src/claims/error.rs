//! What can be wrong with a claim before anything is judged.

use crate::text::did_you_mean;

/// Why a claim was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ClaimError {
    #[error("the claim has no {field}: {hint}")]
    Missing {
        field: &'static str,
        hint: &'static str,
    },
    #[error("unknown {what} `{name}`{}", suggestion(name, known))]
    Unknown {
        /// `column`, `axis`, `aggregate`, `test`.
        what: String,
        name: String,
        known: Vec<String>,
    },
    #[error("`{axis}` is never `{value}`{}", suggestion(value, known))]
    NeverTaken {
        axis: String,
        value: String,
        /// The values that some cell has.
        known: Vec<String>,
    },
    #[error(
        "`{text}` has no row where `{axis}` is `{value}`, and `for_each` asks for all of its values: leave \
         `{axis}` out of one of them"
    )]
    NeverThere {
        text: String,
        axis: String,
        /// A value that is left out.
        value: String,
    },
    #[error("`{text}` does not read as a statement: {reason}")]
    Syntax { text: String, reason: String },
    #[error("`{text}` takes {expected}, not {got}")]
    Arity {
        text: String,
        expected: &'static str,
        got: usize,
    },
    #[error("`{text}` is no arithmetic over numbers: {reason}")]
    Arithmetic { text: String, reason: String },
    #[error("`{given}` is no {field}: {expected}")]
    Value {
        field: &'static str,
        given: String,
        expected: &'static str,
    },
    #[error(
        "the test `{test}` compares a mean or median, or a multiple of one, with another or with a number, not `{text}`"
    )]
    NotTestable { test: String, text: String },
}

impl ClaimError {
    /// The words of the claim that are wrong; none where some are missing.
    pub fn subject(&self) -> Option<&str> {
        Some(match self {
            ClaimError::Missing { .. } => return None,
            ClaimError::Unknown { name, .. } => name,
            ClaimError::NeverTaken { value, .. } => value,
            ClaimError::Syntax { text, .. }
            | ClaimError::Arity { text, .. }
            | ClaimError::Arithmetic { text, .. }
            | ClaimError::NeverThere { text, .. }
            | ClaimError::NotTestable { text, .. } => text,
            ClaimError::Value { given, .. } => given,
        })
    }
}

/// `, did you mean …?`, or what there is where nothing is close.
fn suggestion(name: &str, known: &[String]) -> String {
    did_you_mean(name, known.iter().map(String::as_str), "known are")
        .map_or_else(String::new, |hint| {
            format!(", {}", hint.replace("known are:", "known are"))
        })
}
