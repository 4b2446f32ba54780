//! The project and its stages with their cells, before they are translated.

use std::collections::BTreeSet;
use std::path::Path;

use super::located::Located;
use super::loops::Axis;
use super::loops::StageLoop;
use super::options::Spelling;
use super::plots::OutKind;
use super::plots::Plot;
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

/// How many cells loops have.
pub(super) fn count(loops: &[StageLoop], axes: &[Axis]) -> usize {
    let values = loops.iter().map(|one| match &one.only {
        Some(only) => only.len(),
        None => axes[one.axis].labels.len(),
    });
    values.fold(1, usize::saturating_mul)
}

/// All cells of loops: for each loop the position among the values of its axis.
pub(super) fn cells(loops: &[StageLoop], axes: &[Axis]) -> Vec<Vec<usize>> {
    let mut cells = vec![Vec::new()];
    for one in loops {
        let positions = match &one.only {
            Some(only) => only.clone(),
            None => (0..axes[one.axis].labels.len()).collect(),
        };
        let longer = |cell: &Vec<usize>| {
            let cell = cell.clone();
            positions.clone().into_iter().map(move |position| {
                let mut cell = cell.clone();
                cell.push(position);
                cell
            })
        };
        cells = cells.iter().flat_map(longer).collect();
    }
    cells
}
