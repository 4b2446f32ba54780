//! How long the rest of a run will take.

use std::collections::BTreeMap;

use super::RunState;
use super::Running;
use super::ahead::Ahead;
use super::stage_of;
use crate::plan::Plan;

/// For so many seconds what was foretold only runs down: with thousands of steps it is some work.
const FORETOLD_FOR: f64 = 0.5;

/// What is known about the steps of one stage.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StageProgress {
    /// Not in a final state.
    pub open: usize,
    /// How many ended well in this run, and the seconds they took together.
    pub done: usize,
    pub seconds: f64,
    /// From earlier runs, per step.
    pub expected: Option<f64>,
}

impl StageProgress {
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
    /// Seconds from begin to end by its own progress; none before there is enough of that.
    fn whole(&self, now: f64) -> Option<f64> {
        let fraction = self.fraction();
        (fraction >= 0.02).then(|| (now - self.started) / fraction)
    }
}

impl RunState {
    /// Takes in what waits for what, so that the end is foretold by how steps can follow each other.
    pub(crate) fn foresee(&mut self, plan: &Plan) {
        self.ahead = Some(Ahead::of(plan));
    }

    /// Seconds until the end; none while a step runs of which nothing is known: its stage may be the
    /// longest. A stage that never ran counts like the others.
    pub(crate) fn remaining(&self) -> Option<f64> {
        if let Some((at, remaining)) = self.foretold.get()
            && (at..at + FORETOLD_FOR).contains(&self.now)
        {
            return remaining.map(|seconds| (seconds - (self.now - at)).max(0.0));
        }
        let remaining = self.foretell();
        if self.ahead.is_some() {
            self.foretold.set(Some((self.now, remaining)));
        }
        remaining
    }

    fn foretell(&self) -> Option<f64> {
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
        let mut left: BTreeMap<u32, f64> = BTreeMap::new();
        for (id, step) in &self.running {
            let own = step.whole(self.now);
            let stage = || estimates.get(stage_of(&step.step)).copied();
            let whole = own.or_else(|| {
                let factor = self.ahead.as_ref().map_or(1.0, |ahead| ahead.factor(*id));
                stage().map(|seconds| seconds * factor)
            })?;
            left.insert(*id, (whole - (self.now - step.started)).max(0.0));
        }
        match &self.ahead {
            Some(ahead) => ahead.end(&left, &estimates, self.jobs.max(1)),
            None => {
                // Without knowing what waits for what: all work shared by the jobs.
                let mut work: f64 = left.values().sum();
                for (name, stage) in &self.stages {
                    let running = running.get(name.as_str()).map_or(0, Vec::len);
                    let waiting = stage.open.saturating_sub(running);
                    if waiting > 0 {
                        work += waiting as f64 * estimates.get(name.as_str()).copied().or(usual)?;
                    }
                }
                let longest = left.values().copied().fold(0.0, f64::max);
                Some((work / self.jobs.max(1) as f64).max(longest))
            }
        }
    }
}

pub(super) fn mean(of: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = of.fold((0.0, 0), |(sum, count), one| (sum + one, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Event;
    use crate::engine::Timed;

    fn at(state: &mut RunState, at: f64, event: Event) {
        state.add(&Timed { at, event });
    }

    fn started(id: u32, step: &str) -> Event {
        Event::StepStarted {
            id,
            step: step.to_owned(),
            attempt: 1,
            threads: 1,
            takes: BTreeMap::new(),
            place: None,
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
    fn state() -> RunState {
        let mut state = RunState::default();
        let stages = [("fit".to_owned(), 4), ("table".to_owned(), 1)];
        let known = Event::PlanKnown {
            steps: 5,
            selected: 5,
            stages: stages.into(),
            jobs: 2,
        };
        at(&mut state, 0.0, known);
        state
    }

    #[test]
    fn before_anything_ran_earlier_runs_tell() {
        let mut state = state();
        assert_eq!(state.remaining(), None);
        state.expect([("fit".to_owned(), 10.0), ("table".to_owned(), 1.0)].into());
        assert_eq!(state.remaining(), Some(20.5));
    }

    #[test]
    fn this_run_knows_better_than_earlier_ones() {
        let mut state = state();
        state.expect([("fit".to_owned(), 10.0), ("table".to_owned(), 1.0)].into());
        at(&mut state, 0.0, started(0, "fit[a=1]"));
        at(&mut state, 4.0, finished(0, "fit[a=1]", 4.0));
        assert_eq!(state.remaining(), Some((3.0 * 4.0 + 1.0) / 2.0));
    }

    #[test]
    fn a_running_step_tells_for_its_stage_and_is_the_least_that_is_left() {
        let mut state = state();
        state.expect([("fit".to_owned(), 1.0), ("table".to_owned(), 0.0)].into());
        at(&mut state, 0.0, started(0, "fit[a=1]"));
        let progress = Event::StepProgress {
            id: 0,
            step: "fit[a=1]".to_owned(),
            done: 1,
            total: 10,
            numbers: BTreeMap::new(),
        };
        at(&mut state, 1.0, progress);
        assert_eq!(state.remaining(), Some((9.0 + 3.0 * 10.0) / 2.0));
        for id in 1..4 {
            let step = format!("fit[a={id}]");
            at(&mut state, 1.0, Event::StepCancelled { id, step });
        }
        assert_eq!(state.remaining(), Some(9.0));
    }

    #[test]
    fn nothing_is_promised_while_a_step_runs_of_which_nothing_is_known() {
        let mut state = state();
        at(&mut state, 0.0, started(4, "table"));
        at(&mut state, 1.0, finished(4, "table", 1.0));
        at(&mut state, 1.0, started(0, "fit[a=1]"));
        assert_eq!(state.remaining(), None);
        let progress = Event::StepProgress {
            id: 0,
            step: "fit[a=1]".to_owned(),
            done: 1,
            total: 20,
            numbers: BTreeMap::new(),
        };
        // A twentieth in one second: twenty for each of the four, one of them spent.
        at(&mut state, 2.0, progress);
        assert_eq!(state.remaining(), Some((4.0 * 20.0 - 1.0) / 2.0));
    }

    #[test]
    fn known_results_take_no_time() {
        let mut state = state();
        state.expect([("fit".to_owned(), 10.0), ("table".to_owned(), 1.0)].into());
        for id in 0..4 {
            let cached = Event::StepCached {
                id,
                step: format!("fit[a={id}]"),
                same_as: None,
                key: None,
                from: None,
            };
            at(&mut state, 0.0, cached);
        }
        assert_eq!(state.remaining(), Some(0.5));
        assert_eq!(state.waiting(), 1);
    }
}
