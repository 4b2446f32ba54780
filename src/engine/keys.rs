//! What the engine asks of the plan: the key of a step whose inputs are known.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::plan;
use crate::plan::InputItem;
use crate::plan::KeyError;
use crate::plan::KeyRules;
use crate::plan::Step;
use crate::store::Digest;
use crate::store::KeyParts;
use crate::store::Store;
use crate::store::StoreError;

use super::JobError;

/// Computes keys. Both answers come from one traversal, so they cannot disagree.
pub trait Keys: Sync {
    /// The digest of everything the step's result depends on.
    ///
    /// # Errors
    /// Where a file that belongs to the key cannot be read.
    fn key(&self, step: &Step, contents: &Contents<'_>) -> Result<Digest, JobError>;

    /// The same, part by part; asked only for steps that run.
    ///
    /// # Errors
    /// As [`Keys::key`].
    fn parts(&self, step: &Step, contents: &Contents<'_>) -> Result<KeyParts, JobError>;

    /// The first file that belongs to the key, other than an input, and is no longer what it was
    /// when the key was made: by its path in the project.
    ///
    /// # Errors
    /// Where one cannot be read.
    fn changed(&self, _step: &Step, _contents: &Contents<'_>) -> Result<Option<PathBuf>, JobError> {
        Ok(None)
    }

    /// The files that belong to the key, other than inputs, by absolute path.
    fn reads(&self, _step: &Step) -> Vec<PathBuf> {
        Vec::new()
    }
}

/// The contents that belong to a step's key.
pub struct Contents<'a> {
    /// The items of all inputs, in the order of [`Step::inputs`]; none for a member of a reduction
    /// that is missing and may be.
    pub inputs: &'a [Option<Digest>],
    /// What `device: auto` means where the step is to run; none where that is this process.
    pub auto: Option<&'a str>,
    pub(super) store: &'a Store,
}

impl Contents<'_> {
    /// The digest of any other file, through the store's index of files.
    pub fn file(&self, path: &Path) -> Result<Digest, StoreError> {
        self.store.file_digest(path).map(|object| object.digest)
    }
}

impl Keys for KeyRules {
    fn key(&self, step: &Step, contents: &Contents<'_>) -> Result<Digest, JobError> {
        Ok(KeyRules::key(self, step, &mut InOrder::of(contents))?)
    }

    fn parts(&self, step: &Step, contents: &Contents<'_>) -> Result<KeyParts, JobError> {
        Ok(KeyRules::parts(self, step, &mut InOrder::of(contents))?)
    }

    fn changed(&self, step: &Step, contents: &Contents<'_>) -> Result<Option<PathBuf>, JobError> {
        let mut file = |path: &Path| contents.file(path).map_err(io::Error::other);
        Ok(KeyRules::changed(self, step, &mut file)?)
    }

    fn reads(&self, step: &Step) -> Vec<PathBuf> {
        KeyRules::reads(self, step)
    }
}

impl From<KeyError> for JobError {
    fn from(error: KeyError) -> Self {
        JobError::failed(error.to_string())
    }
}

/// The contents that the engine knows, in the order in which keys ask for them.
struct InOrder<'a> {
    contents: &'a Contents<'a>,
    inputs: std::slice::Iter<'a, Option<Digest>>,
}

impl<'a> InOrder<'a> {
    fn of(contents: &'a Contents<'a>) -> Self {
        InOrder {
            contents,
            inputs: contents.inputs.iter(),
        }
    }
}

impl plan::Contents for InOrder<'_> {
    fn auto(&self) -> Option<&str> {
        self.contents.auto
    }

    fn input(&mut self, _: &InputItem) -> Option<Digest> {
        self.inputs.next().copied().flatten()
    }

    fn file(&mut self, path: &Path) -> io::Result<Digest> {
        self.contents.file(path).map_err(io::Error::other)
    }
}
