//! The loop that drives a plan to its end.
//!
//! One thread owns all states. Steps whose inputs have ended are resolved in waves: known results
//! are taken, equal keys joined, the rest queued. Queued steps start while resources last; what
//! runners report is handled in batches, one transaction each. The loop ends when nothing runs,
//! waits or could start.

mod asked_again;
mod executors;
mod fetching;
mod final_states;
mod growing;
mod resolving;
mod starting;
mod updates;

use std::cmp::Reverse;
use std::collections::BTreeMap;
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
use crate::engine::Growth;
use crate::engine::Resources;
use crate::engine::graph::Graph;
use crate::engine::journal::Journal;
use crate::engine::link::Log;
use crate::engine::link::Message;
use crate::engine::nodes::Nodes;
use crate::engine::pools::Pools;
use crate::engine::queue::Begun;
use crate::engine::queue::Queue;
use crate::engine::run_so_far::PlainFiles;
use crate::engine::run_so_far::RunSoFar;
use crate::engine::runners::RunnerPool;
use crate::engine::view::NewResult;
use crate::engine::view::ViewMessage;
use crate::plan::StepId;
use crate::store::Digest;
use crate::store::RunId;

pub(in crate::engine) use executors::Executors;

pub(in crate::engine) struct Coordinator<'a, 'e> {
    pub engine: &'a Engine<'a>,
    pub run: RunId,
    pub nodes: Nodes,
    pub graph: Graph,
    pub files: PlainFiles,
    /// Adds to the plan while the run goes on.
    pub growth: Option<&'e mut dyn Growth>,
    /// The steps that ended since it was last asked.
    pub ended: Vec<StepId>,
    pub executors: Executors<'a>,
    pub journal: Journal<'e>,
    pub failures: Vec<Failure>,
    /// Told of every result that came to be known.
    pub view: Option<Sender<ViewMessage>>,
    /// What it was not told yet.
    pub news: Vec<NewResult>,
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
    begun: Begun,
    running: HashMap<StepId, Running>,
    /// The step that runs, or is to run, for a key.
    owners: HashMap<Digest, StepId>,
    /// Steps with the key of one that is to run, by that one.
    coalesced: HashMap<StepId, Vec<StepId>>,
    retries: BinaryHeap<Reverse<(Instant, StepId)>>,
    deadlines: BinaryHeap<Reverse<(Instant, StepId, u32)>>,
    /// Steps whose results others are to be asked for, how many they are being asked for, and those of
    /// which they have answered.
    wanted: Vec<StepId>,
    fetching: usize,
    answered: Vec<StepId>,
    /// Under which keys steps failed when they were last tried; none until that is asked.
    failed_before: Option<BTreeMap<String, Digest>>,
    /// Nothing more starts.
    stopping: bool,
}

struct Running {
    number: u32,
    cancel: Arc<AtomicBool>,
    /// It took too long, and is tried again when it has ended.
    timed_out: bool,
    /// What it takes of this machine; nothing where it runs elsewhere.
    share: Option<Resources>,
    /// The names of the GPUs in it.
    gpus: Vec<String>,
    log: Arc<Mutex<Log>>,
    /// The key and the folder of an attempt that runs elsewhere.
    elsewhere: Option<(Digest, String)>,
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
            begun: Begun::default(),
            running: HashMap::new(),
            owners: HashMap::new(),
            coalesced: HashMap::new(),
            retries: BinaryHeap::new(),
            deadlines: BinaryHeap::new(),
            wanted: Vec::new(),
            fetching: 0,
            answered: Vec::new(),
            failed_before: None,
            stopping: false,
        }
    }
}

impl<'a> Coordinator<'a, '_> {
    /// Runs until nothing is left to do; afterwards every state is final.
    pub(in crate::engine) fn drive<'scope>(
        &mut self,
        pool: &'scope RunnerPool<'a>,
        scope: &'scope Scope<'scope, '_>,
    ) -> bool
    where
        'a: 'scope,
    {
        let free = self.nodes.iter().filter(|node| node.waits == 0);
        let mut wave: Vec<StepId> = free.map(|node| node.step.id).collect();
        if self.interrupted() {
            // While files were read, of which some have no digest now.
            self.flow.stopping = true;
            self.journal.emit(Event::Stopping { running: 0 });
            wave.clear();
        }
        loop {
            self.resolve(wave);
            wave = self.grow();
            if !wave.is_empty() {
                continue;
            }
            if !self.flow.stopping && self.interrupted() {
                self.flow.stopping = true;
                let running = self.flow.running.len();
                if running > 0 {
                    self.journal.emit(Event::Stopping { running });
                }
                if self.engine.options.detach {
                    self.leave_elsewhere();
                }
            }
            self.start(pool, scope);
            self.fetch(scope);
            let stopping = self.flow.stopping;
            let more = self.flow.fetching > 0
                || !self.flow.retries.is_empty()
                || !self.flow.queue.is_empty()
                || self.executors.has_queued()
                || self
                    .growth
                    .as_ref()
                    .is_some_and(|growth| growth.is_finding_out());
            if self.flow.running.is_empty() && (stopping || !more) {
                break;
            }
            wave = self.listen();
            self.poll(pool, scope, &mut wave);
        }
        for id in self.nodes.open() {
            assert!(
                self.flow.stopping,
                "BUG: {} never ended",
                self.nodes[id].name
            );
            self.cancel(id);
        }
        self.flow.stopping
    }

    fn interrupted(&self) -> bool {
        self.engine.options.interrupt.load(Ordering::Relaxed) > 0
    }

    fn name(&self, id: StepId) -> String {
        self.nodes[id].name.to_string()
    }

    fn so_far(&self) -> RunSoFar<'_> {
        RunSoFar {
            nodes: &self.nodes,
            store: self.engine.store,
            files: &self.files,
            devices: &self.executors.devices,
        }
    }
}
