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
        each: batch.each.map(|each| each - lead(each)),
        start,
    };
    let mut well = true;
    let mut first = true;
    for (slot, attempt) in (0..).zip(attempts) {
        let begins = Instant::now();
        // Who comes after others may have less time than it asked for, through no fault of its own.
        let until = Until {
            own: job.each.and_then(|each| begins.checked_add(each)),
            job: job.end,
            cut: if first {
                Mark::TimeLimit
            } else {
                Mark::NotBegun
            },
        };
        let worked = job.attempt(slot, attempt, until)?;
        first &= worked == Worked::Not;
        well &= worked != Worked::Badly;
    }
    Ok(well)
}

/// How far an attempt got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worked {
    /// There was nothing to do.
    Not,
    Well,
    Badly,
}

/// How long an attempt may go on.
#[derive(Clone, Copy, Debug)]
struct Until {
    /// The end of its own time.
    own: Option<Instant>,
    /// The end of its job's.
    job: Option<Instant>,
    /// What an end by the job's time means.
    cut: Mark,
}

impl Until {
    /// Why an attempt has to stop now.
    fn stops(self, now: Instant) -> Option<Mark> {
        match () {
            () if self.own.is_some_and(|own| now >= own) => Some(Mark::TimeLimit),
            () if self.job.is_some_and(|job| now >= job) => Some(self.cut),
            () => None,
        }
    }
}

/// How long before the end of a time what it limits is stopped.
fn lead(time: Duration) -> Duration {
    LEAD.min(time / 5)
}

/// When a job has to stop what it does.
fn end(limit: Option<Duration>, spent: Duration) -> Option<Instant> {
    let left = match limit {
        Some(limit) => limit.saturating_sub(spent).saturating_sub(lead(limit)),
        // Newer versions of Slurm tell what the partition gives.
        None => {
            let end: u64 = env::var("SLURM_JOB_END_TIME").ok()?.parse().ok()?;
            let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
            let left = Duration::from_secs(end).checked_sub(now)?;
            left.saturating_sub(lead(left))
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
    /// How long each attempt may take.
    each: Option<Duration>,
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
    fn attempt(&self, slot: u32, folder: &Path, until: Until) -> io::Result<Worked> {
        // Nobody wants it any more; or the job was queued anew after it had begun.
        if !folder.is_dir() {
            return Ok(Worked::Not);
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
            return Ok(Worked::Not);
        }
        if self.is_told() || self.is_over() {
            self.mark(slot, Mark::NotBegun, "")?;
            return Ok(Worked::Badly);
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
        let (status, stopped) = self.wait(&mut child, folder, until)?;
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
        Ok(match outcome {
            Some(Ok(_)) => Worked::Well,
            _ => Worked::Badly,
        })
    }

    /// Waits for an attempt, and stops it where that must be; why it was stopped.
    fn wait(
        &self,
        child: &mut Child,
        folder: &Path,
        until: Until,
    ) -> io::Result<(ExitStatus, Option<Mark>)> {
        let mut stopped = None;
        let mut looked = Instant::now();
        let mut pause = Duration::from_millis(2);
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok((status, stopped));
            }
            if stopped.is_none() {
                let out_of_time = until.stops(Instant::now());
                stopped = match () {
                    () if self.is_told() => Some(Mark::Signalled),
                    () if out_of_time.is_some() => out_of_time,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_out_of_time_by_its_own_and_cut_by_that_of_others() {
        let begin = Instant::now();
        let after = |seconds| begin + Duration::from_secs(seconds);
        let until = Until {
            own: Some(after(80)),
            job: Some(after(100)),
            cut: Mark::NotBegun,
        };
        assert_eq!(until.stops(after(79)), None);
        assert_eq!(until.stops(after(80)), Some(Mark::TimeLimit));
        let late = Until {
            own: Some(after(170)),
            ..until
        };
        assert_eq!(late.stops(after(100)), Some(Mark::NotBegun));
        // It had the job for itself.
        let first = Until {
            own: None,
            cut: Mark::TimeLimit,
            ..late
        };
        assert_eq!(first.stops(after(100)), Some(Mark::TimeLimit));
    }
}
