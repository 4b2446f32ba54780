//! Values of one axis against one another: difference, test, correction for many tests, effect size.

mod spec;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Column;
use super::Table;
use super::TableError;
use super::display;
use super::stats;
use super::stats::Interval;

pub use spec::Correction;
pub use spec::PairTest;
pub use spec::PairwiseError;
pub use spec::PairwiseSpec;

/// Comparisons, a row per pair and group.
#[derive(Clone, Debug)]
pub struct Pairwise {
    /// The axes within whose values pairs are formed.
    pub by: Vec<Column>,
    pub compare: Column,
    pub metrics: Vec<Column>,
    pub replicate: Vec<String>,
    pub test: PairTest,
    pub correction: Correction,
    pub rows: Vec<Pair>,
}

/// One value of the axis against another.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    pub at: Vec<Json>,
    /// Which of the metrics.
    pub metric: usize,
    pub value: Json,
    pub baseline: Json,
    /// Pairs, or the replicates of each side where they are not paired.
    pub n: (usize, usize),
    /// Mean of `value` minus mean of `baseline`; none without replicates.
    pub difference: Option<f64>,
    /// Of the difference at 95 %, by Student's t; none for ranks, and below two replicates.
    pub interval: Option<Interval>,
    /// Two-sided.
    pub p: Option<f64>,
    /// After the correction.
    pub adjusted: Option<f64>,
    pub effect: Option<f64>,
}

/// The row of each replicate, by its coordinates as text.
type Replicates = BTreeMap<Vec<String>, usize>;

impl Pairwise {
    /// Compares the values of an axis within groups that agree on all other axes.
    ///
    /// # Errors
    /// Where a column is not there, the baseline never occurs, or two rows are one replicate.
    pub fn new(table: &Table, spec: &PairwiseSpec) -> Result<Self, PairwiseError> {
        let positions = |names: &[String]| -> Result<Vec<usize>, TableError> {
            names.iter().map(|name| table.position(name)).collect()
        };
        let compare = table.position(&spec.compare)?;
        let metrics = positions(&spec.values)?;
        let replicates = positions(&spec.replicate)?;
        let by: Vec<usize> = (0..table.columns.len())
            .filter(|i| table.columns[*i].axis && *i != compare)
            .filter(|i| !replicates.contains(i) && !metrics.contains(i))
            .collect();
        let values = distinct(table.rows.iter().map(|row| &row[compare]));
        let pairs = pairs(&values, spec)?;

        let mut rows = Vec::new();
        let key = |row: &Vec<Json>| -> Vec<Json> { by.iter().map(|&i| row[i].clone()).collect() };
        for at in distinct(&table.rows.iter().map(key).collect::<Vec<_>>()) {
            let samples: Vec<Replicates> = values
                .iter()
                .map(|value| {
                    let own = |row: &Vec<Json>| row[compare] == **value && key(row) == *at;
                    sample(table, &replicates, &spec.compare, own)
                })
                .collect::<Result<_, _>>()?;
            for (m, &metric) in metrics.iter().enumerate() {
                for &(a, b) in &pairs {
                    // A group that lacks one side has nothing to say of the pair.
                    if samples[a].is_empty() || samples[b].is_empty() {
                        continue;
                    }
                    let number = |row: &usize| table.number(*row, metric);
                    let (x, y) = aligned(&samples[a], &samples[b], spec.test, number);
                    rows.push(Pair {
                        at: at.clone(),
                        metric: m,
                        value: values[a].clone(),
                        baseline: values[b].clone(),
                        ..Pair::new(&x, &y, spec.test)
                    });
                }
            }
        }
        let tested: Vec<f64> = rows.iter().filter_map(|row| row.p).collect();
        let mut adjusted = spec.correction.apply(&tested).into_iter();
        for row in rows.iter_mut().filter(|row| row.p.is_some()) {
            row.adjusted = adjusted.next();
        }
        let columns = |positions: &[usize]| -> Vec<Column> {
            positions
                .iter()
                .map(|&i| table.columns[i].clone())
                .collect()
        };
        Ok(Pairwise {
            by: columns(&by),
            compare: table.columns[compare].clone(),
            metrics: columns(&metrics),
            replicate: spec.replicate.clone(),
            test: spec.test,
            correction: spec.correction,
            rows,
        })
    }
}

