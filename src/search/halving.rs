//! Successive halving: many trials get a small budget, the best of them more.
//!
//! Whom to promote is decided over a group of trials that is fixed beforehand, when all of them have
//! ended at a rung. So a decision depends on results alone, not on the order in which they came.

use thiserror::Error;

use super::Outcome;

/// Budgets, and how trials climb from one to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Halving {
    budgets: Vec<u64>,
    eta: usize,
    /// Trials come in groups of these sizes, over and over.
    brackets: Vec<Bracket>,
}

/// How many trials begin together, and at which rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bracket {
    rung: usize,
    trials: usize,
}

/// Trials of one group at one rung.
#[derive(Clone, Debug, PartialEq)]
pub struct Rung {
    /// Which group of trials, from 0.
    pub group: usize,
    /// Which of [`Halving::budgets`].
    pub rung: usize,
    /// Trials by number, ascending.
    pub members: Vec<usize>,
    /// What came of each there, [`Outcome::Running`] while that is not known.
    pub outcomes: Vec<Outcome>,
    /// Those that go on to the next rung, best first: none at the last. `None` while a result of a
    /// member is awaited.
    pub promoted: Option<Vec<usize>>,
}

/// Why budgets make no rungs.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HalvingError {
    #[error("must be at least 1")]
    NoBudget,
    #[error("is above `max`")]
    Reversed,
    #[error("must be at least 2")]
    Factor,
    #[error("must be at least `factor`")]
    Group,
}

impl Halving {
    /// Rungs at `min · etaⁱ` up to `max`; all trials begin at the lowest, `group` of them together:
    /// as many as leave one at `max`, if not given.
    ///
    /// # Errors
    /// For the parameter that cannot be.
    pub fn asha(
        min: u64,
        max: u64,
        eta: usize,
        group: Option<usize>,
    ) -> Result<Halving, (&'static str, HalvingError)> {
        checked(min, max, eta)?;
        if group.is_some_and(|group| group < eta) {
            return Err(("group", HalvingError::Group));
        }
        let mut budgets = vec![min];
        while let Some(next) = budgets.last().and_then(|last| last.checked_mul(eta as u64))
            && next < max
        {
            budgets.push(next);
        }
        if min < max {
            budgets.push(max);
        }
        let mut halving = Halving {
            budgets,
            eta,
            brackets: Vec::new(),
        };
        let trials = group.unwrap_or(halving.least_group());
        halving.brackets.push(Bracket { rung: 0, trials });
        Ok(halving)
    }

    /// Hyperband's brackets (Li et al., JMLR 2018, Algorithm 1): rungs at `max · eta⁻ⁱ` down to `min`;
    /// the first bracket has the most trials and the least budget, the last begins at `max`.
    ///
    /// # Errors
    /// For the parameter that cannot be.
    pub fn hyperband(
        min: u64,
        max: u64,
        eta: usize,
    ) -> Result<Halving, (&'static str, HalvingError)> {
        checked(min, max, eta)?;
        let mut budgets = vec![max];
        let mut whole = 1u64;
        while let Some(next) = whole.checked_mul(eta as u64)
            && max / next >= min
        {
            whole = next;
            budgets.push((max as f64 / whole as f64).round() as u64);
        }
        budgets.reverse();
        let most = budgets.len() - 1;
        let bracket = |rung: usize| {
            let halvings = most - rung;
            let trials = (most + 1) * eta.saturating_pow(halvings as u32);
            Bracket {
                rung,
                trials: trials.div_ceil(halvings + 1),
            }
        };
        let brackets = (0..=most).map(bracket).collect();
        Ok(Halving {
            budgets,
            eta,
            brackets,
        })
    }

    /// The budgets, ascending.
    pub fn budgets(&self) -> &[u64] {
        &self.budgets
    }

    /// The group of a trial, and the rung at which it begins.
    pub fn place(&self, trial: usize) -> (usize, usize) {
        let (group, bracket) = self.group_of(trial);
        (group, bracket.rung)
    }

