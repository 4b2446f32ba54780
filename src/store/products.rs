//! Files of projects that programs wrote beside their code, with what they left in each: an edit by
//! anybody else makes such a file count as any other.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::Digest;
use super::StoreError;

const FILE: &str = "products.json";

/// What was kept; nothing where that cannot be read, and then all files count.
pub(super) fn read(store: &Path) -> BTreeMap<PathBuf, Digest> {
    let text = fs::read(store.join(FILE)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Keeps these, and no others.
pub(super) fn write(store: &Path, products: &BTreeMap<PathBuf, Digest>) -> Result<(), StoreError> {
    let path = store.join(FILE);
    let failed = |error| StoreError::io("write", &path, error);
    // Names that are no text cannot be kept; they count.
    let named = products
        .iter()
        .filter_map(|(path, digest)| Some((path.to_str()?, digest)));
    let text = serde_json::to_vec(&named.collect::<BTreeMap<_, _>>()).map_err(io::Error::other);
    let beside = store.join("tmp").join(FILE);
    let written = text.and_then(|text| fs::write(&beside, text));
    written
        .and_then(|()| fs::rename(&beside, &path))
        .map_err(failed)
}
