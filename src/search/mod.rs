//! Values of parameters proposed trial by trial, from what earlier trials gave.
//!
//! Everything here is a pure function of its arguments: a [`Method`] has no state, and the numbers it
//! draws are those of a stream that the seed and the trial's number name. So trial `k` is the same
//! whatever ran at the same time, in whatever order it ended, and after any interruption; the caller
//! says which results trial `k` may see.
//!
//! Numbers to optimise are costs: smaller is better ([`Direction::cost`]).

mod asha;
pub mod forest;
mod halton;
mod halving;
mod history;
mod importance;
mod method;
pub mod outside;
pub mod pareto;
mod random;
mod sobol;
mod space;
mod statistic;
mod study;
mod tpe;
mod trial;

#[cfg(test)]
mod tests;

pub use halving::{Halving, HalvingError, Rung};
pub use history::Taken;
pub use importance::Importance;
pub use method::{Ask, Method, Proposal};
pub use space::{
    Condition, Domain, NotInSpace, Parameter, Point, Space, SpaceError, spread_by_ratios,
};
pub use statistic::Statistic;
pub use study::{Proposed, Study};
pub use trial::{Direction, Outcome, Trial};

/// Every method, sorted by name.
pub static ALL: &[&dyn Method] = &[
    &asha::Asha,
    &outside::Command,
    &halton::Halton,
    &asha::Hyperband,
    &random::Random,
    &sobol::Sobol,
    &tpe::Tpe,
];

/// The method of this name.
pub fn find(name: &str) -> Option<&'static dyn Method> {
    ALL.iter().copied().find(|method| method.name() == name)
}
