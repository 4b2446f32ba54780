//! The one SQLite file of a store: its schema, its versions, and how it is opened.
//!
//! Write-ahead logging, without a sync per commit: the death of the process loses no commit. The
//! syncer's checkpoints make commits durable against the death of the machine.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use rusqlite::Connection;
use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;

use super::Digest;
use super::StoreError;

/// Counts changes of the schema below; a store of a higher version is refused.
const VERSION: i64 = 5;

/// What stands in explanations of keys for the value of an environment variable that an earlier
/// version kept as it was.
pub const FORGOTTEN: &str = "forgotten";

const SCHEMA: &str = "
-- Results by key. `outputs` in postcard: output name -> files: name -> digest, size; in version 1
-- JSON of the same; since version 3 with folders, links and permissions where there are any.
CREATE TABLE IF NOT EXISTS records(
  key BLOB PRIMARY KEY, kind TEXT NOT NULL, outputs BLOB NOT NULL, diverged TEXT,
  seconds REAL NOT NULL, run TEXT NOT NULL) WITHOUT ROWID;
-- What keys were made of, for successes and failures alike. JSON: part -> text.
CREATE TABLE IF NOT EXISTS parts(key BLOB PRIMARY KEY, parts TEXT NOT NULL) WITHOUT ROWID;
-- The stat at which an object was last known to be intact and durable. Times in nanoseconds. The
-- digests of executable objects end in `.x`.
CREATE TABLE IF NOT EXISTS objects(
  digest BLOB PRIMARY KEY, size INTEGER NOT NULL, inode INTEGER NOT NULL,
  modified INTEGER NOT NULL, changed INTEGER NOT NULL) WITHOUT ROWID;
-- The digests of plain files, by what tells an untouched file.
CREATE TABLE IF NOT EXISTS files(
  device INTEGER NOT NULL, inode INTEGER NOT NULL, size INTEGER NOT NULL,
  modified INTEGER NOT NULL, changed INTEGER NOT NULL, digest BLOB NOT NULL,
  PRIMARY KEY(device, inode)) WITHOUT ROWID;
-- Invocations. `summary` is JSON, NULL while the run goes on or if it was killed.
CREATE TABLE IF NOT EXISTS runs(
  run TEXT PRIMARY KEY, experiment TEXT NOT NULL, command TEXT NOT NULL,
  started REAL NOT NULL, summary TEXT) WITHOUT ROWID;
