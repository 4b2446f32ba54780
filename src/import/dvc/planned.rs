//! The project and its stages with their cells, before they are translated.

use std::collections::BTreeSet;
use std::path::Path;

use super::command::Spelling;
use super::located::Located;
use super::loops::StageLoop;
use super::read::OutKind;
use super::read::Plot;
use super::read::StageEntry;
use crate::text::Place;

/// What an import knows of the project.
pub(super) struct Project<'p> {
    pub root: &'p Path,
    /// The folder of `dvc.yaml`, from the project's.
    pub folder: String,
    pub spelling: Spelling,
    /// Outputs that are folders, as `dvc.lock` has it.
    pub folders: BTreeSet<String>,
}

/// A stage with its cells.
pub(super) struct Planned<'f> {
    pub entry: &'f StageEntry,
    pub name: String,
    pub loops: Vec<StageLoop>,
    /// For each loop the position among the values of its axis.
    pub cells: Vec<Vec<usize>>,
    pub outs: Vec<PlannedOut>,
    /// Its outputs are files of the project: it does not run.
    pub frozen: bool,
}

/// An output of all cells.
pub(super) struct PlannedOut {
    pub name: String,
    /// Where it or its plot is written.
    pub place: Place,
    pub path: Located,
    pub kind: OutKind,
    pub plot: Plot,
    pub is_folder: bool,
}

/// A name that is not taken: with a number behind it where it is.
pub(super) fn unique(name: &str, taken: &dyn Fn(&str) -> bool) -> String {
    let mut names = (2..).map(|number| format!("{name}_{number}"));
    match taken(name) {
        false => name.to_owned(),
        true => names.find(|name| !taken(name)).unwrap_or_default(),
    }
}
