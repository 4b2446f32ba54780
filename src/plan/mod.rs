//! Cells to a DAG of steps, keys, staleness and its explanation.

mod build;
mod equal;
mod expand;
mod filter;
mod graph;
mod key;
mod kinds;
mod outline;
mod params;
mod projection;
mod selection;
mod stale;
mod step;
mod warnings;
mod wiring;

pub use crate::manifest::Policy;
pub use build::{Plan, Planned, StageSummary};
pub use filter::{Filter, Term};
pub use key::{Contents, KeyError, KeyRules, NUMERICS_REVISION, content_digest};
pub use selection::{Selection, Wish};
pub use stale::{Change, Fate, Known, Reason, changes};
pub use step::{Cell, From, Input, InputItem, Step, StepId};
