//! `values.tex`: every number of the tables and claims of an experiment in one file, for `\input`.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::kept::keep;
use super::printer::Printer;
use super::stop::Stop;
use crate::store::Digest;

const FILE: &str = "values.tex";
/// How the files end that it is made of.
const PART: &str = ".values.tex";

/// Stands above the numbers, before the digest of what follows.
const MARK: &str = "% All numbers of the tables and claims beside this file, by name. ";

/// Writes the file anew from those that lie beside it; removes it where there are none. One that is not
/// as it was written is kept under another name, and the run says so.
///
/// # Errors
/// A file that cannot be read or written.
pub(super) fn after_run(view: &Path, err: &mut Printer) -> Result<(), Stop> {
    let mut parts = Vec::new();
    collect(&view.join("tables"), &mut parts)?;
    collect(view, &mut parts)?;
    let path = view.join(FILE);
    let mut numbers = String::new();
    for part in &parts {
        numbers.push_str(&fs::read_to_string(part)?);
    }
    let text = format!(
        "{MARK}{}\n{numbers}",
        Digest::of(numbers.as_bytes()).to_hex()
    );
    let there = fs::symlink_metadata(&path).is_ok();
    if !parts.is_empty() && fs::read_to_string(&path).is_ok_and(|known| known == text) {
        return Ok(());
    }
    if there && !is_written(&path) {
        keep(&path, err)?;
    } else if there && parts.is_empty() {
        fs::remove_file(&path)?;
    }
    if !parts.is_empty() {
        let new = view.join(format!(".new-{FILE}"));
        fs::write(&new, text)?;
        fs::rename(&new, path)?;
    }
    Ok(())
}

/// Whether the file is as a run wrote it, this one or one before there was a digest.
fn is_written(path: &Path) -> bool {
    let Ok(text) = fs::read_to_string(path) else {
        return false;
    };
    let Some((first, numbers)) = text.split_once('\n') else {
        return false;
    };
    match first.strip_prefix(MARK) {
        Some(digest) => digest == Digest::of(numbers.as_bytes()).to_hex(),
        None => first == MARK.trim_end(),
    }
}

/// The parts in a folder, by name.
fn collect(folder: &Path, parts: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths.collect::<io::Result<_>>()?;
    paths.retain(|path| path.to_string_lossy().ends_with(PART) && path.is_file());
    paths.sort();
    parts.extend(paths);
    Ok(())
}
