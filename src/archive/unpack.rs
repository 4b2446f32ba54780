//! Reading an archive, which may be from anybody.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use zip::ZipArchive;
use zip::result::ZipError;

use crate::store::Access;
use crate::store::Digest;
use crate::store::Object;
use crate::store::SharedRecord;
use crate::store::Store;
use crate::store::names;
use crate::store::remove_all;
use crate::store::remove_tree;

use super::ArchiveError;
use super::Index;
use super::index;
use super::index::INDEX;
use super::index::VERSION;

/// More than any index or record has.
const TEXT: u64 = 256 << 20;

/// How much is unpacked at a time.
const PIECE: usize = 1 << 16;

/// What was unpacked.
#[derive(Clone, Debug, PartialEq)]
pub struct Unpacked {
    pub index: Index,
    pub results: usize,
    pub objects: usize,
}

/// Unpacks an archive into a folder that is not there yet, or empty. Until all of it is there and is what
/// the archive says, it lies beside the folder under another name, or within it where it is there; a failure
/// leaves nothing.
///
/// # Errors
/// Where something in it is not what it should be, or cannot be written.
pub fn unpack(archive: &Path, folder: &Path) -> Result<Unpacked, ArchiveError> {
    let opened = fs::File::open(archive);
    let opened = opened.map_err(|error| ArchiveError::io("read", archive, error))?;
    let not_ours = |why: String| ArchiveError::NotAnArchive {
        path: archive.to_owned(),
        why,
    };
    let zip = ZipArchive::new(io::BufReader::new(opened));
    let mut zip = zip.map_err(|error| not_ours(error.to_string()))?;
    if zip.index_for_name(INDEX).is_none() {
        return Err(not_ours(format!("it has no `{INDEX}`")));
    }
    let text = entry(&mut zip, INDEX, TEXT)?;
    #[derive(serde::Deserialize)]
    struct Version {
        version: u32,
    }
    let version = serde_json::from_slice::<Version>(&text);
    let found = version
        .map_err(|error| not_ours(error.to_string()))?
        .version;
    if found > VERSION {
        return Err(ArchiveError::Newer {
            path: archive.to_owned(),
            found,
            known: VERSION,
        });
    }
    let index: Index =
        serde_json::from_slice(&text).map_err(|error| not_ours(error.to_string()))?;
    index.check()?;
    let folder = std::path::absolute(folder);
    let folder = folder.map_err(|error| ArchiveError::io("create", archive, error))?;
    refuse_full(&folder)?;
    let above = folder.parent().filter(|_| !folder.is_dir());
    let staging = staging(above.unwrap_or(&folder))?;
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    let done = fill(&mut zip, index, &name, &staging);
    let done = done.and_then(|done| {
        let moved = match above {
            Some(_) => fs::rename(&staging, &folder),
            // It stays the folder that it is: somebody's shell may be in it, or a disk mounted there.
            None => move_up(&staging, &folder),
        };
        moved.map_err(|error| ArchiveError::io("create", &folder, error))?;
        Ok(done)
    });
    if done.is_err() {
        // What is left of it is nobody's.
        let _ = remove_tree(&staging);
    }
    done
}

fn refuse_full(folder: &Path) -> Result<(), ArchiveError> {
    let path = folder.to_owned();
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(ArchiveError::NotEmpty { path }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(ArchiveError::io("read", folder, error)),
    }
}

/// Moves all that is in a folder into the one that it is in; all of it or nothing.
fn move_up(staging: &Path, folder: &Path) -> io::Result<()> {
    let names = fs::read_dir(staging)?.map(|entry| entry.map(|entry| entry.file_name()));
    let names: Vec<OsString> = names.collect::<io::Result<_>>()?;
    let mut moved: Vec<PathBuf> = Vec::new();
    let all = names.iter().try_for_each(|name| {
        let to = folder.join(name);
        // It came there meanwhile.
        if fs::symlink_metadata(&to).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(staging.join(name), &to)?;
        moved.push(to);
        Ok(())
    });
    match all {
        Ok(()) => fs::remove_dir(staging),
        Err(error) => {
            let _ = remove_all(&moved);
            Err(error)
        }
    }
}

/// A new folder for what is not yet known to be whole.
fn staging(above: &Path) -> Result<PathBuf, ArchiveError> {
    let made = fs::create_dir_all(above).and_then(|()| {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".sweepline-unpack-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As the umask says.
            builder.permissions(fs::Permissions::from_mode(0o777));
        }
        Ok(builder.tempdir_in(above)?.keep())
    });
    made.map_err(|error| ArchiveError::io("write to", above, error))
}

