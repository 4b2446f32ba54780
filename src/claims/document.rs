//! Judgements as a JSON document, which says what they were made of.

use serde::Deserialize;
use serde::Serialize;

use super::Judgement;

/// Version of the JSON's shape.
const VERSION: u32 = 1;

/// `claims.json`: every judgement with its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClaimsDocument {
    version: u32,
    /// A digest of claims and numbers: the same digest has the same judgements.
    pub of: String,
    pub claims: Vec<Judgement>,
}

impl ClaimsDocument {
    pub fn new(of: String, claims: Vec<Judgement>) -> Self {
        ClaimsDocument {
            version: VERSION,
            of,
            claims,
        }
    }

    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self)
            .expect("keys are text, and numbers that are not finite become null");
        text.push('\n');
        text
    }

    /// Reads what [`ClaimsDocument::to_json`] writes; none where it is something else, or of
    /// another version.
    pub fn from_json(text: &str) -> Option<Self> {
        let document: ClaimsDocument = serde_json::from_str(text).ok()?;
        (document.version == VERSION).then_some(document)
    }
}
