//! An object on its way into the store: written, hashed as it comes, and taken only where it is what it
//! should be.

use std::fs::File;
use std::io;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use super::Digest;
use super::Object;
use super::Presence;
use super::Store;
use super::StoreError;
use super::files::Files;

/// A file that becomes an object once all of it is there. Dropped before, it leaves nothing.
pub struct Incoming<'s> {
    store: &'s Store,
    object: Object,
    path: PathBuf,
    file: Option<File>,
    hasher: blake3::Hasher,
    files: Arc<dyn Files>,
}

impl Store {
    /// Begins to take in an object; none where it is there already.
    ///
    /// # Errors
    /// Where the store cannot be written to.
    pub fn receive(&self, object: Object) -> Result<Option<Incoming<'_>>, StoreError> {
        self.writable()?;
        if self.presence(&object) == Presence::Intact {
            return Ok(None);
        }
        let path = self.objects.temporary();
        let file = File::create_new(&path);
        let file = file.map_err(|error| StoreError::io("write", &path, error))?;
        Ok(Some(Incoming {
            store: self,
            object,
            path,
            file: Some(file),
            hasher: blake3::Hasher::new(),
            files: Arc::clone(&self.files),
        }))
    }
}

impl Incoming<'_> {
    /// Takes the object in; false where what came is something else.
    ///
    /// # Errors
    /// Where the store cannot be written to.
    pub fn finish(mut self) -> Result<bool, StoreError> {
        self.file = None;
        let digest = Digest::from_bytes(*self.hasher.finalize().as_bytes());
        if digest != self.object.digest || self.hasher.count() != self.object.size {
            return Ok(false);
        }
        self.store.objects.put_known(&self.path, self.object)?;
        Ok(true)
    }

    /// The error of writing here, for people.
    pub fn failed(&self, error: io::Error) -> StoreError {
        StoreError::io("write", &self.path, error)
    }
}

impl Write for Incoming<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(file) = &mut self.file else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let count = file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

impl Drop for Incoming<'_> {
    fn drop(&mut self) {
        self.file = None;
        // Gone already where it was taken in.
        let _ = self.files.remove(&self.path);
    }
}
