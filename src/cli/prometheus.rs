//! A run as metrics in Prometheus' text form: for the textfile collector of a node exporter after
//! the run, and under `/metrics` of the live view while it goes on.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use serde::Deserialize;
use serde::Serialize;

use super::run_state::stage_of;
use super::written::write_file;
use crate::engine::Event;
use crate::engine::Timed;
use crate::text::Diagnostic;
use crate::text::ShowPath;

/// Upper ends of the buckets of durations, in seconds: from a table to a day of training.
const BUCKETS: [f64; 11] = [
    0.01, 0.1, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 28_800.0, 86_400.0,
];

/// States of steps, as labels have them.
const STATES: [&str; 8] = [
    "waiting",
    "running",
    "done",
    "up_to_date",
    "failed",
    "skipped",
    "cancelled",
    "pending",
];

const DONE: usize = 2;
const UP_TO_DATE: usize = 3;

fn place(state: &str) -> usize {
    let known = STATES.iter().position(|known| *known == state);
    known.expect("events name states of the list")
}

/// Events of one run, counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct RunMetrics {
    experiment: String,
    stages: BTreeMap<String, StageMetrics>,
    seconds: f64,
    ended: Option<Ending>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct StageMetrics {
    steps: usize,
    /// In the order of [`STATES`].
    states: [usize; STATES.len()],
    diverged: usize,
    retries: usize,
    /// Of the attempts that ended, well or not.
    buckets: [usize; BUCKETS.len()],
    count: usize,
    seconds: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Ending {
    /// Nothing failed, and nothing was left out for it or cancelled.
    well: bool,
}

impl RunMetrics {
    pub(super) fn add(&mut self, Timed { at, event }: &Timed) {
        self.seconds = *at;
        match event {
            Event::RunStarted { experiment, .. } => self.experiment.clone_from(experiment),
            Event::PlanKnown { stages, .. } | Event::PlanGrew { stages, .. } => {
                for (stage, steps) in stages {
                    self.stages.entry(stage.clone()).or_default().steps += steps;
                }
            }
            Event::StepCached { step, .. } => self.count(step, "up_to_date"),
            Event::StepStarted { step, .. } => self.count(step, "running"),
            Event::StepRetrying { step, .. } => {
                self.leave(step);
                self.stage(step).retries += 1;
            }
            Event::StepFinished {
                step,
                seconds,
                diverged,
                ..
            } => {
                self.leave(step);
                self.count(step, "done");
                self.stage(step).diverged += usize::from(diverged.is_some());
                self.took(step, *seconds);
            }
            Event::StepFailed { step, seconds, .. } => {
                self.leave(step);
                self.count(step, "failed");
                self.took(step, *seconds);
            }
            Event::StepSkipped { step, .. } => self.count(step, "skipped"),
            Event::StepPending { step, .. } => self.count(step, "pending"),
            Event::StepCancelled { step, .. } => {
                self.leave(step);
                self.count(step, "cancelled");
            }
            Event::RunFinished { totals } => {
                let well = totals.failed + totals.skipped + totals.cancelled == 0;
                self.ended = Some(Ending { well });
            }
            _ => {}
        }
    }

    /// Takes in what rounds before this one of the same run have made: what they did is up to date in this one.
    pub(super) fn go_on_from(&mut self, before: &RunMetrics) {
        self.seconds += before.seconds;
        for (stage, before) in &before.stages {
            let stage = self.stages.entry(stage.clone()).or_default();
            let done = before.states[DONE];
            stage.states[DONE] += done;
            stage.states[UP_TO_DATE] = stage.states[UP_TO_DATE].saturating_sub(done);
            stage.diverged += before.diverged;
            stage.retries += before.retries;
            for (bucket, before) in stage.buckets.iter_mut().zip(before.buckets) {
                *bucket += before;
            }
            stage.count += before.count;
            stage.seconds += before.seconds;
        }
    }

    fn stage(&mut self, step: &str) -> &mut StageMetrics {
        self.stages.entry(stage_of(step).to_owned()).or_default()
    }

    fn count(&mut self, step: &str, state: &'static str) {
        self.stage(step).states[place(state)] += 1;
    }

    /// A step no longer runs; one that was cancelled may never have.
    fn leave(&mut self, step: &str) {
        let running = &mut self.stage(step).states[place("running")];
        *running = running.saturating_sub(1);
    }

    fn took(&mut self, step: &str, seconds: f64) {
        let stage = self.stage(step);
        stage.count += 1;
        stage.seconds += seconds;
        for (end, bucket) in BUCKETS.iter().zip(&mut stage.buckets) {
            *bucket += usize::from(seconds <= *end);
        }
    }

    /// The text form; `now` in seconds since 1970. Values of axes are no labels: a sweep would make a
    /// series of every cell.
    fn text(&self, now: f64, last_success: Option<f64>) -> String {
        let mut text = Text::default();
        let own = [("experiment", self.experiment.as_str())];
        let version = [own[0], ("version", env!("CARGO_PKG_VERSION"))];
        text.family("run_info", "gauge", "Which experiment and program.");
        text.sample("run_info", &version, 1.0);
        text.family(
            "run_duration_seconds",
            "gauge",
            "From the start of the run.",
        );
        text.sample("run_duration_seconds", &own, self.seconds);
        text.family("steps", "gauge", "Steps of the run by stage and state.");
        for (stage, metrics) in &self.stages {
            let known: usize = metrics.states.iter().sum();
            for (state, count) in STATES.into_iter().zip(metrics.states) {
                let count = match state {
                    "waiting" => metrics.steps.saturating_sub(known),
                    _ => count,
                };
                let labels = [own[0], ("stage", stage.as_str()), ("state", state)];
                text.sample("steps", &labels, count as f64);
            }
        }
        let counters: [(&str, &str, &str, fn(&StageMetrics) -> usize); 3] = [
            (
                "cache_hits_total",
                "counter",
                "Results known from before.",
                |stage| stage.states[UP_TO_DATE],
            ),
            (
                "retries_total",
                "counter",
                "Attempts made again.",
                |stage| stage.retries,
            ),
            (
                "diverged",
                "gauge",
                "Trainings that left the finite numbers in this run.",
                |stage| stage.diverged,
            ),
        ];
        for (name, kind, help, value) in counters {
            text.family(name, kind, help);
            for (stage, metrics) in &self.stages {
                let labels = [own[0], ("stage", stage.as_str())];
                text.sample(name, &labels, value(metrics) as f64);
            }
        }
        text.family(
            "step_duration_seconds",
            "histogram",
            "Time of attempts that ended.",
        );
        for (stage, metrics) in &self.stages {
            let labels = [own[0], ("stage", stage.as_str())];
            for (end, count) in BUCKETS.iter().zip(metrics.buckets) {
                let end = end.to_string();
                let labels = [labels[0], labels[1], ("le", end.as_str())];
                text.sample("step_duration_seconds_bucket", &labels, count as f64);
            }
            let all = [labels[0], labels[1], ("le", "+Inf")];
            text.sample("step_duration_seconds_bucket", &all, metrics.count as f64);
            text.sample("step_duration_seconds_sum", &labels, metrics.seconds);
            text.sample("step_duration_seconds_count", &labels, metrics.count as f64);
        }
        if let Some(ending) = self.ended {
            text.family(
                "run_success",
                "gauge",
                "1 where nothing failed or was stopped.",
            );
            text.sample("run_success", &own, f64::from(u8::from(ending.well)));
            text.family("run_end_timestamp_seconds", "gauge", "When the run ended.");
            text.sample("run_end_timestamp_seconds", &own, now);
        }
        let succeeds = self.ended.filter(|ending| ending.well).map(|_| now);
        if let Some(success) = succeeds.or(last_success) {
            text.family(LAST_SUCCESS, "gauge", "When a run last succeeded.");
            text.sample(LAST_SUCCESS, &own, success);
        }
        text.0
    }

    /// When a run succeeded, by what an earlier one wrote to a file.
    fn last_success(&self, path: &Path) -> Option<f64> {
        // A pipe would wait for somebody to write.
        let plain = fs::metadata(path).is_ok_and(|about| about.is_file());
        let text = plain.then(|| fs::read_to_string(path).ok()).flatten()?;
        let mut own = Text::default();
        own.sample(LAST_SUCCESS, &[("experiment", &self.experiment)], 0.0);
        let start = own.0.trim_end().strip_suffix('0')?;
        let mut values = text.lines().filter_map(|line| line.strip_prefix(start));
        values.next()?.parse().ok()
    }

    /// Writes the text form to a file, which readers see whole or not at all.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let last_success = self.last_success(path);
        let text = self.text(now.map_or(0.0, |now| now.as_secs_f64()), last_success);
        write_file(path, text)
    }
}

