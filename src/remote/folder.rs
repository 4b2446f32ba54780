//! A shared store in a folder, as on a network's disk.
//!
//! A file is written under a name of its own in `tmp`, then linked or moved to its place: half a file is
//! never seen there. Who may read it is what the store's own folder says, whatever the umask of who writes it: it is
//! for all who may read that.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use super::RemoteError;
use super::layout::MARKER;
use super::storage::Content;
use super::storage::Entry;
use super::storage::Hashed;
use super::storage::Kind;
use super::storage::Stat;
use super::storage::Storage;

/// More at once help no disk and no network's disk.
const AT_ONCE: usize = 8;

/// How much is moved at a time.
const PIECE: usize = 1 << 20;

/// What may lie in a folder that becomes a shared store.
const HARMLESS: [&str; 3] = [".DS_Store", "lost+found", ".snapshot"];

/// Files that are being written.
const TEMPORARY: &str = "tmp";

pub(super) struct Folder {
    root: PathBuf,
    place: String,
    counter: AtomicU64,
    /// Who may do what with the store's own folder.
    #[cfg(unix)]
    mode: std::sync::OnceLock<Option<u32>>,
}

impl Folder {
    pub(super) fn new(root: &Path) -> Self {
        let root = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        let root = without_parents(&root);
        Folder {
            place: root.display().to_string(),
            root,
            counter: AtomicU64::new(0),
            #[cfg(unix)]
            mode: std::sync::OnceLock::new(),
        }
    }

    /// Lets those at a new file who may read the store's own folder.
    #[cfg(unix)]
    fn share_file(&self, file: &File, kind: Kind) {
        use std::os::unix::fs::PermissionsExt;
        let Some(of_root) = *self.mode.get_or_init(|| mode_of(&self.root)) else {
            return;
        };
        // What is named by its content is not to be changed.
        let own = if kind == Kind::Content { 0o400 } else { 0o600 };
        let mode = own | (of_root & 0o044);
        let has = file.metadata().map(|about| about.permissions().mode());
        if has.is_ok_and(|has| has & 0o777 != mode) {
            // Where a file system has no modes, it says itself who may read.
            let _ = file.set_permissions(fs::Permissions::from_mode(mode));
        }
    }

    #[cfg(not(unix))]
    fn share_file(&self, _: &File, _: Kind) {}

    /// Gives a new folder the mode of the store's own.
    #[cfg(unix)]
    fn share_folder(&self, folder: &Path) {
        use std::os::unix::fs::PermissionsExt;
        if let Some(of_root) = *self.mode.get_or_init(|| mode_of(&self.root)) {
            let mode = fs::Permissions::from_mode((of_root & 0o3077) | 0o700);
            let _ = fs::set_permissions(folder, mode);
        }
    }

    #[cfg(not(unix))]
    fn share_folder(&self, _: &Path) {}

    /// Lets those at the store's own folder, which is new, for whom the folder above is: a group's has its bit.
    #[cfg(unix)]
    fn share_root(&self) {
        use std::os::unix::fs::PermissionsExt;
        let above = self.root.parent().and_then(mode_of);
        if let Some((above, own)) = above.zip(mode_of(&self.root))
            && above & 0o2000 != 0
        {
            let mode = fs::Permissions::from_mode((own | (above & 0o2070)) & 0o7777);
            let _ = fs::set_permissions(&self.root, mode);
        }
    }

    #[cfg(not(unix))]
    fn share_root(&self) {}

    /// Does something with a file; where its folder is not there, again with it.
    fn in_folder<T>(&self, path: &Path, act: impl Fn() -> io::Result<T>) -> io::Result<T> {
        match act() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make_folder_of(path)?;
                act()
            }
            done => done,
        }
    }

    /// Makes the folder of a file and those above, but not the store's own: if that is gone, its disk is.
    fn make_folder_of(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().filter(|folder| *folder != self.root);
        let folder = folder.ok_or(io::ErrorKind::NotFound)?;
        let made = fs::create_dir(folder).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                self.make_folder_of(folder)?;
                fs::create_dir(folder)
            }
            _ => Err(error),
        });
        match made {
            Ok(()) => {
                self.share_folder(folder);
                Ok(())
            }
            // Somebody else has made it since.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A folder that may not be read, by the name of the outermost one that hides it.
    fn closed(&self, folder: &str) -> Entry {
        let mut name = folder;
        while let Some((above, _)) = name.rsplit_once('/')
            && fs::symlink_metadata(self.root.join(name)).is_err()
        {
            name = above;
        }
        Entry {
            name: name.to_owned(),
            stat: None,
            closed: true,
        }
    }

    /// A name that no other process on any machine has.
    fn temporary(&self) -> io::Result<PathBuf> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let random = u64::from_le_bytes(random);
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let name = format!("{random:016x}-{}-{number}", std::process::id());
        Ok(self.root.join(TEMPORARY).join(name))
    }

    /// Gives a written file its name; says whether it has it now.
    fn name(&self, temporary: &Path, path: &Path, kind: Kind) -> io::Result<bool> {
        if kind != Kind::First {
            return fs::rename(temporary, path).map(|()| true);
        }
        match fs::hard_link(temporary, path) {
            Ok(()) => {
                fs::remove_file(temporary)?;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                fs::remove_file(temporary)?;
                Ok(false)
            }
            // No links on this file system.
            Err(_) => {
                let mut options = fs::OpenOptions::new();
                let made = options.write(true).create_new(true).open(path);
                match made {
                    Ok(mut file) => {
                        self.share_file(&file, kind);
                        pass_on(open(temporary)?, u64::MAX, &mut file)?;
                        fs::remove_file(temporary)?;
                        Ok(true)
                    }
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        fs::remove_file(temporary)?;
                        Ok(false)
                    }
                    Err(error) => Err(error),
                }
            }
        }
    }
}

