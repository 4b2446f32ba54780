//! Cells to a DAG of steps, keys, staleness and its explanation.

mod step;

pub use step::{Cell, From, Input, InputItem, Policy, Step, StepId};
