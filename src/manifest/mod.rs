//! YAML to a checked manifest; axes to cells. Reading runs nothing.
//!
//! [`Experiment::read`] reads a manifest and its pipeline into typed, placed structures and builds
//! the full grid of cells. What depends on the kinds of stages is checked by the plan.

mod amount;
mod axes;
mod claims;
mod columns;
mod experiment;
mod expression;
mod fields;
mod grid;
mod held;
pub mod language;
mod node;
mod overrides;
mod pipeline;
mod policy;
mod project;
mod retry;
mod schema;
mod spelling;
mod stage;
mod template;
mod yaml;
mod yaml_errors;

pub use axes::{Budget, Objective, PartOfReplicates, Replicates, ReplicatesSoFar};
pub use axes::{Search, Statistic, TrialCell};
pub use claims::{StatedClaim, all_tell};
pub(crate) use columns::FILE_THAT_IS_NONE;
pub use columns::{ABSENT, Column, Columns, ValueId};
pub(crate) use experiment::params_file;
pub use experiment::{AxisInfo, Experiment, Reading};
pub use expression::{EvaluationError, Expression};
pub use grid::Grid;
pub(crate) use node::{Content, Entry, Node};
pub use overrides::Overrides;
pub use pipeline::{Declared, Pipeline};
pub use policy::{Policy, StageExecutor};
pub use project::{SETTINGS, absolute, project_root, root_around};
pub use retry::{Ended, Retry};
pub use schema::{Described, schema};
pub(crate) use stage::STAGE_KEYS;
pub use stage::{Argument, Binding, Input, Origin, Over, Stage};
pub use template::{Numbers, Segment, Template, TemplateContent};
pub(crate) use yaml::read_foreign;
