//! What every attempt and every step of a run came to.

use std::collections::BTreeMap;
use std::collections::HashMap;

use crate::engine::Event;
use crate::engine::Timed;
use crate::store::Digest;

/// What every attempt and every step of a run came to, in the order in which they began.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunLog {
    pub attempts: Vec<Attempt>,
    /// Seconds after the start of the run at which the last attempt at a step began, and how long
    /// it took, of steps that ended.
    pub times: HashMap<String, (f64, f64)>,
    pub failed: BTreeMap<String, Failed>,
    /// Steps left out because of another.
    pub skipped: HashMap<String, String>,
    /// The keys of the results that the run knew, with the names of their steps, by step number.
    pub keys: BTreeMap<u32, (String, Digest)>,
    /// Step number → its attempt that has not ended.
    open: HashMap<u32, usize>,
}

/// An attempt from its start to its end, in seconds after the start of the run.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub id: u32,
    pub step: String,
    pub number: u32,
    pub start: f64,
    /// None where the run ended first.
    pub end: Option<f64>,
    /// What it held, cpus among it.
    pub takes: BTreeMap<String, u64>,
    /// `done`, `failed`, `cancelled` or `unfinished`.
    pub outcome: &'static str,
    /// Why.
    pub note: Option<String>,
}

/// How a step failed.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub place: String,
    pub message: String,
    pub hints: Vec<String>,
    /// The last lines of its log.
    pub log: Vec<String>,
}

impl RunLog {
    pub(super) fn add(&mut self, Timed { at, event }: &Timed) {
        match event {
            Event::StepStarted {
                id,
                step,
                attempt,
                threads,
                takes,
                ..
            } => {
                let mut held = takes.clone();
                held.insert("cpus".to_owned(), *threads as u64);
                self.open.insert(*id, self.attempts.len());
                self.attempts.push(Attempt {
                    id: *id,
                    step: step.clone(),
                    number: *attempt,
                    start: *at,
                    end: None,
                    takes: held,
                    outcome: "unfinished",
                    note: None,
                });
            }
            Event::StepCached {
                id,
                step,
                key: Some(key),
                ..
            } => {
                self.keys.insert(*id, (step.clone(), *key));
            }
            Event::StepFinished {
                id,
                step,
                seconds,
                diverged,
                key,
                ..
            } => {
                self.end(*id, *at, "done", diverged.as_deref());
                self.times.insert(step.clone(), (at - seconds, *seconds));
                if let Some(key) = key {
                    self.keys.insert(*id, (step.clone(), *key));
                }
            }
            Event::StepFailed {
                id,
                step,
                place,
                message,
                hints,
                log,
                seconds,
                ..
            } => {
                self.end(*id, *at, "failed", Some(message));
                self.keys.remove(id);
                self.times.insert(step.clone(), (at - seconds, *seconds));
                let failed = Failed {
                    place: place.clone(),
                    message: message.clone(),
                    hints: hints.clone(),
                    log: log.clone(),
                };
                self.failed.insert(step.clone(), failed);
            }
            Event::StepRetrying { id, message, .. } => {
                self.end(*id, *at, "failed", Some(message));
            }
            Event::StepCancelled { id, .. } => self.end(*id, *at, "cancelled", None),
            Event::StepSkipped { step, because, .. } => {
                self.skipped.insert(step.clone(), because.clone());
            }
            _ => {}
        }
    }

    fn end(&mut self, id: u32, at: f64, outcome: &'static str, note: Option<&str>) {
        if let Some(open) = self.open.remove(&id) {
            let attempt = &mut self.attempts[open];
            attempt.end = Some(at);
            attempt.outcome = outcome;
            attempt.note = note.map(str::to_owned);
        }
    }
}
