//! What people say of runs and results: names, tags, and that a result is accepted.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use serde::Deserialize;
use serde::Serialize;

use super::Digest;
use super::PastRun;
use super::StepResult;
use super::StoreError;
use super::database::Database;
use super::database::digest;
use super::database::has_table;
use super::records::Records;
use super::records::json;

/// Made when the first label is given, so that a store without any is as programs before them know it.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS run_names(name TEXT PRIMARY KEY, run TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS run_tags(
  run TEXT NOT NULL, tag TEXT NOT NULL, PRIMARY KEY(run, tag)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS accepted(
  key BLOB PRIMARY KEY, instead BLOB NOT NULL, reason TEXT NOT NULL, time REAL NOT NULL,
  made BLOB NOT NULL) WITHOUT ROWID;
";

/// A result that was not computed under its key, but taken for it by somebody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    /// The key that it stood under when it was accepted.
    pub instead: Digest,
    /// The key that it was computed under.
    pub made: Digest,
    pub reason: String,
    /// Seconds since 1970.
    pub time: f64,
}

fn there(connection: &Connection) -> rusqlite::Result<bool> {
    has_table(connection, "accepted")
}

/// Adds names and tags to runs.
pub(super) fn fill(database: &Database, runs: &mut [PastRun]) -> Result<(), StoreError> {
    database.with(|connection| {
        if !there(connection)? {
            return Ok(());
        }
        let mut names =
            connection.prepare_cached("SELECT name FROM run_names WHERE run = ? ORDER BY name")?;
        let mut tags =
            connection.prepare_cached("SELECT tag FROM run_tags WHERE run = ? ORDER BY tag")?;
        for run in runs {
            let text = |row: &rusqlite::Row<'_>| row.get(0);
            run.names = names
                .query_map([&run.run], text)?
                .collect::<Result<_, _>>()?;
            run.tags = tags
                .query_map([&run.run], text)?
                .collect::<Result<_, _>>()?;
        }
        Ok(())
    })
}

/// The run of this name.
pub(super) fn named(database: &Database, name: &str) -> Result<Option<String>, StoreError> {
    database.with(|connection| {
        if !there(connection)? {
            return Ok(None);
        }
        connection
            .prepare_cached("SELECT run FROM run_names WHERE name = ?")?
            .query_row([name], |row| row.get(0))
            .optional()
    })
}

/// All names of runs, with the runs.
pub(super) fn names(database: &Database) -> Result<Vec<(String, String)>, StoreError> {
    database.with(|connection| {
        if !there(connection)? {
            return Ok(Vec::new());
        }
        connection
            .prepare_cached("SELECT name, run FROM run_names ORDER BY name")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    })
}

/// Gives a run a name; takes it from the run that had it.
pub(super) fn name(database: &Database, run: &str, name: &str) -> Result<(), StoreError> {
    database.write(|connection| {
        connection.execute_batch(SCHEMA)?;
        connection.execute(
            "INSERT OR REPLACE INTO run_names VALUES (?, ?)",
            (name, run),
        )?;
        Ok(())
    })
}

/// Takes a name away; whether there was one.
pub(super) fn unname(database: &Database, name: &str) -> Result<bool, StoreError> {
    database.write(|connection| {
        connection.execute_batch(SCHEMA)?;
        let gone = connection.execute("DELETE FROM run_names WHERE name = ?", [name])?;
        Ok(gone > 0)
    })
}

/// Adds tags to a run and takes others away.
pub(super) fn tag(
    database: &Database,
    run: &str,
    add: &[String],
    remove: &[String],
) -> Result<(), StoreError> {
    database.write(|connection| {
        connection.execute_batch(SCHEMA)?;
        for tag in add {
            connection.execute("INSERT OR IGNORE INTO run_tags VALUES (?, ?)", (run, tag))?;
        }
        for tag in remove {
            connection.execute("DELETE FROM run_tags WHERE run = ? AND tag = ?", (run, tag))?;
        }
        Ok(())
    })
}

/// Keeps the result of another key under a new one, and says so for as long as it stands there.
pub(super) fn accept(
    database: &Database,
    key: Digest,
    instead: Digest,
    reason: &str,
    kind: &str,
    parts: &super::KeyParts,
    result: &StepResult,
) -> Result<(), StoreError> {
    // What was accepted before was computed even earlier.
    let made = accepted(database, instead)?.map_or(instead, |before| before.made);
    database.write(|connection| {
        connection.execute_batch(SCHEMA)?;
        let run: Option<String> = connection
            .prepare_cached("SELECT run FROM records WHERE key = ?")?
            .query_row([instead.as_bytes()], |row| row.get(0))
            .optional()?;
        let run = run.unwrap_or_default();
        Records::insert(connection, (&run, ""), key, kind, result)?;
        connection
            .prepare_cached("INSERT OR IGNORE INTO parts VALUES (?, ?)")?
            .execute((key.as_bytes(), json(parts)))?;
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO accepted VALUES (?, ?, ?, unixepoch('now', 'subsec'), ?)",
            )?
            .execute((key.as_bytes(), instead.as_bytes(), reason, made.as_bytes()))?;
        Ok(())
    })
}

/// Keeps what another store says of a result that was accepted there.
pub(super) fn keep(
    connection: &Connection,
    key: Digest,
    accepted: &Accepted,
) -> rusqlite::Result<()> {
    connection.execute_batch(SCHEMA)?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO accepted VALUES (?, ?, ?, ?, ?)")?
        .execute((
            key.as_bytes(),
            accepted.instead.as_bytes(),
            &accepted.reason,
            accepted.time,
            accepted.made.as_bytes(),
        ))?;
    Ok(())
}

/// Whether any result was ever accepted.
pub(super) fn any_accepted(database: &Database) -> Result<bool, StoreError> {
    database.with(|connection| {
        Ok(there(connection)?
            && connection
                .prepare_cached("SELECT 1 FROM accepted")?
                .exists([])?)
    })
}

/// How the result under a key came there, if somebody accepted it.
pub(super) fn accepted(database: &Database, key: Digest) -> Result<Option<Accepted>, StoreError> {
    database.with(|connection| {
        if !there(connection)? {
            return Ok(None);
        }
        connection
            .prepare_cached("SELECT instead, reason, time, made FROM accepted WHERE key = ?")?
            .query_row([key.as_bytes()], |row| {
                let instead = digest(row.get_ref(0)?.as_blob()?);
                let made = digest(row.get_ref(3)?.as_blob()?);
                let unknown = || Digest::of(b"");
                Ok(Accepted {
                    instead: instead.unwrap_or_else(unknown),
                    made: made.unwrap_or_else(unknown),
                    reason: row.get(1)?,
                    time: row.get(2)?,
                })
            })
            .optional()
    })
}

/// A result was computed under its key: nothing is accepted there any more.
pub(super) fn computed(connection: &Connection, key: Digest) -> rusqlite::Result<()> {
    if there(connection)? {
        connection
            .prepare_cached("DELETE FROM accepted WHERE key = ?")?
            .execute([key.as_bytes()])?;
    }
    Ok(())
}
