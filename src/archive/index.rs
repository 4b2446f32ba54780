//! What an archive says of itself.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::store::Digest;
use crate::store::names;

use super::ArchiveError;

/// The entry that holds the index.
pub(super) const INDEX: &str = "sweepline-archive.json";

/// Counts changes of the format that an older program would misread.
pub(super) const VERSION: u32 = 1;

/// What is in an archive. Everything else in the file is ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Index {
    pub version: u32,
    /// The experiment as its results are filed: `fit@quick`.
    pub experiment: String,
    /// The manifest's place in the project.
    pub manifest: String,
    /// The arguments that name the experiment: `manifests/fit.yaml --profile quick`.
    pub arguments: String,
    /// The files of the project by name.
    pub project: BTreeMap<String, File>,
    /// Folders of the project with nothing in them.
    #[serde(default)]
    pub folders: Vec<String>,
    /// Steps with their keys.
    pub steps: BTreeMap<String, Digest>,
    /// The records by key, with their digests.
    pub records: BTreeMap<Digest, Digest>,
    /// What a store notes beside its records: trials of searches, numbers of replicates.
    #[serde(default)]
    pub notes: BTreeMap<String, serde_json::Value>,
}

/// A file of the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    pub digest: Digest,
    pub size: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub executable: bool,
}

impl Index {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("an index is plain data");
        text.push(b'\n');
        text
    }

    /// Refuses names that lead anywhere else.
    pub(super) fn check(&self) -> Result<(), ArchiveError> {
        let files = self.project.keys().chain(&self.folders);
        for name in files.chain([&self.manifest]) {
            if !fits(name) {
                return Err(ArchiveError::refused(name, "it leads out of the project"));
            }
            if name == "outputs/store" || name.starts_with("outputs/store/") {
                return Err(ArchiveError::refused(name, "it lies in the store"));
            }
        }
        for name in self.notes.keys() {
            if !fits(name) || name.contains('/') || !name.ends_with(".json") {
                return Err(ArchiveError::refused(name, "it is no note of a store"));
            }
        }
        Ok(())
    }
}

/// Whether a name stays below the folder that it is put in, on any system.
fn fits(name: &str) -> bool {
    let other_systems = cfg!(not(unix)) && name.contains(['\\', ':']);
    names::stays_inside(name) && !other_systems
}

pub(super) fn record(key: Digest) -> String {
    format!("records/{key}.json")
}

pub(super) fn object(digest: Digest) -> String {
    format!("objects/{digest}")
}

pub(super) fn project(name: &str) -> String {
    format!("project/{name}")
}
