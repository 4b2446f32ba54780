//! Counts of a run's steps by state, and how long the rest will take.

use std::collections::BTreeMap;

use crate::engine::Event;
use crate::engine::Number;
use crate::engine::Timed;
use crate::text::in_one_line;

/// Seconds that a step of a stage is expected to take, from the records of earlier runs.
pub type Expected = BTreeMap<String, f64>;

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
    /// By stage.
    stages: BTreeMap<String, Stage>,
}

/// A step under way.
#[derive(Clone, Debug)]
pub struct Running {
    pub step: String,
    pub started: f64,
    pub done: u64,
    /// Zero where the step does not say.
    pub total: u64,
    /// `loss 103.2`
    pub note: String,
}

/// What is known about the steps of one stage.
#[derive(Clone, Copy, Debug, Default)]
struct Stage {
    /// Not in a final state.
    open: usize,
    /// How many ended well in this run, and the seconds they took together.
    done: usize,
    seconds: f64,
    /// From earlier runs, per step.
    expected: Option<f64>,
}

impl Stage {
    /// Seconds per step: this run knows better than earlier ones, on another load or machine;
    /// `under_way` is what its running steps will take by their own progress.
    fn estimate(&self, under_way: Option<f64>) -> Option<f64> {
        match self.done {
            0 => under_way.or(self.expected),
            done => Some(self.seconds / done as f64),
        }
    }
}

impl Running {
    /// How much of it is done, in [0, 1]; zero where it does not say.
    pub fn fraction(&self) -> f64 {
        match self.total {
            0 => 0.0,
            total => (self.done as f64 / total as f64).min(1.0),
        }
    }

    /// Seconds from begin to end by its own progress; none before there is enough of that.
    fn whole(&self, now: f64) -> Option<f64> {
        let fraction = self.fraction();
        (fraction >= 0.02).then(|| (now - self.started) / fraction)
    }
}

impl Tally {
    /// Takes in what earlier runs took.
    pub fn expect(&mut self, expected: Expected) {
        for (stage, seconds) in expected {
            self.stages.entry(stage).or_default().expected = Some(seconds);
        }
    }

