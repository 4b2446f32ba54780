//! What a step leaves: one or more files, each an object of the store.

use serde::Deserialize;
use serde::Serialize;

use crate::map::Map;

use super::Digest;

/// The files of one output of a step, by name: a figure is `figure.svg`, `figure.png`, ….
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Relative file name with forward slashes → content.
    pub files: Map<Object>,
}

/// One immutable file of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
}

impl Artifact {
    /// The digest of the content: of all names and the digests of their files.
    pub fn digest(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        for (name, object) in &self.files {
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
            hasher.update(object.digest.as_bytes());
        }
        Digest::from_bytes(*hasher.finalize().as_bytes())
    }

    /// The size of all files together, in bytes.
    pub fn size(&self) -> u64 {
        self.files.values().map(|object| object.size).sum()
    }
}
