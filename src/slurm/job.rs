//! Inside a job: works off the attempts of one task of a batch, one after the other.
//!
//! Every attempt runs in a process of its own. The job sees to it that trainings stop in time for their last
//! checkpoint before its own time is over.

use std::env;
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use rustix::process::Pid;
use rustix::process::Signal;

use super::batch;
use super::batch::Batch;
use super::batch::CANCEL;
use super::marks;
use super::marks::Mark;
use crate::engine::ERR;
use crate::engine::JobError;
use crate::engine::OUT;
use crate::engine::isolated;
use crate::engine::process;

/// So long before its time is over a job stops what it does, unless that is a fifth of its time or more.
const LEAD: Duration = Duration::from_secs(60);

/// How often a job looks whether an attempt is to stop: a look at a disk that others share.
const LOOKING: Duration = Duration::from_secs(1);

/// Works off a task. `start` gives the command that works off a specification, `spent` is what the job's prologue
/// took. True where every attempt did what it should.
///
/// # Errors
/// Where the batch cannot be read, or nothing can be written beside it.
pub fn work(
    folder: &Path,
    task: u32,
    spent: Duration,
    start: &dyn Fn(&Path) -> Command,
) -> io::Result<bool> {
    let batch = Batch::read(folder)?;
    let attempts = batch.tasks.get(task as usize).ok_or_else(|| {
        let message = format!(
            "the batch has {} tasks, and no task {task}",
            batch.tasks.len()
        );
        io::Error::other(message)
    })?;
    let told = Arc::new(AtomicBool::new(false));
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&told))?;
    }
    let job = Job {
        marks: batch::marks(folder),
        task,
        told,
        end: end(batch.limit, spent),
        start,
    };
    let mut well = true;
    for (slot, attempt) in (0..).zip(attempts) {
        well &= job.attempt(slot, attempt)?;
    }
    Ok(well)
}

/// When a job has to stop what it does.
fn end(limit: Option<Duration>, spent: Duration) -> Option<Instant> {
    let left = match limit {
        Some(limit) => {
            let lead = LEAD.min(limit / 5);
            limit.saturating_sub(spent).saturating_sub(lead)
        }
        // Newer versions of Slurm tell what the partition gives.
        None => {
            let end: u64 = env::var("SLURM_JOB_END_TIME").ok()?.parse().ok()?;
            let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
            let left = Duration::from_secs(end).checked_sub(now)?;
            left.saturating_sub(LEAD.min(left / 5))
        }
    };
    Instant::now().checked_add(left)
}

struct Job<'a> {
    marks: std::path::PathBuf,
    task: u32,
    /// Somebody wants it to end: Slurm, for whatever reason.
    told: Arc<AtomicBool>,
    end: Option<Instant>,
    start: &'a dyn Fn(&Path) -> Command,
}

impl Job<'_> {
    fn mark(&self, slot: u32, mark: Mark, text: &str) -> io::Result<()> {
        marks::put(&self.marks, self.task, slot, mark, text)
    }

    fn is_told(&self) -> bool {
        self.told.load(Ordering::Relaxed)
    }

    fn is_over(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }

    /// Works off one attempt.
    fn attempt(&self, slot: u32, folder: &Path) -> io::Result<bool> {
        // Nobody wants it any more; or the job was queued anew after it had begun.
        if !folder.is_dir() {
            return Ok(true);
        }
        // Slurm ended it and queued its job anew, though jobs ask not to be: an administrator insists.
        let left = isolated::outcome(folder);
        let again = match &left {
            Some(Err(error)) => matches!(error, JobError::Cancelled) || error.is_by_signal(),
            Some(Ok(_)) => false,
            None => marks::is_there(&self.marks, self.task, slot, Mark::Begun),
        };
        if folder.join(CANCEL).exists() || (left.is_some() && !again) {
            self.mark(slot, Mark::Ended, "")?;
            return Ok(true);
        }
        if self.is_told() || self.is_over() {
            self.mark(slot, Mark::NotBegun, "")?;
            return Ok(false);
        }
        if again {
            isolated::begin_again(folder)?;
            marks::forget_ends(&self.marks, self.task, slot)?;
        }
        self.mark(slot, Mark::Begun, &place())?;
        // Whoever reads along goes on where it was.
        let open = |name| {
            File::options()
                .create(true)
                .append(true)
                .open(folder.join(name))
        };
        let mut child = (self.start)(&folder.join("spec.json"))
            .stdout(open(OUT)?)
            .stderr(open(ERR)?)
            .spawn()?;
        let (status, stopped) = self.wait(&mut child, folder)?;
        let outcome = isolated::outcome(folder);
        let (mark, text) = match (&outcome, stopped) {
            (None | Some(Err(JobError::Cancelled)), Some(why)) => (why, String::new()),
            // Slurm tells every process of a job to end: the attempt may have obeyed before we knew.
            (Some(Err(JobError::Cancelled)), None) => (Mark::Signalled, String::new()),
            (Some(Err(error)), _) if error.is_by_signal() => (Mark::Signalled, String::new()),
            (Some(_), _) => (Mark::Ended, String::new()),
            (None, None) => (Mark::Died, process::describe(status)),
        };
        self.mark(slot, mark, &text)?;
        Ok(matches!(outcome, Some(Ok(_))))
    }

    /// Waits for an attempt, and stops it where that must be; why it was stopped.
    fn wait(&self, child: &mut Child, folder: &Path) -> io::Result<(ExitStatus, Option<Mark>)> {
        let mut stopped = None;
        let mut looked = Instant::now();
        let mut pause = Duration::from_millis(2);
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok((status, stopped));
            }
            if stopped.is_none() {
                stopped = match () {
                    () if self.is_told() => Some(Mark::Signalled),
                    () if self.is_over() => Some(Mark::TimeLimit),
                    () if looked.elapsed() >= LOOKING => {
                        looked = Instant::now();
                        folder.join(CANCEL).exists().then_some(Mark::Ended)
                    }
                    () => None,
                };
                if stopped.is_some()
                    && let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw)
                {
                    // Gone already: the next look at it tells.
                    let _ = rustix::process::kill_process(pid, Signal::TERM);
                }
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }
}

/// Where this job is: the node's name.
fn place() -> String {
    let node = env::var("SLURMD_NODENAME");
    node.unwrap_or_else(|_| "a node".to_owned())
}
