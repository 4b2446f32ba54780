//! Records by key, kept in memory as they stand in the database and decoded when they are asked
//! for.

use std::sync::Arc;
use std::sync::RwLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use foldhash::HashMap;
use foldhash::HashMapExt;
use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::types::ValueRef;

use crate::map::SortedVecMap;

use super::Artifact;
use super::Digest;
use super::KeyParts;
use super::Record;
use super::StepResult;
use super::StoreError;
use super::before;
use super::database::Database;
use super::database::digest;
use super::database::has_table;
use super::encoding;
use super::objects::read;
use super::objects::write;
use super::replaced;

pub(super) struct Records {
    database: Arc<Database>,
    known: RwLock<HashMap<Digest, Raw>>,
    /// Whether `known` holds all that the database knows.
    complete: AtomicBool,
}

/// A row of `records`.
#[derive(Clone)]
pub(super) struct Raw {
    outputs: Box<[u8]>,
    /// Whether they are JSON, as stores of version 1 have them.
    json: bool,
    diverged: Option<Box<str>>,
    seconds: f64,
}

impl Raw {
    /// Of a key, outputs, what diverged, seconds.
    pub(super) fn of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let outputs = row.get_ref(1)?;
        Ok(Raw {
            outputs: outputs.as_bytes()?.into(),
            json: matches!(outputs, ValueRef::Text(_)),
            diverged: row.get_ref(2)?.as_str_or_null()?.map(Box::from),
            seconds: row.get(3)?,
        })
    }

    pub(super) fn find(connection: &Connection, key: Digest) -> rusqlite::Result<Option<Self>> {
        connection
            .prepare_cached(&format!("{ROW} WHERE key = ?"))?
            .query_row([key.as_bytes()], Raw::of)
            .optional()
    }

    /// None where the row is not one of ours: then the step runs again.
    pub(super) fn decode(&self) -> Option<StepResult> {
        let outputs: SortedVecMap<Artifact> = match self.json {
            true => serde_json::from_slice(&self.outputs).ok()?,
            false => encoding::decode(&self.outputs)?,
        };
        Some(StepResult {
            outputs,
            diverged: self.diverged.as_deref().map(str::to_owned),
            seconds: self.seconds,
        })
    }
}

const ROW: &str = "SELECT key, outputs, diverged, seconds FROM records";

impl Records {
    pub(super) fn new(database: Arc<Database>) -> Self {
        Records {
            database,
            known: RwLock::default(),
            complete: AtomicBool::new(false),
        }
    }

    /// Whether everything is in memory already.
    pub(super) fn are_loaded(&self) -> bool {
        self.complete.load(Ordering::Acquire)
    }

    /// Loads all records at once, unless there are more than `limit`; about as many as `expected`.
    pub(super) fn preload(
        &self,
        connection: &Connection,
        expected: usize,
        limit: usize,
    ) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(&format!("{ROW} LIMIT ?"))?;
        let mut rows = statement.query([limit as i64 + 1])?;
        let mut loaded = HashMap::with_capacity(expected);
        while let Some(row) = rows.next()? {
            if let Some(key) = digest(row.get_ref(0)?.as_blob()?) {
                loaded.insert(key, Raw::of(row)?);
            }
        }
        let complete = loaded.len() <= limit;
        *write(&self.known) = loaded;
        self.complete.store(complete, Ordering::Release);
        Ok(())
    }

    pub(super) fn result(&self, key: Digest) -> Result<Option<StepResult>, StoreError> {
        if let Some(raw) = read(&self.known).get(&key) {
            return Ok(raw.decode());
        }
        if self.are_loaded() {
            return Ok(None);
        }
        let raw = self
            .database
            .with(|connection| Raw::find(connection, key))?;
        Ok(raw.and_then(|raw| raw.decode()))
    }

    pub(super) fn record(&self, key: Digest) -> Result<Option<Record>, StoreError> {
        let Some(result) = self.result(key)? else {
            return Ok(None);
        };
        let parts = self.parts(key)?.unwrap_or_default();
        Ok(Some(Record { key, parts, result }))
    }

    pub(super) fn parts(&self, key: Digest) -> Result<Option<KeyParts>, StoreError> {
        let text = self.database.with(|connection| {
            connection
                .prepare_cached("SELECT parts FROM parts WHERE key = ?")?
                .query_row([key.as_bytes()], |row| row.get::<_, String>(0))
                .optional()
        })?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Writes a record, made by a run, within the caller's transaction; another one of its key is known as replaced
    /// from then on, by the run that goes on now, if one does.
    pub(super) fn insert(
        connection: &Connection,
        (run, now): (&str, &str),
        key: Digest,
        kind: &str,
        result: &StepResult,
    ) -> rusqlite::Result<()> {
        before::keep(connection, now, key)?;
        replaced::note(connection, now, key, result)?;
        connection
            .prepare_cached("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?)")?
            .execute((
                key.as_bytes(),
                kind,
                encoding::encode(&result.outputs),
                &result.diverged,
                result.seconds,
                run,
            ))?;
        Ok(())
    }

    /// Keeps the result of a former key under another, with the run that made it, the machine that it was made on, and
    /// where it was accepted or fetched.
    pub(super) fn take_over(
        &self,
        key: Digest,
        former: Digest,
        kind: &str,
        parts: &KeyParts,
        result: &StepResult,
    ) -> Result<(), StoreError> {
        self.database.write(|connection| {
            let run: Option<String> = connection
                .prepare_cached("SELECT run FROM records WHERE key = ?")?
                .query_row([former.as_bytes()], |row| row.get(0))
                .optional()?;
            Records::insert(connection, (&run.unwrap_or_default(), ""), key, kind, result)?;
            connection
                .prepare_cached("INSERT OR REPLACE INTO parts VALUES (?, ?)")?
                .execute((key.as_bytes(), json(parts)))?;
            for (table, columns) in [
                ("made_on", "environment"),
                ("accepted", "instead, reason, time, made"),
                ("fetched", "origin, time"),
            ] {
                if has_table(connection, table)? {
                    let copy = format!(
                        "INSERT OR REPLACE INTO {table}(key, {columns}) SELECT ?, {columns} FROM {table} WHERE key = ?"
                    );
                    connection
                        .prepare_cached(&copy)?
                        .execute((key.as_bytes(), former.as_bytes()))?;
                }
            }
            Ok(())
        })
    }

    /// Lets later lookups of this process see a record that was written.
    pub(super) fn learn(&self, key: Digest, result: &StepResult) {
        let raw = Raw {
            outputs: encoding::encode(&result.outputs).into(),
            json: false,
            diverged: result.diverged.as_deref().map(Box::from),
            seconds: result.seconds,
        };
        write(&self.known).insert(key, raw);
    }

    pub(super) fn forget(&self, keys: &[Digest]) {
        let mut known = write(&self.known);
        for key in keys {
            known.remove(key);
        }
    }
}

/// JSON of what cannot fail to be written as JSON: maps with text keys, texts, numbers.
pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("maps with text keys always have a JSON form")
}

/// Outputs as a row of the database has them, for tests that feed anything.
#[doc(hidden)]
pub fn decoded(outputs: &[u8], json: bool) -> Option<StepResult> {
    let raw = Raw {
        outputs: outputs.into(),
        json,
        diverged: None,
        seconds: 0.0,
    };
    raw.decode()
}

/// What [`decoded`] reads back.
#[doc(hidden)]
pub fn encoded(result: &StepResult) -> Vec<u8> {
    encoding::encode(&result.outputs)
}
