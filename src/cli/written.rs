//! Files that verbs write for people: whole or not at all, and named where that fails.

use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;

use crate::text::ShowPath;

/// Puts a file with these bytes in the place of what has the name. Whoever looks at it sees the old one or the
/// new one, never half of it. Other names of the old one, as those of a copy by `cp -al`, keep it, and so does what
/// a link led to.
///
/// # Errors
/// Where it cannot be written, with its name.
pub(super) fn replace_file(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    put(path, bytes.as_ref()).map_err(|error| named(path, error))
}

/// The same for a file that the user names, who may mean what a link leads to, a pipe or a device: these are written
/// to, and keep their name.
///
/// # Errors
/// As [`replace_file`].
pub(super) fn write_file(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(about) if !about.is_file() => fs::write(path, bytes).map_err(|error| named(path, error)),
        _ => replace_file(path, bytes),
    }
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let there = fs::symlink_metadata(path)
        .ok()
        .filter(fs::Metadata::is_file);
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let mut new = tempfile::Builder::new();
    #[cfg(unix)]
    new.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut new = new
        .prefix(".new-")
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    new.write_all(bytes)?;
    if let Some(there) = there {
        new.as_file().set_permissions(there.permissions())?;
    }
    new.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Makes a folder with those above it.
///
/// # Errors
/// Where it cannot be made, with its name.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path).map_err(|error| named(path, error))
}

/// An error with the file that it is of.
pub(super) fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.shown()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_names_of_a_file_keep_what_it_was() {
        let space = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| space.path().join(name);
        let read = |name: &str| fs::read_to_string(path(name)).expect("it is there");
        replace_file(&path("a"), "1").expect("written");
        fs::hard_link(path("a"), path("kept")).expect("it is ours");
        std::os::unix::fs::symlink("a", path("link")).expect("it is ours");
        replace_file(&path("a"), "2").expect("written");
        assert_eq!((read("a"), read("kept")), ("2".to_owned(), "1".to_owned()));
        write_file(&path("link"), "3").expect("written");
        assert_eq!(read("a"), "3");
        assert!(path("link").is_symlink());
        replace_file(&path("link"), "4").expect("written");
        assert_eq!((read("a"), read("link")), ("3".to_owned(), "4".to_owned()));
        let wrong = replace_file(&path("none/a"), "1").expect_err("no folder");
        assert!(wrong.to_string().contains("none/a`: "), "{wrong}");
        assert_eq!(fs::read_dir(space.path()).expect("a folder").count(), 3);
    }
}
