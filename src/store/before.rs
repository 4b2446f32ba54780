//! What stood under keys before this process put other results there: it stands again where those are taken back.
//!
//! Kept in tables of the connection, which are gone with the process: a run that dies takes nothing back.

use rusqlite::Connection;
use rusqlite::OptionalExtension;

use super::Digest;
use super::StepResult;
use super::database::has_table;
use super::records::Raw;

/// What says something of the result under a key: the record first.
const OF_KEY: [&str; 5] = ["records", "made_on", "fetched", "accepted", "replaced"];

fn is_kept(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM temp.sqlite_schema WHERE name = ?")?
        .exists([format!("{table}_before")])
}

/// Keeps what stands under a key that is about to get another result in this run, unless the run itself put it there.
pub(super) fn keep(connection: &Connection, run: &str, key: Digest) -> rusqlite::Result<()> {
    let stands = connection
        .prepare_cached("SELECT 1 FROM main.records WHERE key = ? AND run <> ?")?
        .exists((key.as_bytes(), run))?;
    if !stands || find(connection, key)?.is_some() {
        return Ok(());
    }
    for table in OF_KEY {
        if !has_table(connection, table)? {
            continue;
        }
        if !is_kept(connection, table)? {
            connection.execute_batch(&format!(
                "CREATE TABLE temp.{table}_before AS SELECT * FROM main.{table} WHERE 0;
                 CREATE INDEX temp.{table}_before_key ON {table}_before(key);"
            ))?;
        }
        connection
            .prepare_cached(&format!(
                "INSERT INTO temp.{table}_before SELECT * FROM main.{table} WHERE key = ?"
            ))?
            .execute([key.as_bytes()])?;
    }
    Ok(())
}

fn find(connection: &Connection, key: Digest) -> rusqlite::Result<Option<Raw>> {
    if !is_kept(connection, "records")? {
        return Ok(None);
    }
    connection
        .prepare_cached(
            "SELECT key, outputs, diverged, seconds FROM temp.records_before WHERE key = ?",
        )?
        .query_row([key.as_bytes()], Raw::of)
        .optional()
}

/// Puts back what stood under a key, and answers that result; none where nothing stood there.
pub(super) fn put_back(
    connection: &Connection,
    key: Digest,
) -> rusqlite::Result<Option<StepResult>> {
    let Some(result) = find(connection, key)?.and_then(|raw| raw.decode()) else {
        return Ok(None);
    };
    for table in OF_KEY {
        if has_table(connection, table)? {
            connection
                .prepare_cached(&format!("DELETE FROM main.{table} WHERE key = ?"))?
                .execute([key.as_bytes()])?;
        }
        if is_kept(connection, table)? {
            connection
                .prepare_cached(&format!(
                    "INSERT INTO main.{table} SELECT * FROM temp.{table}_before WHERE key = ?"
                ))?
                .execute([key.as_bytes()])?;
        }
    }
    Ok(Some(result))
}
