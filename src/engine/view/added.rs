//! What lies among the cells of a view that no run put there: somebody's notes, files within a folder of results,
//! a folder of a cell's name. Runs leave it, but who reads a cell by its folder finds it there.

use std::collections::BTreeSet;
use std::fs;
use std::fs::DirEntry;
use std::path::Path;

use rayon::prelude::*;

use super::memory;
use super::memory::Files;
use crate::store::Store;
use crate::store::names;

const CELLS: &str = "cells";

/// A folder with so much in it and no link into the store among that is none that a run made: nobody waits
/// until all of a data set was looked at.
const ENOUGH: usize = 1_000;

/// The cells of a view as they are found.
struct Cells<'a> {
    view: &'a Path,
    files: &'a Files,
    /// The folders that these are in, and the empty ones.
    folders: BTreeSet<&'a str>,
    store: &'a Store,
    settled: bool,
}

/// What is below the cells of a view and was not put there, by path below the view; a folder of which nothing was
/// is one. What a run has shown of which nothing is remembered yet is known by where its links lead; unless that is
/// `settled`, other links and empty folders may be of such a run.
pub(super) fn added(view: &Path, files: &Files, store: &Store, settled: bool) -> Vec<String> {
    let mut folders = BTreeSet::from([CELLS]);
    for (path, own) in files.range(format!("{CELLS}/")..format!("{CELLS}0")) {
        if own.object.is_none() && own.link.is_none() {
            folders.insert(path);
        }
        let mut inside = path.as_str();
        while let Some((above, _)) = inside.rsplit_once('/') {
            if !folders.insert(above) {
                break;
            }
            inside = above;
        }
    }
    if fs::symlink_metadata(view.join(CELLS)).is_ok_and(|about| !about.is_dir()) {
        return vec![CELLS.to_owned()];
    }
    let cells = Cells {
        view,
        files,
        folders,
        store,
        settled,
    };
    let folders: Vec<&str> = cells.folders.iter().copied().collect();
    let found = folders
        .into_par_iter()
        .flat_map_iter(|one| cells.in_folder(one));
    let mut found: Vec<String> = found.collect();
    found.sort_unstable();
    found
}

impl Cells<'_> {
    /// What was added to a folder that the view has.
    fn in_folder(&self, folder: &str) -> Vec<String> {
        let full = self.view.join(names::name_of(folder));
        let inside = full.strip_prefix(self.view).unwrap_or(&full);
        // Behind a link are somebody else's files; the link itself is found in the folder that it is in.
        if memory::in_the_way(self.view, inside).is_some() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (name, entry) in entries(&full) {
            let path = format!("{folder}/{name}");
            let is_folder = is_folder(&entry);
            if self.files.contains_key(&path) || is_folder && self.folders.contains(&*path) {
                continue;
            }
            match is_folder {
                true => self.unknown(path, &mut found),
                false if self.may_be_ours(&entry) => {}
                false => found.push(path),
            }
        }
        found
    }

    /// What was added to a folder of which nothing is remembered, or that all of it was.
    fn unknown(&self, folder: String, found: &mut Vec<String>) {
        let (mut files, mut seen) = (Vec::new(), 0);
        let mut ours = false;
        let mut pending = vec![folder.clone()];
        while let Some(inside) = pending.pop() {
            for (name, entry) in entries(&self.view.join(names::name_of(&inside))) {
                let path = format!("{inside}/{name}");
                seen += 1;
                if is_folder(&entry) {
                    pending.push(path);
                } else if memory::leads_into(&entry.path(), self.store) {
                    ours = true;
                } else if !entry.path().is_symlink() {
                    // Links within a folder of results lead to other places in it.
                    files.push(path);
                }
            }
            if !ours && seen > ENOUGH {
                break;
            }
        }
        if ours {
            found.append(&mut files);
        } else if self.settled || !files.is_empty() {
            found.push(folder + "/");
        }
    }

    /// Whether something may be what a run has just put there.
    fn may_be_ours(&self, entry: &DirEntry) -> bool {
        let path = entry.path();
        path.is_symlink() && (!self.settled || memory::leads_into(&path, self.store))
    }
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> Vec<(String, DirEntry)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| (names::text_of(&entry.file_name()), entry))
        .collect()
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_dir())
}
