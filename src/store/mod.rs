//! Objects by content, records by key, locks.
//!
//! On disk, in the store's folder:
//!
//! | path | what |
//! | --- | --- |
//! | `objects-v1/ab/cdef…` | immutable content, named by its blake3 digest |
//! | `checkpoints-v1/<key>` | the state of unfinished trainings |
//! | `store.sqlite` | records, runs, attempts, the file-hash index |
//! | `runs/<run>/` | the event logs of runs |
//! | `tmp/`, `scratch/` | what is being made; emptied by the next writer |
//! | `lock` | held by the one process that writes, and names it |

mod artifact;
mod checkpoint;
mod collect;
mod database;
mod digest;
mod error;
mod files;
mod history;
mod index;
mod lock;
mod objects;
mod plans;
mod reading;
mod record;
mod records;
#[expect(clippy::module_inception, reason = "the store is the idea of the file")]
mod store;
mod sync;
#[cfg(test)]
mod tests;

pub use artifact::{Artifact, Object};
pub use collect::{Collected, Verified};
pub use digest::{Digest, NotADigest};
pub use error::StoreError;
pub use files::{Disk, Files, Stat};
pub use history::{Attempt, Durations, Outcome, PastAttempt, PastRun, RunId};
pub use lock::Holder;
pub use objects::Presence;
pub use record::{KeyParts, Made, Record};
#[doc(hidden)]
pub use records::{decoded, encoded};
pub use store::{Access, Lookup, Store};
