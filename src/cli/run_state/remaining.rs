//! How long the rest of a run will take.

use super::RunState;
use super::Running;
use super::Trials;
use super::ahead::Ahead;
use super::ahead::Left;
use super::ahead::Surely;
use super::ahead::UnderWay;
use crate::plan::Plan;
use crate::store::Durations;

/// For so many seconds what was foretold only runs down: with thousands of steps it is some work.
const FORETOLD_FOR: f64 = 0.5;
/// Of its own progress before a step tells how long it will take.
const TELLING: f64 = 0.02;

impl Running {
    /// Seconds from begin to end by its own progress; none before there is enough of that.
    fn whole(&self, now: f64) -> Option<f64> {
        let fraction = self.fraction();
        (fraction >= TELLING).then(|| (now - self.started) / fraction)
    }
}

impl RunState {
    /// Takes in what waits for what and what steps took in earlier runs, so that the end can be foretold.
    pub(crate) fn foresee(&mut self, plan: &Plan, known: &Durations) {
        self.with(Ahead::of(plan, known));
    }

    fn with(&mut self, mut ahead: Ahead) {
        for (id, seconds) in &self.took {
            ahead.learn(*id, *seconds);
        }
        self.ahead = Some(ahead);
    }

    /// Until the end; none where nothing that waits or runs is known to take a second.
    pub(crate) fn remaining(&self) -> Option<Left> {
        if let Some((at, remaining)) = self.foretold.get()
            && (at..at + FORETOLD_FOR).contains(&self.now)
        {
            return remaining.map(|left| Left {
                seconds: (left.seconds - (self.now - at)).max(0.0),
                ..left
            });
        }
        let remaining = self.foretell();
        self.foretold.set(Some((self.now, remaining)));
        remaining
    }

    fn foretell(&self) -> Option<Left> {
        match self.trials {
            Some(trials) => self.until_last_trial(trials),
            None => self.until_last_step(),
        }
    }

    /// Until the trials of a search have ended, by what steps of this run took in the mean: a bound, as what is made of all
    /// of them comes after that.
    fn until_last_trial(&self, trials: Trials) -> Option<Left> {
        let bound = |seconds| Left {
            seconds,
            surely: Surely::AtLeast,
        };
        let took = self.took.iter().map(|(_, seconds)| seconds);
        let (sum, count) = (took.sum::<f64>(), self.took.len());
        if count == 0 || trials.known == 0 {
            let known = self.until_last_step().map(|left| left.seconds);
            return known.filter(|seconds| *seconds >= 1.0).map(bound);
        }
        let mean = sum / count as f64;
        let steps_of_a_trial = self.selected as f64 / trials.known as f64;
        let to_come = trials.to_come as f64 * steps_of_a_trial;
        let under_way = self.running.values().map(|step| {
            let lasts = self.now - step.started;
            (step.whole(self.now).unwrap_or(mean) - lasts).max(0.0)
        });
        let waiting = (self.waiting() + self.queued.len()) as f64;
        let work = under_way.sum::<f64>() + (waiting + to_come) * mean;
        let at_once = (trials.parallel as f64 * steps_of_a_trial).max(1.0);
        let seconds = work / at_once.min(self.jobs.max(1) as f64);
        (seconds >= 1.0).then(|| bound(seconds))
    }

