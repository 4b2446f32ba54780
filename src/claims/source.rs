//! The rows that quantities are taken from, and the places of which nothing is known.

use serde_json::Value as Json;

use super::Claim;
use super::ClaimError;
use super::Filters;
use super::Quantity;
use crate::table::Table;
use crate::table::same_value;

/// The numbers of a stage, or of several that share rows.
#[derive(Clone, Debug, Default)]
pub struct Source {
    pub table: Table,
    /// Where a step is to leave rows and left none: its coordinates, with a column for every axis that the
    /// stage has. How many rows there would be, and where on other axes, is not known.
    pub absent: Table,
}

impl From<Table> for Source {
    fn from(table: Table) -> Self {
        Source {
            table,
            absent: Table::default(),
        }
    }
}

/// Axes of `for_each` with their values.
pub(super) type At = Vec<(String, Json)>;

/// Rows of a table by where they are on those axes of `for_each` that it has.
pub(super) type Placed = Vec<(At, Vec<usize>)>;

impl Source {
    /// The rows that a quantity may be taken from, and those of `absent`.
    pub(super) fn placed(&self, claim: &Claim, quantity: &Quantity) -> [Placed; 2] {
        let tables = [&self.table, &self.absent];
        let own = tables.map(|table| of_quantity(table, claim, quantity));
        let axes = claim.for_each.iter().map(String::as_str);
        let axes: Vec<&str> = axes.filter(|axis| has_axis(tables, &own, axis)).collect();
        let [own, absent] = own;
        [
            placed(claim, &own, &axes, &self.table),
            placed(claim, &absent, &axes, &self.absent),
        ]
    }

    /// Those of these rows that pass the filters of a quantity.
    pub(super) fn present(&self, quantity: &Quantity, rows: &[usize]) -> Vec<usize> {
        let without_it = |values: &[Json]| values.contains(&Json::Null);
        passing(&self.table, rows, &quantity.filters, without_it)
    }

    /// Those of these rows of `absent` that may pass them.
    pub(super) fn missing(&self, quantity: &Quantity, rows: &[usize]) -> Vec<usize> {
        passing(&self.absent, rows, &quantity.filters, |_| true)
    }
}

/// The places that a claim is judged at, in order of first appearance. Where a source does not have all axes of
/// `for_each` that others have, its numbers belong to all places that agree in those it has: the size of a model
/// to each seed. An axis that none of them has makes no places.
pub(super) fn places(placed: &[[Placed; 2]]) -> Vec<At> {
    let all = || placed.iter().flatten().flatten().map(|(at, _)| at);
    let axes = all().map(Vec::len).max().unwrap_or(0);
    let mut places: Vec<At> = Vec::new();
    for at in all().filter(|at| at.len() == axes) {
        if !places.iter().any(|known| agree(known, at)) {
            places.push(at.clone());
        }
    }
    places
}

/// The rows that belong to a place.
pub(super) fn rows_at<'p>(placed: &'p Placed, at: &At) -> &'p [usize] {
    let here = placed.iter().find(|(own, _)| agree(own, at));
    here.map_or(&[], |(_, rows)| rows)
}

/// Whether a place is one with another in all axes that it has.
fn agree(own: &At, other: &At) -> bool {
    own.iter().all(|(axis, value)| {
        let mut others = other.iter();
        others.any(|(name, other)| name == axis && same_value(value, other))
    })
}

/// Whether a quantity with these rows differs by an axis. Where all of them are without it, as those of a baseline among
/// methods that have it, it is one number for each of its values.
fn has_axis(tables: [&Table; 2], own: &[Vec<usize>; 2], axis: &str) -> bool {
    let has_value = |(table, rows): (&Table, &Vec<usize>)| {
        let column = table.column(axis);
        column.is_some_and(|column| rows.iter().any(|row| !table.rows[*row][column].is_null()))
    };
    own.iter().all(Vec::is_empty) || tables.into_iter().zip(own).any(has_value)
}

fn of_quantity(table: &Table, claim: &Claim, quantity: &Quantity) -> Vec<usize> {
    let all: Vec<usize> = (0..table.rows.len()).collect();
    let rows = passing(table, &all, &claim.filters, |_| true);
    passing(table, &rows, &quantity.filters, |_| true)
}

/// The rows of a table that a claim is about; `own` are those of a quantity, which has these axes.
fn placed(claim: &Claim, own: &[usize], axes: &[&str], table: &Table) -> Placed {
    let all: Vec<usize> = (0..table.rows.len()).collect();
    let axes = axes.iter();
    let axes: Vec<(&str, usize)> = axes
        .filter_map(|axis| Some((*axis, table.column(axis)?)))
        .collect();
    let mut placed: Placed = Vec::new();
    for row in passing(table, &all, &claim.filters, |_| true) {
        let at =
            |&(axis, column): &(&str, usize)| (axis.to_owned(), table.rows[row][column].clone());
        let at: At = axes.iter().map(at).collect();
        // Where a quantity has an axis, rows of others without it make no place.
        if at.iter().any(|(_, value)| value.is_null()) && own.binary_search(&row).is_err() {
            continue;
        }
        match placed.iter_mut().find(|(known, _)| agree(known, &at)) {
            Some((_, rows)) => rows.push(row),
            None => placed.push((at, vec![row])),
        }
    }
    placed
}

/// The rows that filters let through; `without` says it for values of an axis that the table does not have.
fn passing(
    table: &Table,
    rows: &[usize],
    filters: &Filters,
    without: impl Fn(&[Json]) -> bool,
) -> Vec<usize> {
    let mut rows = rows.to_vec();
    for (axis, values) in filters {
        match table.column(axis) {
            Some(column) => rows.retain(|row| {
                let found = &table.rows[*row][column];
                values.iter().any(|value| same_value(value, found))
            }),
            None if without(values) => {}
            None => rows.clear(),
        }
    }
    rows
}

/// The names of a claim that no result has, though a manifest may know them: nothing can be said yet. A stage
/// without an axis of `for_each` or `where` counts at each of its values.
pub(super) fn unknown_names(claim: &Claim, sources: &[&Source]) -> Vec<ClaimError> {
    let mut errors: Vec<ClaimError> = Vec::new();
    let mut look = |name: &String, sources: &[&Source]| {
        let columns = sources.iter().flat_map(|source| &source.table.columns);
        let mut known: Vec<String> = Vec::new();
        for column in columns {
            if !known.contains(&column.name) {
                known.push(column.name.clone());
            }
        }
        if !known.contains(name) {
            let error = ClaimError::Unknown {
                what: "column".to_owned(),
                name: name.clone(),
                known,
            };
            if !errors.contains(&error) {
                errors.push(error);
            }
        }
    };
    for ((_, quantity), source) in claim.quantities.iter().zip(sources) {
        // Where no row has an axis, `null` selects all of them.
        let filters = quantity.filters.iter();
        let selecting = filters.filter(|(_, values)| !values.contains(&Json::Null));
        let selecting = selecting.map(|(axis, _)| axis);
        for name in quantity.value.iter().chain(selecting) {
            look(name, &[source]);
        }
    }
    for name in claim.test.iter().flat_map(|test| &test.replicate) {
        look(name, sources);
    }
    errors
}
