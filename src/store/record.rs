//! What is known about a finished step: found again by its key.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::map::SortedVecMap;

use super::Artifact;
use super::Digest;
use super::Object;

/// The result of a step that ended well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The digest of everything the result depends on.
    pub key: Digest,
    /// What the key was made of, part by part, for `sweepline why`.
    pub parts: KeyParts,
    #[serde(flatten)]
    pub result: StepResult,
}

/// What a step left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepResult {
    /// The artifacts by output name.
    pub outputs: SortedVecMap<Artifact>,
    /// A training that left the finite numbers: a result that is kept, counted and never selected.
    pub diverged: Option<String>,
    /// Wall time of the execution in seconds, for estimates.
    pub seconds: f64,
}

impl StepResult {
    /// All files of all outputs.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        let artifacts = self.outputs.values();
        artifacts.flat_map(|artifact| artifact.files.values())
    }
}

/// The structured key: path of the part (`param.lr`, `input.data`, `kind.revision`) → its value
/// as text. The same traversal fills this and the digest, so they cannot disagree.
pub type KeyParts = BTreeMap<String, String>;
