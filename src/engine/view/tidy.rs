//! What of a view is of no use once results have left the store.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::aside;
use super::memory;
use super::memory::Files;
use crate::store::Store;
use crate::store::names;

/// What a clean-up calls itself where a run would have a name.
const COLLECTED: &str = "gc";

/// What became of a view.
#[derive(Debug, Default)]
pub struct Tidied {
    /// How many files went.
    pub removed: usize,
    /// What somebody wrote, with where it is now.
    pub kept: Vec<(PathBuf, PathBuf)>,
}

/// Removes the links of a view whose objects are gone, and with `all` every file that stands as it was
/// shown; then the folders that are empty. With nothing of it left, what verbs write beside it goes, too: files of these
/// names, `beside`. What is anybody else's stays, and what somebody wrote through such a link is kept beside it.
///
/// # Errors
/// Where something cannot be removed, or the view not write what it remembers.
pub fn tidy_view(folder: &Path, store: &Store, all: bool, beside: &[&str]) -> io::Result<Tidied> {
    let mut tidied = Tidied::default();
    let (Some(shown), Some(files)) = (memory::shown(folder), memory::files(folder)) else {
        return Ok(tidied);
    };
    let mut kept = Files::new();
    let mut folders = Vec::new();
    for (name, file) in files {
        let inside = PathBuf::from(names::name_of(&name));
        let path = folder.join(&inside);
        let above = inside.parent().unwrap_or(folder);
        // Behind a link are somebody else's files.
        if memory::in_the_way(folder, above).is_some() {
            kept.insert(name, file);
            continue;
        }
        let leads = |target: &String| memory::is_link_to(&path, target);
        let is_link = memory::leads_into(&path, store) || file.link.as_ref().is_some_and(leads);
        let is_copy = || file.object.is_some() && file.is_at(&path);
        let goes = is_link && !path.exists() || all && (is_link || is_copy());
        if goes {
            let damaged = file.object.and_then(|object| store.take_damaged(&object));
            let aside = match damaged {
                Some(damaged) => Some(aside::keep_damaged(&damaged, &path, COLLECTED)?),
                None => aside::keep_edit(&path, store, COLLECTED)?,
            };
            fs::remove_file(&path)?;
            tidied.kept.extend(aside.map(|aside| (path.clone(), aside)));
            tidied.removed += 1;
        } else {
            kept.insert(name.clone(), file);
        }
        folders.extend(
            path.ancestors()
                .skip(1)
                .take_while(|above| *above != folder)
                .map(Path::to_owned),
        );
    }
    let gone = |name: &String| fs::symlink_metadata(folder.join(names::name_of(name))).is_err();
    kept.retain(|name, _| !gone(name));
    let empty = all && kept.is_empty();
    if tidied.removed == 0 && !empty {
        return Ok(tidied);
    }
    folders.sort();
    folders.dedup();
    // The innermost first; those with anything in them stay.
    for empty in folders.iter().rev() {
        let _ = fs::remove_dir(empty);
    }
    if empty && let Some(others) = nothing_else(folder, beside) {
        for other in &others {
            fs::remove_file(other)?;
        }
        fs::remove_file(folder.join(memory::MEMORY))?;
        let _ = fs::remove_dir(folder);
        tidied.removed += others.len();
        return Ok(tidied);
    }
    if tidied.removed == 0 {
        return Ok(tidied);
    }
    // The next run looks at everything again.
    let shown = memory::ViewSummary {
        results: String::new(),
        copies: Vec::new(),
        linked: 0,
        ..shown
    };
    memory::save(folder, &shown, &[], &kept)?;
    Ok(tidied)
}

/// The files of these names, where nothing else lies beside the memory.
fn nothing_else(folder: &Path, names: &[&str]) -> Option<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name() == memory::MEMORY {
            continue;
        }
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        let named = names.iter().any(|name| entry.file_name() == *name);
        if !is_file || !named {
            return None;
        }
        files.push(entry.path());
    }
    Some(files)
}
