//! The life of a step: one enum, and one function through which every change passes.

use serde::Deserialize;
use serde::Serialize;

/// Where a step stands in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The content of some input is not known yet.
    Waiting,
    /// Others are asked for its result.
    Fetching,
    /// Another step with the same key is to run; its result will do for both.
    Coalesced,
    /// Must run; waits for its turn and for resources.
    Ready,
    /// An attempt is under way.
    Running,
    /// An attempt failed for a passing reason; the next one waits for its time.
    BackingOff,
    /// The result was known, or the step that it was coalesced with made it. Final.
    UpToDate,
    /// An attempt ended well. Final.
    Done,
    /// It cannot be made. Final.
    Failed,
    /// Something it needs failed. Final.
    Skipped,
    /// The run stopped before it ended. Final.
    Cancelled,
    /// The user asked for other steps only; it is used where its result is known. Final.
    Unselected,
    /// It needs a step that is not selected and not known. Final.
    Pending,
}

impl State {
    /// Whether a step in this state never leaves it.
    pub fn is_final(self) -> bool {
        use State::*;
        match self {
            Waiting | Fetching | Coalesced | Ready | Running | BackingOff => false,
            UpToDate | Done | Failed | Skipped | Cancelled | Unselected | Pending => true,
        }
    }

    /// Which changes there are.
    pub(super) fn may_become(self, next: State) -> bool {
        use State::*;
        match (self, next) {
            // A run may stop at any time.
            (from, Cancelled) => !from.is_final(),
            (Waiting, Fetching) => true,
            (
                Waiting | Fetching,
                Coalesced | Ready | UpToDate | Failed | Skipped | Unselected | Pending,
            ) => true,
            (Coalesced, UpToDate | Failed) => true,
            (Ready, Running | Failed) => true,
            (Running, Done | Failed | BackingOff) => true,
            (BackingOff, Ready) => true,
            _ => false,
        }
    }
}

/// How many steps ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub up_to_date: usize,
    /// Of those that are up to date: results that this run fetched from others.
    #[serde(default)]
    pub fetched: usize,
    pub done: usize,
    pub failed: usize,
    pub skipped: usize,
    pub cancelled: usize,
    pub unselected: usize,
    /// Steps that need unselected ones.
    #[serde(default)]
    pub pending: usize,
    /// Of the results that are up to date or done: trainings that left the finite numbers.
    pub diverged: usize,
}
