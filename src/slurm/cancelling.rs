//! Jobs that nobody wants any more: how they leave the queue, and what is told of those that stay in it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use super::batch;
use super::batch::Batch;
use super::batch::Position;
use super::client::Request;
use super::commands::Unwanted;
use super::commands::may_be_of;
use super::executor::OFTEN;
use super::executor::SELDOM;
use super::executor::Slurm;
use super::executor::is_one_folder;
use super::held::JobNumber;
use super::held::Task;
use super::listing::Listing;
use super::state;
use super::state::Meaning;
use crate::engine::isolated;
use crate::text::plural;

/// So many jobs are named in a message.
const NAMED: usize = 8;

/// What is to leave the queue, and when Slurm is told next.
pub(super) struct Cancelling {
    jobs: BTreeSet<Unwanted>,
    /// It is being told now.
    telling: bool,
    again: Instant,
    pause: Duration,
}

/// A task of an earlier run's batch that no step of this run wants.
pub(super) struct Left {
    batch: String,
    job: Option<u64>,
    task: u32,
}

impl Cancelling {
    pub(super) fn new() -> Self {
        Cancelling {
            jobs: BTreeSet::new(),
            telling: false,
            again: Instant::now(),
            pause: OFTEN,
        }
    }

    pub(super) fn add(&mut self, name: &str, job: String) {
        let name = name.to_owned();
        self.jobs.insert(Unwanted { name, job });
    }

    /// All that Slurm has not been told of.
    pub(super) fn take(&mut self) -> Vec<Unwanted> {
        std::mem::take(&mut self.jobs).into_iter().collect()
    }
}

impl Slurm {
    /// Tells Slurm what is to leave the queue, not too often where it does not listen.
    pub(super) fn tell_what_to_cancel(&mut self) {
        let cancelling = &mut self.cancelling;
        if cancelling.jobs.is_empty() || cancelling.telling || Instant::now() < cancelling.again {
            return;
        }
        cancelling.telling = true;
        let jobs = cancelling.take();
        self.client.ask(Request::Cancel { jobs });
    }

    /// It was told, but of these.
    pub(super) fn not_cancelled(&mut self, jobs: Vec<Unwanted>) {
        let cancelling = &mut self.cancelling;
        cancelling.telling = false;
        if jobs.is_empty() {
            cancelling.pause = OFTEN;
            return;
        }
        cancelling.again = Instant::now() + cancelling.pause;
        cancelling.pause = cancelling.pause.mul_f64(1.5).min(SELDOM);
        let names = named(jobs.iter().map(|unwanted| &*unwanted.job));
        cancelling.jobs.extend(jobs);
        self.warn(format!(
            "{} does not answer, and is told again to cancel what is left in the queue: `scancel {names}`, should \
             the run end before",
            self.name
        ));
    }

    /// Has Slurm cancel the tasks of a batch that nobody wants any more.
    pub(super) fn cancel_tasks(&mut self, name: &str) {
        let Some(held) = self.batches.get_mut(name) else {
            return;
        };
        let JobNumber::Known(job) = held.job else {
            return;
        };
        let all = held.tasks.iter().all(Task::is_cancelled);
        let mut any = false;
        for (number, task) in held.tasks.iter_mut().enumerate() {
            if task.is_cancelled() && !task.is_over() && !task.cancelled {
                task.cancelled = true;
                any = true;
                if !all {
                    let job = format!("{job}_{number}");
                    self.cancelling.add(&held.batch.name, job);
                }
            }
        }
        if all && any {
            self.cancelling.add(&held.batch.name, job.to_string());
        }
    }

    /// Has a task cancelled that is taken for lost: should it be there after all, it would be a second one.
    pub(super) fn cancel_lost(&mut self, name: &str, task: usize) {
        let Some(held) = self.batches.get(name) else {
            return;
        };
        // A controller that lost its state may have given the number to another batch of ours.
        let mut others = self.batches.iter().filter(|(other, _)| *other != name);
        if others.any(|(_, other)| other.job == held.job) {
            return;
        }
        if let Some(job) = held.name(task) {
            self.cancelling.add(&held.batch.name, job);
        }
    }

    /// Cancels what works off an attempt that no coordinator will ask for, unless it has others to work off.
    pub(super) fn cancel_forgotten(&mut self, folder: &Path) -> bool {
        let Some((position, batch, job)) = self.earlier(folder) else {
            return false;
        };
        let attempts = batch.tasks.get(position.task as usize);
        let mut others = attempts.into_iter().flatten().filter(|other| {
            other.is_dir() && !is_one_folder(other, folder) && isolated::outcome(other).is_none()
        });
        match job {
            Some(job) if others.next().is_none() => {
                let job = format!("{job}_{}", position.task);
                self.cancelling.add(&batch.name, job);
                true
            }
            _ => false,
        }
    }

    /// Remembers an attempt of an earlier run that no step of this run wants, to be told of while its job is there.
    pub(super) fn note_left(&mut self, folder: &Path) -> bool {
        let Some((position, batch, job)) = self.earlier(folder) else {
            return false;
        };
        // Those of other experiments are theirs.
        if batch.name != self.job_name() {
            return false;
        }
        self.left.push(Left {
            batch: position.batch,
            job,
            task: position.task,
        });
        true
    }

    /// The batch of an attempt without an outcome that an earlier run handed over in this project.
    fn earlier(&self, folder: &Path) -> Option<(Position, Batch, Option<u64>)> {
        let folder = std::path::absolute(folder).ok()?;
        if isolated::outcome(&folder).is_some() {
            return None;
        }
        let position = Position::of(&folder)?;
        let at = self.batches_folder().join(&position.batch);
        let batch = Batch::read(&at).ok()?;
        let attempts = batch.tasks.get(position.task as usize)?;
        // In a project that was copied it is the job of the other.
        if !is_one_folder(attempts.get(position.slot as usize)?, &folder) {
            return None;
        }
        let job = batch::job(&at);
        Some((position, batch, job))
    }

    /// Tells which jobs of earlier runs are in the queue for nobody.
    pub(super) fn tell_left(&mut self, listing: &Listing) {
        let left = std::mem::take(&mut self.left).into_iter();
        let there = left.filter_map(|left| {
            let job = left.job.or_else(|| listing.with_comment(&left.batch))?;
            let line = listing.task(job, left.task)?;
            let waits_or_runs = matches!(
                state::meaning(&line.state).0,
                Meaning::Waits | Meaning::Runs
            );
            let is_it = waits_or_runs && may_be_of(&line.comment, &left.batch);
            is_it.then(|| format!("{job}_{}", left.task))
        });
        let there: BTreeSet<String> = there.collect();
        if there.is_empty() {
            return;
        }
        let them = if there.len() == 1 { "it" } else { "them" };
        let are = if there.len() == 1 { "is" } else { "are" };
        self.warn(format!(
            "{} of earlier runs {are} in the queue, and no step of this one wants {them}: `scancel {}` cancels {them}",
            plural(there.len(), "job"),
            named(there.iter().map(String::as_str))
        ));
    }
}

/// Jobs as `scancel` takes them.
fn named<'n>(jobs: impl Iterator<Item = &'n str>) -> String {
    let all: Vec<&str> = jobs.collect();
    let more = if all.len() > NAMED { " …" } else { "" };
    format!("{}{more}", all[..all.len().min(NAMED)].join(" "))
}
