//! One process writes a store. The lock is the kernel's, so it dies with its process, however
//! that ends; the text in the file only says for whom others wait.

use std::fs;
use std::fs::File;
use std::fs::TryLockError;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::Holder;
use super::Stat;
use super::StoreError;
use super::folder;
use super::holder::seconds_now;

/// The right to write, held while this lives.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock. While another process has it, `waiting` is called now and then with the
    /// other's name; where it answers false, this gives up.
    pub(super) fn take(
        path: &Path,
        wait: bool,
        waiting: &mut dyn FnMut(&Holder) -> bool,
    ) -> Result<Lock, StoreError> {
        let failed = |error| StoreError::io("lock", path, error);
        let mut file = folder::private_file()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        let mut pause = Duration::from_millis(10);
        let mut glances = 0;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) => {}
            }
            let holder = holder(&mut file);
            let path = path.to_owned();
            // Someone who only asks whether a writer is there holds the lock for a moment.
            if !wait && glances < 3 {
                glances += 1;
                std::thread::sleep(pause);
                continue;
            }
            if !wait {
                return Err(StoreError::Locked { path, holder });
            }
            if !waiting(&holder) {
                return Err(StoreError::GaveUp { path, holder });
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(200));
        }
        let text = serde_json::to_string(&Holder::me()).unwrap_or_default();
        file.rewind().map_err(failed)?;
        file.set_len(0).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        Ok(Lock { file })
    }

    /// Whether its file is at this path still: without, others may write there, and what is written here is lost.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        let here = self.file.metadata().map(|about| Stat::of(&about));
        let there = fs::symlink_metadata(path).map(|about| Stat::of(&about));
        match (here, there) {
            (Ok(here), Ok(there)) => (here.device, here.inode) == (there.device, there.inode),
            _ => false,
        }
    }
}

/// The process that writes now; none where nobody does, or that cannot be told.
pub(super) fn writer(path: &Path) -> Option<Holder> {
    let mut file = File::open(path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(holder(&mut file)),
        _ => None,
    }
}

/// Who wrote itself into the lock file; process 0 while that is being written.
fn holder(file: &mut File) -> Holder {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut text));
    read.ok()
        .and_then(|_| serde_json::from_str(&text).ok())
        .unwrap_or(Holder {
            pid: 0,
            command: String::new(),
            since: seconds_now(),
        })
}
