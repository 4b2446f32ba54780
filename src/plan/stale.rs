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

/// What changed since the step last ran. Values are as keys explain them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// No step of this name has run.
    New,
    /// Nothing changed, but the result is not in the store.
    Gone,
    /// Nothing changed since an attempt that left no result.
    Unfinished {
        outcome: String,
    },
    /// The result is known, but damaged.
    Damaged,
    /// The stage asks not to reuse results.
    NotCached,
    Kind {
        old: String,
        new: String,
    },
    Revision {
        old: String,
        new: String,
    },
    Device {
        what: String,
        old: String,
        new: String,
    },
    Param {
        name: String,
        old: Option<String>,
        new: Option<String>,
    },
    Input {
        slot: String,
        old: Option<String>,
        new: Option<String>,
    },
    /// A reduced slot has the same members in another order.
    Order {
        slot: String,
    },
    /// A file of a parameter, or of a command's code.
    File {
        path: String,
        old: Option<String>,
        new: Option<String>,
    },
    Environment {
        name: String,
        old: Option<String>,
        new: Option<String>,
    },
    /// Keys are made otherwise by this version of the program.
    Format,
}

/// One line for people: `param lr: 0.1 → 0.2`.
impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "absent".to_owned());
        // Digests say nothing to people but that they differ.
        let content = |old: &Option<String>, new: &Option<String>| match (old, new) {
            (None, _) => "new",
            (_, None) => "no longer read",
            _ => "other content",
        };
        match self {
            Change::New => f.write_str("has not run before"),
            Change::Gone => f.write_str("its result is no longer in the store"),
            Change::Unfinished { outcome } if outcome == "failed" => {
                f.write_str("failed the last time")
            }
            Change::Unfinished { outcome } => write!(f, "was {outcome} the last time"),
            Change::Damaged => f.write_str("its result is damaged"),
            Change::NotCached => f.write_str("is not cached (`cache: false`)"),
            Change::Kind { old, new } => write!(f, "kind: {old} → {new}"),
            Change::Revision { old, new } => write!(f, "revision of the kind: {old} → {new}"),
            Change::Device { what, old, new } => write!(f, "{what}: {old} → {new}"),
            Change::Param { name, old, new } => {
                write!(f, "param {name}: {} → {}", shown(old), shown(new))
            }
            Change::Input { slot, old, new } => write!(f, "input {slot}: {}", content(old, new)),
            Change::Order { slot } => write!(f, "input {slot}: other order"),
            Change::File { path, old, new } => write!(f, "file {path}: {}", content(old, new)),
            Change::Environment { name, old, new } => {
                write!(f, "environment {name}: {} → {}", shown(old), shown(new))
            }
            Change::Format => f.write_str("keys are made otherwise by this version"),
        }
    }
}

impl Change {
    /// The same with everything there is to say: contents by their digests.
    pub fn in_full(&self) -> String {
        let short = |digest: &str| digest.get(..12).unwrap_or(digest).to_owned();
        match self {
            Change::Input {
                slot: name,
                old: Some(old),
                new: Some(new),
            } => format!("input {name}: {} → {}", short(old), short(new)),
            Change::File {
                path,
                old: Some(old),
                new: Some(new),
            } => format!("file {path}: {} → {}", short(old), short(new)),
            other => other.to_string(),
        }
    }
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
        let stages = &self.experiment.pipeline.stages;
        let stage = stages.iter().find(|stage| stage.name == step.stage);
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

/// What changed between two explanations of a key, part by part.
pub fn changes(old_parts: &KeyParts, new_parts: &KeyParts) -> Vec<Change> {
    let (old, new) = (old_parts, new_parts);
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    let mut changes = Vec::new();
    for name in names {
        let (before, now) = (old.get(name), new.get(name));
        if before == now {
            continue;
        }
        let (group, rest) = name.split_once('.').unwrap_or((name, ""));
        let rest = rest.to_owned();
        let (old, new) = (before.cloned(), now.cloned());
        let sure = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        let change = match group {
            "key" => Change::Format,
            "kind" if rest == "name" => Change::Kind {
                old: sure(&old),
                new: sure(&new),
            },
            "kind" => Change::Revision {
                old: sure(&old),
                new: sure(&new),
            },
            "device" => Change::Device {
                what: rest,
                old: sure(&old),
                new: sure(&new),
            },
            "param" => Change::Param {
                name: rest,
                old,
                new,
            },
            "input" if rest.ends_with(".order") => {
                // New and lost members say so themselves.
                let slot = rest.trim_end_matches(".order");
                let prefix = format!("input.{slot}[");
                let members = |parts: &KeyParts| -> Vec<String> {
                    let names = parts.keys().filter(|name| name.starts_with(&prefix));
                    names.cloned().collect()
                };
                if members(old_parts) != members(new_parts) {
                    continue;
                }
                Change::Order {
                    slot: rest.trim_end_matches(".order").to_owned(),
                }
            }
            "input" => Change::Input {
                slot: rest,
                old,
                new,
            },
            "file" | "code" => Change::File {
                path: rest,
                old,
                new,
            },
            "env" => Change::Environment {
                name: rest,
                old,
                new,
            },
            // Counts: what they count is said by name.
            _ => continue,
        };
        changes.push(change);
    }
    changes
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
