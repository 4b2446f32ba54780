//! A trial: a point and what came of it.

use super::Point;

/// One trial as a proposal may see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Trials are numbered from 0 in the order in which they were proposed.
    pub index: usize,
    pub point: Point,
    pub outcome: Outcome,
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The cost of each objective, all finite.
    Finished(Vec<f64>),
    /// Not promoted at a rung: its cost at that budget. Worse than any that finished; among these
    /// the larger budget is better, then the smaller cost.
    Stopped { budget: f64, cost: f64 },
    /// It failed, diverged or gave no number: worse than all others, and counted.
    Worst,
    /// Its point is known; its result is not, or is not to be used.
    Running,
}

impl Outcome {
    /// Of the costs of a trial that ended: one that is not finite makes it [`Outcome::Worst`].
    pub fn of(costs: Vec<f64>) -> Outcome {
        if !costs.is_empty() && costs.iter().all(|cost| cost.is_finite()) {
            Outcome::Finished(costs)
        } else {
            Outcome::Worst
        }
    }

    /// The costs, if it finished with finite ones.
    pub fn costs(&self) -> Option<&[f64]> {
        match self {
            Outcome::Finished(costs) if costs.iter().all(|cost| cost.is_finite()) => Some(costs),
            _ => None,
        }
    }

    /// Whether nothing is known of it but its point.
    pub fn is_running(&self) -> bool {
        matches!(self, Outcome::Running)
    }
}

/// Which way an objective is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    Minimize,
    Maximize,
}

impl Direction {
    /// The value as a cost, and a cost as the value: its own inverse.
    pub fn cost(self, value: f64) -> f64 {
        match self {
            Direction::Minimize => value,
            // No −0, which would be another text than 0.
            Direction::Maximize => 0.0 - value,
        }
    }
}