    /// The group of a trial, with its bracket.
    fn group_of(&self, trial: usize) -> (usize, Bracket) {
        let cycle: usize = self.brackets.iter().map(|bracket| bracket.trials).sum();
        let turn = trial / cycle;
        let mut first = turn * cycle;
        let begins = self.brackets.iter().map(|bracket| {
            let begin = first;
            first += bracket.trials;
            (bracket, begin)
        });
        let groups = (turn * self.brackets.len()..).zip(begins);
        let its = groups.take_while(|(_, (_, begin))| *begin <= trial).last();
        let (group, (bracket, _)) = its.expect("the first begins with the turn");
        (group, *bracket)
    }

    /// Whether the group of a trial is full with so many trials: more of them change nothing in it.
    pub fn is_full(&self, trial: usize, trials: usize) -> bool {
        let group = self.group_of(trial);
        let more = (trial..trials).take_while(|other| self.group_of(*other).0 == group.0);
        let before = (0..trial).rev();
        let before = before.take_while(|other| self.group_of(*other).0 == group.0);
        before.count() + more.count() == group.1.trials
    }

    /// How many trials leave one with the whole budget that begin together at the lowest rung.
    pub fn least_group(&self) -> usize {
        self.eta.saturating_pow(self.last() as u32).max(self.eta)
    }

    /// The rung of the whole budget.
    pub fn last(&self) -> usize {
        self.budgets.len() - 1
    }

    /// What came of a trial whose last rung this was.
    pub(super) fn ended(&self, rung: usize, outcome: &Outcome) -> Outcome {
        match outcome.costs() {
            Some(costs) if rung < self.last() => Outcome::Stopped {
                budget: self.budgets[rung] as f64,
                cost: costs[0],
            },
            _ => outcome.clone(),
        }
    }

    /// Everyone's place among the first `trials` trials, as far as results tell: group by group, rung
    /// by rung. `outcome` is what came of a trial at a rung, [`Outcome::Running`] while that is not
    /// known.
    ///
    /// A group promotes one in `eta`, of those that gave a number; a group that is not full for lack
    /// of trials does so too, and of one group alone at least one trial goes on.
    pub fn climb(
        &self,
        trials: usize,
        mut outcome: impl FnMut(usize, usize) -> Outcome,
    ) -> Vec<Rung> {
        let mut rungs = Vec::new();
        let mut first = 0;
        while first < trials {
            let (group, bracket) = self.group_of(first);
            let end = trials.min(first + bracket.trials);
            let least = usize::from(first == 0 && end == trials);
            let mut members: Vec<usize> = (first..end).collect();
            for rung in bracket.rung..self.budgets.len() {
                if members.is_empty() {
                    break;
                }
                let is_last = rung + 1 == self.budgets.len();
                let outcomes: Vec<Outcome> =
                    members.iter().map(|&trial| outcome(trial, rung)).collect();
                let places = if is_last {
                    0
                } else {
                    (members.len() / self.eta).max(least)
                };
                let promoted = promoted(&members, &outcomes, places);
                let mut next = promoted.clone().unwrap_or_default();
                next.sort_unstable();
                rungs.push(Rung {
                    group,
                    rung,
                    members,
                    outcomes,
                    promoted,
                });
                members = next;
            }
            first = end;
        }
        rungs
    }
}

fn checked(min: u64, max: u64, eta: usize) -> Result<(), (&'static str, HalvingError)> {
    if min == 0 {
        return Err(("min", HalvingError::NoBudget));
    }
    if min > max {
        return Err(("min", HalvingError::Reversed));
    }
    if eta < 2 {
        return Err(("factor", HalvingError::Factor));
    }
    Ok(())
}

/// The best `places` that gave a number, best first, of equal ones the earlier; `None` while one is
/// running.
fn promoted(members: &[usize], outcomes: &[Outcome], places: usize) -> Option<Vec<usize>> {
    if outcomes.iter().any(Outcome::is_running) {
        return None;
    }
    let number = |(trial, outcome): (&usize, &Outcome)| Some((*trial, *outcome.costs()?.first()?));
    let ranked = members.iter().zip(outcomes).filter_map(number);
    let mut ranked: Vec<(usize, f64)> = ranked.collect();
    ranked.sort_by(|(a, cost), (b, other)| cost.total_cmp(other).then(a.cmp(b)));
    ranked.truncate(places);
    Some(ranked.into_iter().map(|(trial, _)| trial).collect())
}
