//! Results that others have replaced under the same key, as `--force` does: runs before had these.
//!
//! A result that is replaced by another one is kept beside it until `gc`, for as long as a run with a name had it; that
//! there was one is kept with the key. Others who share results are told what the one under the key replaces.

use std::collections::HashSet;

use rusqlite::Connection;
use rusqlite::OptionalExtension;

use crate::map::SortedVecMap;

use super::Artifact;
use super::Digest;
use super::Presence;
use super::SharedRecord;
use super::StepResult;
use super::Store;
use super::StoreError;
use super::database::digest;
use super::database::has_table;
use super::encoding;
use super::records::Raw;
use super::records::json;
use super::remotes;

/// Made when the first result is replaced, so that a store without any is as programs before know it. `outputs` is NULL
/// where only the digest is left; `until` in seconds since 1970, 0 where it was never here.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS replaced(
  id INTEGER PRIMARY KEY, key BLOB NOT NULL, result BLOB NOT NULL, until REAL NOT NULL, replaced_by TEXT NOT NULL,
  outputs BLOB, diverged TEXT, seconds REAL NOT NULL);
CREATE INDEX IF NOT EXISTS replaced_of_key ON replaced(key);
";

/// A result that another one has replaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Replaced {
    /// [`StepResult::digest`]
    pub digest: Digest,
    /// None where `gc` let go of it.
    kept: Option<StepResult>,
}

impl Replaced {
    /// The result as it was, also where objects of it are damaged or gone: versions that knew of no replaced results may
    /// have removed them.
    pub fn kept(&self) -> Option<&StepResult> {
        self.kept.as_ref()
    }

    /// The result, where all of it can be used.
    pub fn result(&self, store: &Store) -> Option<&StepResult> {
        self.kept().filter(|kept| store.has_objects_of(kept))
    }
}

impl StepResult {
    /// Tells one result of a key from another: what came out, not how long it took.
    pub fn digest(&self) -> Digest {
        digest_of(&self.outputs, self.diverged.as_deref())
    }
}

fn digest_of(outputs: &SortedVecMap<Artifact>, diverged: Option<&str>) -> Digest {
    Digest::of(json(&(outputs, diverged)).as_bytes())
}

fn there(connection: &Connection) -> rusqlite::Result<bool> {
    has_table(connection, "replaced")
}

/// Keeps the result of a key that is about to be replaced by another one in this run.
pub(super) fn note(
    connection: &Connection,
    run: &str,
    key: Digest,
    new: &StepResult,
) -> rusqlite::Result<()> {
    let Some(old) = Raw::find(connection, key)?.and_then(|old| old.decode()) else {
        return Ok(());
    };
    if old.outputs == new.outputs && old.diverged == new.diverged {
        return Ok(());
    }
    remotes::changed(connection, &[key])?;
    connection.execute_batch(SCHEMA)?;
    connection
        .prepare_cached(
            "INSERT INTO replaced VALUES (NULL, ?, ?, unixepoch('now', 'subsec'), ?, ?, ?, ?)",
        )?
        .execute((
            key.as_bytes(),
            old.digest().as_bytes(),
            run,
            encoding::encode(&old.outputs),
            &old.diverged,
            old.seconds,
        ))?;
    Ok(())
}

/// Keeps what somebody else's result has replaced where it was made.
pub(super) fn learn(
    connection: &Connection,
    key: Digest,
    replaces: &[Digest],
) -> rusqlite::Result<()> {
    if replaces.is_empty() {
        return Ok(());
    }
    connection.execute_batch(SCHEMA)?;
    let mut known = of_key(connection, key)?;
    let mut insert = connection
        .prepare_cached("INSERT INTO replaced VALUES (NULL, ?, ?, 0, '', NULL, NULL, 0)")?;
    for digest in replaces {
        match known.iter().position(|known| known == digest) {
            Some(at) => {
                known.swap_remove(at);
            }
            None => {
                insert.execute((key.as_bytes(), digest.as_bytes()))?;
            }
        }
    }
    Ok(())
}

/// All that the result of a key has replaced, one after the other: what came back and was replaced again stands there
/// twice, so that who has more is newer.
pub(super) fn of_key(connection: &Connection, key: Digest) -> rusqlite::Result<Vec<Digest>> {
    let mut found = Vec::new();
    if there(connection)? {
        let mut statement =
            connection.prepare_cached("SELECT result FROM replaced WHERE key = ? ORDER BY id")?;
        let mut rows = statement.query([key.as_bytes()])?;
        while let Some(row) = rows.next()? {
            found.extend(digest(row.get_ref(0)?.as_blob()?));
        }
    }
    Ok(found)
}

