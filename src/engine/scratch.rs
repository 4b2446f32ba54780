//! The scratch folder of a runner: emptied between attempts, removed at the end.
//!
//! Emptied and not removed, because making files where many were just removed is slow: ext4 looks
//! through all inodes that were freed in the last seconds before it gives one out, so a folder made
//! and removed per step costs the more the faster steps end.

use std::fs;
use std::io;
use std::path::Path;

/// The folder in it that is left as it is: links to inputs, which are often the same from one
/// attempt to the next. A stage that uses it must bring it to what it wants.
pub const LINKS: &str = "in";

/// Makes a scratch folder that has no files but those of [`LINKS`]; folders in it stay, empty.
pub(super) fn empty(scratch: &Path) -> io::Result<()> {
    for path in entries(scratch)? {
        match is_folder(&path)? {
            true if path.ends_with(LINKS) => {}
            true => entries(&path)?.iter().try_for_each(|path| remove(path))?,
            false => remove(&path)?,
        }
    }
    Ok(())
}

/// What is in a folder, which is made where it is missing.
fn entries(folder: &Path) -> io::Result<Vec<std::path::PathBuf>> {
    let entries = fs::read_dir(folder).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            fs::create_dir_all(folder)?;
            fs::read_dir(folder)
        }
        _ => Err(error),
    });
    entries?.map(|entry| Ok(entry?.path())).collect()
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
    fn everything_goes_but_folders_and_links_to_inputs() {
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
        let left = |folder: &str| {
            let mut names: Vec<_> = entries(&scratch.join(folder)).expect("it is there");
            names.sort();
            names
                .into_iter()
                .map(|path| {
                    path.strip_prefix(&scratch)
                        .map(Path::to_owned)
                        .expect("inside")
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(left(""), ["in", "tmp", "work"].map(Path::new));
        assert!(left("work").is_empty() && left("tmp").is_empty());
        assert_eq!(left("in/data"), [Path::new("in/data/c")]);
        assert!(precious.join("thesis.tex").exists());
    }
}
