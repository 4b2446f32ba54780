//! What is in a view that is not the results: files that were changed, and those that were added.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rayon::prelude::*;

use crate::plan::Step;
use crate::store::Presence;
use crate::store::StepResult;
use crate::store::Store;
use crate::store::names;

use super::added;
use super::aside;
use super::memory;
use super::memory::ViewFile;
use super::places::Place;
use super::places::places;

/// What is found in a view that is not what was shown there, by path below its folder.
pub struct Disturbed {
    /// What stands in the place of a result, and what became of that. What is not there at all is none of them.
    pub changed: Vec<(String, &'static str)>,
    /// What lies among the cells, and why.
    pub added: Vec<(String, &'static str)>,
}

/// What is in the view in a folder that is neither what was shown there nor what belongs there by `results`, as a run that
/// was killed left it. Reads only what does not look untouched. Where a run goes on things are not `settled`: it has
/// shown what is not yet remembered.
pub fn disturbed<'r>(
    folder: &Path,
    store: &Store,
    settled: bool,
    results: impl IntoIterator<Item = (&'r Step, &'r StepResult)>,
) -> Disturbed {
    let files = memory::files(folder).unwrap_or_default();
    let added = added::added(folder, &files, store, settled).into_iter();
    let added = added.map(|path| (names::shown(&path), why(&path)));
    let added = added.collect();
    let files: Vec<(String, ViewFile)> = files.into_iter().collect();
    let changed = files.into_par_iter().filter_map(|(path, own)| {
        let full = folder.join(names::name_of(&path));
        let how = how(&full, &own, store)?;
        let of_the_run = !settled && full.is_symlink() && memory::leads_into(&full, store);
        (!of_the_run).then_some((path, how))
    });
    let mut changed: BTreeMap<String, &'static str> = changed.collect();
    if !changed.is_empty() {
        for (step, result) in results {
            for place in places(step, result) {
                if changed.contains_key(&place.path) && is_there(folder, &place, store) {
                    changed.remove(&place.path);
                }
            }
        }
    }
    let changed = changed.into_iter();
    Disturbed {
        changed: changed
            .map(|(path, how)| (names::shown(&path), how))
            .collect(),
        added,
    }
}

/// Whether the result lies at its place, remembered or not.
fn is_there(folder: &Path, place: &Place, store: &Store) -> bool {
    let path = folder.join(names::name_of(&place.path));
    place.what.object().is_some_and(|object| {
        memory::leads_to(&path, &object, store)
            || !path.is_symlink() && memory::holds(&path, object.digest)
    })
}

/// Which files of a view show another result than its step has now: as after an edit that was taken back, where nothing
/// is to be run. By path below its folder.
pub fn outdated<'r>(
    folder: &Path,
    store: &Store,
    results: impl IntoIterator<Item = (&'r Step, &'r StepResult)>,
) -> Vec<String> {
    let shown = memory::files(folder).unwrap_or_default();
    if shown.is_empty() {
        return Vec::new();
    }
    let mut outdated = Vec::new();
    for (step, result) in results {
        for place in places(step, result) {
            let other = |own: &ViewFile| own.content != place.what.content();
            if shown.get(&place.path).is_some_and(other) && !is_there(folder, &place, store) {
                outdated.push(names::shown(&place.path));
            }
        }
    }
    outdated
}

fn why(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.contains(aside::KEPT) {
        true => "a run kept it aside",
        false => "no run put it there",
    }
}

fn how(path: &Path, own: &ViewFile, store: &Store) -> Option<&'static str> {
    let about = fs::symlink_metadata(path).ok()?;
    let Some(object) = &own.object else {
        // An empty folder may have been put to use.
        return match own.link.is_none() || own.stands(path, store) {
            true => None,
            false => Some("another file is in its place"),
        };
    };
    if about.is_dir() {
        return Some("a folder is in its place");
    }
    if about.is_symlink() {
        return match (own.copied, memory::leads_to(path, object, store)) {
            (true, _) => Some("a link is in its place"),
            (false, false) => Some("the link leads elsewhere"),
            (false, true) => match store.presence(object) {
                Presence::Damaged => Some("it was written to"),
                Presence::Intact | Presence::Missing => None,
            },
        };
    }
    match own.is_untouched(path) || memory::holds(path, object.digest) {
        true => None,
        false if own.copied => Some("it was changed"),
        false => Some("another file is in its place"),
    }
}
