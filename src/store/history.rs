//! Runs and attempts: kept for people (`why`, `log`, `status`), never as results.

use std::sync::Arc;

use rusqlite::Connection;
use serde::Serialize;

use super::Digest;
use super::Environment;
use super::KeyParts;
use super::StepResult;
use super::StoreError;
use super::database::Database;
use super::database::digest;
use super::environment;
use super::labels;
use super::records::Records;
use super::records::json;
use super::shared;

/// One execution of a step, as it is to be kept.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The step's name: `fit[latent=8,seed=0]`.
    pub step: String,
    /// The line of the pipeline file: `pipelines/vae.yaml:12:3`.
    pub place: String,
    /// The stage kind.
    pub kind: String,
    pub key: Digest,
    pub parts: KeyParts,
    /// Counts from 1 within a run.
    pub number: u32,
    pub seconds: f64,
    pub log: String,
    /// On what it ran, where that is known.
    pub environment: Option<Environment>,
    pub outcome: Outcome,
}

/// How an execution ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// With a result, which is kept under the key.
    Made(Arc<StepResult>),
    Failed {
        message: String,
        hints: Vec<String>,
    },
    Cancelled,
}

/// One execution of a step, as it was kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PastAttempt {
    pub run: String,
    pub step: String,
    pub key: Digest,
    pub number: u32,
    /// `made`, `failed` or `cancelled`.
    pub outcome: String,
    pub message: Option<String>,
    pub hints: Vec<String>,
    pub place: String,
    pub seconds: f64,
    pub log: String,
}

/// One invocation, as it was kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PastRun {
    pub run: String,
    pub experiment: String,
    pub command: String,
    /// Seconds since 1970.
    pub started: f64,
    /// JSON of the engine's; none while the run goes on or where it was killed.
    pub summary: Option<String>,
    /// What people call it.
    pub names: Vec<String>,
    pub tags: Vec<String>,
}

/// What a run calls itself before it starts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RunId(pub String);

impl std::fmt::Display for RunId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

pub(super) fn begin(
    database: &Database,
    experiment: &str,
    command: &str,
) -> Result<RunId, StoreError> {
    database.note(|connection| {
        // The date first, so that names sort by time; two runs may start within a second.
        let stem: String =
            connection.query_row("SELECT strftime('%Y%m%d-%H%M%S', 'now')", [], |row| {
                row.get(0)
            })?;
        let mut run = stem.clone();
        let mut number = 1;
        let mut insert = connection.prepare_cached(
            "INSERT OR IGNORE INTO runs
             VALUES (?, ?, ?, unixepoch('now', 'subsec'), NULL)",
        )?;
        while insert.execute((&run, experiment, command))? == 0 {
            number += 1;
            run = format!("{stem}-{number}");
        }
        Ok(RunId(run))
    })
}

pub(super) fn end(connection: &Connection, run: &RunId, summary: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE runs SET summary = ? WHERE run = ?")?
        .execute((summary, &run.0))?;
    Ok(())
}

