//! The rows of a table that a quantity is taken from, and the taking.

use std::collections::BTreeMap;

use super::Aggregate;
use super::Filters;
use super::Quantity;
use super::names::same;
use crate::table::Table;
use crate::table::stats;

/// The rows behind a quantity.
pub(super) struct Sample {
    take: Aggregate,
    /// Rows with all values.
    pub(super) rows: Vec<usize>,
    columns: Vec<usize>,
    pub(super) missing: usize,
    /// Rows that are left out: of trainings that diverged.
    pub(super) diverged: Vec<usize>,
    /// None where there are too few values to take it from.
    pub(super) value: Option<f64>,
}

impl Sample {
    /// The rows of a quantity among these.
    pub(super) fn of(quantity: &Quantity, table: &Table, rows: &[usize]) -> Self {
        let columns: Vec<usize> = quantity
            .value
            .iter()
            .filter_map(|name| table.column(name))
            .collect();
        let chosen = rows
            .iter()
            .filter(|&&row| passes(table, row, &quantity.filters));
        let (diverged, chosen): (Vec<usize>, Vec<usize>) =
            chosen.copied().partition(|&row| table.diverged(row));
        let (present, missing): (Vec<usize>, Vec<usize>) = chosen.into_iter().partition(|&row| {
            columns
                .iter()
                .all(|&column| table.number(row, column).is_some())
        });
        let mut sample = Sample {
            take: quantity.take,
            rows: present,
            columns,
            missing: missing.len(),
            diverged,
            value: None,
        };
        sample.value = sample.taken(table, &sample.rows);
        sample
    }

    fn values(&self, table: &Table, rows: &[usize], column: usize) -> Vec<f64> {
        let Some(&column) = self.columns.get(column) else {
            return Vec::new();
        };
        rows.iter()
            .filter_map(|&row| table.number(row, column))
            .collect()
    }

    /// The aggregate over some of the rows.
    fn taken(&self, table: &Table, rows: &[usize]) -> Option<f64> {
        let x = self.values(table, rows, 0);
        match self.take {
            Aggregate::Mean => stats::mean(&x),
            Aggregate::Median => stats::median(&x),
            Aggregate::Min => stats::min(&x),
            Aggregate::Max => stats::max(&x),
            Aggregate::Std => stats::standard_deviation(&x),
            Aggregate::Count => Some(x.len() as f64),
            Aggregate::Spearman => {
                stats::spearman(&x, &self.values(table, rows, 1)).map(|r| r.coefficient)
            }
            Aggregate::Pearson => {
                stats::pearson(&x, &self.values(table, rows, 1)).map(|r| r.coefficient)
            }
        }
    }

    /// One value per replicate, by the replicate's coordinates as text.
    pub(super) fn by_replicate(&self, table: &Table, axes: &[String]) -> BTreeMap<String, f64> {
        let mut rows: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for &row in &self.rows {
            rows.entry(replicate(table, axes, row))
                .or_default()
                .push(row);
        }
        rows.into_iter()
            .filter_map(|(at, rows)| Some((at, self.taken(table, &rows)?)))
            .collect()
    }
}

/// The coordinates of a row's replicate as text.
pub(super) fn replicate(table: &Table, axes: &[String], row: usize) -> String {
    let at = axes.iter().filter_map(|axis| table.column(axis));
    let at: Vec<String> = at
        .map(|column| table.rows[row][column].to_string())
        .collect();
    at.join(", ")
}

/// Whether a row is let through.
pub(super) fn passes(table: &Table, row: usize, filters: &Filters) -> bool {
    filters.iter().all(|(axis, values)| {
        let found = table
            .column(axis)
            .and_then(|column| table.rows[row].get(column));
        found.is_some_and(|found| values.iter().any(|value| same(value, found)))
    })
}
