//! Repetitions of a trial as one row.

use std::borrow::Cow;

use crate::table::Table;

use super::FigureError;
use super::mapping::no_column;

/// The table with one row of those that differ along `repeats` only: the other axes, the columns `kept`, and
/// the `numbers`.
pub(super) fn reduced<'t>(
    table: &'t Table,
    repeats: &[String],
    kept: &[&str],
    numbers: &[usize],
    reduce: impl Fn(usize, Vec<f64>) -> f64,
) -> Result<Cow<'t, Table>, FigureError> {
    if repeats.is_empty() {
        return Ok(Cow::Borrowed(table));
    }
    let column = |name: &String| table.column(name).ok_or_else(|| no_column(table, name));
    let repeats: Vec<usize> = repeats.iter().map(column).collect::<Result<_, _>>()?;
    let is_kept = |at: &usize| {
        let column = &table.columns[*at];
        let named = column.axis || kept.contains(&column.name.as_str());
        named && !repeats.contains(at) && !numbers.contains(at)
    };
    let places: Vec<usize> = (0..table.columns.len()).filter(is_kept).collect();
    let reduced = table.one_of_each(&places, &repeats, numbers, reduce)?;
    Ok(Cow::Owned(reduced))
}
