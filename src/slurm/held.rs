//! What the executor knows of the batches that it has.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use super::batch;
use super::batch::Ask;
use super::batch::Batch;
use crate::engine::End;
use crate::engine::EndCause;
use crate::text::said;

/// A batch that was handed to Slurm, or is about to be.
pub(super) struct Held {
    pub folder: PathBuf,
    pub batch: Batch,
    /// None where an earlier coordinator submitted it.
    pub ask: Option<Ask>,
    pub job: JobNumber,
    /// By task: its attempts.
    pub tasks: Vec<Task>,
    /// Something ended without an outcome: what the jobs printed is kept.
    pub keep: bool,
    /// So many times in a row it was refused for now, with nothing in the queue that could make room.
    pub refusals: u32,
}

/// What is known of a batch's number in Slurm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobNumber {
    /// `sbatch` is being called.
    Asked,
    /// Slurm does not take it now.
    NotNow {
        again: Instant,
    },
    /// It may have been taken; so many answers of the queue did not have it.
    Unclear {
        answers: u32,
    },
    Known(u64),
}

/// One task of an array.
pub(super) struct Task {
    pub attempts: Vec<Attempt>,
    /// What was last told of it in the queue.
    pub told: Option<(String, Option<String>)>,
    /// So many answers of the queue in a row did not have it.
    pub absent: u32,
    /// Its end by the queue.
    pub over: Option<Over>,
    /// Whether Slurm was told to cancel it.
    pub cancelled: bool,
}

/// How a task's job ended, by the queue.
#[derive(Clone)]
pub(super) struct Over {
    /// Since when it is known.
    pub since: Instant,
    pub end: End,
    /// Whether the job's script is said to have ended well.
    pub well: bool,
}

/// One attempt of a task.
pub(super) struct Attempt {
    /// What the coordinator calls it: the name of its folder.
    pub handle: String,
    pub folder: PathBuf,
    pub phase: Phase,
    pub cancelled: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// For a coordinator that has not asked for it.
    Unwanted,
    Waits,
    Runs,
    /// It left no outcome; why, its job's end will say.
    Silent(String),
    Ended,
}

impl Held {
    pub(super) fn new(folder: PathBuf, batch: Batch, ask: Option<Ask>, job: JobNumber) -> Self {
        let attempt = |folder: &PathBuf| Attempt {
            handle: folder
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            folder: folder.clone(),
            phase: Phase::Unwanted,
            cancelled: false,
        };
        let tasks = batch.tasks.iter().map(|attempts| Task {
            attempts: attempts.iter().map(attempt).collect(),
            told: None,
            absent: 0,
            over: None,
            cancelled: false,
        });
        Held {
            tasks: tasks.collect(),
            folder,
            batch,
            ask,
            job,
            keep: false,
            refusals: 0,
        }
    }

    /// `123_4`, as Slurm's commands take it.
    pub(super) fn name(&self, task: usize) -> Option<String> {
        match self.job {
            JobNumber::Known(job) => Some(format!("{job}_{task}")),
            _ => None,
        }
    }

    pub(super) fn job_name(&self, task: usize) -> String {
        match self.name(task) {
            Some(name) => format!("job {name}"),
            None => "a job".to_owned(),
        }
    }

    /// The places of all attempts: task and slot.
    pub(super) fn all(&self) -> Vec<(usize, usize)> {
        let tasks = self.tasks.iter().enumerate();
        let places =
            tasks.flat_map(|(task, known)| (0..known.attempts.len()).map(move |slot| (task, slot)));
        places.collect()
    }

    /// Whether no attempt is to be heard of any more.
    pub(super) fn is_over(&self) -> bool {
        self.tasks.iter().all(Task::is_over)
    }

    /// Whether a job may still need the batch for a coordinator that has not come for it.
    pub(super) fn has_unwanted(&self) -> bool {
        let mut attempts = self.tasks.iter().flat_map(|task| &task.attempts);
        attempts.any(|attempt| attempt.phase == Phase::Unwanted && attempt.folder.exists())
    }

    /// An end in words, with what the job printed itself.
    pub(super) fn end(&self, task: usize, cause: EndCause, words: &str) -> End {
        let mut end = End::new(cause, format!("{} {words}", self.job_name(task)));
        let path = batch::log(&self.folder, task as u32);
        let text = last_part(&path).unwrap_or_default();
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        let last = &lines[lines.len().saturating_sub(LINES)..];
        if !last.is_empty() {
            end.hints.push(format!(
                "{} ends with: {}",
                path.display(),
                said(&last.join(" / "))
            ));
        }
        end
    }
}

/// How many lines of a job's own output are shown with its end.
const LINES: usize = 3;

/// How much of it is read for them.
const PART: u64 = 1 << 16;

/// The end of what a job printed, in whatever encoding.
fn last_part(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(PART)))?;
    let mut bytes = Vec::new();
    file.take(PART).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Task {
    pub(super) fn is_over(&self) -> bool {
        let mut attempts = self.attempts.iter();
        attempts.all(|attempt| matches!(attempt.phase, Phase::Ended | Phase::Unwanted))
    }

    /// Whether nobody wants anything more of it.
    pub(super) fn is_cancelled(&self) -> bool {
        let mut attempts = self.attempts.iter();
        attempts.all(|attempt| attempt.cancelled || attempt.phase == Phase::Ended)
    }
}

/// How long an outcome may take to be seen on a disk that machines share, after its job has ended.
pub(super) fn patience(cause: EndCause) -> Duration {
    match cause {
        // It must be there.
        EndCause::Finished => Duration::from_secs(30),
        _ => Duration::from_secs(5),
    }
}