pub(super) fn keep(
    connection: &Connection,
    run: &RunId,
    experiment: &str,
    attempt: &Attempt,
) -> rusqlite::Result<()> {
    let none = Vec::new();
    let (outcome, message, hints) = match &attempt.outcome {
        Outcome::Made(result) => {
            let (key, kind) = (attempt.key, &attempt.kind);
            Records::insert(connection, (&run.0, &run.0), key, kind, result)?;
            labels::computed(connection, attempt.key)?;
            shared::computed(connection, attempt.key)?;
            environment::keep(connection, attempt.key, attempt.environment.as_ref())?;
            ("made", None, &none)
        }
        Outcome::Failed { message, hints } => ("failed", Some(message), hints),
        Outcome::Cancelled => ("cancelled", None, &none),
    };
    connection
        .prepare_cached("INSERT OR IGNORE INTO parts VALUES (?, ?)")?
        .execute((attempt.key.as_bytes(), json(&attempt.parts)))?;
    connection
        .prepare_cached("INSERT INTO attempts VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?
        .execute((
            &run.0,
            experiment,
            &attempt.step,
            attempt.key.as_bytes(),
            attempt.number,
            outcome,
            message,
            json(hints),
            &attempt.place,
            attempt.seconds,
            &attempt.log,
        ))?;
    Ok(())
}

pub(super) fn attempts(
    database: &Database,
    experiment: &str,
    step: &str,
) -> Result<Vec<PastAttempt>, StoreError> {
    database.with(|connection| {
        let mut statement = connection.prepare_cached(
            "SELECT run, step, key, attempt, outcome, message, hints, place, seconds, log
             FROM attempts WHERE experiment = ? AND step = ? ORDER BY id",
        )?;
        let rows = statement.query_map((experiment, step), |row| {
            Ok(PastAttempt {
                run: row.get(0)?,
                step: row.get(1)?,
                key: digest(row.get_ref(2)?.as_blob()?).unwrap_or(Digest::of(b"")),
                number: row.get(3)?,
                outcome: row.get(4)?,
                message: row.get(5)?,
                hints: serde_json::from_str(row.get_ref(6)?.as_str()?).unwrap_or_default(),
                place: row.get(7)?,
                seconds: row.get(8)?,
                log: row.get(9)?,
            })
        })?;
        rows.collect()
    })
}

/// The outcome of the newest attempt at every step of an experiment, by step name.
pub(super) fn last_outcomes(
    database: &Database,
    experiment: &str,
) -> Result<std::collections::BTreeMap<String, String>, StoreError> {
    database.with(|connection| {
        // SQLite takes the other columns from the row with the maximum.
        let mut statement = connection.prepare_cached(
            "SELECT step, outcome, max(id) FROM attempts WHERE experiment = ? GROUP BY step",
        )?;
        let rows = statement.query_map([experiment], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    })
}

/// Whose the newest attempt at a key was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maker {
    pub experiment: String,
    pub step: String,
    /// Whether it left a result, which is the one under the key then.
    pub made: bool,
}

/// The newest attempt at every key.
pub(super) fn makers(
    database: &Database,
) -> Result<std::collections::BTreeMap<Digest, Maker>, StoreError> {
    database.with(|connection| {
        // SQLite takes the other columns from the row with the maximum.
        let mut statement = connection.prepare_cached(
            "SELECT key, experiment, step, outcome = 'made', max(id) FROM attempts GROUP BY key",
        )?;
        let rows = statement.query_map([], |row| {
            let key = digest(row.get_ref(0)?.as_blob()?).unwrap_or(Digest::of(b""));
            let maker = Maker {
                experiment: row.get(1)?,
                step: row.get(2)?,
                made: row.get(3)?,
            };
            Ok((key, maker))
        })?;
        rows.collect()
    })
}

/// Newest first.
pub(super) fn runs(database: &Database, limit: usize) -> Result<Vec<PastRun>, StoreError> {
    database.with(|connection| {
        let mut statement = connection.prepare_cached(
            "SELECT run, experiment, command, started, summary FROM runs
             ORDER BY started DESC, run DESC LIMIT ?",
        )?;
        let rows = statement.query_map([limit as i64], |row| {
            Ok(PastRun {
                run: row.get(0)?,
                experiment: row.get(1)?,
                command: row.get(2)?,
                started: row.get(3)?,
                summary: row.get(4)?,
                names: Vec::new(),
                tags: Vec::new(),
            })
        })?;
        rows.collect()
    })
}

/// How long steps took, in seconds.
#[derive(Clone, Debug, Default)]
pub struct Durations {
    /// The newest successful execution by step name.
    pub by_step: std::collections::HashMap<String, f64>,
    /// The mean over all records of a stage kind.
    pub by_kind: std::collections::HashMap<String, f64>,
}

pub(super) fn durations(database: &Database, experiment: &str) -> Result<Durations, StoreError> {
    database.with(|connection| {
        let mut by_step = connection.prepare_cached(
            "SELECT step, seconds, max(id) FROM attempts
             WHERE experiment = ? AND outcome = 'made' GROUP BY step",
        )?;
        let mut by_kind =
            connection.prepare_cached("SELECT kind, avg(seconds) FROM records GROUP BY kind")?;
        let pair = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        Ok(Durations {
            by_step: by_step
                .query_map([experiment], pair)?
                .collect::<Result<_, _>>()?,
            by_kind: by_kind.query_map([], pair)?.collect::<Result<_, _>>()?,
        })
    })
}
