//! The newest run of an experiment as its log grows: where it stands, and what has changed since.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Seek;
use std::io::SeekFrom;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use serde::Serialize;
use serde_json::Value as Json;
use serde_json::json;

use crate::cli::project::Project;
use crate::cli::reporter::time_left;
use crate::cli::run_state::RunState;
use crate::cli::run_state::stage_of;
use crate::cli::runs;
use crate::cli::stop::Stop;
use crate::engine::Event;
use crate::engine::Number;
use crate::engine::Timed;
use crate::store::Store;

/// Running and failed steps that are named.
const NAMED: usize = 30;
/// Points of a running step's curve; with more, every other one is dropped.
const TRAIL: usize = 160;
/// How often the trials of a search are asked for: they are read anew.
const CAUGHT_UP: Duration = Duration::from_secs(2);
/// How often it is asked which run is the newest, and whether it still goes on.
const ASKED: Duration = Duration::from_secs(1);

/// The run that is followed, shared between whoever reads its log and whoever answers.
#[derive(Default)]
pub(super) struct Followed(Mutex<Run>);

#[derive(Default)]
struct Run {
    store: Option<Store>,
    asked: Option<Instant>,
    id: String,
    command: String,
    /// Seconds since 1970.
    started: f64,
    /// Whether somebody still writes to the log.
    alive: bool,
    read: u64,
    state: RunState,
    stages: BTreeMap<String, Stage>,
    /// Of steps under way, the loss that they tell, else their first number.
    trails: BTreeMap<u32, Trail>,
    failed: Vec<String>,
    /// Counts what was told: a state with a higher number is newer.
    turn: u64,
    /// Whether anything came since it was last counted.
    new: bool,
    /// Whether steps were added, or results of them came, since the trials of a search were last asked for, and when
    /// that was.
    behind: bool,
    caught_up: Option<Instant>,
}

/// Where the steps of a stage are.
#[derive(Clone, Debug, Default, Serialize)]
struct Stage {
    steps: usize,
    done: usize,
    known: usize,
    running: usize,
    failed: usize,
    left_out: usize,
    #[serde(skip)]
    changed: u64,
}

#[derive(Default)]
struct Trail {
    /// When, in seconds of the run, since not every program says how far it is; and the number.
    points: Vec<(f64, f64)>,
    /// Every how-manieth point is kept.
    every: usize,
    seen: usize,
}

impl Trail {
    fn add(&mut self, at: f64, number: f64) {
        self.every = self.every.max(1);
        if self.seen.is_multiple_of(self.every) {
            self.points.push((at, number));
        }
        self.seen += 1;
        if self.points.len() > TRAIL {
            let mut i = 0;
            self.points.retain(|_| {
                i += 1;
                i % 2 == 1
            });
            self.every *= 2;
        }
    }
}

impl Followed {
    fn run(&self) -> MutexGuard<'_, Run> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what the log says since it was last looked at.
    pub(super) fn look(&self, project: &Project) -> Result<(), Stop> {
        self.run().look(project)
    }

    /// Whether a search has gone on beyond the trials that are shown.
    pub(super) fn is_behind(&self) -> bool {
        let run = self.run();
        let waits = run.caught_up.is_some_and(|at| at.elapsed() < CAUGHT_UP);
        run.behind && !waits
    }

    /// Takes in what is known of the trials of a search by now.
    pub(super) fn goes_on_with(&self, project: &Project) {
        let mut run = self.run();
        run.behind = false;
        run.caught_up = Some(Instant::now());
        run.state.search = match run.alive {
            true => project.best_line_of_run(),
            false => project.best_line(),
        };
        if run.state.grew {
            run.state.trials = project.trials_ahead();
        } else {
            let known = run
                .store
                .as_ref()
                .map(|store| store.durations(&project.name()));
            let known = known.and_then(Result::ok).unwrap_or_default();
            run.state.foresee(&project.plan, &known);
        }
        run.new = true;
    }

    /// How many results are there: a page with fewer is old.
    pub(super) fn results(&self) -> (String, usize) {
        let run = self.run();
        (run.id.clone(), run.results())
    }

    /// Where the run stands: all of it, or what has changed since a turn of the same run. None where
    /// nothing has.
    pub(super) fn since(&self, seen: Option<(&str, u64)>) -> Option<Json> {
        let run = self.run();
        let seen = seen.filter(|(id, turn)| *id == run.id && *turn <= run.turn);
        match seen {
            Some((_, turn)) if turn == run.turn => None,
            Some((_, turn)) => Some(run.told(Some(turn))),
            None => Some(run.told(None)),
        }
    }
}

