//! How far a transfer is, for whoever shows it.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::parallel::lock;

/// Counted by the threads of a transfer, read by whoever shows it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Set to one or more: the transfer ends as soon as it can.
    pub stop: Arc<AtomicU8>,
    results: AtomicU64,
    looked: AtomicU64,
    objects: AtomicU64,
    bytes: AtomicU64,
    objects_done: AtomicU64,
    bytes_done: AtomicU64,
    waits_for: Mutex<Option<String>>,
}

/// Where a transfer stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Results that are asked for.
    pub results: u64,
    /// Results that were looked up.
    pub looked: u64,
    /// Objects that are to be moved, as far as that is known, and their bytes.
    pub objects: u64,
    pub bytes: u64,
    pub objects_done: u64,
    pub bytes_done: u64,
}

impl Progress {
    /// One that ends where this is set to one or more.
    pub fn stopped_by(stop: Arc<AtomicU8>) -> Self {
        Progress {
            stop,
            ..Progress::default()
        }
    }

    pub fn now(&self) -> Snapshot {
        let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Snapshot {
            results: now(&self.results),
            looked: now(&self.looked),
            objects: now(&self.objects),
            bytes: now(&self.bytes),
            objects_done: now(&self.objects_done),
            bytes_done: now(&self.bytes_done),
        }
    }

    /// Who cleans up there, where a transfer waits for the end of that.
    pub fn waits_for(&self) -> Option<String> {
        lock(&self.waits_for).clone()
    }

    pub(super) fn wait_for(&self, who: Option<String>) {
        *lock(&self.waits_for) = who;
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed) > 0
    }

    pub(super) fn asked(&self, results: usize) {
        self.results.fetch_add(results as u64, Ordering::Relaxed);
    }

    pub(super) fn looked(&self) {
        self.looked.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn to_move(&self, bytes: u64) {
        self.objects.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn moved(&self, bytes: u64) {
        self.bytes_done.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn done(&self) {
        self.objects_done.fetch_add(1, Ordering::Relaxed);
    }
}
