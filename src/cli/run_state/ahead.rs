//! What waits for what in a run, played to its end with the times that are known: a few steps that
//! must follow each other take long on any number of jobs.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BinaryHeap;
use std::collections::HashMap;
use std::sync::Arc;

use crate::plan::From;
use crate::plan::Plan;
use crate::store::Durations;

use super::cost::Cost;

/// What a table or a figure takes of which nothing is known, in seconds.
const SHORT: f64 = 0.3;
/// The least that counts.
const SHORTEST: f64 = 0.01;

/// The steps of a plan with what they wait for.
#[derive(Clone, Debug)]
pub(super) struct Ahead {
    /// By step number.
    steps: Vec<Waiting>,
    stages: Vec<Stage>,
}

#[derive(Clone, Debug)]
struct Waiting {
    stage: usize,
    /// The values of its axes, as numbers that are its stage's own.
    values: Vec<u32>,
    needs: Vec<u32>,
}

#[derive(Clone, Debug, Default)]
struct Stage {
    name: Arc<str>,
    /// Whether its steps are short beside others, known or not.
    short: bool,
    cost: Cost,
    /// The mean of steps of its kind, of any experiment; programs have nothing in common.
    of_kind: Option<f64>,
}

/// How long the rest of a run takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::cli) struct Left {
    pub seconds: f64,
    pub surely: Surely,
}

/// How sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Surely {
    /// By what steps of each stage took.
    About,
    /// Of some stage nothing is known yet: its steps are taken to be as long as those of others.
    Perhaps,
    /// More is to come than is counted.
    AtLeast,
}

/// A step under way.
pub(super) struct UnderWay {
    /// Seconds since it began.
    pub lasts: f64,
    /// Seconds from begin to end by its own progress, where it tells.
    pub whole: Option<f64>,
}

impl Ahead {
    /// With what steps took in earlier runs.
    pub(super) fn of(plan: &Plan, known: &Durations) -> Self {
        let mut stages: Vec<Stage> = Vec::with_capacity(plan.stages.len());
        let mut steps = Vec::with_capacity(plan.steps.len());
        // Of the stage at hand: `axis=value` → its number.
        let mut numbers: HashMap<String, u32> = HashMap::new();
        for step in &plan.steps {
            // Those of a stage stand together.
            if stages.last().is_none_or(|stage| stage.name != step.stage) {
                numbers.clear();
                let kind = step.kind.name();
                let of_kind = known.by_kind.get(kind).copied();
                stages.push(Stage {
                    name: Arc::clone(&step.stage),
                    short: kind.starts_with("table/") || kind.starts_with("figure/"),
                    cost: Cost::default(),
                    of_kind: of_kind.filter(|_| !step.kind.starts_processes()),
                });
            }
            let at = stages.len() - 1;
            let values = step.cell.iter().map(|(axis, value)| {
                let next = numbers.len() as u32;
                *numbers.entry(format!("{axis}={value}")).or_insert(next)
            });
            let values: Vec<u32> = values.collect();
            if let Some(seconds) = known.by_step.get(&step.to_string()) {
                stages[at].cost.learn(&values, *seconds, false);
            }
            let items = step.inputs.iter().flat_map(|input| &input.items);
            let mut needs: Vec<u32> = items
                .filter_map(|item| match &item.from {
                    From::Step { step, .. } => Some(step.0),
                    From::File { .. } => None,
                })
                .collect();
            needs.sort_unstable();
            needs.dedup();
            steps.push(Waiting {
                stage: at,
                values,
                needs,
            });
        }
        Ahead { steps, stages }
    }

    pub(super) fn steps(&self) -> usize {
        self.steps.len()
    }

    /// A step of this run took so long.
    pub(super) fn learn(&mut self, id: u32, seconds: f64) {
        if let Some(step) = self.steps.get(id as usize) {
            self.stages[step.stage]
                .cost
                .learn(&step.values, seconds, true);
        }
    }

