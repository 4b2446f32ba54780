//! What waits for what in a run, played to its end with the times that are known: a few steps that
//! must follow each other take long on any number of jobs.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BinaryHeap;
use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::Event;
use crate::plan::From;
use crate::plan::Plan;
use crate::registry::ArtifactType;

use super::remaining::mean;

/// What a score or a figure takes of which nothing is known, in seconds, and the least that counts.
const SHORT: f64 = 0.3;
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
    /// Positions in the values of the stage: one per axis.
    at: Vec<usize>,
    needs: Vec<u32>,
    closed: bool,
}

/// What steps of a stage took by the values of their axes: time goes with the number of samples or
/// the width of a net.
#[derive(Clone, Debug, Default)]
struct Stage {
    name: Arc<str>,
    /// Whether its steps train or run a program: others are short beside them.
    long: bool,
    /// By `axis=value`: seconds and how many steps, and the value of the axis seen before it.
    values: Vec<(f64, u32)>,
    index: HashMap<String, usize>,
    seconds: f64,
    count: u32,
}

impl Ahead {
    pub(super) fn of(plan: &Plan) -> Self {
        let mut stages: Vec<Stage> = Vec::with_capacity(plan.stages.len());
        let mut steps = Vec::with_capacity(plan.steps.len());
        for step in &plan.steps {
            // Those of a stage stand together.
            if stages.last().is_none_or(|stage| stage.name != step.stage) {
                stages.push(Stage {
                    name: Arc::clone(&step.stage),
                    long: step.kind.starts_processes()
                        || step
                            .outputs()
                            .iter()
                            .any(|(_, ty)| *ty == ArtifactType::Model),
                    ..Stage::default()
                });
            }
            let at = stages.len() - 1;
            let stage = &mut stages[at];
            let values = step.cell.iter().map(|(axis, value)| {
                let next = stage.index.len();
                let name = format!("{axis}={value}");
                let value = *stage.index.entry(name).or_insert(next);
                stage.values.resize(stage.index.len(), (0.0, 0));
                value
            });
            let values = values.collect();
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
                at: values,
                needs,
                closed: false,
            });
        }
        Ahead { steps, stages }
    }

    pub(super) fn add(&mut self, event: &Event) {
        let id = match event {
            Event::StepFinished { id, seconds, .. } => {
                if let Some(step) = self.steps.get(*id as usize) {
                    let stage = &mut self.stages[step.stage];
                    stage.seconds += seconds;
                    stage.count += 1;
                    for value in &step.at {
                        stage.values[*value].0 += seconds;
                        stage.values[*value].1 += 1;
                    }
                }
                id
            }
            Event::StepCached { id, .. }
            | Event::StepFailed { id, .. }
            | Event::StepSkipped { id, .. }
            | Event::StepPending { id, .. }
            | Event::StepCancelled { id, .. } => id,
            _ => return,
        };
        if let Some(step) = self.steps.get_mut(*id as usize) {
            step.closed = true;
        }
    }

    /// How a step's time stands to the mean of those of its stage that ended: the product over its
    /// axes, as far as its values were seen.
    pub(super) fn factor(&self, id: u32) -> f64 {
        let Some(step) = self.steps.get(id as usize) else {
            return 1.0;
        };
        let stage = &self.stages[step.stage];
        if stage.count == 0 || stage.seconds <= 0.0 {
            return 1.0;
        }
        let mean = stage.seconds / f64::from(stage.count);
        let factors = step.at.iter().filter_map(|value| {
            let (seconds, count) = stage.values[*value];
            (count > 0).then(|| seconds / f64::from(count) / mean)
        });
        // Few steps tell little: no value makes the time many times another.
        factors.product::<f64>().clamp(0.05, 20.0)
    }

    /// Seconds that a step of each stage will take, where `known` has the means of some. What nobody saw
    /// yet is as long as the others of its sort: stages that train their mean, others their geometric
    /// mean, since few of them are long.
    fn means(&self, known: &BTreeMap<&str, f64>) -> Vec<Option<f64>> {
        let of = |long: bool| {
            let stages = self.stages.iter().filter(move |stage| stage.long == long);
            stages.filter_map(|stage| known.get(&*stage.name).copied())
        };
        let long = mean(of(true));
        let short = mean(of(false).map(|seconds| seconds.max(SHORTEST).ln()));
        let short = short.map_or(SHORT, f64::exp);
        let means = self.stages.iter().map(|stage| {
            let guess = if stage.long { long } else { Some(short) };
            known.get(&*stage.name).copied().or(guess)
        });
        means.collect()
    }

    /// Seconds until the last step ends, where those that run have so much left, `jobs` run at once and
    /// `known` has the means of stages. None where a stage that trains is still to come and none is known.
    pub(super) fn end(
        &self,
        left: &BTreeMap<u32, f64>,
        known: &BTreeMap<&str, f64>,
        jobs: usize,
    ) -> Option<f64> {
        let mut open: Vec<u32> = vec![0; self.steps.len()];
        let mut after: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut ready: BinaryHeap<Reverse<u32>> = BinaryHeap::new();
        let stages = self.means(known);
        for (id, step) in self.steps.iter().enumerate() {
            let id = id as u32;
            if step.closed || left.contains_key(&id) {
                continue;
            }
            let needs = step.needs.iter().filter(|need| {
                let needed = self.steps.get(**need as usize);
                needed.is_some_and(|needed| !needed.closed)
            });
            for need in needs {
                open[id as usize] += 1;
                after.entry(*need).or_default().push(id);
            }
            if open[id as usize] == 0 {
                ready.push(Reverse(id));
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
                let whole = stages[self.steps[id as usize].stage]? * self.factor(id);
                ends.push(Reverse((now + micros(whole), id)));
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
        Some(now as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps of two stages, `fit` that trains and `score`, with what they need.
    fn ahead(steps: &[(usize, usize, &[u32])]) -> Ahead {
        let stage = |name: &str, long| Stage {
            name: name.into(),
            long,
            values: vec![(0.0, 0); 2],
            ..Stage::default()
        };
        let steps = steps.iter().map(|(stage, value, needs)| Waiting {
            stage: *stage,
            at: vec![*value],
            needs: needs.to_vec(),
            closed: false,
        });
        Ahead {
            steps: steps.collect(),
            stages: vec![stage("fit", true), stage("score", false)],
        }
    }

    fn finish(ahead: &mut Ahead, id: u32, seconds: f64) {
        ahead.add(&Event::StepFinished {
            id,
            step: String::new(),
            seconds,
            bytes: 0,
            diverged: None,
            key: None,
        });
    }

    #[test]
    fn steps_that_follow_each_other_take_their_time_on_any_number_of_jobs() {
        let chain = ahead(&[(0, 0, &[]), (0, 0, &[0]), (0, 0, &[1])]);
        let known = BTreeMap::from([("fit", 10.0)]);
        assert_eq!(chain.end(&BTreeMap::new(), &known, 8), Some(30.0));
        // One of them runs, and has four seconds left.
        assert_eq!(chain.end(&[(0, 4.0)].into(), &known, 8), Some(24.0));
        let beside = ahead(&[(0, 0, &[]), (0, 0, &[]), (0, 0, &[])]);
        assert_eq!(beside.end(&BTreeMap::new(), &known, 2), Some(20.0));
    }

    #[test]
    fn scores_of_which_nothing_is_known_are_short_beside_trainings() {
        let plan = ahead(&[(0, 0, &[]), (1, 0, &[0]), (1, 0, &[0])]);
        let known = BTreeMap::from([("fit", 100.0)]);
        assert_eq!(
            plan.end(&BTreeMap::new(), &known, 1),
            Some(100.0 + 2.0 * SHORT)
        );
        assert_eq!(plan.end(&BTreeMap::new(), &BTreeMap::new(), 1), None);
    }

    #[test]
    fn a_value_that_was_slow_is_slow_again() {
        let mut plan = ahead(&[(0, 0, &[]), (0, 1, &[]), (0, 1, &[])]);
        finish(&mut plan, 0, 1.0);
        finish(&mut plan, 1, 9.0);
        let known = BTreeMap::from([("fit", 5.0)]);
        let left = plan.end(&BTreeMap::new(), &known, 1).expect("all is known");
        assert!((left - 9.0).abs() < 1e-3, "{left}");
    }
}
