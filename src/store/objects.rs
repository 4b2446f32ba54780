//! Objects: immutable files named by the digest of their content, as `ab/cdef…`; as `ab/cdef….x`
//! where they may be executed, because permissions belong to a file and not to its name.
//!
//! An object is trusted while its stat is the one at which it was last known to be intact. Stats
//! reach the database only after the content is durable, so an object of unknown history (the
//! process or the machine died, somebody copied the store) is read once before it is believed.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use foldhash::HashMap;
use foldhash::HashMapExt;

use super::Digest;
use super::Object;
use super::StoreError;
use super::damaged::Damaged;
use super::database::Database;
use super::database::digest;
use super::files::Files;
use super::files::Stat;
use super::files::has_other_names;
use super::files::is_executable;
use super::folder;
use super::reading::GoOn;
use super::reading::digest_watched;
use super::reading::read_watched;
use crate::text::ShowPath;

/// Whether an object can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    Intact,
    Missing,
    /// There, with other content than its name says, or not readable.
    Damaged,
}

/// How the names of files begin that are being written.
const UNFINISHED: &str = ".new-";

/// Puts to different stripes run at once, puts of one content never do.
const STRIPES: usize = 16;

/// What tells one object from all others: the digest and whether it may be executed.
pub(super) type Name = (Digest, bool);

/// How the names of objects end that may be executed.
const EXECUTABLE: &str = ".x";

impl Object {
    pub(super) fn name(&self) -> Name {
        (self.digest, self.executable)
    }
}

pub(super) struct Objects {
    folder: PathBuf,
    /// Where files are written before they get their name: on the same file system.
    temporary: PathBuf,
    files: Arc<dyn Files>,
    database: Arc<Database>,
    writable: bool,
    trusted: RwLock<HashMap<Name, Stat>>,
    /// Whether `trusted` holds all that the database knows.
    complete: AtomicBool,
    /// What is trusted but not yet durable.
    unsynced: Mutex<Vec<Name>>,
    /// What was in the place of objects that were made again.
    pub(super) damaged: Damaged,
    stripes: [Mutex<()>; STRIPES],
    counter: AtomicU64,
}

impl Objects {
    pub(super) fn new(
        folder: PathBuf,
        temporary: PathBuf,
        files: Arc<dyn Files>,
        database: Arc<Database>,
        writable: bool,
    ) -> Self {
        Objects {
            damaged: Damaged::in_folder(temporary.with_file_name("damaged"), Arc::clone(&files)),
            folder,
            temporary,
            files,
            database,
            writable,
            trusted: RwLock::default(),
            complete: AtomicBool::new(false),
            unsynced: Mutex::default(),
            stripes: Default::default(),
            counter: AtomicU64::new(0),
        }
    }

    pub(super) fn path(&self, (digest, executable): Name) -> PathBuf {
        let hex = blake3::Hash::from_bytes(*digest.as_bytes()).to_hex();
        // One allocation of the right size: this runs once per object of every step.
        let folder = self.folder.as_os_str();
        let mut path = std::ffi::OsString::with_capacity(folder.len() + 2 + 64 + EXECUTABLE.len());
        path.push(folder);
        path.push("/");
        path.push(&hex.as_str()[..2]);
        path.push("/");
        path.push(&hex.as_str()[2..]);
        if executable {
            path.push(EXECUTABLE);
        }
        PathBuf::from(path)
    }

    /// A new name in the folder of an object: files are written there, because moving them there
    /// from a common folder would make all writers wait for each other.
    fn beside(&self, object: &Object) -> PathBuf {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let name = format!("{UNFINISHED}{}-{number}", std::process::id());
        self.path(object.name()).with_file_name(name)
    }

    /// A new name for a file on the store's file system.
    pub(super) fn temporary(&self) -> PathBuf {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        self.temporary
            .join(format!("{}-{number}", std::process::id()))
    }

    pub(super) fn put_bytes(&self, bytes: &[u8], executable: bool) -> Result<Object, StoreError> {
        let object = Object {
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            executable,
        };
        let _one = self.stripe(object.digest)?;
        if self.presence(&object) == Presence::Intact {
            return Ok(object);
        }
        let temporary = self.beside(&object);
        let written = in_folder(&temporary, || self.files.write(&temporary, bytes));
        let written = written.and_then(|()| match executable {
            true => self.files.seal(&temporary, true),
            false => Ok(()),
        });
        if let Err(error) = written {
            // A full disk has room again once the half-written file is gone.
            let _ = self.files.remove(&temporary);
            return Err(StoreError::io("write", &temporary, error));
        }
        self.adopt(&temporary, object)
    }

