//! What a run would do with every step, and why, without running anything.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::store::Digest;
use crate::store::KeyParts;
use crate::store::Record;
use crate::text::Place;

use super::Contents;
use super::From;
use super::InputItem;
use super::KeyError;
use super::KeyRules;
use super::Plan;
use super::Step;
use super::StepId;
use super::change::Change;
use super::change::changes;
use super::content_digest;

/// What is known from before.
pub trait History {
    /// The record of a key.
    fn record(&self, key: &Digest) -> Option<Arc<Record>>;

    /// What the key of a step was made of when it last ran, by the step's name.
    fn last(&self, step: &str) -> Option<KeyParts>;

    /// The content of a file.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn file_digest(&self, path: &Path) -> io::Result<Digest>;

    /// How the last attempt at a step ended, if it left no result: `failed`, `cancelled`.
    fn unfinished(&self, _step: &str) -> Option<String> {
        None
    }

    /// Whether everything that the record names is there and undamaged.
    fn intact(&self, record: &Record) -> bool;
}

/// What becomes of a step.
#[derive(Clone, Debug)]
pub enum StepStatus {
    /// Its result is known.
    UpToDate { record: Arc<Record> },
    /// It runs, for these reasons.
    Runs { key: Digest, reasons: Vec<Reason> },
    /// It runs unless these steps leave what they left before.
    MayRun { after: Vec<StepId> },
    /// It cannot run: a file that it reads is not there.
    Broken { error: Arc<KeyError> },
}

/// Why a step runs.
#[derive(Clone, Debug)]
pub struct Reason {
    pub what: Change,
    /// Where the manifest or the pipeline says so.
    pub place: Option<Place>,
}

impl Plan {
    /// What a run would do with every step, in the order of the plan.
    pub fn statuses(&self, rules: &KeyRules, history: &dyn History) -> Vec<StepStatus> {
        let mut statuses: Vec<StepStatus> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let status = self.status(step, rules, history, &statuses);
            statuses.push(status);
        }
        statuses
    }

    fn status(
        &self,
        step: &Step,
        rules: &KeyRules,
        history: &dyn History,
        statuses: &[StepStatus],
    ) -> StepStatus {
        let mut after: Vec<StepId> = Vec::new();
        for item in step.inputs.iter().flat_map(|input| &input.items) {
            if let From::Step { step: need, .. } = &item.from
                && !matches!(statuses[need.index()], StepStatus::UpToDate { .. })
                && !after.contains(need)
            {
                after.push(*need);
                // Enough to say; a reduction may have thousands.
                if after.len() == 16 {
                    break;
                }
            }
        }
        if !after.is_empty() {
            return StepStatus::MayRun { after };
        }
        let mut contents = HistoryContents { history, statuses };
        let key = match rules.key(step, &mut contents) {
            Ok(key) => key,
            Err(error) => {
                return StepStatus::Broken {
                    error: Arc::new(error),
                };
            }
        };
        let reason = |what: Change| Reason {
            what,
            place: Some(step.place.clone()),
        };
        if !step.policy.cache {
            return StepStatus::Runs {
                key,
                reasons: vec![reason(Change::NotCached)],
            };
        }
        match history.record(&key) {
            Some(record) if history.intact(&record) => return StepStatus::UpToDate { record },
            Some(_) => {
                return StepStatus::Runs {
                    key,
                    reasons: vec![reason(Change::Damaged)],
                };
            }
            None => {}
        }
        let reasons = match history.last(&step.to_string()) {
            None => vec![reason(Change::New)],
            Some(old) => {
                let new = rules.parts(step, &mut contents).unwrap_or_default();
                let changes = changes(&old, &new);
                if changes.is_empty() {
                    let unfinished = history.unfinished(&step.to_string());
                    vec![reason(match unfinished {
                        Some(outcome) => Change::Unfinished { outcome },
                        None => Change::Gone,
                    })]
                } else {
                    let changes = changes.into_iter();
                    changes.map(|what| self.reason(step, what)).collect()
                }
            }
        };
        StepStatus::Runs { key, reasons }
    }

    /// A change with the place that brought it about.
    pub fn reason(&self, step: &Step, what: Change) -> Reason {
        let stage = self.experiment.pipeline.stage(&step.stage);
        let place = stage.and_then(|stage| match &what {
            Change::Param { name, .. } => {
                let argument = stage
                    .with
                    .iter()
                    .find(|argument| *argument.name == **name)?;
                let used = argument.value.names();
                let written = used.iter().find_map(|name| self.value_place(step, name));
                Some(written.unwrap_or_else(|| argument.value.place.clone()))
            }
            Change::Input { slot, .. } | Change::Order { slot } => {
                let slot = slot.split(['[', '.']).next().unwrap_or(slot);
                let binding = stage.inputs.iter().find(|binding| *binding.slot == *slot)?;
                Some(binding.slot_place.clone())
            }
            Change::Kind { .. } | Change::Revision { .. } => Some(stage.uses.place.clone()),
            _ => None,
        });
        Reason {
            what,
            place: Some(place.unwrap_or_else(|| step.place.clone())),
        }
    }

    /// Where the value of a name was written that a step uses.
    pub fn value_place(&self, step: &Step, name: &str) -> Option<Place> {
        let columns = self.experiment.grid.columns();
        let column = columns.get(columns.index(name)?);
        let id = match step.cell.get(name) {
            Some(value) => column.id_of(value)?,
            None => column.constant(),
        };
        column.place_of(id).cloned()
    }
}

/// Contents as the records of earlier runs have them.
struct HistoryContents<'k> {
    history: &'k dyn History,
    statuses: &'k [StepStatus],
}

impl Contents for HistoryContents<'_> {
    fn input(&mut self, item: &InputItem) -> Option<Digest> {
        match &item.from {
            From::File { path } => self.history.file_digest(path).ok(),
            From::Step { step, output } => match &self.statuses[step.index()] {
                StepStatus::UpToDate { record } => {
                    content_digest(&record.result, output.as_deref())
                }
                _ => None,
            },
        }
    }

    fn file(&mut self, path: &Path) -> io::Result<Digest> {
        self.history.file_digest(path)
    }
}
