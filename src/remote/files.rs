//! The files of a shared store, with a word on where something failed.

use std::io;
use std::io::Write;

use super::Refusal;
use super::Remote;
use super::RemoteError;
use super::storage::Content;
use super::storage::Entry;
use super::storage::Kind;
use super::storage::Stat;
use super::storage::is_of_the_file;

impl Remote {
    /// What a failure of a file is to people.
    fn failed(&self, doing: &'static str, name: &str) -> impl FnOnce(io::Error) -> RemoteError {
        move |error| RemoteError::io(doing, &*self.storage, name, error)
    }

    pub(super) fn stat(&self, name: &str) -> Result<Option<Stat>, RemoteError> {
        let stat = self.storage.stat(name);
        stat.map_err(self.failed("look at", name))
    }

    /// What a file holds, up to so many bytes; none where there is none.
    pub(super) fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, RemoteError> {
        let read = self.read_open(name, limit)?;
        read.map_err(self.failed("read", name))
    }

    /// The same, or why this file cannot be read, where others may be all the same.
    pub(super) fn read_open(
        &self,
        name: &str,
        limit: u64,
    ) -> Result<io::Result<Option<Vec<u8>>>, RemoteError> {
        let mut bytes = Vec::new();
        let there = self.read_to(name, limit, &mut bytes)?;
        Ok(there.map(|there| there.then_some(bytes)))
    }

    /// Passes on what a file holds; false where there is none. Or why this file cannot be read.
    pub(super) fn read_to(
        &self,
        name: &str,
        limit: u64,
        to: &mut dyn Write,
    ) -> Result<io::Result<bool>, RemoteError> {
        match self.storage.read(name, limit, to) {
            Err(error) if !is_of_the_file(&error) => Err(self.failed("read", name)(error)),
            read => Ok(read),
        }
    }

    pub(super) fn write(
        &self,
        name: &str,
        content: Content<'_>,
        kind: Kind,
    ) -> Result<bool, RemoteError> {
        let written = self.storage.write(name, content, kind);
        written.map_err(self.failed("write", name))
    }

    pub(super) fn list(&self, folder: &str) -> Result<Vec<Entry>, RemoteError> {
        let listed = self.storage.list(folder);
        listed.map_err(self.failed("list", folder))
    }

    /// The files below a folder, and the folders there that others keep to themselves.
    pub(super) fn list_open(&self, folder: &str) -> Result<(Vec<Entry>, Vec<Entry>), RemoteError> {
        let listed = self.list(folder)?.into_iter();
        Ok(listed.partition(|entry| !entry.closed))
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), RemoteError> {
        let removed = self.storage.remove(name);
        removed.map_err(self.failed("remove", name))
    }

    pub(super) fn settle(&self) -> Result<(), RemoteError> {
        let settled = self.storage.settle();
        settled.map_err(self.failed("sync", ""))
    }
}

/// What was done with a file, or that its owner alone may do it: then the rest goes on.
pub(super) fn or_refused<T>(
    name: &str,
    done: Result<T, RemoteError>,
) -> Result<Result<T, Refusal>, RemoteError> {
    match done {
        Err(RemoteError::Io { doing, source, .. })
            if source.kind() == io::ErrorKind::PermissionDenied =>
        {
            let name = name.to_owned();
            let why = format!("you may not {doing} it: {source}");
            Ok(Err(Refusal { name, why }))
        }
        done => done.map(Ok),
    }
}