impl Run {
    fn look(&mut self, project: &Project) -> Result<(), Stop> {
        if self.asked.is_none_or(|asked| asked.elapsed() >= ASKED) {
            self.asked = Some(Instant::now());
            self.ask(project)?;
        }
        if !self.id.is_empty() {
            self.read_on()?;
        }
        if self.new {
            self.turn += 1;
            self.new = false;
        }
        Ok(())
    }

    /// Which run is the newest, and whether it goes on.
    fn ask(&mut self, project: &Project) -> Result<(), Stop> {
        if self.store.as_ref().is_none_or(Store::stands_in) {
            // A run that has not begun has no store yet, or one that it is just making.
            self.store = project.read_store()?;
        }
        let Some(store) = &self.store else {
            return Ok(());
        };
        // Asked first: a run that ends in between has written all its events.
        let writer = store.writer();
        let runs = store.runs(1000)?.into_iter();
        let Some(past) = runs
            .into_iter()
            .find(|run| run.experiment == project.name())
        else {
            return Ok(());
        };
        if past.run != self.id {
            let mut state = RunState::default();
            state.foresee(&project.plan, &store.durations(&project.name())?);
            *self = Run {
                store: self.store.take(),
                asked: self.asked,
                id: past.run,
                command: past.command,
                started: past.started,
                state,
                turn: self.turn,
                new: true,
                // The run may have found more trials than there were.
                behind: project.plan.experiment.search.is_some(),
                caught_up: self.caught_up,
                ..Run::default()
            };
        }
        let alive = past.summary.is_none()
            && writer.is_some_and(|w| w.pid == 0 || past.started >= w.since as f64);
        self.new |= alive != self.alive;
        self.alive = alive;
        Ok(())
    }

