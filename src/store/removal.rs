//! Removing folders that programs worked in: what links lead to stays, and so does whatever is
//! mounted there. Folders are held open on the way, so that no program can put a link in the place
//! of one.

use std::io;
use std::path::Path;
use std::path::PathBuf;

/// Folders that lie deeper, one in the other, than this are nobody's result: they go, and are not taken.
pub const DEEPEST: usize = 200;

/// Removes whatever this is, a folder with all that is in it.
///
/// # Errors
/// Where something cannot be removed, or something else is mounted there: that is not ours.
#[cfg(unix)]
pub fn remove_tree(path: &Path) -> io::Result<()> {
    if !std::fs::symlink_metadata(path)?.is_dir() {
        return std::fs::remove_file(path);
    }
    unix::remove_folder(rustix::fs::CWD, path)
}

#[cfg(not(unix))]
pub fn remove_tree(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path)?.is_dir() {
        true => std::fs::remove_dir_all(path),
        false => std::fs::remove_file(path),
    }
}

/// Removes all of these, in any order.
///
/// # Errors
/// Like [`remove_tree`].
pub fn remove_all(paths: &[PathBuf]) -> io::Result<()> {
    at_once(paths, |path| remove_tree(path))
}

/// Above this many removals, several threads share them.
const MANY: usize = 256;

const THREADS: usize = 16;

/// Does something to each of many things. Disks that are told of every block that comes free have
/// a thread wait for milliseconds, but not longer for many than for one.
fn at_once<T: Sync>(all: &[T], act: impl Fn(&T) -> io::Result<()> + Sync) -> io::Result<()> {
    above(MANY, all, act)
}

/// The same with threads for more than `many` things.
fn above<T: Sync>(
    many: usize,
    all: &[T],
    act: impl Fn(&T) -> io::Result<()> + Sync,
) -> io::Result<()> {
    if all.len() < many {
        return all.iter().try_for_each(act);
    }
    std::thread::scope(|scope| {
        let parts = all.chunks(all.len().div_ceil(THREADS));
        let threads: Vec<_> = parts
            .map(|part| scope.spawn(|| part.iter().try_for_each(&act)))
            .collect();
        let ends = threads.into_iter().map(|thread| {
            let panicked = |_| Err(io::Error::other("a thread panicked"));
            thread.join().unwrap_or_else(panicked)
        });
        // All of them, so that as much as possible goes.
        ends.fold(Ok(()), io::Result::and)
    })
}

/// Whether something else is mounted at a folder.
///
/// # Errors
/// Where it is no folder that can be opened.
#[cfg(unix)]
pub fn is_mounted(folder: &Path) -> io::Result<bool> {
    let above = folder.parent().unwrap_or(folder);
    let above = unix::open(rustix::fs::CWD, above)?;
    unix::is_mounted(&above, &unix::open(rustix::fs::CWD, folder)?)
}

#[cfg(not(unix))]
pub fn is_mounted(_: &Path) -> io::Result<bool> {
    Ok(false)
}

#[cfg(unix)]
mod unix {
    use std::ffi::CStr;
    use std::ffi::CString;
    use std::io;
    use std::os::fd::AsFd;
    use std::os::fd::OwnedFd;
    use std::sync::Mutex;
    use std::sync::PoisonError;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering;

    use rustix::fs::AtFlags;
    use rustix::fs::Dir;
    use rustix::fs::FileType;
    use rustix::fs::Mode;
    use rustix::fs::OFlags;
    use rustix::io::Errno;
    use rustix::path::Arg;

    use super::MANY;
    use super::THREADS;
    use super::at_once;

