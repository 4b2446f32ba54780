//! The full cells of an experiment: the product of its axes, then `exclude`, `include`, `when`.

use std::collections::HashSet;

use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::did_you_mean;

use super::axes::Axis;
use super::axes::Choice;
use super::axes::Form;
use super::axes::product;
use super::columns::ABSENT;
use super::columns::Columns;
use super::columns::ValueId;
use super::expression::Expression;
use super::fields;
use super::node::Content;
use super::node::Node;
use super::stage::condition;

/// More cells than this are a slip of the keyboard, and would fill the memory.
const MOST: u64 = 5_000_000;

/// All cells, as rows of value numbers.
#[derive(Debug)]
pub struct Grid {
    columns: Columns,
    /// The columns that the rows hold, in the order of coordinates.
    varying: Vec<usize>,
    rows: Vec<ValueId>,
    cells: usize,
}

impl Grid {
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The number of cells.
    pub fn len(&self) -> usize {
        self.cells
    }

    pub fn is_empty(&self) -> bool {
        self.cells == 0
    }

    /// The columns whose values are coordinates, in axis order.
    pub fn axes(&self) -> impl Iterator<Item = usize> {
        let axes = self.varying.iter().copied();
        axes.filter(|column| self.columns.get(*column).axis)
    }

    /// The coordinate of a cell on a column; [`ABSENT`] where it has none.
    pub fn coordinate(&self, cell: usize, column: usize) -> ValueId {
        match self.columns.get(column).position {
            Some(position) => self.rows[cell * self.varying.len() + position],
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

    /// The columns whose coordinates decide the values of these names, in axis order.
    pub fn axes_of<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Vec<usize> {
        let mut axes = Vec::new();
        for column in names
            .into_iter()
            .filter_map(|name| self.columns.index(name))
        {
            axes.extend(self.columns.axes_of(column));
        }
        self.ordered(axes)
    }

    /// The columns in axis order, each once.
    pub fn ordered(&self, mut columns: Vec<usize>) -> Vec<usize> {
        columns.sort_by_key(|column| self.columns.get(*column).position);
        columns.dedup();
        columns
    }
}

/// What shapes the grid, as a manifest writes it.
#[derive(Default)]
pub(super) struct Shaping<'n> {
    pub exclude: Option<&'n Node>,
    pub include: Option<&'n Node>,
    pub when: Option<&'n Node>,
}

/// Builds the grid.
pub(super) fn build(
    mut columns: Columns,
    axes: &[Axis],
    shaping: &Shaping<'_>,
    place: &Place,
    found: &mut Diagnostics,
) -> Option<Grid> {
    let cells = product(axes);
    if cells > MOST {
        found.push(Diagnostic::error("too many cells").at(
            place,
            format!("these axes make {cells}, the most is {MOST}"),
        ));
        return None;
    }
    let varying = positions(&mut columns, axes);
    columns.settle();
    let mut seen = HashSet::new();
    let mut grid = Grid {
        columns,
        varying,
        rows: Vec::new(),
        cells: 0,
    };
    grid.add(axes, &mut seen);
    if let Some(node) = shaping.exclude {
        exclude(&mut grid, node, found);
    }
    if let Some(node) = shaping.include {
        include(&mut grid, axes, node, found);
    }
    if let Some(node) = shaping.when {
        when(&mut grid, node, found);
    }
    if grid.is_empty() && !found.has_errors() {
        found.push(Diagnostic::error("no cells are left").at(place, "of the axes here"));
    }
    Some(grid)
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
    fn add(&mut self, axes: &[Axis], seen: &mut HashSet<Box<[ValueId]>>) {
        let mut row = vec![ABSENT; self.varying.len()];
        let mut pending: Vec<&Axis> = axes.iter().rev().collect();
        self.walk(&mut pending, &mut row, seen);
    }

    fn walk(
        &mut self,
        pending: &mut Vec<&Axis>,
        row: &mut [ValueId],
        seen: &mut HashSet<Box<[ValueId]>>,
    ) {
        let Some(axis) = pending.pop() else {
            if seen.insert(Box::from(&*row)) {
                self.rows.extend_from_slice(row);
                self.cells += 1;
            }
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
            self.walk(pending, row, seen);
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
        let kept: Vec<usize> = (0..self.cells).filter(|cell| keep(self, *cell)).collect();
        let gone = self.cells - kept.len();
        if gone > 0 {
            let width = self.varying.len();
            let rows = kept.iter();
            self.rows = rows
                .flat_map(|cell| &self.rows[cell * width..(cell + 1) * width])
                .copied()
                .collect();
            self.cells = kept.len();
        }
        gone
    }
}

/// The values that an entry of `exclude` or `include` gives for a name.
fn given(node: &Node) -> Vec<&Node> {
    match &node.content {
        Content::List(items) => items.iter().collect(),
        _ => vec![node],
    }
}

fn entries(node: &Node) -> Vec<&Node> {
    match &node.content {
        Content::List(items) => items.iter().collect(),
        _ => vec![node],
    }
}

fn unknown(name: &str, place: &Place, columns: &Columns) -> Diagnostic {
    Diagnostic::error(format!("unknown axis `{name}`"))
        .at(place, "no such axis or parameter")
        .maybe_help(did_you_mean(name, columns.names(), "known names"))
}

fn exclude(grid: &mut Grid, node: &Node, found: &mut Diagnostics) {
    for entry in entries(node) {
        if entry.as_str().is_some() {
            let Some(expression) = checked(grid, entry, found) else {
                continue;
            };
            let gone = retain_where(grid, &expression, false, found);
            if gone == 0 {
                useless(entry, found);
            }
            continue;
        }
        let Some(parts) = fields::map(entry, "an entry of `exclude`", found) else {
            continue;
        };
        let mut conditions = Vec::new();
        for part in parts {
            let Some(column) = grid.columns.index(&part.key) else {
                found.push(unknown(&part.key, &part.key_place, &grid.columns));
                continue;
            };
            let mut ids = Vec::new();
            for value in given(&part.value) {
                let known = grid.columns.get(column);
                if value.is_null() {
                    ids.push(ABSENT);
                    continue;
                }
                let canonical =
                    fields::conform(value, &known.ty, &format!("`{}`", part.key), found);
                match canonical.map(|value| known.id_of(&value)) {
                    Some(Some(id)) => ids.push(id),
                    Some(None) => {
                        let text = value.to_value().to_string();
                        let values: Vec<String> =
                            known.values().iter().map(Value::to_string).collect();
                        let values = values.iter().map(String::as_str);
                        found.push(
                            Diagnostic::warning(format!("`{}` is never `{text}`", part.key))
                                .at(&value.place, "excludes nothing")
                                .maybe_help(did_you_mean(&text, values, "its values are")),
                        );
                    }
                    None => {}
                }
            }
            conditions.push((column, ids));
        }
        if conditions.is_empty() {
            continue;
        }
        let gone = grid.retain(|grid, cell| {
            !conditions
                .iter()
                .all(|(column, ids)| ids.contains(&grid.value_id(cell, *column)))
        });
        if gone == 0 && conditions.iter().all(|(_, ids)| !ids.is_empty()) {
            useless(entry, found);
        }
    }
}

fn useless(entry: &Node, found: &mut Diagnostics) {
    found.push(
        Diagnostic::warning("an entry of `exclude` matches no cell")
            .at(&entry.place, "excludes nothing"),
    );
}

fn include(grid: &mut Grid, axes: &[Axis], node: &Node, found: &mut Diagnostics) {
    let mut seen: HashSet<Box<[ValueId]>> = HashSet::new();
    let width = grid.varying.len();
    for cell in 0..grid.cells {
        seen.insert(Box::from(&grid.rows[cell * width..(cell + 1) * width]));
    }
    for entry in entries(node) {
        let Some(parts) = fields::map(entry, "an entry of `include`", found) else {
            continue;
        };
        let mut wanted: Vec<(usize, Vec<ValueId>)> = Vec::new();
        for part in parts {
            let Some(column) = grid.columns.index(&part.key) else {
                found.push(unknown(&part.key, &part.key_place, &grid.columns));
                continue;
            };
            let mut ids = Vec::new();
            for value in given(&part.value) {
                let ty = grid.columns.get(column).ty.clone();
                let what = format!("`{}`", part.key);
                if let Some(canonical) = fields::conform(value, &ty, &what, found) {
                    ids.push(grid.columns.get_mut(column).intern(canonical, &value.place));
                }
            }
            wanted.push((column, ids));
        }
        let mut used = HashSet::new();
        let restricted: Vec<Axis> = axes
            .iter()
            .map(|axis| restrict(axis, &wanted, &mut used))
            .collect();
        for (part, (column, _)) in parts.iter().zip(&wanted) {
            if !used.contains(column) {
                found.push(
                    Diagnostic::error(format!("`{}` is no axis of these cells", part.key))
                        .at(&part.key_place, "cannot be given here")
                        .help("an entry of `include` gives values on axes that its cells have"),
                );
            }
        }
        if product(&restricted).saturating_add(grid.cells as u64) > MOST {
            found.push(Diagnostic::error("too many cells").at(&entry.place, "added here"));
            continue;
        }
        let before = grid.cells;
        grid.add(&restricted, &mut seen);
        if grid.cells == before && !found.has_errors() {
            found.push(
                Diagnostic::warning("an entry of `include` adds no cell")
                    .at(&entry.place, "all its cells exist"),
            );
        }
    }
}

/// The axis with the wanted values in place of its own; variants without an axis that the others
/// have are left out.
fn restrict(axis: &Axis, wanted: &[(usize, Vec<ValueId>)], used: &mut HashSet<usize>) -> Axis {
    let find = |column: usize| wanted.iter().find(|(known, _)| *known == column);
    let mut axis = axis.clone();
    match axis.form {
        Form::Values | Form::Seeds => {
            if let Some((column, ids)) = axis.columns().first().and_then(|column| find(*column)) {
                used.insert(*column);
                let choice = |id: &ValueId| Choice {
                    set: vec![(*column, *id)],
                    axes: Vec::new(),
                };
                axis.choices = ids.iter().map(choice).collect();
            }
        }
        Form::Zip => {
            let columns = axis.columns();
            let named: Vec<_> = columns.iter().filter_map(|column| find(*column)).collect();
            used.extend(named.iter().map(|(column, _)| *column));
            let single = named.iter().all(|(_, ids)| ids.len() == 1);
            if named.len() == columns.len() && single {
                let set = named.iter().map(|(column, ids)| (*column, ids[0]));
                axis.choices = vec![Choice {
                    set: set.collect(),
                    axes: Vec::new(),
                }];
            } else {
                axis.choices.retain(|choice| {
                    named.iter().all(|(column, ids)| {
                        let set = choice.set.iter().find(|(known, _)| known == column);
                        set.is_some_and(|(_, value)| ids.contains(value))
                    })
                });
            }
        }
        Form::Variants => {
            if let Some((column, ids)) = axis.columns().first().and_then(|column| find(*column)) {
                used.insert(*column);
                axis.choices.retain(|choice| {
                    choice
                        .set
                        .first()
                        .is_some_and(|(_, value)| ids.contains(value))
                });
            }
            // Names that only some variants have choose among the variants.
            let inner: HashSet<usize> = axis
                .choices
                .iter()
                .flat_map(|choice| &choice.axes)
                .flat_map(Axis::columns)
                .collect();
            let wanted_inside: Vec<usize> = wanted
                .iter()
                .map(|(column, _)| *column)
                .filter(|column| inner.contains(column))
                .collect();
            axis.choices.retain(|choice| {
                let own: Vec<usize> = choice.axes.iter().flat_map(Axis::columns).collect();
                wanted_inside.iter().all(|column| own.contains(column))
            });
            for choice in &mut axis.choices {
                choice.axes = choice
                    .axes
                    .iter()
                    .map(|axis| restrict(axis, wanted, used))
                    .collect();
            }
        }
    }
    axis
}

fn when(grid: &mut Grid, node: &Node, found: &mut Diagnostics) {
    for entry in entries(node) {
        if let Some(expression) = checked(grid, entry, found) {
            retain_where(grid, &expression, true, found);
        }
    }
}

/// A condition whose names are all known.
fn checked(grid: &Grid, node: &Node, found: &mut Diagnostics) -> Option<Expression> {
    let expression = condition(node, found)?;
    let mut good = true;
    for name in expression.names() {
        if grid.columns.index(name).is_none() {
            found.push(super::experiment::undefined(
                &expression,
                name,
                grid.columns.names(),
            ));
            good = false;
        }
    }
    good.then_some(expression)
}

fn retain_where(
    grid: &mut Grid,
    expression: &Expression,
    holds: bool,
    found: &mut Diagnostics,
) -> usize {
    let mut problem = None;
    let gone = grid.retain(|grid, cell| {
        if problem.is_some() {
            return true;
        }
        match expression.holds(|name| grid.value(cell, name)) {
            Ok(result) => result == holds,
            Err(message) => {
                problem = Some(message);
                true
            }
        }
    });
    if let Some(message) = problem {
        found.push(
            Diagnostic::error(format!("`{}` is not a condition", expression.text()))
                .at(expression.place(), message),
        );
    }
    gone
}
