//! The ground a store stands on: whether a folder is one, and who may read it.
//!
//! A store empties folders and removes files, so it does that only in a folder that says that it
//! is a store, by a marker that every writer leaves. Links in the place of its own parts are
//! refused: what they lead to belongs to somebody else.

use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;

use super::StoreError;
use super::database;
use super::objects::entries;

/// The file that makes a folder a store.
const MARKER: &str = ".sweepline-store";

const TEXT: &str = "\
This folder is a store of sweepline: what lies here is made, moved and removed by the program.
`sweepline gc` says what is not needed any more.
";

/// What a writer makes below the folder.
const OBJECTS: &str = "objects-v1";
const CHECKPOINTS: &str = "checkpoints-v1";
const PARTS: [&str; 11] = [
    "damaged",
    OBJECTS,
    CHECKPOINTS,
    "tmp",
    "scratch",
    "runs",
    "lock",
    "secret",
    "store.sqlite",
    "store.sqlite-wal",
    "store.sqlite-shm",
];

/// Parts that may hold what only their owner should read: logs, command lines, temporary files.
const PRIVATE_FOLDERS: [&str; 4] = [CHECKPOINTS, "tmp", "scratch", "runs"];
const PRIVATE_FILES: [&str; 4] = [
    "lock",
    "store.sqlite",
    "store.sqlite-wal",
    "store.sqlite-shm",
];

/// What may lie in an otherwise empty folder, and is left alone.
pub const HARMLESS: [&str; 6] = [
    ".gitattributes",
    ".gitignore",
    ".gitkeep",
    ".keep",
    ".DS_Store",
    "lost+found",
];

/// Whether a folder may be read as a store: it is one, or has nothing in it.
pub(super) fn to_read(root: &Path) -> Result<(), StoreError> {
    match is_store(root)? || foreign(root)?.is_none() {
        true => Ok(()),
        false => Err(not_a_store(root)?),
    }
}

/// Makes a folder a store, or sees that it is one; then makes the folders of a writer.
pub(super) fn to_write(root: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(root).map_err(|error| StoreError::io("create", root, error))?;
    let marker = root.join(MARKER);
    if !is_file(&marker) {
        if !is_store(root)? && foreign(root)?.is_some() {
            return Err(not_a_store(root)?);
        }
        mark(&marker).map_err(|error| StoreError::io("write", &marker, error))?;
    }
    for part in PARTS {
        let path = root.join(part);
        if path.is_symlink() {
            return Err(StoreError::Linked { path });
        }
    }
    for part in [OBJECTS, CHECKPOINTS, "tmp"] {
        let path = root.join(part);
        let private = PRIVATE_FOLDERS.contains(&part);
        folder(&path, private).map_err(|error| StoreError::io("create", &path, error))?;
    }
    #[cfg(unix)]
    close_to_others(root);
    Ok(())
}

/// Whether this is a store, of this version of the program or of one that left no marker.
fn is_store(root: &Path) -> Result<bool, StoreError> {
    if is_file(&root.join(MARKER)) {
        return Ok(true);
    }
    if database::is_ours(&root.join("store.sqlite")) {
        return Ok(true);
    }
    // A writer without markers may have died before it made a database.
    let names = names(root)?;
    let begun = [OBJECTS, CHECKPOINTS, "tmp"];
    Ok(begun.iter().all(|part| names.iter().any(|n| n == part))
        && !names.iter().any(|name| name == "store.sqlite")
        && names.iter().all(|name| PARTS.contains(&name.as_str())))
}

/// The first thing in a folder that keeps it from becoming a store.
fn foreign(root: &Path) -> Result<Option<String>, StoreError> {
    let names = names(root)?.into_iter();
    Ok(names
        .filter(|name| !HARMLESS.contains(&name.as_str()))
        .min())
}

fn not_a_store(root: &Path) -> Result<StoreError, StoreError> {
    Ok(StoreError::NotAStore {
        path: root.to_owned(),
        holds: foreign(root)?.unwrap_or_default(),
    })
}

fn names(root: &Path) -> Result<Vec<String>, StoreError> {
    let entries = entries(root)?.into_iter();
    Ok(entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect())
}

fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|about| about.is_file())
}

fn mark(path: &Path) -> io::Result<()> {
    match fs::File::create_new(path) {
        Ok(mut file) => file.write_all(TEXT.as_bytes()),
        // Another process has just made it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_file(path) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes a folder in one that is there, readable by its owner alone where it is private. Nothing above it is made: a
/// store that is gone does not come back in parts, without its marker.
pub(super) fn folder(path: &Path, private: bool) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    if private {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    }
    match builder.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
}

/// How a file is opened that its owner alone may read.
pub(super) fn private_file() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// What earlier versions left open to others. Of a store that several users share only the owner
/// can do this; it is no reason not to work.
#[cfg(unix)]
fn close_to_others(root: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for part in PRIVATE_FOLDERS.iter().chain(&PRIVATE_FILES) {
        let path = root.join(part);
        if let Ok(about) = fs::symlink_metadata(&path)
            && !about.is_symlink()
            && about.permissions().mode() & 0o077 != 0
        {
            let mode = about.permissions().mode() & 0o7700;
            let _ = fs::set_permissions(&path, fs::Permissions::from_mode(mode));
        }
    }
}

/// The random key that digests of secrets are made with; made where there is none.
pub(super) fn secret(root: &Path) -> Result<[u8; 32], StoreError> {
    if let Some(secret) = known_secret(root) {
        return Ok(secret);
    }
    let path = root.join("secret");
    let write = || {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(io::Error::other)?;
        let new = root.join(format!("tmp/secret-{}", std::process::id()));
        let mut options = private_file();
        options.write(true).create_new(true);
        options.open(&new)?.write_all(&secret)?;
        fs::rename(&new, &path)?;
        Ok(secret)
    };
    write().map_err(|error| StoreError::io("write", &path, error))
}

/// The same where a store has one.
pub(super) fn known_secret(root: &Path) -> Option<[u8; 32]> {
    fs::read(root.join("secret")).ok()?.try_into().ok()
}
