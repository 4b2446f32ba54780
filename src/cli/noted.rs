//! Small notes beside a store's records, as one JSON file of what is noted by experiment.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What the file holds; nothing where it is not there or cannot be read.
pub(super) fn all<T: DeserializeOwned>(store: &Path, file: &str) -> BTreeMap<String, T> {
    let text = fs::read(store.join(file)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Writes the file, which is whole at any time.
///
/// # Errors
/// Where the store cannot be written.
pub(super) fn write<T: Serialize>(
    store: &Path,
    file: &str,
    all: &BTreeMap<String, T>,
) -> io::Result<()> {
    let new = store.join(format!("tmp/{file}-{}", std::process::id()));
    fs::write(&new, serde_json::to_vec(all)?)?;
    fs::rename(new, store.join(file))
}
