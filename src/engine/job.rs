//! The seam between the engine and what a step does: one trait in, results out.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use crate::plan::Cell;
use crate::plan::Ended;
use crate::plan::InputItem;
use crate::plan::Step;
use crate::registry::ParamError;
use crate::registry::Value;
use crate::store::Artifact;
use crate::store::Environment;
use crate::store::Object;
use crate::store::Other;

/// Does the work of steps. The engine knows nothing else about what a stage is.
pub trait Worker: Sync {
    /// Runs one step to its end on the calling thread.
    ///
    /// # Errors
    /// Says what went wrong and what to do next; nothing that was produced is kept then.
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError>;
}

/// One attempt at one step, as its worker sees it.
pub struct Job<'a> {
    pub step: &'a Step,
    /// By slot, in the kind's order.
    pub inputs: Vec<JobInput>,
    /// The project's root: what relative paths in parameters are relative to.
    pub root: &'a Path,
    /// The files that its key has as code, by their names in the project, where it is given copies of them.
    pub code: &'a [String],
    /// A folder of this attempt, empty but for links that an earlier one left below
    /// [`scratch::LINKS`](super::scratch::LINKS) and an empty
    /// [`scratch::TEMPORARY`](super::scratch::TEMPORARY).
    pub scratch: &'a Path,
    /// How many threads the step may use.
    pub threads: usize,
    /// The names of the GPUs that are its own while it runs, as `CUDA_VISIBLE_DEVICES` takes them;
    /// none where `resources` asks for none.
    pub gpus: &'a [String],
    /// The way back to the engine.
    pub link: &'a dyn Link,
}

/// What an attempt tells the engine while it runs, and asks of it.
pub trait Link: Sync {
    /// How far the step is, in units of its own choice, with the latest numbers (`loss`).
    fn progress(&self, done: u64, total: u64, numbers: &[(&str, f64)]);
    /// A line of the step's log.
    fn log(&self, line: &str);
    /// Something that the user should know although the step goes on.
    fn warn(&self, message: &str);
    /// Whether to stop at the next convenient point with [`JobError::Cancelled`].
    fn cancelled(&self) -> bool;
    /// The newest checkpoint of this key, left by an attempt that did not end or by a step with less
    /// budget.
    fn checkpoint(&self) -> Option<Vec<u8>>;
    /// A folder that is kept until the key has its result: what a program puts there it finds again
    /// in its next attempt. None where attempts have no such place.
    ///
    /// # Errors
    /// Where it cannot be made.
    fn checkpoint_folder(&self) -> Result<Option<PathBuf>, JobError> {
        Ok(None)
    }
    /// Whether the last checkpoint, or the start, is long enough ago for another one.
    fn checkpoint_due(&self) -> bool;
    /// Keeps the full state of a training; replaces the one before.
    fn save_checkpoint(&self, state: &[u8]);
    /// Whether another step, the same with a larger budget, may go on from where this one ends.
    fn goes_on(&self) -> bool {
        false
    }
    /// Keeps the state at the end for such a step: it finds it as its checkpoint.
    fn hand_on(&self, _state: &[u8]) {}
}

/// A slot with the artifacts bound to it.
#[derive(Clone, Debug)]
pub struct JobInput {
    pub slot: String,
    pub items: Vec<JobItem>,
}

/// One artifact with where it comes from.
#[derive(Clone, Debug)]
pub struct JobItem {
    /// The stage that made it; empty for a plain file.
    pub stage: String,
    /// Its coordinates.
    pub cell: Cell,
    /// Its outputs by name: one, or all where the slot takes a whole step.
    pub outputs: BTreeMap<String, JobArtifact>,
    /// Whether the training behind it diverged.
    pub diverged: bool,
    /// Wall time of the step that made it; none for a plain file.
    pub seconds: Option<f64>,
}

/// An artifact that can be read: file name → path of the immutable content.
#[derive(Clone, Debug)]
pub struct JobArtifact {
    pub artifact: Artifact,
    pub paths: BTreeMap<String, PathBuf>,
    /// How its numbers are shown, where the manifest says it.
    pub described: Option<Value>,
}

impl Job<'_> {
    /// The resolved value of a parameter; none where it is absent.
    pub fn param(&self, name: &str) -> Option<&Value> {
        self.step.params.get(name)
    }

    /// The items of a slot; empty where an optional slot is unbound.
    pub fn items(&self, slot: &str) -> &[JobItem] {
        self.inputs
            .iter()
            .find(|input| input.slot == slot)
            .map_or(&[], |input| &input.items)
    }

    /// All that is wired to a slot in its order, each with its result; none where that is missing and may be.
    pub fn wired(&self, slot: &str) -> Vec<(&InputItem, Option<&JobItem>)> {
        let inputs = self.step.inputs.iter();
        let wired = inputs.filter(|input| *input.slot == *slot);
        // What is there is in the same order.
        let mut there = self.items(slot).iter().peekable();
        let wired = wired.flat_map(|input| &input.items).map(|item| {
            let is_it = |known: &&JobItem| *known.stage == *item.stage && known.cell == item.cell;
            (item, there.next_if(is_it))
        });
        wired.collect()
    }

    /// What is wired to a slot and left no result, as it may, each with its place among all that is wired.
    pub fn missing(&self, slot: &str) -> Vec<(usize, &InputItem)> {
        let wired = self.wired(slot).into_iter().enumerate();
        let missing = wired.filter(|(_, (_, found))| found.is_none());
        missing.map(|(at, (item, _))| (at, item)).collect()
    }
}

