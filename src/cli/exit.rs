//! Exit codes: documented in `sweepline --help`, never changed.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for is done and up to date.
    Success = 0,
    /// A step failed, or a result is damaged.
    Failed = 1,
    /// The command line, a manifest or a pipeline is wrong.
    Usage = 2,
    /// The store cannot be used.
    Store = 3,
    /// `--require-claims`: a claim fails or is undecided.
    Claims = 4,
    /// Interrupted; finished steps are kept.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
