//! What came of the trials of a search so far, and the best of them.

use super::NAMED;
use super::text_of;
use crate::manifest::Search;
use crate::search::Outcome;
use crate::search::Proposed;
use crate::search::pareto;
use crate::stages::Outcomes;
use crate::text::plural;

/// What came of the trials so far.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Tally {
    /// With the whole budget, and a number.
    pub(super) ended: usize,
    /// Not promoted.
    pub(super) stopped: usize,
    pub(super) failed: usize,
    /// Of which nothing is known yet, or not with the part of the budget that they came to.
    open: usize,
    /// By conditions or `exclude`.
    pub(super) left_out: usize,
    /// With numbers that are of fewer replicates than those of others.
    pub(super) short: usize,
    /// By the first objective, of those with the most of the budget and all replicates: the trial, and its cost.
    pub(super) best: Option<(usize, f64)>,
    /// With several objectives: the trials that none is better than in all of them.
    pub(super) front: Vec<usize>,
}

impl Tally {
    pub(in crate::cli) fn of(search: &Search, outcomes: &Outcomes, proposed: &Proposed) -> Tally {
        let mut tally = Tally {
            // Proposed just now.
            open: proposed.points.len().saturating_sub(search.points.len()),
            ..Tally::default()
        };
        let last = search
            .budget
            .as_ref()
            .map_or(0, |budget| budget.halving.last());
        // Of each trial what is known of it last: one that failed with more of the budget has failed.
        let mut ends: Vec<Option<(usize, &Outcome, bool)>> = vec![None; search.points.len()];
        let mut left_out = vec![false; search.points.len()];
        for (cell, gone) in search.cells.iter().zip(&outcomes.left_out) {
            left_out[cell.trial] |= gone;
        }
        let all = search.cells.iter().zip(&outcomes.by_cell);
        for ((cell, outcome), short) in all.zip(&outcomes.short) {
            let known = outcome.as_ref().filter(|outcome| !outcome.is_running());
            if let Some(outcome) = known {
                ends[cell.trial] = Some((cell.rung, outcome, *short));
            }
        }
        let mut best: Option<(usize, usize, f64)> = None;
        let mut finished: Vec<(usize, &[f64])> = Vec::new();
        for (trial, end) in ends.into_iter().enumerate() {
            let Some((rung, outcome, short)) = end else {
                tally.open += 1;
                continue;
            };
            let Some(costs) = outcome.costs() else {
                match left_out[trial] {
                    true => tally.left_out += 1,
                    false => tally.failed += 1,
                }
                continue;
            };
            if short {
                tally.short += 1;
                continue;
            }
            let highest = proposed.highest.get(trial).copied().unwrap_or_default();
            let is_end = rung == highest;
            tally.open += usize::from(rung < highest);
            finished.push((trial, costs));
            tally.ended += usize::from(is_end && rung == last);
            tally.stopped += usize::from(is_end && rung < last && !proposed.undecided);
            let better =
                best.is_none_or(|(most, _, cost)| rung > most || (rung == most && costs[0] < cost));
            if better {
                best = Some((rung, trial, costs[0]));
            }
        }
        if search.objectives.len() > 1 {
            let costs: Vec<&[f64]> = finished.iter().map(|(_, costs)| *costs).collect();
            let ranks = pareto::ranks(&costs);
            let front = finished.iter().zip(ranks).filter(|(_, rank)| *rank == 0);
            tally.front = front.map(|((trial, _), _)| *trial).collect();
        }
        tally.best = best.map(|(_, trial, cost)| (trial, cost));
        tally
    }

    /// `best so far fit.loss=0.012 in trial 7 (lr=0.1); 11 ended, 1 failed`; none where nothing has a
    /// number. A mean over fewer replicates than others have is no better one, as for `select`.
    pub(in crate::cli) fn line(&self, search: &Search) -> Option<String> {
        self.line_with(search, 0)
    }

    /// The same while a run goes on: `; 4 ended, 2 under way`.
    pub(in crate::cli) fn line_of_run(&self, search: &Search) -> Option<String> {
        self.line_with(search, self.open)
    }

    fn line_with(&self, search: &Search, under_way: usize) -> Option<String> {
        let Some((trial, cost)) = self.best else {
            let none = "no trial has all replicates that others have, so none is the best";
            return (self.short > 0).then(|| none.to_owned());
        };
        let objective = search.objectives.first()?;
        let value = objective.direction.cost(cost);
        let counts = [
            (self.ended, "ended"),
            (self.stopped, "stopped"),
            (self.failed, "failed"),
            (self.left_out, "left out"),
            (self.short, "without all replicates"),
            (under_way, "under way"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(n, word)| format!("{n} {word}")).collect();
        let counts = match counts.is_empty() {
            true => String::new(),
            false => format!("; {}", counts.join(", ")),
        };
        if search.objectives.len() > 1 {
            let named: Vec<String> = self
                .front
                .iter()
                .take(NAMED)
                .map(usize::to_string)
                .collect();
            let more = match self.front.len() - named.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let front = plural(self.front.len(), "trial");
            let named = named.join(", ");
            return Some(format!(
                "the front so far has {front}, {named}{more}{counts}"
            ));
        }
        Some(format!(
            "best so far {}.{}={} in trial {trial} ({}){counts}",
            objective.stage,
            objective.column,
            short(value),
            text_of(search.points.get(trial)?),
        ))
    }
}

/// A number in six digits, by powers of ten where it is very small or large.
fn short(value: f64) -> String {
    let short: f64 = format!("{value:.5e}").parse().unwrap_or(value);
    match short.abs() {
        size if size == 0.0 || (1e-4..1e9).contains(&size) => short.to_string(),
        _ => format!("{short:e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let said = [
            0.0,
            0.25,
            -123.456_789,
            2e-4,
            4.930_38e-32,
            -1.5e12,
            f64::INFINITY,
        ]
        .map(short);
        assert_eq!(
            said,
            [
                "0",
                "0.25",
                "-123.457",
                "0.0002",
                "4.93038e-32",
                "-1.5e12",
                "inf"
            ]
        );
    }
}