-- Every execution with its log, failed or not.
CREATE TABLE IF NOT EXISTS attempts(
  id INTEGER PRIMARY KEY, run TEXT NOT NULL, experiment TEXT NOT NULL, step TEXT NOT NULL,
  key BLOB NOT NULL, attempt INTEGER NOT NULL, outcome TEXT NOT NULL, message TEXT,
  hints TEXT NOT NULL, place TEXT NOT NULL, seconds REAL NOT NULL, log TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS attempts_of_step ON attempts(experiment, step);
-- The newest key of every step of an experiment, by step name.
CREATE TABLE IF NOT EXISTS steps(
  experiment TEXT NOT NULL, step TEXT NOT NULL, key BLOB NOT NULL,
  PRIMARY KEY(experiment, step)) WITHOUT ROWID;
-- Attempts that an executor outside this process has. `handle` is NULL while it is being handed over.
CREATE TABLE IF NOT EXISTS in_flight(
  key BLOB PRIMARY KEY, executor TEXT NOT NULL, handle TEXT, folder TEXT NOT NULL,
  attempt INTEGER NOT NULL) WITHOUT ROWID;
-- A digest of all rows of `steps` of an experiment: an unchanged plan is not written again.
CREATE TABLE IF NOT EXISTS plans(
  experiment TEXT PRIMARY KEY, digest BLOB NOT NULL) WITHOUT ROWID;
-- The manifests that experiments were run from, by their ways from the store or absolute: what `gc` asks for.
CREATE TABLE IF NOT EXISTS manifests(
  experiment TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY(experiment, path)) WITHOUT ROWID;
";

/// Opens the database for the one writer.
pub(super) fn open_to_write(path: &Path) -> Result<Connection, StoreError> {
    let failed = |error| StoreError::database(path, error);
    // SQLite gives its other files the permissions of this one.
    let made = super::folder::private_file()
        .append(true)
        .create(true)
        .open(path);
    made.map_err(|error| StoreError::io("open", path, error))?;
    let connection = Connection::open(path).map_err(failed)?;
    refuse_newer(&connection, path)?;
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;
             PRAGMA wal_autocheckpoint = 0; PRAGMA busy_timeout = 10000;",
        )
        .map_err(failed)?;
    // The syncer does checkpoints, so that closing a store after a run that changed nothing
    // costs nothing.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(failed)?;
    let found = version(&connection).map_err(failed)?;
    if found < VERSION {
        if (1..4).contains(&found) {
            forget_values(&connection).map_err(failed)?;
        }
        connection
            .execute_batch(&format!(
                "BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;"
            ))
            .map_err(failed)?;
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Replaces values of environment variables in explanations of keys, which versions before 4 kept
/// as they were. Nothing of them stays in the file.
fn forget_values(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA secure_delete = ON; BEGIN;")?;
    let mut rows = Vec::new();
    {
        let mut statement =
            connection.prepare("SELECT key, parts FROM parts WHERE instr(parts, '\"env.') > 0")?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            rows.push((row.get::<_, Vec<u8>>(0)?, row.get::<_, String>(1)?));
        }
    }
    for (key, text) in &rows {
        let parts = serde_json::from_str::<super::KeyParts>(text);
        let parts = parts.unwrap_or_default().into_iter().map(|(part, value)| {
            let value = match part.starts_with("env.") && value != "missing" {
                true => FORGOTTEN.to_owned(),
                false => value,
            };
            (part, value)
        });
        let parts: super::KeyParts = parts.collect();
        connection.execute(
            "UPDATE parts SET parts = ? WHERE key = ?",
            (super::records::json(&parts), key),
        )?;
    }
    connection.execute_batch("COMMIT;")?;
    if !rows.is_empty() {
        connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")?;
    }
    Ok(())
}

/// Opens the database for reading, an empty one where there is none, and says whether it stands in for the one that a
/// writer may make or change later: who reads on then opens it anew.
pub(super) fn open_to_read(path: &Path) -> Result<(Connection, bool), StoreError> {
    let failed = |error| StoreError::database(path, error);
    let empty = || {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(SCHEMA).map(|()| connection)
    };
    if !path.exists() {
        return Ok((empty().map_err(failed)?, true));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags)
        .and_then(|connection| version(&connection).map(|_| connection));
    let (connection, stands_in) = match opened {
        Ok(connection) => (connection, false),
        // On a read-only file system SQLite cannot make the files that writers and readers
        // share; nobody can be writing there either, so the file may be read as it is.
        Err(_) => (open_as_it_is(path).map_err(failed)?, true),
    };
    refuse_newer(&connection, path)?;
    if version(&connection).map_err(failed)? == 0 {
        // A writer is just creating it.
        return Ok((empty().map_err(failed)?, true));
    }
    connection
        .execute_batch("PRAGMA busy_timeout = 10000;")
        .map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok((connection, stands_in))
}

/// Opens the file without looking at what others do with it.
fn open_as_it_is(path: &Path) -> rusqlite::Result<Connection> {
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    let name: String = bytes
        .map(|byte| match byte {
            b'%' | b'?' | b'#' | 0x80.. => format!("%{byte:02x}"),
            byte => char::from(*byte).to_string(),
        })
        .collect();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(format!("file:{name}?immutable=1"), flags)
}

/// Whether a file is the database of a store, of whatever version.
pub(super) fn is_ours(path: &Path) -> bool {
    if !path.is_file() {
        return false;
    }
    let Ok(connection) = open_as_it_is(path) else {
        return false;
    };
    let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table'
                  AND name IN ('records', 'objects', 'runs', 'attempts')";
    let tables = connection.query_row(tables, [], |row| row.get::<_, i64>(0));
    tables.is_ok_and(|tables| tables == 4)
}

/// Whether there is a table that not all stores have: earlier versions made none, or none was needed yet.
pub(super) fn has_table(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM sqlite_schema WHERE name = ?")?
        .exists([table])
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn refuse_newer(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let found = version(connection).map_err(|error| StoreError::database(path, error))?;
    if found > VERSION {
        let path = path.to_owned();
        let known = VERSION;
        return Err(StoreError::Newer { path, found, known });
    }
    Ok(())
}

/// The open database, used by one thread at a time.
pub(super) struct Database {
    path: PathBuf,
    connection: Mutex<Connection>,
    commits: AtomicU64,
}

impl Database {
    pub(super) fn new(path: PathBuf, connection: Connection) -> Self {
        Database {
            path,
            connection: Mutex::new(connection),
            commits: AtomicU64::new(0),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Does something with the connection; errors get the path.
    pub(super) fn with<T>(
        &self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        // A panic inside `act` has rolled its transaction back: the connection stays usable.
        let connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        act(&connection).map_err(|error| StoreError::database(&self.path, error))
    }

    /// Does something in one transaction, all of it or nothing, that is to be durable soon.
    pub(super) fn write<T>(
        &self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let done = self.note(act)?;
        self.commits.fetch_add(1, Ordering::Release);
        Ok(done)
    }

    /// How many transactions wanted to be durable.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    /// The bytes of the write-ahead log.
    pub(super) fn log_size(&self) -> u64 {
        let mut log = self.path.as_os_str().to_owned();
        log.push("-wal");
        std::fs::metadata(log).map_or(0, |metadata| metadata.len())
    }

    /// Like [`Database::write`], for what the death of the machine may take: no sync is worth it.
    pub(super) fn note<T>(
        &self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.with(|connection| {
            let transaction = connection.unchecked_transaction()?;
            let done = act(&transaction)?;
            transaction.commit()?;
            Ok(done)
        })
    }
}

/// A digest as it stands in the database.
pub(super) fn digest(blob: &[u8]) -> Option<Digest> {
    blob.try_into().ok().map(Digest::from_bytes)
}
