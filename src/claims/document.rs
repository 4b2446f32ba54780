//! Judgements as a JSON document, which says what they were made of and what was written beside it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use super::Judgement;

/// Version of the JSON's shape.
const VERSION: u32 = 2;

/// `claims.json`: every judgement with its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClaimsDocument {
    version: u32,
    /// A digest of claims and numbers: the same digest has the same judgements.
    pub of: String,
    pub claims: Vec<Judgement>,
    /// The digests of the files beside it, by name.
    files: BTreeMap<String, String>,
    /// A digest of all above: a document that somebody changed is not taken for ours.
    digest: Option<String>,
}

impl ClaimsDocument {
    pub fn new(of: String, claims: Vec<Judgement>) -> Self {
        ClaimsDocument {
            version: VERSION,
            of,
            claims,
            files: BTreeMap::new(),
            digest: None,
        }
    }

    /// The same, standing for a file beside it.
    #[must_use]
    pub fn with_file(mut self, name: &str, text: &str) -> Self {
        self.files.insert(name.to_owned(), digest(text));
        self
    }

    pub fn to_json(&self) -> String {
        let plain = |document: &Self| {
            serde_json::to_string_pretty(document)
                .expect("keys are text, and numbers that are not finite become null")
        };
        let mut document = self.clone();
        document.digest = None;
        document.digest = Some(digest(&plain(&document)));
        plain(&document) + "\n"
    }

    /// Reads what [`ClaimsDocument::to_json`] writes; none where it is something else, was changed, or is of
    /// another version.
    pub fn from_json(text: &str) -> Option<Self> {
        WrittenFiles::of(text)?;
        let document: ClaimsDocument = serde_json::from_str(text).ok()?;
        (document.version == VERSION).then_some(document)
    }
}

/// The files that a document stands for.
#[derive(Debug)]
pub struct WrittenFiles(BTreeMap<String, String>);

impl WrittenFiles {
    /// Those of a `claims.json`; none where it is not as it was written.
    pub fn of(json: &str) -> Option<Self> {
        // Not as a document: infinite numbers are written as `null`, which is no number.
        let mut document: serde_json::Value = serde_json::from_str(json).ok()?;
        let noted = document.get_mut("digest")?.take();
        let plain = serde_json::to_string_pretty(&document).ok()?;
        let files = serde_json::from_value(document.get("files")?.clone()).ok()?;
        let same = noted.as_str() == Some(&digest(&plain));
        same.then_some(WrittenFiles(files))
    }

    /// Whether a file beside the document is as it was written.
    pub fn has(&self, name: &str, text: &str) -> bool {
        self.0.get(name) == Some(&digest(text))
    }
}

/// 64 hexadecimal digits.
fn digest(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}
