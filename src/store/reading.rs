//! Digests of files, with an eye on edits while they are read.

use std::fs;
use std::fs::File;
use std::path::Path;

use super::Digest;
use super::StoreError;
use super::files::Stat;

/// How often a file that changes while it is read is tried.
const ATTEMPTS: u32 = 3;

/// The digest of a file's content and the stat it had all the while.
pub(super) fn digest_of_file(path: &Path) -> Result<(Digest, Stat), StoreError> {
    let failed = |error| StoreError::io("read", path, error);
    for _ in 0..ATTEMPTS {
        let file = File::open(path).map_err(failed)?;
        let before = file.metadata().map_err(failed)?;
        if before.is_dir() {
            return Err(failed(std::io::ErrorKind::IsADirectory.into()));
        }
        let before = Stat::of(&before);
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(&file).map_err(failed)?;
        // By path again: the file may have been replaced as well as rewritten.
        let after = Stat::of(&fs::metadata(path).map_err(failed)?);
        if before == after && hasher.count() == before.size {
            let digest = Digest::from_bytes(*hasher.finalize().as_bytes());
            return Ok((digest, before));
        }
    }
    Err(StoreError::Changed {
        path: path.to_owned(),
    })
}
