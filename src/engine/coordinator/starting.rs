//! Starting attempts while resources last.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::Scope;
use std::time::Duration;
use std::time::Instant;

use crate::engine::Event;
use crate::engine::JobError;
use crate::engine::Resources;
use crate::engine::State;
use crate::engine::attempt::Task;
use crate::engine::link::AttemptLink;
use crate::engine::runners::RunnerPool;
use crate::plan::StepId;

use super::Coordinator;
use super::Running;

impl<'a> Coordinator<'a, '_> {
    pub(super) fn start<'scope>(
        &mut self,
        pool: &'scope RunnerPool<'a>,
        scope: &'scope Scope<'scope, '_>,
    ) where
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
            self.launch(id, share, pool, scope, &mut broken);
        }
        self.submit(&mut broken);
        if !broken.is_empty() {
            self.resolve(broken);
        }
    }

    pub(super) fn launch<'scope>(
        &mut self,
        id: StepId,
        share: Resources,
        pool: &'scope RunnerPool<'a>,
        scope: &'scope Scope<'scope, '_>,
        next: &mut Vec<StepId>,
    ) where
        'a: 'scope,
    {
        let (mut task, running) = self.prepare(id, share.cpus as usize);
        let gpus = self.flow.pools.take(&share);
        task.gpus.clone_from(&gpus);
        let timeout = task.step.policy.timeout;
        let takes = share.beside_cpus();
        self.told_of_start(&task, takes, None);
        if let Err(error) = pool.give(task, scope, &self.flow.sender) {
            self.flow.pools.give_back(&share, &gpus);
            let error = JobError::failed(format!("cannot start a thread: {error}")).disturbed();
            self.fail(id, error, "", 0.0, next);
            return;
        }
        let running = Running {
            share: Some(share),
            gpus,
            ..running
        };
        self.is_running(id, timeout, running);
    }

    /// The next attempt of a step, on so many threads.
    pub(super) fn prepare(&mut self, id: StepId, threads: usize) -> (Task<'a>, Running) {
        let node = &mut self.nodes[id];
        node.attempts += 1;
        let number = node.attempts;
        let step = Arc::clone(&node.step);
        let cancel = Arc::new(AtomicBool::new(false));
        let key = node.key.expect("only keyed steps are queued");
        let part = self.part_of(&step);
        let link = AttemptLink::new(
            id,
            (key, part),
            self.engine.store,
            self.flow.sender.clone(),
            Arc::clone(&cancel),
            &self.engine.options,
        );
        let running = Running {
            number,
            cancel,
            timed_out: false,
            share: None,
            gpus: Vec::new(),
            log: link.shared_log(),
            elsewhere: None,
        };
        let task = Task {
            step,
            number,
            threads,
            gpus: Vec::new(),
            inputs: self.so_far().sources(id),
            link,
            elsewhere: None,
        };
        (task, running)
    }

    pub(super) fn told_of_start(
        &mut self,
        task: &Task<'_>,
        takes: BTreeMap<String, u64>,
        place: Option<String>,
    ) {
        let id = task.step.id;
        tracing::debug!(
            step = &*self.nodes[id].name,
            attempt = task.number,
            threads = task.threads,
            "starts"
        );
        self.nodes.set(id, State::Running);
        self.journal.emit(Event::StepStarted {
            id: id.0,
            step: self.name(id),
            attempt: task.number,
            threads: task.threads,
            takes,
            place,
        });
    }

    pub(super) fn is_running(&mut self, id: StepId, timeout: Option<Duration>, running: Running) {
        let number = running.number;
        if let Some(timeout) = timeout
            && let Some(at) = Instant::now().checked_add(timeout)
        {
            self.flow.deadlines.push(Reverse((at, id, number)));
        }
        self.flow.running.insert(id, running);
    }

    /// Handles what was said after the last step had ended.
    pub(in crate::engine) fn drain(&mut self) {
        while let Ok(message) = self.flow.receiver.try_recv() {
            self.handle(message, &mut Vec::new());
        }
    }
}
