//! The full cells of an experiment: the product of its axes, then `exclude`, `include`, `when`.

mod filter;
mod growing;
mod including;
mod left_out;
mod overlay;
mod rows;
mod shaping;

use std::sync::Arc;

use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;

use filter::Filter;
use including::include;
pub(super) use left_out::Needed;
use overlay::Overlay;
use overlay::overlays;
use rows::Rows;
use shaping::exclude;
use shaping::when;

use super::axes::Axis;
use super::axes::product;
use super::columns::ABSENT;
use super::columns::Columns;
use super::columns::ValueId;
use super::node::Node;

/// More cells than this are a slip of the keyboard, and would fill the memory.
const MOST: u128 = 5_000_000;

/// All cells, as rows of value numbers. Cells can be added: those that are there keep their numbers,
/// and so do the values of columns.
#[derive(Debug)]
pub struct Grid {
    columns: Columns,
    /// The columns that the rows hold, in the order of coordinates.
    varying: Vec<usize>,
    rows: Rows,
    /// Parameters with values within them that rows set.
    overlays: Vec<Overlay>,
    /// What cells are left out, as the manifest says; cells that are added are left out by it too.
    filters: Vec<Arc<Filter>>,
    /// How many of the cells are the manifest's, not added.
    written: usize,
}

impl Grid {
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The number of cells.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The columns whose values are coordinates, in axis order.
    pub fn axes(&self) -> impl Iterator<Item = usize> {
        let axes = self.varying.iter().copied();
        axes.filter(|column| self.columns.get(*column).axis)
    }

    /// The coordinate of a cell on a column; [`ABSENT`] where it has none.
    pub fn coordinate(&self, cell: usize, column: usize) -> ValueId {
        match self.columns.get(column).position {
            Some(position) => self.rows.get(cell)[position],
            None => ABSENT,
        }
    }

    /// The number of the value of a column in a cell, by whatever gives it.
    pub fn value_id(&self, cell: usize, column: usize) -> ValueId {
        match self.coordinate(cell, column) {
            ABSENT => self.columns.get(column).constant,
            set => set,
        }
    }

    /// The value of a name in a cell, by whatever gives it.
    pub fn value(&self, cell: usize, name: &str) -> Option<&Value> {
        let column = self.columns.index(name)?;
        self.columns.get(column).value(self.value_id(cell, column))
    }

    /// The value of a name in a cell in the form that it had formerly, where that was another one.
    pub fn former(&self, cell: usize, name: &str) -> Option<&Value> {
        let column = self.columns.index(name)?;
        self.columns.get(column).former(self.value_id(cell, column))
    }

    /// The axes of which values had another form.
    pub fn formerly_other(&self) -> impl Iterator<Item = &Arc<str>> {
        let axes = self.columns.iter().filter(|column| column.axis);
        axes.filter(|column| column.has_former())
            .map(|column| &column.name)
    }

    /// Where the value of a name in a cell was written.
    pub fn value_place(&self, cell: usize, name: &str) -> Option<&Place> {
        let column = self.columns.index(name)?;
        let id = self.value_id(cell, column);
        self.columns.get(column).place_of(id)
    }

    /// A number in a cell as the manifest writes it, where that is another text than its own: the value of
    /// a name, or one within it, `optim.lr`.
    pub fn written(&self, cell: usize, text: &str) -> Option<&str> {
        let (name, way) = name_and_way(text);
        let column = self.columns.index(name)?;
        let id = self.value_id(cell, column);
        self.columns.get(column).written(id, way)
    }

    /// What has a number in a cell that is written with a fraction and is none, `1.0`: with it as such, where its
    /// value is the whole number. By name, or by the way to what is within a value.
    pub fn typed(&self, cell: usize, text: &str) -> Option<Value> {
        let (name, way) = name_and_way(text);
        let column = self.columns.index(name)?;
        let id = self.value_id(cell, column);
        self.columns.get(column).typed(id, way)
    }

    /// The columns whose coordinates decide the values of these names, or of what is within them by these
    /// ways, in axis order.
    pub fn axes_of<'n>(&self, ways: impl IntoIterator<Item = &'n str>) -> Vec<usize> {
        let ways = ways.into_iter();
        self.ordered(ways.flat_map(|way| self.columns.axes_of_way(way)).collect())
    }

    /// The columns in axis order, each once.
    pub fn ordered(&self, mut columns: Vec<usize>) -> Vec<usize> {
        columns.sort_by_key(|column| self.columns.get(*column).position);
        columns.dedup();
        columns
    }
}

/// `optim.batch-size` as a name and the way to what is within its value, `.batch-size`.
fn name_and_way(text: &str) -> (&str, &str) {
    text.split_at(text.find(['.', '[']).unwrap_or(text.len()))
}

/// What shapes the grid, as a manifest writes it.
#[derive(Default)]
pub(super) struct Shaping<'n> {
    pub exclude: Option<&'n Node>,
    pub include: Option<&'n Node>,
    pub when: Option<&'n Node>,
}

