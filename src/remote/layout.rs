//! Where things lie in a shared store, and its small files.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;

use crate::store::Digest;

use super::RemoteError;
use super::storage::Storage;

/// The file that makes a place a shared store.
pub(super) const MARKER: &str = "sweepline-remote.json";

/// Counts changes of this layout that an older program would misread.
const FORMAT: u32 = 1;

/// More than any marker and any lease has.
pub(super) const SMALL: u64 = 64 << 10;

/// More than any signature has.
pub(super) const SIGNATURE: u64 = 1 << 10;

/// More than any root has: four million keys.
pub(super) const ROOT: u64 = 256 << 20;

/// More than any record has: a folder of a hundred thousand files takes some 20 MB.
pub(super) const RECORD: u64 = 256 << 20;

#[derive(Serialize, Deserialize)]
pub(super) struct Marker {
    sweepline_remote: u32,
    hash: String,
    pub id: String,
    /// Whether of two that write a file first only one is told that it did.
    #[serde(default = "yes")]
    pub conditions: bool,
}

fn yes() -> bool {
    true
}

impl Marker {
    pub(super) fn new(conditions: bool) -> Result<Self, RemoteError> {
        Ok(Marker {
            sweepline_remote: FORMAT,
            hash: "blake3".to_owned(),
            conditions,
            id: nonce()?,
        })
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(self).expect("a marker is plain data");
        text.push(b'\n');
        text
    }

    pub(super) fn read(text: &[u8], storage: &dyn Storage) -> Result<Self, RemoteError> {
        let place = || storage.place().to_owned();
        let marker: Marker =
            serde_json::from_slice(text).map_err(|_| RemoteError::NotAMarker { place: place() })?;
        if marker.sweepline_remote > FORMAT || marker.hash != "blake3" {
            return Err(RemoteError::Newer {
                place: place(),
                found: marker.sweepline_remote,
                known: FORMAT,
            });
        }
        Ok(marker)
    }
}

/// A text that nobody else has.
pub(super) fn nonce() -> Result<String, RemoteError> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| RemoteError::Random(error.to_string()))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What an experiment of somebody's reaches: kept as long as this stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// Whose it is.
    pub who: String,
    /// Which of their projects: two may have an experiment of the same name.
    pub project: String,
    /// The experiment, or `experiment/run` where a run was named.
    pub name: String,
    pub keys: BTreeSet<Digest>,
    /// The points that a program has proposed for its search, where one proposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Json>,
}

impl Root {
    /// `anna/thesis-1a2b3c4d/fit`
    pub fn title(&self) -> String {
        format!("{}/{}/{}", self.who, self.project, self.name)
    }

    pub(super) fn file(&self) -> String {
        let safe = |text: &str| -> String {
            let fits = |c: char| c.is_ascii_alphanumeric() || "-_@+=,.".contains(c);
            let safe: String = text
                .chars()
                .map(|c| if fits(c) { c } else { '_' })
                .collect();
            let fits = !text.is_empty() && !text.starts_with('.') && text.len() < 100;
            match fits && safe == text {
                true => safe,
                // What is written otherwise must not meet another name.
                false => format!(
                    "{}-{}",
                    &safe[..safe.len().min(60)].replace('.', "_"),
                    Digest::of(text.as_bytes()).short()
                ),
            }
        };
        let (who, project, name) = (safe(&self.who), safe(&self.project), safe(&self.name));
        format!("roots/{who}/{project}/{name}.json")
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a root is plain data")
    }
}

pub(super) fn object(digest: Digest) -> String {
    let hex = digest.to_hex();
    format!("objects/{}/{}", &hex[..2], &hex[2..])
}

/// The digest in the name of an object.
pub(super) fn object_named(name: &str) -> Option<Digest> {
    let digits = name.strip_prefix("objects/")?;
    let (begin, rest) = digits.split_once('/')?;
    format!("{begin}{rest}").parse().ok()
}

/// The folder of the records of a key.
pub(super) fn records(key: Digest) -> String {
    let hex = key.to_hex();
    format!("records/{}/{hex}", &hex[..2])
}

pub(super) fn record(key: Digest, record: Digest) -> String {
    format!("{}/{record}.json", records(key))
}

/// The key whose record has this name.
pub(super) fn key_of_record(name: &str) -> Option<Digest> {
    name.split('/').nth(2)?.parse().ok()
}

/// The digest in the name of a record.
pub(super) fn record_named(name: &str) -> Option<Digest> {
    let name = name.rsplit('/').next()?;
    name.strip_suffix(".json")?.parse().ok()
}

/// The record, by its name, that the signature of this name stands beside.
pub(super) fn record_signed(name: &str) -> Option<String> {
    let (record, _signer) = name.strip_suffix(".sig")?.rsplit_once('.')?;
    let record = format!("{record}.json");
    record_named(&record).is_some().then_some(record)
}
