//! What becomes of steps whose needs have ended.

use std::sync::Arc;

use rayon::prelude::*;

use crate::engine::Event;
use crate::engine::JobError;
use crate::engine::State;
use crate::engine::nodes::Node;
use crate::plan::Resolution;
use crate::plan::Resolver;
use crate::plan::StepId;
use crate::store::Digest;
use crate::store::Lookup;
use crate::store::StepResult;
use crate::text::ShowPath;
use crate::text::plural;

use super::Coordinator;

/// Waves smaller than this are not worth waking other threads.
const WAVE: usize = 64;

impl Coordinator<'_, '_> {
    /// Decides about steps whose needs have all ended, and about those that then become so.
    pub(super) fn resolve(&mut self, mut wave: Vec<StepId>) {
        while !wave.is_empty() {
            let outlook = self.so_far();
            let resolver = Resolver {
                keys: self.engine.keys,
                outlook: &outlook,
            };
            let resolve = |id: &StepId| {
                let node = &outlook.nodes[*id];
                resolver.resolve(&node.step, node.force)
            };
            let resolutions: Vec<Resolution> = if wave.len() < WAVE {
                wave.iter().map(resolve).collect()
            } else {
                wave.par_iter().map(resolve).collect()
            };
            let mut next = Vec::new();
            for (id, resolution) in wave.into_iter().zip(resolutions) {
                self.apply(id, resolution, &mut next);
            }
            wave = next;
        }
        self.flush_view();
    }

    pub(super) fn apply(&mut self, id: StepId, resolution: Resolution, next: &mut Vec<StepId>) {
        tracing::trace!(step = &*self.nodes[id].name, %resolution, "resolved");
        if self.ask_for(id, &resolution) {
            return;
        }
        if !self.nodes[id].selected {
            return self.leave_out(id, resolution, next);
        }
        match resolution {
            Resolution::Skip { because }
                if matches!(
                    self.nodes[because].state(),
                    State::Unselected | State::Pending
                ) =>
            {
                self.nodes[id].left_out = true;
                self.mark_pending(id, because);
                self.notify_dependents(id, next);
            }
            Resolution::Skip { because } => {
                self.nodes.set(id, State::Skipped);
                self.journal.emit(Event::StepSkipped {
                    id: id.0,
                    step: self.name(id),
                    because: self.name(because),
                });
                self.notify_dependents(id, next);
            }
            // A file that the interrupt left half read.
            Resolution::Broken(_) if self.interrupted() => {
                self.cancel(id);
                self.notify_dependents(id, next);
            }
            Resolution::Broken(error) => self.fail(id, error.into(), "", 0.0, next),
            Resolution::Waits { .. } => {
                unreachable!("BUG: a step is resolved once all its needs have ended")
            }
            Resolution::Keyed { key, lookup, under } => {
                self.nodes[id].key = Some(key);
                match lookup {
                    Lookup::Hit(result) => {
                        self.take_over(id, key, under, &result);
                        return self.known(id, result, None, next);
                    }
                    Lookup::Damaged { presence, path } => {
                        let what = match presence {
                            crate::store::Presence::Missing => "is missing",
                            _ => "is damaged",
                        };
                        let path = path.shown();
                        let message =
                            format!("the result of this step runs again: `{path}` {what}");
                        let step = Some(self.name(id));
                        self.journal.emit(Event::Warning { step, message });
                    }
                    Lookup::Miss => {}
                }
                self.wait_or_queue(id, key, next);
            }
        }
    }

    /// Keeps a result that stands under a former key of its step under the key that this has now.
    fn take_over(
        &mut self,
        id: StepId,
        key: Digest,
        under: Option<Digest>,
        result: &Arc<StepResult>,
    ) {
        let Some(former) = under else {
            return;
        };
        let step = &self.nodes[id].step;
        let outlook = self.so_far();
        let resolver = Resolver {
            keys: self.engine.keys,
            outlook: &outlook,
        };
        let parts = resolver.parts(step);
        let store = self.engine.store;
        if let Err(error) = store.take_over(key, former, step.kind.name(), &parts, result) {
            // It stands where it stood, and the next run tries again.
            let message = error.to_string();
            let step = Some(self.name(id));
            self.journal.emit(Event::Warning { step, message });
        }
    }

