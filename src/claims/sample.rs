//! The values that a quantity is taken from, and the taking.

use std::collections::BTreeMap;

use super::Aggregate;
use super::Quantity;
use super::Significance;
use super::source::Source;
use crate::table::Table;
use crate::table::coordinate_key;
use crate::table::stats;

/// The values behind a quantity.
pub(super) struct Sample<'a> {
    pub(super) quantity: &'a Quantity,
    pub(super) source: &'a Source,
    columns: Vec<usize>,
    /// Values that it is taken from: rows, or replicates where a test compares those.
    pub(super) n: usize,
    /// Rows with a value.
    pub(super) present: Vec<usize>,
    /// Rows without one.
    pub(super) missing: Vec<usize>,
    /// Steps without their rows.
    pub(super) absent: Vec<usize>,
    /// Rows that are left out: of trainings that diverged.
    pub(super) diverged: Vec<usize>,
    /// None where there are too few values to take it from.
    pub(super) value: Option<f64>,
}

impl<'a> Sample<'a> {
    /// The sample of a quantity among these rows of its source, and these of what is absent there. With a
    /// test each replicate counts once, however many rows it has: they are no repetitions of one another.
    pub(super) fn of(
        quantity: &'a Quantity,
        source: &'a Source,
        [rows, absent]: [&[usize]; 2],
        test: Option<&Significance>,
    ) -> Self {
        let table = &source.table;
        let columns = quantity.value.iter();
        let columns: Vec<usize> = columns.filter_map(|name| table.column(name)).collect();
        let chosen = source.present(quantity, rows).into_iter();
        let (diverged, chosen): (Vec<usize>, Vec<usize>) =
            chosen.partition(|row| table.diverged(*row));
        let (present, missing): (Vec<usize>, Vec<usize>) = chosen.into_iter().partition(|row| {
            let mut columns = columns.iter();
            columns.all(|column| table.number(*row, *column).is_some())
        });
        let mut sample = Sample {
            quantity,
            source,
            n: present.len(),
            missing,
            absent: source.missing(quantity, absent),
            diverged,
            value: taken(quantity.take, table, &columns, &present),
            columns,
            present,
        };
        if let Some(test) = test.filter(|_| quantity.take.is_centre()) {
            let mut rows: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for &row in &sample.present {
                let at = replicate(table, &test.replicate, row);
                rows.entry(at).or_default().push(row);
            }
            let numbers = rows.values().filter_map(|rows| sample.taken(rows));
            let numbers: Vec<f64> = numbers.collect();
            sample.n = numbers.len();
            sample.value = sample.middle(&numbers);
        }
        sample
    }

    /// The quantity of some of its rows.
    pub(super) fn taken(&self, rows: &[usize]) -> Option<f64> {
        taken(self.quantity.take, &self.source.table, &self.columns, rows)
    }

    /// The quantity of the numbers of some replicates.
    pub(super) fn middle(&self, replicates: &[f64]) -> Option<f64> {
        reduced(self.quantity.take, replicates, &[])
    }
}

/// The aggregate over some rows.
fn taken(take: Aggregate, table: &Table, columns: &[usize], rows: &[usize]) -> Option<f64> {
    let values = |column: Option<&usize>| -> Vec<f64> {
        let numbers = |&column: &usize| {
            rows.iter()
                .filter_map(move |&row| table.number(row, column))
        };
        column.into_iter().flat_map(numbers).collect()
    };
    reduced(take, &values(columns.first()), &values(columns.get(1)))
}

/// The aggregate of values, of pairs with `y` where it takes two columns.
fn reduced(take: Aggregate, x: &[f64], y: &[f64]) -> Option<f64> {
    match take {
        Aggregate::Mean => stats::mean(x),
        Aggregate::Median => stats::median(x),
        Aggregate::Min => stats::min(x),
        Aggregate::Max => stats::max(x),
        Aggregate::Std => stats::standard_deviation(x),
        Aggregate::Count => Some(x.len() as f64),
        Aggregate::Spearman => stats::spearman(x, y).map(|r| r.coefficient),
        Aggregate::Pearson => stats::pearson(x, y).map(|r| r.coefficient),
    }
}

/// The coordinates of a row's replicate as text.
pub(super) fn replicate(table: &Table, axes: &[String], row: usize) -> String {
    let at = axes.iter().filter_map(|axis| table.column(axis));
    let at: Vec<String> = at
        .map(|column| coordinate_key(&table.rows[row][column]))
        .collect();
    at.join(", ")
}
