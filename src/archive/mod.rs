//! An experiment in one file: its project, its records, the objects that they reach.
//!
//! It is a zip archive that any program opens, and may compress again. Nothing in it is compressed or dated at first, and its entries are in
//! the order of their names, so that the same results make the same bytes, whoever packs them:
//!
//! | name | what |
//! | --- | --- |
//! | `sweepline-archive.json` | what else there is, with digests |
//! | `objects/<digest>` | content |
//! | `project/<path>` | the files of the project that the experiment reads |
//! | `records/<key>.json` | a result with its explanation |
//!
//! An archive may be from anybody: only what its index names is taken, compared with its digest, and put below
//! one new folder, which gets its name when all is there.

mod error;
mod index;
mod pack;
#[cfg(test)]
mod tests;
mod unpack;

pub use error::ArchiveError;
pub use index::Index;
pub use pack::{Contents, Packed, ProjectFile, pack};
pub use unpack::{Unpacked, unpack};
