//! Digests and copies of files, with an eye on edits while they are read, and on whoever wants an end of it.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;

use super::Digest;
use super::StoreError;
use super::files::Stat;

/// How often a file that changes while it is read is tried.
const ATTEMPTS: u32 = 3;

/// Files up to this size are read at once.
const SMALL: u64 = 64 << 10;

/// So much is read at once of a file that somebody watches.
const PIECE: usize = 1 << 20;

/// So much is copied at once.
const COPIED: u64 = 8 << 20;

/// Told how many bytes were just read; ends it where it answers false.
pub type GoOn<'g> = &'g (dyn Fn(u64) -> bool + Send + Sync);

/// The digest of a file's content and the stat it had all the while.
pub(super) fn digest_of_file(path: &Path) -> Result<(Digest, Stat), StoreError> {
    digest_watched(path, None)
}

/// The same of a file that may be large, with somebody who is told of it.
pub(super) fn digest_watched(
    path: &Path,
    go_on: Option<GoOn<'_>>,
) -> Result<(Digest, Stat), StoreError> {
    let (digest, metadata) = read_watched(path, true, go_on)?;
    Ok((digest, Stat::of(&metadata)))
}

/// Copies a file with its permissions; shares blocks where the file system can. Where it is ended early half
/// of it is there.
///
/// # Errors
/// Where something cannot be read or written, and where it was ended.
pub fn copy_file(from: &Path, to: &Path, go_on: GoOn<'_>) -> io::Result<()> {
    let from = File::open(from)?;
    let to = File::create(to)?;
    copy_open(&from, &to, go_on)
}

/// The same of files that are open.
///
/// # Errors
/// As [`copy_file`].
pub fn copy_open(from: &File, to: &File, go_on: GoOn<'_>) -> io::Result<()> {
    loop {
        // The system copies such a part itself.
        let count = io::copy(&mut from.take(COPIED), &mut &*to)?;
        if count < COPIED {
            break;
        }
        if !go_on(count) {
            return Err(stopped());
        }
    }
    to.set_permissions(from.metadata()?.permissions())
}

fn stopped() -> io::Error {
    io::Error::other("stopped before its end")
}

/// The digest of a plain file's content and what the file was all the while. Links are followed or
/// are an error.
pub(super) fn read_watched(
    path: &Path,
    follow: bool,
    go_on: Option<GoOn<'_>>,
) -> Result<(Digest, fs::Metadata), StoreError> {
    let failed = |error| StoreError::io("read", path, error);
    for _ in 0..ATTEMPTS {
        let mut options = fs::OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            use rustix::fs::OFlags;
            // Nobody may write to a pipe: waiting for that would last forever.
            let mut flags = OFlags::NONBLOCK;
            if !follow {
                flags |= OFlags::NOFOLLOW;
            }
            std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits() as i32);
        }
        let file = options.open(path).map_err(failed)?;
        let before = file.metadata().map_err(failed)?;
        if before.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        if !before.is_file() {
            return Err(failed(io::Error::other("it is no plain file")));
        }
        let (digest, length) = content(&file, before.len(), go_on).map_err(failed)?;
        // By path again: the file may have been replaced as well as rewritten.
        let after = match follow {
            true => fs::metadata(path),
            false => fs::symlink_metadata(path),
        };
        let after = after.map_err(failed)?;
        if Stat::of(&before) == Stat::of(&after) && length == before.len() {
            return Ok((digest, before));
        }
    }
    Err(StoreError::Changed {
        path: path.to_owned(),
    })
}

/// The digest and the length of what is in a file that seems to have `expected` bytes.
fn content(mut file: &File, expected: u64, go_on: Option<GoOn<'_>>) -> io::Result<(Digest, u64)> {
    if expected <= SMALL {
        let mut bytes = vec![0; expected as usize + 1];
        let mut length = 0;
        loop {
            let read = file.read(&mut bytes[length..])?;
            length += read;
            // The end, as far as it is known; whoever compares the lengths knows for sure.
            if read == 0 || length >= expected as usize {
                return Ok((Digest::of(&bytes[..length]), length as u64));
            }
        }
    }
    let mut hasher = blake3::Hasher::new();
    match go_on {
        None => {
            hasher.update_reader(file)?;
        }
        Some(go_on) => in_pieces(file, &mut hasher, go_on)?,
    }
    let digest = Digest::from_bytes(*hasher.finalize().as_bytes());
    Ok((digest, hasher.count()))
}

fn in_pieces(mut file: &File, hasher: &mut blake3::Hasher, go_on: GoOn<'_>) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                hasher.update(&piece[..count]);
                if !go_on(count as u64) {
                    return Err(stopped());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
