//! On what a result was made. It is told, and no part of any key: the same key may have other bytes on another
//! type of processor.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::sync::OnceLock;

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use serde::Deserialize;
use serde::Serialize;

use super::Digest;
use super::Store;
use super::StoreError;
use super::database::has_table;
use super::gpus::gpu_models;
use super::records::json;
use crate::text::plural;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS environments(
  id INTEGER PRIMARY KEY, environment TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS made_on(
  key BLOB PRIMARY KEY, environment INTEGER NOT NULL) WITHOUT ROWID;
";

/// The program and the machine that made a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// The version of the program.
    pub version: String,
    /// `linux x86_64`
    pub system: String,
    /// The processor, as it calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Machines of one class make the same bytes: instructions that the kernels choose by, and the cache that
    /// says into which parts long sums are cut.
    pub numerics: String,
    /// The model of the GPU, where it was made on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<String>,
    /// What the programs of a command said of themselves, where it asks for that: name → text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub programs: BTreeMap<String, String>,
}

impl Environment {
    /// This program on this machine.
    pub fn here() -> Self {
        static HERE: OnceLock<Environment> = OnceLock::new();
        let here = HERE.get_or_init(|| Environment {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            cpu: cpu(),
            numerics: numerics(),
            gpu: None,
            programs: BTreeMap::new(),
        });
        here.clone()
    }

    /// Whether this machine would make the same bytes.
    pub fn is_of_this_class(&self) -> bool {
        let has = gpu_models(&[]).unwrap_or_default();
        let has = |wanted: &str| has.split(" and ").any(|model| model == wanted);
        let gpus = self.gpu.as_deref();
        gpus.is_none_or(|gpus| gpus.split(" and ").all(has))
            && self.numerics == Environment::here().numerics
    }

    /// What people are told of it on lines of their own: the machine where it is not this one, and what programs
    /// said, as far as it fits on a line or in full.
    pub fn told(&self, in_full: bool) -> Vec<String> {
        let mut lines = Vec::new();
        let bare = Environment {
            programs: BTreeMap::new(),
            ..self.clone()
        };
        if bare != Environment::here() {
            lines.push(format!("made by {self}"));
        }
        for (name, text) in &self.programs {
            let mut said = text.lines();
            let first = said.next().unwrap_or_default();
            let more = said.count();
            lines.push(match more {
                0 => format!("ran with {name}: {first}"),
                _ if in_full => format!("ran with {name}:\n  {}", text.replace('\n', "\n  ")),
                _ => format!("ran with {name}: {first}, and {}", plural(more, "line")),
            });
        }
        lines
    }
}

/// `sweepline 0.1.0 on linux x86_64, AMD EPYC 9B14 (x86-64 with AVX-512)`
impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sweepline {} on {}", self.version, self.system)?;
        if let Some(cpu) = &self.cpu {
            write!(f, ", {cpu}")?;
        }
        write!(f, " ({})", self.numerics)?;
        match &self.gpu {
            Some(gpu) => write!(f, ", {gpu}"),
            None => Ok(()),
        }
    }
}

fn cpu() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let mut lines = text.lines();
    let line = lines.find(|line| line.starts_with("model name"))?;
    let (_, name) = line.split_once(':')?;
    Some(name.trim().to_owned())
}

fn numerics() -> String {
    let cache = "/sys/devices/system/cpu/cpu0/cache/index0";
    let read = |file: &str| fs::read_to_string(format!("{cache}/{file}")).ok();
    let cache = match (read("size"), read("ways_of_associativity")) {
        (Some(size), Some(ways)) => format!(", L1 {} in {} ways", size.trim(), ways.trim()),
        _ => String::new(),
    };
    format!("{}{cache}", instructions())
}

#[cfg(target_arch = "x86_64")]
fn instructions() -> &'static str {
    let avx512 = std::is_x86_feature_detected!("avx512f")
        && std::is_x86_feature_detected!("avx512bw")
        && std::is_x86_feature_detected!("avx512cd")
        && std::is_x86_feature_detected!("avx512dq")
        && std::is_x86_feature_detected!("avx512vl");
    let fma = std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma");
    match (avx512, fma) {
        (true, _) => "x86-64 with AVX-512",
        (false, true) => "x86-64 with AVX2 and FMA",
        (false, false) => "x86-64",
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn instructions() -> &'static str {
    std::env::consts::ARCH
}

/// Makes the tables where they are not there: a store without them is as programs before know it.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(SCHEMA)
}

/// Keeps on what the result of a key was made; the tables are there.
pub(super) fn keep(
    connection: &Connection,
    key: Digest,
    environment: Option<&Environment>,
) -> rusqlite::Result<()> {
    let Some(environment) = environment else {
        connection
            .prepare_cached("DELETE FROM made_on WHERE key = ?")?
            .execute([key.as_bytes()])?;
        return Ok(());
    };
    let text = json(environment);
    connection
        .prepare_cached("INSERT OR IGNORE INTO environments(environment) VALUES (?)")?
        .execute([&text])?;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO made_on
             SELECT ?, id FROM environments WHERE environment = ?",
        )?
        .execute((key.as_bytes(), &text))?;
    Ok(())
}

/// Forgets what is known of these keys.
pub(super) fn forget(connection: &Connection, keys: &[Digest]) -> rusqlite::Result<()> {
    prepare(connection)?;
    let mut delete = connection.prepare_cached("DELETE FROM made_on WHERE key = ?")?;
    for key in keys {
        delete.execute([key.as_bytes()])?;
    }
    Ok(())
}

impl Store {
    /// On what a result was made; none where that is not known.
    pub fn environment(&self, key: Digest) -> Result<Option<Environment>, StoreError> {
        let text: Option<String> = self.database.with(|connection| {
            if !has_table(connection, "made_on")? {
                return Ok(None);
            }
            connection
                .prepare_cached(
                    "SELECT environments.environment FROM made_on
                     JOIN environments ON environments.id = made_on.environment WHERE key = ?",
                )?
                .query_row([key.as_bytes()], |row| row.get(0))
                .optional()
        })?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }
}
