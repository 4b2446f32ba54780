//! An input at a path of the program's folder: real folders and copies of files, as the program would find
//! them in its project. What lists files, walks folders or packs them does not look through links, and would
//! see nothing, without a word.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

use super::paths::cannot;
use super::paths::copy_heard;
use super::paths::make_folder;
use crate::engine::JobError;
use crate::engine::Link;

/// Files of larger inputs are links, one by one, where the file system cannot share blocks.
const LARGE: u64 = 1 << 30;

/// What is at a path of the program's folder.
#[derive(Debug, Default)]
pub(super) struct Placed {
    /// Copies, with what tells whether they were changed.
    pub copies: Vec<(PathBuf, Option<Stamp>)>,
    /// Links to files, which were too large to copy.
    pub links: Vec<PathBuf>,
    /// Links within the input, which lead to other places in it.
    own_links: Vec<PathBuf>,
    /// Of all files, in bytes.
    pub size: u64,
}

/// Length, time and number of a file, or of a link itself.
pub(super) type Stamp = (u64, SystemTime, u64);

/// Puts an input, which is laid out as links to its files, at a path where nothing is.
pub(super) fn place(input: &Path, path: &Path, link: &dyn Link) -> Result<Placed, JobError> {
    place_up_to(LARGE, input, path, link)
}

fn place_up_to(large: u64, input: &Path, path: &Path, link: &dyn Link) -> Result<Placed, JobError> {
    let mut placed = Placed::default();
    let mut files = Vec::new();
    placed.lay_out(input, path, &mut files)?;
    let copied = match files.first() {
        Some((from, to)) => placed.size <= large || shares_blocks(from, to),
        None => true,
    };
    for (from, to) in files {
        if copied {
            copy(&from, &to, link)?;
            let stamp = stamp(&to);
            placed.copies.push((to, stamp));
        } else {
            symlink(&from, &to).map_err(|error| cannot("link", &to, &error))?;
            placed.links.push(to);
        }
    }
    Ok(placed)
}

impl Placed {
    /// All links, to files and within the input.
    pub(super) fn all_links(&self) -> impl Iterator<Item = &PathBuf> {
        self.links.iter().chain(&self.own_links)
    }

    /// Makes folders and the links that an input has itself, and says which files go where.
    fn lay_out(
        &mut self,
        from: &Path,
        to: &Path,
        files: &mut Vec<(PathBuf, PathBuf)>,
    ) -> Result<(), JobError> {
        let read = |error: io::Error| cannot("read", from, &error);
        let kind = fs::symlink_metadata(from).map_err(read)?.file_type();
        if kind.is_dir() {
            make_folder(to)?;
            for entry in fs::read_dir(from).map_err(read)? {
                let entry = entry.map_err(read)?;
                self.lay_out(&entry.path(), &to.join(entry.file_name()), files)?;
            }
            return Ok(());
        }
        let target = match kind.is_symlink() {
            true => fs::read_link(from).map_err(read)?,
            false => from.to_owned(),
        };
        // Links into the store and the project are whole paths, those of an artifact stay in it.
        if target.is_relative() && kind.is_symlink() {
            symlink(&target, to).map_err(|error| cannot("link", to, &error))?;
            self.own_links.push(to.to_owned());
            return Ok(());
        }
        self.size += fs::metadata(&target).map_err(read)?.len();
        files.push((target, to.to_owned()));
        Ok(())
    }
}

/// A copy that is the program's own: `cp -r` of it can be written to as well. Where the file system can, it
/// shares blocks with the file.
fn copy(from: &Path, to: &Path, link: &dyn Link) -> Result<(), JobError> {
    copy_heard(from, to, link)?;
    let own = || {
        let mut permissions = fs::metadata(to)?.permissions();
        permissions.set_mode(permissions.mode() | 0o600);
        fs::set_permissions(to, permissions)
    };
    own().map_err(|error| cannot("copy", from, &error))
}

/// What tells a file that was written to, or that another one or another link stands in its place; none where it is
/// neither.
pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    let found = fs::symlink_metadata(path).ok()?;
    let time = found.modified().ok().filter(|_| !found.is_dir())?;
    Some((found.len(), time, found.ino()))
}

/// Whether a copy takes no space of its own. Nothing is left where it is to be.
#[cfg(target_os = "linux")]
fn shares_blocks(from: &Path, to: &Path) -> bool {
    let tried = || -> io::Result<()> {
        let (from, to) = (fs::File::open(from)?, fs::File::create(to)?);
        Ok(rustix::fs::ioctl_ficlone(&to, &from)?)
    };
    let shares = tried().is_ok();
    // What is left of a try is no reason to fail; a link that cannot be made is.
    _ = fs::remove_file(to);
    shares
}