    /// Until the last step ends, where `jobs` run at once, `closed` have ended and of each stage so many
    /// are `open`. Steps of which nothing is known are taken to be as long as those of other stages are in the mean, and
    /// to be half done where they run for longer.
    pub(super) fn end(
        &self,
        running: &BTreeMap<u32, UnderWay>,
        closed: &[bool],
        open: &BTreeMap<String, usize>,
        jobs: usize,
    ) -> Left {
        let factors = self.factors(running);
        let seen = |id: u32| {
            let step = &self.steps[id as usize];
            let stage = &self.stages[step.stage];
            let learnt = stage.cost.of(&step.values).or(stage.of_kind);
            match (learnt, factors[step.stage]) {
                (Some(seconds), factor) => Some(seconds * factor.unwrap_or(1.0)),
                (None, Some(whole)) => Some(whole),
                (None, None) => stage.short.then_some(SHORT),
            }
        };
        let guesses = self.guesses(running, seen);
        let is_guessed = Cell::new(false);
        let known = |id: u32| {
            seen(id).unwrap_or_else(|| {
                is_guessed.set(true);
                guesses[self.steps[id as usize].stage]
            })
        };
        let mut left: BTreeMap<u32, f64> = BTreeMap::new();
        for (id, step) in running {
            if (*id as usize) < self.steps.len() {
                let whole = step.whole.unwrap_or_else(|| known(*id));
                left.insert(*id, (whole - step.lasts).max(0.0));
            }
        }
        let waiting = self.waiting(&left, closed, open);
        let taken = |(id, waits): (usize, &bool)| if *waits { known(id as u32) } else { 0.0 };
        let taken: Vec<f64> = waiting.iter().enumerate().map(taken).collect();
        Left {
            seconds: self.play(&left, &waiting, |id| taken[id], jobs),
            surely: match is_guessed.get() {
                true => Surely::Perhaps,
                false => Surely::About,
            },
        }
    }

    /// By stage, what a step of it may take where nothing is known of it: what those of other stages take in the mean,
    /// or twice as long as one that runs has taken by now; no time where nothing is known of any.
    fn guesses(
        &self,
        running: &BTreeMap<u32, UnderWay>,
        seen: impl Fn(u32) -> Option<f64>,
    ) -> Vec<f64> {
        let mut sums = vec![(0.0, 0); self.stages.len()];
        for (id, step) in self.steps.iter().enumerate() {
            if let (Some(seconds), false) = (seen(id as u32), self.stages[step.stage].short) {
                sums[step.stage].0 += seconds;
                sums[step.stage].1 += 1;
            }
        }
        let means = sums.iter().filter(|(_, count)| *count > 0);
        let means: Vec<f64> = means.map(|(sum, count)| sum / f64::from(*count)).collect();
        let typical = means.iter().sum::<f64>() / (means.len() as f64).max(1.0);
        let mut guesses = vec![typical; self.stages.len()];
        // Where nothing is known of any stage nothing is told.
        for (id, step) in running.iter().filter(|_| !means.is_empty()) {
            if let Some(Waiting { stage, .. }) = self.steps.get(*id as usize) {
                guesses[*stage] = guesses[*stage].max(2.0 * step.lasts);
            }
        }
        guesses
    }

    /// By stage without a step that ended in this run: by what its steps under way are slower than was
    /// learnt, or where nothing was learnt, their seconds. A stage that has not begun is as much slower than
    /// in earlier runs as the others are: they may have run beside other work, or on another machine.
    fn factors(&self, running: &BTreeMap<u32, UnderWay>) -> Vec<Option<f64>> {
        let mut sums = vec![(0.0, 0); self.stages.len()];
        for (id, under_way) in running {
            let (Some(step), Some(whole)) = (self.steps.get(*id as usize), under_way.whole) else {
                continue;
            };
            let stage = &self.stages[step.stage];
            if !stage.cost.this_run {
                let learnt = stage.cost.of(&step.values).or(stage.of_kind);
                let sum = &mut sums[step.stage];
                sum.0 += (whole.max(SHORTEST) / learnt.unwrap_or(1.0)).ln();
                sum.1 += 1;
            }
        }
        let paces = self.stages.iter().filter_map(|stage| stage.cost.pace());
        let (sum, count) = paces.fold((0.0, 0), |(sum, count), pace| (sum + pace, count + 1));
        let pace = (count > 0).then(|| (sum / f64::from(count)).exp());
        let factor = |(stage, (sum, count)): (&Stage, (f64, u32))| match count {
            0 => pace.filter(|_| stage.cost.is_of_earlier_runs()),
            _ => Some((sum / f64::from(count)).exp()),
        };
        self.stages.iter().zip(sums).map(factor).collect()
    }

