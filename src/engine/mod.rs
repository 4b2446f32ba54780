//! Drives a plan to its end; knows no stage kind and no terminal.
//!
//! [`Engine::run`] takes steps, computes their keys as soon as the contents of their inputs are
//! known ([`crate::plan::Keys`]), takes known results from the store and has the rest made by a [`Worker`].
//! Everything that happens leaves as one stream of [`Event`]s.

mod attempt;
mod attempt_runner;
mod checkpoint_clock;
mod coordinator;
mod event;
mod executor;
mod graph;
mod growth;
mod input_snapshot;
pub mod isolated;
mod job;
mod journal;
mod link;
mod names;
mod nodes;
mod options;
mod pools;
pub mod process;
mod queue;
mod reading;
mod run;
mod run_so_far;
mod runners;
pub mod scratch;
mod shared;
mod stamps;
mod state;
#[cfg(test)]
mod tests;
mod view;

pub use attempt_runner::{AttemptRunner, InProcess};
pub use event::{EVENTS_VERSION, Event, Number, Timed};
pub use executor::{ERR, End, EndCause, Executor, OUT, Submission, Update};
pub use growth::{EndedStep, Growth};
pub use job::{Content, Job, JobArtifact, JobError, JobInput, JobItem, Link, StepOutput, Worker};
pub use names::file_name;
pub use options::{Failure, Options, StepSummary, Summary};
pub use pools::Resources;
pub use run::Engine;
pub use shared::SharedResults;
pub use state::{State, Totals};
pub use view::{Disturbed, NEW_MEMORY, ViewOwner, cell_folder, disturbed, keep_edits, kept_as};
pub use view::{outdated, shown_files, tidy_view, view_owner, view_shows};
