//! All that a run knows of its steps: one vector, to which steps can be added while the run goes on.

use std::ops::Index;
use std::ops::IndexMut;
use std::sync::Arc;
use std::time::Instant;

use crate::plan::Step;
use crate::plan::StepId;
use crate::store::Digest;
use crate::store::StepResult;

use super::state::State;
use super::state::Totals;

/// One step of a run.
pub(super) struct Node {
    pub step: Arc<Step>,
    /// `fit[latent=8,seed=0]`
    pub name: Arc<str>,
    /// Whether it may run; of the others, known results are used.
    pub selected: bool,
    /// Whether it is one that may run, or such a one needs its result: of others nobody is asked.
    pub reached: bool,
    /// Whether it was not to run and is not known to fail: what came of it would be news.
    pub left_out: bool,
    /// Whether it runs even where its result is known.
    pub force: bool,
    /// How many of its needs have not ended.
    pub waits: u32,
    /// How many attempts it has had.
    pub attempts: u32,
    /// How many of them were interrupted through no fault of the step's.
    pub interrupted: u32,
    /// How many of these in a row left no newer checkpoint.
    pub in_vain: u32,
    /// Whether it failed of what it does.
    pub failed_itself: bool,
    /// Whether others were asked for its result, and had it.
    pub asked: bool,
    pub fetched: bool,
    /// Which executor outside this process it goes to; none for the threads here.
    pub executor: Option<usize>,
    pub key: Option<Digest>,
    pub result: Option<Arc<StepResult>>,
    /// When it was made in this process.
    pub made_at: Option<Instant>,
    state: State,
}

impl Node {
    pub(super) fn new(step: Arc<Step>, selected: bool) -> Self {
        Node {
            name: Arc::from(step.to_string()),
            step,
            selected,
            reached: selected,
            left_out: false,
            force: false,
            waits: 0,
            attempts: 0,
            interrupted: 0,
            in_vain: 0,
            failed_itself: false,
            asked: false,
            fetched: false,
            executor: None,
            key: None,
            result: None,
            made_at: None,
            state: State::Waiting,
        }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }
}

/// The steps of a run, in plan order.
pub(super) struct Nodes {
    all: Vec<Node>,
    totals: Totals,
}

impl Nodes {
    /// Panics where a step does not stand at the place that its id says.
    pub(super) fn push(&mut self, node: Node) {
        let place = self.all.len();
        assert!(
            node.step.id.index() == place,
            "BUG: the plan is not in order"
        );
        self.all.push(node);
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Node> {
        self.all.iter()
    }

    /// Every change of a state passes here.
    pub(super) fn set(&mut self, id: StepId, next: State) {
        let state = &mut self.all[id.index()].state;
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
            State::Waiting
            | State::Fetching
            | State::Coalesced
            | State::Ready
            | State::Running
            | State::BackingOff => {}
        }
    }

    /// Takes back the result of a step, which is to be given another end.
    pub(super) fn take_back(&mut self, id: StepId) {
        let node = &mut self.all[id.index()];
        node.result = None;
        node.made_at = None;
        match node.state {
            State::Done => self.totals.done -= 1,
            State::UpToDate => self.totals.up_to_date -= 1,
            State::Unselected => self.totals.unselected -= 1,
            _ => {}
        }
        node.state = State::Running;
    }

    /// How many steps ended in which way.
    pub(super) fn totals(&self) -> Totals {
        let results = self.all.iter().filter_map(|node| node.result.as_ref());
        let fetched = |node: &&Node| node.fetched && node.state == State::UpToDate;
        Totals {
            fetched: self.all.iter().filter(fetched).count(),
            diverged: results.filter(|result| result.diverged.is_some()).count(),
            ..self.totals
        }
    }

    /// The steps that are not in a final state.
    pub(super) fn open(&self) -> Vec<StepId> {
        let open = self.all.iter().filter(|node| !node.state.is_final());
        open.map(|node| node.step.id).collect()
    }

    pub(super) fn into_nodes(self) -> Vec<Node> {
        self.all
    }
}

impl From<Vec<Node>> for Nodes {
    fn from(all: Vec<Node>) -> Self {
        let totals = Totals::default();
        Nodes { all, totals }
    }
}

impl Index<StepId> for Nodes {
    type Output = Node;
    fn index(&self, id: StepId) -> &Node {
        &self.all[id.index()]
    }
}

impl IndexMut<StepId> for Nodes {
    fn index_mut(&mut self, id: StepId) -> &mut Node {
        &mut self.all[id.index()]
    }
}
