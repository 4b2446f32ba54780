//! Handling what attempts report, in batches, one transaction each.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use std::time::Instant;

use crate::engine::Event;
use crate::engine::JobError;
use crate::engine::State;
use crate::engine::link::EndedAttempt;
use crate::engine::link::Message;
use crate::engine::link::lock;
use crate::plan::Ended;
use crate::plan::Resolver;
use crate::plan::Step;
use crate::plan::StepId;
use crate::store::Attempt;
use crate::store::Digest;
use crate::store::Environment;
use crate::store::Outcome;
use crate::store::PartOf;
use crate::store::StepResult;

use super::Coordinator;

/// How long the loop sleeps at most before it looks at the interrupt flag.
const GLANCE: Duration = Duration::from_millis(50);

/// So often in a row an attempt may be interrupted without getting any further.
const INTERRUPTIONS: u32 = 5;

impl Coordinator<'_, '_> {
    /// Waits for something to happen, deals with all that has, and says which steps that freed.
    pub(super) fn listen(&mut self) -> Vec<StepId> {
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
                self.handle(message, &mut ended);
                while let Ok(message) = self.flow.receiver.try_recv() {
                    self.handle(message, &mut ended);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => unreachable!("BUG: we hold a sender"),
        }
        let gone = self.is_without_a_store(&mut ended);
        self.commit(ended, &mut next);
        next.append(&mut self.flow.answered);
        self.time_out(&mut next);
        let trouble = self.engine.store.sync_trouble().into_iter();
        for error in trouble.filter(|_| !gone) {
            let message = format!("results are not safe from a power cut yet: {error}");
            self.journal.emit(Event::Warning {
                step: None,
                message,
            });
        }
        next
    }

    /// Where the store is gone nothing can be kept: what runs is ended, nothing more starts, what ended is lost.
    fn is_without_a_store(&mut self, ended: &mut [EndedAttempt]) -> bool {
        if self.engine.store.still_there().is_ok() {
            return false;
        }
        self.flow.stopping = true;
        for running in self.flow.running.values() {
            running.cancel.store(true, Ordering::Relaxed);
        }
        for end in ended {
            end.result = Err(JobError::Cancelled);
        }
        true
    }

