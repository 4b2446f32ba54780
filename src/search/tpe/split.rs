//! Which trials are the better ones.

use super::super::Outcome;
use super::super::history::Known;
use super::super::pareto;

/// At most so many trials are better, with one objective.
const MOST: usize = 25;

/// Ended trials split by rank, both sides in the order of their numbers.
pub(super) struct Split<'a> {
    pub(super) better: Vec<&'a [Option<f64>]>,
    /// Those that are not known yet among them.
    pub(super) others: Vec<&'a [Option<f64>]>,
    pub(super) ended: usize,
    pub(super) objectives: usize,
}

impl<'a> Split<'a> {
    pub(super) fn new(trials: &'a [Known<'_>]) -> Split<'a> {
        let better = better(trials);
        let side = |is: bool| {
            let side = trials
                .iter()
                .zip(&better)
                .filter(|(_, better)| **better == is);
            side.map(|(trial, _)| trial.row.as_slice()).collect()
        };
        Split {
            better: side(true),
            others: side(false),
            ended: ended(trials),
            objectives: objectives(trials),
        }
    }
}

fn ended(trials: &[Known<'_>]) -> usize {
    let ended = trials.iter().filter(|trial| !trial.outcome.is_running());
    ended.count()
}

fn objectives(trials: &[Known<'_>]) -> usize {
    let costs = trials.iter().filter_map(|trial| trial.outcome.costs());
    costs.map(<[f64]>::len).max().unwrap_or(1)
}

/// Per trial, whether it is one of the better.
fn better(trials: &[Known<'_>]) -> Vec<bool> {
    let tenth = ended(trials).div_ceil(10);
    let mut finished: Vec<(usize, &[f64])> = Vec::new();
    let mut stopped: Vec<(usize, f64, f64)> = Vec::new();
    for (i, trial) in trials.iter().enumerate() {
        if let Some(costs) = trial.outcome.costs() {
            finished.push((i, costs));
        } else if let Outcome::Stopped { budget, cost } = *trial.outcome
            && cost.is_finite()
        {
            stopped.push((i, budget, cost));
        }
    }
    let mut chosen: Vec<usize> = if objectives(trials) <= 1 {
        // Stable: of equal costs the earlier trial is better.
        finished.sort_by(|(_, a), (_, b)| a[0].total_cmp(&b[0]));
        finished
            .iter()
            .take(tenth.min(MOST))
            .map(|(i, _)| *i)
            .collect()
    } else {
        let costs: Vec<&[f64]> = finished.iter().map(|(_, costs)| *costs).collect();
        let best = pareto::best(&costs, tenth.min(costs.len()));
        best.into_iter().map(|at| finished[at].0).collect()
    };
    let room = tenth.min(MOST).saturating_sub(chosen.len());
    stopped.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.2.total_cmp(&b.2)));
    chosen.extend(stopped.iter().take(room).map(|(i, ..)| *i));
    let mut better = vec![false; trials.len()];
    for i in chosen {
        better[i] = true;
    }
    better
}
