//! What proposes: a function from what is known to a point.

use crate::random::Seed;
use crate::registry::Entry;
use crate::registry::ParamError;
use crate::registry::Values;

use super::Halving;
use super::Point;
use super::Space;
use super::Taken;
use super::Trial;

/// All that a proposal depends on.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub seed: Seed,
    /// Which trial is to be proposed, from 0.
    pub k: usize,
    pub space: &'a Space,
    /// The trials before it, and what it may know of each; any order. Trials whose point does not
    /// lie in the space are passed over.
    pub history: &'a [Trial],
    /// Their points.
    pub taken: &'a Taken,
    /// The method's own parameters, conformed.
    pub params: &'a Values,
}

/// What a method answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Proposal {
    /// A point that no trial of the history has.
    Point(Point),
    /// There is none: every point of the space has been proposed.
    Exhausted,
    /// A program proposes it, which only a run asks.
    NotAsked,
}

/// A way to propose points.
pub trait Method: Entry {
    /// The point of trial `ask.k`: the same for the same arguments, always.
    ///
    /// # Errors
    /// For parameters of its own that were not checked against their declaration.
    fn propose(&self, ask: &Ask<'_>) -> Result<Proposal, ParamError>;

    /// The most trials for which it has points, if there is a limit.
    fn limit(&self) -> Option<usize> {
        None
    }

    /// How trials climb from budget to budget; `None` when each gets all of it.
    ///
    /// # Errors
    /// For parameters of its own that were not checked, or budgets that make no rungs.
    fn halving(&self, _params: &Values) -> Result<Option<Halving>, ParamError> {
        Ok(None)
    }

    /// Whether results change what is tried. One for which they do not needs none of them.
    fn learns(&self) -> bool;

    /// Whether a program proposes, whose answers are taken for good.
    fn is_outside(&self) -> bool {
        false
    }

    /// Whether results change which point it proposes for trial `k`.
    fn looks_back(&self, _params: &Values, _k: usize) -> bool {
        self.learns()
    }
}
