//! The loop that drives a plan to its end.
//!
//! One thread owns all states. Steps whose inputs have ended are resolved in waves: known results
//! are taken, equal keys joined, the rest queued. Queued steps start while resources last; what
//! runners report is handled in batches, one transaction each. The loop ends when nothing runs,
//! waits or could start.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BinaryHeap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::Sender;
use std::thread::Scope;
use std::time::Duration;
use std::time::Instant;

use rayon::prelude::*;

use crate::plan::Step;
use crate::plan::StepId;
use crate::store::Attempt;
use crate::store::Digest;
use crate::store::Lookup;
use crate::store::Made;
use crate::store::Outcome;
use crate::store::RunId;

use super::Engine;
use super::Event;
use super::Failure;
use super::JobError;
use super::Resources;
use super::State;
use super::attempt::Ended;
use super::attempt::Task;
use super::graph::Graph;
use super::journal::Journal;
use super::link::AttemptLink;
use super::link::Log;
use super::link::Message;
use super::link::lock;
use super::pools::Pools;
use super::queue::Queue;
use super::resolve::Evidence;
use super::resolve::PlainFiles;
use super::resolve::Verdict;
use super::runners::Bay;
use super::state::States;
use super::view::News;

/// How long the loop sleeps at most before it looks at the interrupt flag.
const GLANCE: Duration = Duration::from_millis(50);

/// Waves smaller than this are not worth waking other threads.
const WAVE: usize = 64;

/// How many lines of a log a failure shows.
const LAST_LINES: usize = 20;

pub(super) struct Coordinator<'a, 'e> {
    pub engine: &'a Engine<'a>,
    pub steps: &'a [Step],
    pub names: &'a [String],
    pub run: RunId,
    pub graph: Graph,
    pub files: PlainFiles,
    pub force: Vec<bool>,
    pub states: States,
    /// How many needs of a step have not ended.
    pub waits: Vec<u32>,
    pub keys: Vec<Option<Digest>>,
    pub results: Vec<Option<Arc<Made>>>,
    pub journal: Journal<'e>,
    pub failures: Vec<Failure>,
    /// Told of every result that came to be known.
    pub view: Option<Sender<News>>,
    pub flow: Flow,
}

