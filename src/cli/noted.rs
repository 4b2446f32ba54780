//! Small notes beside a store's records, as one JSON file of what is noted by experiment.

use std::fmt;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Map;
use serde_json::Value as Json;

use crate::text::Diagnostic;
use crate::text::ShowPath;

use super::kept::free_name;

/// A file of notes that is there and cannot be used.
#[derive(Debug)]
pub(super) struct Damaged {
    path: PathBuf,
    why: String,
}

impl Damaged {
    /// What is said of it where it is read; `lost` says what cannot be found out again.
    pub(super) fn warning(&self, lost: &str) -> Diagnostic {
        let path = self.path.shown();
        let kept = free_name(&self.path);
        let kept = kept.file_name().unwrap_or_default().to_string_lossy();
        Diagnostic::warning(format!("`{path}` is damaged: {}", self.why))
            .help(lost)
            .help(format!(
                "the next run begins it anew, and keeps this one as `{kept}`"
            ))
    }
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is damaged: {}", self.path.shown(), self.why)
    }
}

/// What is noted of an experiment; none where nothing is.
///
/// # Errors
/// Where the file, or what it has of the experiment, is not what was written.
pub(super) fn of<T: DeserializeOwned>(
    store: &Path,
    file: &str,
    experiment: &str,
) -> Result<Option<T>, Damaged> {
    let path = store.join(file);
    let damaged = |why: String| Damaged {
        path: path.clone(),
        why,
    };
    let mut all = read(&path).map_err(damaged)?;
    let found = all.remove(experiment).map(serde_json::from_value);
    found.transpose().map_err(|error| {
        let path = store.join(file);
        let why = format!("{experiment}: {error}");
        Damaged { path, why }
    })
}

/// Notes something of an experiment, in a file that is whole at any time. A damaged one is kept beside it
/// under another name.
///
/// # Errors
/// Where the store cannot be written.
pub(super) fn note<T: Serialize + DeserializeOwned>(
    store: &Path,
    file: &str,
    experiment: &str,
    what: &T,
) -> io::Result<()> {
    let path = store.join(file);
    if of::<T>(store, file, experiment).is_err() {
        fs::copy(&path, free_name(&path))?;
    }
    let mut all = read(&path).unwrap_or_default();
    all.insert(experiment.to_owned(), serde_json::to_value(what)?);
    let new = store.join(format!("tmp/{file}-{}", std::process::id()));
    let mut written = File::create(&new)?;
    written.write_all(&serde_json::to_vec(&all)?)?;
    written.sync_all()?;
    fs::rename(new, path)
}

/// What a file has by experiment; nothing where it is not there.
fn read(path: &Path) -> Result<Map<String, Json>, String> {
    match fs::read(path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|error| error.to_string()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Map::new()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_is_told_and_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = folder.path();
        fs::create_dir(store.join("tmp")).expect("a folder");
        let read = || of::<u32>(store, "n.json", "a");
        assert_eq!(read().expect("nothing"), None);
        note(store, "n.json", "a", &3).expect("noted");
        note(store, "n.json", "b", &4).expect("noted");
        assert_eq!(read().expect("a number"), Some(3));
        assert_eq!(fs::read_dir(store).expect("a folder").count(), 2);
        // What is wrong with one experiment is nothing to another.
        fs::write(store.join("n.json"), r#"{"a": "x", "b": 4}"#).expect("written");
        assert!(read().is_err());
        assert_eq!(of::<u32>(store, "n.json", "b").expect("a number"), Some(4));
        note(store, "n.json", "a", &5).expect("noted");
        assert_eq!(of::<u32>(store, "n.json", "b").expect("a number"), Some(4));
        for (n, text) in ["", "{\"a\": 3", "[1]"].into_iter().enumerate() {
            fs::write(store.join("n.json"), text).expect("written");
            assert!(read().is_err(), "{text}");
            note(store, "n.json", "a", &6).expect("noted");
            assert_eq!(read().expect("a number"), Some(6));
            let kept = store.join(format!("n.json.kept-{}", n + 2));
            assert_eq!(fs::read_to_string(kept).expect("kept"), text);
        }
    }
}
