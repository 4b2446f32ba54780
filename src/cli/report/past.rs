//! What the last run that did anything left in its log: when steps ran, and which failed.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;

use serde::Deserialize;

use crate::engine::Event;
use crate::engine::Timed;
use crate::store::PastRun;
use crate::store::RunId;
use crate::store::Store;
use crate::store::StoreError;

/// How far back a run is looked for.
const RUNS: usize = 1000;

/// A run, step by step.
#[derive(Default)]
pub struct Past {
    /// None where no run is known that did anything.
    pub run: Option<PastRun>,
    /// How many steps ran at once.
    pub jobs: usize,
    /// Seconds after the start of the run at which the last attempt at a step began, and how long
    /// it took.
    pub spans: HashMap<String, (f64, f64)>,
    pub failed: BTreeMap<String, Failed>,
    /// Steps left out because of another.
    pub skipped: HashMap<String, String>,
}

/// How a step failed.
pub struct Failed {
    pub place: String,
    pub message: String,
    pub log: Vec<String>,
}

/// The engine's summary of a run, as far as it is of interest here.
#[derive(Deserialize)]
struct Ending {
    totals: Totals,
}

#[derive(Deserialize)]
struct Totals {
    done: usize,
    failed: usize,
}

impl Past {
    /// Reads the log of the newest run of an experiment in which a step ran. Runs that found all
    /// up to date say nothing about times.
    pub fn read(store: &Store, experiment: &str) -> Result<Past, StoreError> {
        let runs = store.runs(RUNS)?;
        let runs = runs.into_iter().filter(|run| run.experiment == experiment);
        for run in runs {
            let ending = run.summary.as_deref();
            let ending = ending.and_then(|text| serde_json::from_str::<Ending>(text).ok());
            if ending.is_some_and(|ending| ending.totals.done + ending.totals.failed == 0) {
                continue;
            }
            let mut past = Past::default();
            let log = store
                .run_folder(&RunId(run.run.clone()))
                .join("events.jsonl");
            // A log that is gone or broken off costs the times, not the report.
            if let Ok(file) = File::open(log) {
                let lines = BufReader::new(file).lines().map_while(Result::ok);
                for line in lines {
                    if let Ok(event) = serde_json::from_str(&line) {
                        past.take(event);
                    }
                }
            }
            if !past.spans.is_empty() {
                past.run = Some(run);
                return Ok(past);
            }
        }
        Ok(Past::default())
    }

    fn take(&mut self, Timed { at, event }: Timed) {
        match event {
            Event::PlanKnown { jobs, .. } => self.jobs = jobs,
            Event::StepFinished { step, seconds, .. } => {
                self.spans.insert(step, (at - seconds, seconds));
            }
            Event::StepFailed {
                step,
                place,
                message,
                hints,
                log,
                seconds,
                ..
            } => {
                self.spans.insert(step.clone(), (at - seconds, seconds));
                let message = [vec![message], hints].concat().join("\n");
                let failed = Failed {
                    place,
                    message,
                    log,
                };
                self.failed.insert(step, failed);
            }
            Event::StepSkipped { step, because, .. } => {
                self.skipped.insert(step, because);
            }
            _ => {}
        }
    }
}
