//! Files of a view that are not the results any more.

use std::fs;
use std::path::Path;

use rayon::prelude::*;

use crate::store::Presence;
use crate::store::Store;
use crate::store::names;

use super::memory;
use super::memory::ViewFile;

/// The files of the view in a folder that are not what was shown there, by path below it, and what
/// became of them. What is not there at all is none of them. Reads only what does not look
/// untouched.
pub fn disturbed(folder: &Path, store: &Store) -> Vec<(String, &'static str)> {
    let files = memory::files(folder).unwrap_or_default();
    let files: Vec<(String, ViewFile)> = files.into_iter().collect();
    let found = files.into_par_iter().filter_map(|(path, own)| {
        let how = how(&folder.join(names::name_of(&path)), &own, store)?;
        Some((names::shown(&path), how))
    });
    found.collect()
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
