//! How a thread of this process works off an attempt: by itself, or in a child process.

use super::Job;
use super::JobError;
use super::StepOutput;
use super::Worker;

/// Works off one attempt. Called on a thread of its own for every attempt.
pub trait AttemptRunner: Sync {
    /// Returns when the attempt has ended; within a moment once [`super::Link::cancelled`] holds.
    ///
    /// # Errors
    /// Those of the worker, and the runner's own.
    fn run_attempt(&self, worker: &dyn Worker, job: &Job<'_>) -> Result<StepOutput, JobError>;
}

/// On the calling thread. Cancellation and timeouts only set a flag here: what the worker does
/// not look up, it does not obey.
pub struct InProcess;

impl AttemptRunner for InProcess {
    fn run_attempt(&self, worker: &dyn Worker, job: &Job<'_>) -> Result<StepOutput, JobError> {
        worker.run(job)
    }
}