    /// A step that was not asked for is used where its result is known.
    fn leave_out(&mut self, id: StepId, resolution: Resolution, next: &mut Vec<StepId>) {
        self.nodes.set(id, State::Unselected);
        match resolution {
            Resolution::Keyed {
                key,
                lookup: Lookup::Hit(result),
                under,
            } => {
                self.nodes[id].key = Some(key);
                self.take_over(id, key, under, &result);
                self.keep(id, result, false);
            }
            Resolution::Keyed { key, .. } => self.nodes[id].left_out = !self.failed_before(id, key),
            Resolution::Skip { because } => {
                self.nodes[id].left_out = self.nodes[because].left_out;
            }
            Resolution::Waits { .. } | Resolution::Broken(_) => {}
        }
        self.notify_dependents(id, next);
    }

    /// Whether a step failed when it was last tried, under this key.
    fn failed_before(&mut self, id: StepId, key: Digest) -> bool {
        let (store, experiment) = (self.engine.store, &self.engine.options.experiment);
        let failed = self.flow.failed_before.get_or_insert_with(|| {
            let outcomes = store.last_outcomes(experiment).unwrap_or_default();
            let mut keys = store.keys_of(experiment).unwrap_or_default();
            keys.retain(|step, _| outcomes.get(step).is_some_and(|how| how == "failed"));
            keys
        });
        failed.get(&*self.nodes[id].name) == Some(&key)
    }

    pub(super) fn wait_or_queue(&mut self, id: StepId, key: Digest, next: &mut Vec<StepId>) {
        if self.nodes[id].step.policy.cache {
            match self.flow.owners.get(&key) {
                Some(owner) if self.nodes[*owner].state().is_final() => {
                    // It was looked up just before its owner ended.
                    let owner = *owner;
                    if let Some(result) = self.nodes[owner].result.clone() {
                        return self.known(id, result, Some(owner), next);
                    }
                    self.flow.owners.insert(key, id);
                }
                Some(owner) => {
                    self.nodes.set(id, State::Coalesced);
                    self.flow.coalesced.entry(*owner).or_default().push(id);
                    return;
                }
                None => {
                    self.flow.owners.insert(key, id);
                }
            }
        }
        self.enqueue(id, next);
    }

    pub(super) fn enqueue(&mut self, id: StepId, next: &mut Vec<StepId>) {
        // One that has it already, from an earlier run, goes on.
        let has_it = self.nodes[id]
            .key
            .and_then(|key| self.executors.has_saved(key));
        if let Some(executor) = has_it.or(self.nodes[id].executor) {
            self.nodes.set(id, State::Ready);
            return self.executors.enqueue(executor, id);
        }
        let all = &self.engine.options.resources;
        match all.share_for(&self.nodes[id].step.policy) {
            Ok(share) => {
                self.nodes.set(id, State::Ready);
                let priority = self.priority(id);
                let step = &self.nodes[id].step;
                let tells = self.flow.begun.add(&step.stage, &step.cell);
                self.flow.queue.push(id, tells, priority, share);
            }
            Err(wanted) => {
                let have = all.gpus;
                let message = format!(
                    "needs {} where there are {have}",
                    plural(wanted as usize, "GPU")
                );
                let error = JobError::failed(message)
                    .hint("`--resource gpus=2`, or `[resources]` of sweepline.toml, says how many there are")
                    .hint("without either they are those of CUDA_VISIBLE_DEVICES, else of /dev/nvidia*");
                self.fail(id, error, "", 0.0, next);
            }
        }
    }

    pub(super) fn priority(&mut self, id: StepId) -> f64 {
        if self.flow.priorities.is_empty() {
            let experiment = &self.engine.options.experiment;
            // Without estimates every step counts one second: an order is all that is lost.
            let known = self.engine.store.durations(experiment).unwrap_or_default();
            let estimate = |node: &Node| {
                let by_step = known.by_step.get(&*node.name);
                let guess = by_step.or_else(|| known.by_kind.get(node.step.kind.name()));
                guess.copied().unwrap_or(1.0)
            };
            let durations: Vec<f64> = self.nodes.iter().map(estimate).collect();
            self.flow.priorities = self.graph.critical_path(&durations);
        }
        self.flow.priorities[id.index()]
    }
}