/// The same path without `..`, so that a place has one name.
fn without_parents(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                // What is above a link is above what it leads to.
                plain = fs::canonicalize(&plain).unwrap_or(plain);
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(unix)]
fn mode_of(folder: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let about = fs::metadata(folder).ok()?;
    Some(about.permissions().mode())
}

/// Opens a plain file; what a link leads to is not ours, and nobody may write to a pipe.
fn open(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits() as i32);
    }
    let not_plain = || io::Error::new(io::ErrorKind::InvalidData, "it is no plain file");
    let file = options.open(path).map_err(|error| match error {
        #[cfg(unix)]
        error if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            not_plain()
        }
        error => error,
    })?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(not_plain()),
    }
}

fn pass_on(mut from: impl Read, limit: u64, to: &mut dyn Write) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    let mut left = limit;
    while left > 0 {
        let most = PIECE.min(usize::try_from(left).unwrap_or(PIECE));
        match from.read(&mut piece[..most]) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                to.write_all(&piece[..count])?;
                left -= count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn not_there<T>(error: io::Error, answer: T) -> io::Result<T> {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(answer),
        _ => Err(error),
    }
}

impl Storage for Folder {
    fn place(&self) -> &str {
        &self.place
    }

    fn is_folder(&self) -> bool {
        true
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }

    fn begin(&self) -> Result<bool, RemoteError> {
        let failed = |error| RemoteError::io("create", self, "", error);
        let place = || self.place.clone();
        // Not the folders above: under a mount point where nothing is mounted they would be made here.
        match fs::create_dir(&self.root) {
            Ok(()) => self.share_root(),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let above = self.root.parent().unwrap_or(&self.root);
                let above = above.display().to_string();
                return Err(RemoteError::Nowhere {
                    place: place(),
                    above,
                });
            }
            Err(error) => return Err(failed(error)),
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(failed)? {
            names.push(entry.map_err(failed)?.file_name());
        }
        names.sort();
        let ours = |name: &str| name == TEMPORARY || name == MARKER;
        let mut names = names.iter().map(|name| name.to_string_lossy());
        match names.find(|name| !ours(name) && !HARMLESS.contains(&&**name)) {
            None => Ok(true),
            Some(holds) => Err(RemoteError::Foreign {
                place: place(),
                holds: holds.into_owned(),
            }),
        }
    }

    fn stat(&self, name: &str) -> io::Result<Option<Stat>> {
        let about = match fs::symlink_metadata(self.root.join(name)) {
            Ok(about) => about,
            Err(error) => return not_there(error, None),
        };
        let ago = SystemTime::now().duration_since(about.modified()?);
        let stat = Stat::written(about.len(), ago.map_err(|ahead| ahead.duration()));
        Ok(about.is_file().then_some(stat))
    }

    fn read(&self, name: &str, limit: u64, to: &mut dyn Write) -> io::Result<bool> {
        match open(&self.root.join(name)) {
            Ok(file) => pass_on(file, limit, to).map(|()| true),
            Err(error) => not_there(error, false),
        }
    }

    fn write(&self, name: &str, content: Content<'_>, kind: Kind) -> io::Result<bool> {
        let path = self.root.join(name);
        let temporary = self.temporary()?;
        let write = || -> io::Result<bool> {
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true);
            let mut file = self.in_folder(&temporary, || options.open(&temporary))?;
            self.share_file(&file, kind);
            match content {
                Content::Bytes(bytes) => file.write_all(bytes)?,
                Content::File(from, digest) => {
                    let mut hashed = Hashed::new(&mut file);
                    pass_on(open(from)?, u64::MAX, &mut hashed)?;
                    if hashed.digest() != digest {
                        let message = format!("`{}` changed meanwhile", from.display());
                        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
                    }
                }
            }
            if kind != Kind::Content {
                file.sync_data()?;
            }
            drop(file);
            self.in_folder(&path, || self.name(&temporary, &path, kind))
        };
        let written = write();
        if written.is_err() {
            // A full disk has room again once the half-written file is gone.
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    fn list(&self, folder: &str) -> io::Result<Vec<Entry>> {
        let mut found = Vec::new();
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            let entries = match fs::read_dir(self.root.join(&folder)) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    found.push(self.closed(&folder));
                    continue;
                }
                Err(error) => {
                    not_there(error, ())?;
                    continue;
                }
            };
            for entry in entries {
                let entry = entry?;
                let Some(own) = entry.file_name().to_str().map(str::to_owned) else {
                    continue;
                };
                let name = format!("{folder}/{own}");
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    open.push(name);
                } else if kind.is_file() {
                    found.push(Entry {
                        name,
                        stat: None,
                        closed: false,
                    });
                }
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        // One that hides several.
        found.dedup_by(|a, b| a.closed && a.name == b.name);
        Ok(found)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.root.join(name)).or_else(|error| not_there(error, ()))
    }

    fn settle(&self) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        {
            Ok(rustix::fs::syncfs(File::open(&self.root)?)?)
        }
        #[cfg(not(target_os = "linux"))]
        {
            Ok(())
        }
    }
}