/// Why a metrics file could not be written after the run; said before it.
pub(super) fn refused(path: &Path) -> Option<Diagnostic> {
    let shown = path.shown();
    let title = match () {
        () if path.is_dir() => format!("`--metrics-file {shown}` is a folder"),
        () if !folder(path).is_dir() => format!(
            "`--metrics-file {shown}`: there is no folder `{}`",
            folder(path).shown()
        ),
        () if is_foreign(path) => {
            format!("`--metrics-file {shown}` is there, and has no metrics of ours")
        }
        () => return None,
    };
    Some(Diagnostic::error(title).help("name a file in a folder that is there: `sweepline.prom`"))
}

/// Whether a file is there that no run wrote; an empty one may be.
fn is_foreign(path: &Path) -> bool {
    let plain = fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() > 0);
    plain && !fs::read_to_string(path).is_ok_and(|text| text.starts_with(START))
}

fn folder(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    folder.unwrap_or(Path::new("."))
}

/// What every file of metrics begins with.
const START: &str = "# HELP sweepline_";

const LAST_SUCCESS: &str = "run_last_success_timestamp_seconds";

/// Metrics being written.
#[derive(Default)]
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "{START}{name} {help}");
        let _ = writeln!(self.0, "# TYPE sweepline_{name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| {
                let value = value.replace('\\', "\\\\");
                let value = value.replace('"', "\\\"").replace('\n', "\\n");
                format!("{name}=\"{value}\"")
            })
            .collect();
        let _ = writeln!(self.0, "sweepline_{name}{{{}}} {value}", labels.join(","));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Totals;

    #[test]
    fn a_run_is_counted_by_stage_and_state() {
        let mut metrics = RunMetrics::default();
        let mut at = 0.0;
        let mut add = |event| {
            at += 1.0;
            metrics.add(&Timed { at, event });
        };
        add(Event::RunStarted {
            version: 1,
            run: "r".into(),
            experiment: "a\"b\\".into(),
            command: String::new(),
        });
        add(Event::PlanKnown {
            steps: 4,
            selected: 4,
            stages: [("fit".to_owned(), 3), ("table".to_owned(), 1)].into(),
            jobs: 2,
        });
        add(Event::StepCached {
            id: 0,
            step: "fit[a=0]".into(),
            same_as: None,
            key: None,
            from: None,
        });
        for (id, seconds) in [(1, 0.5), (2, 20.0)] {
            let step = format!("fit[a={id}]");
            add(Event::StepStarted {
                id,
                step: step.clone(),
                attempt: 1,
                threads: 1,
                takes: BTreeMap::new(),
                place: None,
            });
            add(Event::StepFinished {
                id,
                step,
                seconds,
                bytes: 0,
                diverged: (id == 2).then(|| "NaN".into()),
                key: None,
            });
        }
        add(Event::RunFinished {
            totals: Totals::default(),
        });
        // A round of a search after another with the same steps.
        let mut round = RunMetrics {
            stages: [("fit".to_owned(), StageMetrics::default())].into(),
            ..RunMetrics::default()
        };
        round.count("fit[a=1]", "up_to_date");
        round.count("fit[a=2]", "up_to_date");
        round.count("fit[a=0]", "up_to_date");
        let json = serde_json::to_string(&metrics).unwrap();
        round.go_on_from(&serde_json::from_str(&json).unwrap());
        let fit = &round.stages["fit"];
        assert_eq!((fit.states[DONE], fit.states[UP_TO_DATE]), (2, 1));
        assert_eq!((fit.count, fit.seconds, round.seconds), (2, 20.5, 8.0));
        let text = metrics.text(1.5e9, Some(1.0e9));
        let own = r#"experiment="a\"b\\""#;
        for line in [
            format!("sweepline_steps{{{own},stage=\"fit\",state=\"done\"}} 2"),
            format!("sweepline_steps{{{own},stage=\"fit\",state=\"running\"}} 0"),
            format!("sweepline_steps{{{own},stage=\"table\",state=\"waiting\"}} 1"),
            format!("sweepline_diverged{{{own},stage=\"fit\"}} 1"),
            format!("sweepline_step_duration_seconds_bucket{{{own},stage=\"fit\",le=\"1\"}} 1"),
            format!("sweepline_step_duration_seconds_bucket{{{own},stage=\"fit\",le=\"+Inf\"}} 2"),
            format!("sweepline_step_duration_seconds_sum{{{own},stage=\"fit\"}} 20.5"),
            format!("sweepline_run_last_success_timestamp_seconds{{{own}}} 1500000000"),
        ] {
            assert!(text.lines().any(|known| known == line), "{line}\n{text}");
        }
    }
}