    pub(super) fn open(above: impl AsFd, name: impl Arg) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(above, name, flags, Mode::empty())?)
    }

    pub(super) fn remove_folder(above: impl AsFd, name: impl Arg + Copy) -> io::Result<()> {
        let folder = open(&above, name)?;
        // The first folder is looked at from where we are, which tells nothing of devices.
        if is_mounted(&folder, &folder)? {
            return Err(mounted(name));
        }
        Removal::of(folder).run()?;
        Ok(rustix::fs::unlinkat(above, name, AtFlags::REMOVEDIR)?)
    }

    /// So many folders are gone through one in the other: a program makes any number of levels, and each takes a
    /// descriptor and a part of the stack.
    const LEVELS: usize = 32;

    /// What lies deeper than so many levels is lifted into the topmost folder, before anything around it goes.
    struct Removal {
        top: OwnedFd,
        /// How many folders were lifted.
        count: AtomicUsize,
        /// Those that may have to be lifted from.
        lifted: Mutex<Vec<String>>,
    }

    /// The files and the folders in a folder.
    struct Listed(Vec<CString>, Vec<CString>);

    impl Removal {
        fn of(top: OwnedFd) -> Self {
            Removal {
                top,
                count: AtomicUsize::new(0),
                lifted: Mutex::default(),
            }
        }

        fn run(&self) -> io::Result<()> {
            loop {
                let before = self.count();
                self.empty(&self.top, 0)?;
                if self.count() == before {
                    return Ok(());
                }
                while let Some(name) = self.next() {
                    // A file by now, of whoever still writes here.
                    if let Ok(folder) = open(&self.top, name.as_str()) {
                        self.flatten(&folder, 1)?;
                    }
                }
            }
        }

        fn count(&self) -> usize {
            self.count.load(Ordering::Relaxed)
        }

        fn next(&self) -> Option<String> {
            let mut lifted = self.lifted.lock().unwrap_or_else(PoisonError::into_inner);
            lifted.pop()
        }

        fn empty(&self, folder: &OwnedFd, level: usize) -> io::Result<()> {
            let Listed(files, folders) = list(folder)?;
            let before = self.count();
            // What was lifted is a tree of its own each.
            let many = match level == 0 && before > 0 {
                true => THREADS,
                false => MANY,
            };
            super::above(many, &folders, |name| {
                if level == LEVELS {
                    return self.lift(folder, name);
                }
                let inner = enter(folder, name)?;
                self.empty(&inner, level + 1)?;
                Ok(rustix::fs::unlinkat(folder, name, AtFlags::REMOVEDIR)?)
            })?;
            at_once(&files, |name| {
                Ok(rustix::fs::unlinkat(folder, name, AtFlags::empty())?)
            })
        }

        /// Lifts what lies too deep below a folder. Nothing goes, so that all of it can go at once.
        fn flatten(&self, folder: &OwnedFd, level: usize) -> io::Result<()> {
            for name in &list(folder)?.1 {
                match level == LEVELS {
                    true => self.lift(folder, name)?,
                    false => self.flatten(&enter(folder, name)?, level + 1)?,
                }
            }
            Ok(())
        }

        fn lift(&self, folder: &OwnedFd, name: &CStr) -> io::Result<()> {
            // One that nobody may write to is not moved, but goes where it is empty.
            if rustix::fs::unlinkat(folder, name, AtFlags::REMOVEDIR).is_ok() {
                return Ok(());
            }
            loop {
                let number = self.count.fetch_add(1, Ordering::Relaxed);
                let to = format!(".lifted-{number}");
                match rustix::fs::renameat(folder, name, &self.top, &to) {
                    // The program has called something so.
                    Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => {}
                    Err(Errno::BUSY) => return Err(mounted(name)),
                    done => {
                        done?;
                        let lifted = self.lifted.lock();
                        lifted.unwrap_or_else(PoisonError::into_inner).push(to);
                        return Ok(());
                    }
                }
            }
        }
    }

    /// A folder in a folder, where nothing else is mounted.
    fn enter(folder: &OwnedFd, name: &CStr) -> io::Result<OwnedFd> {
        let inner = open(folder, name)?;
        match is_mounted(folder, &inner)? {
            true => Err(mounted(name)),
            false => Ok(inner),
        }
    }

    /// What is in a folder, listed before anything goes: some file systems lose count otherwise.
    fn list(folder: &OwnedFd) -> io::Result<Listed> {
        let mut listed = Listed(Vec::new(), Vec::new());
        for entry in Dir::read_from(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => {
                    let found = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
                    FileType::from_raw_mode(found.st_mode)
                }
                known => known,
            };
            match kind {
                FileType::Directory => listed.1.push(name.to_owned()),
                _ => listed.0.push(name.to_owned()),
            }
        }
        Ok(listed)
    }

    fn mounted(name: impl Arg) -> io::Error {
        let name = name.to_string_lossy();
        let message = format!("something is mounted at `{name}`: unmount it");
        io::Error::new(io::ErrorKind::ResourceBusy, message)
    }

    pub(super) fn is_mounted(above: &OwnedFd, folder: &OwnedFd) -> io::Result<bool> {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::StatxAttributes;
            use rustix::fs::StatxFlags;
            let found = rustix::fs::statx(folder, c"", AtFlags::EMPTY_PATH, StatxFlags::TYPE);
            if let Ok(found) = found
                && found
                    .stx_attributes_mask
                    .contains(StatxAttributes::MOUNT_ROOT)
            {
                return Ok(found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT));
            }
        }
        Ok(rustix::fs::fstat(above)?.st_dev != rustix::fs::fstat(folder)?.st_dev)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_go_and_what_they_lead_to_stays() {
        let space = tempfile::tempdir().expect("a temporary folder");
        let precious = space.path().join("precious");
        fs::create_dir_all(precious.join("inner")).expect("it is ours");
        fs::write(precious.join("thesis.tex"), "").expect("it is ours");
        let folder = space.path().join("scratch");
        fs::create_dir_all(folder.join("a/b/c")).expect("it is ours");
        for i in 0..300 {
            symlink(&precious, folder.join(format!("a/{i}"))).expect("it is ours");
        }
        fs::write(folder.join("a/b/file"), "").expect("it is ours");
        symlink(&precious, folder.join("a/b/link")).expect("it is ours");
        symlink(&precious, space.path().join("link")).expect("it is ours");
        for i in 0..300 {
            fs::create_dir(folder.join(format!("a/b/{i}"))).expect("it is ours");
            symlink(&precious, folder.join(format!("a/b/{i}/link"))).expect("it is ours");
        }
        fs::hard_link(precious.join("thesis.tex"), folder.join("hard")).expect("it is ours");
        remove_tree(&folder).expect("all of it is ours");
        remove_tree(&space.path().join("link")).expect("it is ours");
        assert!(!folder.exists() && precious.join("inner").is_dir());
        assert!(precious.join("thesis.tex").is_file());
        assert!(remove_tree(&folder).is_err(), "it is gone");
    }

    /// Deeper than there are descriptors, and than a path may be long.
    #[test]
    fn any_number_of_levels_goes() {
        use rustix::fs::Mode;
        let space = tempfile::tempdir().expect("a temporary folder");
        let folder = space.path().join("scratch");
        fs::create_dir_all(folder.join(".lifted-0/full")).expect("it is ours");
        let mut at = unix::open(rustix::fs::CWD, &folder).expect("it is there");
        for level in 0..5000 {
            rustix::fs::mkdirat(&at, "d", Mode::RWXU).expect("it is ours");
            if level % 100 == 0 {
                rustix::fs::mkdirat(&at, "e", Mode::RWXU).expect("it is ours");
            }
            at = unix::open(&at, "d").expect("it is there");
        }
        remove_tree(&folder).expect("all of it is ours");
        assert!(!folder.exists());
    }

    /// Mounting needs rights that tests rarely have.
    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_mounted_is_not_removed() {
        assert!(is_mounted(Path::new("/proc")).expect("it is there"));
        let space = tempfile::tempdir().expect("a temporary folder");
        assert!(!is_mounted(space.path()).expect("it is there"));
    }
}
