//! What a program leaves beside its outputs, which is named and not kept.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::laid::Laid;
use crate::engine::Job;
use crate::text::in_one_line;

/// So many undeclared files are named.
const NAMED: usize = 5;

/// Names what the program left beside its outputs.
pub(super) fn warn_of_others(job: &Job<'_>, work: &Path, laid: &Laid, taken: &HashSet<PathBuf>) {
    let mut others = Vec::new();
    if others_in(work, taken, &mut others).is_err() {
        // What cannot be read is nobody's result.
        return;
    }
    let given = |path: &PathBuf| laid.contains(path) || is_byte_code(path);
    others.retain(|path| !given(path));
    if others.is_empty() {
        return;
    }
    let mut others: Vec<String> = others
        .iter()
        .map(|file| {
            let inside = file.strip_prefix(work).unwrap_or(file);
            format!("`{}`", in_one_line(&inside.to_string_lossy()))
        })
        .collect();
    others.sort();
    let more = match others.len().checked_sub(NAMED) {
        Some(more) if more > 0 => format!(" and {more} more"),
        _ => String::new(),
    };
    others.truncate(NAMED);
    let others = others.join(", ");
    job.link
        .warn(&format!("{others}{more}: not under `out`, so not kept"));
}

/// What Python leaves beside code.
fn is_byte_code(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "pyc")
}

/// All files below a folder that are not taken; links are not followed.
fn others_in(folder: &Path, taken: &HashSet<PathBuf>, others: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            if taken.contains(&path) {
                continue;
            }
            match entry.file_type()?.is_dir() {
                true => pending.push(path),
                false => others.push(path),
            }
        }
    }
    Ok(())
}
