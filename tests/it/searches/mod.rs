//! Searches: which points are proposed, what came of them, and who reads them.

mod fronts;
mod handed_on;
mod kit;
mod left_out;
mod mistakes;
mod outcomes;
mod programs;
mod rungs;
mod same_points;
mod spaces;

pub(crate) use kit::HALVING;
