//! What a coordinator and the worker of an attempt tell each other, as JSON: docs/design/attempts.md.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use super::keyed::KeyedMachine;
use crate::engine::Content;
use crate::engine::Job;
use crate::engine::JobArtifact;
use crate::engine::JobError;
use crate::engine::JobInput;
use crate::engine::JobItem;
use crate::engine::StepOutput;
use crate::plan::Cell;
use crate::plan::Ended;
use crate::registry::Value;
use crate::registry::Values;
use crate::store::Artifact;
use crate::store::Environment;
use crate::store::Object;
use crate::store::Other;

/// Counts changes of [`AttemptSpec`] and [`Outcome`] that an older worker or coordinator would misread.
pub const SPEC_VERSION: u32 = 2;

/// One attempt: all that a worker needs, without the manifest and without the store's database.
#[derive(Debug, Serialize, Deserialize)]
pub struct AttemptSpec {
    /// [`SPEC_VERSION`]
    pub version: u32,
    pub stage: String,
    pub cell: Coordinates,
    pub kind: String,
    /// The kind's revision: another program than the coordinator's may compute something else.
    #[serde(default)]
    pub revision: Option<u32>,
    pub params: Values,
    pub inputs: Vec<Input>,
    pub root: PathBuf,
    /// The folder in which the child works and leaves what it makes.
    pub scratch: PathBuf,
    pub outcome: PathBuf,
    /// The files that its key has as code, by their names in the project, where a program is given copies of them.
    #[serde(default)]
    pub code: Vec<String>,
    pub threads: usize,
    /// The memory that each of its processes may have for its data, in bytes.
    #[serde(default)]
    pub memory_limit: Option<u64>,
    /// Where the newest checkpoint is, if there is one.
    pub checkpoint: Option<PathBuf>,
    /// Where the child leaves checkpoints for the parent to take.
    pub checkpoints: PathBuf,
    /// Where the child leaves its state at the end of its budget, where another step goes on from it.
    #[serde(default)]
    pub hand_on: Option<PathBuf>,
    /// The folder in which a program keeps what its next attempt goes on with, where it does.
    #[serde(default)]
    pub kept: Option<PathBuf>,
    /// What its key has of the machine that made it, where the worker may be on another.
    #[serde(default)]
    pub(super) keyed: Option<KeyedMachine>,
    pub checkpoint_every: Duration,
}

/// The name of the outcome's file in an attempt's folder.
pub const OUTCOME: &str = "outcome.json";

/// The name of the file in an attempt's folder where its worker leaves checkpoints.
pub const CHECKPOINTS: &str = "checkpoint";

/// Beside them: its state at the end of its budget.
pub(super) const HANDED_ON: &str = "handed-on";

/// A cell: pairs of axis and value in the order of the axes.
pub(super) type Coordinates = Vec<(String, Value)>;

/// A slot with what is bound to it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Input {
    slot: String,
    /// Whether axes were reduced.
    pub reduced: bool,
    /// How many artifacts are wired to it; some may be missing.
    #[serde(default)]
    pub wired: usize,
    /// The stages and cells of those that are missing, each with its place among all that are wired.
    #[serde(default)]
    pub(super) missing: Vec<(usize, String, Coordinates)>,
    items: Vec<Item>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Item {
    stage: String,
    cell: Coordinates,
    diverged: bool,
    #[serde(default)]
    seconds: Option<f64>,
    outputs: BTreeMap<String, Bound>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Bound {
    artifact: Artifact,
    paths: BTreeMap<String, PathBuf>,
    #[serde(default)]
    described: Option<Value>,
}

/// One line of the child's standard output.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WorkerMessage {
    Progress {
        done: u64,
        total: u64,
        /// Null where a number is not finite.
        numbers: BTreeMap<String, Option<f64>>,
    },
    Log(String),
    Warning(String),
    /// A checkpoint lies at [`AttemptSpec::checkpoints`].
    Checkpoint,
    /// The state at the end lies at [`AttemptSpec::hand_on`].
    HandedOn,
}

/// How the attempt ended.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Made {
        outputs: BTreeMap<String, BTreeMap<String, OutputFile>>,
        folders: BTreeMap<String, String>,
        diverged: Option<String>,
        /// Seconds that earlier attempts spent on what this one went on from.
        #[serde(default)]
        spent_before: f64,
        /// What it was made with.
        #[serde(default)]
        environment: Option<Environment>,
    },
    Failed {
        message: String,
        hints: Vec<String>,
        #[serde(default)]
        ended: Option<Ended>,
        #[serde(default)]
        disturbed: bool,
    },
    Transient(String),
    Cancelled,
}

/// A file that the child leaves, or another part of a folder.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputFile {
    /// For the store to take over.
    File(PathBuf),
    /// In the store already.
    Stored(Object),
    /// No file.
    Other(Other),
}

