//! What is to become of a step whose inputs have all ended: pure but for lookups in the store, so
//! that many are resolved at once.

use std::collections::HashMap;
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
use crate::store::Made;
use crate::store::Object;
use crate::store::Store;
use crate::store::StoreError;

use super::JobError;
use super::attempt::Source;
use super::attempt::store_failed;
use super::keys::Contents;
use super::keys::Keys;

/// What the engine knows about results so far, by step.
pub(super) type Results = [Option<Arc<Made>>];

/// The plain files of the plan.
pub(super) type PlainFiles = HashMap<PathBuf, Result<Object, StoreError>>;

/// What is to become of a step.
pub(super) enum Verdict {
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

/// What verdicts are made from.
pub(super) struct Evidence<'a> {
    pub steps: &'a [Step],
    pub keys: &'a dyn Keys,
    pub store: &'a Store,
    pub results: &'a Results,
    pub files: &'a PlainFiles,
    /// Steps that run even where their result is known.
    pub force: &'a [bool],
}

impl Evidence<'_> {
    pub(super) fn verdict(&self, id: StepId) -> Verdict {
        let step = &self.steps[id.index()];
        let inputs = match self.contents(step) {
            Ok(inputs) => inputs,
            Err(verdict) => return verdict,
        };
        let key = match self.keys.key(step, &self.with_files(&inputs)) {
            Ok(key) => key,
            Err(error) => return Verdict::Broken(error),
        };
        let lookup = if step.policy.cache && !self.force[id.index()] {
            self.store.lookup(key)
        } else {
            Ok(Lookup::Miss)
        };
        match lookup {
            Ok(lookup) => Verdict::Keyed { key, lookup },
            Err(error) => Verdict::Broken(store_failed(error)),
        }
    }

    /// What the key was made of. Asked for steps that have a key.
    pub(super) fn parts(&self, id: StepId) -> crate::store::KeyParts {
        let step = &self.steps[id.index()];
        let inputs = self.contents(step).unwrap_or_default();
        // The key was computed from the same, so this only fails where a file has just vanished;
        // then the explanation is lost, not the result.
        self.keys
            .parts(step, &self.with_files(&inputs))
            .unwrap_or_default()
    }

    fn with_files<'b>(&'b self, inputs: &'b [Option<Digest>]) -> Contents<'b> {
        Contents {
            inputs,
            store: self.store,
        }
    }

    fn contents(&self, step: &Step) -> Result<Vec<Option<Digest>>, Verdict> {
        let items = step.inputs.iter().map(|input| input.items.len()).sum();
        let mut digests = Vec::with_capacity(items);
        for input in &step.inputs {
            let before = digests.len();
            let mut missing = None;
            for item in &input.items {
                let digest = match &item.from {
                    From::File { path } => Some(self.plain(path)?.digest),
                    From::Step { step: from, .. } => match &self.results[from.index()] {
                        Some(made) => Some(self.content(item, *from, made)?),
                        None if input.missing_allowed => {
                            missing = Some(*from);
                            None
                        }
                        None => return Err(Verdict::Skip { because: *from }),
                    },
                };
                digests.push(digest);
            }
            // Members may be missing, but not all of them.
            if let Some(because) = missing.filter(|_| digests[before..].iter().all(Option::is_none))
            {
                return Err(Verdict::Skip { because });
            }
        }
        Ok(digests)
    }

    fn content(&self, item: &InputItem, from: StepId, made: &Made) -> Result<Digest, Verdict> {
        let output = match &item.from {
            From::Step { output, .. } => output.as_deref(),
            From::File { .. } => None,
        };
        content_digest(made, output).ok_or_else(|| {
            let from = &self.steps[from.index()];
            let known: Vec<_> = made.outputs.keys().map(String::as_str).collect();
            let message = format!("`{from}` left no output `{}`", output.unwrap_or_default());
            let hint = format!("it left: {}", known.join(", "));
            Verdict::Broken(JobError::failed(message).hint(hint))
        })
    }

    fn plain(&self, path: &Path) -> Result<Object, Verdict> {
        match self.files.get(path) {
            Some(Ok(object)) => Ok(*object),
            Some(Err(error)) => {
                let mut failed = JobError::failed(error.to_string());
                for hint in error.hints() {
                    failed = failed.hint(hint);
                }
                Err(Verdict::Broken(failed))
            }
            None => unreachable!("BUG: all plain files are read before the first verdict"),
        }
    }

    /// What stands behind the inputs of a step that is to run.
    pub(super) fn sources<'b>(
        steps: &'b [Step],
        results: &Results,
        files: &PlainFiles,
        id: StepId,
    ) -> Vec<Vec<Source<'b>>> {
        let source = |item: &'b InputItem| match &item.from {
            From::File { path } => match files.get(path) {
                Some(Ok(object)) => Source::File {
                    path,
                    object: *object,
                },
                _ => unreachable!("BUG: a step runs only once its files are read"),
            },
            From::Step { step, .. } => match &results[step.index()] {
                Some(made) => Source::Step {
                    step: &steps[step.index()],
                    made: Arc::clone(made),
                },
                None => Source::Missing,
            },
        };
        let inputs = steps[id.index()].inputs.iter();
        inputs
            .map(|input| input.items.iter().map(source).collect())
            .collect()
    }
}
