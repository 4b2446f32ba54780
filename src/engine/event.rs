//! The one stream that leaves the engine: progress bars, plain lines, `--format json`, the run's
//! log on disk, traces and reports are all folds of it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::store::Digest;

use super::Totals;

/// Counts changes of [`Event`] that an older reader would misread. New variants and new fields
/// are no such change.
pub const EVENTS_VERSION: u32 = 1;

/// An event with its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timed {
    /// Seconds since the run started.
    pub at: f64,
    #[serde(flatten)]
    pub event: Event,
}

/// What happened. `id` is the step's number in the plan, `step` its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    RunStarted {
        version: u32,
        run: String,
        experiment: String,
        command: String,
    },
    /// How much there is: `steps` in all, of which `selected` are wanted, by stage.
    PlanKnown {
        steps: usize,
        selected: usize,
        stages: BTreeMap<String, usize>,
        jobs: usize,
    },
    /// A search has added to the plan: `steps` in all now, with `stages` of what is new.
    PlanGrew {
        steps: usize,
        stages: BTreeMap<String, usize>,
    },
    /// Large files that steps read are being read for their digests, before the first step: so many
    /// bytes so far, of files of so many.
    InputsRead {
        bytes: u64,
        total: u64,
    },
    /// The result is known already; `same_as` names the step of this run that made it, if one did.
    StepCached {
        id: u32,
        step: String,
        #[serde(default, alias = "twin", skip_serializing_if = "Option::is_none")]
        same_as: Option<String>,
        /// The key of its result.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<Digest>,
        /// The shared store that it was just fetched from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
    },
    /// Others are asked for so many results.
    Fetching {
        results: usize,
        from: String,
    },
    /// It waits elsewhere: in the queue of a cluster, as which job, in which state and why.
    StepQueued {
        id: u32,
        step: String,
        executor: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    StepStarted {
        id: u32,
        step: String,
        attempt: u32,
        threads: usize,
        /// What it takes beside cpus: `memory` in bytes, `gpus`, and named pools.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        takes: BTreeMap<String, u64>,
        /// Where, if not in this process: `job 123_4 on n17`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<String>,
    },
    /// How far a step is, at most ten times a second for each.
    StepProgress {
        id: u32,
        step: String,
        done: u64,
        total: u64,
        /// The latest numbers, as text where they are not finite.
        numbers: BTreeMap<String, Number>,
    },
    StepLog {
        id: u32,
        step: String,
        line: String,
    },
    StepFinished {
        id: u32,
        step: String,
        seconds: f64,
        /// Of all its artifacts.
        bytes: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        diverged: Option<String>,
        /// The key of its result.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<Digest>,
    },
    StepFailed {
        id: u32,
        step: String,
        attempt: u32,
        /// The stage's line in the pipeline file.
        place: String,
        message: String,
        hints: Vec<String>,
        /// The last lines of the step's log.
        log: Vec<String>,
        seconds: f64,
    },
    /// An attempt failed for a passing reason; there will be another.
    StepRetrying {
        id: u32,
        step: String,
        attempt: u32,
        message: String,
        wait_seconds: f64,
    },
    /// A step that it needs has failed.
    StepSkipped {
        id: u32,
        step: String,
        because: String,
    },
    /// It needs steps that this run leaves out: the first of them, and how many there are.
    StepPending {
        id: u32,
        step: String,
        needs: String,
        count: usize,
    },
    StepCancelled {
        id: u32,
        step: String,
    },
    /// An interrupt: nothing new starts, and what runs is asked to stop.
    Stopping {
        running: usize,
    },
    Warning {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
        message: String,
    },
    RunFinished {
        totals: Totals,
    },
}

/// A number in an event: JSON has no NaN and no infinities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Number {
    Finite(f64),
    Other(String),
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        if value.is_finite() {
            Number::Finite(value)
        } else {
            Number::Other(value.to_string())
        }
    }
}
