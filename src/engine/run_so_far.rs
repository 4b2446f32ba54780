//! What a run knows of its steps, for the resolver and for attempts.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::plan::From;
use crate::plan::InputItem;
use crate::plan::KeyError;
use crate::plan::Outlook;
use crate::plan::ResolveError;
use crate::plan::StepId;
use crate::plan::Upstream;
use crate::store::Digest;
use crate::store::Lookup;
use crate::store::ProjectInput;
use crate::store::Store;
use crate::store::StoreError;

use super::JobError;
use super::attempt::Source;
use super::attempt::store_failed;
use super::nodes::Nodes;

/// The files and folders of the project that the plan reads.
pub(super) type PlainFiles = HashMap<PathBuf, Result<Arc<ProjectInput>, StoreError>>;

/// What a run knows of steps whose needs have all ended.
pub(super) struct RunSoFar<'a> {
    pub nodes: &'a Nodes,
    pub store: &'a Store,
    pub files: &'a PlainFiles,
    /// By executor: what `device: auto` means there.
    pub devices: &'a [String],
}

impl Outlook for RunSoFar<'_> {
    fn upstream(&self, step: StepId) -> Upstream<'_> {
        let node = &self.nodes[step];
        match &node.result {
            Some(result) => Upstream::Left(result),
            None if node.left_out => Upstream::LeftOut,
            None => Upstream::Nothing,
        }
    }

    fn input_file(&self, path: &Path) -> Result<Digest, ResolveError> {
        match self.files.get(path) {
            Some(Ok(input)) => Ok(input.digest()),
            Some(Err(error)) => Err(ResolveError::file(error)),
            None => unreachable!("BUG: all plain files are read before the first step is resolved"),
        }
    }

    fn key_file(&self, path: &Path) -> io::Result<Digest> {
        let object = self.store.file_digest(path).map_err(io::Error::other)?;
        Ok(object.digest)
    }

    fn auto(&self, step: StepId) -> Option<&str> {
        let executor = self.nodes[step].executor?;
        Some(&self.devices[executor])
    }

    fn lookup(&self, key: Digest) -> Result<Lookup, StoreError> {
        self.store.lookup(key)
    }

    fn name(&self, step: StepId) -> String {
        self.nodes[step].name.to_string()
    }
}

impl std::convert::From<ResolveError> for JobError {
    fn from(error: ResolveError) -> Self {
        match error {
            ResolveError::Store(error) => store_failed(error),
            error => JobError::Failed {
                message: error.to_string(),
                hints: error.hints(),
                ended: None,
                disturbed: false,
            },
        }
    }
}

impl std::convert::From<KeyError> for JobError {
    fn from(error: KeyError) -> Self {
        JobError::failed(error.to_string())
    }
}

impl RunSoFar<'_> {
    /// What stands behind the inputs of a step that is to run.
    pub(super) fn sources(&self, id: StepId) -> Vec<Vec<Source>> {
        let source = |item: &InputItem| match &item.from {
            From::File { path } => match self.files.get(path) {
                Some(Ok(input)) => Source::File {
                    path: path.clone(),
                    input: Arc::clone(input),
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
