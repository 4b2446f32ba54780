//! Cells to a DAG of steps, keys, staleness and its explanation.

mod build;
mod change;
mod columns;
mod expand;
mod filter;
mod foresee;
mod graph;
mod growing;
mod key;
mod kind_of;
mod kinds;
mod known_columns;
mod mandatory;
mod objectives;
mod open;
mod outline;
mod outputs;
mod params;
mod planner;
mod projection;
mod repeated;
mod resolve;
mod selection;
mod stage_summary;
mod status;
mod step;
mod unread;
mod warnings;
mod wiring;

pub use crate::manifest::{Ended, Policy, StageExecutor};
pub use build::{Plan, Planned};
pub use change::{Change, changes, first_difference};
pub use filter::{Filter, Term};
pub use growing::{GrowingPlan, Grown};
pub use key::content_digest;
pub use key::{
    Contents, KeyError, KeyRules, Keys, NUMERICS_REVISION, PatternError, PatternMatches, Tree,
    UnmatchedPattern, variable_digest,
};
pub use known_columns::KnownColumns;
pub use resolve::{Outlook, Resolution, ResolveError, Resolver, Upstream};
pub use selection::{SelectedSteps, Selection};
pub use stage_summary::StageSummary;
pub use status::{History, Look, Reason, StepStatus, left_nothing};
pub use step::StepId;
pub use step::{AXES, Cell, Former, From, Input, InputItem, OF_KIND, PartOfBudget, SEARCHED, Step};