impl AttemptSpec {
    /// What a job is, with its files below the job's scratch folder.
    pub fn of(job: &Job<'_>, checkpoint: Option<PathBuf>, checkpoint_every: Duration) -> Self {
        let reduced = |slot: &str| {
            let mut inputs = job.step.inputs.iter();
            inputs.any(|input| *input.slot == *slot && input.reduced)
        };
        let missing = |slot: &str| {
            let missing = job.missing(slot).into_iter();
            let missing =
                missing.map(|(at, item)| (at, item.stage.to_string(), coordinates(&item.cell)));
            missing.collect()
        };
        let inputs = job.inputs.iter().map(|input| Input {
            slot: input.slot.clone(),
            reduced: reduced(&input.slot),
            wired: job.wired(&input.slot).len(),
            missing: missing(&input.slot),
            items: input.items.iter().map(Item::of).collect(),
        });
        AttemptSpec {
            version: SPEC_VERSION,
            stage: job.step.stage.to_string(),
            cell: coordinates(&job.step.cell),
            kind: job.step.kind.name().to_owned(),
            revision: Some(job.step.kind.revision()),
            params: (**job.step.written.as_ref().unwrap_or(&job.step.params)).clone(),
            inputs: inputs.collect(),
            root: job.root.to_owned(),
            scratch: job.scratch.join("work"),
            outcome: job.scratch.join(OUTCOME),
            code: job.code.to_vec(),
            threads: job.threads,
            memory_limit: job.step.policy.memory_limit,
            checkpoint,
            checkpoints: job.scratch.join(CHECKPOINTS),
            hand_on: job.link.goes_on().then(|| job.scratch.join(HANDED_ON)),
            kept: None,
            keyed: None,
            checkpoint_every,
        }
    }

    /// The inputs as a job has them.
    pub fn job_inputs(&self) -> Vec<JobInput> {
        let inputs = self.inputs.iter();
        inputs
            .map(|input| JobInput {
                slot: input.slot.clone(),
                items: input.items.iter().map(Item::job_item).collect(),
            })
            .collect()
    }
}

impl Item {
    fn of(item: &JobItem) -> Self {
        let outputs = item.outputs.iter().map(|(name, artifact)| {
            let bound = Bound {
                artifact: artifact.artifact.clone(),
                paths: artifact.paths.clone(),
                described: artifact.described.clone(),
            };
            (name.clone(), bound)
        });
        Item {
            stage: item.stage.clone(),
            cell: coordinates(&item.cell),
            diverged: item.diverged,
            seconds: item.seconds,
            outputs: outputs.collect(),
        }
    }

    fn job_item(&self) -> JobItem {
        let outputs = self.outputs.iter().map(|(name, bound)| {
            let artifact = JobArtifact {
                artifact: bound.artifact.clone(),
                paths: bound.paths.clone(),
                described: bound.described.clone(),
            };
            (name.clone(), artifact)
        });
        JobItem {
            stage: self.stage.clone(),
            cell: cell(&self.cell),
            outputs: outputs.collect(),
            diverged: self.diverged,
            seconds: self.seconds,
        }
    }
}

fn coordinates(cell: &Cell) -> Coordinates {
    let pairs = cell.iter();
    pairs
        .map(|(axis, value)| (axis.to_owned(), value.clone()))
        .collect()
}

/// The cell with these coordinates.
pub(super) fn cell(coordinates: &Coordinates) -> Cell {
    let pairs = coordinates.iter();
    Cell(
        pairs
            .map(|(axis, value)| (Arc::from(axis.as_str()), value.clone()))
            .collect(),
    )
}

impl From<Outcome> for Result<StepOutput, JobError> {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Made {
                outputs,
                folders,
                diverged,
                spent_before,
                environment,
            } => {
                let content = |left| match left {
                    OutputFile::File(path) => Content::Taken(path),
                    OutputFile::Stored(object) => Content::Stored(object),
                    OutputFile::Other(other) => Content::Other(other),
                };
                let outputs = outputs.into_iter().map(|(output, files)| {
                    let files = files.into_iter();
                    let files = files.map(|(name, left)| (name, content(left)));
                    (output, files.collect())
                });
                Ok(StepOutput {
                    outputs: outputs.collect(),
                    folders,
                    diverged,
                    spent_before,
                    environment,
                })
            }
            Outcome::Failed {
                message,
                hints,
                ended,
                disturbed,
            } => Err(JobError::Failed {
                message,
                hints,
                ended,
                disturbed,
            }),
            Outcome::Transient(message) => Err(JobError::Transient { message }),
            Outcome::Cancelled => Err(JobError::Cancelled),
        }
    }
}
