//! The state of unfinished trainings, by key: one file each, with its own digest in front, so
//! that a half-written one is none.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::Digest;
use super::StoreError;
use super::files::Files;

const LENGTH: usize = 32;

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

/// Copies a folder with all that is in it.
pub(super) fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_tree(&from, &to)?;
        } else if kind.is_symlink() {
            #[cfg(unix)]
            std::os::unix::fs::symlink(fs::read_link(&from)?, &to)?;
        } else if kind.is_file() {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}
