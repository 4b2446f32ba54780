//! Files and folders of programs, by their names and sizes.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Endings of files that are programs.
const SOURCES: [&str; 14] = [
    "R", "bash", "c", "cpp", "go", "ipynb", "jl", "js", "py", "r", "rs", "scala", "sh", "sql",
];

/// Larger files are no code, and are not looked into.
pub(super) const LARGE: u64 = 1 << 20;

/// A folder with more files is no code.
const MANY: usize = 500;

/// So many files of a folder are looked at, to see whether programs are among them.
pub(super) const LOOKED_AT: usize = 20_000;

/// Whether a file is a program by its name.
pub(crate) fn is_source(path: &str) -> bool {
    let ending = path
        .rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('.'));
    ending.is_some_and(|(_, ending)| SOURCES.contains(&ending))
}

/// Whether a folder of the project holds programs.
pub(crate) fn has_sources(folder: &Path) -> bool {
    let mut all = files_in(folder).take(LOOKED_AT);
    all.any(|path| is_source(&path.to_string_lossy()))
}

/// Whether a folder is no larger than code is: so many files, none of them large.
pub(crate) fn is_small(folder: &Path) -> bool {
    let mut all = files_in(folder).take(MANY + 1).enumerate();
    all.all(|(number, path)| {
        number < MANY && !fs::metadata(path).is_ok_and(|about| about.len() > LARGE)
    })
}

/// The files in a folder and the folders in it. Links to folders are passed over: one may lead to its own.
pub(super) fn files_in(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let mut folders = vec![folder.to_owned()];
    let mut files = Vec::new();
    std::iter::from_fn(move || {
        while files.is_empty() {
            let entries = fs::read_dir(folders.pop()?).into_iter().flatten().flatten();
            for entry in entries.take(LOOKED_AT) {
                let path = entry.path();
                match entry.file_type() {
                    Ok(ty) if ty.is_dir() => folders.push(path),
                    Ok(ty) if ty.is_symlink() && path.is_dir() => {}
                    _ => files.push(path),
                }
            }
        }
        files.pop()
    })
}

/// A path relative to a folder of the project, from the project's folder; none where it leaves the
/// project or lies on another machine.
pub(crate) fn join(folder: &str, path: &str) -> Option<String> {
    if path.starts_with(['/', '~']) || path.contains("://") {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
