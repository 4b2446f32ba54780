//! `values.tex`: every number of the tables and claims of an experiment in one file, for `\input`.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

const FILE: &str = "values.tex";
/// How the files end that it is made of.
const PART: &str = ".values.tex";

/// Writes the file anew from those that lie beside it; removes it where there are none.
///
/// # Errors
/// A file that cannot be read or written.
pub(super) fn after_run(view: &Path) -> io::Result<()> {
    let mut parts = Vec::new();
    collect(&view.join("tables"), &mut parts)?;
    collect(view, &mut parts)?;
    let path = view.join(FILE);
    if parts.is_empty() {
        return match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    }
    let mut text = "% All numbers of the tables and claims beside this file, by name.\n".to_owned();
    for part in parts {
        text.push_str(&fs::read_to_string(part)?);
    }
    if fs::read_to_string(&path).is_ok_and(|known| known == text) {
        return Ok(());
    }
    let new = view.join(format!(".new-{FILE}"));
    fs::write(&new, text)?;
    fs::rename(&new, path)
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
