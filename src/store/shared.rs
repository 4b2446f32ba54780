//! Records that leave one store for another, with all that they say, and where fetched ones came from.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use serde::Deserialize;
use serde::Serialize;

use crate::map::SortedVecMap;

use super::Accepted;
use super::Artifact;
use super::Digest;
use super::Environment;
use super::KeyParts;
use super::Object;
use super::Other;
use super::Presence;
use super::StepResult;
use super::Store;
use super::StoreError;
use super::environment;
use super::labels;
use super::names;
use super::records::Records;
use super::records::json;
use super::remotes;
use super::replaced;

/// Counts changes of [`SharedRecord`] that an older program would misread.
pub const SHARED_VERSION: u32 = 1;

/// A result that others are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub key: Digest,
    /// What its step leaves, by name.
    pub outputs: Vec<String>,
}

/// A result with its explanation, as one store gives it to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharedRecord {
    /// [`SHARED_VERSION`]
    pub version: u32,
    pub key: Digest,
    /// The stage kind.
    pub kind: String,
    pub parts: KeyParts,
    pub outputs: SortedVecMap<Artifact>,
    pub diverged: Option<String>,
    /// Wall time of the execution.
    pub seconds: f64,
    /// On what it was made, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// How it came to stand under its key, where it was not computed there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Accepted>,
    /// Results of the key, by [`StepResult::digest`], that stood here one after the other before it was made again:
    /// nobody is to take them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<Digest>,
}

/// Why a record of somebody else's cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UnfitRecord {
    #[error("it cannot be read: {0}")]
    Unreadable(serde_json::Error),
    #[error("it has format {0}, this program knows up to {SHARED_VERSION}")]
    Newer(u32),
    #[error("it belongs to the key {0}")]
    OtherKey(Digest),
    #[error("it names `{0}`, which leads out of its folder")]
    Outside(String),
    #[error("it has no output `{0}`, which its step leaves")]
    Lacks(String),
}

/// Where a result came from that was not made here.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fetched {
    pub from: String,
    /// Seconds since 1970.
    pub time: f64,
}

impl SharedRecord {
    /// The one text of a record: equal records have equal bytes.
    pub fn bytes(&self) -> Vec<u8> {
        json(self).into_bytes()
    }

    /// Reads what somebody else wrote as the record of a key.
    ///
    /// # Errors
    /// Where it is none, or names files outside of its folders.
    pub fn read(bytes: &[u8], key: Digest) -> Result<Self, UnfitRecord> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let Version { version } = serde_json::from_slice(bytes).map_err(UnfitRecord::Unreadable)?;
        if version > SHARED_VERSION {
            return Err(UnfitRecord::Newer(version));
        }
        let record: SharedRecord =
            serde_json::from_slice(bytes).map_err(UnfitRecord::Unreadable)?;
        if record.key != key {
            return Err(UnfitRecord::OtherKey(record.key));
        }
        for (output, artifact) in &record.outputs {
            let folder = artifact.folder.iter();
            let files = artifact.files.iter().map(|(name, _)| name);
            let others = artifact.others.iter().map(|(name, _)| name);
            let mut all = std::iter::once(output)
                .chain(folder)
                .chain(files)
                .chain(others);
            if let Some(name) = all.find(|name| !names::stays_inside(name)) {
                return Err(UnfitRecord::Outside(name.clone()));
            }
            for (name, other) in &artifact.others {
                if let Other::Link(target) = other
                    && !link_stays_inside(name, target)
                {
                    return Err(UnfitRecord::Outside(target.clone()));
                }
            }
        }
        Ok(record)
    }

    /// Whether these outputs are in it.
    ///
    /// # Errors
    /// The first that is not.
    pub fn leaves(&self, outputs: &[String]) -> Result<(), UnfitRecord> {
        let mut outputs = outputs.iter();
        match outputs.find(|output| self.outputs.get(output.as_str()).is_none()) {
            Some(lacks) => Err(UnfitRecord::Lacks(lacks.clone())),
            None => Ok(()),
        }
    }

    /// Each object once.
    pub fn objects(&self) -> Vec<Object> {
        let artifacts = self.outputs.values();
        let mut objects: Vec<Object> = artifacts
            .flat_map(|artifact| artifact.files.values().copied())
            .collect();
        objects.sort_unstable();
        objects.dedup();
        objects
    }

    fn result(&self) -> StepResult {
        StepResult {
            outputs: self.outputs.clone(),
            diverged: self.diverged.clone(),
            seconds: self.seconds,
        }
    }
}

/// Whether a link leads to a place in its own artifact.
fn link_stays_inside(name: &str, target: &str) -> bool {
    let mut depth = name.split('/').count() as i64 - 1;
    if target.starts_with('/') || target.contains('\0') {
        return false;
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        if depth < 0 {
            return false;
        }
    }
    true
}

/// A result was computed here: it is nobody else's any more.
pub(super) fn computed(connection: &Connection, key: Digest) -> rusqlite::Result<()> {
    if remotes::there(connection)? {
        connection
            .prepare_cached("DELETE FROM fetched WHERE key = ?")?
            .execute([key.as_bytes()])?;
    }
    Ok(())
}