#[cfg(not(target_os = "linux"))]
fn shares_blocks(_: &Path, _: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the step is to end.
    struct Told(bool);

    impl Link for Told {
        fn progress(&self, _: u64, _: u64, _: &[(&str, f64)]) {}
        fn log(&self, _: &str) {}
        fn warn(&self, _: &str) {}
        fn cancelled(&self) -> bool {
            self.0
        }
        fn checkpoint(&self) -> Option<Vec<u8>> {
            None
        }
        fn checkpoint_due(&self) -> bool {
            false
        }
        fn save_checkpoint(&self, _: &[u8]) {}
    }

    #[test]
    fn nobody_waits_for_all_of_a_large_copy() {
        let space = tempfile::tempdir().expect("a temporary folder");
        let (file, input, to) = (
            space.path().join("file"),
            space.path().join("in"),
            space.path().join("work"),
        );
        // Holes take no space.
        let made = fs::File::create(&file).expect("it is ours");
        made.set_len(9 << 20).expect("it is ours");
        symlink(&file, &input).expect("nothing is there");
        let ended = place(&input, &to, &Told(true)).expect_err("it is to end");
        assert!(matches!(ended, JobError::Cancelled), "{ended}");
        fs::remove_file(&to).expect("a part of it");
        let placed = place(&input, &to, &Told(false)).expect("it can be placed");
        assert_eq!(
            (placed.size, stamp(&to).map(|(size, ..)| size)),
            (9 << 20, Some(9 << 20))
        );
    }

    /// An input as it is laid out: folders, links to files of the store, links within it.
    fn input(space: &Path) -> PathBuf {
        let (store, input) = (space.join("store"), space.join("in"));
        fs::create_dir_all(&store).expect("a folder");
        fs::create_dir_all(input.join("empty")).expect("a folder");
        fs::create_dir_all(input.join("e")).expect("a folder");
        for (object, name) in [("1", "y.txt"), ("2", "e/x.sh")] {
            let object = store.join(object);
            fs::write(&object, name).expect("it is ours");
            let mode = if name == "y.txt" { 0o444 } else { 0o555 };
            fs::set_permissions(&object, fs::Permissions::from_mode(mode)).expect("it is ours");
            symlink(&object, input.join(name)).expect("nothing is there");
        }
        symlink("../y.txt", input.join("e/to")).expect("nothing is there");
        input
    }

    #[test]
    fn a_placed_input_is_folders_and_files_of_its_own() {
        let space = tempfile::tempdir().expect("a temporary folder");
        let (input, to) = (input(space.path()), space.path().join("work"));
        let placed = place(&input, &to, &Told(false)).expect("it can be placed");
        let of = |name: &str| fs::symlink_metadata(to.join(name)).expect("it is there");
        assert!(of("empty").is_dir() && of("e").is_dir());
        assert!(of("y.txt").is_file() && of("e/x.sh").is_file());
        assert_eq!(of("y.txt").permissions().mode() & 0o777, 0o644);
        assert_eq!(of("e/x.sh").permissions().mode() & 0o777, 0o755);
        assert_eq!(
            fs::read_to_string(to.join("e/to")).expect("it leads there"),
            "y.txt"
        );
        assert_eq!((placed.copies.len(), placed.all_links().count()), (2, 1));
        assert_eq!(placed.size, 11);
        fs::write(to.join("y.txt"), "another").expect("it is the program's own");
        let kept = fs::read_to_string(input.join("y.txt")).expect("it is in the store");
        assert_eq!(kept, "y.txt");
        let changed = |(path, before): &&(PathBuf, Option<Stamp>)| stamp(path) != *before;
        let changed: Vec<_> = placed.copies.iter().filter(changed).collect();
        assert!(matches!(changed[..], [(path, _)] if path.ends_with("y.txt")));
    }

    #[test]
    fn one_file_is_one_file_and_what_is_too_large_is_links_in_folders() {
        let space = tempfile::tempdir().expect("a temporary folder");
        let input = input(space.path());
        let one = space.path().join("one");
        place(&input.join("y.txt"), &one, &Told(false)).expect("it can be placed");
        assert!(fs::symlink_metadata(&one).expect("it is there").is_file());
        let large = space.path().join("large");
        let placed = place_up_to(10, &input, &large, &Told(false)).expect("it can be placed");
        // All or none, by what the file system can.
        assert!(matches!(
            (placed.copies.len(), placed.links.len()),
            (0, 2) | (2, 0)
        ));
        assert!(
            fs::symlink_metadata(large.join("e"))
                .expect("it is there")
                .is_dir()
        );
        assert_eq!(
            fs::read_to_string(large.join("e/x.sh")).expect("it leads there"),
            "e/x.sh"
        );
    }
}
