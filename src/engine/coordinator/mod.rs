//! The loop that drives a plan to its end.
//!
//! One thread owns all states. Steps whose inputs have ended are resolved in waves: known results
//! are taken, equal keys joined, the rest queued. Queued steps start while resources last; what
//! runners report is handled in batches, one transaction each. The loop ends when nothing runs,
//! waits or could start.

mod ends;
mod judging;
mod listening;
mod starting;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::Sender;
use std::thread::Scope;
use std::time::Instant;

use crate::engine::Engine;
use crate::engine::Event;
use crate::engine::Failure;
use crate::engine::Resources;
use crate::engine::State;
use crate::engine::graph::Graph;
use crate::engine::journal::Journal;
use crate::engine::link::Log;
use crate::engine::link::Message;
use crate::engine::pools::Pools;
use crate::engine::queue::Queue;
use crate::engine::resolve::PlainFiles;
use crate::engine::runners::Bay;
use crate::engine::state::States;
use crate::engine::view::News;
use crate::plan::Step;
use crate::plan::StepId;
use crate::store::Digest;
use crate::store::Made;
use crate::store::RunId;

pub(in crate::engine) struct Coordinator<'a, 'e> {
    pub engine: &'a Engine<'a>,
    pub steps: &'a [Step],
    pub names: &'a [String],
    pub run: RunId,
    pub graph: Graph,
    pub files: PlainFiles,
    pub force: Vec<bool>,
    /// Which steps may run; of the others, known results are used.
    pub selected: Vec<bool>,
    pub states: States,
    /// How many needs of a step have not ended.
    pub waits: Vec<u32>,
    pub keys: Vec<Option<Digest>>,
    pub results: Vec<Option<Arc<Made>>>,
    pub journal: Journal<'e>,
    pub failures: Vec<Failure>,
    /// Told of every result that came to be known.
    pub view: Option<Sender<Vec<News>>>,
    /// What it was not told yet.
    pub news: Vec<News>,
    pub flow: Flow,
}

/// What is on its way.
pub(in crate::engine) struct Flow {
    pub sender: Sender<Message>,
    pub receiver: Receiver<Message>,
    pub queue: Queue,
    pub pools: Pools,
    /// Longest remaining path by step; empty until the first step is queued.
    priorities: Vec<f64>,
    running: HashMap<StepId, Running>,
    /// The step that runs, or is to run, for a key.
    owners: HashMap<Digest, StepId>,
    twins: HashMap<StepId, Vec<StepId>>,
    /// How many attempts a step has had.
    attempts: HashMap<StepId, u32>,
    retries: BinaryHeap<Reverse<(Instant, StepId)>>,
    deadlines: BinaryHeap<Reverse<(Instant, StepId, u32)>>,
    /// Nothing more starts.
    stopping: bool,
}

struct Running {
    number: u32,
    cancel: Arc<AtomicBool>,
    share: Resources,
    log: Arc<Mutex<Log>>,
}

impl Flow {
    pub(in crate::engine) fn new(pools: Pools) -> Self {
        let (sender, receiver) = std::sync::mpsc::channel();
        Flow {
            sender,
            receiver,
            queue: Queue::default(),
            pools,
            priorities: Vec::new(),
            running: HashMap::new(),
            owners: HashMap::new(),
            twins: HashMap::new(),
            attempts: HashMap::new(),
            retries: BinaryHeap::new(),
            deadlines: BinaryHeap::new(),
            stopping: false,
        }
    }
}

impl<'a> Coordinator<'a, '_> {
    /// Runs until nothing is left to do; afterwards every state is final.
    pub(in crate::engine) fn drive<'scope>(
        &mut self,
        bay: &'scope Bay<'a>,
        scope: &'scope Scope<'scope, '_>,
    ) -> bool
    where
        'a: 'scope,
    {
        let first = (0..self.steps.len()).map(|index| StepId(index as u32));
        let first = first
            .filter(|id| self.waits[id.index()] == 0 && self.states.get(*id) == State::Waiting);
        let mut wave: Vec<StepId> = first.collect();
        loop {
            self.resolve(wave);
            if !self.flow.stopping && self.interrupted() {
                self.flow.stopping = true;
                let running = self.flow.running.len();
                if running > 0 {
                    self.journal.tell(Event::Stopping { running });
                }
            }
            self.start(bay, scope);
            let stopping = self.flow.stopping;
            let more = !self.flow.retries.is_empty() || !self.flow.queue.is_empty();
            if self.flow.running.is_empty() && (stopping || !more) {
                break;
            }
            wave = self.listen();
        }
        for id in self.states.open() {
            assert!(
                self.flow.stopping,
                "BUG: {} never ended",
                self.names[id.index()]
            );
            self.cancel(id);
        }
        self.flow.stopping
    }

    fn interrupted(&self) -> bool {
        self.engine.options.interrupt.load(Ordering::Relaxed) > 0
    }

    fn name(&self, id: StepId) -> String {
        self.names[id.index()].clone()
    }

    /// Which of the wanted steps ended with what, for the summary.
    pub(in crate::engine) fn diverged(&self) -> usize {
        let results = self.results.iter().flatten();
        results.filter(|made| made.diverged.is_some()).count()
    }
}
