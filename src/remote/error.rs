//! What can go wrong with a shared store, with what to do next.

use std::io;

use crate::store::Digest;
use crate::store::StoreError;

use super::lease;
use super::storage::Storage;

/// What is done there without changing anything.
const READS: [&str; 4] = ["list", "look at", "read", "understand"];

/// Why a shared store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    #[error("there is no shared store in `{place}`")]
    NotThere { place: String },
    #[error("`{place}` is no shared store: it holds `{holds}`")]
    Foreign { place: String, holds: String },
    #[error("`{place}` cannot become a shared store: `{above}` is not there")]
    Nowhere { place: String, above: String },
    #[error("`sweepline-remote.json` in `{place}` is not one of ours")]
    NotAMarker { place: String },
    #[error("the shared store `{place}` has format {found}, this program knows up to {known}")]
    Newer {
        place: String,
        found: u32,
        known: u32,
    },
    #[error("`{scheme}://` is no kind of shared store")]
    Scheme { scheme: String },
    #[error("`{place}` is no address of a shared store: {why}")]
    Address { place: String, why: String },
    /// A transfer failed.
    #[error("cannot {doing} `{name}` in the shared store `{place}`: {source}")]
    Io {
        doing: &'static str,
        place: String,
        name: String,
        source: io::Error,
    },
    /// An object of the store here is not what its name says.
    #[error("the object {digest} in the store here is damaged or missing")]
    DamagedHere { digest: Digest },
    #[error("`{place}` ignores conditions: two could clean it up at once")]
    NoConditions { place: String },
    /// What is to be let go of is not there: a slip of the hand.
    #[error("`{place}` has no root `{root}`")]
    NoRoot {
        place: String,
        root: String,
        /// All of who asks.
        yours: Vec<String>,
    },
    #[error("`{root}` is not yours")]
    NotYours { root: String },
    #[error("{who} cleans up `{place}` now")]
    Leased { place: String, who: String },
    #[error("no random numbers: {0}")]
    Random(String),
    /// Of the store here.
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("interrupted")]
    Stopped,
}

impl RemoteError {
    pub(super) fn io(
        doing: &'static str,
        storage: &dyn Storage,
        name: &str,
        source: io::Error,
    ) -> Self {
        RemoteError::Io {
            doing,
            place: storage.place().to_owned(),
            name: name.to_owned(),
            source,
        }
    }

    /// What to do next, a line each.
    pub fn hints(&self) -> Vec<String> {
        let hint = |text: &str| vec![text.to_owned()];
        match self {
            RemoteError::NotThere { .. } => hint(
                "`sweepline push` makes one; where it lies on a network's disk, is that mounted?",
            ),
            RemoteError::Foreign { holds, .. } if holds == ".sweepline-store" => hint(
                "this is the store of a project; a shared one has a folder of its own, and any number of \
                 projects push to it",
            ),
            RemoteError::Foreign { .. } => {
                hint("name an empty folder, or one that is not there yet")
            }
            RemoteError::Nowhere { .. } => {
                hint("only the last folder of the path is made: is the network's disk mounted?")
            }
            RemoteError::NotAMarker { .. } => {
                hint("somebody changed it; put back the one that was there, from a backup")
            }
            RemoteError::Newer { .. } => hint("update sweepline, or use another shared store"),
            RemoteError::Scheme { .. } => {
                hint("a shared store is a folder, or `s3://bucket/prefix`")
            }
            RemoteError::Address { .. } => Vec::new(),
            RemoteError::Io { doing, source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied if READS.contains(doing) => {
                    hint("you need read access there: who owns it can give it")
                }
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => hint(
                    "who may read there can `pull`, and `run` with `run = \"read\"` under `[remote]` or \
                     `--remote read`; to push, you need write access",
                ),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => hint(
                    "what was sent is kept; free some space and do it again: it goes on from there",
                ),
                _ => hint("do it again: it goes on from where it was"),
            },
            RemoteError::DamagedHere { .. } => {
                hint("run again: the step that makes it is repeated; then push")
            }
            RemoteError::NotYours { .. } => hint("who pushed it can forget it"),
            RemoteError::Store(error) => error.hints(),
            RemoteError::Random(_)
            | RemoteError::NoConditions { .. }
            | RemoteError::NoRoot { .. } => Vec::new(),
            RemoteError::Leased { .. } => vec![format!(
                "wait for it; where it died, that counts for {} minutes",
                lease::LEASE_MINUTES
            )],
            RemoteError::Stopped => hint("do it again: it goes on from where it was"),
        }
    }
}
