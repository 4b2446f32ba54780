//! Data that people bring: arrays, tables and pictures of the project, as they lie there.
//!
//! A reader of a format makes [`Part`]s of files; [`assemble`] cuts them into splits, scales them and
//! says what is wrong with them, the same for every format.

mod arrays;
mod assemble;
mod clean;
mod csv;
mod grey;
mod images;
mod labels;
mod named;
mod npy;
mod picture;
mod raw;
mod scale;
mod scaled;
mod splits;
mod table;
#[cfg(test)]
mod tests;

pub(super) use arrays::Npy;
pub(super) use csv::Csv;
pub(super) use images::Images;
pub(super) use named::NPZ;
pub(super) use named::SAFETENSORS;

use std::collections::BTreeMap;
use std::path::PathBuf;

use assemble::OwnParams;
use raw::Raw;

use super::Context;
use super::DataError;
use super::FormatError;
use super::GivenFile;
use crate::registry::choices;
use crate::registry::params;

/// Observations of one file or of files that belong together, as they were read.
#[derive(Debug, Default)]
struct Part {
    /// Where `x` comes from, for messages.
    path: PathBuf,
    x: Raw,
    label: Option<(PathBuf, Raw)>,
    /// Further arrays with a row per observation, by the names of [`super::dataset`].
    others: BTreeMap<String, (PathBuf, Raw)>,
    /// Of a table: the names of the columns of `x`, and the line of each row.
    table: Option<TableNames>,
    /// Where the channels of pictures are, if that is said.
    channels: Option<Channels>,
    /// Of pictures: bytes are grey values whatever they are.
    pictures: bool,
}

choices! {
    /// Which dimension of pictures has their channels.
    enum Channels {
        First = "first",
        Last = "last",
    }
}

params! {
    /// What readers of arrays may be given.
    struct ArrayParams {
        /// whether pictures of four dimensions have their channels before or after height and width [default: where there are 1, 3 or 4]
        channels: Option<Channels>;
        own: OwnParams;
    }
}

/// What rows and columns of a table are called.
#[derive(Debug)]
struct TableNames {
    columns: Vec<String>,
    lines: Vec<usize>,
}

/// What was read: observations that are still to be cut, or for which the files say where they belong.
#[derive(Debug, Default)]
struct Parts {
    /// For training, and what is held out of it.
    train: Part,
    valid: Option<Part>,
    test: Option<Part>,
}

/// The splits, in the order in which they are kept.
const SPLITS: [&str; 3] = ["train", "valid", "test"];

/// The split that a folder, an array or a row is called as.
fn split_named(name: &str) -> Option<&'static str> {
    match name.to_lowercase().as_str() {
        "train" | "training" => Some("train"),
        "valid" | "val" | "validation" | "dev" => Some("valid"),
        "test" | "testing" => Some("test"),
        _ => None,
    }
}

/// The file that was put into a slot, if there is one.
fn file<'c>(context: &'c Context<'_>, slot: &str) -> Option<&'c GivenFile> {
    context.files.get(slot)
}

/// The only file that was put into a slot, with its content.
fn content(context: &Context<'_>, slot: &str) -> Result<Option<(PathBuf, Vec<u8>)>, DataError> {
    let Some(given) = file(context, slot) else {
        return Ok(None);
    };
    let mut files = given.files.iter();
    let (Some((_, path)), None) = (files.next(), files.next()) else {
        return Err(wrong("it", "is a folder: name the file in it").at(&given.name));
    };
    let bytes = std::fs::read(path).map_err(|source| DataError::Read {
        path: path.clone(),
        source,
    })?;
    let named = PathBuf::from(&given.name);
    let gz = named.extension().is_some_and(|ending| ending == "gz");
    let bytes = super::source::content(bytes, gz, LARGEST).map_err(|error| error.at(&named))?;
    Ok(Some((named, bytes)))
}

/// A file that is larger uncompressed would not fit into memory several times over.
const LARGEST: u64 = 64 << 30;

/// Something in a file, and what is wrong with it.
fn wrong(what: impl Into<String>, why: impl Into<String>) -> FormatError {
    FormatError::Content {
        what: what.into(),
        why: why.into(),
    }
}
