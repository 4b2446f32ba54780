//! The time before the first step, in which large files are read for their digests.

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use crate::plan::From;
use crate::plan::Step;
use crate::store::size_of_input;

/// The time between two events that tell how far files are read.
const TOLD: Duration = Duration::from_secs(1);

/// Does something on another thread, and tells of it every now and then if it takes long.
pub(super) fn told_of<T: Send>(work: impl FnOnce() -> T + Send, mut tell: impl FnMut()) -> T {
    std::thread::scope(|scope| {
        let (sender, done) = std::sync::mpsc::channel();
        let worker = scope.spawn(move || {
            let result = work();
            // Heard, unless the other side has panicked.
            let _ = sender.send(());
            result
        });
        while let Err(RecvTimeoutError::Timeout) = done.recv_timeout(TOLD) {
            tell();
        }
        worker.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// The bytes of all files of the project that steps read.
pub(super) fn plain_bytes(steps: &[Arc<Step>]) -> u64 {
    let items = steps.iter().flat_map(|step| &step.inputs);
    let paths = items
        .flat_map(|input| &input.items)
        .filter_map(|item| match &item.from {
            From::File { path } => Some(path),
            From::Step { .. } => None,
        });
    let paths: BTreeSet<_> = paths.collect();
    paths.into_iter().map(|path| size_of_input(path)).sum()
}
