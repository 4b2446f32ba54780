//! The scratch folder of a runner: between attempts everything in it goes but links to inputs.
//!
//! Little is removed before the end of a run, because making files where many were just removed is
//! slow: ext4 looks through all inodes that were freed in the last minute before it gives one out.
//! Links to inputs stay, and the folder for temporary files where it is empty. Folders that programs
//! worked in are put aside, never used again: what a step left running must not write into the next
//! one's.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::store::remove_tree;
use crate::text::ShowPath;

/// The folder that stays as it is: links to inputs, which are often the same from one attempt to
/// the next. A stage that uses it must bring it to what it wants.
pub const LINKS: &str = "in";

/// The folder for temporary files. What earlier steps left running may use it as well, as programs
/// share `/tmp`.
pub const TEMPORARY: &str = "tmp";

/// So many folders are put aside before they are removed: a block of the disk each.
const ASIDE: usize = 4_000;

/// The scratch folder of one runner.
pub(super) struct Scratch {
    folder: PathBuf,
    /// Where empty folders are put that programs worked in.
    aside: PathBuf,
    /// How many there are.
    spent: usize,
}

impl Scratch {
    pub(super) fn new(folder: PathBuf) -> Self {
        let mut aside = folder.clone();
        aside.as_mut_os_string().push("-aside");
        Scratch {
            folder,
            aside,
            spent: 0,
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Sees to it that the folder is there and holds nothing but [`LINKS`] and an empty
    /// [`TEMPORARY`].
    ///
    /// # Errors
    /// Where neither this folder nor another one in its place can be made.
    pub(super) fn empty(&mut self) -> io::Result<()> {
        self.try_empty().or_else(|_| {
            // A program may have taken our rights away, or put something else in its place.
            self.clear();
            for path in [&mut self.folder, &mut self.aside] {
                path.as_mut_os_string().push("+");
            }
            self.try_empty()
        })
    }

    fn try_empty(&mut self) -> io::Result<()> {
        self.is_no_link()?;
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.make();
            }
            Err(error) => return Err(error),
        };
        for entry in entries {
            let path = entry?.path();
            let about = fs::symlink_metadata(&path)?;
            if !about.is_dir() {
                fs::remove_file(&path)?;
            } else if path.ends_with(LINKS) {
                continue;
            } else if fs::read_dir(&path)?.next().is_some() {
                // Not put aside: this is disk space.
                remove_tree(&path)?;
            } else if !path.ends_with(TEMPORARY) || !is_ours(&about) {
                self.put_aside(&path)?;
            }
        }
        Ok(())
    }

    /// A program may have put a link in the place of the folder or of the one that it is in: what that leads to is
    /// not ours to empty.
    fn is_no_link(&self) -> io::Result<()> {
        let mut places = self.folder.parent().into_iter().chain([&*self.folder]);
        match places.find(|place| place.is_symlink()) {
            Some(link) => {
                let shown = link.shown();
                Err(io::Error::other(format!("`{shown}` is a link by now")))
            }
            None => Ok(()),
        }
    }

    /// Makes the folder and the one that it is in, which is that of a run, but nothing above: where all scratch
    /// folders are is the store's.
    fn make(&self) -> io::Result<()> {
        self.folder.parent().map_or(Ok(()), make)?;
        make(&self.folder)
    }

    fn put_aside(&mut self, path: &Path) -> io::Result<()> {
        if self.spent == 0 {
            make(&self.aside)?;
        }
        if fs::rename(path, self.aside.join(self.spent.to_string())).is_err() {
            // One that nobody may write to is not moved, but goes.
            return fs::remove_dir(path);
        }
        self.spent += 1;
        if self.spent == ASIDE {
            remove_tree(&self.aside)?;
            self.spent = 0;
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.spent = 0;
        if self.folder.parent().is_some_and(Path::is_symlink) {
            return;
        }
        // What cannot be removed now is removed when the store is next opened for writing.
        let _ = remove_tree(&self.folder);
        let _ = remove_tree(&self.aside);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Makes a folder in one that is there: a store that is gone does not come back in parts.
///
/// # Errors
/// Where it cannot be made.
pub fn make(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made,
    }
}

/// Whether we may do everything in a folder.
#[cfg(unix)]
fn is_ours(folder: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    folder.permissions().mode() & 0o700 == 0o700
}

#[cfg(not(unix))]
fn is_ours(folder: &fs::Metadata) -> bool {
    !folder.permissions().readonly()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_goes_but_the_links_to_inputs() {
        let space = tempfile::tempdir().expect("a temporary folder");
        let mut of_runner = Scratch::new(space.path().join("1"));
        let scratch = of_runner.folder().to_owned();
        of_runner.empty().expect("it is made");
        for folder in ["work/deep/deeper", "tmp", "empty", "in/data"] {
            fs::create_dir_all(scratch.join(folder)).expect("it is ours");
        }
        let precious = space.path().join("precious");
        fs::create_dir(&precious).expect("it is ours");
        fs::write(precious.join("thesis.tex"), "").expect("it is ours");
        for file in ["spec.json", "work/deep/a", "tmp/b", "in/data/c"] {
            fs::write(scratch.join(file), "").expect("it is ours");
        }
        for link in ["outside", "work/outside"] {
            std::os::unix::fs::symlink(&precious, scratch.join(link)).expect("it is ours");
        }
        of_runner.empty().expect("all of it can be removed");
        let left = |folder: &Path| -> Vec<_> {
            let entries = fs::read_dir(folder).expect("it is there");
            entries
                .map(|entry| entry.expect("it is ours").file_name())
                .collect()
        };
        assert_eq!(left(&scratch), ["in"]);
        fs::create_dir(scratch.join("tmp")).expect("it is ours");
        of_runner
            .empty()
            .expect("an empty folder for temporary files");
        assert!(scratch.join("tmp").is_dir());
        assert_eq!(left(&scratch.join("in/data")), ["c"]);
        assert!(precious.join("thesis.tex").exists());
        assert_eq!(left(&space.path().join("1-aside")), ["0"]);

        fs::remove_dir_all(scratch.join("in")).expect("it is ours");
        std::os::unix::fs::symlink(&precious, scratch.join("in")).expect("it is ours");
        of_runner.empty().expect("a link is no folder of links");
        assert_eq!(left(&scratch), ["tmp"]);
        fs::remove_dir_all(&scratch).expect("it is ours");
        std::os::unix::fs::symlink(&precious, &scratch).expect("it is ours");
        of_runner.empty().expect("the link goes");
        assert!(of_runner.folder().is_dir() && !of_runner.folder().is_symlink());
        drop(of_runner);
        assert_eq!(left(space.path()), ["precious"]);
        assert!(precious.join("thesis.tex").exists());
    }

    #[test]
    fn what_lies_behind_a_link_in_the_place_of_all_of_it_stays() {
        let space = tempfile::tempdir().expect("a temporary folder");
        let run = space.path().join("run");
        let mut of_runner = Scratch::new(run.join("1"));
        of_runner.empty().expect("it is made");
        let thesis = space.path().join("precious/1/thesis.tex");
        fs::create_dir_all(space.path().join("precious/1")).expect("it is ours");
        fs::write(&thesis, "").expect("it is ours");
        fs::remove_dir_all(&run).expect("it is ours");
        std::os::unix::fs::symlink(space.path().join("precious"), &run).expect("it is ours");
        let error = of_runner.empty().expect_err("it is not ours");
        assert!(error.to_string().contains("is a link by now"), "{error}");
        drop(of_runner);
        assert!(thesis.exists());
    }
}