/// Builds the grid of axes that stand at a place. `more`: a search is to bring further cells, so that there may be
/// none as yet.
pub(super) fn build(
    mut columns: Columns,
    axes: &[Axis],
    shaping: &Shaping<'_>,
    (place, more): (&Place, bool),
    found: &mut Diagnostics,
) -> Option<Grid> {
    let cells = product(axes);
    if cells > MOST {
        found.push(Diagnostic::error("too many cells").at(
            place,
            format!("these axes make {}, the most is {MOST}", counted(cells)),
        ));
        return None;
    }
    let mut varying = positions(&mut columns, axes);
    let overlays = overlays(&mut columns, &mut varying, found);
    columns.settle();
    let mut grid = Grid {
        columns,
        rows: Rows::new(varying.len()),
        overlays,
        varying,
        filters: Vec::new(),
        written: 0,
    };
    grid.add(axes);
    grid.give_constants();
    // What took the last cell, and how many there were before it.
    let mut culprit = None;
    if let Some(node) = shaping.exclude {
        let before = grid.len();
        exclude(&mut grid, node, found);
        culprit = Some((node, before));
    }
    if let Some(node) = shaping.include {
        include(&mut grid, axes, node, found);
    }
    if let Some(node) = shaping.when {
        let before = grid.len();
        when(&mut grid, node, found);
        if before > 0 {
            culprit = Some((node, before));
        }
    }
    if grid.is_empty() && !more && !found.has_errors() {
        let problem = Diagnostic::error("no cells are left");
        found.push(match culprit {
            Some((node, before)) => {
                problem.at(&node.place, format!("leaves out {}", all_of(before)))
            }
            None => problem.at(place, "of the axes here"),
        });
    }
    grid.written = grid.len();
    grid.rows.forget();
    Some(grid)
}

/// `the only cell`, `all 12 cells`
fn all_of(cells: usize) -> String {
    match cells {
        1 => "the only cell".to_owned(),
        cells => format!("all {cells} cells"),
    }
}

/// A number that people can read, however large.
fn counted(number: u128) -> String {
    match number {
        0..1_000_000_000_000 => number.to_string(),
        _ => format!("about {:.0e}", number as f64),
    }
}

/// Gives the columns that the axes set their positions, in the order of the axes.
fn positions(columns: &mut Columns, axes: &[Axis]) -> Vec<usize> {
    let mut varying = Vec::new();
    let mut pending: Vec<&Axis> = axes.iter().rev().collect();
    while let Some(axis) = pending.pop() {
        for choice in &axis.choices {
            for (column, _) in &choice.set {
                if columns.get(*column).position.is_none() {
                    columns.get_mut(*column).position = Some(varying.len());
                    varying.push(*column);
                }
            }
        }
        for choice in axis.choices.iter().rev() {
            pending.extend(choice.axes.iter().rev());
        }
    }
    varying
}

impl Grid {
    /// Adds the product of the axes, each row once.
    fn add(&mut self, axes: &[Axis]) {
        let mut row = vec![ABSENT; self.varying.len()];
        let mut pending: Vec<&Axis> = axes.iter().rev().collect();
        self.walk(&mut pending, &mut row);
    }

    /// Gives cells that lack an axis over a value within a parameter what the parameter has there.
    fn give_constants(&mut self) {
        for column in self.varying.clone() {
            let lacks = |cell| self.coordinate(cell, column) == ABSENT;
            if self.columns.get(column).within.is_some() && (0..self.len()).any(lacks) {
                overlay::constant(&mut self.columns, column);
            }
        }
    }

    /// Gives a row the values of parameters that hold values which it sets.
    fn lay_over(&mut self, row: &mut [ValueId]) {
        for overlay in &mut self.overlays {
            overlay.lay(&mut self.columns, row);
        }
    }

    fn walk(&mut self, pending: &mut Vec<&Axis>, row: &mut [ValueId]) {
        let Some(axis) = pending.pop() else {
            self.lay_over(row);
            self.rows.push(row);
            return;
        };
        let height = pending.len();
        for choice in &axis.choices {
            for (column, value) in &choice.set {
                if let Some(position) = self.columns.get(*column).position {
                    row[position] = *value;
                }
            }
            pending.extend(choice.axes.iter().rev());
            self.walk(pending, row);
            pending.truncate(height);
            for (column, _) in &choice.set {
                if let Some(position) = self.columns.get(*column).position {
                    row[position] = ABSENT;
                }
            }
        }
        pending.push(axis);
    }

    /// Keeps the cells for which the condition holds; returns how many went.
    fn retain(&mut self, mut keep: impl FnMut(&Grid, usize) -> bool) -> usize {
        let all = self.len();
        let kept: Vec<usize> = (0..all).filter(|cell| keep(self, *cell)).collect();
        if kept.len() < all {
            self.rows.keep(&kept);
        }
        all - kept.len()
    }
}
