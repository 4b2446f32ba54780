//! Numbers that others have printed, as a long table tells them.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::super::Column;
use super::super::Table;
use super::super::display;
use super::CompareError;
use super::METRIC;
use super::SOURCE;

const VALUE: &str = "value";
const SPREAD: &str = "spread";

/// Reported numbers, each with its source.
///
/// The table is long: a row per number. `value` and `source` are its number and where it is printed;
/// `spread`, if there is one, what stands after its ±; `metric` which of several numbers it is. All
/// other columns are axes, named as in the results.
#[derive(Clone, Debug)]
pub struct Reported {
    axes: Vec<Column>,
    pub(super) rows: Vec<ReportedRow>,
    /// How often each number stands among the rows: beside so many values of ours.
    copies: usize,
}

#[derive(Clone, Debug)]
pub(super) struct ReportedRow {
    pub at: Vec<Json>,
    /// None where the table has no such column: then every metric is meant, of which there is one.
    pub metric: Option<String>,
    pub value: f64,
    pub spread: Option<f64>,
    pub source: String,
}

impl Reported {
    /// Reads the rows of a long table.
    ///
    /// # Errors
    /// Where a number or its source is missing.
    pub fn new(table: &Table) -> Result<Self, CompareError> {
        let value = table.position(VALUE)?;
        let source = table.position(SOURCE)?;
        let (metric, spread) = (table.column(METRIC), table.column(SPREAD));
        let own = [Some(value), Some(source), metric, spread];
        let axes: Vec<usize> = (0..table.columns.len())
            .filter(|i| !own.contains(&Some(*i)))
            .collect();
        let mut rows: Vec<ReportedRow> = Vec::with_capacity(table.rows.len());
        for (at, row) in table.rows.iter().enumerate() {
            let number = table.number(at, value).ok_or(CompareError::NoNumber {
                column: VALUE,
                row: at + 1,
            })?;
            let text = match &row[source] {
                Json::Null => return Err(CompareError::NoSource { row: at + 1 }),
                source => display(source),
            };
            let spread = match spread.map(|spread| (&row[spread], table.number(at, spread))) {
                None | Some((Json::Null, _)) => None,
                Some((_, Some(number))) => Some(number),
                Some((_, None)) => {
                    return Err(CompareError::NoNumber {
                        column: SPREAD,
                        row: at + 1,
                    });
                }
            };
            let new = ReportedRow {
                at: axes.iter().map(|&axis| row[axis].clone()).collect(),
                metric: metric.map(|metric| display(&row[metric]).trim().to_owned()),
                value: number,
                spread,
                source: text,
            };
            let twice = rows.iter().position(|old| {
                old.at == new.at && old.metric == new.metric && old.source == new.source
            });
            if let Some(first) = twice {
                return Err(CompareError::Twice {
                    first: first + 1,
                    second: at + 1,
                });
            }
            rows.push(new);
        }
        Ok(Reported {
            axes: axes.iter().map(|&i| table.columns[i].clone()).collect(),
            rows,
            copies: 1,
        })
    }

    /// The same numbers beside every combination of values that axes of ours have which these numbers lack.
    ///
    /// # Errors
    /// Where they have such an axis, or ours do not.
    pub fn beside_every(self, by: &[String], ours: &Table) -> Result<Self, CompareError> {
        if by.is_empty() {
            return Ok(self);
        }
        if let Some(own) = self.axes.iter().find(|axis| by.contains(&axis.name)) {
            return Err(CompareError::Reported(own.name.clone()));
        }
        let places = by.iter().map(|name| ours.position(name));
        let places: Vec<usize> = places.collect::<Result<_, _>>()?;
        let mut beside: Vec<Vec<Json>> = Vec::new();
        for row in &ours.rows {
            let at = places.iter().map(|&place| row[place].clone()).collect();
            if !beside.contains(&at) {
                beside.push(at);
            }
        }
        let rows = beside.iter().flat_map(|at| {
            self.rows.iter().map(|row| ReportedRow {
                at: at.iter().chain(&row.at).cloned().collect(),
                ..row.clone()
            })
        });
        let rows = rows.collect();
        let axes = places.iter().map(|&place| &ours.columns[place]);
        let axes = axes.chain(&self.axes).cloned().collect();
        let copies = beside.len().max(1);
        Ok(Reported { axes, rows, copies })
    }

    /// The numbers of which metrics are none of `known`, with how many there are.
    pub(super) fn of_others(&self, known: &[Column]) -> BTreeMap<String, usize> {
        let mut others = BTreeMap::new();
        let metrics = self.rows.iter().filter_map(|row| row.metric.as_ref());
        for metric in metrics.filter(|name| known.iter().all(|known| known.name != **name)) {
            *others.entry(metric.clone()).or_default() += 1;
        }
        for count in others.values_mut() {
            *count /= self.copies;
        }
        others
    }

    /// The axes that tell its rows apart: what results are grouped by to be compared.
    pub fn axes(&self) -> Vec<String> {
        self.axes.iter().map(|axis| axis.name.clone()).collect()
    }
}