/// What is on its way.
pub(super) struct Flow {
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
    pub(super) fn new(pools: Pools) -> Self {
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
    pub(super) fn drive<'scope>(
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
            self.flow.stopping |= self.interrupted();
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

    // Resolving.

    /// Decides about steps whose needs have all ended, and about those that then become so.
    fn resolve(&mut self, mut wave: Vec<StepId>) {
        while !wave.is_empty() {
            let evidence = Evidence {
                steps: self.steps,
                keys: self.engine.keys,
                store: self.engine.store,
                results: &self.results,
                files: &self.files,
                force: &self.force,
            };
            let verdicts: Vec<Verdict> = if wave.len() < WAVE {
                wave.iter().map(|id| evidence.verdict(*id)).collect()
            } else {
                wave.par_iter().map(|id| evidence.verdict(*id)).collect()
            };
            let mut next = Vec::new();
            for (id, verdict) in wave.into_iter().zip(verdicts) {
                self.judge(id, verdict, &mut next);
            }
            wave = next;
        }
    }

    fn judge(&mut self, id: StepId, verdict: Verdict, next: &mut Vec<StepId>) {
        match verdict {
            Verdict::Skip { because } => {
                self.states.set(id, State::Skipped);
                self.journal.tell(Event::StepSkipped {
                    id: id.0,
                    step: self.name(id),
                    because: self.name(because),
                });
                self.release(id, next);
            }
            Verdict::Broken(error) => self.fail(id, error, "", 0.0, next),
            Verdict::Keyed { key, lookup } => {
                self.keys[id.index()] = Some(key);
                match lookup {
                    Lookup::Hit(made) => return self.known(id, made, None, next),
                    Lookup::Damaged { presence, path } => {
                        let what = match presence {
                            crate::store::Presence::Missing => "is missing",
                            _ => "is damaged",
                        };
                        let path = path.display();
                        let message =
                            format!("the result of this step runs again: `{path}` {what}");
                        let step = Some(self.name(id));
                        self.journal.tell(Event::Warning { step, message });
                    }
                    Lookup::Miss => {}
                }
                self.wait_or_queue(id, key, next);
            }
        }
    }

    fn wait_or_queue(&mut self, id: StepId, key: Digest, next: &mut Vec<StepId>) {
        if self.steps[id.index()].policy.cache {
            match self.flow.owners.get(&key) {
                Some(owner) if self.states.get(*owner).is_final() => {
                    // It was looked up just before its owner ended.
                    let owner = *owner;
                    if let Some(made) = self.results[owner.index()].clone() {
                        return self.known(id, made, Some(owner), next);
                    }
                    self.flow.owners.insert(key, id);
                }
                Some(owner) => {
                    self.states.set(id, State::Twin);
                    self.flow.twins.entry(*owner).or_default().push(id);
                    return;
                }
                None => {
                    self.flow.owners.insert(key, id);
                }
            }
        }
        self.enqueue(id, next);
    }

    fn enqueue(&mut self, id: StepId, next: &mut Vec<StepId>) {
        let policy = &self.steps[id.index()].policy;
        let all = &self.engine.options.resources;
        match all.share_for(policy) {
            Ok(share) => {
                self.states.set(id, State::Ready);
                let priority = self.priority(id);
                self.flow.queue.push(id, priority, share);
            }
            Err(wanted) => {
                let have = all.gpus;
                let message = format!("needs {wanted} gpus where there are {have}");
                let error = JobError::failed(message)
                    .hint("lower `resources: {gpus: …}` of the stage, or run with `--gpus`");
                self.fail(id, error, "", 0.0, next);
            }
        }
    }

    fn priority(&mut self, id: StepId) -> f64 {
        if self.flow.priorities.is_empty() {
            let experiment = &self.engine.options.experiment;
            // Without estimates every step counts one second: an order is all that is lost.
            let known = self.engine.store.durations(experiment).unwrap_or_default();
            let estimate = |(step, name): (&Step, &String)| {
                let by_step = known.by_step.get(name);
                let guess = by_step.or_else(|| known.by_kind.get(step.kind.name()));
                guess.copied().unwrap_or(1.0)
            };
            let durations: Vec<f64> = self.steps.iter().zip(self.names).map(estimate).collect();
            self.flow.priorities = self.graph.critical_path(&durations);
        }
        self.flow.priorities[id.index()]
    }

    // Ends of steps.

    fn known(&mut self, id: StepId, made: Arc<Made>, twin: Option<StepId>, next: &mut Vec<StepId>) {
        self.states.set(id, State::UpToDate);
        self.journal.tell(Event::StepCached {
            id: id.0,
            step: self.name(id),
            twin: twin.map(|twin| self.name(twin)),
        });
        self.keep(id, made, false);
        self.release(id, next);
    }

    fn keep(&mut self, id: StepId, made: Arc<Made>, fresh: bool) {
        if let Some(view) = &self.view {
            let made = Arc::clone(&made);
            // The view has ended early only where it could not go on, and said so.
            let _ = view.send(News { id, made, fresh });
        }
        self.results[id.index()] = Some(made);
    }

    fn fail(
        &mut self,
        id: StepId,
        error: JobError,
        log: &str,
        seconds: f64,
        next: &mut Vec<StepId>,
    ) {
        let (message, hints) = match error {
            JobError::Failed { message, hints } => (message, hints),
            JobError::Transient { message } => (message, Vec::new()),
            JobError::Cancelled => ("cancelled".to_owned(), Vec::new()),
        };
        self.states.set(id, State::Failed);
        let place = self.steps[id.index()].place.to_string();
        let lines: Vec<&str> = log.lines().collect();
        let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
        self.journal.tell(Event::StepFailed {
            id: id.0,
            step: self.name(id),
            attempt: self.flow.attempts.get(&id).copied().unwrap_or(0),
            place: place.clone(),
            message: message.clone(),
            hints: hints.clone(),
            log: last.iter().map(|line| (*line).to_owned()).collect(),
            seconds,
        });
        self.failures.push(Failure {
            id,
            step: self.name(id),
            place,
            message: message.clone(),
            hints: hints.clone(),
        });
        let limit = self.engine.options.max_failures;
        if limit.is_some_and(|limit| self.failures.len() >= limit) {
            self.flow.stopping = true;
        }
        for twin in self.flow.twins.remove(&id).unwrap_or_default() {
            let message = format!(
                "`{}`, which does the same, failed: {message}",
                self.name(id)
            );
            let hints = hints.clone();
            self.fail(twin, JobError::Failed { message, hints }, "", 0.0, next);
        }
        self.release(id, next);
    }

    fn cancel(&mut self, id: StepId) {
        self.states.set(id, State::Cancelled);
        self.journal.tell(Event::StepCancelled {
            id: id.0,
            step: self.name(id),
        });
    }

    /// A step has ended: whoever waited only for it is next.
    fn release(&mut self, id: StepId, next: &mut Vec<StepId>) {
        for after in self.graph.needed_by(id) {
            let waits = &mut self.waits[after.index()];
            *waits -= 1;
            if *waits == 0 && self.states.get(*after) == State::Waiting {
                next.push(*after);
            }
        }
    }

    // Starting.

    fn start<'scope>(&mut self, bay: &'scope Bay<'a>, scope: &'scope Scope<'scope, '_>)
    where
        'a: 'scope,
    {
        let now = Instant::now();
        let mut broken = Vec::new();
        while let Some(Reverse((at, id))) = self.flow.retries.peek().copied() {
            if at > now || self.flow.stopping {
                break;
            }
            self.flow.retries.pop();
            self.enqueue(id, &mut broken);
        }
        while !self.flow.stopping {
            let Some((id, share)) = self.flow.queue.pop(&self.flow.pools) else {
                break;
            };
            self.launch(id, share, bay, scope, &mut broken);
        }
        if !broken.is_empty() {
            self.resolve(broken);
        }
    }