    pub(super) fn handle(&mut self, message: Message, ended: &mut Vec<EndedAttempt>) {
        match message {
            Message::EndedAttempt(end) => ended.push(*end),
            Message::Fetched { ids, there } => self.fetched(ids, &there),
            Message::Warning { id, message } => {
                let step = id.map(|id| self.name(id));
                self.journal.emit(Event::Warning { step, message });
            }
            // A step that timed out may still talk.
            Message::Progress { id, .. } | Message::Log { id, .. }
                if self.nodes[id].state() != State::Running => {}
            Message::Log { id, line } => {
                let step = self.name(id);
                self.journal.emit(Event::StepLog {
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
                self.journal.emit(Event::StepProgress {
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
    pub(super) fn commit(&mut self, ended: Vec<EndedAttempt>, next: &mut Vec<StepId>) {
        if ended.is_empty() {
            return;
        }
        let mut kept = Vec::with_capacity(ended.len());
        for mut end in ended {
            let running = self.flow.running.remove(&end.id);
            let running = running.expect("attempts end once");
            if let Some(share) = &running.share {
                self.flow.pools.give_back(share, &running.gpus);
            }
            if running.timed_out && end.result.is_err() && !self.interrupted() {
                end.result = Err(self.too_long(end.id));
            }
            self.executors.ended.extend(running.elsewhere);
            // One that timed out was committed then.
            if self.nodes[end.id].state() == State::Running {
                let (end, result) = split(end);
                kept.push((self.attempt(&end, result.as_ref()), end, result));
            }
        }
        let attempts: Vec<Attempt> = kept.iter().map(|(attempt, ..)| attempt.clone()).collect();
        tracing::debug!(attempts = attempts.len(), "recording");
        let committed = self.record(&attempts);
        self.clear_folders();
        for (_, end, result) in kept {
            match (result, &committed) {
                (Ok(result), Ok(())) => self.done(&end, result, next),
                (Ok(_), Err(error)) => {
                    self.fail(end.id, error.again(), &end.log, end.seconds, next);
                }
                (Err(error), _) => self.ended_badly(&end, error, next),
            }
        }
    }

    /// What a step is a part of.
    pub(super) fn part_of(&self, step: &Step) -> Option<PartOf> {
        let outlook = self.so_far();
        let resolver = Resolver {
            keys: self.engine.keys,
            outlook: &outlook,
        };
        resolver.part_of(step)
    }

    /// Removes what steps left for others with more of their budget, where there will be none.
    pub(in crate::engine) fn let_go(&mut self) {
        let engine = self.engine;
        // One that failed is tried again from there.
        let mut trainings: HashMap<Digest, (PartOf, bool)> = HashMap::new();
        for id in &engine.options.let_go {
            let node = &self.nodes[*id];
            if let Some(part) = self.part_of(&node.step) {
                let training = trainings.entry(part.whole).or_insert((part, true));
                training.1 &= node.result.is_some();
            }
        }
        let ended = trainings.into_values().filter(|(_, ended)| *ended);
        for (part, _) in ended {
            if let Err(error) = engine.store.drop_part(part) {
                let message = error.to_string();
                self.journal.emit(Event::Warning {
                    step: None,
                    message,
                });
            }
        }
    }

    pub(super) fn record(&self, attempts: &[Attempt]) -> Result<(), JobError> {
        if attempts.is_empty() {
            return Ok(());
        }
        let experiment = &self.engine.options.experiment;
        let committed = self.engine.store.commit(&self.run, experiment, attempts);
        committed.map_err(crate::engine::attempt::store_failed)
    }

    pub(super) fn attempt(
        &self,
        end: &AttemptEnd,
        result: Result<&Arc<StepResult>, &JobError>,
    ) -> Attempt {
        let node = &self.nodes[end.id];
        let outlook = self.so_far();
        let resolver = Resolver {
            keys: self.engine.keys,
            outlook: &outlook,
        };
        let outcome = match result {
            Ok(result) => Outcome::Made(Arc::clone(result)),
            Err(JobError::Cancelled) => Outcome::Cancelled,
            Err(JobError::Failed { message, hints, .. }) => Outcome::Failed {
                message: message.clone(),
                hints: hints.clone(),
            },
            Err(JobError::Transient { message } | JobError::Interrupted { message, .. }) => {
                Outcome::Failed {
                    message: message.clone(),
                    hints: Vec::new(),
                }
            }
        };
        Attempt {
            step: node.name.to_string(),
            place: node.step.place.to_string(),
            kind: node.step.kind.name().to_owned(),
            key: node.key.expect("only keyed steps run"),
            parts: resolver.parts(&node.step),
            number: end.number,
            seconds: end.seconds,
            log: end.log.clone(),
            // What ran as a job of a cluster ran on another machine, and has said on which if it came to an end.
            environment: match (&end.environment, &node.executor) {
                (None, None) => Some(Environment::here()),
                (known, _) => known.clone(),
            },
            outcome,
        }
    }

    pub(super) fn done(
        &mut self,
        end: &AttemptEnd,
        result: Arc<StepResult>,
        next: &mut Vec<StepId>,
    ) {
        let id = end.id;
        if end.checkpointed
            && let Some(key) = self.nodes[id].key
            && let part = self.part_of(&self.nodes[id].step)
            && let Err(error) = self.engine.store.drop_checkpoint(key, part)
        {
            let step = Some(self.name(id));
            let message = error.to_string();
            self.journal.emit(Event::Warning { step, message });
        }
        self.nodes.set(id, State::Done);
        let here = self.nodes[id].executor.is_none();
        self.nodes[id].made_at = here.then(Instant::now);
        self.journal.emit(Event::StepFinished {
            id: id.0,
            step: self.name(id),
            seconds: end.seconds,
            bytes: result.objects().map(|object| object.size).sum(),
            diverged: result.diverged.clone(),
            key: self.nodes[id].key,
        });
        for same in self.flow.coalesced.remove(&id).unwrap_or_default() {
            self.known(same, Arc::clone(&result), Some(id), next);
        }
        self.keep(id, result, true);
        self.notify_dependents(id, next);
    }

    pub(super) fn ended_badly(
        &mut self,
        end: &AttemptEnd,
        error: JobError,
        next: &mut Vec<StepId>,
    ) {
        let id = end.id;
        let node = &mut self.nodes[id];
        if let JobError::Interrupted { further, .. } = &error {
            node.interrupted += 1;
            node.in_vain = if *further { 0 } else { node.in_vain + 1 };
        }
        let in_vain = node.in_vain;
        let counted = self.counted(id, end.number);
        let step = &self.nodes[id].step;
        let again = match &error {
            JobError::Interrupted { .. } => in_vain <= INTERRUPTIONS,
            _ => counted <= step.policy.retries,
        };
        let again = again && !self.flow.stopping;
        let passing = match &error {
            JobError::Transient { .. } | JobError::Interrupted { .. } => true,
            JobError::Failed { ended, .. } => {
                let program = step.kind.starts_processes();
                step.policy.retry.passes(*ended, program)
            }
            JobError::Cancelled => false,
        };
        match error {
            JobError::Cancelled if self.flow.stopping || self.interrupted() => {
                self.cancel_all(id);
            }
            JobError::Transient { message }
            | JobError::Interrupted { message, .. }
            | JobError::Failed { message, .. }
                if again && passing =>
            {
                let usual = self.engine.options.backoff;
                let wait = step.policy.retry.wait(counted.max(1), usual);
                self.nodes.set(id, State::BackingOff);
                self.journal.emit(Event::StepRetrying {
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

    pub(super) fn cancel_all(&mut self, id: StepId) {
        self.cancel(id);
        for same in self.flow.coalesced.remove(&id).unwrap_or_default() {
            self.cancel(same);
        }
    }

    /// Attempts that ran out of time fail at once; their resources come back when they obey.
    pub(super) fn time_out(&mut self, next: &mut Vec<StepId>) {
        let now = Instant::now();
        while let Some(Reverse((at, id, number))) = self.flow.deadlines.peek().copied() {
            let running = self.flow.running.get(&id);
            if running.is_none_or(|running| running.number != number) {
                self.flow.deadlines.pop();
                continue;
            }
            if at > now {
                break;
            }
            self.flow.deadlines.pop();
            let again = self.may_try_again(id, number);
            let error = self.too_long(id);
            let Some(running) = self.flow.running.get_mut(&id) else {
                continue;
            };
            running.cancel.store(true, Ordering::Relaxed);
            if again {
                // What it takes is free when it has ended.
                running.timed_out = true;
                continue;
            }
            let log = lock(&running.log).text();
            let timeout = self.nodes[id].step.policy.timeout;
            let seconds = timeout.unwrap_or_default().as_secs_f64();
            let end = AttemptEnd {
                id,
                number,
                seconds,
                log,
                checkpointed: false,
                environment: None,
            };
            // The failure itself is told even where it cannot be kept.
            let _ = self.record(&[self.attempt(&end, Err(&error))]);
            self.fail(id, error, &end.log, seconds, next);
        }
    }
}

impl Coordinator<'_, '_> {
    /// Which of its tries an attempt of a step is: those that something else interrupted were none.
    pub(super) fn counted(&self, id: StepId, attempt: u32) -> u32 {
        attempt.saturating_sub(self.nodes[id].interrupted)
    }

    fn too_long(&self, id: StepId) -> JobError {
        let timeout = self.nodes[id].step.policy.timeout.unwrap_or_default();
        let seconds = timeout.as_secs_f64();
        JobError::failed(format!("took longer than its timeout of {seconds} s"))
            .hint("raise `timeout` of the stage, or give it less to do")
            .by(Some(Ended::Timeout))
    }

    /// Whether a step that took too long is tried again. A thread that is asked to stop may never
    /// do so.
    fn may_try_again(&self, id: StepId, number: u32) -> bool {
        let step = &self.nodes[id].step;
        let (policy, program) = (&step.policy, step.kind.starts_processes());
        self.counted(id, number) <= policy.retries
            && !self.flow.stopping
            && (program || policy.isolate)
            && policy.retry.passes(Some(Ended::Timeout), program)
    }
}

/// An end without its result.
pub(super) struct AttemptEnd {
    pub id: StepId,
    pub number: u32,
    pub seconds: f64,
    pub log: String,
    pub checkpointed: bool,
    pub environment: Option<Environment>,
}

fn split(end: EndedAttempt) -> (AttemptEnd, Result<Arc<StepResult>, JobError>) {
    let ending = AttemptEnd {
        id: end.id,
        number: end.number,
        seconds: end.seconds,
        log: end.log,
        checkpointed: end.checkpointed,
        environment: end.environment,
    };
    (ending, end.result.map(Arc::new))
}

impl JobError {
    /// The same once more: one disk error may fail several steps.
    fn again(&self) -> JobError {
        match self {
            JobError::Failed {
                message,
                hints,
                ended,
                disturbed,
            } => JobError::Failed {
                message: message.clone(),
                hints: hints.clone(),
                ended: *ended,
                disturbed: *disturbed,
            },
            JobError::Transient { message } | JobError::Interrupted { message, .. } => {
                JobError::failed(message.clone()).disturbed()
            }
            JobError::Cancelled => JobError::Cancelled,
        }
    }
}
