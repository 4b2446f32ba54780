//! What is to become of a step whose inputs have all ended: pure but for lookups in the store, so
//! that many are resolved at once.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::plan::From;
use crate::plan::InputItem;
use crate::plan::Step;
use crate::plan::StepId;
use crate::plan::content_digest;
use crate::store::Digest;
use crate::store::Lookup;
use crate::store::Object;
use crate::store::StepResult;
use crate::store::Store;
use crate::store::StoreError;

use super::JobError;
use super::attempt::Source;
use super::attempt::store_failed;
use super::keys::Contents;
use super::keys::Keys;
use super::nodes::Nodes;

/// The plain files of the plan.
pub(super) type PlainFiles = HashMap<PathBuf, Result<Object, StoreError>>;

/// What is to become of a step.
pub(super) enum Resolution {
    /// This step has no result and it is needed.
    Skip {
        because: StepId,
    },
    /// It cannot be made.
    Broken(JobError),
    Keyed {
        key: Digest,
        lookup: Lookup,
    },
}

/// For the log of the program.
impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Resolution::Skip { because } => write!(f, "skipped because of step {}", because.0),
            Resolution::Broken(error) => write!(f, "broken: {error}"),
            Resolution::Keyed { key, lookup } => {
                let known = match lookup {
                    Lookup::Hit(_) => "known",
                    Lookup::Miss => "unknown",
                    Lookup::Damaged { .. } => "damaged",
                };
                write!(f, "{known}, key {}", key.to_hex())
            }
        }
    }
}

/// Says what is to become of steps.
pub(super) struct Resolver<'a> {
    pub nodes: &'a Nodes,
    pub keys: &'a dyn Keys,
    pub store: &'a Store,
    pub files: &'a PlainFiles,
    /// By executor: what `device: auto` means there.
    pub devices: &'a [String],
}

impl Resolver<'_> {
    pub(super) fn resolve(&self, id: StepId) -> Resolution {
        let node = &self.nodes[id];
        let step = &*node.step;
        let inputs = match self.contents(step) {
            Ok(inputs) => inputs,
            Err(resolution) => return resolution,
        };
        let key = match self
            .keys
            .key(step, &self.with_files(&inputs, self.auto(id)))
        {
            Ok(key) => key,
            Err(error) => return Resolution::Broken(error),
        };
        let lookup = if step.policy.cache && !node.force {
            self.store.lookup(key)
        } else {
            Ok(Lookup::Miss)
        };
        match lookup {
            Ok(lookup) => Resolution::Keyed { key, lookup },
            Err(error) => Resolution::Broken(store_failed(error)),
        }
    }

    /// What the key was made of. Asked for steps that have a key.
    pub(super) fn parts(&self, id: StepId) -> crate::store::KeyParts {
        let step = &*self.nodes[id].step;
        let inputs = self.contents(step).unwrap_or_default();
        // The key was computed from the same, so this only fails where a file has just vanished;
        // then the explanation is lost, not the result.
        self.keys
            .parts(step, &self.with_files(&inputs, self.auto(id)))
            .unwrap_or_default()
    }

    /// What `device: auto` means for a step.
    fn auto(&self, id: StepId) -> Option<&str> {
        let executor = self.nodes[id].executor?;
        Some(&self.devices[executor])
    }

    fn with_files<'b>(
        &'b self,
        inputs: &'b [Option<Digest>],
        auto: Option<&'b str>,
    ) -> Contents<'b> {
        Contents {
            inputs,
            auto,
            store: self.store,
        }
    }

    fn contents(&self, step: &Step) -> Result<Vec<Option<Digest>>, Resolution> {
        let items = step.inputs.iter().map(|input| input.items.len()).sum();
        let mut digests = Vec::with_capacity(items);
        for input in &step.inputs {
            let before = digests.len();
            let mut missing = None;
            for item in &input.items {
                let digest = match &item.from {
                    From::File { path } => Some(self.plain(path)?.digest),
                    From::Step { step: from, .. } => match &self.nodes[*from].result {
                        Some(result) => Some(self.content(item, *from, result)?),
                        None if input.missing_allowed => {
                            missing = Some(*from);
                            None
                        }
                        None => return Err(Resolution::Skip { because: *from }),
                    },
                };
                digests.push(digest);
            }
            // Members may be missing, but not all of them.
            if let Some(because) = missing.filter(|_| digests[before..].iter().all(Option::is_none))
            {
                return Err(Resolution::Skip { because });
            }
        }
        Ok(digests)
    }

    fn content(
        &self,
        item: &InputItem,
        from: StepId,
        result: &StepResult,
    ) -> Result<Digest, Resolution> {
        let output = match &item.from {
            From::Step { output, .. } => output.as_deref(),
            From::File { .. } => None,
        };
        content_digest(result, output).ok_or_else(|| {
            let from = &self.nodes[from].name;
            let known: Vec<_> = result.outputs.keys().map(String::as_str).collect();
            let message = format!("`{from}` left no output `{}`", output.unwrap_or_default());
            let hint = format!("it left: {}", known.join(", "));
            Resolution::Broken(JobError::failed(message).hint(hint))
        })
    }

    fn plain(&self, path: &Path) -> Result<Object, Resolution> {
        match self.files.get(path) {
            Some(Ok(object)) => Ok(*object),
            Some(Err(error)) => {
                let mut failed = JobError::failed(error.to_string());
                for hint in error.hints() {
                    failed = failed.hint(hint);
                }
                Err(Resolution::Broken(failed))
            }
            None => unreachable!("BUG: all plain files are read before the first step is resolved"),
        }
    }

    /// What stands behind the inputs of a step that is to run.
    pub(super) fn sources(&self, id: StepId) -> Vec<Vec<Source>> {
        let source = |item: &InputItem| match &item.from {
            From::File { path } => match self.files.get(path) {
                Some(Ok(object)) => Source::File {
                    path: path.clone(),
                    object: *object,
                },
                _ => unreachable!("BUG: a step runs only once its files are read"),
            },
            From::Step { step, .. } => {
                let node = &self.nodes[*step];
                match &node.result {
                    Some(result) => Source::Step {
                        step: Arc::clone(&node.step),
                        result: Arc::clone(result),
                    },
                    None => Source::Missing,
                }
            }
        };
        let inputs = self.nodes[id].step.inputs.iter();
        inputs
            .map(|input| input.items.iter().map(source).collect())
            .collect()
    }
}