    /// Steps that are to come: of each stage as many as are open, since part of a plan may be wanted.
    fn waiting(
        &self,
        left: &BTreeMap<u32, f64>,
        closed: &[bool],
        open: &BTreeMap<String, usize>,
    ) -> Vec<bool> {
        let mut open: Vec<usize> = (self.stages.iter())
            .map(|stage| open.get(&*stage.name).copied().unwrap_or(0))
            .collect();
        for id in left.keys() {
            let open = &mut open[self.steps[*id as usize].stage];
            *open = open.saturating_sub(1);
        }
        let waits = |(id, step): (usize, &Waiting)| {
            let ended = closed.get(id).copied().unwrap_or(false);
            let open = &mut open[step.stage];
            if ended || left.contains_key(&(id as u32)) || *open == 0 {
                return false;
            }
            *open -= 1;
            true
        };
        self.steps.iter().enumerate().map(waits).collect()
    }

    /// Plays the rest of a run.
    fn play(
        &self,
        left: &BTreeMap<u32, f64>,
        waiting: &[bool],
        seconds: impl Fn(usize) -> f64,
        jobs: usize,
    ) -> f64 {
        let mut open: Vec<u32> = vec![0; self.steps.len()];
        let mut after: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut ready: BinaryHeap<Reverse<u32>> = BinaryHeap::new();
        for (id, step) in self.steps.iter().enumerate().filter(|(id, _)| waiting[*id]) {
            let needs = step.needs.iter().filter(|need| {
                waiting.get(**need as usize).is_some_and(|waits| *waits) || left.contains_key(*need)
            });
            for need in needs {
                open[id] += 1;
                after.entry(*need).or_default().push(id as u32);
            }
            if open[id] == 0 {
                ready.push(Reverse(id as u32));
            }
        }
        // Ends of steps as whole microseconds, since they have an order.
        let micros = |seconds: f64| (seconds * 1e6) as u64;
        let mut ends: BinaryHeap<Reverse<(u64, u32)>> = left
            .iter()
            .map(|(id, seconds)| Reverse((micros(*seconds), *id)))
            .collect();
        let mut now = 0;
        loop {
            while ends.len() < jobs
                && let Some(Reverse(id)) = ready.pop()
            {
                ends.push(Reverse((now + micros(seconds(id as usize)), id)));
            }
            let Some(Reverse((end, id))) = ends.pop() else {
                break;
            };
            now = end;
            for next in after.remove(&id).unwrap_or_default() {
                open[next as usize] -= 1;
                if open[next as usize] == 0 {
                    ready.push(Reverse(next));
                }
            }
        }
        now as f64 / 1e6
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Steps of two stages, `fit` that trains and `score`: by stage, value of its axis, and what it needs.
    pub(in super::super) fn ahead(steps: &[(usize, u32, &[u32])]) -> Ahead {
        let stage = |name: &str| Stage {
            name: name.into(),
            ..Stage::default()
        };
        let steps = steps.iter().map(|(stage, value, needs)| Waiting {
            stage: *stage,
            values: vec![*value],
            needs: needs.to_vec(),
        });
        Ahead {
            steps: steps.collect(),
            stages: vec![stage("fit"), stage("score")],
        }
    }

    /// With what earlier runs took, by stage.
    pub(in super::super) fn knowing(mut ahead: Ahead, seconds: &[f64]) -> Ahead {
        for (stage, seconds) in ahead.stages.iter_mut().zip(seconds) {
            stage.of_kind = Some(*seconds);
        }
        ahead
    }

    fn end(ahead: &Ahead, left: &[(u32, f64)], closed: &[bool], jobs: usize) -> Left {
        let running = left.iter().map(|(id, seconds)| {
            let under_way = UnderWay {
                lasts: 0.0,
                whole: Some(*seconds),
            };
            (*id, under_way)
        });
        let mut open: BTreeMap<String, usize> = BTreeMap::new();
        for (id, step) in ahead.steps.iter().enumerate() {
            if !closed.get(id).copied().unwrap_or(false) {
                *open
                    .entry(ahead.stages[step.stage].name.to_string())
                    .or_default() += 1;
            }
        }
        let running = running.collect();
        ahead.end(&running, closed, &open, jobs)
    }

    fn about(seconds: f64) -> Left {
        Left {
            seconds,
            surely: Surely::About,
        }
    }

    #[test]
    fn steps_that_follow_each_other_take_their_time_on_any_number_of_jobs() {
        let chain = knowing(ahead(&[(0, 0, &[]), (0, 0, &[0]), (0, 0, &[1])]), &[10.0]);
        assert_eq!(end(&chain, &[], &[], 8), about(30.0));
        let beside = knowing(ahead(&[(0, 0, &[]), (0, 0, &[]), (0, 0, &[])]), &[10.0]);
        assert_eq!(end(&beside, &[], &[], 2), about(20.0));
    }

    #[test]
    fn what_has_ended_takes_no_time() {
        let chain = knowing(ahead(&[(0, 0, &[]), (0, 0, &[0]), (0, 0, &[1])]), &[10.0]);
        assert_eq!(end(&chain, &[], &[true, true], 8), about(10.0));
    }

    #[test]
    fn where_part_of_a_plan_is_wanted_the_rest_takes_no_time() {
        let beside = knowing(
            ahead(&[(0, 0, &[]), (0, 0, &[]), (1, 0, &[0])]),
            &[10.0, 5.0],
        );
        let open = BTreeMap::from([("fit".to_owned(), 1)]);
        assert_eq!(beside.end(&BTreeMap::new(), &[], &open, 1), about(10.0));
    }

    #[test]
    fn what_is_not_known_is_as_long_as_what_is() {
        let mut plan = knowing(ahead(&[(0, 0, &[]), (1, 0, &[0]), (1, 0, &[0])]), &[100.0]);
        let perhaps = Left {
            seconds: 300.0,
            surely: Surely::Perhaps,
        };
        assert_eq!(end(&plan, &[], &[], 1), perhaps);
        // What runs for longer is half done, and so will the others of its stage be.
        let running = BTreeMap::from([(
            1,
            UnderWay {
                lasts: 150.0,
                whole: None,
            },
        )]);
        let open = BTreeMap::from([("score".to_owned(), 2)]);
        let left = plan.end(&running, &[true], &open, 1);
        assert_eq!(left.seconds, 150.0 + 300.0);
        // Tables and figures are known to be short.
        plan.stages[1].short = true;
        assert_eq!(end(&plan, &[], &[], 1), about(100.0 + 2.0 * SHORT));
    }

    #[test]
    fn a_stage_that_has_not_begun_is_as_slow_as_the_others_have_become() {
        let mut plan = ahead(&[(0, 0, &[]), (0, 1, &[]), (1, 0, &[1])]);
        for value in [0, 1] {
            plan.stages[0].cost.learn(&[value], 10.0, false);
        }
        plan.stages[1].cost.learn(&[0], 4.0, false);
        assert!((end(&plan, &[], &[true], 1).seconds - 14.0).abs() < 0.1);
        plan.learn(0, 5.0);
        let left = end(&plan, &[], &[true], 1);
        assert!((left.seconds - 7.0).abs() < 1.5, "{left:?}");
    }

    #[test]
    fn a_value_that_was_slow_is_slow_again() {
        let mut plan = ahead(&[(0, 0, &[]), (0, 1, &[]), (0, 1, &[])]);
        plan.learn(0, 1.0);
        plan.learn(1, 9.0);
        let left = end(&plan, &[], &[true, true], 1);
        assert!((left.seconds - 9.0).abs() < 2.0, "{left:?}");
    }
}
