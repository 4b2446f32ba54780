//! What a run would do with every step, and why, without running anything.

use std::collections::BTreeSet;
use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::manifest::Column;
use crate::manifest::ValueId;
use crate::store::Digest;
use crate::store::KeyParts;
use crate::store::Lookup;
use crate::store::Presence;
use crate::store::StepResult;
use crate::store::StoreError;
use crate::text::Place;

use super::Keys;
use super::Outlook;
use super::Plan;
use super::Resolution;
use super::ResolveError;
use super::Resolver;
use super::Step;
use super::StepId;
use super::Upstream;
use super::change::Change;
use super::change::changes;

/// What is known from before.
pub trait History: Sync {
    /// What the store has under a key.
    ///
    /// # Errors
    /// Where it fails to answer.
    fn lookup(&self, key: Digest) -> Result<Lookup, StoreError>;

    /// What the key of a step was made of when it last ran, by the step's name.
    fn last(&self, step: &str) -> Option<KeyParts>;

    /// The content of a file or a folder that is an input.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn input_digest(&self, path: &Path) -> Result<Digest, StoreError>;

    /// The content of a file.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn file_digest(&self, path: &Path) -> Result<Digest, StoreError>;

    /// How the last attempt at a step ended, if it left no result: `failed`, `cancelled`.
    fn unfinished(&self, _step: &str) -> Option<String> {
        None
    }

    /// Whether a step runs also where its result is known.
    fn is_forced(&self, _step: StepId) -> bool {
        false
    }

    /// Whether the result under a key is what this step left when it last ran: asked of steps without a cache,
    /// whose results are replaced each time, also by other steps that have the key.
    ///
    /// # Errors
    /// Where that cannot be read.
    fn is_of(&self, _key: Digest, _step: &str) -> Result<bool, StoreError> {
        Ok(false)
    }
}

/// Which way the plan is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// What a run would do.
    Ahead,
    /// What the last one left: steps that failed have ended, and a result counts also where no run uses it
    /// again (`cache: false`).
    Back,
}

/// What becomes of a step.
#[derive(Clone, Debug)]
pub enum StepStatus {
    /// Its result is known.
    UpToDate {
        key: Digest,
        result: Arc<StepResult>,
    },
    /// It runs, for these reasons.
    Runs { key: Digest, reasons: Vec<Reason> },
    /// It runs unless these steps leave what they left before.
    MayRun { after: Vec<StepId> },
    /// It cannot run: a file that it reads is not there.
    Broken { error: Arc<ResolveError> },
}

impl StepStatus {
    /// The result, where it is known.
    pub fn result(&self) -> Option<&Arc<StepResult>> {
        match self {
            StepStatus::UpToDate { result, .. } => Some(result),
            _ => None,
        }
    }

    /// The key, where all that the step reads is known.
    pub fn key(&self) -> Option<Digest> {
        match self {
            StepStatus::UpToDate { key, .. } | StepStatus::Runs { key, .. } => Some(*key),
            StepStatus::MayRun { .. } | StepStatus::Broken { .. } => None,
        }
    }
}

/// Why a step runs.
#[derive(Clone, Debug)]
pub struct Reason {
    pub what: Change,
    /// Where the manifest or the pipeline says so.
    pub place: Option<Place>,
}