    /// Reads the lines that came since; the last one may be torn.
    fn read_on(&mut self) -> io::Result<()> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        let mut file = match File::open(runs::events_file(store, &self.id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        file.seek(SeekFrom::Start(self.read))?;
        let mut file = BufReader::new(file);
        let mut line = Vec::new();
        loop {
            line.clear();
            file.read_until(b'\n', &mut line)?;
            if !line.ends_with(b"\n") {
                return Ok(());
            }
            self.read += line.len() as u64;
            // Events of newer versions are left out.
            if let Ok(timed) = serde_json::from_slice::<Timed>(&line) {
                self.add(&timed);
            }
        }
    }

    fn add(&mut self, timed: &Timed) {
        self.new = true;
        self.state.add(timed);
        self.behind |= match timed.event {
            Event::PlanGrew { .. } => true,
            Event::StepFinished { .. } | Event::StepFailed { .. } => self.state.grew,
            _ => false,
        };
        match &timed.event {
            Event::PlanKnown { stages, .. } | Event::PlanGrew { stages, .. } => {
                for (name, steps) in stages {
                    self.stage(name).steps += steps;
                }
            }
            Event::StepCached { step, .. } => self.stage(step).known += 1,
            Event::StepStarted { step, .. } => self.stage(step).running += 1,
            Event::StepProgress { id, numbers, .. } => {
                let loss = numbers.iter().find(|(name, _)| name.contains("loss"));
                let told = loss.or_else(|| numbers.iter().next());
                if let Some((_, Number::Finite(value))) = told {
                    self.trails.entry(*id).or_default().add(timed.at, *value);
                }
            }
            Event::StepFinished { id, step, .. } => {
                self.ends(*id, step);
                self.stage(step).done += 1;
            }
            Event::StepFailed { id, step, .. } => {
                self.ends(*id, step);
                self.stage(step).failed += 1;
                self.failed.push(step.clone());
            }
            Event::StepRetrying { id, step, .. } => self.ends(*id, step),
            Event::StepCancelled { id, step } => {
                self.ends(*id, step);
                self.stage(step).left_out += 1;
            }
            Event::StepSkipped { step, .. } | Event::StepPending { step, .. } => {
                self.stage(step).left_out += 1;
            }
            _ => {}
        }
    }

    fn stage(&mut self, step: &str) -> &mut Stage {
        let turn = self.turn + 1;
        let stage = self.stages.entry(stage_of(step).to_owned()).or_default();
        stage.changed = turn;
        stage
    }

    fn ends(&mut self, id: u32, step: &str) {
        let started = self.state.ended.is_some();
        self.trails.remove(&id);
        let stage = self.stage(step);
        stage.running = stage.running.saturating_sub(usize::from(started));
    }

    /// Everything, or of the stages those that have changed since a turn.
    fn told(&self, since: Option<u64>) -> Json {
        let (state, now) = (&self.state, self.now());
        let stages = self.stages.iter();
        let stages = stages.filter(|(_, stage)| since.is_none_or(|turn| stage.changed > turn));
        let stages: serde_json::Map<String, Json> = stages
            .map(|(name, stage)| (name.clone(), json!(stage)))
            .collect();
        let running = state.running.iter().take(NAMED).map(|(id, running)| {
            let trail = self.trails.get(id).map(|trail| &trail.points);
            json!({
                "step": running.step,
                "seconds": (now - running.started).max(0.0),
                "share": if running.total > 0 { Some(running.fraction()) } else { None },
                "note": running.note,
                "place": running.place,
                "trail": trail,
            })
        });
        let phase = match (&state.totals, self.id.is_empty(), self.alive) {
            (_, true, _) => "not begun",
            (Some(_), ..) => "ended",
            (None, _, true) => "running",
            (None, _, false) => "broken off",
        };
        json!({
            "turn": self.turn,
            "whole": since.is_none(),
            "run": self.id,
            "command": self.command,
            "phase": phase,
            "settled": state.settled(),
            "steps": state.selected,
            "seconds": now,
            "left": state.remaining().filter(|_| phase == "running").map(time_left),
            "search": state.search,
            "stages": stages,
            "running": running.collect::<Vec<_>>(),
            "running_in_all": state.running.len(),
            "queued": state.queued.len(),
            "failed": self.failed.iter().take(NAMED).collect::<Vec<_>>(),
            "failed_in_all": self.failed.len(),
            "results": self.results(),
        })
    }

    /// Seconds of the run: until now while it goes on, since steps may say nothing for hours.
    fn now(&self) -> f64 {
        if !self.alive || self.state.totals.is_some() {
            return self.state.now;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0.0, |now| now.as_secs_f64());
        self.state.now.max(now - self.started)
    }

    fn results(&self) -> usize {
        self.state.done + self.state.failed + usize::from(self.state.totals.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Timed {
        serde_json::from_str(text).unwrap()
    }

    /// Ten thousand steps cost no more to tell than ten: their stages are told, not they.
    #[test]
    fn what_is_told_grows_with_stages_and_not_with_steps() {
        let mut run = Run {
            id: "r".to_owned(),
            ..Run::default()
        };
        run.add(&event(
            r#"{"at":0.0,"event":"plan-known","steps":10000,"selected":10000,"stages":{"fit":9999,"sum":1},"jobs":1}"#,
        ));
        for i in 0..5000 {
            let step = format!("fit[seed={i}]");
            run.add(&event(&format!(
                r#"{{"at":1.0,"event":"step-cached","id":{i},"step":"{step}"}}"#
            )));
        }
        run.turn = 1;
        let followed = Followed(Mutex::new(run));
        let whole = followed.since(None).unwrap();
        assert!(whole.to_string().len() < 1000, "{whole}");
        assert_eq!(whole["stages"]["fit"]["known"], 5000);
        assert_eq!(whole["whole"], true);
        assert_eq!(followed.since(Some(("r", 1))), None);
        {
            let mut run = followed.run();
            run.turn = 4;
            run.stage("sum").done += 1;
            run.turn = 5;
        }
        let delta = followed.since(Some(("r", 4))).unwrap();
        assert_eq!(delta["stages"].as_object().unwrap().len(), 1, "{delta}");
        // Of another run, or from the future, all is new.
        assert_eq!(followed.since(Some(("q", 5))).unwrap()["whole"], true);
        assert_eq!(followed.since(Some(("r", 9))).unwrap()["whole"], true);
    }

    #[test]
    fn a_step_that_says_nothing_goes_on_all_the_same() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let mut run = Run {
            id: "r".to_owned(),
            started: now.as_secs_f64() - 1000.0,
            alive: true,
            ..Run::default()
        };
        run.add(&event(
            r#"{"at":1.0,"event":"step-started","id":0,"step":"fit","attempt":1,"threads":1}"#,
        ));
        let seconds = |run: &Run| run.told(None)["running"][0]["seconds"].as_f64().unwrap();
        assert!(seconds(&run) > 900.0);
        // Of one that broke off nobody knows more than its log.
        run.alive = false;
        assert_eq!(seconds(&run), 0.0);
    }

    #[test]
    fn long_trails_keep_their_length_and_their_course() {
        let mut trail = Trail::default();
        for i in 0..10_000u32 {
            trail.add(f64::from(i), f64::from(i));
        }
        assert!((TRAIL / 2..=TRAIL).contains(&trail.points.len()));
        assert_eq!(trail.points[0], (0.0, 0.0));
        assert!(trail.points.is_sorted_by(|a, b| a.0 < b.0));
    }
}
