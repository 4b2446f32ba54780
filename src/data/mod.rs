//! Data sets by name: reading the published formats, or drawing from known densities.
//!
//! A data set is a file with its [`DataSet`] entry and one line in [`ALL`]; `dataset/<name>` is
//! then a stage kind. What it leaves is a [`Dataset`]: three splits of named arrays and what is
//! known about them, in one safetensors file. The same parameters and files always give the same
//! bytes.

mod array;
mod binarize;
mod celeba;
mod cifar10;
mod color_mnist;
mod dataset;
mod download;
mod error;
mod face_lists;
mod file;
pub(crate) mod gaussian_pair;
pub mod generators;
mod idx;
mod mat;
mod mnist;
mod omniglot;
mod oracle;
mod oracle_likelihood;
mod oracle_lstm;
mod own;
mod pictures;
mod resize;
mod sentences;
mod source;
mod split_sizes;
pub mod surrogate;
mod synthetic;
mod text;
mod token_class;
mod vocabulary;

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

pub use array::Array;
pub use array::Numbers;
pub use dataset::Dataset;
pub use dataset::Split;
pub use dataset::SplitName;
pub use error::DataError;
pub use error::FormatError;
pub use file::arrays_from_bytes;
pub use file::arrays_to_bytes;
pub use token_class::token_class;
pub(crate) use vocabulary::BEGIN;
pub(crate) use vocabulary::END;
pub(crate) use vocabulary::UNKNOWN;

use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::InvalidParam;
use crate::registry::Property;
use crate::registry::Slot;
use crate::registry::Values;

/// Named arrays that another stage made.
pub type Arrays = BTreeMap<String, Array>;

/// Where a data set is loaded, and who listens.
pub struct Context<'a> {
    /// The project's root: folders in parameters are relative to it.
    pub root: &'a Path,
    /// Takes a line about slow or noteworthy things.
    pub log: &'a dyn Fn(&str),
    /// The arrays that were put into [`DataSet::slots`].
    pub given: &'a BTreeMap<&'static str, Arrays>,
    /// The files that were put there.
    pub files: &'a BTreeMap<&'static str, GivenFile>,
}

/// A file or a folder that a data set is read from.
#[derive(Clone, Debug)]
pub struct GivenFile {
    /// What it is called, for messages.
    pub name: String,
    /// Where its files are, by name; those of a folder by relative path, in order.
    pub files: Vec<(String, PathBuf)>,
}

/// Whether a slot takes a file rather than arrays that another stage made.
pub fn takes_files(slot: &Slot) -> bool {
    slot.accepts.contains(&ArtifactType::File)
}

/// A data set that a manifest can name.
pub trait DataSet: Entry {
    /// What loading can read: slots of arrays and of files.
    fn slots(&self) -> &'static [Slot] {
        &[]
    }

    /// Least and greatest number that an observation `x` can have; none where there is no `x`, and
    /// where only its files know.
    fn range(&self, params: &Values) -> Option<(f64, f64)>;

    /// What the types of the parameters cannot say: whether their values make sense together.
    ///
    /// # Errors
    /// The parameter that is wrong, and how.
    fn check(&self, _params: &Values) -> Result<(), InvalidParam> {
        Ok(())
    }

    /// Shape of one observation, where the parameters tell it: what [`Dataset::shape`] will say.
    fn shape(&self, _params: &Values) -> Option<Vec<usize>> {
        None
    }

    /// How its numbers are scaled, in the words of the manifest, where that may be otherwise.
    fn scaling(&self, _params: &Values) -> Option<String> {
        None
    }

    /// What it certainly has not, whatever is in its files.
    fn lacks(&self, params: &Values) -> Vec<Property>;

    /// Whether an observation is a sequence of tokens rather than an array of numbers.
    fn has_sequences(&self) -> bool {
        false
    }

    /// Reads or draws it.
    ///
    /// # Errors
    /// [`DataError`], with the file and what to do about it.
    fn load(&self, params: &Values, context: &Context<'_>) -> Result<Dataset, DataError>;
}

/// Every data set a manifest can name, sorted.
pub static ALL: &[&dyn DataSet] = &[
    &celeba::CelebA,
    &cifar10::Cifar10,
    &color_mnist::ColorMnist,
    &own::Csv,
    &mnist::FASHION_MNIST,
    &gaussian_pair::GaussianPair,
    &own::Images,
    &mnist::MNIST,
    &own::Npy,
    &own::NPZ,
    &omniglot::Omniglot,
    &oracle_lstm::OracleLstm,
    &own::SAFETENSORS,
    &synthetic::Synthetic,
    &text::Text,
];

#[cfg(test)]
pub(crate) mod tests;
