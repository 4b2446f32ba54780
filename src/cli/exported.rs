//! What exports wrote into a folder: only that is overwritten, and removed when it is no more.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use super::args::ExportFormat;
use super::written::replace_file;
use crate::export::File;
use crate::store::Digest;

/// The name of its own file.
const MEMORY: &str = ".sweepline-export";

/// The exports into a folder.
pub(super) struct Exported<'e> {
    dir: &'e Path,
    format: ExportFormat,
    /// Whose export this is.
    owner: String,
    /// By path below the folder; folders end with a stroke.
    files: BTreeMap<String, Entry>,
}

/// A file that an export wrote.
#[derive(Clone, Deserialize, Serialize)]
#[serde(untagged)]
enum Entry {
    /// By a version that did not say whose it is.
    Unowned(String),
    Owned {
        digest: String,
        of: String,
    },
}

impl Entry {
    fn digest(&self) -> &str {
        match self {
            Entry::Unowned(digest) | Entry::Owned { digest, .. } => digest,
        }
    }

    /// Whether an export of this owner may have written it.
    fn may_be_of(&self, owner: &str) -> bool {
        match self {
            Entry::Unowned(_) => true,
            Entry::Owned { of, .. } => of == owner,
        }
    }
}

impl<'e> Exported<'e> {
    /// What is known of a folder, for an export of an experiment.
    pub(super) fn of(dir: &'e Path, format: ExportFormat, experiment: &str) -> Self {
        let text = fs::read_to_string(dir.join(MEMORY)).unwrap_or_default();
        Exported {
            dir,
            format,
            owner: format!("{format:?} {experiment}").to_lowercase(),
            files: serde_json::from_str(&text).unwrap_or_default(),
        }
    }

    /// Whether a file is there that no export of this experiment wrote, or that was changed since, and that is other
    /// than what is to be written.
    pub(super) fn is_foreign(&self, (path, bytes): &File) -> bool {
        let full = self.dir.join(path);
        let Ok(about) = fs::symlink_metadata(&full) else {
            return false;
        };
        if path.ends_with('/') {
            return !full.is_dir();
        }
        let there = match about.is_file() {
            true => fs::read(&full).ok(),
            false => None,
        };
        let known = self.files.get(path);
        let known = known.filter(|entry| entry.may_be_of(&self.owner));
        there.is_none_or(|there| {
            there != *bytes && known.map(Entry::digest) != Some(&Digest::of(&there).to_hex())
        })
    }

    /// Notes what is about to be written: what an export that dies has left is known to be its.
    ///
    /// # Errors
    /// Where that cannot be written.
    pub(super) fn note(&mut self, files: &[File]) -> io::Result<()> {
        for (path, bytes) in files.iter().filter(|(path, _)| !path.ends_with('/')) {
            let entry = Entry::Owned {
                digest: Digest::of(bytes).to_hex().to_string(),
                of: self.owner.clone(),
            };
            self.files.insert(path.clone(), entry);
        }
        self.write()
    }

    fn write(&self) -> io::Result<()> {
        let text = serde_json::to_string(&self.files).map_err(io::Error::other)?;
        replace_file(&self.dir.join(MEMORY), text)
    }

    /// Removes what earlier exports of the experiment wrote and this one did not, as of cells that are no more. Returns
    /// what is not removed because it holds more than that.
    ///
    /// # Errors
    /// Where something cannot be read or removed.
    pub(super) fn remove_rest(&mut self, new: &[File]) -> io::Result<Vec<String>> {
        let new: BTreeSet<&str> = new.iter().map(|(path, _)| path.as_str()).collect();
        let live: BTreeSet<&str> = new.iter().map(|path| self.group(path)).collect();
        let mut old: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (path, entry) in &self.files {
            let group = self.group(path);
            // Event files had other names once, and TensorBoard shows all that lie beside each other.
            let is_ours = match entry {
                Entry::Owned { of, .. } => *of == self.owner,
                Entry::Unowned(_) => path.ends_with(".sweepline") && live.contains(group),
            };
            if is_ours && !new.contains(path.as_str()) {
                old.entry(group.to_owned()).or_default().push(path.clone());
            }
        }
        let live: BTreeSet<String> = live.into_iter().map(str::to_owned).collect();
        let mut kept = Vec::new();
        for (group, paths) in old {
            let is_there = |path: &&String| fs::symlink_metadata(self.dir.join(path)).is_ok();
            let there: Vec<&String> = paths.iter().filter(is_there).collect();
            let (own, changed): (Vec<&String>, Vec<&String>) =
                there.into_iter().partition(|path| self.is_as_written(path));
            let whole = !live.contains(&group);
            // Half of a run would be none to whoever reads it.
            if whole && (!changed.is_empty() || files_below(&self.dir.join(&group))? > own.len()) {
                kept.push(group);
                continue;
            }
            for path in own {
                fs::remove_file(self.dir.join(path))?;
            }
            if whole {
                self.remove_hollow(&group)?;
            }
            for path in paths {
                self.files.remove(&path);
            }
        }
        self.write()?;
        Ok(kept)
    }

    /// What is read as one: a cell's folder, a run's folder, or a table.
    fn group<'p>(&self, path: &'p str) -> &'p str {
        match self.format {
            ExportFormat::Tensorboard => path.rsplit_once('/').map_or(path, |(folder, _)| folder),
            ExportFormat::Mlflow => {
                let mut strokes = path.match_indices('/').map(|(at, _)| at);
                strokes.nth(1).map_or(path, |at| &path[..at])
            }
            ExportFormat::Csv | ExportFormat::Arrow => path,
        }
    }

    fn is_as_written(&self, path: &str) -> bool {
        let known = self.files.get(path).map(Entry::digest);
        let there = fs::read(self.dir.join(path));
        there.is_ok_and(|there| known == Some(&Digest::of(&there).to_hex()))
    }

    /// Removes a folder in which no file is left, and those above it that are empty then.
    fn remove_hollow(&self, group: &str) -> io::Result<()> {
        let folder = self.dir.join(group);
        if folder.is_dir() {
            fs::remove_dir_all(&folder)?;
        }
        let mut above: Option<PathBuf> = folder.parent().map(Path::to_owned);
        while let Some(folder) = above.filter(|folder| folder != self.dir) {
            if fs::remove_dir(&folder).is_err() {
                break;
            }
            above = folder.parent().map(Path::to_owned);
        }
        Ok(())
    }
}

/// How many files, links and the like are below a folder; what is none counts as itself.
fn files_below(path: &Path) -> io::Result<usize> {
    let Ok(about) = fs::symlink_metadata(path) else {
        return Ok(0);
    };
    if !about.is_dir() {
        return Ok(1);
    }
    let mut count = 0;
    for entry in fs::read_dir(path)? {
        count += files_below(&entry?.path())?;
    }
    Ok(count)
}
