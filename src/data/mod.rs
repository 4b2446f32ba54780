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

use crate::registry::Entry;
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
    /// What was put into [`DataSet::slots`].
    pub given: &'a BTreeMap<&'static str, Arrays>,
}

/// A data set that a manifest can name.
pub trait DataSet: Entry {
    /// What loading can read beside files: optional slots of arrays.
    fn slots(&self) -> &'static [Slot] {
        &[]
    }

    /// Least and greatest number that an observation `x` can have; none where there is no `x`.
    fn range(&self) -> Option<(f64, f64)>;

    /// Shape of one observation, where the parameters tell it: what [`Dataset::shape`] will say.
    fn shape(&self, _params: &Values) -> Option<Vec<usize>> {
        None
    }

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
    &mnist::FASHION_MNIST,
    &gaussian_pair::GaussianPair,
    &mnist::MNIST,
    &omniglot::Omniglot,
    &oracle_lstm::OracleLstm,
    &synthetic::Synthetic,
    &text::Text,
];

#[cfg(test)]
pub(crate) mod tests;