impl Store {
    /// The record of a key as others are given it; none where there is none.
    pub fn shared_record(&self, key: Digest) -> Result<Option<SharedRecord>, StoreError> {
        let Some(record) = self.records.record(key)? else {
            return Ok(None);
        };
        let kind: Option<String> = self.database.with(|connection| {
            connection
                .prepare_cached("SELECT kind FROM records WHERE key = ?")?
                .query_row([key.as_bytes()], |row| row.get(0))
                .optional()
        })?;
        Ok(Some(SharedRecord {
            version: SHARED_VERSION,
            key,
            kind: kind.unwrap_or_default(),
            parts: record.parts,
            outputs: record.result.outputs,
            diverged: record.result.diverged,
            seconds: record.result.seconds,
            environment: self.environment(key)?,
            accepted: labels::accepted(&self.database, key)?,
            replaces: self
                .database
                .with(|connection| replaced::of_key(connection, key))?,
        }))
    }

    /// Keeps a record of somebody else's whose objects are all here. What was made here stays.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where an object is not here.
    pub fn import(&self, record: &SharedRecord, from: &str) -> Result<Arc<StepResult>, StoreError> {
        self.writable()?;
        let result = Arc::new(record.result());
        for object in result.objects() {
            if self.presence(object) != Presence::Intact {
                let path = self.path(object);
                return Err(StoreError::Damaged { path });
            }
        }
        self.database.write(|connection| {
            connection.execute_batch(remotes::SCHEMA)?;
            let by = ("", &*self.run_now());
            Records::insert(connection, by, record.key, &record.kind, &result)?;
            connection
                .prepare_cached("INSERT OR IGNORE INTO parts VALUES (?, ?)")?
                .execute((record.key.as_bytes(), json(&record.parts)))?;
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO fetched VALUES (?, ?, unixepoch('now', 'subsec'))",
                )?
                .execute((record.key.as_bytes(), from))?;
            replaced::learn(connection, record.key, &record.replaces)?;
            environment::prepare(connection)?;
            environment::keep(connection, record.key, record.environment.as_ref())?;
            match &record.accepted {
                Some(accepted) => labels::keep(connection, record.key, accepted),
                None => labels::computed(connection, record.key),
            }
        })?;
        self.records.learn(record.key, &result);
        Ok(result)
    }

    /// Where a result came from, if it was not made here.
    pub fn fetched(&self, key: Digest) -> Result<Option<Fetched>, StoreError> {
        self.database.with(|connection| {
            if !remotes::there(connection)? {
                return Ok(None);
            }
            connection
                .prepare_cached("SELECT origin, time FROM fetched WHERE key = ?")?
                .query_row([key.as_bytes()], |row| {
                    Ok(Fetched {
                        from: row.get(0)?,
                        time: row.get(1)?,
                    })
                })
                .optional()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_in_their_artifact() {
        for (name, target) in [
            ("a", "b"),
            ("a/b", "../c"),
            ("a/b/c", "../../d"),
            ("a", "./b/../c"),
        ] {
            assert!(link_stays_inside(name, target), "{name} -> {target}");
        }
        for (name, target) in [
            ("a", "../b"),
            ("a", "/etc/passwd"),
            ("a/b", "../../c"),
            ("a", "b/../../c"),
        ] {
            assert!(!link_stays_inside(name, target), "{name} -> {target}");
        }
    }

    #[test]
    fn records_of_others_are_read_with_care() {
        let key = Digest::of(b"key");
        let mut record = SharedRecord {
            version: SHARED_VERSION,
            key,
            kind: "command".to_owned(),
            parts: KeyParts::new(),
            outputs: SortedVecMap::new(),
            diverged: None,
            seconds: 1.5,
            environment: Some(Environment::here()),
            accepted: None,
            replaces: Vec::new(),
        };
        let mut artifact = Artifact::default();
        artifact
            .files
            .insert("a/b".to_owned(), Object::plain(Digest::of(b"x"), 1));
        record.outputs.insert("out".to_owned(), artifact.clone());
        assert_eq!(SharedRecord::read(&record.bytes(), key).unwrap(), record);
        let other = Digest::of(b"other");
        let said = |bytes: &[u8], key| SharedRecord::read(bytes, key).unwrap_err().to_string();
        assert!(said(&record.bytes(), other).contains("belongs to the key"));
        record.version = 99;
        assert!(said(&record.bytes(), key).contains("format 99"));
        record.version = SHARED_VERSION;
        for bad in ["../x", "/etc/passwd", "a//b", "a/./b", ""] {
            let mut artifact = artifact.clone();
            artifact
                .files
                .insert(bad.to_owned(), Object::plain(Digest::of(b"x"), 1));
            record.outputs.insert("out".to_owned(), artifact);
            assert!(said(&record.bytes(), key).contains("leads out"), "{bad}");
        }
        assert!(said(b"{", key).contains("cannot be read"));
    }
}
