//! Deciding what becomes of steps whose needs have ended.

use rayon::prelude::*;

use crate::engine::Event;
use crate::engine::JobError;
use crate::engine::State;
use crate::engine::resolve::Evidence;
use crate::engine::resolve::Verdict;
use crate::plan::Step;
use crate::plan::StepId;
use crate::store::Digest;
use crate::store::Lookup;

use super::Coordinator;

/// Waves smaller than this are not worth waking other threads.
const WAVE: usize = 64;

impl Coordinator<'_, '_> {
    /// Decides about steps whose needs have all ended, and about those that then become so.
    pub(super) fn resolve(&mut self, mut wave: Vec<StepId>) {
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
        self.spread();
    }

    pub(super) fn judge(&mut self, id: StepId, verdict: Verdict, next: &mut Vec<StepId>) {
        if !self.selected[id.index()] {
            return self.leave_out(id, verdict, next);
        }
        match verdict {
            Verdict::Skip { because }
                if matches!(self.states.get(because), State::Unselected | State::Pending) =>
            {
                self.pend(id, because);
                self.release(id, next);
            }
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

    /// A step that was not asked for is used where its result is known.
    fn leave_out(&mut self, id: StepId, verdict: Verdict, next: &mut Vec<StepId>) {
        self.states.set(id, State::Unselected);
        if let Verdict::Keyed {
            key,
            lookup: Lookup::Hit(made),
        } = verdict
        {
            self.keys[id.index()] = Some(key);
            self.keep(id, made, false);
        }
        self.release(id, next);
    }

    pub(super) fn wait_or_queue(&mut self, id: StepId, key: Digest, next: &mut Vec<StepId>) {
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

    pub(super) fn enqueue(&mut self, id: StepId, next: &mut Vec<StepId>) {
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

    pub(super) fn priority(&mut self, id: StepId) -> f64 {
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
}