    pub fn add(&mut self, timed: &Timed) {
        self.now = timed.at;
        match &timed.event {
            Event::PlanKnown {
                selected,
                jobs,
                stages,
                ..
            } => {
                self.selected = *selected;
                self.jobs = *jobs;
                for (stage, steps) in stages {
                    self.stages.entry(stage.clone()).or_default().open = *steps;
                }
            }
            Event::PlanGrew { stages, .. } => {
                for (stage, steps) in stages {
                    self.selected += steps;
                    self.stages.entry(stage.clone()).or_default().open += steps;
                }
            }
            Event::StepCached { step, .. } => {
                self.cached += 1;
                self.close(step);
            }
            Event::StepStarted { id, step, .. } => {
                let running = Running {
                    step: step.clone(),
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
                self.running.remove(id);
                self.done += 1;
                let stage = self.close(step);
                stage.done += 1;
                stage.seconds += seconds;
            }
            Event::StepFailed { id, step, .. } => {
                self.running.remove(id);
                self.failed += 1;
                self.close(step);
            }
            Event::StepRetrying { id, .. } => {
                self.running.remove(id);
            }
            Event::StepSkipped { step, .. } => {
                self.skipped += 1;
                self.close(step);
            }
            Event::StepPending { step, .. } => {
                self.pending += 1;
                self.close(step);
            }
            Event::StepCancelled { id, step } => {
                self.running.remove(id);
                self.cancelled += 1;
                self.close(step);
            }
            _ => {}
        }
    }

    /// A step of a stage has reached a final state.
    fn close(&mut self, step: &str) -> &mut Stage {
        let name = stage_of(step);
        if !self.stages.contains_key(name) {
            self.stages.insert(name.to_owned(), Stage::default());
        }
        let stage = self.stages.get_mut(name).expect("it was just made");
        stage.open = stage.open.saturating_sub(1);
        stage
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

    /// Seconds until the end: what the open steps of every stage are expected to take, shared by
    /// the jobs, and no less than the longest that runs. A stage that never ran counts like the
    /// others. None while a step runs of which nothing is known: its stage may be the longest.
    pub fn remaining(&self) -> Option<f64> {
        let mut running: BTreeMap<&str, Vec<&Running>> = BTreeMap::new();
        for step in self.running.values() {
            running.entry(stage_of(&step.step)).or_default().push(step);
        }
        let estimates: BTreeMap<&str, f64> = self
            .stages
            .iter()
            .filter_map(|(name, stage)| {
                let steps = running.get(name.as_str()).into_iter().flatten();
                let under_way = mean(steps.filter_map(|step| step.whole(self.now)));
                Some((name.as_str(), stage.estimate(under_way)?))
            })
            .collect();
        let usual = mean(estimates.values().copied());
        let mut work = 0.0;
        let mut longest = 0.0_f64;
        for (stage, steps) in &running {
            for step in steps {
                let whole = step.whole(self.now).or(estimates.get(stage).copied())?;
                let seconds = (whole - (self.now - step.started)).max(0.0);
                work += seconds;
                longest = longest.max(seconds);
            }
        }
        for (name, stage) in &self.stages {
            let running = running.get(name.as_str()).map_or(0, Vec::len);
            let waiting = stage.open.saturating_sub(running);
            if waiting > 0 {
                work += waiting as f64 * estimates.get(name.as_str()).copied().or(usual)?;
            }
        }
        Some((work / self.jobs.max(1) as f64).max(longest))
    }
}

fn mean(of: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = of.fold((0.0, 0), |(sum, count), one| (sum + one, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

fn stage_of(step: &str) -> &str {
    step.split('[').next().unwrap_or(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(tally: &mut Tally, at: f64, event: Event) {
        tally.add(&Timed { at, event });
    }

    fn started(id: u32, step: &str) -> Event {
        Event::StepStarted {
            id,
            step: step.to_owned(),
            attempt: 1,
            threads: 1,
            takes: BTreeMap::new(),
        }
    }

    fn finished(id: u32, step: &str, seconds: f64) -> Event {
        Event::StepFinished {
            id,
            step: step.to_owned(),
            seconds,
            bytes: 0,
            diverged: None,
            key: None,
        }
    }

    /// Four fits of ten seconds and a table of one, on two jobs.
    fn tally() -> Tally {
        let mut tally = Tally::default();
        let stages = [("fit".to_owned(), 4), ("table".to_owned(), 1)];
        let known = Event::PlanKnown {
            steps: 5,
            selected: 5,
            stages: stages.into(),
            jobs: 2,
        };
        at(&mut tally, 0.0, known);
        tally
    }

    #[test]
    fn before_anything_ran_earlier_runs_tell() {
        let mut tally = tally();
        assert_eq!(tally.remaining(), None);
        tally.expect([("fit".to_owned(), 10.0), ("table".to_owned(), 1.0)].into());
        assert_eq!(tally.remaining(), Some(20.5));
    }

    #[test]
    fn this_run_knows_better_than_earlier_ones() {
        let mut tally = tally();
        tally.expect([("fit".to_owned(), 10.0), ("table".to_owned(), 1.0)].into());
        at(&mut tally, 0.0, started(0, "fit[a=1]"));
        at(&mut tally, 4.0, finished(0, "fit[a=1]", 4.0));
        assert_eq!(tally.remaining(), Some((3.0 * 4.0 + 1.0) / 2.0));
    }

    #[test]
    fn a_running_step_tells_for_its_stage_and_is_the_least_that_is_left() {
        let mut tally = tally();
        tally.expect([("fit".to_owned(), 1.0), ("table".to_owned(), 0.0)].into());
        at(&mut tally, 0.0, started(0, "fit[a=1]"));
        let progress = Event::StepProgress {
            id: 0,
            step: "fit[a=1]".to_owned(),
            done: 1,
            total: 10,
            numbers: BTreeMap::new(),
        };
        at(&mut tally, 1.0, progress);
        assert_eq!(tally.remaining(), Some((9.0 + 3.0 * 10.0) / 2.0));
        for id in 1..4 {
            let step = format!("fit[a={id}]");
            at(&mut tally, 1.0, Event::StepCancelled { id, step });
        }
        assert_eq!(tally.remaining(), Some(9.0));
    }

    #[test]
    fn nothing_is_promised_while_a_step_runs_of_which_nothing_is_known() {
        let mut tally = tally();
        at(&mut tally, 0.0, started(4, "table"));
        at(&mut tally, 1.0, finished(4, "table", 1.0));
        at(&mut tally, 1.0, started(0, "fit[a=1]"));
        assert_eq!(tally.remaining(), None);
        let progress = Event::StepProgress {
            id: 0,
            step: "fit[a=1]".to_owned(),
            done: 1,
            total: 20,
            numbers: BTreeMap::new(),
        };
        // A twentieth in one second: twenty for each of the four, one of them spent.
        at(&mut tally, 2.0, progress);
        assert_eq!(tally.remaining(), Some((4.0 * 20.0 - 1.0) / 2.0));
    }

    #[test]
    fn known_results_take_no_time() {
        let mut tally = tally();
        tally.expect([("fit".to_owned(), 10.0), ("table".to_owned(), 1.0)].into());
        for id in 0..4 {
            let cached = Event::StepCached {
                id,
                step: format!("fit[a={id}]"),
                same_as: None,
                key: None,
            };
            at(&mut tally, 0.0, cached);
        }
        assert_eq!(tally.remaining(), Some(0.5));
        assert_eq!(tally.waiting(), 1);
    }
}
