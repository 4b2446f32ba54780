//! The manifests whose results a store may have: those of its project, and those that it was used for.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::manifest;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::real_path;
use crate::text::foreign_yaml;

/// Files that mark the folder they lie in as a cache, an environment of Python, a store.
const MARKERS: [&str; 4] = [
    "CACHEDIR.TAG",
    "pyvenv.cfg",
    "store.sqlite",
    ".sweepline-store",
];

/// A file that is a manifest, or looks like one.
pub(super) struct KnownManifest {
    pub path: PathBuf,
    /// It says so itself, lies where others may keep theirs, and was never run from there.
    pub stray: bool,
}

impl KnownManifest {
    /// One that somebody named.
    pub(super) fn named(path: PathBuf) -> Self {
        KnownManifest { path, stray: false }
    }

    /// The histories of experiments that were run from it.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(super) fn remembered(&self, store: &Store) -> Result<Vec<String>, StoreError> {
        let own = real_path(&manifest::absolute(&self.path));
        let known = store.manifests()?.into_iter();
        let known = known.filter(|(_, path)| real_path(path) == own);
        Ok(known.map(|(experiment, _)| experiment).collect())
    }

    /// The experiment that it names, also where it has mistakes.
    pub(super) fn experiment(&self) -> Option<String> {
        experiment_in(&self.path)
    }
}

/// The manifests of the project at `root` and those that this store was used for, as far as they exist.
///
/// # Errors
/// Where the store cannot be read.
pub(super) fn all(
    root: &Path,
    outputs: &Path,
    store: &Store,
) -> Result<Vec<KnownManifest>, StoreError> {
    let mut manifests = of_project(root, &[outputs, store.root()]);
    let here = std::env::current_dir().unwrap_or_default();
    let places = manifests.iter().map(|known| real_path(&known.path));
    let mut places: HashSet<PathBuf> = places.collect();
    for (_, path) in store.manifests()? {
        let short = path.strip_prefix(&here).unwrap_or(&path);
        if path.is_file() && places.insert(real_path(&path)) {
            manifests.push(KnownManifest::named(short.to_owned()));
        }
    }
    Ok(manifests)
}

/// The manifests of a project, sorted: what is in `manifests/`, and in all of the project what says that it is
/// one, but for what lies where runs write to, and in hidden folders, caches and environments.
fn of_project(root: &Path, written: &[&Path]) -> Vec<KnownManifest> {
    let here = std::env::current_dir().unwrap_or_default();
    let mut manifests = Vec::new();
    let top = root.join("manifests");
    let mut pending = vec![root.to_owned(), top.clone()];
    let mut seen = HashSet::new();
    while let Some(folder) = pending.pop() {
        let own = folder.starts_with(&top);
        // Links may lead in a circle.
        let real = folder.canonicalize().unwrap_or_default();
        if !seen.insert(real) {
            continue;
        }
        let marked = || MARKERS.iter().any(|marker| folder.join(marker).exists());
        if !own && folder != root && marked() {
            continue;
        }
        let entries = fs::read_dir(&folder).into_iter().flatten();
        for entry in entries.filter_map(Result::ok) {
            let path = entry.path();
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if path.is_dir() {
                let passed = hidden || path.is_symlink() || written.contains(&&*path);
                if own || !passed {
                    pending.push(path);
                }
            } else if is_yaml(&path)
                && path.is_file()
                && (folder == top || experiment_in(&path).is_some())
            {
                manifests.push(KnownManifest {
                    path: path.strip_prefix(&here).unwrap_or(&path).to_owned(),
                    stray: !own,
                });
            }
        }
    }
    // A link to a manifest is that manifest, by its own name where that is one of them.
    manifests.sort_by_cached_key(|known| (known.path.is_symlink(), known.path.clone()));
    let mut seen = HashSet::new();
    manifests.retain(|known| seen.insert(real_path(&known.path)));
    manifests.sort_by(|a, b| a.path.cmp(&b.path));
    manifests
}

fn is_yaml(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| ending == "yaml" || ending == "yml")
}

/// The experiment that a file names as a manifest does, also one with mistakes.
fn experiment_in(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let quotes = ['"', '\''];
    text.lines().find_map(|line| {
        let line = line.strip_prefix('{').map_or(line, str::trim_start);
        let (key, value) = line.split_once(':')?;
        let value = value.split([',', '}', '#']).next()?;
        let named = key.trim_end().trim_matches(quotes) == "experiment";
        named.then(|| value.trim().trim_matches(quotes).to_owned())
    })
}

/// The profiles that a manifest declares.
pub(super) fn profiles_in(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let manifest = foreign_yaml(&text).unwrap_or_default();
    let profiles = manifest.get("profiles").and_then(|all| all.as_mapping());
    let names = profiles.into_iter().flat_map(|all| all.keys());
    let names = names.filter_map(|name| name.as_str().map(str::to_owned));
    names.collect()
}
