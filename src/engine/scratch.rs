//! The scratch folder of a runner: everything in it is removed between attempts but links to inputs.
//!
//! Those stay because making files where many were just removed is slow: ext4 looks through all
//! inodes that were freed in the last seconds before it gives one out. Folders that programs work
//! in are made anew all the same: what a step left running must not write into the next one's.

use std::fs;
use std::io;
use std::path::Path;

/// The folder that stays as it is: links to inputs, which are often the same from one attempt to
/// the next. A stage that uses it must bring it to what it wants.
pub const LINKS: &str = "in";

/// Makes a scratch folder that holds nothing but [`LINKS`].
pub(super) fn empty(scratch: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(scratch) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return fs::create_dir_all(scratch);
        }
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        if !(path.ends_with(LINKS) && is_folder(&path)?) {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Removes whatever this is; what a link leads to stays.
pub fn remove(path: &Path) -> io::Result<()> {
    match is_folder(path)? {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    }
}

/// Whether this is a folder and not a link to one.
fn is_folder(path: &Path) -> io::Result<bool> {
    Ok(fs::symlink_metadata(path)?.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_goes_but_the_links_to_inputs() {
        let space = tempfile::tempdir().expect("a temporary folder");
        let scratch = space.path().join("1");
        empty(&scratch).expect("it is made");
        for folder in ["work/deep/deeper", "tmp", "in/data"] {
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
        empty(&scratch).expect("all of it can be removed");
        let left = |folder: &Path| -> Vec<_> {
            let entries = fs::read_dir(folder).expect("it is there");
            entries
                .map(|entry| entry.expect("it is ours").file_name())
                .collect()
        };
        assert_eq!(left(&scratch), ["in"]);
        assert_eq!(left(&scratch.join("in/data")), ["c"]);
        assert!(precious.join("thesis.tex").exists());

        fs::remove_dir_all(scratch.join("in")).expect("it is ours");
        std::os::unix::fs::symlink(&precious, scratch.join("in")).expect("it is ours");
        empty(&scratch).expect("a link is no folder of links");
        assert!(left(&scratch).is_empty());
        assert!(precious.join("thesis.tex").exists());
    }
}
