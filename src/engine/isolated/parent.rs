//! The parent's side: starts a child for an attempt, hears it out, takes what it left.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::keyed::KeyedMachine;
use super::spec::AttemptSpec;
use super::spec::CHECKPOINTS;
use super::spec::HANDED_ON;
use super::spec::OUTCOME;
use super::spec::Outcome;
use super::spec::WorkerMessage;
use crate::engine::AttemptRunner;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::Link;
use crate::engine::StepOutput;
use crate::engine::Worker;
use crate::engine::process;
use crate::engine::process::ProcessEnd;
use crate::engine::process::Rules;
use crate::engine::process::Stream;
use crate::engine::scratch;
use crate::text::ShowPath;

/// A training stops after its present step, and keeps a checkpoint.
const GRACE: Duration = Duration::from_secs(10);

/// Runs every attempt in a child process.
pub struct Isolated {
    /// The program with the arguments that make it call [`super::serve`]; the path of the
    /// specification is added as the last one.
    start: Box<dyn Fn(&Path) -> Command + Send + Sync>,
    checkpoint_every: Duration,
    grace: Duration,
}

impl Isolated {
    /// `start` gives the command that has a child call [`super::serve`] with a path.
    pub fn new(
        start: impl Fn(&Path) -> Command + Send + Sync + 'static,
        checkpoint_every: Duration,
    ) -> Self {
        Isolated {
            start: Box::new(start),
            checkpoint_every,
            grace: GRACE,
        }
    }

    /// The same with another time between being asked to stop and being killed.
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }
}

impl AttemptRunner for Isolated {
    fn run_attempt(&self, _worker: &dyn Worker, job: &Job<'_>) -> Result<StepOutput, JobError> {
        // The child has the environment of this process.
        let path = specify(job, self.checkpoint_every, None)?;
        let mut listener = Listener::new(&job.scratch.join(CHECKPOINTS));
        let rules = Rules {
            memory: job.step.policy.memory_limit,
            grace: self.grace,
        };
        let mut command = (self.start)(&path);
        if !job.gpus.is_empty() {
            command.env("CUDA_VISIBLE_DEVICES", job.gpus.join(","));
        }
        let ended = process::run(
            &mut command,
            rules,
            &|| job.link.cancelled(),
            &mut |stream, bytes| listener.receive(job.link, stream, bytes),
        );
        listener.end(job.link);
        let ended = ended.map_err(|error| JobError::Transient {
            message: format!("cannot run a process for the step: {error}"),
        })?;
        self::ended(&ended, &job.scratch.join(OUTCOME), job)
    }
}

/// What came of a child that is gone.
fn ended(ended: &ProcessEnd, outcome: &Path, job: &Job<'_>) -> Result<StepOutput, JobError> {
    match outcome_in(outcome) {
        Some(outcome) => outcome,
        None if ended.stopped => Err(JobError::Cancelled),
        None => {
            let how = process::describe(ended.status);
            let failed = JobError::failed(format!("the step's process ended with {how}"));
            let failed = failed.by(process::how(ended.status));
            Err(match job.step.policy.memory_limit {
                Some(bytes) => failed.hint(format!(
                    "it may use {:.0} MiB of memory: `isolate: {{memory: …}}` of the stage",
                    bytes as f64 / (1024.0 * 1024.0)
                )),
                None if how.contains("SIGKILL") => {
                    failed.hint("a system that runs out of memory kills the largest process")
                }
                None => failed,
            })
        }
    }
}

/// What an attempt came to whose folder this is; none where it left no outcome.
pub fn outcome(folder: &Path) -> Option<Result<StepOutput, JobError>> {
    outcome_in(&folder.join(OUTCOME))
}

fn outcome_in(path: &Path) -> Option<Result<StepOutput, JobError>> {
    // Written last and renamed into its place: where it is, it is whole.
    let text = fs::read(path).ok()?;
    Some(match serde_json::from_slice::<Outcome>(&text) {
        Ok(outcome) => outcome.into(),
        Err(error) => Err(JobError::failed(format!(
            "the step's process left an outcome that cannot be read: {error}"
        ))),
    })
}

