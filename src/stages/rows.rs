//! The artifacts of a reduced slot become one result table: a column per axis, a column per number.
//! Tables made elsewhere stand beside scores of the sweep.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Map;
use serde_json::Value as Json;

use super::artifacts;
use super::described;
use super::fitted;
use crate::engine::Job;
use crate::engine::JobArtifact;
use crate::engine::JobError;
use crate::engine::JobItem;
use crate::plan::Cell;
use crate::registry::ArtifactType;
use crate::registry::Slot;
use crate::registry::Value;
use crate::table::Column;
use crate::table::DIVERGED;
use crate::table::Table;
use crate::table::display;
use crate::table::same_value;
use crate::text::list_of;
use crate::text::plural;

/// The slot of tables and figures that read result rows.
pub(super) const SLOT: Slot = Slot::new(
    "rows",
    &[ArtifactType::Metrics, ArtifactType::Table],
    "scores, of which several stages share a row per cell, or tables",
);

/// The slot of stages that look at one curve.
pub(super) const CURVE: Slot =
    Slot::new("curve", &[ArtifactType::Curve], "the curve of a training");

/// A table of metrics, one row per cell. Stages that score the same cell share its row, so that a
/// list of stages reads as one wide table.
///
/// # Errors
/// Where two stages report different numbers of one name for the same cell.
pub(super) fn of_metrics(items: &[JobItem]) -> Result<Table, JobError> {
    let cells: Vec<_> = items.iter().map(|item| (&item.cell, Some(item))).collect();
    of_cells(&cells)
}

