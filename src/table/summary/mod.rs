//! Group-by over axes: replicates reduced to a mean with an interval, with n always known.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

use serde_json::Value as Json;

use super::Column;
use super::IntervalKind;
use super::Table;
use super::replicates::Clash;
use super::replicates::Unclear;
use super::stats;
use super::stats::Interval;

/// What to summarise.
#[derive(Clone, Debug)]
pub struct SummarySpec {
    /// Columns of numbers, in the order they are shown.
    pub values: Vec<String>,
    /// Axes that stay; none: every axis that is no replicate.
    pub by: Option<Vec<String>>,
    /// Axes along which values are repetitions of one another.
    pub replicate: Vec<String>,
    pub interval: IntervalKind,
}

/// Why a table cannot be summarised.
#[derive(Debug, thiserror::Error)]
pub enum SummaryError {
    #[error("the table has no column `{name}`; it has {}", quoted(known))]
    NoColumn { name: String, known: Vec<String> },
    #[error(
        "row {row} of column `{column}` holds `{value}`, which is no number{}",
        meant(value)
    )]
    NotANumber {
        column: String,
        /// Counted from one.
        row: usize,
        value: String,
    },
    #[error(
        "axis `{axis}` takes several values within one group: name it under `by` to keep it, or \
         under `replicate` to reduce over it; which columns of a file are axes, `axes` of `table/read` says"
    )]
    Varies { axis: String },
    #[error(
        "rows {first} and {second} have different `{column}` for one place{place}: {}",
        told_apart(apart, "`replicate` to reduce over it, or under `by` to keep it")
    )]
    Repeated {
        column: String,
        place: String,
        /// Counted from one.
        first: usize,
        second: usize,
        /// The columns in which they differ.
        apart: Vec<String>,
    },
    #[error(
        "two stages report different `{column}` for one place{place}: rows {first} and {second}, of which row \
         {first} has no {}, and is no further replicate; give the stages to a table of their own each, or their \
         numbers different names",
        quoted(axes)
    )]
    OfAll {
        column: String,
        place: String,
        /// Counted from one.
        first: usize,
        second: usize,
        /// What the first lacks.
        axes: Vec<String>,
    },
}

/// What to do about rows of one replicate.
pub(super) fn told_apart(columns: &[String], under: &str) -> String {
    match columns {
        [] => "no column tells them apart".to_owned(),
        columns => format!(
            "they differ in {}; name what tells them apart under {under}",
            quoted(columns)
        ),
    }
}

pub(super) fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// Estimates by group, in order of first appearance.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The axes that stayed.
    pub by: Vec<Column>,
    /// The summarised columns.
    pub metrics: Vec<Column>,
    /// The axes that were reduced.
    pub replicate: Vec<String>,
    pub interval: IntervalKind,
    pub groups: Vec<Group>,
}

/// One group: a value per axis that stayed, an estimate per metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub at: Vec<Json>,
    pub estimates: Vec<Estimate>,
}

/// What is known of one metric in one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The replicates that have a value, in row order.
    pub values: Vec<f64>,
    /// Replicates without one: diverged, failed or never measured.
    pub missing: usize,
    /// Mean (or median, as the kind of interval says); none without values.
    pub centre: Option<f64>,
    /// None below two values.
    pub interval: Option<Interval>,
}

impl Estimate {
    /// An estimate from replicates, of which some may be missing.
    pub fn new(values: Vec<Option<f64>>, kind: IntervalKind) -> Self {
        let present: Vec<f64> = values.iter().copied().flatten().collect();
        Estimate {
            missing: values.len() - present.len(),
            centre: kind.centre(&present),
            interval: kind.interval(&present),
            values: present,
        }
    }

    /// Replicates counted.
    pub fn n(&self) -> usize {
        self.values.len()
    }
}

impl Summary {
    /// What the columns beside that of a number are called, after its name.
    pub const PARTS: [&str; 5] = ["low", "high", "sd", "n", "missing"];

    /// Summarises the rows of a table. Rows of one replicate at a place count once, by their mean.
    ///
    /// # Errors
    /// Where a column is not there or holds no numbers, and where a row that has none of the replicates' axes
    /// would be one of them.
    pub fn new(table: &Table, spec: &SummarySpec) -> Result<Summary, SummaryError> {
        Summary::of(table, spec, false)
    }

    /// The same of a table that has one row for each replicate of a place.
    ///
    /// # Errors
    /// As [`Summary::new`], and where several rows of one replicate have different numbers: they would be taken
    /// for repetitions, whatever they are.
    pub fn of_single_rows(table: &Table, spec: &SummarySpec) -> Result<Summary, SummaryError> {
        Summary::of(table, spec, true)
    }

