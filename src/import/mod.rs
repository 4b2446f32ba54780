//! Pipelines of other tools to manifests: read once, written once, and nobody's copy afterwards.

mod dvc;

use std::path::Path;

use crate::text::Diagnostics;

/// What an import has made.
#[derive(Debug)]
pub struct Imported {
    /// The text of the manifest.
    pub manifest: String,
    /// The text of its pipeline.
    pub pipeline: String,
    /// How many stages it has.
    pub stages: usize,
    /// What could not be translated, each at its place.
    pub remarks: Diagnostics,
}

/// Reads a `dvc.yaml`, which lies in the project at `root`.
///
/// # Errors
/// What keeps the file from being read or understood at all.
pub fn dvc(root: &Path, file: &str, name: &str, pipeline: &str) -> Result<Imported, Diagnostics> {
    dvc::import(root, file, name, pipeline)
}
