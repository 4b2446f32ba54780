//! Opens what a program left: a plain file, whatever it put there. A pipe would be waited for without end, and
//! a device has none.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::path::Path;

use super::outputs::what_is;

/// So many bytes of numbers are read: what is larger is no file of numbers.
const MOST: u64 = 1 << 30;

/// A file, links followed, and what it is.
///
/// # Errors
/// Also where it is no plain file.
pub(super) fn open(path: &Path) -> io::Result<(File, fs::Metadata)> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits() as i32);
    }
    let kind = |kind| io::Error::other(format!("it is {}, not a file", what_is(kind)));
    let file = options
        .open(path)
        .map_err(|error| match fs::metadata(path) {
            // A socket cannot be opened at all.
            Ok(about) if !about.is_file() => kind(about.file_type()),
            _ => error,
        })?;
    let about = file.metadata()?;
    match about.is_file() {
        true => Ok((file, about)),
        false => Err(kind(about.file_type())),
    }
}

/// All that is in a file of numbers.
///
/// # Errors
/// As [`open`], and where it is too large.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let (file, about) = open(path)?;
    let mut bytes = Vec::new();
    if about.len() <= MOST {
        file.take(MOST + 1).read_to_end(&mut bytes)?;
    }
    match about.len().max(bytes.len() as u64) > MOST {
        true => Err(io::Error::other(format!("it has more than {MOST} bytes"))),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_plain_file_is_read_and_none_without_end() {
        let space = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| space.path().join(name);
        let wrong = |name: &str| read(&path(name)).expect_err(name).to_string();
        let made = std::process::Command::new("mkfifo")
            .arg(path("pipe"))
            .status();
        assert!(made.expect("there is mkfifo").success());
        let link = |to: &str, from: &str| {
            std::os::unix::fs::symlink(to, path(from)).expect("it is ours");
        };
        link("/dev/zero", "device");
        link("numbers", "link");
        let listener = std::os::unix::net::UnixListener::bind(path("socket"));
        assert!(listener.is_ok());
        assert_eq!(wrong("pipe"), "it is a named pipe, not a file");
        assert_eq!(wrong("device"), "it is a device, not a file");
        assert_eq!(wrong("socket"), "it is a socket, not a file");
        assert_eq!(wrong("."), "it is a folder, not a file");
        fs::write(path("numbers"), "n=1").expect("it is ours");
        assert_eq!(read(&path("link")).expect("a file"), b"n=1");
        let large = File::create(path("large")).expect("it is ours");
        // Holes take no space.
        large.set_len(MOST + 1).expect("it is ours");
        assert_eq!(wrong("large"), "it has more than 1073741824 bytes");
    }
}
