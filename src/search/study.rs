//! A whole search: what is searched, how, for how many trials, and what each of them may know.

use crate::random::Seed;
use crate::registry::ParamError;
use crate::registry::Values;

use super::Ask;
use super::Method;
use super::Outcome;
use super::Point;
use super::Proposal;
use super::Space;
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
}

/// The points of a study, as far as they can be known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proposed {
    pub points: Vec<Point>,
    /// There are no others: every point of the space has been proposed.
    pub exhausted: bool,
}

impl Study<'_> {
    /// Counts changes of what is proposed by every method: 2 since numbers have few digits.
    pub const REVISION: u32 = 2;

    /// The points from the first to the last that can be known. The first ones are given; of every
    /// other, `outcome` is asked what came of the points that it may know: `None` where that is not
    /// known yet.
    ///
    /// # Errors
    /// As [`Method::propose`].
    pub fn propose(
        &self,
        given: &[Point],
        mut outcome: impl FnMut(&Point) -> Option<Outcome>,
    ) -> Result<Proposed, ParamError> {
        let seed = Seed::new(self.seed).derive("search");
        let mut history: Vec<Trial> = Vec::with_capacity(self.trials);
        let mut exhausted = false;
        for k in 0..self.trials {
            if let Some(point) = given.get(k) {
                history.push(running(k, point.clone()));
                continue;
            }
            let known = match self.method.learns() {
                true => (k + 1).saturating_sub(self.parallel),
                false => 0,
            };
            let unknown = history[..known].iter_mut().find_map(|trial| {
                if trial.outcome.is_running() {
                    trial.outcome = outcome(&trial.point).unwrap_or(Outcome::Running);
                }
                trial.outcome.is_running().then_some(())
            });
            if unknown.is_some() {
                break;
            }
            let ask = Ask {
                seed,
                k,
                space: self.space,
                history: &history,
                params: self.params,
            };
            match self.method.propose(&ask)? {
                Proposal::Point(point) => history.push(running(k, point)),
                Proposal::Exhausted => {
                    exhausted = true;
                    break;
                }
            }
        }
        Ok(Proposed {
            points: history.into_iter().map(|trial| trial.point).collect(),
            exhausted,
        })
    }
}

fn running(index: usize, point: Point) -> Trial {
    Trial {
        index,
        point,
        outcome: Outcome::Running,
    }
}
