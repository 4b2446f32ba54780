//! What was written through links of a view into the store, and lies aside there since their objects were put right:
//! by this run, or by whoever fetched, restored or collected before.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::View;
use super::aside;
use super::memory;
use super::memory::Files;
use crate::store::Object;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::names;

/// Puts what lies aside in the store, as it stood in the place of an object, beside a path of the view. Answers under
/// which names.
fn keep_damaged(
    object: &Object,
    path: &Path,
    store: &Store,
    run: &str,
) -> io::Result<Vec<PathBuf>> {
    let mut kept = Vec::new();
    while let Some(damaged) = store.take_damaged(object) {
        let aside = aside::name(path, run);
        if fs::rename(&damaged, &aside).is_err() {
            fs::copy(&damaged, &aside)?;
            let _ = fs::remove_file(&damaged);
        }
        kept.push(aside);
    }
    Ok(kept)
}

/// The same of all files of a view. What cannot be put there stays in the store.
///
/// # Errors
/// The first that could not be put there.
pub(super) fn keep_all_damaged(
    folder: &Path,
    files: &Files,
    store: &Store,
    run: &str,
) -> (Vec<(PathBuf, PathBuf)>, io::Result<()>) {
    let (mut kept, mut ends) = (Vec::new(), Ok(()));
    if !store.has_any_damaged() {
        return (kept, ends);
    }
    for (inside, own) in files {
        let Some(object) = own.object.filter(|object| store.has_damaged(object)) else {
            continue;
        };
        let inside = PathBuf::from(names::name_of(inside));
        let above = inside.parent().unwrap_or(&inside);
        // Behind a link are somebody else's files.
        if memory::in_the_way(folder, above).is_some() {
            continue;
        }
        let path = folder.join(&inside);
        let made = fs::create_dir_all(folder.join(above));
        match made.and_then(|()| keep_damaged(&object, &path, store, run)) {
            Ok(all) => kept.extend(all.into_iter().map(|aside| (path.clone(), aside))),
            Err(error) => ends = ends.and(Err(error)),
        }
    }
    (kept, ends)
}

/// Puts what was written through the links of a view, and lies aside in the store since their objects were put right,
/// beside the links. Answers what, and where it is now; `by` is in the names.
///
/// # Errors
/// Where something could not be put there: it stays in the store.
pub fn keep_edits(folder: &Path, store: &Store, by: &str) -> io::Result<Vec<(PathBuf, PathBuf)>> {
    if !store.has_any_damaged() || !memory::shows(folder, store) {
        return Ok(Vec::new());
    }
    let files = memory::files(folder).unwrap_or_default();
    let (kept, ends) = keep_all_damaged(folder, &files, store, by);
    match kept.is_empty() {
        true => ends.map(|()| kept),
        // What was put there is told; the rest is tried again.
        false => Ok(kept),
    }
}

impl View<'_> {
    /// What was written through a link lay in the store until the result was put right.
    pub(super) fn damaged_aside(&mut self, full: &Path, object: &Object) -> io::Result<()> {
        if self.store.has_damaged(object) {
            self.clear_way(full)?;
            for aside in keep_damaged(object, full, self.store, self.run)? {
                self.tell_kept(full, &aside);
            }
        }
        Ok(())
    }

    /// The same of all that is shown, also where nothing else was done to it.
    pub(super) fn all_damaged_aside(&mut self) {
        if !self.store.has_any_damaged() {
            return;
        }
        let (folder, store, run) = (self.folder, self.store, self.run);
        let (kept, ends) = keep_all_damaged(folder, self.files(), store, run);
        for (path, aside) in &kept {
            self.tell_kept(path, aside);
        }
        if let Err(error) = ends {
            let failed = StoreError::io("write", folder, error);
            self.failed.get_or_insert(failed);
        }
    }

    /// Whether something lies aside in the store that was written through a link of this view.
    pub(super) fn is_edited(&self) -> bool {
        self.store.has_any_damaged()
            && memory::files(self.folder).is_some_and(|files| {
                let mut objects = files.values().filter_map(|own| own.object);
                objects.any(|object| self.store.has_damaged(&object))
            })
    }
}
