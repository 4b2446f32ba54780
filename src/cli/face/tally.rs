//! Counts of a run's steps by state, and how long the rest will take.

use std::collections::BTreeMap;

use crate::engine::Event;
use crate::engine::Timed;

/// A fold of the events of one run.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Steps that are wanted.
    pub selected: usize,
    pub jobs: usize,
    pub done: usize,
    pub cached: usize,
    pub failed: usize,
    pub skipped: usize,
    pub cancelled: usize,
    pub pending: usize,
    /// Step number → its progress.
    pub running: BTreeMap<u32, Running>,
    /// Seconds since the start.
    pub now: f64,
    /// Of the finished steps.
    busy: f64,
}

/// A step under way.
#[derive(Clone, Debug)]
pub struct Running {
    pub started: f64,
    pub done: u64,
    /// Zero where the step does not say.
    pub total: u64,
    /// `loss 103.2`
    pub note: String,
}

impl Running {
    /// How much of it is done, in [0, 1]; zero where it does not say.
    pub fn fraction(&self) -> f64 {
        match self.total {
            0 => 0.0,
            total => (self.done as f64 / total as f64).min(1.0),
        }
    }
}

impl Tally {
    pub fn add(&mut self, timed: &Timed) {
        self.now = timed.at;
        match &timed.event {
            Event::PlanKnown { selected, jobs, .. } => {
                self.selected = *selected;
                self.jobs = *jobs;
            }
            Event::StepCached { .. } => self.cached += 1,
            Event::StepStarted { id, .. } => {
                let running = Running {
                    started: timed.at,
                    done: 0,
                    total: 0,
                    note: String::new(),
                };
                self.running.insert(*id, running);
            }
            Event::StepProgress {
                id,
                done,
                total,
                numbers,
                ..
            } => {
                if let Some(running) = self.running.get_mut(id) {
                    running.done = *done;
                    running.total = *total;
                    let notes: Vec<String> = numbers
                        .iter()
                        .map(|(name, number)| match number {
                            crate::engine::Number::Finite(value) => format!("{name} {value:.4}"),
                            crate::engine::Number::Other(text) => format!("{name} {text}"),
                        })
                        .collect();
                    running.note = notes.join("  ");
                }
            }
            Event::StepFinished { id, seconds, .. } => {
                self.running.remove(id);
                self.done += 1;
                self.busy += seconds;
            }
            Event::StepFailed { id, .. } => {
                self.running.remove(id);
                self.failed += 1;
            }
            Event::StepRetrying { id, .. } => {
                self.running.remove(id);
            }
            Event::StepSkipped { .. } => self.skipped += 1,
            Event::StepPending { .. } => self.pending += 1,
            Event::StepCancelled { id, .. } => {
                self.running.remove(id);
                self.cancelled += 1;
            }
            _ => {}
        }
    }

    /// Steps in a final state.
    pub fn settled(&self) -> usize {
        self.done + self.cached + self.failed + self.skipped + self.cancelled + self.pending
    }

    /// Steps that neither run nor have ended.
    pub fn waiting(&self) -> usize {
        self.selected
            .saturating_sub(self.settled() + self.running.len())
    }

    /// Seconds until the end, supposing that the waiting steps take as long as the finished ones
    /// did. None before anything was learnt.
    pub fn remaining(&self) -> Option<f64> {
        let progress: f64 = self.running.values().map(Running::fraction).sum();
        let under_way: f64 = self
            .running
            .values()
            .map(|running| self.now - running.started)
            .sum();
        let made = self.done as f64 + progress;
        if made < 0.5 {
            return None;
        }
        let per_step = (self.busy + under_way) / made;
        let left = self.waiting() as f64 + self.running.len() as f64 - progress;
        Some(left * per_step / self.jobs.max(1) as f64)
    }
}