fn fill<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    index: Index,
    name: &str,
    staging: &Path,
) -> Result<Unpacked, ArchiveError> {
    for (name, about) in &index.project {
        project_file(zip, name, *about, staging)?;
    }
    for name in &index.folders {
        let path = staging.join(names::name_of(name));
        fs::create_dir_all(&path).map_err(|error| ArchiveError::io("create", &path, error))?;
    }
    let marker = staging.join("sweepline.toml");
    let text = format!("# Unpacked from {name}\n");
    fs::write(&marker, text).map_err(|error| ArchiveError::io("write", &marker, error))?;
    let place = staging.join("outputs/store");
    let store = Store::open(&place, Access::Write { wait: false })?;
    let mut objects = 0;
    for (key, digest) in &index.records {
        let entry_name = index::record(*key);
        let text = entry(zip, &entry_name, TEXT)?;
        if Digest::of(&text) != *digest {
            return Err(ArchiveError::refused(
                &entry_name,
                "its content is not what the index says",
            ));
        }
        let record = SharedRecord::read(&text, *key);
        let record =
            record.map_err(|error| ArchiveError::refused(&entry_name, error.to_string()))?;
        for object in record.objects() {
            objects += usize::from(take_object(zip, &store, object)?);
        }
        store.import(&record, &format!("the archive {name}"))?;
    }
    let steps = index.steps.iter();
    let steps: Vec<(&str, Option<Digest>)> = steps
        .map(|(step, key)| (step.as_str(), Some(*key)))
        .collect();
    store.set_keys(&index.experiment, &steps)?;
    store.remember_manifest(
        &index.experiment,
        &staging.join(names::name_of(&index.manifest)),
        staging,
    )?;
    for (file, note) in &index.notes {
        let path = place.join(file);
        let text = serde_json::json!({ index.experiment.as_str(): note }).to_string();
        fs::write(&path, text).map_err(|error| ArchiveError::io("write", &path, error))?;
    }
    store.sync()?;
    let results = index.records.len();
    Ok(Unpacked {
        index,
        results,
        objects,
    })
}

/// Whether it was not there yet.
fn take_object<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    store: &Store,
    object: Object,
) -> Result<bool, ArchiveError> {
    let name = index::object(object.digest);
    let Some(mut incoming) = store.receive(object)? else {
        return Ok(false);
    };
    let from = open(zip, &name)?;
    let copied = io::copy(&mut from.take(object.size.saturating_add(1)), &mut incoming);
    if let Err(error) = copied {
        return Err(match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                incoming.failed(error).into()
            }
            _ => ArchiveError::refused(&name, error.to_string()),
        });
    }
    match incoming.finish()? {
        true => Ok(true),
        false => Err(ArchiveError::refused(
            &name,
            "its content is not what its name says",
        )),
    }
}

fn project_file<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    name: &str,
    about: index::File,
    staging: &Path,
) -> Result<(), ArchiveError> {
    let entry_name = index::project(name);
    let refused = |why: &str| Err(ArchiveError::refused(&entry_name, why));
    let mut from = open(zip, &entry_name)?;
    let path = staging.join(names::name_of(name));
    let failed = |error| ArchiveError::io("write", &path, error);
    let made = fs::create_dir_all(path.parent().unwrap_or(staging)).and_then(|()| {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            let mode = if about.executable { 0o755 } else { 0o644 };
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        }
        options.open(&path)
    });
    let mut file = made.map_err(failed)?;
    // Piece by piece: what was made smaller may unpack to any size.
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; PIECE];
    let mut left = about.size;
    loop {
        let count = match from.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return refused(&error.to_string()),
        };
        left = match left.checked_sub(count as u64) {
            Some(left) => left,
            None => return refused("it is larger than the index says"),
        };
        hasher.update(&piece[..count]);
        file.write_all(&piece[..count]).map_err(failed)?;
    }
    match Digest::from_bytes(*hasher.finalize().as_bytes()) == about.digest {
        true => Ok(()),
        false => refused("its content is not what the index says"),
    }
}

/// An entry as we write them, a plain file, or as others have made it smaller.
fn open<'z, R: Read + Seek>(
    zip: &'z mut ZipArchive<R>,
    name: &str,
) -> Result<zip::read::ZipFile<'z, R>, ArchiveError> {
    let found = zip.by_name(name).map_err(|error| match error {
        ZipError::FileNotFound => ArchiveError::refused(name, "it is not there"),
        ZipError::CompressionMethodNotSupported(_) => {
            ArchiveError::refused(name, "it is compressed by another method than deflate")
        }
        error => ArchiveError::refused(name, error.to_string()),
    })?;
    if !found.is_file() {
        return Err(ArchiveError::refused(name, "it is no plain file"));
    }
    Ok(found)
}

fn entry<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    name: &str,
    limit: u64,
) -> Result<Vec<u8>, ArchiveError> {
    let found = open(zip, name)?;
    let mut bytes = Vec::new();
    let read = found.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| ArchiveError::refused(name, error.to_string()))?;
    match bytes.len() as u64 > limit {
        true => Err(ArchiveError::refused(
            name,
            "it is larger than the index says",
        )),
        false => Ok(bytes),
    }
}