    /// Takes a plain file over: it is moved where it is ours alone and that is possible, else
    /// copied. What a link leads to is copied. Where `go_on` ends it the file stays where it is.
    pub(super) fn put_file(&self, path: &Path, go_on: GoOn<'_>) -> Result<Object, StoreError> {
        let read = |follow| read_watched(path, follow, Some(go_on));
        let (found, linked) = match read(false) {
            Err(_) if path.is_symlink() => (read(true), true),
            found => (found, false),
        };
        let (digest, metadata) = found?;
        let object = Object {
            digest,
            size: metadata.len(),
            executable: is_executable(&metadata),
        };
        let _one = self.stripe(digest)?;
        if self.presence(&object) == Presence::Intact {
            return Ok(object);
        }
        if !linked && !has_other_names(&metadata) {
            let place = self.path(object.name());
            self.damaged.keep(&place);
            match in_folder(&place, || self.files.rename(path, &place)) {
                Ok(()) => return self.seal(&place, object),
                // It lies on another file system, or where one is mounted.
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::CrossesDevices | io::ErrorKind::ResourceBusy
                    ) => {}
                Err(error) => return Err(StoreError::io("take over", path, error)),
            }
        }
        let temporary = self.beside(&object);
        let copied = in_folder(&temporary, || self.files.copy(path, &temporary, go_on))
            .and_then(|()| self.files.seal(&temporary, object.executable));
        if let Err(error) = copied {
            let _ = self.files.remove(&temporary);
            return Err(StoreError::io("take over", path, error));
        }
        // Unlike a file of ours, it may have changed since it was read.
        match digest_watched(&temporary, Some(go_on)) {
            Ok((copied, _)) if copied == digest => self.adopt(&temporary, object),
            copied => {
                let _ = self.files.remove(&temporary);
                copied?;
                let path = path.to_owned();
                Err(StoreError::Changed { path })
            }
        }
    }

    /// Takes over a file of ours whose content is known to be this.
    pub(super) fn put_known(&self, temporary: &Path, object: Object) -> Result<(), StoreError> {
        let _one = self.stripe(object.digest)?;
        if self.presence(&object) == Presence::Intact {
            let _ = self.files.remove(temporary);
            return Ok(());
        }
        let place = self.path(object.name());
        let sealed = self.files.seal(temporary, object.executable);
        let sealed = sealed.and_then(|()| match place.parent() {
            Some(place) => folder::folder(place, false),
            None => Ok(()),
        });
        if let Err(error) = sealed {
            let _ = self.files.remove(temporary);
            return Err(StoreError::io("write", temporary, error));
        }
        self.adopt(temporary, object).map(|_| ())
    }

    /// Gives a complete file its name. The stripe is held.
    fn adopt(&self, temporary: &Path, object: Object) -> Result<Object, StoreError> {
        let path = self.path(object.name());
        self.damaged.keep(&path);
        if let Err(error) = self.files.rename(temporary, &path) {
            let _ = self.files.remove(temporary);
            return Err(StoreError::io("write", &path, error));
        }
        self.learn(&path, object)
    }

    /// Completes a file that was moved to its place.
    fn seal(&self, path: &Path, object: Object) -> Result<Object, StoreError> {
        if let Err(error) = self.files.seal(path, object.executable) {
            let _ = self.files.remove(path);
            return Err(StoreError::io("write", path, error));
        }
        self.learn(path, object)
    }

    fn learn(&self, path: &Path, object: Object) -> Result<Object, StoreError> {
        let stat = self
            .files
            .stat(path)
            .map_err(|error| StoreError::io("read", path, error))?;
        self.trust(object.name(), stat);
        Ok(object)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether an object is there and has the right content; reads it only where its stat is not
    /// the known one.
    pub(super) fn presence(&self, object: &Object) -> Presence {
        let path = self.path(object.name());
        let stat = match self.files.stat(&path) {
            Ok(stat) => stat,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Presence::Missing,
            Err(_) => return Presence::Damaged,
        };
        if stat.size != object.size {
            return Presence::Damaged;
        }
        if self
            .trusted(object.name())
            .is_some_and(|known| known.same_file(&stat))
        {
            return Presence::Intact;
        }
        self.reread(object.name())
    }

    /// Whether the content of an object is what its name says, by reading it. Permissions that
    /// somebody changed are set right.
    pub(super) fn reread(&self, name: Name) -> Presence {
        let (digest, executable) = name;
        let path = self.path(name);
        tracing::debug!(path = %path.shown(), "an object is read to see whether it is intact");
        let read = || -> Result<Option<Stat>, StoreError> {
            let (found, metadata) = read_watched(&path, true, None)?;
            if found != digest {
                return Ok(None);
            }
            if is_executable(&metadata) == executable || !self.writable {
                return Ok(Some(Stat::of(&metadata)));
            }
            let failed = |error| StoreError::io("write", &path, error);
            self.files.seal(&path, executable).map_err(failed)?;
            self.files.stat(&path).map(Some).map_err(failed)
        };
        match read() {
            Ok(Some(stat)) => {
                self.trust(name, stat);
                Presence::Intact
            }
            Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                self.distrust(name);
                Presence::Missing
            }
            _ => {
                self.distrust(name);
                Presence::Damaged
            }
        }
    }

    pub(super) fn trusted(&self, name: Name) -> Option<Stat> {
        let known = read(&self.trusted).get(&name).copied();
        if known.is_some() || self.are_loaded() {
            return known;
        }
        let found = self.database.with(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT digest, size, inode, modified, changed FROM objects WHERE digest = ?",
            )?;
            let mut rows = statement.query([blob(name)])?;
            rows.next()?.map(row_of_object).transpose()
        });
        // A database that cannot be read only makes us read the object.
        let (_, stat) = found.ok().flatten().flatten()?;
        write(&self.trusted).insert(name, stat);
        Some(stat)
    }

    fn trust(&self, name: Name, stat: Stat) {
        let known = write(&self.trusted).insert(name, stat);
        if self.writable && !known.is_some_and(|known| known.same_file(&stat)) {
            lock(&self.unsynced).push(name);
        }
    }

    pub(super) fn distrust(&self, name: Name) {
        let known = write(&self.trusted).remove(&name).is_some();
        if known && self.writable {
            // Failing to forget is harmless: the stat would have to match as well.
            let _ = self.database.with(|connection| {
                connection
                    .prepare_cached("DELETE FROM objects WHERE digest = ?")?
                    .execute([blob(name)])
            });
        }
    }

    /// Whether everything is in memory already.
    pub(super) fn are_loaded(&self) -> bool {
        self.complete.load(Ordering::Acquire)
    }

    /// Loads all known stats at once, unless there are more than `limit`; about as many as
    /// `expected`.
    pub(super) fn preload(
        &self,
        connection: &rusqlite::Connection,
        expected: usize,
        limit: usize,
    ) -> rusqlite::Result<()> {
        let mut statement = connection
            .prepare_cached("SELECT digest, size, inode, modified, changed FROM objects LIMIT ?")?;
        let mut rows = statement.query([limit as i64 + 1])?;
        let mut loaded = HashMap::with_capacity(expected);
        while let Some(row) = rows.next()? {
            loaded.extend(row_of_object(row)?);
        }
        let complete = loaded.len() <= limit;
        let mut trusted = write(&self.trusted);
        // What this process learnt is newer than what the database knows.
        loaded.extend(trusted.drain());
        *trusted = loaded;
        self.complete.store(complete, Ordering::Release);
        Ok(())
    }

    /// Makes everything that was put durable, then trusts it beyond this process.
    pub(super) fn sync(&self) -> Result<usize, StoreError> {
        let new = std::mem::take(&mut *lock(&self.unsynced));
        if new.is_empty() {
            return Ok(0);
        }
        let stats: Vec<(Name, Stat)> = {
            let trusted = read(&self.trusted);
            let stat = |name: &Name| trusted.get(name).map(|stat| (*name, *stat));
            new.iter().filter_map(stat).collect()
        };
        let paths: Vec<PathBuf> = stats.iter().map(|(name, _)| self.path(*name)).collect();
        let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
        let synced = self
            .files
            .sync(&self.folder, &paths)
            .map_err(|error| StoreError::io("sync", &self.folder, error))
            .and_then(|()| {
                self.database.write(|connection| {
                    let mut statement = connection
                        .prepare_cached("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)")?;
                    for (name, stat) in &stats {
                        statement.execute((
                            blob(*name),
                            stat.size as i64,
                            stat.inode as i64,
                            stat.modified,
                            stat.changed,
                        ))?;
                    }
                    Ok(())
                })
            });
        if let Err(error) = synced {
            lock(&self.unsynced).extend(new);
            return Err(error);
        }
        Ok(stats.len())
    }

    /// Whether a path ends as that of an object does, be it one of another store.
    pub(super) fn is_like_one(&self, path: &Path) -> bool {
        self.called(path).is_some()
    }

    /// The object here that has the name at the end of a path.
    pub(super) fn like(&self, path: &Path) -> Option<Object> {
        let (digest, executable) = self.called(path)?;
        let stat = self.files.stat(&self.path((digest, executable))).ok()?;
        Some(Object {
            digest,
            size: stat.size,
            executable,
        })
    }

    fn called(&self, path: &Path) -> Option<Name> {
        let mut parts = path.iter().rev();
        let (name, prefix) = (parts.next()?.to_str()?, parts.next()?.to_str()?);
        let ours = prefix.len() == 2 && parts.next() == self.folder.file_name();
        named(prefix, name).filter(|_| ours)
    }

    /// All objects on disk, whoever made them.
    pub(super) fn on_disk(&self) -> Result<Vec<Object>, StoreError> {
        let mut found = Vec::new();
        for folder in entries(&self.folder)? {
            // What a link leads to is not ours.
            if !folder.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let prefix = folder.file_name();
            let Some(prefix) = prefix.to_str().filter(|prefix| prefix.len() == 2) else {
                continue;
            };
            for entry in entries(&folder.path())? {
                let name = entry.file_name();
                let name = name.to_str().unwrap_or_default();
                // Files that are no objects are none of the store's business.
                let (Some((digest, executable)), Ok(metadata)) =
                    (named(prefix, name), entry.metadata())
                else {
                    continue;
                };
                found.push(Object {
                    digest,
                    size: metadata.len(),
                    executable,
                });
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Removes what writers left that died while they wrote.
    pub(super) fn remove_unfinished(&self) -> Result<(), StoreError> {
        for folder in entries(&self.folder)? {
            if !folder.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            for entry in entries(&folder.path())? {
                let path = entry.path();
                if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                    self.files
                        .remove(&path)
                        .map_err(|error| StoreError::io("remove", &path, error))?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn remove(&self, name: Name) -> Result<(), StoreError> {
        let _one = self.stripe(name.0)?;
        self.distrust(name);
        let path = self.path(name);
        match self.files.remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::io("remove", &path, error))
            }
            _ => Ok(()),
        }
    }

    /// Removes an object that nobody needs. What somebody wrote in its place lies aside until it is taken.
    pub(super) fn put_away(&self, object: &Object) -> Result<(), StoreError> {
        if self.presence(object) == Presence::Damaged {
            self.damaged.keep(&self.path(object.name()));
        }
        self.remove(object.name())
    }

    fn stripe(&self, digest: Digest) -> Result<MutexGuard<'_, ()>, StoreError> {
        if !self.writable {
            let path = self.folder.clone();
            return Err(StoreError::NotWritable { path });
        }
        Ok(lock(
            &self.stripes[usize::from(digest.as_bytes()[0]) % STRIPES],
        ))
    }
}

/// The object that a file of this name in the folder `prefix` is, if it is one.
fn named(prefix: &str, name: &str) -> Option<Name> {
    let plain = name.strip_suffix(EXECUTABLE);
    let digest = format!("{prefix}{}", plain.unwrap_or(name)).parse().ok()?;
    Some((digest, plain.is_some()))
}

/// An object's name as it stands in the database: the digest, and a byte more where it may be
/// executed.
fn blob((digest, executable): Name) -> Vec<u8> {
    let mut blob = digest.as_bytes().to_vec();
    if executable {
        blob.extend(EXECUTABLE.as_bytes());
    }
    blob
}

fn name(blob: &[u8]) -> Option<Name> {
    let plain = blob.strip_suffix(EXECUTABLE.as_bytes());
    match plain.and_then(digest) {
        Some(digest) => Some((digest, true)),
        None => digest(blob).map(|digest| (digest, false)),
    }
}

fn row_of_object(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<(Name, Stat)>> {
    let stat = Stat {
        size: row.get::<_, i64>(1)? as u64,
        device: 0,
        inode: row.get::<_, i64>(2)? as u64,
        modified: row.get(3)?,
        changed: row.get(4)?,
    };
    Ok(name(row.get_ref(0)?.as_blob()?).map(|name| (name, stat)))
}

/// Does something in the folder of this path, which is made where it is missing, and the one above is not.
pub(super) fn in_folder<T>(path: &Path, mut act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    act().or_else(|error| {
        match path.parent() {
            // Others may have made it since.
            Some(place) if error.kind() == io::ErrorKind::NotFound => {
                folder::folder(place, false)?;
                act()
            }
            _ => Err(error),
        }
    })
}

/// The entries of a folder; none where there is no folder.
pub(super) fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>, StoreError> {
    let failed = |error| StoreError::io("list", folder, error);
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect::<Result<_, _>>().map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed(error)),
    }
}

// What these guard is whole after every statement, so a panic elsewhere does not spoil it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
