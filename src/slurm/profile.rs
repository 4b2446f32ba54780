//! What the jobs of a cluster are asked for with, as `sweepline.toml` says it.

use std::path::PathBuf;
use std::time::Duration;

/// A named way to ask a cluster for jobs: a table `[slurm.NAME]` of the settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    pub partition: Option<String>,
    pub account: Option<String>,
    pub qos: Option<String>,
    /// Of a job whose stage does not say it; the partition's own where none does.
    pub time: Option<Duration>,
    /// In bytes, of a job whose stage does not say it.
    pub memory: Option<u64>,
    /// Of a job whose stage says less.
    pub gpus: u32,
    /// What `device: auto` means there.
    pub device: String,
    /// Loaded by `module load` in every job.
    pub modules: Vec<String>,
    /// Lines of bash before the work.
    pub prologue: String,
    /// Further options of `sbatch`.
    pub options: Vec<String>,
    /// The most tasks of one array.
    pub array: usize,
    /// How many tasks of an array run at once; all that fit where none.
    pub at_once: Option<usize>,
    /// How many attempts it has at most, queued ones among them.
    pub most: usize,
    pub grouping: Grouping,
    /// The program that jobs run; this very one where none is said.
    pub program: Option<PathBuf>,
}

/// How many steps a job works off, one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Grouping {
    Steps(usize),
    /// As many as are expected to take so long together, by earlier runs.
    Lasting(Duration),
}

impl Default for Profile {
    fn default() -> Self {
        Profile {
            partition: None,
            account: None,
            qos: None,
            time: None,
            memory: None,
            gpus: 0,
            device: "cpu".to_owned(),
            modules: Vec::new(),
            prologue: String::new(),
            options: Vec::new(),
            // Slurm's own default allows 1,001.
            array: 1000,
            at_once: None,
            most: 10_000,
            grouping: Grouping::Steps(1),
            program: None,
        }
    }
}

impl Grouping {
    /// Nobody waits for a job of more steps.
    const MOST: usize = 1000;

    /// How many steps a job gets that are expected to take so many seconds each.
    pub(super) fn steps(self, expected: Option<f64>) -> usize {
        match (self, expected) {
            (Grouping::Steps(steps), _) => steps.max(1),
            (Grouping::Lasting(wanted), Some(seconds)) => {
                let steps = wanted.as_secs_f64() / seconds.max(0.01);
                (steps as usize).clamp(1, Self::MOST)
            }
            // Nothing is known of it: its first run tells.
            (Grouping::Lasting(_), None) => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_grouped_by_number_or_by_what_they_are_expected_to_take() {
        assert_eq!(Grouping::Steps(8).steps(Some(3600.0)), 8);
        let minutes = Grouping::Lasting(Duration::from_secs(600));
        assert_eq!(minutes.steps(Some(30.0)), 20);
        assert_eq!(minutes.steps(Some(7200.0)), 1);
        assert_eq!(minutes.steps(Some(0.0)), 1000);
        assert_eq!(minutes.steps(None), 1);
    }
}