/// Writes what a worker needs into an attempt's folder, and says where.
///
/// # Errors
/// Where the folder cannot be written to.
pub(in crate::engine) fn specify(
    job: &Job<'_>,
    checkpoint_every: Duration,
    keyed: Option<KeyedMachine>,
) -> Result<PathBuf, JobError> {
    let checkpoint = job.link.checkpoint().map(|state| {
        let path = job.scratch.join("begin");
        write(&path, &state).map(|()| path)
    });
    let mut spec = AttemptSpec::of(job, checkpoint.transpose()?, checkpoint_every);
    spec.keyed = keyed;
    if job.step.kind.keeps_state(&job.step.params) {
        spec.kept = job.link.checkpoint_folder()?;
    }
    scratch::make(&spec.scratch).map_err(|error| cannot("create", &spec.scratch, &error))?;
    let path = job.scratch.join("spec.json");
    let text = serde_json::to_vec(&spec).expect("a specification is plain data");
    write(&path, &text)?;
    Ok(path)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), JobError> {
    fs::write(path, bytes).map_err(|error| cannot("write", path, &error))
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> JobError {
    JobError::Transient {
        message: format!("cannot {what} {}: {error}", path.shown()),
    }
}

/// Takes the child's output apart.
pub struct Listener {
    checkpoints: PathBuf,
    out: Vec<u8>,
    err: Vec<u8>,
}

impl Listener {
    /// `checkpoints` is where the worker leaves them.
    pub fn new(checkpoints: &Path) -> Self {
        Listener {
            checkpoints: checkpoints.to_owned(),
            out: Vec::new(),
            err: Vec::new(),
        }
    }

    /// Passes on what a worker wrote.
    pub fn receive(&mut self, link: &dyn Link, stream: Stream, bytes: &[u8]) {
        let mut rest = match stream {
            Stream::Out => std::mem::take(&mut self.out),
            Stream::Err => std::mem::take(&mut self.err),
        };
        let old = rest.len();
        rest.extend_from_slice(bytes);
        let mut begin = 0;
        // What was there before has no end of a line.
        while let Some(end) = rest[begin.max(old)..]
            .iter()
            .position(|byte| *byte == b'\n')
        {
            let end = begin.max(old) + end;
            self.line(link, stream, &rest[begin..end]);
            begin = end + 1;
        }
        rest.drain(..begin);
        match stream {
            Stream::Out => self.out = rest,
            Stream::Err => self.err = rest,
        }
    }

    /// Last lines without an end.
    pub fn end(&mut self, link: &dyn Link) {
        for (stream, rest) in [
            (Stream::Out, std::mem::take(&mut self.out)),
            (Stream::Err, std::mem::take(&mut self.err)),
        ] {
            if !rest.is_empty() {
                self.line(link, stream, &rest);
            }
        }
    }

    fn line(&self, link: &dyn Link, stream: Stream, line: &[u8]) {
        let message = match stream {
            Stream::Out => serde_json::from_slice(line).ok(),
            Stream::Err => None,
        };
        match message {
            Some(WorkerMessage::Progress {
                done,
                total,
                numbers,
            }) => {
                let numbers = numbers.iter();
                let numbers: Vec<(&str, f64)> = numbers
                    .map(|(name, number)| (name.as_str(), number.unwrap_or(f64::NAN)))
                    .collect();
                link.progress(done, total, &numbers);
            }
            Some(WorkerMessage::Log(line)) => link.log(&line),
            Some(WorkerMessage::Warning(message)) => link.warn(&message),
            Some(WorkerMessage::Checkpoint) => match fs::read(&self.checkpoints) {
                Ok(state) => link.save_checkpoint(&state),
                Err(error) => link.warn(&format!("the checkpoint was not kept: {error}")),
            },
            Some(WorkerMessage::HandedOn) => {
                match fs::read(self.checkpoints.with_file_name(HANDED_ON)) {
                    Ok(state) => link.hand_on(&state),
                    Err(error) => link.warn(&format!("the state was not kept: {error}")),
                }
            }
            // Whatever else writes there, a panic for example.
            None => link.log(&String::from_utf8_lossy(line)),
        }
    }
}
