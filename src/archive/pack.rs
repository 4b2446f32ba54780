//! Writing an archive.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use zip::CompressionMethod;
use zip::DateTime;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::store::Digest;
use crate::store::Presence;
use crate::store::Store;
use crate::store::StoreError;

use super::ArchiveError;
use super::Index;
use super::index;
use super::index::INDEX;

/// From this size on an entry needs the larger form of the format.
const LARGE: u64 = u32::MAX as u64 - (1 << 20);

/// What is to be packed.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    pub experiment: String,
    pub manifest: String,
    pub arguments: String,
    pub files: Vec<ProjectFile>,
    pub folders: Vec<String>,
    /// Steps with their keys, which all have results.
    pub steps: BTreeMap<String, Digest>,
    pub notes: BTreeMap<String, serde_json::Value>,
}

/// A file of the project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProjectFile {
    /// In the archive, relative to the root.
    pub name: String,
    pub path: PathBuf,
}

/// What came of packing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed {
    pub results: usize,
    pub objects: usize,
    pub files: usize,
    /// Of the archive.
    pub bytes: u64,
    pub digest: Digest,
}

/// Packs results and the project that they are of into one file, which has its name once it is whole.
///
/// # Errors
/// Where something cannot be read or written, or a result is damaged.
pub fn pack(store: &Store, contents: &Contents, to: &Path) -> Result<Packed, ArchiveError> {
    let failed = |error| ArchiveError::io("write", to, error);
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut file = new_file(folder).map_err(failed)?;
    let mut packed = write(store, contents, file.as_file_mut(), to)?;
    let sealed = file.as_file_mut().sync_all();
    sealed.map_err(failed)?;
    packed.bytes = file.as_file().metadata().map_err(failed)?.len();
    file.as_file_mut().rewind().map_err(failed)?;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file.as_file_mut()).map_err(failed)?;
    packed.digest = Digest::from_bytes(*hasher.finalize().as_bytes());
    file.persist(to).map_err(|error| failed(error.error))?;
    Ok(packed)
}

/// A file without a name of its own yet, which whoever may by the umask can read.
fn new_file(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

fn write(
    store: &Store,
    contents: &Contents,
    file: &mut fs::File,
    to: &Path,
) -> Result<Packed, ArchiveError> {
    let mut objects = BTreeMap::new();
    let mut records = BTreeMap::new();
    for key in contents.steps.values() {
        let Some(record) = store.shared_record(*key)? else {
            continue;
        };
        for object in record.objects() {
            if store.presence(&object) != Presence::Intact {
                let path = store.path(&object);
                return Err(StoreError::Damaged { path }.into());
            }
            objects.insert(object.digest, object);
        }
        records.insert(*key, record.bytes());
    }
    let mut project = BTreeMap::new();
    for file in &contents.files {
        let bytes = fs::read(&file.path);
        let bytes = bytes.map_err(|error| ArchiveError::io("read", &file.path, error))?;
        let about = index::File {
            digest: Digest::of(&bytes),
            size: bytes.len() as u64,
            executable: is_executable(&file.path),
        };
        project.insert(file.name.clone(), (about, bytes));
    }
    let mut folders = contents.folders.clone();
    folders.sort();
    let index = Index {
        version: index::VERSION,
        experiment: contents.experiment.clone(),
        manifest: contents.manifest.clone(),
        arguments: contents.arguments.clone(),
        project: project
            .iter()
            .map(|(name, (about, _))| (name.clone(), *about))
            .collect(),
        folders,
        steps: contents.steps.clone(),
        records: records
            .iter()
            .map(|(key, bytes)| (*key, Digest::of(bytes)))
            .collect(),
        notes: contents.notes.clone(),
    };
    index.check()?;
    let mut archive = ZipWriter::new(file);
    let mut put = |name: &str, size: u64, executable: bool, from: &mut dyn Read| {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .unix_permissions(if executable { 0o755 } else { 0o644 })
            .large_file(size > LARGE);
        let begun = archive.start_file(name, options).map_err(io::Error::other);
        let copied = begun.and_then(|()| io::copy(from, &mut archive));
        copied.map_err(|error| ArchiveError::io("write", to, error))
    };
    let text = index.bytes();
    put(INDEX, text.len() as u64, false, &mut &text[..])?;
    for object in objects.values() {
        let path = store.path(object);
        let opened = fs::File::open(&path);
        let mut opened = opened.map_err(|error| ArchiveError::io("read", &path, error))?;
        let copied = put(
            &index::object(object.digest),
            object.size,
            false,
            &mut opened,
        )?;
        if copied != object.size {
            return Err(StoreError::Damaged { path }.into());
        }
    }
    for (name, (about, bytes)) in &project {
        put(
            &index::project(name),
            about.size,
            about.executable,
            &mut &bytes[..],
        )?;
    }
    for (key, bytes) in &records {
        put(
            &index::record(*key),
            bytes.len() as u64,
            false,
            &mut &bytes[..],
        )?;
    }
    let finished = archive.finish().map_err(io::Error::other);
    let finished = finished.and_then(|file| file.flush());
    finished.map_err(|error| ArchiveError::io("write", to, error))?;
    Ok(Packed {
        results: records.len(),
        objects: objects.len(),
        files: project.len(),
        bytes: 0,
        digest: Digest::of(b""),
    })
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    false
}
