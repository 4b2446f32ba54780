//! The file operations of the store behind one trait, so that tests can let any of them fail.

use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use serde::Deserialize;
use serde::Serialize;

use super::reading::GoOn;
use super::reading::copy_file;

/// What the store asks of a file system.
pub trait Files: Send + Sync {
    /// Writes a new, read-only file.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Copies into a new file, as [`copy_file`] does.
    fn copy(&self, from: &Path, to: &Path, go_on: GoOn<'_>) -> io::Result<()>;
    /// Makes a file read-only, and executable or not.
    fn seal(&self, path: &Path, executable: bool) -> io::Result<()>;
    /// Moves a file over another within one file system.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes written files durable.
    fn sync(&self, folder: &Path, paths: &[&Path]) -> io::Result<()>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    fn stat(&self, path: &Path) -> io::Result<Stat>;
}

/// File systems stamp changes with a clock that ticks this often at least: of two changes within a tick, the
/// second may leave no trace.
pub const TICK: Duration = Duration::from_millis(10);

/// What tells an untouched file from a changed one without reading it. Times in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stat {
    pub size: u64,
    pub device: u64,
    pub inode: u64,
    /// Of the content.
    pub modified: i64,
    /// Of the content, the name or the permissions.
    pub changed: i64,
}

impl Stat {
    /// Whether both are of one untouched file. Device numbers may differ: they are not the same
    /// after every mount.
    pub(super) fn same_file(&self, other: &Stat) -> bool {
        Stat {
            device: other.device,
            ..*self
        } == *other
    }

    /// Whether the last change was just now, so that another one may leave the same stat.
    pub fn is_recent(&self) -> bool {
        let changed = Duration::from_nanos(u64::try_from(self.changed).unwrap_or(0));
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.unwrap_or_default().saturating_sub(changed) <= TICK
    }

    /// What a file system says of a file.
    #[cfg(unix)]
    pub fn of(metadata: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let nanoseconds =
            |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        Stat {
            size: metadata.size(),
            device: metadata.dev(),
            inode: metadata.ino(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// What a file system says of a file.
    #[cfg(not(unix))]
    pub fn of(metadata: &fs::Metadata) -> Self {
        let modified = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map_or(0, |since| since.as_nanos() as i64);
        Stat {
            size: metadata.len(),
            device: 0,
            inode: 0,
            modified,
            changed: modified,
        }
    }
}

/// The permissions of an object: whoever may read it may execute it, or nobody.
#[cfg(unix)]
fn sealed(mode: u32, executable: bool) -> u32 {
    let readable = mode & 0o444 | 0o400;
    match executable {
        true => readable | readable >> 2,
        false => readable,
    }
}

/// Whether a file may be executed by its owner.
#[cfg(unix)]
pub fn is_executable(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(metadata) & 0o100 != 0
}

/// Whether a file may be executed by its owner.
#[cfg(not(unix))]
pub fn is_executable(_: &fs::Metadata) -> bool {
    false
}

/// Whether other names lead to the same file: then it is not ours alone.
#[cfg(unix)]
pub(super) fn has_other_names(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(metadata) > 1
}

#[cfg(not(unix))]
pub(super) fn has_other_names(_: &fs::Metadata) -> bool {
    false
}

/// The real file system.
pub struct Disk;

/// Above this many files one sync of the whole file system is cheaper than one of each.
#[cfg(target_os = "linux")]
const MANY: usize = 16;

impl Files for Disk {
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o444);
        options.open(path)?.write_all(bytes)
    }

    fn copy(&self, from: &Path, to: &Path, go_on: GoOn<'_>) -> io::Result<()> {
        copy_file(from, to, go_on)
    }

    fn seal(&self, path: &Path, executable: bool) -> io::Result<()> {
        let mut permissions = fs::metadata(path)?.permissions();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            permissions.set_mode(sealed(permissions.mode(), executable));
        }
        permissions.set_readonly(true);
        fs::set_permissions(path, permissions)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync(&self, folder: &Path, paths: &[&Path]) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if paths.len() > MANY {
            return Ok(rustix::fs::syncfs(fs::File::open(folder)?)?);
        }
        let mut folders = std::collections::BTreeSet::new();
        for path in paths {
            fs::File::open(path)?.sync_data()?;
            folders.extend(path.parent());
        }
        // A new name lives in its folder, which on Unix is synced like a file.
        if cfg!(unix) {
            folders.insert(folder);
            for folder in folders {
                fs::File::open(folder)?.sync_all()?;
            }
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        fs::metadata(path).map(|metadata| Stat::of(&metadata))
    }
}
