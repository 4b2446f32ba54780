//! What can go wrong with an archive.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::store::StoreError;

/// Why an archive could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("cannot {doing} `{}`: {source}", path.display())]
    Io {
        doing: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("`{}` is no archive of sweepline: {why}", path.display())]
    NotAnArchive { path: PathBuf, why: String },
    #[error("`{}` has format {found}, this program knows up to {known}", path.display())]
    Newer {
        path: PathBuf,
        found: u32,
        known: u32,
    },
    /// Something in it is not what it should be.
    #[error("`{name}` of the archive is refused: {why}")]
    Refused { name: String, why: String },
    #[error("`{}` is not empty", path.display())]
    NotEmpty { path: PathBuf },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ArchiveError {
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        ArchiveError::Io {
            doing,
            path,
            source,
        }
    }

    pub(super) fn refused(name: &str, why: impl Into<String>) -> Self {
        ArchiveError::Refused {
            name: name.to_owned(),
            why: why.into(),
        }
    }

    /// What to do next, a line each.
    pub fn hints(&self) -> Vec<String> {
        let hint = |text: &str| vec![text.to_owned()];
        match self {
            ArchiveError::Refused { .. } => hint("nothing was unpacked; get the archive again"),
            ArchiveError::NotAnArchive { .. } => hint("`sweepline pack MANIFEST` makes one"),
            ArchiveError::Newer { .. } => hint("update sweepline"),
            ArchiveError::NotEmpty { .. } => hint("name a folder that is not there yet"),
            ArchiveError::Store(error) => error.hints(),
            ArchiveError::Io { .. } => Vec::new(),
        }
    }
}
