//! A whole search: what is searched, how, for how many trials, and what each of them may know.

use crate::random::Seed;
use crate::registry::ParamError;
use crate::registry::Values;

use super::Ask;
use super::Halving;
use super::Method;
use super::Outcome;
use super::Point;
use super::Proposal;
use super::Rung;
use super::Space;
use super::Taken;
use super::Trial;

/// All that decides which points are tried, but for what comes of them.
#[derive(Clone, Copy)]
pub struct Study<'a> {
    pub method: &'a dyn Method,
    /// The method's own parameters, conformed.
    pub params: &'a Values,
    pub space: &'a Space,
    pub trials: usize,
    pub seed: u64,
    /// How many trials may be under way at once: trial `k` knows what came of trials up to
    /// `k - parallel` and nothing of later ones, however many run.
    pub parallel: usize,
    /// How trials climb from budget to budget; without it there is one rung, 0.
    pub halving: Option<&'a Halving>,
}

/// The trials of a study, as far as they can be known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proposed {
    pub points: Vec<Point>,
    /// By trial: the highest rung that it has come to.
    pub highest: Vec<usize>,
    /// There are no other points: every point of the space has been proposed.
    pub exhausted: bool,
    /// Results are awaited that decide who is promoted.
    pub undecided: bool,
    /// Points of which no cells are made: their trials have failed.
    pub refused: Vec<Point>,
}

impl Study<'_> {
    /// Counts changes of what is proposed by every method: 2 since numbers have few digits.
    pub const REVISION: u32 = 2;

    /// The points from the first to the last that can be known, and how far each has come. The first
    /// points are given; for every other, and for promotions, `outcome` is asked what came of a point
    /// at a rung: `None` where that is not known yet.
    ///
    /// # Errors
    /// As [`Method::propose`].
    pub fn propose(
        &self,
        given: &[Point],
        mut outcome: impl FnMut(&Point, usize) -> Option<Outcome>,
    ) -> Result<Proposed, ParamError> {
        let seed = Seed::new(self.seed).derive("search");
        let mut history: Vec<Trial> = Vec::with_capacity(self.trials);
        let mut taken = Taken::default();
        let mut exhausted = false;
        for k in 0..self.trials {
            if let Some(point) = given.get(k) {
                taken.add(self.space, point);
                history.push(running(k, point.clone()));
                continue;
            }
            let known = match self.method.looks_back(self.params, k) {
                true => (k + 1).saturating_sub(self.parallel),
                false => 0,
            };
            match self.halving {
                None => {
                    for trial in &mut history[..known] {
                        if trial.outcome.is_running() {
                            trial.outcome = outcome(&trial.point, 0).unwrap_or(Outcome::Running);
                        }
                    }
                }
                Some(halving) if known > 0 => {
                    look_back(halving, (k, known, self.trials), &mut history, &mut outcome);
                }
                Some(_) => {}
            }
            if history[..known]
                .iter()
                .any(|trial| trial.outcome.is_running())
            {
                break;
            }
            let ask = Ask {
                seed,
                k,
                space: self.space,
                history: &history,
                taken: &taken,
                params: self.params,
            };
            match self.method.propose(&ask)? {
                Proposal::Point(point) => {
                    taken.add(self.space, &point);
                    history.push(running(k, point));
                }
                Proposal::NotAsked => break,
                Proposal::Exhausted => {
                    exhausted = true;
                    break;
                }
            }
        }
        let points: Vec<Point> = history.into_iter().map(|trial| trial.point).collect();
        let rungs = self.rungs(&points, exhausted, outcome);
        let mut highest = vec![0; points.len()];
        for rung in &rungs {
            for trial in rung.members.iter().filter(|trial| **trial < points.len()) {
                highest[*trial] = rung.rung;
            }
        }
        Ok(Proposed {
            points,
            highest,
            exhausted,
            undecided: rungs.iter().any(|rung| rung.promoted.is_none()),
            refused: Vec::new(),
        })
    }

    /// Who stands at which rung; none where there is one rung only. Points that are not known yet are
    /// awaited.
    pub fn rungs(
        &self,
        points: &[Point],
        exhausted: bool,
        mut outcome: impl FnMut(&Point, usize) -> Option<Outcome>,
    ) -> Vec<Rung> {
        let Some(halving) = self.halving else {
            return Vec::new();
        };
        let trials = if exhausted { points.len() } else { self.trials };
        halving.climb(trials, |trial, rung| {
            let known = points.get(trial).and_then(|point| outcome(point, rung));
            known.unwrap_or(Outcome::Running)
        })
    }

    /// How many trainings there are at most at each rung, if all trials give numbers.
    pub fn at_most(&self, trials: usize) -> Vec<usize> {
        let Some(halving) = self.halving else {
            return vec![trials];
        };
        let mut counts = vec![0; halving.budgets().len()];
        for rung in halving.climb(trials, |_, _| Outcome::Finished(vec![0.0])) {
            counts[rung.rung] += rung.members.len();
        }
        counts
    }
}

/// What trial `k` knows of those before it under successive halving: of earlier groups what came of
/// each in the end, of its own group what came of each at its first rung. So a group is proposed
/// before it is decided, and depends on a fixed set of results.
fn look_back(
    halving: &Halving,
    (k, known, trials): (usize, usize, usize),
    history: &mut [Trial],
    mut outcome: impl FnMut(&Point, usize) -> Option<Outcome>,
) {
    let (own, first) = halving.place(k);
    let mut ask = |trial: &Trial, rung| outcome(&trial.point, rung).unwrap_or(Outcome::Running);
    let mut ends = vec![Outcome::Running; history.len()];
    let rungs = halving.climb(trials, |trial, rung| match history.get(trial) {
        Some(trial) if halving.place(trial.index).0 < own => ask(trial, rung),
        _ => Outcome::Running,
    });
    for rung in rungs.iter().filter(|rung| rung.group < own) {
        for (trial, outcome) in rung.members.iter().zip(&rung.outcomes) {
            ends[*trial] = match rung.promoted {
                None => Outcome::Running,
                Some(_) => halving.ended(rung.rung, outcome),
            };
        }
    }
    for trial in history.iter().take(known) {
        if halving.place(trial.index).0 == own {
            ends[trial.index] = halving.ended(first, &ask(trial, first));
        }
    }
    for (trial, end) in history.iter_mut().zip(ends) {
        trial.outcome = end;
    }
    // They are not to be known, where they are.
    for trial in &mut history[known..] {
        trial.outcome = Outcome::Running;
    }
}

fn running(index: usize, point: Point) -> Trial {
    Trial {
        index,
        point,
        outcome: Outcome::Running,
    }
}
