//! Objects by content, records by key, locks.

mod artifact;
mod digest;
mod record;

pub use artifact::{Artifact, Object};
pub use digest::{Digest, NotADigest};
pub use record::{KeyParts, Record};
