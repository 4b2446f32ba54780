//! What can be wrong with a data set, where, and what to do about it.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::registry::ParamError;

/// Why a data set could not be loaded.
#[derive(Debug, Error)]
pub enum DataError {
    #[error(
        "data set `{name}` needs `{}`, which is not there: {instead}{}",
        path.display(),
        checksum_note(sha256)
    )]
    Missing {
        name: &'static str,
        path: PathBuf,
        /// What to put there, or which parameter to set.
        instead: String,
        /// Of the uncompressed content, as published; empty where none is known.
        sha256: &'static str,
    },
    #[error("cannot read `{}`: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write `{}`: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("`{}`: {source}", path.display())]
    Format { path: PathBuf, source: FormatError },
    #[error(
        "`{}` has SHA-256 {found} (uncompressed), not the published {expected}: delete it and fetch it again",
        path.display()
    )]
    Checksum {
        path: PathBuf,
        expected: &'static str,
        found: String,
    },
    #[error(
        "`{}` has {images} images, but `{}` has {labels} labels: take both from one distribution",
        images_path.display(),
        labels_path.display()
    )]
    Counts {
        images_path: PathBuf,
        images: usize,
        labels_path: PathBuf,
        labels: usize,
    },
    #[error(
        "cannot download `{url}`: {why}; fetch it by hand into `{}` if this machine has no network",
        folder.display()
    )]
    Download {
        url: String,
        why: String,
        folder: PathBuf,
    },
    #[error("{asked} leave none of the {available} observations to train on")]
    AllHeldOut { asked: String, available: usize },
    #[error("`{parameter}` is {given}, but there are only {available} {of}")]
    TooMany {
        parameter: &'static str,
        given: usize,
        available: usize,
        of: &'static str,
    },
    #[error(transparent)]
    Parameter(#[from] ParamError),
    #[error("`{parameter}` needs `{other}`: {why}")]
    Needs {
        parameter: &'static str,
        other: &'static str,
        why: &'static str,
    },
    #[error(
        "no sentence is left in `{split}`: of its {all} each is empty or longer than {longest} words; \
         raise `max_length`, or look at the file"
    )]
    NothingLeft {
        split: &'static str,
        all: usize,
        longest: usize,
    },
    #[error("a drawn matrix has no inverse: take another `seed` or a smaller `spread`")]
    Singular,
    #[error("this file is not a data set: {why}")]
    NotADataset { why: String },
    #[error("this file holds no named arrays: {why}")]
    NotArrays { why: String },
    #[error("these arrays are not the network of a generator: {why}")]
    NotAGenerator { why: String },
}

fn checksum_note(sha256: &str) -> String {
    match sha256 {
        "" => String::new(),
        sum => format!(" (SHA-256 of the uncompressed file: {sum})"),
    }
}

/// What is wrong inside a file.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum FormatError {
    #[error("its name ends in `.gz`, but it is not a gzip file: it begins with {found:02x?}")]
    NotGzip { found: Vec<u8> },
    #[error("its gzip stream is damaged or cut off: {why}")]
    Gzip { why: String },
    #[error("it is larger than {limit} bytes uncompressed, more than any file of this format")]
    TooLarge { limit: u64 },
    #[error("it begins with {found:02x?} instead of {expected:02x?}: it is not {format}")]
    Magic {
        format: &'static str,
        expected: Vec<u8>,
        found: Vec<u8>,
    },
    #[error("it is cut off: {expected} bytes are announced, {found} are there")]
    Truncated { expected: u64, found: u64 },
    #[error("{extra} bytes follow after its end")]
    Trailing { extra: u64 },
    #[error("its dimensions are {found:?} instead of {expected}")]
    Dimensions {
        expected: &'static str,
        found: Vec<u64>,
    },
    #[error("line {line}: {why}")]
    Line { line: usize, why: String },
    #[error("it has no {what}")]
    Lacks { what: String },
    #[error("{what} {why}")]
    Content { what: String, why: String },
}

impl FormatError {
    /// The error with the file it is in.
    pub fn at(self, path: impl Into<PathBuf>) -> DataError {
        DataError::Format {
            path: path.into(),
            source: self,
        }
    }
}
