//! Results that several stores share: a folder on a network's disk that every store reads and adds to.
//!
//! | name | what |
//! | --- | --- |
//! | `sweepline-remote.json` | says that this is a shared store, of which format, and its own id |
//! | `objects/ab/cdef…` | content, named by its blake3 digest |
//! | `records/ab/<key>/<digest>.json` | a result of this key, named by the digest of this text |
//! | `roots/<who>/<project>/<experiment>.json` | what somebody's experiment reaches |
//!
//! Nothing but roots is ever overwritten, so nobody needs a lock. Objects are written before the records that
//! name them, and those before the roots: who sees a record finds its objects. Whatever comes from there is
//! compared with its name before it counts.

mod error;
mod fetch;
mod folder;
mod layout;
mod parallel;
mod progress;
mod push;
mod storage;
#[cfg(test)]
mod tests;

use std::path::Path;

pub use error::RemoteError;
pub use fetch::{Answer, Refusal};
pub use layout::Root;
pub use progress::{Progress, Snapshot};
pub use push::Pushed;

use layout::MARKER;
use layout::Marker;
use storage::Content;
use storage::Kind;
use storage::Storage;

/// A store that is shared with others.
pub struct Remote {
    storage: Box<dyn Storage>,
    /// What tells it from every other one.
    id: String,
}

impl Remote {
    /// Opens a shared store to read: a folder, relative to the root of the project.
    ///
    /// # Errors
    /// Where there is none, or it cannot be read.
    pub fn open(place: &str, root: &Path) -> Result<Self, RemoteError> {
        let storage = storage::at(place, root)?;
        let id = Self::id_of(&*storage)?.ok_or_else(|| RemoteError::NotThere {
            place: storage.place().to_owned(),
        })?;
        Ok(Remote { storage, id })
    }

    /// The same to add to it: an empty or absent place becomes a shared store.
    ///
    /// # Errors
    /// Where something else is there, or it cannot be written to.
    pub fn open_to_write(place: &str, root: &Path) -> Result<Self, RemoteError> {
        let storage = storage::at(place, root)?;
        if let Some(id) = Self::id_of(&*storage)? {
            return Ok(Remote { storage, id });
        }
        storage.begin()?;
        let marker = Marker::new()?.bytes();
        let content = Content::Bytes(&marker);
        storage
            .write(MARKER, content, Kind::First)
            .map_err(|error| RemoteError::io("write", &*storage, MARKER, error))?;
        // Somebody else's marker, where two began at once.
        let id = Self::id_of(&*storage)?.ok_or_else(|| RemoteError::NotThere {
            place: storage.place().to_owned(),
        })?;
        Ok(Remote { storage, id })
    }

    /// What people call the shared store that a text names, without asking it.
    ///
    /// # Errors
    /// Where it can be none.
    pub fn place_of(place: &str, root: &Path) -> Result<String, RemoteError> {
        Ok(storage::at(place, root)?.place().to_owned())
    }

    fn id_of(storage: &dyn Storage) -> Result<Option<String>, RemoteError> {
        let mut text = Vec::new();
        let there = storage
            .read(MARKER, layout::SMALL, &mut text)
            .map_err(|error| RemoteError::io("read", storage, MARKER, error))?;
        match there {
            true => Marker::read(&text, storage).map(|marker| Some(marker.id)),
            false => Ok(None),
        }
    }

    /// What people call it.
    pub fn place(&self) -> &str {
        self.storage.place()
    }

    /// What tells it from every other one, wherever it is mounted.
    pub fn id(&self) -> &str {
        &self.id
    }
}
