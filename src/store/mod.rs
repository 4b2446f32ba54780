//! Objects by content, records by key, locks.
//!
//! On disk, in the store's folder:
//!
//! | path | what |
//! | --- | --- |
//! | `objects-v1/ab/cdef…` | immutable content, named by its blake3 digest; `….x` where it may be executed |
//! | `checkpoints-v1/<key>` | the state of unfinished trainings |
//! | `store.sqlite` | records, runs, attempts, the file-hash index |
//! | `runs/<run>/` | the event logs of runs |
//! | `damaged/` | what stood in the place of objects that were put right, until a folder of results shows it |
//! | `tmp/`, `scratch/` | what is being made; emptied by the next writer |
//! | `secret` | the key of digests that stand for what must not be kept |
//! | `.sweepline-store` | says that the folder is a store: no other is ever written or emptied |
//! | `lock` | held by the one process that writes, and names it |

mod artifact;
mod before;
mod checkpoint;
mod collect;
mod damaged;
mod database;
mod digest;
mod encoding;
mod environment;
mod error;
mod files;
mod folder;
mod gpus;
mod history;
mod holder;
mod in_flight;
mod incoming;
mod index;
mod labels;
mod lock;
pub mod names;
mod namesakes;
mod objects;
mod plans;
mod project_input;
mod reading;
mod record;
mod records;
mod remotes;
mod removal;
mod replaced;
mod shared;
mod snapshot;
#[expect(clippy::module_inception, reason = "the store is the idea of the file")]
mod store;
mod sync;
#[cfg(test)]
mod tests;
mod ways;

pub use artifact::{Artifact, Object, Other};
pub use checkpoint::PartOf;
pub use collect::{Collected, Verified};
pub use database::FORGOTTEN;
pub use digest::{Digest, NotADigest};
pub use environment::Environment;
pub use error::StoreError;
pub use files::{Disk, Files, Stat, TICK, is_executable};
pub use folder::HARMLESS;
pub use gpus::gpu_models;
pub use history::{Attempt, Durations, Maker, Outcome, PastAttempt, PastRun, RunId};
pub use holder::Holder;
pub use in_flight::InFlight;
pub use incoming::Incoming;
pub use index::Watch;
pub use labels::Accepted;
pub use namesakes::{experiment_of, without_changes};
pub use objects::Presence;
pub use project_input::{ProjectInput, size_of_input};
pub use reading::{GoOn, copy_file, copy_open};
pub use record::{KeyParts, Record, StepResult};
#[doc(hidden)]
pub use records::{decoded, encoded};
pub use removal::{DEEPEST, is_mounted, remove_all, remove_tree};
pub use replaced::Replaced;
pub use shared::{Fetched, SHARED_VERSION, SharedRecord, UnfitRecord, Wanted};
pub use snapshot::{ObjectSnapshot, SnapshotState};
pub use store::{Access, Lookup, Store};
pub use ways::real_path;
