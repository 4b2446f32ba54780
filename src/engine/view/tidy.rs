//! What of a view is of no use once results have left the store.

use std::collections::BTreeSet;
use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::aside;
use super::edits;
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

/// Removes the links of a view whose objects are gone, with links within folders of results that are of the same step,
/// and with `all` every file that stands as it was shown; then the folders that are empty. With nothing of it left, what
/// verbs write beside it goes, too: files of these names, `beside`. What is anybody else's stays, and what somebody
/// wrote through a link, also one that stays, is kept beside it. A view of another store is left as it is.
///
/// # Errors
/// Where something cannot be removed, or the view not write what it remembers.
pub fn tidy_view(folder: &Path, store: &Store, all: bool, beside: &[&str]) -> io::Result<Tidied> {
    let mut tidied = Tidied::default();
    let (Some(shown), Some(files)) = (memory::shown(folder), memory::files(folder)) else {
        return Ok(tidied);
    };
    let unused = files.is_empty() && shown.objects.is_empty();
    if !unused && !memory::shows(folder, store) {
        return Ok(tidied);
    }
    let (edits, ends) = edits::keep_all_damaged(folder, &files, store, COLLECTED);
    tidied.kept = edits;
    ends?;
    let into_this = |path: &Path| {
        let target = fs::read_link(path);
        target.is_ok_and(|target| memory::leads_into_this(path, &target, store))
    };
    // A link within a folder may lead nowhere by itself, as its step left it.
    let lost = files.iter().filter(|(name, file)| {
        let path = folder.join(names::name_of(name));
        file.object.is_some() && into_this(&path) && !path.exists()
    });
    let lost: HashSet<String> = lost.map(|(_, file)| file.step.clone()).collect();
    let mut kept = Files::new();
    let mut folders = BTreeSet::new();
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
        let (into, inside) = (into_this(&path), file.link.as_ref().is_some_and(leads));
        let is_copy = || file.object.is_some() && file.is_at(&path);
        let is_lost = !path.exists() && (into || inside && lost.contains(&file.step));
        if is_lost || all && (into || inside || is_copy()) {
            let aside = aside::keep_edit(&path, store, COLLECTED)?;
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
    remove_unfinished(folder, &folders);
    let empty = all && kept.is_empty();
    if tidied.removed == 0 && !empty {
        return Ok(tidied);
    }
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

/// Removes what a run was about to put into these folders of a view, or into those of copies, when it was killed.
fn remove_unfinished(view: &Path, folders: &BTreeSet<PathBuf>) {
    let copies = ["figures", "tables"].map(|name| view.join(name));
    for folder in folders.iter().chain(&copies) {
        let inside = folder.strip_prefix(view).unwrap_or(folder);
        if memory::in_the_way(view, inside).is_some() {
            continue;
        }
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let run = name.to_str().and_then(|name| name.strip_prefix(super::NEW));
            // Whose name says more is somebody's own.
            if run.is_some_and(is_a_run) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Whether a text is the name of a run, as `20260730-142530-2`.
fn is_a_run(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let are_numbers = parts.iter().all(|part| part.parse::<u32>().is_ok());
    let is_time = |date: &str, time: &str| date.len() == 8 && time.len() == 6;
    are_numbers
        && match parts[..] {
            [date, time] | [date, time, _] => is_time(date, time),
            _ => false,
        }
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
