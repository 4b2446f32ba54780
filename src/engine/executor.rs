//! Where attempts run that this process does not run itself: other processes, another machine, a
//! cluster's queue.

use std::io;
use std::path::Path;

use crate::plan::Ended;
use crate::plan::Policy;

use super::JobError;

/// Takes attempts and says what became of them. No call waits for an attempt.
///
/// An attempt is a folder with a [specification](super::isolated::AttemptSpec) for `sweepline worker`. What
/// the worker writes to standard output and error goes to [`OUT`] and [`ERR`] in that folder; its
/// [outcome](super::isolated::Outcome) stands there when it is done. An attempt may outlive the
/// coordinator: the next one adopts it.
pub trait Executor {
    /// A name that no other executor of the run has; it stands in the table of attempts in flight.
    fn name(&self) -> &str;

    /// How many attempts it takes at once.
    fn capacity(&self) -> usize;

    /// What `device: auto` means there: `cpu` or `cuda`.
    fn device(&self) -> &str;

    /// Hands over an attempt, and says how the executor calls it.
    ///
    /// # Errors
    /// Where it is not taken now; a later attempt may be.
    fn submit(&mut self, attempt: &Submission<'_>) -> io::Result<String>;

    /// What has changed since the last call, by handle. What it cannot find out now it says nothing about.
    fn poll(&mut self) -> Vec<(String, Update)>;

    /// What the user should know of the executor as a whole, since the last call.
    fn warnings(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// Asks an attempt to end: `poll` says when it has.
    fn cancel(&mut self, handle: &str);

    /// Takes up an attempt that an earlier coordinator handed over, if it is still known.
    /// `handle` is none where that coordinator died before it was told one.
    fn adopt(&mut self, handle: Option<&str>, folder: &Path) -> Option<String>;

    /// Ends what works off an attempt of an earlier coordinator that will be forgotten, whichever executor of this
    /// kind it was handed to; whether that was its to end.
    fn abandon(&mut self, _folder: &Path) -> bool {
        false
    }

    /// No step wants an attempt of an earlier coordinator: what works it off stays, and is told of
    /// [where it can be](Executor::warnings). Whether that is its to tell.
    fn leave(&mut self, _folder: &Path) -> bool {
        false
    }
}

/// News of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// It waits there: as which job, in which state, and why, in words.
    Queued {
        job: String,
        state: String,
        why: Option<String>,
    },
    /// It runs, as which job and where: `job 123_4 on n17`. Its time begins now.
    Running { job: String },
    /// It has ended.
    Ended(End),
}

/// How an attempt ended, as far as its executor knows; where there is an outcome, that counts.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    pub cause: EndCause,
    /// In words, with the job's name and where its output lies.
    pub how: String,
    /// What to do about it.
    pub hints: Vec<String>,
    /// The seconds that it took, where the executor knows them better than by its news.
    pub seconds: Option<f64>,
}

impl End {
    pub fn new(cause: EndCause, how: impl Into<String>) -> Self {
        End {
            cause,
            how: how.into(),
            hints: Vec::new(),
            seconds: None,
        }
    }
}

impl EndCause {
    /// Whether something ended the attempt that it did not ask for.
    pub(super) fn stops(self) -> bool {
        !matches!(self, EndCause::Finished)
    }
}

impl JobError {
    /// Of an attempt that ended so without an outcome. `saved`: whether it left a checkpoint.
    pub(super) fn of_end(end: End, saved: bool) -> Self {
        let (message, further) = (end.how, saved);
        let error = match end.cause {
            EndCause::TimeLimit if saved => {
                return JobError::Interrupted { message, further };
            }
            EndCause::Interrupted => return JobError::Interrupted { message, further },
            // The attempt before it got on.
            EndCause::NotBegun => {
                let further = true;
                return JobError::Interrupted { message, further };
            }
            EndCause::Finished => {
                JobError::failed(format!("it ended without an outcome: {message}"))
            }
            EndCause::TimeLimit => JobError::failed(message).by(Some(Ended::TimeLimit)),
            EndCause::OutOfMemory => JobError::failed(message).by(Some(Ended::OutOfMemory)),
            EndCause::Cancelled => JobError::failed(message).by(Some(Ended::Cancelled)),
            EndCause::Refused => JobError::failed(message).by(Some(Ended::Refused)),
        };
        end.hints.into_iter().fold(error, JobError::hint)
    }
}

/// Why an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndCause {
    /// By itself.
    Finished,
    /// The job's time was over: a training goes on from its checkpoint.
    TimeLimit,
    OutOfMemory,
    /// No fault of the step's: a node died, another job took its place.
    Interrupted,
    /// Somebody else cancelled it.
    Cancelled,
    /// Its turn did not come before its job's time was over.
    NotBegun,
    /// It can never run there as it was asked for.
    Refused,
}

/// The file of an attempt's folder for its worker's standard output.
pub const OUT: &str = "out";

/// The file of an attempt's folder for its worker's standard error.
pub const ERR: &str = "err";

/// An attempt that is handed over.
pub struct Submission<'s> {
    /// The attempt's own folder.
    pub folder: &'s Path,
    /// What `sweepline worker` is to be called with.
    pub spec: &'s Path,
    /// The step's name, for people.
    pub step: &'s str,
    pub stage: &'s str,
    /// Counts from 1; one that was interrupted through no fault of the step's is not counted.
    pub attempt: u32,
    pub threads: usize,
    pub policy: &'s Policy,
}
