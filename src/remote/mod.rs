//! Results that several stores share: a folder on a network's disk, or a bucket of S3, that every store reads
//! and adds to.
//!
//! | name | what |
//! | --- | --- |
//! | `sweepline-remote.json` | says that this is a shared store, of which format, and its own id |
//! | `objects/ab/cdef…` | content, named by its blake3 digest |
//! | `records/ab/<key>/<digest>.<signer>.sig` | who says that this is so |
//! | `records/ab/<key>/<digest>.json` | a result of this key, named by the digest of this text |
//! | `leases/…` | who cleans up, and which clean-up was the last |
//! | `roots/<who>/<project>/<experiment>.json` | what somebody's experiment reaches |
//!
//! Nothing but roots and leases is ever overwritten, so nobody needs a lock. Objects are written before the records that
//! name them, and those before the roots: who sees a record finds its objects. Whatever comes from there is
//! compared with its name before it counts.

mod collect;
mod error;
mod fetch;
mod files;
mod folder;
mod layout;
mod lease;
mod listing;
mod parallel;
mod progress;
mod proposed;
mod push;
mod s3;
mod s3_answers;
mod s3_settings;
mod sign;
mod storage;
#[cfg(test)]
mod tests;
mod verify;

use std::path::Path;

pub use collect::{LEAST, Swept};
pub use error::RemoteError;
pub use fetch::{Answer, Refusal};
pub use layout::Root;
pub use lease::LEASE_MINUTES;
pub use progress::{Progress, Snapshot};
pub use push::Pushed;
pub use sign::{PublicKey, SigningKey};
pub use verify::Verified;

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
    /// Whether of two that write a file first only one is told that it did.
    conditions: bool,
    /// Whether only results of machines of this one's class are taken.
    same_numerics: bool,
    /// Only what one of these keys has signed is taken; anything where there is none.
    trusted: Vec<PublicKey>,
    /// Signs what is pushed.
    signing: Option<SigningKey>,
}

impl Remote {
    /// Takes only results that one of these keys has signed; any where there is none.
    #[must_use]
    pub fn trusting(mut self, keys: &[PublicKey]) -> Self {
        self.trusted = keys.to_vec();
        self
    }

    /// Signs what is pushed.
    #[must_use]
    pub fn signing(mut self, key: Option<SigningKey>) -> Self {
        self.signing = key;
        self
    }

    /// Takes only results that machines of this one's class have made.
    #[must_use]
    pub fn of_same_numerics(mut self, same: bool) -> Self {
        self.same_numerics = same;
        self
    }

    /// Opens a shared store to read: a folder, relative to the root of the project.
    ///
    /// # Errors
    /// Where there is none, or it cannot be read.
    pub fn open(place: &str, root: &Path) -> Result<Self, RemoteError> {
        let storage = storage::at(place, root)?;
        let marker = Self::marker(&*storage)?.ok_or_else(|| RemoteError::NotThere {
            place: storage.place().to_owned(),
        })?;
        Ok(Remote::of(storage, marker))
    }

    /// The same to add to it: an empty or absent place becomes a shared store.
    ///
    /// # Errors
    /// Where something else is there, or it cannot be written to.
    pub fn open_to_write(place: &str, root: &Path) -> Result<Self, RemoteError> {
        let storage = storage::at(place, root)?;
        if let Some(marker) = Self::marker(&*storage)? {
            return Ok(Remote::of(storage, marker));
        }
        let conditions = storage.begin()?;
        let marker = Marker::new(conditions)?.bytes();
        let content = Content::Bytes(&marker);
        storage
            .write(MARKER, content, Kind::First)
            .map_err(|error| RemoteError::io("write", &*storage, MARKER, error))?;
        // Somebody else's marker, where two began at once.
        let marker = Self::marker(&*storage)?.ok_or_else(|| RemoteError::NotThere {
            place: storage.place().to_owned(),
        })?;
        Ok(Remote::of(storage, marker))
    }

    /// What people call the shared store that a text names, without asking it.
    ///
    /// # Errors
    /// Where it can be none.
    pub fn place_of(place: &str, root: &Path) -> Result<String, RemoteError> {
        Ok(storage::at(place, root)?.place().to_owned())
    }

    /// The id of the shared store in a folder, where a look is no request over a network; none of a bucket, nor where
    /// there is no shared store.
    pub fn id_in_folder(place: &str, root: &Path) -> Option<String> {
        let storage = storage::at(place, root).ok()?;
        if !storage.is_folder() {
            return None;
        }
        let marker = Self::marker(&*storage).ok()?;
        marker.map(|marker| marker.id)
    }

    fn of(storage: Box<dyn Storage>, marker: Marker) -> Self {
        Remote {
            storage,
            id: marker.id,
            conditions: marker.conditions,
            same_numerics: false,
            trusted: Vec::new(),
            signing: None,
        }
    }

    fn marker(storage: &dyn Storage) -> Result<Option<Marker>, RemoteError> {
        let mut text = Vec::new();
        let there = storage
            .read(MARKER, layout::SMALL, &mut text)
            .map_err(|error| RemoteError::io("read", storage, MARKER, error))?;
        match there {
            true => Marker::read(&text, storage).map(Some),
            false => Ok(None),
        }
    }

    /// What people call it.
    pub fn place(&self) -> &str {
        self.storage.place()
    }

    /// Whether it obeys conditions. Where it does not, nobody can clean it up safely; results are as safe as
    /// elsewhere, because they are named by what they are.
    pub fn obeys_conditions(&self) -> bool {
        self.conditions
    }

    /// What tells it from every other one, wherever it is mounted.
    pub fn id(&self) -> &str {
        &self.id
    }
}
