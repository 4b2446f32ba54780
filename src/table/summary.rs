//! Group-by over axes: replicates reduced to a mean with an interval, with n always known.

use serde_json::Value as Json;

use super::Column;
use super::IntervalKind;
use super::Table;
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
    #[error("row {row} of column `{column}` holds `{value}`, which is no number")]
    NotANumber {
        column: String,
        /// Counted from one.
        row: usize,
        value: String,
    },
    #[error(
        "axis `{axis}` takes several values within one group: name it under `by` to keep it, or \
         under `replicate` to reduce over it"
    )]
    Varies { axis: String },
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
    /// Summarises the rows of a table.
    pub fn new(table: &Table, spec: &SummarySpec) -> Result<Summary, SummaryError> {
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

        // Groups are few against rows, and their order is that of the rows.
        let mut groups: Vec<(Vec<Json>, Vec<usize>)> = Vec::new();
        let mut index = std::collections::HashMap::new();
        for (row, values) in table.rows.iter().enumerate() {
            let at: Vec<Json> = by.iter().map(|&i| values[i].clone()).collect();
            let position = *index.entry(at.clone()).or_insert_with(|| {
                groups.push((at, Vec::new()));
                groups.len() - 1
            });
            groups[position].1.push(row);
        }

        let mut summarised = Vec::with_capacity(groups.len());
        for (at, rows) in groups {
            for &axis in &others {
                let first = &table.rows[rows[0]][axis];
                if rows.iter().any(|&row| table.rows[row][axis] != *first) {
                    let axis = table.columns[axis].name.clone();
                    return Err(SummaryError::Varies { axis });
                }
            }
            let estimates = metrics
                .iter()
                .map(|&metric| estimate(table, &rows, metric, spec.interval))
                .collect::<Result<_, _>>()?;
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
            for part in ["low", "high", "sd"] {
                let name = format!("{}_{part}", metric.name);
                columns.push(Column::metric(&name, &metric.unit, None));
            }
            for part in ["n", "missing"] {
                let name = format!("{}_{part}", metric.name);
                columns.push(Column::metric(&name, "", None));
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

    /// The number of replicates most groups have, and whether all have it.
    pub fn common_n(&self) -> Option<(usize, bool)> {
        let counts: Vec<usize> = self
            .groups
            .iter()
            .flat_map(|group| group.estimates.iter().map(Estimate::n))
            .collect();
        let often = |n: &usize| counts.iter().filter(|count| *count == n).count();
        let common = *counts.iter().max_by_key(|n| (often(n), **n))?;
        Some((common, counts.iter().all(|count| *count == common)))
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

fn estimate(
    table: &Table,
    rows: &[usize],
    metric: usize,
    kind: IntervalKind,
) -> Result<Estimate, SummaryError> {
    let mut values = Vec::with_capacity(rows.len());
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
        values.push(value);
    }
    Ok(Estimate::new(values, kind))
}

fn number(value: Option<f64>) -> Json {
    value
        .and_then(serde_json::Number::from_f64)
        .map_or(Json::Null, Json::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let csv = "dataset,method,seed,kl\n\
                   circle,vae,0,1.0\ncircle,vae,1,2.0\ncircle,vae,2,3.0\n\
                   circle,iwae,0,0.5\ncircle,iwae,1,\ncircle,iwae,2,0.7\n";
        Table::from_csv(csv, &["dataset", "method", "seed"]).unwrap()
    }

    fn spec(replicate: &[&str]) -> SummarySpec {
        SummarySpec {
            values: vec!["kl".to_owned()],
            by: None,
            replicate: replicate.iter().map(|name| name.to_string()).collect(),
            interval: IntervalKind::Sd,
        }
    }

    #[test]
    fn replicates_become_a_mean_with_an_interval() {
        let summary = Summary::new(&table(), &spec(&["seed"])).unwrap();
        assert_eq!(summary.groups.len(), 2);
        let vae = &summary.groups[0].estimates[0];
        assert_eq!((vae.n(), vae.centre), (3, Some(2.0)));
        assert_eq!(
            vae.interval,
            Some(Interval {
                low: 1.0,
                high: 3.0
            })
        );
    }

    #[test]
    fn a_missing_replicate_is_counted_and_said() {
        let summary = Summary::new(&table(), &spec(&["seed"])).unwrap();
        let iwae = &summary.groups[1].estimates[0];
        assert_eq!((iwae.n(), iwae.missing), (2, 1));
        assert_eq!(
            summary.note(),
            "mean ± standard deviation over seed, n = 3 where not stated otherwise"
        );
    }

    #[test]
    fn one_replicate_gives_no_interval_and_says_so() {
        let summary = Summary::new(&table(), &spec(&[])).unwrap();
        assert_eq!(summary.groups.len(), 6);
        assert_eq!(summary.groups[0].estimates[0].interval, None);
        assert_eq!(
            summary.note(),
            "mean, n = 1: no interval from one replicate"
        );
    }

    #[test]
    fn an_axis_is_never_averaged_in_silence() {
        let mut spec = spec(&["seed"]);
        spec.by = Some(vec!["dataset".to_owned()]);
        let error = Summary::new(&table(), &spec).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("axis `method` takes several values")
        );
    }

    #[test]
    fn text_is_no_measurement() {
        let mut spec = spec(&["seed"]);
        spec.values = vec!["method".to_owned()];
        let error = Summary::new(&table(), &spec).unwrap_err();
        assert_eq!(
            error.to_string(),
            "row 1 of column `method` holds `vae`, which is no number"
        );
    }

    #[test]
    fn no_rows_are_no_groups() {
        let mut table = table();
        table.rows.clear();
        let summary = Summary::new(&table, &spec(&["seed"])).unwrap();
        assert!(summary.groups.is_empty());
        assert_eq!(summary.note(), "no rows");
    }
}
