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
pub trait Known {
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
pub enum Fate {
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
    pub fn fates(&self, rules: &KeyRules, known: &dyn Known) -> Vec<Fate> {
        let mut fates: Vec<Fate> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let fate = self.fate(step, rules, known, &fates);
            fates.push(fate);
        }
        fates
    }

    fn fate(&self, step: &Step, rules: &KeyRules, known: &dyn Known, fates: &[Fate]) -> Fate {
        let mut after: Vec<StepId> = Vec::new();
        for item in step.inputs.iter().flat_map(|input| &input.items) {
            if let From::Step { step: need, .. } = &item.from
                && !matches!(fates[need.index()], Fate::UpToDate { .. })
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
            return Fate::MayRun { after };
        }
        let mut contents = KnownContents { known, fates };
        let key = match rules.key(step, &mut contents) {
            Ok(key) => key,
            Err(error) => {
                return Fate::Broken {
                    error: Arc::new(error),
                };
            }
        };
        let reason = |what: Change| Reason {
            what,
            place: Some(step.place.clone()),
        };
        if !step.policy.cache {
            return Fate::Runs {
                key,
                reasons: vec![reason(Change::NotCached)],
            };
        }
        match known.record(&key) {
            Some(record) if known.intact(&record) => return Fate::UpToDate { record },
            Some(_) => {
                return Fate::Runs {
                    key,
                    reasons: vec![reason(Change::Damaged)],
                };
            }
            None => {}
        }
        let reasons = match known.last(&step.to_string()) {
            None => vec![reason(Change::New)],
            Some(old) => {
                let new = rules.parts(step, &mut contents).unwrap_or_default();
                let changes = changes(&old, &new);
                if changes.is_empty() {
                    let unfinished = known.unfinished(&step.to_string());
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
        Fate::Runs { key, reasons }
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
struct KnownContents<'k> {
    known: &'k dyn Known,
    fates: &'k [Fate],
}

impl Contents for KnownContents<'_> {
    fn input(&mut self, item: &InputItem) -> Option<Digest> {
        match &item.from {
            From::File { path } => self.known.file_digest(path).ok(),
            From::Step { step, output } => match &self.fates[step.index()] {
                Fate::UpToDate { record } => content_digest(&record.made, output.as_deref()),
                _ => None,
            },
        }
    }

    fn file(&mut self, path: &Path) -> io::Result<Digest> {
        self.known.file_digest(path)
    }
}