    fn launch<'scope>(
        &mut self,
        id: StepId,
        share: Resources,
        bay: &'scope Bay<'a>,
        scope: &'scope Scope<'scope, '_>,
        next: &mut Vec<StepId>,
    ) where
        'a: 'scope,
    {
        let step = &self.steps[id.index()];
        let number = self.flow.attempts.entry(id).or_insert(0);
        *number += 1;
        let number = *number;
        let threads = share.cpus as usize;
        let cancel = Arc::new(AtomicBool::new(false));
        let key = self.keys[id.index()].expect("only keyed steps are queued");
        let link = AttemptLink::new(
            id,
            key,
            self.engine.store,
            self.flow.sender.clone(),
            Arc::clone(&cancel),
            Arc::clone(&self.engine.options.interrupt),
        );
        let log = link.shared_log();
        let task = Task {
            step,
            number,
            threads,
            inputs: Evidence::sources(self.steps, &self.results, &self.files, id),
            link,
        };
        self.states.set(id, State::Running);
        self.journal.tell(Event::StepStarted {
            id: id.0,
            step: self.name(id),
            attempt: number,
            threads,
        });
        if let Err(error) = bay.give(task, scope, &self.flow.sender) {
            let error = JobError::failed(format!("cannot start a thread: {error}"));
            self.fail(id, error, "", 0.0, next);
            return;
        }
        self.flow.pools.take(&share);
        if let Some(timeout) = step.policy.timeout
            && let Some(at) = Instant::now().checked_add(timeout)
        {
            self.flow.deadlines.push(Reverse((at, id, number)));
        }
        let running = Running {
            number,
            cancel,
            share,
            log,
        };
        self.flow.running.insert(id, running);
    }

    /// Hears what was said after the last step had ended.
    pub(super) fn hear_out(&mut self) {
        while let Ok(message) = self.flow.receiver.try_recv() {
            self.hear(message, &mut Vec::new());
        }
    }

    // Listening.

    /// Waits for something to happen, deals with all that has, and says which steps that freed.
    fn listen(&mut self) -> Vec<StepId> {
        self.journal.flush(false);
        let mut pause = GLANCE;
        let retry = self.flow.retries.peek().map(|Reverse((at, _))| *at);
        let deadline = self.flow.deadlines.peek().map(|Reverse((at, ..))| *at);
        for at in retry.into_iter().chain(deadline) {
            pause = pause.min(at.saturating_duration_since(Instant::now()));
        }
        let mut next = Vec::new();
        let mut ended = Vec::new();
        match self.flow.receiver.recv_timeout(pause) {
            Ok(message) => {
                self.hear(message, &mut ended);
                while let Ok(message) = self.flow.receiver.try_recv() {
                    self.hear(message, &mut ended);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => unreachable!("BUG: we hold a sender"),
        }
        self.settle(ended, &mut next);
        self.time_out(&mut next);
        for error in self.engine.store.sync_trouble() {
            let message = format!("results are not safe from a power cut yet: {error}");
            self.journal.tell(Event::Warning {
                step: None,
                message,
            });
        }
        next
    }

    fn hear(&mut self, message: Message, ended: &mut Vec<Ended>) {
        match message {
            Message::Ended(end) => ended.push(*end),
            Message::Warning { id, message } => {
                let step = id.map(|id| self.name(id));
                self.journal.tell(Event::Warning { step, message });
            }
            // A step that timed out may still talk.
            Message::Progress { id, .. } | Message::Log { id, .. }
                if self.states.get(id) != State::Running => {}
            Message::Log { id, line } => {
                let step = self.name(id);
                self.journal.tell(Event::StepLog {
                    id: id.0,
                    step,
                    line,
                });
            }
            Message::Progress {
                id,
                done,
                total,
                numbers,
            } => {
                let step = self.name(id);
                let numbers: BTreeMap<_, _> = numbers
                    .into_iter()
                    .map(|(name, value)| (name, value.into()))
                    .collect();
                self.journal.tell(Event::StepProgress {
                    id: id.0,
                    step,
                    done,
                    total,
                    numbers,
                });
            }
        }
    }

    /// Keeps what attempts left, in one transaction, then tells the world.
    fn settle(&mut self, ended: Vec<Ended>, next: &mut Vec<StepId>) {
        if ended.is_empty() {
            return;
        }
        let mut kept = Vec::with_capacity(ended.len());
        for end in ended {
            let running = self.flow.running.remove(&end.id);
            let running = running.expect("attempts end once");
            self.flow.pools.give_back(&running.share);
            // One that timed out was settled then.
            if self.states.get(end.id) == State::Running {
                let (end, made) = split(end);
                kept.push((self.attempt(&end, made.as_ref()), end, made));
            }
        }
        let attempts: Vec<Attempt> = kept.iter().map(|(attempt, ..)| attempt.clone()).collect();
        let committed = self.commit(&attempts);
        for (_, end, made) in kept {
            match (made, &committed) {
                (Ok(made), Ok(())) => self.done(&end, made, next),
                (Ok(_), Err(error)) => {
                    self.fail(end.id, error.again(), &end.log, end.seconds, next);
                }
                (Err(error), _) => self.ended_badly(&end, error, next),
            }
        }
    }

    fn commit(&self, attempts: &[Attempt]) -> Result<(), JobError> {
        if attempts.is_empty() {
            return Ok(());
        }
        let experiment = &self.engine.options.experiment;
        let committed = self.engine.store.commit(&self.run, experiment, attempts);
        committed.map_err(super::attempt::store_failed)
    }

    fn attempt(&self, end: &Ending, made: Result<&Arc<Made>, &JobError>) -> Attempt {
        let step = &self.steps[end.id.index()];
        let outcome = match made {
            Ok(made) => Outcome::Made(Arc::clone(made)),
            Err(JobError::Cancelled) => Outcome::Cancelled,
            Err(JobError::Failed { message, hints }) => Outcome::Failed {
                message: message.clone(),
                hints: hints.clone(),
            },
            Err(JobError::Transient { message }) => Outcome::Failed {
                message: message.clone(),
                hints: Vec::new(),
            },
        };
        let evidence = Evidence {
            steps: self.steps,
            keys: self.engine.keys,
            store: self.engine.store,
            results: &self.results,
            files: &self.files,
            force: &self.force,
        };
        Attempt {
            step: self.name(end.id),
            place: step.place.to_string(),
            kind: step.kind.name().to_owned(),
            key: self.keys[end.id.index()].expect("only keyed steps run"),
            parts: evidence.parts(end.id),
            number: end.number,
            seconds: end.seconds,
            log: end.log.clone(),
            outcome,
        }
    }

    fn done(&mut self, end: &Ending, made: Arc<Made>, next: &mut Vec<StepId>) {
        let id = end.id;
        if end.checkpointed
            && let Some(key) = self.keys[id.index()]
            && let Err(error) = self.engine.store.drop_checkpoint(key)
        {
            let step = Some(self.name(id));
            let message = error.to_string();
            self.journal.tell(Event::Warning { step, message });
        }
        self.states.set(id, State::Done);
        self.journal.tell(Event::StepFinished {
            id: id.0,
            step: self.name(id),
            seconds: end.seconds,
            bytes: made.objects().map(|object| object.size).sum(),
            diverged: made.diverged.clone(),
        });
        for twin in self.flow.twins.remove(&id).unwrap_or_default() {
            self.known(twin, Arc::clone(&made), Some(id), next);
        }
        self.keep(id, made, true);
        self.release(id, next);
    }

    fn ended_badly(&mut self, end: &Ending, error: JobError, next: &mut Vec<StepId>) {
        let id = end.id;
        match error {
            JobError::Cancelled if self.interrupted() => self.cancel_with_twins(id),
            JobError::Transient { message }
                if end.number <= self.steps[id.index()].policy.retries && !self.flow.stopping =>
            {
                let doubled = 2_u32.saturating_pow(end.number - 1);
                let wait = self.engine.options.backoff.saturating_mul(doubled);
                let wait = wait.min(Duration::from_secs(60));
                self.states.set(id, State::BackingOff);
                self.journal.tell(Event::StepRetrying {
                    id: id.0,
                    step: self.name(id),
                    attempt: end.number,
                    message,
                    wait_seconds: wait.as_secs_f64(),
                });
                self.flow.retries.push(Reverse((Instant::now() + wait, id)));
            }
            error => self.fail(id, error, &end.log, end.seconds, next),
        }
    }

    fn cancel_with_twins(&mut self, id: StepId) {
        self.cancel(id);
        for twin in self.flow.twins.remove(&id).unwrap_or_default() {
            self.cancel(twin);
        }
    }

    /// Attempts that ran out of time fail at once; their resources come back when they obey.
    fn time_out(&mut self, next: &mut Vec<StepId>) {
        let now = Instant::now();
        while let Some(Reverse((at, id, number))) = self.flow.deadlines.peek().copied() {
            let current = self
                .flow
                .running
                .get(&id)
                .filter(|running| running.number == number);
            let Some(running) = current else {
                self.flow.deadlines.pop();
                continue;
            };
            if at > now {
                break;
            }
            self.flow.deadlines.pop();
            running.cancel.store(true, Ordering::Relaxed);
            let timeout = self.steps[id.index()].policy.timeout.unwrap_or_default();
            let seconds = timeout.as_secs_f64();
            let error = JobError::failed(format!("took longer than its timeout of {seconds} s"))
                .hint("raise `timeout` of the stage, or give it less to do");
            let end = Ending {
                id,
                number,
                seconds,
                log: lock(&running.log).text(),
                checkpointed: false,
            };
            // The failure itself is told even where it cannot be kept.
            let _ = self.commit(&[self.attempt(&end, Err(&error))]);
            self.fail(id, error, &end.log, seconds, next);
        }
    }

    /// Which of the wanted steps ended with what, for the summary.
    pub(super) fn diverged(&self) -> usize {
        let results = self.results.iter().flatten();
        results.filter(|made| made.diverged.is_some()).count()
    }

    /// The steps that are not wanted take no part.
    pub(super) fn leave_out(&mut self, wanted: &[StepId]) {
        let wanted = self.graph.with_ancestors(wanted, self.steps.len());
        let out: HashSet<usize> = (0..wanted.len()).filter(|index| !wanted[*index]).collect();
        for index in out {
            self.states.set(StepId(index as u32), State::Unselected);
        }
    }
}

/// An end without its result.
struct Ending {
    id: StepId,
    number: u32,
    seconds: f64,
    log: String,
    checkpointed: bool,
}

fn split(end: Ended) -> (Ending, Result<Arc<Made>, JobError>) {
    let ending = Ending {
        id: end.id,
        number: end.number,
        seconds: end.seconds,
        log: end.log,
        checkpointed: end.checkpointed,
    };
    (ending, end.result.map(Arc::new))
}

impl JobError {
    /// The same once more: one disk error may fail several steps.
    fn again(&self) -> JobError {
        match self {
            JobError::Failed { message, hints } => JobError::Failed {
                message: message.clone(),
                hints: hints.clone(),
            },
            JobError::Transient { message } => JobError::failed(message.clone()),
            JobError::Cancelled => JobError::Cancelled,
        }
    }
}
