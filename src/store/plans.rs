//! The newest key of every step of an experiment: what `why` compares with and `gc` keeps.

use std::collections::BTreeMap;

use rusqlite::OptionalExtension;

use super::Digest;
use super::StoreError;
use super::database::Database;
use super::database::digest;
use super::database::has_table;

/// The keys of an experiment's steps, by step name.
pub(super) fn keys(
    database: &Database,
    experiment: &str,
) -> Result<BTreeMap<String, Digest>, StoreError> {
    database.with(|connection| {
        let mut statement =
            connection.prepare_cached("SELECT step, key FROM steps WHERE experiment = ?")?;
        let mut rows = statement.query([experiment])?;
        let mut keys = BTreeMap::new();
        while let Some(row) = rows.next()? {
            if let Some(key) = digest(row.get_ref(1)?.as_blob()?) {
                keys.insert(row.get(0)?, key);
            }
        }
        Ok(keys)
    })
}

/// The experiments that have steps, by name.
pub(super) fn experiments(database: &Database) -> Result<Vec<String>, StoreError> {
    database.with(|connection| {
        connection
            .prepare_cached("SELECT experiment FROM plans ORDER BY experiment")?
            .query_map([], |row| row.get(0))?
            .collect()
    })
}

/// Keeps that an experiment was run from this manifest.
pub(super) fn remember(
    database: &Database,
    experiment: &str,
    manifest: &str,
) -> Result<(), StoreError> {
    let known = database.with(|connection| {
        connection
            .prepare_cached("SELECT 1 FROM manifests WHERE experiment = ? AND path = ?")?
            .exists((experiment, manifest))
    })?;
    if known {
        return Ok(());
    }
    database.write(|connection| {
        connection
            .prepare_cached("INSERT OR IGNORE INTO manifests VALUES (?, ?)")?
            .execute((experiment, manifest))
            .map(|_| ())
    })
}

/// Experiments with the manifests that they were run from; none for stores of earlier versions.
pub(super) fn manifests(database: &Database) -> Result<Vec<(String, String)>, StoreError> {
    database.with(|connection| {
        if !has_table(connection, "manifests")? {
            return Ok(Vec::new());
        }
        connection
            .prepare_cached("SELECT experiment, path FROM manifests ORDER BY path, experiment")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    })
}

/// How many steps an experiment has.
pub(super) fn steps(database: &Database, experiment: &str) -> Result<usize, StoreError> {
    database.with(|connection| {
        connection
            .prepare_cached("SELECT count(*) FROM steps WHERE experiment = ?")?
            .query_row([experiment], |row| Ok(row.get::<_, i64>(0)? as usize))
    })
}

/// Says which steps an experiment has now. A step without a key keeps the one it had; steps that
/// are not named any more are forgotten. Writes only what changed.
pub(super) fn set_keys(
    database: &Database,
    experiment: &str,
    steps: &[(&str, Option<Digest>)],
) -> Result<(), StoreError> {
    let mut hasher = blake3::Hasher::new();
    for (step, key) in steps {
        hasher.update(&(step.len() as u64).to_le_bytes());
        hasher.update(step.as_bytes());
        hasher.update(key.as_ref().map_or(&[0; 32], Digest::as_bytes).as_slice());
    }
    let plan = *hasher.finalize().as_bytes();
    let known: Option<Vec<u8>> = database.with(|connection| {
        connection
            .prepare_cached("SELECT digest FROM plans WHERE experiment = ?")?
            .query_row([experiment], |row| row.get(0))
            .optional()
    })?;
    if known.is_some_and(|known| known == plan) {
        return Ok(());
    }
    let mut old = keys(database, experiment)?;
    database.write(|connection| {
        let mut insert =
            connection.prepare_cached("INSERT OR REPLACE INTO steps VALUES (?, ?, ?)")?;
        for (step, key) in steps {
            let before = old.remove(*step);
            if let Some(key) = key.filter(|key| before != Some(*key)) {
                insert.execute((experiment, step, key.as_bytes()))?;
            }
        }
        let mut delete =
            connection.prepare_cached("DELETE FROM steps WHERE experiment = ? AND step = ?")?;
        for step in old.keys() {
            delete.execute((experiment, step))?;
        }
        connection
            .prepare_cached("INSERT OR REPLACE INTO plans VALUES (?, ?)")?
            .execute((experiment, plan))?;
        Ok(())
    })
}
