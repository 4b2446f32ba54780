//! The artifacts of a reduced slot become one result table: a column per axis, a column per number.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::artifacts;
use crate::engine::JobError;
use crate::engine::JobItem;
use crate::metrics;
use crate::plan::Cell;
use crate::table::Column;
use crate::table::Table;

/// A table of metrics, one row per cell. Stages that score the same cell share its row, so that a
/// list of stages reads as one wide table.
///
/// # Errors
/// Where two stages report different numbers of one name for the same cell.
pub fn of_metrics(items: &[JobItem]) -> Result<Table, JobError> {
    let cells: Vec<_> = items.iter().map(|item| (&item.cell, Some(item))).collect();
    of_cells(&cells)
}

/// The same with the cells that have no result yet, whose numbers are null.
pub fn of_cells(cells: &[(&Cell, Option<&JobItem>)]) -> Result<Table, JobError> {
    let axes = axes(cells.iter().map(|(cell, _)| *cell));
    let mut names: Vec<String> = Vec::new();
    let mut rows: Vec<(Vec<Json>, BTreeMap<String, Json>)> = Vec::new();
    let mut index = BTreeMap::new();
    for (cell, item) in cells {
        let at = coordinates(cell, &axes);
        let key = serde_json::to_string(&at).expect("coordinates are plain data");
        let row = *index.entry(key).or_insert_with(|| {
            rows.push((at, BTreeMap::new()));
            rows.len() - 1
        });
        let Some(item) = item else { continue };
        for (name, value) in artifacts::read_metrics(artifacts::single(item)?)? {
            if !names.contains(&name) {
                names.push(name.clone());
            }
            let known = rows[row].1.insert(name.clone(), value.clone());
            if known.is_some_and(|known| known != value) {
                return Err(JobError::failed(format!(
                    "two stages report different `{name}` for cell {cell}"
                ))
                .hint("give the stages to a table of their own each"));
            }
        }
    }
    let columns = axis_columns(&axes).chain(names.iter().map(|name| metric_column(name)));
    Ok(Table {
        columns: columns.collect(),
        rows: rows
            .into_iter()
            .map(|(mut at, numbers)| {
                let values = names.iter().map(|name| numbers.get(name).cloned());
                at.extend(values.map(Option::unwrap_or_default));
                at
            })
            .collect(),
    })
}

/// The rows of a table that a stage left.
pub fn of_table(item: &JobItem) -> Result<Table, JobError> {
    let bytes = artifacts::read(artifacts::single(item)?, artifacts::TABLE)?;
    let table = Table::from_json(&String::from_utf8_lossy(&bytes));
    table.map_err(|error| JobError::failed(error.to_string()))
}

/// A table of curves, one row per cell and epoch. `epoch` and `iteration` are no axes: they are
/// measured along.
pub fn of_curves(items: &[JobItem]) -> Result<Table, JobError> {
    let axes = axes(items.iter().map(|item| &item.cell));
    let mut names: Vec<String> = Vec::new();
    let mut parts = Vec::new();
    for item in items {
        let bytes = artifacts::read(artifacts::single(item)?, artifacts::CURVE)?;
        let text = String::from_utf8_lossy(&bytes);
        let curve = Table::from_csv(&text, &[]);
        let curve = curve.map_err(|error| JobError::failed(error.to_string()))?;
        for column in &curve.columns {
            if !names.contains(&column.name) {
                names.push(column.name.clone());
            }
        }
        parts.push((coordinates(&item.cell, &axes), curve));
    }
    let columns = axis_columns(&axes).chain(names.iter().map(|name| metric_column(name)));
    let columns = columns.collect();
    let mut rows = Vec::new();
    for (at, curve) in parts {
        let positions: Vec<_> = names.iter().map(|name| curve.column(name)).collect();
        for row in &curve.rows {
            let values = positions.iter().map(|position| match position {
                Some(position) => row[*position].clone(),
                None => Json::Null,
            });
            rows.push(at.iter().cloned().chain(values).collect());
        }
    }
    Ok(Table { columns, rows })
}

/// The axes of all cells, in order of first appearance.
fn axes<'c>(cells: impl Iterator<Item = &'c Cell>) -> Vec<String> {
    let mut axes: Vec<String> = Vec::new();
    for cell in cells {
        for (axis, _) in cell.iter() {
            if !axes.iter().any(|known| known == axis) {
                axes.push(axis.to_owned());
            }
        }
    }
    axes
}

/// A value per axis; null where the axis does not exist for the cell.
fn coordinates(cell: &Cell, axes: &[String]) -> Vec<Json> {
    axes.iter()
        .map(|axis| serde_json::to_value(cell.get(axis)).unwrap_or_default())
        .collect()
}

fn axis_columns(axes: &[String]) -> impl Iterator<Item = Column> {
    axes.iter().map(|axis| Column::axis(axis))
}

/// The column of a number, with what its score says of unit and direction.
fn metric_column(name: &str) -> Column {
    let mut column = Column::metric(name, "", None);
    if let Some(measure) = metrics::measure(name) {
        column.label = measure.label.to_owned();
        column.unit = measure.unit.to_owned();
        column.higher_is_better = measure.higher_is_better;
    }
    column
}
