//! How a run is to be done, and what came of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::time::Duration;

use serde::Serialize;

use crate::plan::StepId;
use crate::store::Digest;
use crate::store::StepResult;

use super::Resources;
use super::State;
use super::Totals;

/// How a run is to be done.
#[derive(Clone, Debug)]
pub struct Options {
    /// The experiment's name, with its profile if it has one: `mapa@quick`.
    pub experiment: String,
    /// The command line, for the records.
    pub command: String,
    /// What the run is called, and tags.
    pub name: Option<String>,
    pub tags: Vec<String>,
    /// The project's root.
    pub root: PathBuf,
    /// The manifest's path, absolute: the view remembers whose it is.
    pub manifest: PathBuf,
    /// Where the human view goes, `outputs/<experiment>`; none for no view.
    pub view: Option<PathBuf>,
    /// How many attempts run at once.
    pub jobs: usize,
    /// What steps share.
    pub resources: Resources,
    /// The names of the GPUs among them, as `CUDA_VISIBLE_DEVICES` takes them: as many as
    /// `resources` has.
    pub gpus: Vec<String>,
    /// Start nothing more after this many failures.
    pub max_failures: Option<usize>,
    /// Only these steps run; all where none. Of the others, results that are known are used.
    pub only: Option<Vec<StepId>>,
    /// These run even where their result is known.
    pub force: Vec<StepId>,
    /// Steps with a part of a budget whose training no other goes on with: what they left for that goes.
    pub let_go: Vec<StepId>,
    /// The wait before the second attempt; doubles for every further one.
    pub backoff: Duration,
    /// The least time between two checkpoints of a training.
    pub checkpoint_every: Duration,
    /// An interrupt leaves attempts outside this process where they are, for the next run.
    pub detach: bool,
    /// Set to one or more: running steps are cancelled and the run stops.
    pub interrupt: Arc<AtomicU8>,
}

impl Options {
    /// Runs everything on all cpus of this machine.
    pub fn new(experiment: impl Into<String>, root: impl Into<PathBuf>) -> Self {
        let cpus = std::thread::available_parallelism().map_or(1, usize::from);
        Options {
            experiment: experiment.into(),
            command: String::new(),
            name: None,
            tags: Vec::new(),
            root: root.into(),
            manifest: PathBuf::new(),
            view: None,
            jobs: cpus,
            resources: Resources {
                cpus: cpus as u32,
                memory: u64::MAX,
                gpus: 0,
                named: BTreeMap::new(),
            },
            gpus: Vec::new(),
            max_failures: None,
            only: None,
            force: Vec::new(),
            let_go: Vec::new(),
            backoff: Duration::from_secs(1),
            // Writing one takes some milliseconds, so this costs nothing.
            checkpoint_every: Duration::from_secs(5),
            detach: false,
            interrupt: Arc::new(AtomicU8::new(0)),
        }
    }
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Summary {
    pub run: String,
    pub totals: Totals,
    /// Whether the run was interrupted, or stopped after too many failures.
    pub stopped: bool,
    pub seconds: f64,
    /// In plan order.
    pub steps: Vec<StepSummary>,
    /// In plan order.
    pub failures: Vec<Failure>,
}

/// What came of one step.
#[derive(Clone, Debug)]
pub struct StepSummary {
    pub state: State,
    /// Of one that failed: whether what it does fails ([`JobError::is_its_own`](super::JobError::is_its_own)).
    pub failed_itself: bool,
    /// None where an input is not known.
    pub key: Option<Digest>,
    /// There for steps that are done or up to date.
    pub result: Option<Arc<StepResult>>,
}

/// A step that cannot be made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    pub id: StepId,
    pub step: String,
    pub place: String,
    pub message: String,
    pub hints: Vec<String>,
}
