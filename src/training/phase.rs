//! Parts of a training that follow one another: each with its budget, its batches and its curve.

use super::Batches;
use super::TrainingError;

/// One part of a training. Most have one.
#[derive(Clone, Debug)]
pub struct Phase {
    /// For the log.
    pub name: &'static str,
    pub budget: Budget,
    /// What its iterations draw from, as it is at the start of the phase.
    pub batches: Batches,
    pub rows: Rows,
}

/// How long a phase lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// Passes over what its batches are drawn from.
    Epochs(u64),
    Iterations(u64),
}

/// When a row of the curve is written: then the algorithm validates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// After every epoch.
    EveryEpoch,
    /// After so many iterations, and after the last one.
    Every(u64),
}

impl Phase {
    /// A phase of so many epochs, which validates after each.
    pub fn epochs(name: &'static str, epochs: u64, batches: Batches) -> Self {
        Phase {
            name,
            budget: Budget::Epochs(epochs),
            batches,
            rows: Rows::EveryEpoch,
        }
    }

    /// A phase of so many iterations, which validates after every `every` of them.
    pub fn iterations(name: &'static str, iterations: u64, every: u64, batches: Batches) -> Self {
        Phase {
            name,
            budget: Budget::Iterations(iterations),
            batches,
            rows: Rows::Every(every.max(1)),
        }
    }

    /// How much there is to do: batches of a budget in epochs, else iterations.
    pub(super) fn total(&self) -> Result<u64, TrainingError> {
        let per_epoch = self.batches.per_epoch();
        match self.budget {
            Budget::Iterations(iterations) => Ok(iterations),
            Budget::Epochs(_) if per_epoch == 0 => Err(TrainingError::Budget(
                "there is no observation to train on".to_owned(),
            )),
            Budget::Epochs(epochs) => epochs.checked_mul(per_epoch).ok_or_else(|| {
                TrainingError::Budget(format!(
                    "{epochs} epochs of {per_epoch} batches are more than can be counted: give \
                     fewer `epochs`"
                ))
            }),
        }
    }

    /// How much of the total is done after `iterations`, with the cursor behind `drawn` batches.
    pub(super) fn done(&self, iterations: u64, drawn: u64) -> u64 {
        match self.budget {
            Budget::Iterations(_) => iterations,
            Budget::Epochs(_) => drawn,
        }
    }
}
