//! An axis whose values are proposed trial by trial: `{tpe: {space: …, trials: 64, minimize: score.loss}}`.

mod fields;
mod reader;

use std::sync::Arc;

use crate::manifest::columns::ValueId;
use crate::registry::Value;
use crate::registry::Values;
use crate::search::Direction;
use crate::search::Halving;
use crate::search::Method;
use crate::search::Point;
use crate::search::Space;
use crate::search::Study;
use crate::text::Place;

pub use crate::search::Statistic;
pub(super) use reader::changed;
pub(super) use reader::changes;

/// Whether a method gives most trials a part of the budget.
pub(in crate::manifest) fn has_budget(method: &dyn Method) -> bool {
    method.params().iter().any(|param| param.name == "factor")
}

/// One number to optimise: `score.loss`.
#[derive(Clone, Debug)]
pub struct Objective {
    pub stage: String,
    pub column: String,
    pub direction: Direction,
    /// Where the manifest names it.
    pub place: Place,
}

/// A parameter of which most trials of a search get a part: epochs, updates.
#[derive(Clone, Debug)]
pub struct Budget {
    pub name: String,
    pub column: usize,
    /// How much there is at each rung, and who goes on to the next.
    pub halving: Halving,
    /// The budgets as values of the parameter, ascending.
    pub amounts: Vec<Value>,
    /// All of it.
    pub whole: Value,
}

/// A trial at a rung: what stands at its place on the axis of the search.
#[derive(Clone, Debug)]
pub struct TrialCell {
    pub trial: usize,
    /// 0 where there is no budget.
    pub rung: usize,
    /// On the columns of the parameters, then on that of the budget.
    pub coordinates: Vec<ValueId>,
    /// No cell is made of it, as no plan could be: the trial has failed.
    pub refused: bool,
}

/// A search as the manifest has it, with the trials that are known.
#[derive(Clone)]
pub struct Search {
    /// The name of its axis.
    pub name: Arc<str>,
    pub place: Place,
    pub method: &'static dyn Method,
    /// The method's own parameters.
    pub params: Values,
    pub space: Space,
    /// What the space is, as text: two that are equal are one.
    pub space_text: String,
    pub trials: usize,
    pub seed: u64,
    pub parallel: usize,
    /// None only where the method needs none.
    pub objectives: Vec<Objective>,
    pub statistic: Statistic,
    /// The columns of the parameters, in the order of the space, then that of the budget.
    pub columns: Vec<usize>,
    pub budget: Option<Budget>,
    /// Parameters that decide whether others are there.
    pub deciding: Vec<String>,
    /// The trials that are known.
    pub points: Vec<Point>,
    /// The trials with all rungs that they have come to.
    pub cells: Vec<TrialCell>,
}

impl std::fmt::Debug for Search {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: {} of {}",
            self.name,
            self.method.name(),
            self.trials
        )
    }
}

impl Search {
    pub fn study(&self) -> Study<'_> {
        Study {
            method: self.method,
            params: &self.params,
            space: &self.space,
            trials: self.trials,
            seed: self.seed,
            parallel: self.parallel,
            halving: self.budget.as_ref().map(|budget| &budget.halving),
        }
    }

    /// By trial: the highest rung that it has come to.
    pub fn highest(&self) -> Vec<usize> {
        let mut highest = vec![0; self.points.len()];
        for cell in &self.cells {
            highest[cell.trial] = highest[cell.trial].max(cell.rung);
        }
        highest
    }

    /// Whether results change which points are proposed.
    pub fn looks_back(&self) -> bool {
        self.method.looks_back(&self.params, self.trials)
    }

    /// The names of the parameters, without that of the budget.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.space
            .parameters()
            .iter()
            .map(|parameter| parameter.name.as_str())
    }
}
