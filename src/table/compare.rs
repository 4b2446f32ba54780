//! Results beside numbers that others have printed: what agrees, what differs and by how much.

use serde_json::Value as Json;

use super::Column;
use super::Estimate;
use super::Summary;
use super::SummaryError;
use super::Table;
use super::TableError;
use super::display;

/// Columns of reported numbers that are no axes.
const METRIC: &str = "metric";
const VALUE: &str = "value";
const SPREAD: &str = "spread";
const SOURCE: &str = "source";

/// Reported numbers, each with its source.
///
/// The table is long: a row per number. `value` and `source` are its number and where it is printed;
/// `spread`, if there is one, what stands after its ±; `metric` which of several numbers it is. All
/// other columns are axes, named as in the results.
#[derive(Clone, Debug)]
pub struct Reported {
    axes: Vec<Column>,
    rows: Vec<ReportedRow>,
}

#[derive(Clone, Debug)]
struct ReportedRow {
    at: Vec<Json>,
    /// None where the table has no such column: then every metric is meant, of which there is one.
    metric: Option<String>,
    value: f64,
    spread: Option<f64>,
    source: String,
}

/// Why numbers cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    #[error("the reported numbers: {0}")]
    Table(#[from] TableError),
    #[error(transparent)]
    Summary(#[from] SummaryError),
    #[error("row {row} of the reported numbers has no number under `{column}`")]
    NoNumber {
        column: &'static str,
        /// Counted from one.
        row: usize,
    },
    #[error("row {row} of the reported numbers names no source")]
    NoSource { row: usize },
    #[error(
        "rows {first} and {second} of the reported numbers are two of one source for one result"
    )]
    Twice { first: usize, second: usize },
    #[error("the reported numbers have no column `metric`, so one value is compared, not {0}")]
    WhichMetric(usize),
    #[error("none of the reported numbers belongs to a result: {0}")]
    NothingInCommon(String),
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
                metric: metric.map(|metric| display(&row[metric])),
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
        })
    }

    /// The axes that tell its rows apart: what results are grouped by to be compared.
    pub fn axes(&self) -> Vec<String> {
        self.axes.iter().map(|axis| axis.name.clone()).collect()
    }
}

/// Ours beside theirs, a row per reported number.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Our results by the axes of the reported numbers.
    pub ours: Summary,
    pub rows: Vec<ComparedRow>,
    /// Groups of ours for which nothing is reported.
    pub unreported: usize,
}

/// One reported number.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedRow {
    pub at: Vec<Json>,
    /// Which of the metrics of ours.
    pub metric: usize,
    /// None where we have no such result.
    pub ours: Option<Estimate>,
    pub theirs: f64,
    /// What is printed after their ±; papers differ in what they mean by it.
    pub spread: Option<f64>,
    pub source: String,
}

impl ComparedRow {
    /// Ours minus theirs; none where we have no result.
    pub fn difference(&self) -> Option<f64> {
        Some(self.ours.as_ref()?.centre? - self.theirs)
    }

    /// Whether their number lies inside our interval; none without an interval.
    pub fn inside(&self) -> Option<bool> {
        let interval = self.ours.as_ref()?.interval?;
        Some((interval.low..=interval.high).contains(&self.theirs))
    }
}

impl Comparison {
    /// Puts every reported number beside our result at the same coordinates. `ours` is grouped by
    /// [`Reported::axes`].
    ///
    /// # Errors
    /// Where no reported number has a result of ours, or it is not clear which metric is meant.
    pub fn new(ours: Summary, reported: &Reported) -> Result<Self, CompareError> {
        let mut rows = Vec::new();
        let mut used = vec![false; ours.groups.len()];
        for row in &reported.rows {
            let metric = match &row.metric {
                Some(name) => ours.metrics.iter().position(|metric| metric.name == *name),
                None if ours.metrics.len() == 1 => Some(0),
                None => return Err(CompareError::WhichMetric(ours.metrics.len())),
            };
            // A paper's table may print more than is compared here.
            let Some(metric) = metric else { continue };
            let group = ours
                .groups
                .iter()
                .position(|group| group.at.iter().zip(&row.at).all(|(a, b)| same(a, b)));
            if let Some(group) = group {
                used[group] = true;
            }
            rows.push(ComparedRow {
                at: row.at.clone(),
                metric,
                ours: group.map(|group| ours.groups[group].estimates[metric].clone()),
                theirs: row.value,
                spread: row.spread,
                source: row.source.clone(),
            });
        }
        if !used.contains(&true) {
            let metrics: Vec<String> = ours.metrics.iter().map(|m| m.name.clone()).collect();
            return Err(CompareError::NothingInCommon(format!(
                "they are matched by {} and metric {}",
                super::summary::quoted(&reported.axes()),
                super::summary::quoted(&metrics)
            )));
        }
        Ok(Comparison {
            unreported: used.iter().filter(|used| !**used).count(),
            ours,
            rows,
        })
    }

    /// Whether several metrics are compared, so that rows name theirs.
    pub fn names_metrics(&self) -> bool {
        self.ours.metrics.len() > 1
    }

