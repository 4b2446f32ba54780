//! What stood in the place of objects that were put right or removed: somebody may have written it there, and then it
//! is the only copy.
//!
//! It lies aside in the store until a folder of results shows it. Whoever put the object right may die before, so what
//! there is, is read when the store is opened; nothing but the one who takes it lets go of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

use super::Object;
use super::Store;
use super::files::Files;
use super::objects::entries;
use super::objects::in_folder;
use super::objects::lock;

/// What stands at the end of a name that another one had before.
const FURTHER: char = '+';

pub(super) struct Damaged {
    folder: PathBuf,
    files: Arc<dyn Files>,
    /// What lies there, by its name.
    names: Mutex<BTreeSet<String>>,
}

impl Damaged {
    pub(super) fn in_folder(folder: PathBuf, files: Arc<dyn Files>) -> Self {
        let there = entries(&folder).unwrap_or_default().into_iter();
        let names = there.filter_map(|entry| entry.file_name().into_string().ok());
        Damaged {
            names: Mutex::new(names.collect()),
            folder,
            files,
        }
    }

    /// Moves what stands in the place of an object aside, if there is anything.
    pub(super) fn keep(&self, object: &Path) {
        let Some(mut name) = name(object).filter(|_| self.files.stat(object).is_ok()) else {
            return;
        };
        let mut names = lock(&self.names);
        // What was written there before it was put right the last time is another edit.
        while names.contains(&name) {
            name.push(FURTHER);
        }
        let kept = self.folder.join(&name);
        if in_folder(&kept, || self.files.rename(object, &kept)).is_ok() {
            names.insert(name);
        }
    }

    /// Where something lies that stood in the place of an object.
    fn of(&self, object: &Path) -> Option<PathBuf> {
        let wanted = name(object)?;
        let names = lock(&self.names);
        let mut of = names
            .range(wanted.clone()..)
            .take_while(|name| name.starts_with(&wanted))
            .filter(|name| name.trim_end_matches(FURTHER) == wanted)
            .map(|name| self.folder.join(name));
        of.find(|path| fs::symlink_metadata(path).is_ok())
    }

    fn take(&self, object: &Path) -> Option<PathBuf> {
        let path = self.of(object)?;
        lock(&self.names).remove(&name(&path)?);
        Some(path)
    }

    fn is_empty(&self) -> bool {
        lock(&self.names).is_empty()
    }
}

fn name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_str()?.to_owned())
}

impl Store {
    /// Whether anything lies aside that stood in the place of an object.
    pub fn has_any_damaged(&self) -> bool {
        !self.objects.damaged.is_empty()
    }

    /// Whether that is so of one object.
    pub fn has_damaged(&self, object: &Object) -> bool {
        self.has_any_damaged() && self.objects.damaged.of(&self.path(object)).is_some()
    }

    /// Where the content is that was in the place of an object before it was put right, or removed; it is the caller's
    /// from now on. There may be more of it.
    pub fn take_damaged(&self, object: &Object) -> Option<PathBuf> {
        match self.has_any_damaged() {
            true => self.objects.damaged.take(&self.path(object)),
            false => None,
        }
    }

    /// All that lies aside, in the order of the names.
    pub fn damaged(&self) -> Vec<PathBuf> {
        let Damaged { folder, names, .. } = &self.objects.damaged;
        let paths = lock(names);
        let paths = paths.iter().map(|name| folder.join(name));
        paths
            .filter(|path| fs::symlink_metadata(path).is_ok())
            .collect()
    }
}
