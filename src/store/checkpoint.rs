//! The state of unfinished trainings, by key: one file each, with its own digest in front, so
//! that a half-written one is none.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::Digest;
use super::StoreError;
use super::files::Files;
use super::folder;
use super::removal::remove_tree;

const LENGTH: usize = 32;

/// How the name of a folder ends that is being copied.
pub(super) const UNFINISHED: &str = ".d.new";

pub(super) fn path(folder: &Path, key: Digest) -> PathBuf {
    folder.join(key.to_hex())
}

/// Where a program keeps the state of an unfinished key, in files of its own.
pub(super) fn folder_path(folder: &Path, key: Digest) -> PathBuf {
    folder.join(format!("{}.d", key.to_hex()))
}

/// The newest state that was kept whole.
pub(super) fn load(folder: &Path, key: Digest) -> Result<Option<Vec<u8>>, StoreError> {
    let path = path(folder, key);
    let mut bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io("read", &path, error)),
    };
    let whole = bytes
        .split_at_checked(LENGTH)
        .is_some_and(|(digest, state)| Digest::of(state).as_bytes() == digest);
    Ok(whole.then(|| bytes.split_off(LENGTH)))
}

pub(super) fn save(
    files: &dyn Files,
    folder: &Path,
    temporary: &Path,
    key: Digest,
    state: &[u8],
) -> Result<(), StoreError> {
    let mut bytes = Vec::with_capacity(LENGTH + state.len());
    bytes.extend_from_slice(Digest::of(state).as_bytes());
    bytes.extend_from_slice(state);
    let path = path(folder, key);
    files
        .write(temporary, &bytes)
        // The old state must not go before the new one is safe.
        .and_then(|()| files.sync(folder, &[temporary]))
        .and_then(|()| files.rename(temporary, &path))
        .map_err(|error| {
            let _ = files.remove(temporary);
            StoreError::io("write", &path, error)
        })
}

/// A step with a part of a budget: where one with all of it finds what this one leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartOf {
    /// The key with the whole budget.
    pub whole: Digest,
    pub amount: u64,
}

/// In a folder that a step has left to those with more of its budget: how much it had. Without it the
/// folder belongs to the step with all of it, which may be further than anybody else.
const PART: &str = ".part-of-budget";

/// Begins a folder with what a step with less than `amount` has left, if one has.
pub(super) fn begin_with(path: &Path, left: &Path, amount: u64) -> io::Result<()> {
    let part = match fs::read_to_string(left.join(PART)) {
        Ok(part) => part.trim().parse::<u64>().ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if part.is_none_or(|part| part >= amount) {
        return Ok(());
    }
    // Half a copy is no state.
    let begun = path.with_extension("d.new");
    if begun.exists() {
        remove_tree(&begun)?;
    }
    copy_tree(left, &begun)?;
    own(&begun)?;
    fs::rename(&begun, path)
}

/// Makes what was left in a folder one's own.
pub(super) fn own(path: &Path) -> io::Result<()> {
    match fs::remove_file(path.join(PART)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether a folder was left to those with more budget, none of which has all of it.
pub(super) fn is_part(left: &Path) -> bool {
    left.join(PART).exists()
}

/// Leaves a folder to those with more than `amount`, unless the step with all of it has begun.
pub(super) fn leave(folder: &Path, left: &Path, amount: u64) -> io::Result<()> {
    if left.exists() {
        if !is_part(left) {
            return Ok(());
        }
        remove_tree(left)?;
    }
    fs::write(folder.join(PART), amount.to_string())?;
    fs::rename(folder, left)
}

/// Copies a folder with all that is in it.
pub(super) fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    let mut pending = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = pending.pop() {
        folder::folder(&to, false)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let (from, to) = (entry.path(), to.join(entry.file_name()));
            let kind = entry.file_type()?;
            if kind.is_dir() {
                pending.push((from, to));
            } else if kind.is_symlink() {
                #[cfg(unix)]
                std::os::unix::fs::symlink(fs::read_link(&from)?, &to)?;
            } else if kind.is_file() {
                fs::copy(&from, &to)?;
            }
        }
    }
    Ok(())
}
