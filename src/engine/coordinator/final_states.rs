//! The ends of steps: every final state is told, and frees whoever waited.

use std::sync::Arc;

use crate::engine::Event;
use crate::engine::Failure;
use crate::engine::JobError;
use crate::engine::State;
use crate::engine::nodes::Node;
use crate::engine::view::NewResult;
use crate::engine::view::ViewMessage;
use crate::plan::StepId;
use crate::store::Digest;
use crate::store::StepResult;

use super::Coordinator;

/// So many results are told to the view at once: each message wakes its thread.
const MANY: usize = 500;

/// How many lines of a log a failure shows.
const LAST_LINES: usize = 20;

impl Coordinator<'_, '_> {
    pub(super) fn known(
        &mut self,
        id: StepId,
        result: Arc<StepResult>,
        same_as: Option<StepId>,
        next: &mut Vec<StepId>,
    ) {
        self.nodes.set(id, State::UpToDate);
        self.journal.emit(Event::StepCached {
            id: id.0,
            step: self.name(id),
            same_as: same_as.map(|other| self.name(other)),
            key: self.nodes[id].key,
            from: self.nodes[id].fetched.then(|| self.shared_place()),
        });
        self.keep(id, result, false);
        self.notify_dependents(id, next);
    }

    fn shared_place(&self) -> String {
        let shared = self.engine.shared.map(|shared| shared.place());
        shared.unwrap_or_default().to_owned()
    }

    pub(super) fn keep(&mut self, id: StepId, result: Arc<StepResult>, fresh: bool) {
        if self.view.is_some() {
            let result = Arc::clone(&result);
            let node = &self.nodes[id];
            self.news.push(NewResult {
                step: Arc::clone(&node.step),
                name: Arc::clone(&node.name),
                result,
                fresh,
            });
            if self.news.len() >= MANY {
                self.flush_view();
            }
        }
        self.nodes[id].result = Some(result);
    }

    /// Tells the view what came to be known.
    pub(super) fn flush_view(&mut self) {
        if let Some(view) = &self.view
            && !self.news.is_empty()
        {
            // The view has ended early only where it could not go on, and said so.
            let _ = view.send(ViewMessage::Results(std::mem::take(&mut self.news)));
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
        let its_own = error.is_its_own();
        let (message, hints) = self.tell_failed(id, error, log, seconds);
        let limit = self.engine.options.max_failures;
        if limit.is_some_and(|limit| self.failures.len() >= limit) {
            self.flow.stopping = true;
        }
        for same in self.flow.coalesced.remove(&id).unwrap_or_default() {
            let message = format!(
                "`{}`, which does the same, failed: {message}",
                self.name(id)
            );
            let error = JobError::Failed {
                message,
                hints: hints.clone(),
                ended: None,
                disturbed: !its_own,
            };
            self.fail(same, error, "", 0.0, next);
        }
        self.notify_dependents(id, next);
    }

    /// A step ends without a result; answers why, and what to do.
    pub(super) fn tell_failed(
        &mut self,
        id: StepId,
        error: JobError,
        log: &str,
        seconds: f64,
    ) -> (String, Vec<String>) {
        let its_own = error.is_its_own();
        let (message, hints) = match error {
            JobError::Failed { message, hints, .. } => (message, hints),
            JobError::Transient { message } | JobError::Interrupted { message, .. } => {
                (message, Vec::new())
            }
            JobError::Cancelled => ("cancelled".to_owned(), Vec::new()),
        };
        self.nodes.set(id, State::Failed);
        self.nodes[id].failed_itself = its_own;
        let place = self.nodes[id].step.place.to_string();
        let lines: Vec<&str> = log.lines().collect();
        let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
        self.journal.emit(Event::StepFailed {
            id: id.0,
            step: self.name(id),
            attempt: self.nodes[id].attempts,
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
        (message, hints)
    }

    /// The steps with the keys that were looked into: those whose result is known, and those
    /// that were tried. What never came to be tried keeps the key it had, and with it the
    /// explanation of what changed since.
    pub(in crate::engine) fn reached<'n>(&'n self) -> Vec<(&'n str, Option<Digest>)> {
        let of = |node: &'n Node| {
            let reached = node.attempts > 0 || node.result.is_some();
            (&*node.name, node.key.filter(|_| reached))
        };
        self.nodes.iter().map(of).collect()
    }

    /// A step ends without having run, for want of one that this run leaves out.
    pub(super) fn mark_pending(&mut self, id: StepId, needs: StepId) {
        let unknown = |need: &StepId| {
            let need = &self.nodes[*need];
            let out = matches!(need.state(), State::Unselected | State::Pending);
            out && need.result.is_none()
        };
        let count = self.graph.needs(id).filter(unknown).count();
        self.nodes.set(id, State::Pending);
        self.journal.emit(Event::StepPending {
            id: id.0,
            step: self.name(id),
            needs: self.name(needs),
            count,
        });
    }

    pub(super) fn cancel(&mut self, id: StepId) {
        self.nodes.set(id, State::Cancelled);
        self.journal.emit(Event::StepCancelled {
            id: id.0,
            step: self.name(id),
        });
    }

    /// A step has ended: whoever waited only for it is next.
    pub(super) fn notify_dependents(&mut self, id: StepId, next: &mut Vec<StepId>) {
        if self.growth.is_some() {
            self.ended.push(id);
        }
        for after in self.graph.needed_by(id) {
            let node = &mut self.nodes[after];
            node.waits -= 1;
            if node.waits == 0 && node.state() == State::Waiting {
                next.push(after);
            }
        }
    }
}
