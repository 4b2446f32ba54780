//! What is known here of shared stores: which were found where, what is in them, and as what this project is known there.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::OptionalExtension;

use super::Digest;
use super::Store;
use super::StoreError;
use super::database::digest;
use super::database::has_table;

/// Made when the first result is shared, so that a store without any is as programs before know it.
pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS fetched(
  key BLOB PRIMARY KEY, origin TEXT NOT NULL, time REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shared(
  remote TEXT NOT NULL, key BLOB NOT NULL, PRIMARY KEY(remote, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS shared_of_key ON shared(key);
CREATE TABLE IF NOT EXISTS remotes(place TEXT PRIMARY KEY, remote TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS roots(
  remote TEXT NOT NULL, experiment TEXT NOT NULL, digest BLOB NOT NULL, PRIMARY KEY(remote, experiment)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pushed_as(
  root BLOB PRIMARY KEY, secret INTEGER NOT NULL, project TEXT NOT NULL) WITHOUT ROWID;
";

pub(super) fn there(connection: &Connection) -> rusqlite::Result<bool> {
    has_table(connection, "fetched")
}

/// Others no longer have what stands under these keys here.
pub(super) fn changed(connection: &Connection, keys: &[Digest]) -> rusqlite::Result<()> {
    if there(connection)? {
        // Earlier versions had no index of the keys.
        connection.execute_batch(SCHEMA)?;
        let mut delete = connection.prepare_cached("DELETE FROM shared WHERE key = ?")?;
        for key in keys {
            delete.execute([key.as_bytes()])?;
        }
    }
    Ok(())
}

/// Tells the secret of a store from a copy of it, on whatever machine it is looked at.
fn inode_of_secret(store: &Path) -> i64 {
    let about = fs::metadata(store.join("secret"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        about.map_or(0, |about| about.ino() as i64)
    }
    #[cfg(not(unix))]
    about.map_or(0, |_| 1)
}

impl Store {
    /// The id of the shared store that was last found in a place.
    pub fn remote_in(&self, place: &str) -> Result<Option<String>, StoreError> {
        self.database.with(|connection| {
            if !there(connection)? {
                return Ok(None);
            }
            connection
                .prepare_cached("SELECT remote FROM remotes WHERE place = ?")?
                .query_row([place], |row| row.get(0))
                .optional()
        })
    }

    /// The keys that are known to be in the shared store of this id.
    pub fn shared_with(&self, remote: &str) -> Result<HashSet<Digest>, StoreError> {
        self.database.with(|connection| {
            let mut keys = HashSet::new();
            if there(connection)? {
                let mut statement =
                    connection.prepare_cached("SELECT key FROM shared WHERE remote = ?")?;
                let mut rows = statement.query([remote])?;
                while let Some(row) = rows.next()? {
                    keys.extend(digest(row.get_ref(0)?.as_blob()?));
                }
            }
            Ok(keys)
        })
    }

    /// The digest of what an experiment was last said to reach, in the shared store of this id.
    pub fn root_sent(&self, remote: &str, experiment: &str) -> Result<Option<Digest>, StoreError> {
        self.database.with(|connection| {
            // A store that has shared something may have done so before roots were noted.
            if !has_table(connection, "roots")? {
                return Ok(None);
            }
            let sent = connection
                .prepare_cached("SELECT digest FROM roots WHERE remote = ? AND experiment = ?")?
                .query_row([remote, experiment], |row| {
                    Ok(digest(row.get_ref(0)?.as_blob()?))
                })
                .optional()?;
            Ok(sent.flatten())
        })
    }

    /// Notes what an experiment was said to reach, in the shared store of this id.
    pub fn note_root(
        &self,
        remote: &str,
        experiment: &str,
        root: Digest,
    ) -> Result<(), StoreError> {
        self.writable()?;
        self.database.write(|connection| {
            connection.execute_batch(SCHEMA)?;
            connection.execute(
                "INSERT OR REPLACE INTO roots VALUES (?, ?, ?)",
                (remote, experiment, root.as_bytes()),
            )?;
            Ok(())
        })
    }

    /// Notes that these keys are in the shared store of this id now, which was found in a place.
    pub fn note_shared(
        &self,
        place: &str,
        remote: &str,
        keys: &[Digest],
    ) -> Result<(), StoreError> {
        self.writable()?;
        self.database.write(|connection| {
            connection.execute_batch(SCHEMA)?;
            connection.execute(
                "INSERT OR REPLACE INTO remotes VALUES (?, ?)",
                (place, remote),
            )?;
            let mut insert =
                connection.prepare_cached("INSERT OR IGNORE INTO shared VALUES (?, ?)")?;
            for key in keys {
                insert.execute((remote, key.as_bytes()))?;
            }
            Ok(())
        })
    }

    /// The name that a project was pushed by from its root, with this store and no copy of it.
    pub fn pushed_as(&self, root: &Path) -> Result<Option<String>, StoreError> {
        self.database.with(|connection| {
            if !has_table(connection, "pushed_as")? {
                return Ok(None);
            }
            let secret = inode_of_secret(self.root());
            connection
                .prepare_cached("SELECT project FROM pushed_as WHERE root = ? AND secret = ?")?
                .query_row((root.as_os_str().as_encoded_bytes(), secret), |row| {
                    row.get(0)
                })
                .optional()
        })
    }

    /// Notes the name that a project was pushed by from its root.
    pub fn note_pushed_as(&self, root: &Path, project: &str) -> Result<(), StoreError> {
        self.writable()?;
        let secret = inode_of_secret(self.root());
        self.database.write(|connection| {
            connection.execute_batch(SCHEMA)?;
            connection.execute(
                "INSERT OR REPLACE INTO pushed_as VALUES (?, ?, ?)",
                (root.as_os_str().as_encoded_bytes(), secret, project),
            )?;
            Ok(())
        })
    }
}
