//! What a shared store asks of the place where it is kept.

use std::io;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use crate::store::Digest;

use super::RemoteError;
use super::folder::Folder;
use super::s3::S3;

/// Files by name, `objects/ab/cdef…`, somewhere. Several threads use it at once.
pub(super) trait Storage: Send + Sync {
    /// What people call the place.
    fn place(&self) -> &str;

    /// Whether it is a folder, at which a look is no request over a network.
    fn is_folder(&self) -> bool {
        false
    }

    /// How many transfers at once are quickest.
    fn at_once(&self) -> usize;

    /// Prepares a place where there is no shared store yet; says whether of two that write a file first only
    /// one is told that it did.
    ///
    /// # Errors
    /// Where something else is there, or it cannot be written to.
    fn begin(&self) -> Result<bool, RemoteError>;

    /// What is known of a file without reading it; none where there is none.
    fn stat(&self, name: &str) -> io::Result<Option<Stat>>;

    /// Reads a file, up to so many bytes; false where there is none.
    fn read(&self, name: &str, limit: u64, to: &mut dyn Write) -> io::Result<bool>;

    /// Writes a file, all of it or nothing; says whether it did, or found one there that stays.
    fn write(&self, name: &str, content: Content<'_>, kind: Kind) -> io::Result<bool>;

    /// The files below a folder, by name; of a folder that may not be read its own name, as closed.
    fn list(&self, folder: &str) -> io::Result<Vec<Entry>>;

    /// The files below a folder that come after a name, in the order of their names, as far as one answer holds
    /// them; none where to list many folders one by one is no worse, or the order is another.
    fn page(&self, _folder: &str, _after: &str) -> io::Result<Option<Page>> {
        Ok(None)
    }

    /// Removes a file; one that is gone is no failure.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes all that was written durable.
    fn settle(&self) -> io::Result<()>;
}

/// What is written.
#[derive(Clone, Copy)]
pub(super) enum Content<'c> {
    Bytes(&'c [u8]),
    /// What this file holds, which is to have this digest.
    File(&'c Path, Digest),
}

/// What a file is, when it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Named by its content: what is there is the same, or broken, or old.
    Content,
    /// The last one counts.
    Changing,
    /// The first one counts, whoever writes it.
    First,
}

/// What is known of a file without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub size: u64,
    /// Since it was last written.
    pub age: Duration,
    /// How far ahead the time is at which it says that it was written: of a clock that was wrong.
    pub ahead: Duration,
}

impl Stat {
    /// One that was written so long ago, or, as an error, is to be so far ahead.
    pub(super) fn written(size: u64, ago: Result<Duration, Duration>) -> Self {
        let (age, ahead) = match ago {
            Ok(age) => (age, Duration::ZERO),
            Err(ahead) => (Duration::ZERO, ahead),
        };
        Stat { size, age, ahead }
    }
}

/// A file of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub name: String,
    /// Where the listing says so.
    pub stat: Option<Stat>,
    /// A folder that others keep to themselves: nobody knows what is in it.
    pub closed: bool,
}

/// Whether reading failed because of the file, so that others may be read all the same.
pub(super) fn is_of_the_file(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidData
    )
}

/// What is said of a file or folder that cannot be read.
pub(super) fn unreadable(error: &io::Error) -> String {
    format!("it cannot be read: {error}")
}

/// A part of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub entries: Vec<Entry>,
    /// Whether there are files after the last one.
    pub more: bool,
}

/// The storage that a text names: a folder, relative to the root of the project.
pub(super) fn at(place: &str, root: &Path) -> Result<Box<dyn Storage>, RemoteError> {
    if let Some((scheme, path)) = place.split_once("://") {
        return match scheme {
            "file" => Ok(Box::new(Folder::new(&root.join(path)))),
            "s3" => Ok(Box::new(S3::new(place)?)),
            _ => Err(RemoteError::Scheme {
                scheme: scheme.to_owned(),
            }),
        };
    }
    Ok(Box::new(Folder::new(&root.join(place))))
}

/// Passes on what is written to it, and knows its digest.
pub(super) struct Hashed<'w> {
    to: &'w mut dyn Write,
    hasher: blake3::Hasher,
}

impl<'w> Hashed<'w> {
    pub(super) fn new(to: &'w mut dyn Write) -> Self {
        Hashed {
            to,
            hasher: blake3::Hasher::new(),
        }
    }

    pub(super) fn digest(&self) -> Digest {
        Digest::from_bytes(*self.hasher.finalize().as_bytes())
    }
}

impl Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