/// What a step leaves: output name → its files.
#[derive(Debug, Default)]
pub struct StepOutput {
    pub outputs: BTreeMap<String, BTreeMap<String, Content>>,
    /// The outputs that are folders, whatever is in them, with the folders' own names.
    pub folders: BTreeMap<String, String>,
    /// Set where a training left the finite numbers: what happened, and when.
    pub diverged: Option<String>,
    /// Seconds that earlier attempts spent on what this one went on from.
    pub spent_before: f64,
    /// What it was made with; none where that is this program on this machine, and nothing else is known.
    pub environment: Option<Environment>,
}

impl StepOutput {
    /// Adds a file to an output.
    pub fn file(&mut self, output: &str, name: &str, content: impl Into<Content>) -> &mut Self {
        self.outputs
            .entry(output.to_owned())
            .or_default()
            .insert(name.to_owned(), content.into());
        self
    }

    /// Makes an output a folder, empty until something is added.
    pub fn folder(&mut self, output: &str, name: impl Into<String>) -> &mut Self {
        self.outputs.entry(output.to_owned()).or_default();
        self.folders.insert(output.to_owned(), name.into());
        self
    }

    /// Passes an artifact on as it is.
    pub fn pass_on(&mut self, output: &str, artifact: &Artifact) -> &mut Self {
        if let Some(name) = &artifact.folder {
            self.folder(output, name.clone());
        }
        for (name, object) in &artifact.files {
            self.file(output, name, Content::Stored(*object));
        }
        for (name, other) in &artifact.others {
            self.file(output, name, Content::Other(other.clone()));
        }
        self
    }
}

/// The content of a file that a step leaves, or of another part of a folder.
#[derive(Debug)]
pub enum Content {
    Bytes(Vec<u8>),
    /// A plain file in the attempt's scratch folder, which the store takes over.
    Taken(PathBuf),
    /// An object that is in the store already: passed on.
    Stored(Object),
    /// What is no file.
    Other(Other),
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Content::Bytes(bytes)
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Content::Bytes(text.into_bytes())
    }
}

/// Why an attempt ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The step cannot succeed: trying again would end the same way.
    #[error("{message}")]
    Failed {
        message: String,
        /// What to do next, a line each.
        hints: Vec<String>,
        /// How the process ended that failed; none where none did.
        ended: Option<Ended>,
        /// Whether it says nothing of the step: a file that it reads was changed meanwhile, the store
        /// cannot be written.
        disturbed: bool,
    },
    /// The world got in the way (a disk, a network); another attempt may succeed.
    #[error("{message}")]
    Transient { message: String },
    /// It was ended through no fault of its own and goes on in another attempt, which is not one of
    /// its `retries`. `further`: whether it left a newer checkpoint than it began with.
    #[error("{message}")]
    Interrupted { message: String, further: bool },
    #[error("cancelled")]
    Cancelled,
}

impl From<ParamError> for JobError {
    fn from(error: ParamError) -> Self {
        JobError::failed(error.to_string())
            .hint("the step was planned by another version, or its record is damaged: run it again")
    }
}

impl JobError {
    pub fn failed(message: impl Into<String>) -> Self {
        JobError::Failed {
            message: message.into(),
            hints: Vec::new(),
            ended: None,
            disturbed: false,
        }
    }

    /// Whether what the step does fails, as far as is known; not where the world got in its way.
    pub fn is_its_own(&self) -> bool {
        match self {
            JobError::Failed {
                ended, disturbed, ..
            } => !disturbed && *ended != Some(Ended::Cancelled),
            JobError::Transient { .. } | JobError::Interrupted { .. } | JobError::Cancelled => {
                false
            }
        }
    }

    /// The same where it says nothing of the step.
    pub fn disturbed(mut self) -> Self {
        if let JobError::Failed { disturbed, .. } = &mut self {
            *disturbed = true;
        }
        self
    }

    /// Whether a program was ended from outside, or left because it was asked to.
    pub fn is_by_signal(&self) -> bool {
        let JobError::Failed { ended, .. } = self else {
            return false;
        };
        let (term, kill) = (15, 9);
        match ended {
            Some(Ended::Signal(signal)) => [term, kill].contains(signal),
            // As shells say it.
            Some(Ended::Exit(status)) => [128 + term, 128 + kill].contains(status),
            _ => false,
        }
    }

    /// The same of a process that ended so.
    pub fn by(mut self, how: Option<Ended>) -> Self {
        if let JobError::Failed { ended, .. } = &mut self {
            *ended = how;
        }
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        if let JobError::Failed { hints, .. } = &mut self {
            hints.push(hint.into());
        }
        self
    }
}
