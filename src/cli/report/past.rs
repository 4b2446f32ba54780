//! The last run that did anything: when its steps ran, and which failed.

use serde::Deserialize;

use crate::cli::run_state::RunLog;
use crate::cli::runs;
use crate::report::LastRun;
use crate::store::PastRun;
use crate::store::Store;
use crate::store::StoreError;

/// How far back a run is looked for.
const RUNS: usize = 1000;

/// A run, step by step.
#[derive(Default)]
pub(super) struct Past {
    /// None where no run is known that did anything.
    pub run: Option<PastRun>,
    /// How many steps ran at once.
    pub jobs: usize,
    pub log: RunLog,
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
    /// Reads the events of the newest run of an experiment in which a step ran. Runs that found all
    /// up to date say nothing about times.
    pub(super) fn read(store: &Store, experiment: &str) -> Result<Past, StoreError> {
        let runs = store.runs(RUNS)?;
        let runs = runs.into_iter().filter(|run| run.experiment == experiment);
        for run in runs {
            let ending = run.summary.as_deref();
            let ending = ending.and_then(|text| serde_json::from_str::<Ending>(text).ok());
            if ending.is_some_and(|ending| ending.totals.done + ending.totals.failed == 0) {
                continue;
            }
            // Events that are gone cost the times, not the report.
            let state = runs::state(store, &run.run).unwrap_or_default();
            let log = state.log.unwrap_or_default();
            if !log.times.is_empty() {
                return Ok(Past {
                    run: Some(run),
                    jobs: state.jobs,
                    log,
                });
            }
        }
        Ok(Past::default())
    }

    /// When it was and how long it took.
    pub(super) fn last_run(&self) -> Option<LastRun> {
        let run = self.run.as_ref()?;
        let ends = self.log.times.values().map(|(start, took)| start + took);
        Some(LastRun {
            run: run.run.clone(),
            started: date(&run.run),
            seconds: ends.fold(0.0, f64::max),
        })
    }
}

/// `20261121-101206` is the start of a run in UTC.
pub(in crate::cli) fn date(run: &str) -> String {
    let digits = |range: std::ops::Range<usize>| run.get(range).unwrap_or_default();
    format!(
        "{}-{}-{} {}:{}:{} UTC",
        digits(0..4),
        digits(4..6),
        digits(6..8),
        digits(9..11),
        digits(11..13),
        digits(13..15)
    )
}
