//! What can go wrong with a store: every variant names the path and says what to do next.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::Holder;
use crate::text::ShowPath;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file operation failed for a reason without a variant of its own.
    #[error("cannot {doing} `{}`: {source}", path.shown())]
    Io {
        doing: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("cannot {doing} `{}`: the disk is full", path.shown())]
    DiskFull { doing: &'static str, path: PathBuf },
    #[error("cannot {doing} `{}`: permission denied", path.shown())]
    Denied { doing: &'static str, path: PathBuf },
    #[error("cannot {doing} `{}`: the file system is read-only", path.shown())]
    ReadOnly { doing: &'static str, path: PathBuf },
    /// Another process writes and the caller did not want to wait.
    #[error("the store `{}` is in use by {holder}", path.shown())]
    Locked { path: PathBuf, holder: Holder },
    /// The caller gave up waiting.
    #[error("stopped waiting for the store `{}`, in use by {holder}", path.shown())]
    GaveUp { path: PathBuf, holder: Holder },
    #[error("the database `{}` failed: {source}", path.shown())]
    Database {
        path: PathBuf,
        source: rusqlite::Error,
    },
    /// A newer program wrote this store.
    #[error("the store `{}` has format {found}, this program knows up to {known}", path.shown())]
    Newer {
        path: PathBuf,
        found: i64,
        known: i64,
    },
    /// A folder that is no store, and has something in it.
    #[error("`{}` is not a store of sweepline: it holds `{holds}`", path.shown())]
    NotAStore { path: PathBuf, holds: String },
    /// The folder was removed, moved or replaced while it was written.
    #[error("the store `{}` was removed or moved meanwhile", path.shown())]
    Gone { path: PathBuf },
    /// A link in the place of a part of the store.
    #[error("`{}` is a link; what it leads to is not the store's", path.shown())]
    Linked { path: PathBuf },
    /// The content of an object is not what its name says.
    #[error("the object `{}` is damaged", path.shown())]
    Damaged { path: PathBuf },
    /// A file kept changing while it was read.
    #[error("`{}` changed while it was read", path.shown())]
    Changed { path: PathBuf },
    /// Another project began an experiment of the same name while this one waited.
    #[error("another project has just begun `{name}` in the store `{}`", path.shown())]
    NameTaken { name: String, path: PathBuf },
    /// The store was opened for reading.
    #[error("the store `{}` is open for reading only", path.shown())]
    NotWritable { path: PathBuf },
}

impl StoreError {
    /// What to do next, a line each.
    pub fn hints(&self) -> Vec<String> {
        match self {
            StoreError::DiskFull { .. } => vec![
                "finished steps are kept; free some space and run again".to_owned(),
                "`sweepline gc` removes results that no experiment needs".to_owned(),
            ],
            StoreError::Denied { path, .. } => {
                vec![format!("give yourself access to `{}`", path.shown())]
            }
            StoreError::ReadOnly { .. } | StoreError::NotWritable { .. } => {
                vec!["reading works: `plan`, `why` and `log` need no write access".to_owned()]
            }
            StoreError::Locked { holder, .. } | StoreError::GaveUp { holder, .. } => {
                vec![format!(
                    "wait for process {} to end, or stop it",
                    holder.pid
                )]
            }
            StoreError::Newer { .. } => {
                vec!["update sweepline, or use another output folder".to_owned()]
            }
            StoreError::NotAStore { .. } => vec![
                "a store needs a folder of its own, because it removes what it does not know"
                    .to_owned(),
                "name an empty folder, or one that is not there yet".to_owned(),
            ],
            StoreError::Gone { .. } => vec![
                "nothing more is written there; the next run begins with what there is then"
                    .to_owned(),
            ],
            StoreError::Linked { path } => vec![
                "a store empties and tidies its folders, and never follows links there".to_owned(),
                format!(
                    "remove the link; to have the store elsewhere, name another folder by \
                     `--store` or `store` in sweepline.toml, or link all of `{}`",
                    path.parent().unwrap_or(path).shown()
                ),
            ],
            StoreError::Damaged { .. } => {
                vec!["run again: the step that makes it is repeated".to_owned()]
            }
            StoreError::Changed { .. } => vec!["run again when the file is complete".to_owned()],
            StoreError::NameTaken { .. } => {
                vec!["run again: this one gets a name of its own there".to_owned()]
            }
            StoreError::Database { .. } | StoreError::Io { .. } => Vec::new(),
        }
    }

    /// Whether another attempt may succeed without anyone changing anything.
    pub fn transient(&self) -> bool {
        matches!(
            self,
            StoreError::Changed { .. } | StoreError::Damaged { .. }
        )
    }

    /// The error of a file operation, sorted by what the user can do about it.
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                StoreError::DiskFull { doing, path }
            }
            io::ErrorKind::PermissionDenied => StoreError::Denied { doing, path },
            io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly { doing, path },
            _ => StoreError::Io {
                doing,
                path,
                source,
            },
        }
    }

    /// The error of a database operation, sorted likewise.
    pub(super) fn database(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        let doing = "write";
        match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => StoreError::DiskFull { doing, path },
            Some(rusqlite::ErrorCode::PermissionDenied) => StoreError::Denied { doing, path },
            Some(rusqlite::ErrorCode::ReadOnly) => StoreError::ReadOnly { doing, path },
            _ => StoreError::Database { path, source },
        }
    }
}