/// The replaced results that are held, by key and digest.
pub(super) fn held(
    connection: &Connection,
    held: &HashSet<(Digest, Digest)>,
) -> rusqlite::Result<Vec<StepResult>> {
    let mut found = Vec::new();
    if there(connection)? && !held.is_empty() {
        let mut statement = connection.prepare_cached(
            "SELECT key, outputs, diverged, seconds, result FROM replaced WHERE outputs IS NOT NULL",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let of = digest(row.get_ref(0)?.as_blob()?).zip(digest(row.get_ref(4)?.as_blob()?));
            if of.is_some_and(|of| held.contains(&of)) {
                found.extend(Raw::of(row)?.decode());
            }
        }
    }
    Ok(found)
}

/// Lets go of replaced results that are not held, and of all that is known of those of dropped keys.
pub(super) fn forget(
    connection: &Connection,
    held: &HashSet<(Digest, Digest)>,
    dropped: &[Digest],
) -> rusqlite::Result<()> {
    if !there(connection)? {
        return Ok(());
    }
    let mut delete = connection.prepare_cached("DELETE FROM replaced WHERE key = ?")?;
    for key in dropped {
        delete.execute([key.as_bytes()])?;
    }
    let mut gone = Vec::new();
    {
        let mut statement = connection
            .prepare_cached("SELECT key, result, id FROM replaced WHERE outputs IS NOT NULL")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let of = digest(row.get_ref(0)?.as_blob()?).zip(digest(row.get_ref(1)?.as_blob()?));
            if of.is_none_or(|of| !held.contains(&of)) {
                gone.push(row.get::<_, i64>(2)?);
            }
        }
    }
    let mut let_go = connection
        .prepare_cached("UPDATE replaced SET outputs = NULL, diverged = NULL WHERE id = ?")?;
    for id in gone {
        let_go.execute([id])?;
    }
    Ok(())
}

impl SharedRecord {
    /// [`StepResult::digest`] of its result.
    pub fn result_digest(&self) -> Digest {
        digest_of(&self.outputs, self.diverged.as_deref())
    }

    /// Whether another record of the key has another result, which no other type of machine explains.
    pub fn contradicts(&self, other: &SharedRecord) -> bool {
        let machine = |record: &SharedRecord| {
            let environment = record.environment.as_ref();
            environment.map(|known| (known.numerics.clone(), known.gpu.clone()))
        };
        self.result_digest() != other.result_digest() && machine(self) == machine(other)
    }

    /// Whether one of these has replaced it. Of two that replace each other it is the one that has replaced more.
    pub fn is_replaced<'r>(&self, by: impl IntoIterator<Item = &'r SharedRecord>) -> bool {
        let digest = self.result_digest();
        by.into_iter().any(|other| {
            other.replaces.len() > self.replaces.len() && other.replaces.contains(&digest)
        })
    }
}

impl Store {
    /// What a run had under a key, where another result has replaced that since; none where it stands there still, as
    /// far as is known.
    pub fn replaced_since(&self, run: &str, key: Digest) -> Result<Option<Replaced>, StoreError> {
        self.database.with(|connection| {
            if !there(connection)? {
                return Ok(None);
            }
            // One writes at a time: what stood there when a run began is what it had, unless it made another itself.
            connection
                .prepare_cached(
                    "SELECT key, outputs, diverged, seconds, result FROM replaced
                     WHERE key = ? AND replaced_by <> ?2 AND until > (SELECT started FROM runs WHERE run = ?2)
                     ORDER BY until, id LIMIT 1",
                )?
                .query_row((key.as_bytes(), run), |row| {
                    let kept = match row.get_ref(1)? {
                        rusqlite::types::ValueRef::Null => None,
                        _ => Raw::of(row)?.decode(),
                    };
                    let digest = digest(row.get_ref(4)?.as_blob()?);
                    Ok(digest.map(|digest| Replaced { digest, kept }))
                })
                .optional()
                .map(Option::flatten)
        })
    }

    /// Whether all objects of a result can be used.
    pub(super) fn has_objects_of(&self, result: &StepResult) -> bool {
        let mut objects = result.objects();
        objects.all(|object| self.presence(object) == Presence::Intact)
    }

    /// The run that made the result of a key; empty where it came from elsewhere.
    pub fn made_in(&self, key: Digest) -> Result<Option<String>, StoreError> {
        self.database.with(|connection| {
            connection
                .prepare_cached("SELECT run FROM records WHERE key = ?")?
                .query_row([key.as_bytes()], |row| row.get(0))
                .optional()
        })
    }
}