impl Plan {
    /// What a run would do with every step, or what the last one left of it, in the order of the plan.
    pub fn statuses(&self, keys: &dyn Keys, history: &dyn History, look: Look) -> Vec<StepStatus> {
        let mut statuses: Vec<StepStatus> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let outlook = BeforeRun {
                plan: self,
                history,
                statuses: &statuses,
                look,
            };
            let resolver = Resolver {
                keys,
                outlook: &outlook,
            };
            let status = self.status(step, &resolver, history, look);
            statuses.push(status);
        }
        statuses
    }

    /// What is known before a run that goes on from these statuses.
    fn ahead<'a>(&'a self, history: &'a dyn History, statuses: &'a [StepStatus]) -> BeforeRun<'a> {
        BeforeRun {
            plan: self,
            history,
            statuses,
            look: Look::Ahead,
        }
    }

    /// What the key of a step is made of, over the statuses of all steps.
    pub fn parts(
        &self,
        step: &Step,
        keys: &dyn Keys,
        history: &dyn History,
        statuses: &[StepStatus],
    ) -> KeyParts {
        let outlook = &self.ahead(history, statuses);
        Resolver { keys, outlook }.parts(step)
    }

    /// Under which keys the steps that have a part of a budget leave what those with more of it go on from,
    /// over the statuses of all steps.
    pub fn left_to_go_on_from(
        &self,
        keys: &dyn Keys,
        history: &dyn History,
        statuses: &[StepStatus],
    ) -> HashSet<Digest> {
        let outlook = &self.ahead(history, statuses);
        let resolver = Resolver { keys, outlook };
        let parts = self.steps.iter().filter_map(|step| resolver.part_of(step));
        parts.map(|part| part.whole).collect()
    }

    fn status(
        &self,
        step: &Step,
        resolver: &Resolver<'_>,
        history: &dyn History,
        look: Look,
    ) -> StepStatus {
        let place = || Some(step.place.clone());
        let runs = |key: Digest, what: Change| StepStatus::Runs {
            key,
            reasons: vec![Reason {
                what,
                place: place(),
            }],
        };
        let forced = history.is_forced(step.id);
        let (key, lookup) = match resolver.resolve(step, forced) {
            Resolution::Waits { needs } => return StepStatus::MayRun { after: needs },
            // Before a run every step without a result is open.
            Resolution::Skip { because } => {
                return StepStatus::MayRun {
                    after: vec![because],
                };
            }
            Resolution::Broken(error) => {
                return StepStatus::Broken {
                    error: Arc::new(error),
                };
            }
            // A result stands under its own key until a run keeps it under this one too.
            Resolution::Keyed { key, lookup, under } => (under.unwrap_or(key), lookup),
        };
        // Looked for by no run, as none uses it again.
        let left = !step.policy.cache && look == Look::Back;
        let lookup = match left {
            true => left_by(step, key, history),
            false => Ok(lookup),
        };
        match lookup {
            Ok(Lookup::Hit(result)) => return StepStatus::UpToDate { key, result },
            Err(error) => {
                return StepStatus::Broken {
                    error: Arc::new(ResolveError::Store(error)),
                };
            }
            Ok(Lookup::Damaged { presence, .. }) => {
                return runs(
                    key,
                    match presence {
                        Presence::Missing => Change::Gone,
                        _ => Change::Damaged,
                    },
                );
            }
            Ok(Lookup::Miss) if !step.policy.cache && !left => {
                return runs(key, Change::NotCached);
            }
            Ok(Lookup::Miss) if forced && matches!(history.lookup(key), Ok(Lookup::Hit(_))) => {
                return runs(key, Change::Forced);
            }
            Ok(Lookup::Miss) => {}
        }
        let name = step.to_string();
        let Some(old) = history.last(&name) else {
            return runs(key, Change::New);
        };
        let changes = changes(&old, &resolver.parts(step));
        if changes.is_empty() {
            return runs(
                key,
                match history.unfinished(&name) {
                    Some(outcome) => Change::Unfinished { outcome },
                    None => Change::Gone,
                },
            );
        }
        let changes = changes.into_iter();
        StepStatus::Runs {
            key,
            reasons: changes.map(|what| self.reason(step, what)).collect(),
        }
    }

    /// A change with the place that brought it about.
    pub fn reason(&self, step: &Step, what: Change) -> Reason {
        let stage = self.experiment.pipeline.stage(&step.stage);
        let place = stage.and_then(|stage| match &what {
            Change::Param { name, old, new } => {
                let argument = stage
                    .with
                    .iter()
                    .find(|argument| *argument.name == **name)?;
                let used = argument.value.names();
                let fresh: BTreeSet<&str> = words(new.as_deref())
                    .difference(&words(old.as_deref()))
                    .copied()
                    .collect();
                // New words that no value has are the manifest's own.
                let mut names = used
                    .iter()
                    .filter(|name| fresh.is_empty() || self.says_any(step, name, &fresh));
                let written = names.find_map(|name| self.value_place(step, name));
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
        let (column, id) = self.value_of(step, name)?;
        column.place_of(id).cloned()
    }

    fn value_of(&self, step: &Step, name: &str) -> Option<(&Column, ValueId)> {
        let columns = self.experiment.grid.columns();
        let column = columns.get(columns.index(name)?);
        let id = match step.cell.get(name) {
            Some(value) => column.id_of(value)?,
            None => column.constant(),
        };
        Some((column, id))
    }

    /// Whether the value of a name has any of these words in it.
    fn says_any(&self, step: &Step, name: &str, wanted: &BTreeSet<&str>) -> bool {
        let value = self.value_of(step, name);
        let value = value.and_then(|(column, id)| column.value(id));
        let text = value.and_then(|value| serde_json::to_string(value).ok());
        !words(text.as_deref()).is_disjoint(wanted)
    }
}

/// The words and numbers of a value as text.
fn words(text: Option<&str>) -> BTreeSet<&str> {
    let text = text.unwrap_or_default();
    let parts = text.split(|c: char| !c.is_alphanumeric() && !"._-+".contains(c));
    parts.filter(|part| !part.is_empty()).collect()
}

/// What a step left under its key when it last ran.
fn left_by(step: &Step, key: Digest, history: &dyn History) -> Result<Lookup, StoreError> {
    match history.is_of(key, &step.to_string())? {
        true => history.lookup(key),
        false => Ok(Lookup::Miss),
    }
}

/// What earlier runs left, for the steps that follow those with a status.
struct BeforeRun<'a> {
    plan: &'a Plan,
    history: &'a dyn History,
    statuses: &'a [StepStatus],
    look: Look,
}

/// Whether a step failed, or could not run because others did.
pub fn left_nothing(statuses: &[StepStatus], step: StepId) -> bool {
    match &statuses[step.index()] {
        StepStatus::Runs { reasons, .. } => reasons.iter().all(
            |reason| matches!(&reason.what, Change::Unfinished { outcome } if outcome == "failed"),
        ),
        StepStatus::MayRun { after } => after.iter().all(|step| left_nothing(statuses, *step)),
        StepStatus::UpToDate { .. } | StepStatus::Broken { .. } => false,
    }
}

impl Outlook for BeforeRun<'_> {
    fn upstream(&self, step: StepId) -> Upstream<'_> {
        match self.statuses[step.index()].result() {
            Some(result) => Upstream::Left(result),
            None if self.look == Look::Back && left_nothing(self.statuses, step) => {
                Upstream::Nothing
            }
            None => Upstream::Open,
        }
    }

    fn input_file(&self, path: &Path) -> Result<Digest, ResolveError> {
        let digest = self.history.input_digest(path);
        digest.map_err(|error| ResolveError::file(&error))
    }

    fn key_file(&self, path: &Path) -> io::Result<Digest> {
        self.history.file_digest(path).map_err(io::Error::other)
    }

    fn lookup(&self, key: Digest) -> Result<Lookup, StoreError> {
        self.history.lookup(key)
    }

    fn name(&self, step: StepId) -> String {
        self.plan.step(step).to_string()
    }
}
