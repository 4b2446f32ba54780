//! The one fold of a run's events: under bars and lines while it goes on, and under `status`,
//! `trace`, `report` and `diff` after that.

mod ahead;
mod cost;
mod log;
mod remaining;

use std::cell::Cell;
use std::collections::BTreeMap;

pub(super) use log::Attempt;
pub(super) use log::RunLog;

use ahead::Ahead;
pub(super) use ahead::Left;
pub(super) use ahead::Surely;

use crate::engine::Event;
use crate::engine::Number;
use crate::engine::Timed;
use crate::engine::Totals;
use crate::text::in_one_line;

/// Where a run stands, by its events.
#[derive(Clone, Debug, Default)]
pub(super) struct RunState {
    /// Of the plan.
    steps: usize,
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
    /// Step number → where it waits outside this process.
    pub queued: BTreeMap<u32, Queued>,
    /// The step under way that the last event ended.
    pub ended: Option<Running>,
    /// Seconds since the start.
    pub now: f64,
    /// By step number, whether it is in a final state.
    closed: Vec<bool>,
    /// By stage, how many are wanted and in no final state.
    open: BTreeMap<String, usize>,
    /// By step number, the seconds of those that ended well in this run.
    took: Vec<(u32, f64)>,
    /// What waits for what, where the end is foretold.
    ahead: Option<Ahead>,
    /// When the end was last foretold, and what.
    foretold: Cell<Option<(f64, Option<Left>)>>,
    /// Where a search stands that this run goes on with.
    pub search: Option<String>,
    /// The trials that it has and that are to come.
    pub trials: Option<Trials>,
    /// Whether steps were added while it went on.
    pub grew: bool,
    /// How it goes on with the steps that the last event added.
    pub going_on: Option<String>,
    /// Once the run has ended.
    pub totals: Option<Totals>,
    /// Kept where a run is looked back at, not while it is shown.
    pub log: Option<RunLog>,
}

/// The trials of a search that goes on, each at every part of the budget that it comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trials {
    pub known: usize,
    /// How many there may be beside.
    pub to_come: usize,
    /// How many are under way at once.
    pub parallel: usize,
}

/// A step that waits in the queue of a cluster.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub step: String,
    pub executor: String,
    pub job: Option<String>,
    /// `PENDING (Priority)`; nothing before the queue has told.
    pub state: String,
}

/// A step under way.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub step: String,
    pub started: f64,
    /// Where, if not in the process of the run: `job 123_4 on n17`.
    pub place: Option<String>,
    pub done: u64,
    /// Zero where the step does not say.
    pub total: u64,
    /// `loss 103.2`
    pub note: String,
}

impl Running {
    /// How much of it is done, in [0, 1]; zero where it does not say.
    pub(super) fn fraction(&self) -> f64 {
        match self.total {
            0 => 0.0,
            total => (self.done as f64 / total as f64).min(1.0),
        }
    }
}

impl RunState {
    /// What events came to, with the log of all attempts.
    pub(super) fn of<'e>(events: impl IntoIterator<Item = &'e Timed>) -> Self {
        let mut state = RunState {
            log: Some(RunLog::default()),
            ..RunState::default()
        };
        events.into_iter().for_each(|timed| state.add(timed));
        state
    }

    pub(super) fn add(&mut self, timed: &Timed) {
        self.now = timed.at;
        self.ended = None;
        if let Some(id) = leaves_queue(&timed.event) {
            self.queued.remove(&id);
        }
        if let Some(log) = &mut self.log {
            log.add(timed);
        }
        match &timed.event {
            Event::PlanKnown {
                steps,
                selected,
                jobs,
                stages,
            } => {
                self.steps = *steps;
                self.selected = *selected;
                self.jobs = *jobs;
                self.open = stages.clone();
            }
            Event::PlanGrew { stages, .. } => {
                // What its new steps wait for is not known here.
                self.ahead = None;
                self.grew = true;
                for (stage, steps) in stages {
                    self.selected += steps;
                    *self.open.entry(stage.clone()).or_default() += steps;
                }
            }
            Event::StepCached { id, step, .. } => {
                self.cached += 1;
                self.close(*id, step);
            }
            Event::StepQueued {
                id,
                step,
                executor,
                job,
                state,
                why,
            } => {
                let state = state.clone().unwrap_or_default();
                let why = why.as_ref().map(|why| format!(" ({why})"));
                let queued = Queued {
                    step: step.clone(),
                    executor: executor.clone(),
                    job: job.clone(),
                    state: state + &why.unwrap_or_default(),
                };
                // One whose job was queued anew runs no more.
                self.running.remove(id);
                self.queued.insert(*id, queued);
            }
            Event::StepStarted {
                id, step, place, ..
            } => {
                let running = Running {
                    step: step.clone(),
                    started: timed.at,
                    place: place.clone(),
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
                    let notes = numbers.iter().map(|(name, number)| match number {
                        Number::Finite(value) => format!("{} {value:.4}", in_one_line(name)),
                        Number::Other(text) => format!("{} {text}", in_one_line(name)),
                    });
                    running.note = notes.collect::<Vec<_>>().join("  ");
                }
            }
            Event::StepFinished {
                id, step, seconds, ..
            } => {
                self.ended = self.running.remove(id);
                self.done += 1;
                self.took.push((*id, *seconds));
                if let Some(ahead) = &mut self.ahead {
                    ahead.learn(*id, *seconds);
                }
                self.close(*id, step);
            }
            Event::StepFailed { id, step, .. } => {
                self.ended = self.running.remove(id);
                self.failed += 1;
                // Its result was taken back.
                if self.closed.get(*id as usize) == Some(&true) {
                    self.done = self.done.saturating_sub(1);
                }
                self.close(*id, step);
            }
            Event::StepRetrying { id, .. } => {
                self.ended = self.running.remove(id);
            }
            Event::StepSkipped { id, step, .. } => {
                self.skipped += 1;
                self.close(*id, step);
            }
            Event::StepPending { id, step, .. } => {
                self.pending += 1;
                self.close(*id, step);
            }
            Event::StepCancelled { id, step } => {
                self.ended = self.running.remove(id);
                self.cancelled += 1;
                self.close(*id, step);
            }
            Event::RunFinished { totals } => self.totals = Some(*totals),
            _ => {}
        }
    }

    /// A step has reached a final state.
    fn close(&mut self, id: u32, step: &str) {
        let id = id as usize;
        if id >= self.closed.len() {
            self.closed.resize(id + 1, false);
        }
        self.closed[id] = true;
        if let Some(open) = self.open.get_mut(stage_of(step)) {
            *open = open.saturating_sub(1);
        }
    }

    /// Steps in a final state.
    pub(super) fn settled(&self) -> usize {
        self.done + self.cached + self.failed + self.skipped + self.cancelled + self.pending
    }

    /// Steps that neither run nor have ended.
    pub(super) fn waiting(&self) -> usize {
        self.selected
            .saturating_sub(self.settled() + self.running.len() + self.queued.len())
    }
}

/// The step that waits in no queue any more.
fn leaves_queue(event: &Event) -> Option<u32> {
    match event {
        Event::StepStarted { id, .. }
        | Event::StepFinished { id, .. }
        | Event::StepFailed { id, .. }
        | Event::StepRetrying { id, .. }
        | Event::StepCancelled { id, .. } => Some(*id),
        _ => None,
    }
}

/// The stage of a step, by its name.
pub(super) fn stage_of(step: &str) -> &str {
    step.split('[').next().unwrap_or(step)
}
