//! The life of a step: one enum, and one function through which every change passes.

use serde::Deserialize;
use serde::Serialize;

use crate::plan::StepId;

/// Where a step stands in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The content of some input is not known yet.
    Waiting,
    /// Another step with the same key is to run; its result will do for both.
    Twin,
    /// Must run; waits for its turn and for resources.
    Ready,
    /// An attempt is under way.
    Running,
    /// An attempt failed for a passing reason; the next one waits for its time.
    BackingOff,
    /// The result was known, or its twin made it. Final.
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
            Waiting | Twin | Ready | Running | BackingOff => false,
            UpToDate | Done | Failed | Skipped | Cancelled | Unselected | Pending => true,
        }
    }

    /// Which changes there are.
    fn may_become(self, next: State) -> bool {
        use State::*;
        match (self, next) {
            // A run may stop at any time.
            (from, Cancelled) => !from.is_final(),
            (Waiting, Twin | Ready | UpToDate | Failed | Skipped | Unselected | Pending) => true,
            (Twin, UpToDate | Failed) => true,
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

/// The states of all steps of a run.
pub(super) struct States {
    of: Vec<State>,
    totals: Totals,
}

impl States {
    pub(super) fn new(steps: usize) -> Self {
        States {
            of: vec![State::Waiting; steps],
            totals: Totals::default(),
        }
    }

    pub(super) fn get(&self, id: StepId) -> State {
        self.of[id.index()]
    }

    /// Every change of a state passes here.
    pub(super) fn set(&mut self, id: StepId, next: State) {
        let state = &mut self.of[id.index()];
        assert!(
            state.may_become(next),
            "BUG: step {id:?} cannot go from {state:?} to {next:?}"
        );
        *state = next;
        match next {
            State::UpToDate => self.totals.up_to_date += 1,
            State::Done => self.totals.done += 1,
            State::Failed => self.totals.failed += 1,
            State::Skipped => self.totals.skipped += 1,
            State::Cancelled => self.totals.cancelled += 1,
            State::Unselected => self.totals.unselected += 1,
            State::Pending => self.totals.pending += 1,
            State::Waiting | State::Twin | State::Ready | State::Running | State::BackingOff => {}
        }
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    pub(super) fn all(self) -> Vec<State> {
        self.of
    }

    /// The steps that are not in a final state.
    pub(super) fn open(&self) -> Vec<StepId> {
        let open = self.of.iter().enumerate();
        open.filter(|(_, state)| !state.is_final())
            .map(|(index, _)| StepId(index as u32))
            .collect()
    }
}
