//! Cells to a DAG of steps, keys, staleness and its explanation.

mod build;
mod expand;
mod key;
mod kinds;
mod params;
mod projection;
mod step;
mod warnings;
mod wiring;

pub use crate::manifest::Policy;
pub use build::{Plan, Planned, StageSummary};
pub use step::{Cell, From, Input, InputItem, Step, StepId};