impl Pair {
    fn new(x: &[f64], y: &[f64], test: PairTest) -> Pair {
        let t = match test {
            PairTest::WelchT => stats::welch_t(x, y),
            _ => stats::paired_t(x, y),
        };
        let ranks = stats::signed_rank(x, y);
        let means = stats::mean(x).zip(stats::mean(y));
        let (p, effect) = match test {
            PairTest::PairedT => (t.map(|t| t.p_two_sided), stats::cohen_d_paired(x, y)),
            PairTest::WelchT => (t.map(|t| t.p_two_sided), stats::hedges_g(x, y)),
            PairTest::Wilcoxon => (
                ranks.map(|ranks| ranks.p_two_sided()),
                ranks.map(|ranks| (ranks.w_plus - ranks.w_minus) / (ranks.w_plus + ranks.w_minus)),
            ),
        };
        Pair {
            at: Vec::new(),
            metric: 0,
            value: Json::Null,
            baseline: Json::Null,
            n: (x.len(), y.len()),
            difference: means.map(|(x, y)| x - y),
            interval: t.filter(|_| test != PairTest::Wilcoxon).map(|t| t.ci95),
            p,
            adjusted: None,
            effect,
        }
    }
}

/// Each value once, in order of appearance.
fn distinct<'a, T: PartialEq + 'a>(values: impl IntoIterator<Item = &'a T>) -> Vec<&'a T> {
    let mut known = Vec::new();
    for value in values {
        if !known.contains(&value) {
            known.push(value);
        }
    }
    known
}

/// Which values are compared with which.
fn pairs(values: &[&Json], spec: &PairwiseSpec) -> Result<Vec<(usize, usize)>, PairwiseError> {
    if let [only] = values {
        return Err(PairwiseError::Alone {
            compare: spec.compare.clone(),
            only: display(only),
        });
    }
    let Some(baseline) = &spec.baseline else {
        let later = |b: usize| (b + 1..values.len()).map(move |a| (a, b));
        return Ok((0..values.len()).flat_map(later).collect());
    };
    // Numbers by value: an axis of floats that is written `1` holds 1.0.
    let number = baseline.parse::<f64>().ok();
    let found = values.iter().position(|value| {
        display(value) == *baseline || (number.is_some() && value.as_f64() == number)
    });
    let b = found.ok_or_else(|| PairwiseError::Baseline {
        compare: spec.compare.clone(),
        baseline: baseline.clone(),
        known: values.iter().map(|value| display(value)).collect(),
    })?;
    let others = (0..values.len()).filter(|&a| a != b);
    Ok(others.map(|a| (a, b)).collect())
}

/// The rows of one side, by replicate.
fn sample(
    table: &Table,
    replicates: &[usize],
    compare: &str,
    own: impl Fn(&Vec<Json>) -> bool,
) -> Result<Replicates, PairwiseError> {
    let mut sample = Replicates::new();
    for (r, row) in table.rows.iter().enumerate().filter(|(_, row)| own(row)) {
        let at: Vec<String> = replicates.iter().map(|&i| row[i].to_string()).collect();
        if let Some(first) = sample.insert(at, r) {
            return Err(PairwiseError::Twice {
                compare: compare.to_owned(),
                first: first + 1,
                second: r + 1,
            });
        }
    }
    Ok(sample)
}

/// The numbers of both sides: of the replicates that both have, or of all.
fn aligned(
    a: &Replicates,
    b: &Replicates,
    test: PairTest,
    number: impl Fn(&usize) -> Option<f64>,
) -> (Vec<f64>, Vec<f64>) {
    if !test.is_paired() {
        let all = |rows: &Replicates| rows.values().filter_map(&number).collect();
        return (all(a), all(b));
    }
    let both = a.iter().filter_map(|(at, row)| {
        let other = b.get(at)?;
        number(row).zip(number(other))
    });
    both.unzip()
}
