//! Attempts that an executor outside this process has: what the next coordinator adopts.

use std::io;
use std::path::PathBuf;

use rusqlite::OptionalExtension;

use super::Digest;
use super::Store;
use super::StoreError;
use super::database::digest;
use super::folder;
use super::removal::remove_tree;

/// An attempt that was handed to an executor, or was about to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFlight {
    pub key: Digest,
    /// The executor's name.
    pub executor: String,
    /// What the executor calls it; none where the coordinator died while handing it over.
    pub handle: Option<String>,
    /// The name of its folder below [`Store::attempt_folders`].
    pub folder: String,
    /// Counts from 1 within the run that handed it over.
    pub attempt: u32,
}

impl Store {
    /// Where attempts outside this process have their folders: nothing here is touched while an
    /// executor may have the attempt.
    pub fn attempt_folders(&self) -> PathBuf {
        self.root().join("attempts")
    }

    /// All attempts in flight, by key.
    pub fn in_flight(&self) -> Result<Vec<InFlight>, StoreError> {
        self.database.with(|connection| {
            let columns = "key, executor, handle, folder, attempt";
            let mut statement =
                connection.prepare(&format!("SELECT {columns} FROM in_flight ORDER BY key"))?;
            let mut rows = statement.query([])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                if let Some(key) = digest(row.get_ref(0)?.as_blob()?) {
                    all.push(InFlight {
                        key,
                        executor: row.get(1)?,
                        handle: row.get(2)?,
                        folder: row.get(3)?,
                        attempt: row.get(4)?,
                    });
                }
            }
            Ok(all)
        })
    }

    /// The run that has kept the result of a key; empty for somebody else's, none where there is no result.
    pub fn recorded_by(&self, key: Digest) -> Result<Option<String>, StoreError> {
        self.database.with(|connection| {
            connection
                .prepare_cached("SELECT run FROM records WHERE key = ?")?
                .query_row([key.as_bytes()], |row| row.get(0))
                .optional()
        })
    }

    /// Notes an attempt in flight in place of what was known of its key.
    pub fn note_in_flight(&self, attempt: &InFlight) -> Result<(), StoreError> {
        self.writable()?;
        self.database.write(|connection| {
            connection.execute(
                "INSERT OR REPLACE INTO in_flight(key, executor, handle, folder, attempt)
                 VALUES (?, ?, ?, ?, ?)",
                (
                    attempt.key.as_bytes(),
                    &attempt.executor,
                    &attempt.handle,
                    &attempt.folder,
                    attempt.attempt,
                ),
            )?;
            Ok(())
        })
    }

    /// An attempt is over: its result is kept, or there is none. Its folder goes.
    pub fn forget_in_flight(&self, key: Digest, folder: &str) -> Result<(), StoreError> {
        self.writable()?;
        self.database.write(|connection| {
            connection.execute(
                "DELETE FROM in_flight WHERE key = ? AND folder = ?",
                (key.as_bytes(), folder),
            )?;
            Ok(())
        })?;
        let folder = self.attempt_folders().join(folder);
        match remove_tree(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::io("remove", &folder, error))
            }
            _ => Ok(()),
        }
    }

    /// A new empty folder for an attempt.
    pub fn new_attempt_folder(&self, name: &str) -> Result<PathBuf, StoreError> {
        let path = self.attempt_folders().join(name);
        let made = folder::folder(&self.attempt_folders(), false);
        let made = made.and_then(|()| folder::folder(&path, false));
        made.map_err(|error| StoreError::io("create", &path, error))?;
        Ok(path)
    }
}
