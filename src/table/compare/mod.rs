//! Results beside numbers that others have printed: what agrees, what differs and by how much.

mod reported;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Column;
use super::Estimate;
use super::Summary;
use super::SummaryError;
use super::Table;
use super::TableError;
use super::same_value;

pub use reported::Reported;

/// Columns that are no axes, of reported numbers and of the comparison.
const METRIC: &str = "metric";
const SOURCE: &str = "source";

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
    #[error(
        "the reported numbers have a column `{0}` of their own, so each belongs to one value of it: leave it out of `by`"
    )]
    Reported(String),
    #[error("none of the reported numbers belongs to a result: {0}")]
    NothingInCommon(String),
}

/// Ours beside theirs, a row per reported number.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Our results by the axes of the reported numbers.
    pub ours: Summary,
    pub rows: Vec<ComparedRow>,
    /// Groups of ours for which nothing is reported.
    pub unreported: usize,
    /// Reported numbers of which none is compared, by the name of their metric.
    pub others: BTreeMap<String, usize>,
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
            // A paper's table may print more than is compared here, which is counted.
            let Some(metric) = metric else { continue };
            let group = ours
                .groups
                .iter()
                .position(|group| group.at.iter().zip(&row.at).all(|(a, b)| same_value(a, b)));
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
            others: reported.of_others(&ours.metrics),
            ours,
            rows,
        })
    }

    /// Whether several metrics are compared, so that rows name theirs.
    pub fn names_metrics(&self) -> bool {
        self.ours.metrics.len() > 1
    }

    /// The columns of [`Comparison::to_table`] beside its axes and the metric.
    pub const NUMBERS: [&str; 9] = [
        "ours",
        "ours_low",
        "ours_high",
        "ours_n",
        "theirs",
        "theirs_spread",
        "difference",
        "inside",
        SOURCE,
    ];

    /// One row per reported number at full precision.
    pub fn to_table(&self) -> Table {
        let mut columns = self.ours.by.clone();
        columns.push(Column::axis(METRIC));
        columns.extend(Comparison::NUMBERS.map(|name| Column::metric(name, "", None)));
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
        if !self.others.is_empty() {
            let others = self.others.iter();
            let others = others.map(|(name, count)| format!("{count} of {name}"));
            let others = others.collect::<Vec<_>>().join(", ");
            note.push_str(&format!("; reported and not compared: {others}"));
        }
        note
    }
}