    fn until_last_step(&self) -> Option<Left> {
        // A manifest that was changed since has other steps under these numbers.
        let ahead = self.ahead.as_ref();
        let ahead = ahead.filter(|ahead| ahead.steps() == self.steps)?;
        let under_way = self.running.iter().map(|(id, step)| {
            let under_way = UnderWay {
                lasts: self.now - step.started,
                whole: step.whole(self.now),
            };
            (*id, under_way)
        });
        let left = ahead.end(
            &under_way.collect(),
            &self.closed,
            &self.open,
            self.jobs.max(1),
        );
        (left.surely == Surely::About || left.seconds >= 1.0).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::ahead::tests::ahead;
    use super::super::ahead::tests::knowing;
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

    fn part(done: u64, total: u64) -> Event {
        Event::StepProgress {
            id: 0,
            step: "fit[a=0]".to_owned(),
            done,
            total,
            numbers: BTreeMap::new(),
        }
    }

    /// Four fits and a score beside them, on two jobs, with what earlier runs took.
    fn state(earlier: &[f64]) -> RunState {
        let mut state = RunState::default();
        let stages = [("fit".to_owned(), 4), ("score".to_owned(), 1)];
        let known = Event::PlanKnown {
            steps: 5,
            selected: 5,
            stages: stages.into(),
            jobs: 2,
        };
        at(&mut state, 0.0, known);
        let fit = (0, 0, &[] as &[u32]);
        let steps = ahead(&[fit, fit, fit, fit, (1, 0, &[])]);
        state.with(knowing(steps, earlier));
        state
    }

    fn seconds(state: &RunState) -> f64 {
        state.remaining().expect("something is known").seconds
    }

    #[test]
    fn before_anything_ran_earlier_runs_tell() {
        assert_eq!(state(&[]).remaining(), None);
        let left = |seconds, surely| Some(Left { seconds, surely });
        assert_eq!(state(&[10.0, 1.0]).remaining(), left(21.0, Surely::About));
        assert_eq!(state(&[10.0]).remaining(), left(30.0, Surely::Perhaps));
    }

    #[test]
    fn this_run_knows_better_than_earlier_ones() {
        let mut state = state(&[10.0, 1.0]);
        at(&mut state, 0.0, started(0, "fit[a=0]"));
        at(&mut state, 4.0, finished(0, "fit[a=0]", 4.0));
        let left = seconds(&state);
        // Three of four seconds on two jobs, and the score.
        assert!((left - 8.0).abs() < 1e-3, "{left}");
    }

    #[test]
    fn a_running_step_tells_for_its_stage() {
        let mut state = state(&[1.0, 1.0]);
        at(&mut state, 0.0, started(0, "fit[a=0]"));
        at(&mut state, 1.0, part(1, 10));
        // Nine seconds of it are left; of the others two are ten seconds on the other job.
        let left = seconds(&state);
        assert!((left - 20.0).abs() < 1.5, "{left}");
        for id in 1..4 {
            let step = format!("fit[a={id}]");
            at(&mut state, 2.0, Event::StepCancelled { id, step });
        }
        at(&mut state, 2.0, part(2, 10));
        assert_eq!(seconds(&state), 8.0);
    }

    #[test]
    fn a_step_of_which_nothing_is_known_is_as_long_as_others_until_it_tells() {
        let mut state = state(&[]);
        at(&mut state, 0.0, started(4, "score"));
        at(&mut state, 1.0, finished(4, "score", 1.0));
        at(&mut state, 1.0, started(0, "fit[a=0]"));
        let left = state.remaining();
        assert!(left.is_some_and(|left| left.surely == Surely::Perhaps && left.seconds < 3.0));
        // A twentieth in one second: twenty for each of the four, one of them spent.
        at(&mut state, 2.0, part(1, 20));
        let left = seconds(&state);
        assert!((left - 40.0).abs() < 1.5, "{left}");
    }

    #[test]
    fn trials_that_are_to_come_take_as_long_as_those_before_them() {
        let mut state = state(&[]);
        state.trials = Some(Trials {
            known: 5,
            to_come: 7,
            parallel: 4,
        });
        assert_eq!(state.remaining(), None);
        for (id, seconds) in [(0, 10.0), (1, 20.0)] {
            at(&mut state, 0.0, started(id, "fit[a=0]"));
            at(&mut state, seconds, finished(id, "fit[a=0]", seconds));
        }
        at(&mut state, 20.0, started(2, "fit[a=0]"));
        at(&mut state, 25.0, part(0, 0));
        // Of 15 seconds each: ten of the one that runs, two that wait, seven to come; two at a time.
        let left = Left {
            seconds: (10.0 + 9.0 * 15.0) / 2.0,
            surely: Surely::AtLeast,
        };
        assert_eq!(state.remaining(), Some(left));
    }

    #[test]
    fn known_results_take_no_time() {
        let mut state = state(&[10.0, 1.0]);
        for id in 0..4 {
            let cached = Event::StepCached {
                id,
                step: "fit[a=0]".to_owned(),
                same_as: None,
                key: None,
                from: None,
            };
            at(&mut state, 0.0, cached);
        }
        assert_eq!(seconds(&state), 1.0);
        assert_eq!(state.waiting(), 1);
    }

    #[test]
    fn under_another_plan_nothing_is_foretold() {
        let mut state = state(&[10.0, 1.0]);
        let known = Event::PlanKnown {
            steps: 7,
            selected: 7,
            stages: BTreeMap::new(),
            jobs: 2,
        };
        at(&mut state, 0.0, known);
        assert_eq!(state.remaining(), None);
    }
}
