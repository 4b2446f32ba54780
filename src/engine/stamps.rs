//! Whether files were touched while a step read them: also one that was put back to what it was may have been
//! read in between.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;
use std::time::SystemTime;

/// File systems stamp changes with a clock that ticks this often at least: of two changes within a tick the
/// second may leave no trace.
const TICK: Duration = Duration::from_millis(10);

/// Files as they were when a step began.
pub(super) struct Stamps(Vec<(PathBuf, Option<Stamp>)>);

impl Stamps {
    /// Notes how these files are. Waits a moment where one was changed just now, so that another change shows.
    pub(super) fn of(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let paths: Vec<PathBuf> = paths.into_iter().collect();
        let now = SystemTime::now();
        let fresh = |path: &PathBuf| {
            let changed = fs::metadata(path)
                .ok()
                .and_then(|about| last_change(&about));
            changed.is_some_and(|changed| now.duration_since(changed).is_ok_and(|age| age < TICK))
        };
        if paths.iter().any(fresh) {
            thread::sleep(TICK);
        }
        let stamped = paths.into_iter().map(|path| {
            let stamp = stamp(&path);
            (path, stamp)
        });
        Stamps(stamped.collect())
    }

    /// The first that is not as it was.
    pub(super) fn touched(&self) -> Option<&Path> {
        let mut all = self.0.iter();
        let found = all.find(|(path, before)| stamp(path) != *before);
        found.map(|(path, _)| &**path)
    }
}

#[cfg(unix)]
type Stamp = (u64, u64, u64, i64, i64, i64, i64);

#[cfg(unix)]
fn stamp(path: &Path) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt;
    let about = fs::metadata(path).ok()?;
    Some((
        about.dev(),
        about.ino(),
        about.size(),
        about.mtime(),
        about.mtime_nsec(),
        about.ctime(),
        about.ctime_nsec(),
    ))
}

#[cfg(unix)]
fn last_change(about: &fs::Metadata) -> Option<SystemTime> {
    use std::os::unix::fs::MetadataExt;
    let seconds = u64::try_from(about.ctime()).ok()?;
    let nanoseconds = u32::try_from(about.ctime_nsec()).ok()?;
    Some(SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds))
}

#[cfg(not(unix))]
type Stamp = (u64, Option<SystemTime>);

#[cfg(not(unix))]
fn stamp(path: &Path) -> Option<Stamp> {
    let about = fs::metadata(path).ok()?;
    Some((about.len(), about.modified().ok()))
}

#[cfg(not(unix))]
fn last_change(about: &fs::Metadata) -> Option<SystemTime> {
    about.modified().ok()
}
