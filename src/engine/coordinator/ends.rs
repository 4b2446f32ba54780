//! The ends of steps: every final state is told, and frees whoever waited.

use std::sync::Arc;

use crate::engine::Event;
use crate::engine::Failure;
use crate::engine::JobError;
use crate::engine::State;
use crate::engine::view::News;
use crate::plan::StepId;
use crate::store::Digest;
use crate::store::Made;

use super::Coordinator;

/// So many results are told to the view at once: each message wakes its thread.
const MANY: usize = 500;

/// How many lines of a log a failure shows.
const LAST_LINES: usize = 20;

impl Coordinator<'_, '_> {
    pub(super) fn known(
        &mut self,
        id: StepId,
        made: Arc<Made>,
        twin: Option<StepId>,
        next: &mut Vec<StepId>,
    ) {
        self.states.set(id, State::UpToDate);
        self.journal.tell(Event::StepCached {
            id: id.0,
            step: self.name(id),
            twin: twin.map(|twin| self.name(twin)),
            key: self.keys[id.index()],
        });
        self.keep(id, made, false);
        self.release(id, next);
    }

    pub(super) fn keep(&mut self, id: StepId, made: Arc<Made>, fresh: bool) {
        if self.view.is_some() {
            let made = Arc::clone(&made);
            self.news.push(News { id, made, fresh });
            if self.news.len() >= MANY {
                self.spread();
            }
        }
        self.results[id.index()] = Some(made);
    }

    /// Tells the view what came to be known.
    pub(super) fn spread(&mut self) {
        if let Some(view) = &self.view
            && !self.news.is_empty()
        {
            // The view has ended early only where it could not go on, and said so.
            let _ = view.send(std::mem::take(&mut self.news));
        }
    }

    pub(super) fn fail(
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

    /// The steps with the keys that were looked into: those whose result is known, and those
    /// that were tried. What never came to be tried keeps the key it had, and with it the
    /// explanation of what changed since.
    pub(in crate::engine) fn reached(&self) -> Vec<(&str, Option<Digest>)> {
        let names = self.names.iter().map(String::as_str);
        let keys = self.keys.iter().enumerate().map(|(index, key)| {
            let tried = self.flow.attempts.contains_key(&StepId(index as u32));
            key.filter(|_| tried || self.results[index].is_some())
        });
        names.zip(keys).collect()
    }

    /// A step ends without having run, for want of one that this run leaves out.
    pub(super) fn pend(&mut self, id: StepId, needs: StepId) {
        let unknown = |need: &&StepId| {
            let state = self.states.get(**need);
            let out = matches!(state, State::Unselected | State::Pending);
            out && self.results[need.index()].is_none()
        };
        let count = self.graph.needs(id).iter().filter(unknown).count();
        self.states.set(id, State::Pending);
        self.journal.tell(Event::StepPending {
            id: id.0,
            step: self.name(id),
            needs: self.name(needs),
            count,
        });
    }

    pub(super) fn cancel(&mut self, id: StepId) {
        self.states.set(id, State::Cancelled);
        self.journal.tell(Event::StepCancelled {
            id: id.0,
            step: self.name(id),
        });
    }

    /// A step has ended: whoever waited only for it is next.
    pub(super) fn release(&mut self, id: StepId, next: &mut Vec<StepId>) {
        for after in self.graph.needed_by(id) {
            let waits = &mut self.waits[after.index()];
            *waits -= 1;
            if *waits == 0 && self.states.get(*after) == State::Waiting {
                next.push(*after);
            }
        }
    }
}
