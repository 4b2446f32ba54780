//! When an attempt should leave its next checkpoint.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

/// Says when a checkpoint is due: so long after the start, and after the one before.
pub(super) struct CheckpointClock {
    started: Instant,
    every: Duration,
    /// Milliseconds after the start.
    next: AtomicU64,
}

impl CheckpointClock {
    /// From now on.
    pub(super) fn new(every: Duration) -> Self {
        CheckpointClock {
            started: Instant::now(),
            every,
            next: AtomicU64::new(every.as_millis() as u64),
        }
    }

    /// Milliseconds since the start.
    pub(super) fn now(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    pub(super) fn is_due(&self) -> bool {
        self.now() >= self.next.load(Ordering::Relaxed)
    }

    /// A checkpoint is about to be saved.
    pub(super) fn restart(&self) {
        let next = self.started.elapsed() + self.every;
        self.next.store(next.as_millis() as u64, Ordering::Relaxed);
    }
}