    fn of(table: &Table, spec: &SummarySpec, single: bool) -> Result<Summary, SummaryError> {
        let metrics = positions(table, &spec.values)?;
        let replicates = positions(table, &spec.replicate)?;
        let by = match &spec.by {
            Some(names) => positions(table, names)?,
            None => (0..table.columns.len())
                .filter(|i| table.columns[*i].axis)
                .filter(|i| !replicates.contains(i) && !metrics.contains(i))
                .collect(),
        };
        let others: Vec<usize> = (0..table.columns.len())
            .filter(|i| table.columns[*i].axis)
            .filter(|i| !by.contains(i) && !replicates.contains(i) && !metrics.contains(i))
            .collect();

        // What stands for several rows that have a number is none of them without it.
        let shared: Vec<HashSet<usize>> = metrics.iter().map(|at| table.shared(*at)).collect();
        let mut summarised = Vec::new();
        for (at, rows) in table.grouped(&by) {
            for &axis in &others {
                let first = &table.rows[rows[0]][axis];
                if rows.iter().any(|&row| table.rows[row][axis] != *first) {
                    let axis = table.columns[axis].name.clone();
                    return Err(SummaryError::Varies { axis });
                }
            }
            let estimate = |(&metric, shared): (&usize, &HashSet<usize>)| {
                let own = rows.iter().copied().filter(|row| !shared.contains(row));
                let own: Vec<usize> = own.collect();
                let own = match single {
                    true => table.counted(&own, metric, (&by, &replicates), &metrics)?,
                    false => table
                        .without_wholes(&own, &replicates, metric)
                        .map_err(|clash| of_all(table, clash, metric, &by, &replicates))?,
                };
                estimate(table, &own, metric, &replicates, spec.interval)
            };
            let estimates = metrics.iter().zip(&shared).map(estimate);
            let estimates = estimates.collect::<Result<_, _>>()?;
            summarised.push(Group { at, estimates });
        }
        let pick = |positions: &[usize]| -> Vec<Column> {
            let columns = positions.iter().map(|&i| table.columns[i].clone());
            columns.collect()
        };
        Ok(Summary {
            by: pick(&by),
            metrics: pick(&metrics),
            replicate: spec.replicate.clone(),
            interval: spec.interval,
            groups: summarised,
        })
    }

    /// One row per group: its axes, then per metric the middle, the ends of the interval, the
    /// standard deviation, n and the number of missing replicates.
    pub fn to_table(&self) -> Table {
        let mut columns = self.by.clone();
        for metric in &self.metrics {
            columns.push(Column {
                axis: false,
                ..metric.clone()
            });
            for part in Summary::PARTS {
                let name = format!("{}_{part}", metric.name);
                let unit = match part {
                    "n" | "missing" => "",
                    _ => &metric.unit,
                };
                columns.push(Column::metric(&name, unit, None));
            }
        }
        let rows = self.groups.iter().map(|group| {
            let mut row = group.at.clone();
            for estimate in &group.estimates {
                let interval = estimate.interval;
                row.push(number(estimate.centre));
                row.push(number(interval.map(|interval| interval.low)));
                row.push(number(interval.map(|interval| interval.high)));
                row.push(number(stats::standard_deviation(&estimate.values)));
                row.push(estimate.n().into());
                row.push(estimate.missing.into());
            }
            row
        });
        Table {
            columns,
            rows: rows.collect(),
        }
    }

    /// The number of replicates most groups have, and whether all have it. Where numbers have different axes most
    /// cells may have none.
    pub fn common_n(&self) -> Option<(usize, bool)> {
        let mut often: BTreeMap<usize, usize> = BTreeMap::new();
        for estimate in self.groups.iter().flat_map(|group| &group.estimates) {
            *often.entry(estimate.n()).or_default() += 1;
        }
        let common = often
            .iter()
            .max_by_key(|(n, often)| (**n > 0, **often, **n));
        Some((*common?.0, often.len() == 1))
    }

    /// `mean ± standard deviation over seed, n = 3`: what a caption must say.
    pub fn note(&self) -> String {
        let centre = self.interval.centre_name();
        let over = match self.replicate.join(", ") {
            names if names.is_empty() => String::new(),
            names => format!(" over {names}"),
        };
        let Some((n, everywhere)) = self.common_n() else {
            return "no rows".to_owned();
        };
        let any = self
            .groups
            .iter()
            .any(|group| group.estimates.iter().any(|e| e.interval.is_some()));
        if !any {
            let values = if everywhere && n == 1 {
                "single values"
            } else {
                centre
            };
            return format!("{values}{over}, n = {n}: no interval from one replicate");
        }
        let sign = if self.interval.symmetric() {
            " ± "
        } else {
            " with "
        };
        let elsewhere = if everywhere {
            ""
        } else {
            " where not stated otherwise"
        };
        let interval = self.interval.describe();
        format!("{centre}{sign}{interval}{over}, n = {n}{elsewhere}")
    }
}

