//! Where attempts run that this process does not run itself: other processes, another machine, a
//! cluster's queue.

use std::io;
use std::path::Path;

use crate::plan::Policy;

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

    /// The attempts that have ended since the last call, by handle, with how they ended in words. What it cannot find
    /// out now it says nothing about.
    fn poll(&mut self) -> Vec<(String, String)>;

    /// Asks an attempt to end: `poll` says when it has.
    fn cancel(&mut self, handle: &str);

    /// Takes up an attempt that an earlier coordinator handed over, if it is still known.
    /// `handle` is none where that coordinator died before it was told one.
    fn adopt(&mut self, handle: Option<&str>, folder: &Path) -> Option<String>;
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
    pub threads: usize,
    pub policy: &'s Policy,
}
