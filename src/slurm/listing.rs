//! What `squeue` prints, read.

use std::collections::HashMap;

/// The fields that [`Listing::read`] expects, as `squeue --format` takes them. The reason may hold anything, so it
/// is the last.
pub(super) const FORMAT: &str = "%i|%T|%k|%N|%r";

/// What stands about one job, or one or more tasks of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub job: u64,
    pub tasks: Tasks,
    pub state: String,
    /// What we gave it with `--comment`.
    pub comment: String,
    pub nodes: String,
    pub reason: String,
}

/// Tasks of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tasks {
    /// The job is no array.
    Only,
    /// Ranges with both ends.
    Ranges(Vec<(u32, u32)>),
}

impl Tasks {
    /// Whether a task is among them.
    pub(super) fn has(&self, task: u32) -> bool {
        match self {
            Tasks::Only => task == 0,
            Tasks::Ranges(ranges) => ranges
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&task)),
        }
    }

    /// `3`, or `[5-7,9%2]`, as a job's number goes on after its `_`.
    fn read(text: &str) -> Option<Tasks> {
        let text = text.trim_start_matches('[').trim_end_matches(']');
        let text = text.split('%').next()?;
        let mut ranges = Vec::new();
        for part in text.split(',') {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            // `0-10:2`; we ask for no steps, and a wider range does no harm.
            let to = to.split(':').next()?;
            ranges.push((from.trim().parse().ok()?, to.trim().parse().ok()?));
        }
        Some(Tasks::Ranges(ranges))
    }
}

/// What `squeue` said, by our comment and by the number of the job.
#[derive(Debug, Default)]
pub(super) struct Listing {
    by_job: HashMap<u64, Vec<Line>>,
    /// Comment → jobs.
    by_comment: HashMap<String, Vec<u64>>,
    lines: usize,
}

impl Listing {
    pub(super) fn read(text: &str) -> Listing {
        let mut listing = Listing::default();
        for line in text.lines().filter_map(line) {
            let jobs = listing.by_comment.entry(line.comment.clone()).or_default();
            if !jobs.contains(&line.job) {
                jobs.push(line.job);
            }
            listing.lines += 1;
            listing.by_job.entry(line.job).or_default().push(line);
        }
        listing
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines == 0
    }

    /// Whether anything stands about the job of `123` or `123_4`.
    pub(super) fn has(&self, job: &str) -> bool {
        let number = job.split('_').next().unwrap_or_default();
        let number = number.parse::<u64>();
        number.is_ok_and(|number| self.by_job.contains_key(&number))
    }

    /// What stands about a task of a job.
    pub(super) fn task(&self, job: u64, task: u32) -> Option<&Line> {
        let mut lines = self.by_job.get(&job)?.iter();
        lines.find(|line| line.tasks.has(task))
    }

    /// The first job that was submitted with this comment.
    pub(super) fn with_comment(&self, comment: &str) -> Option<u64> {
        self.by_comment.get(comment)?.iter().min().copied()
    }
}

fn line(text: &str) -> Option<Line> {
    let mut fields = text.trim().splitn(5, '|');
    let id = fields.next()?;
    let mut next = || fields.next().map(str::trim).map(str::to_owned);
    let (job, tasks) = match id.split_once('_') {
        Some((job, tasks)) => (job, Tasks::read(tasks)?),
        None => (id, Tasks::Only),
    };
    Some(Line {
        job: job.trim().parse().ok()?,
        tasks,
        state: next()?,
        comment: next()?,
        nodes: next()?,
        reason: next()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_tasks_and_what_is_pending_of_an_array_are_told_apart() {
        let listing = Listing::read(
            "12_[5-7,9%2]|PENDING|b-1||Resources\n\
             12_4|RUNNING|b-1|n1|None\n\
             13|FAILED|b-2|n2|Dependency|odd\n\
             slurm_load_jobs: something else\n\
             12_3|COMPLETED|b-1|n1|None\n",
        );
        let state = |job, task| listing.task(job, task).map(|line| line.state.as_str());
        assert_eq!(state(12, 6), Some("PENDING"));
        assert_eq!(state(12, 9), Some("PENDING"));
        assert_eq!(state(12, 8), None);
        assert_eq!(state(12, 4), Some("RUNNING"));
        assert_eq!(state(12, 3), Some("COMPLETED"));
        assert_eq!(state(13, 0), Some("FAILED"));
        assert_eq!(state(14, 0), None);
        assert_eq!(
            listing.task(13, 0).map(|line| &*line.reason),
            Some("Dependency|odd")
        );
        assert!(listing.has("12_0") && listing.has("13") && !listing.has("14"));
        assert_eq!(listing.with_comment("b-1"), Some(12));
        assert_eq!(listing.with_comment("b-3"), None);
        assert!(!listing.is_empty() && Listing::read("\n").is_empty());
    }
}