fn positions(table: &Table, names: &[String]) -> Result<Vec<usize>, SummaryError> {
    names.iter().map(|name| position(table, name)).collect()
}

fn position(table: &Table, name: &str) -> Result<usize, SummaryError> {
    table.column(name).ok_or_else(|| SummaryError::NoColumn {
        name: name.to_owned(),
        known: table.columns.iter().map(|c| c.name.clone()).collect(),
    })
}

impl Table {
    /// Of some rows of a place, which is told by the columns `by`, those that count towards a number, one of each
    /// replicate. `numbers` are the columns that tell no rows apart.
    ///
    /// # Errors
    /// Where rows of one replicate have different numbers, and where one stands for several replicates.
    pub fn counted(
        &self,
        rows: &[usize],
        number: usize,
        (by, replicates): (&[usize], &[usize]),
        numbers: &[usize],
    ) -> Result<Vec<usize>, SummaryError> {
        let counted = self.replicates(rows, replicates, number);
        counted.map_err(|unclear| match unclear {
            Unclear::Whole(clash) => of_all(self, clash, number, by, replicates),
            Unclear::Twice(clash) => {
                let places = [by, replicates].concat();
                SummaryError::Repeated {
                    column: self.columns[number].name.clone(),
                    place: place(self, clash.0, &places),
                    first: clash.0 + 1,
                    second: clash.1 + 1,
                    apart: self.differing(clash, &[&places, numbers].concat()),
                }
            }
        })
    }
}

/// What to say of a row that stands for several replicates.
pub(super) fn of_all(
    table: &Table,
    Clash(whole, part): Clash,
    metric: usize,
    by: &[usize],
    replicates: &[usize],
) -> SummaryError {
    let lacks =
        |at: &&usize| table.rows[whole][**at].is_null() && !table.rows[part][**at].is_null();
    let axes = replicates.iter().filter(lacks);
    SummaryError::OfAll {
        column: table.columns[metric].name.clone(),
        place: place(table, whole, by),
        first: whole + 1,
        second: part + 1,
        axes: axes.map(|at| table.columns[*at].name.clone()).collect(),
    }
}

/// ` (lr=1, seed=0)`; nothing where a row has none of the coordinates.
fn place(table: &Table, row: usize, columns: &[usize]) -> String {
    let there = columns.iter().filter(|at| !table.rows[row][**at].is_null());
    let there = there.map(|at| {
        let value = super::frame::display(&table.rows[row][*at]);
        format!("{}={value}", table.columns[*at].name)
    });
    match there.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => none,
        there => format!(" ({there})"),
    }
}

fn estimate(
    table: &Table,
    rows: &[usize],
    metric: usize,
    replicates: &[usize],
    kind: IntervalKind,
) -> Result<Estimate, SummaryError> {
    // Rows of one replicate are no repetitions: their mean is its number.
    let mut of_each: Vec<Vec<f64>> = Vec::with_capacity(rows.len());
    let mut known: HashMap<Vec<&Json>, usize> = HashMap::new();
    for &row in rows {
        let value = table.number(row, metric);
        let cell = &table.rows[row][metric];
        if value.is_none() && !cell.is_null() {
            return Err(SummaryError::NotANumber {
                column: table.columns[metric].name.clone(),
                row: row + 1,
                value: super::frame::display(cell),
            });
        }
        let at = match replicates.is_empty() {
            true => of_each.len(),
            false => *known
                .entry(table.at(row, replicates))
                .or_insert(of_each.len()),
        };
        if at == of_each.len() {
            of_each.push(Vec::new());
        }
        of_each[at].extend(value);
    }
    let values = of_each.iter().map(|values| stats::mean(values));
    Ok(Estimate::new(values.collect(), kind))
}

/// How a text that people read as a number is written as one. Three digits behind a comma may be thousands.
fn meant(value: &str) -> String {
    let text = value.trim();
    let is_number = |text: &str| text.replace(',', ".").parse::<f64>().is_ok();
    match (text.strip_suffix('%'), text.split_once(',')) {
        (Some(share), _) if is_number(share.trim_end()) => {
            ": write a share, 0.5 for 50 %, which figures print in percent by `y_format: .1%`"
                .to_owned()
        }
        (None, Some((_, behind))) if behind.len() != 3 && is_number(text) => {
            format!(
                ": write a point before decimals, {}",
                text.replace(',', ".")
            )
        }
        _ => String::new(),
    }
}

fn number(value: Option<f64>) -> Json {
    value
        .and_then(serde_json::Number::from_f64)
        .map_or(Json::Null, Json::Number)
}
