//! Where attempts run: on a thread of this process; another implementation gives them a process
//! of their own, or a place in a cluster's queue.

use super::Job;
use super::JobError;
use super::Produced;
use super::Worker;

/// Runs one attempt to its end. Called on a thread of its own for every attempt.
pub trait Executor: Sync {
    /// Returns when the attempt has ended; within a moment once [`super::Link::cancelled`] holds.
    ///
    /// # Errors
    /// Those of the worker, and the executor's own.
    fn execute(&self, worker: &dyn Worker, job: &Job<'_>) -> Result<Produced, JobError>;
}

/// On the calling thread. Cancellation and timeouts only set a flag here: what the worker does
/// not look up, it does not obey.
pub struct InProcess;

impl Executor for InProcess {
    fn execute(&self, worker: &dyn Worker, job: &Job<'_>) -> Result<Produced, JobError> {
        worker.run(job)
    }
}