    /// One row per reported number at full precision.
    pub fn to_table(&self) -> Table {
        let mut columns = self.ours.by.clone();
        columns.push(Column::axis(METRIC));
        for name in ["ours", "ours_low", "ours_high", "ours_n"] {
            columns.push(Column::metric(name, "", None));
        }
        for name in ["theirs", "theirs_spread", "difference", "inside", SOURCE] {
            columns.push(Column::metric(name, "", None));
        }
        let rows = self.rows.iter().map(|row| {
            let number = |value: Option<f64>| value.map_or(Json::Null, Json::from);
            let ours = row.ours.as_ref();
            let interval = ours.and_then(|ours| ours.interval);
            let mut values = row.at.clone();
            values.push(self.ours.metrics[row.metric].name.clone().into());
            values.push(number(ours.and_then(|ours| ours.centre)));
            values.push(number(interval.map(|interval| interval.low)));
            values.push(number(interval.map(|interval| interval.high)));
            values.push(ours.map_or(Json::Null, |ours| ours.n().into()));
            values.push(row.theirs.into());
            values.push(number(row.spread));
            values.push(number(row.difference()));
            values.push(row.inside().map_or(Json::Null, Json::from));
            values.push(row.source.clone().into());
            values
        });
        let rows = rows.collect();
        Table { columns, rows }
    }

    /// What ours are, and what is not in the table.
    pub fn note(&self) -> String {
        let mut note = format!("ours: {}", self.ours.note());
        note.push_str("; difference: ours minus theirs");
        if self.rows.iter().any(|row| row.inside() == Some(true)) {
            note.push_str(", in brackets where theirs lies inside our interval");
        }
        match self.unreported {
            0 => {}
            1 => note.push_str("; for 1 result of ours nothing is reported"),
            many => note.push_str(&format!("; for {many} results of ours nothing is reported")),
        }
        note
    }
}

/// Whether two coordinates are one: numbers by value, so that 2 is 2.0.
fn same(a: &Json, b: &Json) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::IntervalKind;
    use crate::table::SummarySpec;

    fn compared(reported: &str) -> Result<Comparison, CompareError> {
        let csv = "model,latent,seed,elbo,kl\n\
                   vae,2,0,-140,6\nvae,2,1,-142,6.5\nvae,8,0,-110,9\nvae,8,1,-112,9.5\n\
                   iwae,8,0,-108,9\niwae,8,1,-109,9.5\n";
        let mut ours = Table::from_csv(csv, &["model", "latent", "seed"]).unwrap();
        ours.columns[3].higher_is_better = Some(true);
        let reported = Reported::new(&Table::read(reported, None)?)?;
        let metric = reported.rows.iter().any(|row| row.metric.is_some());
        let values: &[&str] = if metric { &["elbo", "kl"] } else { &["elbo"] };
        let spec = SummarySpec {
            values: values.iter().map(|name| name.to_string()).collect(),
            by: Some(reported.axes()),
            replicate: vec!["seed".to_owned()],
            interval: IntervalKind::Sd,
        };
        Comparison::new(Summary::new(&ours, &spec)?, &reported)
    }

    const REPORTED: &str = "# Table 1\nmodel,latent,value,spread,source\n\
                            vae,2.0,-141.5,0.3,\"Someone, 2014\"\nvae,8,-100,,A & B\n\
                            flow,8,-90,,A & B\n";

    #[test]
    fn every_reported_number_stands_beside_ours() {
        let comparison = compared(REPORTED).unwrap();
        let shown: Vec<_> = comparison
            .rows
            .iter()
            .map(|row| (row.difference(), row.inside()))
            .collect();
        // Ours: −141 ± √2 and −111 ± √2; of `flow` there is no result.
        assert_eq!(
            shown,
            [
                (Some(0.5), Some(true)),
                (Some(-11.0), Some(false)),
                (None, None)
            ]
        );
        assert_eq!(comparison.unreported, 1);
        assert_eq!(
            comparison.note(),
            "ours: mean ± standard deviation over seed, n = 2; difference: ours minus theirs, in \
             brackets where theirs lies inside our interval; for 1 result of ours nothing is \
             reported"
        );
    }

    #[test]
    fn a_metric_column_says_which_number_is_meant() {
        let csv =
            "model,latent,metric,value,source\nvae,2,kl,6,A\nvae,2,fid,50,A\nvae,2,elbo,-140,A\n";
        let comparison = compared(csv).unwrap();
        let metrics: Vec<usize> = comparison.rows.iter().map(|row| row.metric).collect();
        // Nothing of ours is called `fid`: that number is left out.
        assert_eq!(metrics, [1, 0]);
    }

    #[test]
    fn what_cannot_be_compared_says_why() {
        let problem = |csv: &str| compared(csv).unwrap_err().to_string();
        assert_eq!(
            problem("model,latent,value,source\nvae,2,-1,\n"),
            "row 1 of the reported numbers names no source"
        );
        assert_eq!(
            problem("model,latent,value,source\nvae,2,n/a,A\n"),
            "row 1 of the reported numbers has no number under `value`"
        );
        assert_eq!(
            problem("model,latent,value\nvae,2,1\n"),
            "the reported numbers: the table has no column `source`; it has `model`, `latent`, `value`"
        );
        assert_eq!(
            problem("model,latent,value,source\nvae,2,1,A\nvae,2,2,A\n"),
            "rows 1 and 2 of the reported numbers are two of one source for one result"
        );
        assert_eq!(
            problem("model,latent,value,source\nflow,2,1,A\n"),
            "none of the reported numbers belongs to a result: they are matched by `model`, \
             `latent` and metric `elbo`"
        );
        assert_eq!(
            problem("model,dim,value,source\nvae,2,1,A\n"),
            "the table has no column `dim`; it has `model`, `latent`, `seed`, `elbo`, `kl`"
        );
        assert_eq!(
            problem("model,value,source\nvae,1,A\n"),
            "axis `latent` takes several values within one group: name it under `by` to keep it, \
             or under `replicate` to reduce over it"
        );
    }
}