/// The same with the cells that have no result yet, whose numbers are null. So are those of a
/// training that diverged, and of what was computed from it; where there is one, the column
/// [`DIVERGED`] tells which rows are.
pub(super) fn of_cells(cells: &[(&Cell, Option<&JobItem>)]) -> Result<Table, JobError> {
    let axes = axes(cells.iter().map(|(cell, _)| *cell));
    let mut names: Vec<String> = Vec::new();
    let mut rows: Vec<(Vec<Json>, BTreeMap<String, Json>)> = Vec::new();
    let mut diverged = Vec::new();
    let mut described: Vec<&Value> = Vec::new();
    let mut ours: BTreeSet<String> = BTreeSet::new();
    let mut index = BTreeMap::new();
    for (cell, item) in cells {
        let at = coordinates(cell, &axes);
        let key = serde_json::to_string(&at).expect("coordinates are plain data");
        let row = *index.entry(key).or_insert_with(|| {
            rows.push((at, BTreeMap::new()));
            diverged.push(false);
            rows.len() - 1
        });
        let Some(item) = item else { continue };
        diverged[row] |= item.diverged;
        let artifact = artifacts::single(item)?;
        if let Some(said) = &artifact.described
            && !described.contains(&said)
        {
            described.push(said);
        }
        for (name, value) in numbers(item)? {
            if !names.contains(&name) {
                names.push(name.clone());
            }
            if described::is_of_kind(artifact.described.as_ref()) && !ours.contains(&name) {
                ours.insert(name.clone());
            }
            let known = rows[row].1.insert(name.clone(), value.clone());
            if known.is_some_and(|known| !is_same(&known, &value)) {
                return Err(JobError::failed(format!(
                    "two stages report different `{name}` for cell {cell}"
                ))
                .hint("give the stages to a table of their own each"));
            }
        }
    }
    beside_axes(&axes, &mut names, &mut rows);
    if diverged.contains(&true) {
        if !names.iter().any(|name| name == DIVERGED) {
            names.push(DIVERGED.to_owned());
        }
        for ((_, numbers), diverged) in rows.iter_mut().zip(diverged) {
            numbers.insert(DIVERGED.to_owned(), diverged.into());
        }
    }
    let columns = axis_columns(&axes).chain(names.iter().map(|name| {
        let mut column = match ours.contains(name) {
            true => super::number_column(name),
            false => Column::metric(name, "", None),
        };
        for said in &described {
            described::describe(&mut column, said);
        }
        column
    }));
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

/// The numbers that a step left; nulls where it diverged.
///
/// # Errors
/// Where they cannot be read.
pub(super) fn numbers(item: &JobItem) -> Result<Map<String, Json>, JobError> {
    let mut numbers = artifacts::read_metrics(artifacts::single(item)?)?;
    if item.diverged {
        numbers.values_mut().for_each(|value| *value = Json::Null);
    }
    Ok(numbers)
}

/// Programs often report what they were given. A number of the name of an axis is the axis where it
/// says the same, and else a column of its own, `reported.epochs` beside `epochs`.
fn beside_axes(
    axes: &[String],
    names: &mut Vec<String>,
    rows: &mut [(Vec<Json>, BTreeMap<String, Json>)],
) {
    for (at, axis) in axes.iter().enumerate() {
        let Some(named) = names.iter().position(|name| name == axis) else {
            continue;
        };
        let other = format!("reported.{axis}");
        let same = rows.iter().all(|(cell, numbers)| {
            let reported = numbers.get(axis).filter(|value| !value.is_null());
            reported.is_none_or(|reported| is_same(&cell[at], reported))
        });
        for (_, numbers) in rows.iter_mut() {
            if let Some(value) = numbers.remove(axis) {
                numbers.insert(other.clone(), value);
            }
        }
        match same {
            true => _ = names.remove(named),
            false => names[named] = other,
        }
    }
}

/// Whether two values are one number or one text. A text of digits is a number where it is read back.
fn is_same(a: &Json, b: &Json) -> bool {
    same_value(a, b) || display(a) == display(b)
}

/// The rows of a slot that takes metrics and tables: the metrics as one table by cell, and under
/// them the rows of every table. Of those that a training left which diverged, and of those of which a
/// table says it, nothing but the coordinates is known.
///
/// # Errors
/// As [`of_metrics`], and where a table cannot be read.
pub(super) fn of_rows(items: &[JobItem]) -> Result<Table, JobError> {
    let (scores, tables): (Vec<_>, Vec<_>) = items.iter().partition(|item| is_metrics(item));
    if tables.is_empty() {
        return of_metrics(items);
    }
    let mut parts = Vec::with_capacity(1 + tables.len());
    if !scores.is_empty() {
        parts.push(of_metrics(
            &scores.into_iter().cloned().collect::<Vec<_>>(),
        )?);
    }
    let scored = parts.first().map_or(0, |scores| scores.rows.len());
    for item in tables {
        let mut table = artifacts::read_table(artifacts::single(item)?)?;
        if item.diverged {
            say_diverged(&mut table);
        }
        parts.push(with_coordinates(item, table)?);
    }
    let mut all = Table::stacked(parts);
    // Here and not before: a column may be an axis in another part.
    for row in (scored..all.rows.len())
        .filter(|row| all.diverged(*row))
        .collect::<Vec<_>>()
    {
        for (column, cell) in all.columns.iter().zip(&mut all.rows[row]) {
            if !column.axis && column.name != DIVERGED {
                *cell = Json::Null;
            }
        }
    }
    Ok(all)
}

/// Notes that all rows of a table are of a training that diverged.
fn say_diverged(table: &mut Table) {
    let at = table.column(DIVERGED).unwrap_or_else(|| {
        table.columns.push(Column::metric(DIVERGED, "", None));
        table.rows.iter_mut().for_each(|row| row.push(Json::Null));
        table.columns.len() - 1
    });
    for row in &mut table.rows {
        row[at] = true.into();
    }
}

/// The rows of the slot `rows`, of all stages or of this one, with a row for each cell whose result is missing, in
/// its place. Where tables come in nothing tells which rows are missing, and a warning says of what.
///
/// # Errors
/// As [`of_rows`].
pub(super) fn of_job(job: &Job<'_>, from: Option<&str>) -> Result<Table, JobError> {
    let mut wired = job.wired(SLOT.name);
    wired.retain(|(item, _)| from.is_none_or(|from| *item.stage == *from));
    let there = || wired.iter().filter_map(|(_, item)| *item);
    if there().all(is_metrics) {
        let cells = wired.iter().map(|(wired, item)| (&wired.cell, *item));
        return of_cells(&cells.collect::<Vec<_>>());
    }
    let missing = wired.iter().filter(|(_, item)| item.is_none());
    let missing = missing.map(|(wired, _)| fitted::name_of(&wired.stage, &wired.cell));
    let missing: Vec<String> = missing.collect();
    if !missing.is_empty() {
        let results = plural(missing.len(), "result");
        let names = list_of(missing);
        job.link
            .warn(&format!("the rows of {results} are missing: {names}"));
    }
    of_rows(&there().cloned().collect::<Vec<_>>())
}

fn is_metrics(item: &JobItem) -> bool {
    let mut artifacts = item.outputs.values();
    artifacts.any(|artifact| artifact.paths.contains_key(artifacts::METRICS))
}

/// A table of curves, one row per cell and epoch, or the rows of tables. `epoch` and `iteration`
/// are no axes: they are measured along.
pub(super) fn of_curves(items: &[JobItem]) -> Result<Table, JobError> {
    let mut parts = Vec::with_capacity(items.len());
    for item in items {
        parts.push(with_coordinates(item, of_curve(item)?)?);
    }
    Ok(Table::stacked(parts))
}

/// One curve, a row per epoch, or a table in its place.
pub(super) fn of_curve(item: &JobItem) -> Result<Table, JobError> {
    let artifact = artifacts::single(item)?;
    if !artifact.paths.contains_key(artifacts::CURVE) {
        return artifacts::read_table(artifact);
    }
    let curve = artifacts::read(artifact, artifacts::CURVE)?;
    let curve = Table::from_csv(&artifacts::text(curve, artifacts::CURVE)?, &[]);
    let mut curve = curve.map_err(|error| JobError::failed(error.to_string()))?;
    match artifact.described {
        Some(_) => describe(artifact, &mut curve),
        None => {
            for column in &mut curve.columns {
                *column = super::number_column(&column.name);
            }
        }
    }
    Ok(curve)
}

/// The one curve in the slot `curve`.
pub(super) fn only_curve(job: &Job<'_>) -> Result<Table, JobError> {
    match job.items("curve") {
        [item] => of_curve(item),
        items => {
            let error = format!("slot `curve` takes one and got {}", items.len());
            Err(JobError::failed(error).hint("reduce nothing here"))
        }
    }
}

/// The first of these columns that a curve has, with its numbers.
pub(super) fn first_of(curve: &Table, columns: &[String]) -> Result<(usize, Vec<f64>), JobError> {
    let found = columns.iter().find_map(|name| curve.column(name));
    let column = found.ok_or_else(|| {
        let known = curve.columns.iter().filter(|column| !column.axis);
        let known: Vec<&str> = known.map(|column| column.name.as_str()).collect();
        JobError::failed(format!("the curve has no column {}", columns.join(" or ")))
            .hint(format!("it has {}", known.join(", ")))
    })?;
    // Rows of another phase lack the column.
    let rows = 0..curve.rows.len();
    let values = rows.filter_map(|row| curve.number(row, column));
    Ok((column, values.collect()))
}

/// Puts what the manifest says of an artifact's numbers into the heads of their columns.
fn describe(artifact: &JobArtifact, table: &mut Table) {
    if let Some(said) = &artifact.described {
        for column in &mut table.columns {
            described::describe(column, said);
        }
    }
}

/// A table with the coordinates of the cell it comes from as further axes.
///
/// # Errors
/// Where a row says another thing of one of them.
fn with_coordinates(item: &JobItem, mut table: Table) -> Result<Table, JobError> {
    let axes: Vec<String> = item.cell.iter().map(|(axis, _)| axis.to_owned()).collect();
    // Rows often say again what their program was given; some of them may leave it out.
    for (axis, value) in item.cell.iter() {
        let value = serde_json::to_value(value).unwrap_or_default();
        let Some(at) = table.column(axis) else {
            continue;
        };
        let mut said = table.rows.iter().map(|row| &row[at]);
        let other = said.find(|said| !said.is_null() && !is_same(said, &value));
        if let Some(other) = other {
            return Err(JobError::failed(format!(
                "a row of stage `{}` has {other} as `{axis}`, and the sweep has {value} there",
                item.stage
            ))
            .hint("rename the column or the axis"));
        }
        table.columns.remove(at);
        for row in &mut table.rows {
            row.remove(at);
        }
    }
    let at = coordinates(&item.cell, &axes);
    table.columns.splice(0..0, axis_columns(&axes));
    for row in &mut table.rows {
        row.splice(0..0, at.iter().cloned());
    }
    Ok(table)
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

/// The coordinates of some cells, a column for each axis of `all`.
pub(super) fn of_places(some: &[&Cell], all: &[&Cell]) -> Table {
    let axes = axes(all.iter().copied());
    Table {
        columns: axis_columns(&axes).collect(),
        rows: some.iter().map(|cell| coordinates(cell, &axes)).collect(),
    }
}

fn axis_columns(axes: &[String]) -> impl Iterator<Item = Column> {
    axes.iter().map(|axis| Column::axis(axis))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn item(cell: &[(&str, Value)]) -> JobItem {
        let cell = cell.iter();
        let cell = cell.map(|(axis, value)| (Arc::from(*axis), value.clone()));
        JobItem {
            stage: "fit".to_owned(),
            cell: Cell(cell.collect()),
            outputs: BTreeMap::new(),
            diverged: false,
            seconds: None,
        }
    }

    #[test]
    fn numbers_are_the_same_however_they_are_written() {
        assert!(is_same(&3.into(), &3.0.into()) && is_same(&"1".into(), &1.into()));
        let large = 9_007_199_254_740_992_u64;
        assert!(!is_same(&large.into(), &(large + 1).into()));
    }

    #[test]
    fn rows_may_repeat_their_axes() {
        let item = item(&[("lr", Value::Float(0.1)), ("opt", Value::from("1"))]);
        let with = |csv: &str| with_coordinates(&item, Table::from_csv(csv, &[]).unwrap());
        let rows = with("epoch,lr,opt,loss\n1,1e-1,1,5\n2,,1,4\n").unwrap();
        assert_eq!(rows.to_csv(), "lr,opt,epoch,loss\n0.1,1,1,5\n0.1,1,2,4\n");
        let error = with("epoch,lr,loss\n1,0.1,5\n2,0.05,4\n").unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("has 0.05 as `lr`, and the sweep has 0.1"),
            "{error}"
        );
    }
}
