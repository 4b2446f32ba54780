//! Plans that grow: a search proposes cells when it has seen the results of others.

use std::sync::Arc;

use crate::plan::Step;
use crate::plan::StepId;
use crate::store::Digest;
use crate::store::StepResult;

use super::State;

/// Adds to a plan while it runs. What it has added it may not change: a reduction over cells that are
/// yet to come is added once the last of them is.
pub trait Growth {
    /// The steps to add after these have ended: numbered on from the last one, needs before what needs
    /// them. Each step is told of once. What is added may only depend on what was told, in an order
    /// of its own: steps end in any order, and a run that was interrupted tells of known results again.
    fn grow(&mut self, ended: &[EndedStep<'_>]) -> Vec<Arc<Step>>;

    /// Whether it is still finding out what there is to add: the run does not end before, and asks again and
    /// again, also where nothing has ended.
    fn is_finding_out(&self) -> bool {
        false
    }
}

/// A step in a final state.
#[derive(Clone, Copy, Debug)]
pub struct EndedStep<'r> {
    pub id: StepId,
    pub state: State,
    /// Of one that failed: whether what it does fails ([`JobError::is_its_own`](super::JobError::is_its_own)).
    pub failed_itself: bool,
    /// None where an input is not known.
    pub key: Option<Digest>,
    /// There for steps that are done or up to date.
    pub result: Option<&'r StepResult>,
}
