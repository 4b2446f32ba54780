//! The parent's side: starts a child for an attempt, hears it out, takes what it left.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::spec::Outcome;
use super::spec::Said;
use super::spec::Spec;
use crate::engine::Executor;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::Link;
use crate::engine::Produced;
use crate::engine::Worker;
use crate::engine::process;
use crate::engine::process::Ended;
use crate::engine::process::Rules;
use crate::engine::process::Stream;

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

impl Executor for Isolated {
    fn execute(&self, _worker: &dyn Worker, job: &Job<'_>) -> Result<Produced, JobError> {
        let checkpoint = job.link.checkpoint().map(|state| {
            let path = job.scratch.join("begin");
            write(&path, &state).map(|()| path)
        });
        let spec = Spec::of(job, checkpoint.transpose()?, self.checkpoint_every);
        fs::create_dir_all(&spec.scratch)
            .map_err(|error| cannot("create", &spec.scratch, &error))?;
        let path = job.scratch.join("spec.json");
        let text = serde_json::to_vec(&spec).expect("a specification is plain data");
        write(&path, &text)?;
        let mut listener = Listener::new(job.link, &spec.checkpoints);
        let rules = Rules {
            memory: job.step.policy.memory_limit,
            grace: self.grace,
        };
        let ended = process::run(
            &mut (self.start)(&path),
            rules,
            &|| job.link.cancelled(),
            &mut |stream, bytes| listener.hear(stream, bytes),
        );
        listener.end();
        let ended = ended.map_err(|error| JobError::Transient {
            message: format!("cannot run a process for the step: {error}"),
        })?;
        self::ended(&ended, &spec.outcome, job)
    }
}

/// What came of a child that is gone.
fn ended(ended: &Ended, outcome: &Path, job: &Job<'_>) -> Result<Produced, JobError> {
    // Written last and renamed into its place: where it is, it is whole.
    match fs::read(outcome) {
        Ok(text) => match serde_json::from_slice::<Outcome>(&text) {
            Ok(outcome) => outcome.into(),
            Err(error) => Err(JobError::failed(format!(
                "the step's process left an outcome that cannot be read: {error}"
            ))),
        },
        Err(_) if ended.stopped => Err(JobError::Cancelled),
        Err(_) => {
            let how = process::describe(ended.status);
            let failed = JobError::failed(format!("the step's process ended with {how}"));
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

fn write(path: &Path, bytes: &[u8]) -> Result<(), JobError> {
    fs::write(path, bytes).map_err(|error| cannot("write", path, &error))
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> JobError {
    JobError::Transient {
        message: format!("cannot {what} {}: {error}", path.display()),
    }
}

/// Takes the child's output apart.
struct Listener<'l> {
    link: &'l dyn Link,
    checkpoints: PathBuf,
    out: Vec<u8>,
    err: Vec<u8>,
}

impl<'l> Listener<'l> {
    fn new(link: &'l dyn Link, checkpoints: &Path) -> Self {
        Listener {
            link,
            checkpoints: checkpoints.to_owned(),
            out: Vec::new(),
            err: Vec::new(),
        }
    }

    fn hear(&mut self, stream: Stream, bytes: &[u8]) {
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
            self.line(stream, &rest[begin..end]);
            begin = end + 1;
        }
        rest.drain(..begin);
        match stream {
            Stream::Out => self.out = rest,
            Stream::Err => self.err = rest,
        }
    }

    /// Last lines without an end.
    fn end(&mut self) {
        for (stream, rest) in [
            (Stream::Out, std::mem::take(&mut self.out)),
            (Stream::Err, std::mem::take(&mut self.err)),
        ] {
            if !rest.is_empty() {
                self.line(stream, &rest);
            }
        }
    }

    fn line(&self, stream: Stream, line: &[u8]) {
        let said = match stream {
            Stream::Out => serde_json::from_slice(line).ok(),
            Stream::Err => None,
        };
        match said {
            Some(Said::Progress {
                done,
                total,
                numbers,
            }) => {
                let numbers = numbers.iter();
                let numbers: Vec<(&str, f64)> = numbers
                    .map(|(name, number)| (name.as_str(), number.unwrap_or(f64::NAN)))
                    .collect();
                self.link.progress(done, total, &numbers);
            }
            Some(Said::Log(line)) => self.link.log(&line),
            Some(Said::Warning(message)) => self.link.warn(&message),
            Some(Said::Checkpoint) => match fs::read(&self.checkpoints) {
                Ok(state) => self.link.save_checkpoint(&state),
                Err(error) => self
                    .link
                    .warn(&format!("the checkpoint was not kept: {error}")),
            },
            // Whatever else writes there, a panic for example.
            None => self.link.log(&String::from_utf8_lossy(line)),
        }
    }
}
