//! Disks that fail: no panic, no wrong result, and a message that says where.

use std::io;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use super::*;

/// A disk whose writing operations fail from the `left`-th on.
struct Failing {
    left: AtomicU32,
    kind: io::ErrorKind,
}

impl Failing {
    fn spend(&self) -> io::Result<()> {
        let left = self.left.load(Ordering::SeqCst);
        if left == 0 {
            return Err(self.kind.into());
        }
        self.left.store(left - 1, Ordering::SeqCst);
        Ok(())
    }
}

impl Files for Failing {
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.spend() {
            // As a full disk does: some of it arrives.
            Disk.write(path, &bytes[..bytes.len() / 2])?;
            return Err(error);
        }
        Disk.write(path, bytes)
    }
    fn copy(&self, from: &Path, to: &Path, go_on: GoOn<'_>) -> io::Result<()> {
        self.spend()?;
        Disk.copy(from, to, go_on)
    }
    fn seal(&self, path: &Path, executable: bool) -> io::Result<()> {
        self.spend()?;
        Disk.seal(path, executable)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.spend()?;
        Disk.rename(from, to)
    }
    fn sync(&self, folder: &Path, paths: &[&Path]) -> io::Result<()> {
        self.spend()?;
        Disk.sync(folder, paths)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        Disk.remove(path)
    }
    fn stat(&self, path: &Path) -> io::Result<Stat> {
        Disk.stat(path)
    }
}

fn open_failing(root: &Path, left: u32, kind: io::ErrorKind) -> Store {
    let files = Arc::new(Failing {
        left: AtomicU32::new(left),
        kind,
    });
    Store::open_with(root, Access::Write { wait: false }, &mut |_| true, files).unwrap()
}

#[test]
fn whatever_write_fails_the_next_process_finds_whole_objects_or_none() {
    for left in 0..6 {
        let folder = tempfile::tempdir().unwrap();
        let store = open_failing(folder.path(), left, io::ErrorKind::StorageFull);
        let made = folder.path().join("made");
        std::fs::write(&made, b"moved").unwrap();
        let bytes = store.put_bytes(b"written");
        let moved = store.put_file(&made);
        let state = store.save_checkpoint(Digest::of(b"key"), b"state");
        let outcomes = [bytes.map(|_| ()), moved.map(|_| ()), state];
        for failed in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            assert!(matches!(failed, StoreError::DiskFull { .. }), "{failed}");
            assert!(!failed.hints().is_empty());
        }
        drop(store);

        let store = open(folder.path());
        assert!(store.verify().unwrap().damaged.is_empty());
        for (text, outcome) in [(&b"written"[..], &outcomes[0]), (b"moved", &outcomes[1])] {
            let (digest, size) = (Digest::of(text), text.len() as u64);
            let expected = if outcome.is_ok() {
                Presence::Intact
            } else {
                Presence::Missing
            };
            assert_eq!(store.presence(&Object::plain(digest, size)), expected);
        }
        let state = store.checkpoint(Digest::of(b"key")).unwrap();
        assert_eq!(state.is_some(), outcomes[2].is_ok());
    }
}

#[test]
fn trouble_with_syncing_is_told_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_failing(folder.path(), 3, io::ErrorKind::Other);
    // Three operations go well: writing without a folder, writing with one, renaming.
    let object = store.put_bytes(b"result").unwrap();
    assert!(store.sync().is_err());
    assert_eq!(store.presence(&object), Presence::Intact);
}

#[test]
fn errors_name_what_was_done_and_where() {
    let path = Path::new("outputs/store/lock");
    let told = |kind: io::ErrorKind| StoreError::io("lock", path, kind.into()).to_string();
    assert_eq!(
        told(io::ErrorKind::PermissionDenied),
        "cannot lock `outputs/store/lock`: permission denied"
    );
    assert_eq!(
        told(io::ErrorKind::ReadOnlyFilesystem),
        "cannot lock `outputs/store/lock`: the file system is read-only"
    );
}
