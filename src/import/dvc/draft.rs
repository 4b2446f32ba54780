//! What an import writes, before it is text.

use std::collections::BTreeSet;

use crate::registry::Value;

use super::loops::Axis;

/// A manifest and its pipeline.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The file of parameters, from the project's folder.
    pub params_file: Option<String>,
    /// Values that stand in the manifest.
    pub constants: Vec<(String, Value)>,
    pub axes: Vec<Axis>,
    /// The names that stages mention, but for the axes.
    pub mentioned: BTreeSet<String>,
    pub stages: Vec<DraftStage>,
    pub figures: Vec<DraftFigure>,
    /// Scripts that ask DVC itself.
    pub asking: BTreeSet<String>,
}

/// A stage that runs a program.
#[derive(Debug, Default)]
pub(super) struct DraftStage {
    pub comments: Vec<String>,
    pub name: String,
    pub inputs: Vec<Slot>,
    /// The axes that it reduces.
    pub over: BTreeSet<String>,
    /// Patterns of project files.
    pub code: Vec<String>,
    /// Files of values: the path, and keys with what stands there.
    pub files: Vec<(String, Vec<(String, FileValue)>)>,
    /// Files with a text of their own.
    pub texts: Vec<(String, String)>,
    pub run: String,
    pub values: Vec<(String, String)>,
    pub outs: Vec<DraftOut>,
    pub metrics: Option<String>,
    pub env: Vec<String>,
    pub pass_env: Vec<String>,
    pub when: Option<String>,
    pub never_reused: bool,
}

/// What stands in a file of values.
#[derive(Debug, PartialEq)]
pub(super) enum FileValue {
    Expression(String),
    Keys(Vec<(String, FileValue)>),
}

impl FileValue {
    /// All expressions in it.
    pub(super) fn expressions(&self) -> Vec<&str> {
        match self {
            FileValue::Expression(text) => vec![text],
            FileValue::Keys(keys) => {
                let all = keys.iter().flat_map(|(_, value)| value.expressions());
                all.collect()
            }
        }
    }
}

/// An input, with its path in the program's folder.
#[derive(Debug)]
pub(super) struct Slot {
    pub name: String,
    /// Several where cells differ.
    pub sources: Vec<Source>,
    pub path: String,
}

/// What an input is in some cells.
#[derive(Debug, PartialEq)]
pub(super) struct Source {
    pub from: From,
    pub at: Vec<(String, Value)>,
    pub when: Option<String>,
}

#[derive(Debug, PartialEq)]
pub(super) enum From {
    /// `stage.output`
    Stage(String),
    File(String),
}

/// An output.
#[derive(Debug)]
pub(super) struct DraftOut {
    pub name: String,
    pub path: String,
    pub ty: Option<&'static str>,
}

/// A figure of a table that a stage leaves.
#[derive(Debug)]
pub(super) struct DraftFigure {
    pub name: String,
    pub from: String,
    /// The axes that it reduces, where these are not all.
    pub over: Option<Vec<String>>,
    pub with: Vec<(&'static str, Value)>,
}
