//! Values of one axis against one another: difference, test, correction for many tests, effect size.

mod spec;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

use serde_json::Value as Json;

use super::Column;
use super::Table;
use super::TableError;
use super::display;
use super::replicates::Unclear;
use super::same_value;
use super::stats;
use super::stats::Interval;
use super::summary;

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
    /// Whether both sides were measured and share no replicate, where the test is of pairs.
    pub unpaired: bool,
}

/// The number of each replicate, by its coordinates as text; none where it was not measured.
type Replicates = BTreeMap<Vec<String>, Option<f64>>;

/// The rows within whose places pairs are formed.
struct Places<'t> {
    /// The axes that make a place.
    by: Vec<&'t str>,
    /// In order of appearance.
    order: Vec<Vec<Json>>,
    /// At a place: the rows of each value.
    rows: HashMap<Vec<Json>, Vec<Vec<usize>>>,
    /// The places that lack an axis.
    wider: Vec<Vec<Json>>,
}

/// The rows of one value that count at a place.
struct Side<'p> {
    rows: &'p [usize],
    /// Whether they stand there, and not at one with fewer axes.
    own: bool,
}

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
        // A row of which the comparison is none, as the size of a model, has no such axis.
        let counts = |row: &usize| {
            let measured = metrics.iter().any(|at| table.number(*row, *at).is_some());
            measured || !table.rows[*row][compare].is_null()
        };
        let counting: Vec<usize> = (0..table.rows.len()).filter(counts).collect();
        let values = distinct(counting.iter().map(|row| &table.rows[*row][compare]));
        let pairs = pairs(&values, spec)?;

        let places = Places::new(table, &counting, &by, compare, &values);
        let shared: Vec<HashSet<usize>> = metrics.iter().map(|at| table.shared(*at)).collect();
        let mut rows = Vec::new();
        let mut met = false;
        for at in &places.order {
            let sides: Vec<Side> = (0..values.len())
                .map(|value| places.side(at, value))
                .collect();
            for (m, &metric) in metrics.iter().enumerate() {
                let sample = |side: &Side| {
                    let own = side.rows.iter().copied();
                    let own: Vec<usize> = own.filter(|row| !shared[m].contains(row)).collect();
                    sample(table, &own, metric, (&by, &replicates), compare)
                };
                let samples: Vec<Replicates> =
                    sides.iter().map(sample).collect::<Result<_, _>>()?;
                let measured = |of: usize| samples[of].values().any(Option::is_some);
                for &(a, b) in &pairs {
                    // A group that lacks one side has nothing to say of the pair, and one that has none of
                    // its own is told elsewhere.
                    let empty = samples[a].is_empty() || samples[b].is_empty();
                    if empty || !(sides[a].own || sides[b].own) {
                        continue;
                    }
                    met = true;
                    // Nor has one where neither side was measured.
                    if !(measured(a) || measured(b)) {
                        continue;
                    }
                    let (x, y) = aligned(&samples[a], &samples[b], spec.test);
                    rows.push(Pair {
                        at: at.clone(),
                        metric: m,
                        value: values[a].clone(),
                        baseline: values[b].clone(),
                        unpaired: x.is_empty() && measured(a) && measured(b),
                        ..Pair::new(&x, &y, spec.test)
                    });
                }
            }
        }
        if !met && !pairs.is_empty() {
            return Err(PairwiseError::Apart {
                compare: spec.compare.clone(),
                axes: places.lacked(),
            });
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

impl Pairwise {
    /// What is to be said where a paired test found no pairs: replicates that are each of one side, as a patient is
    /// of one group.
    pub fn without_pairs(&self) -> Option<String> {
        let row = self.rows.iter().find(|row| row.unpaired)?;
        Some(format!(
            "no `{}` has both {} and {}: a paired test has no pairs; `test: welch-t` compares such groups",
            self.replicate.join("`, `"),
            display(&row.value),
            display(&row.baseline),
        ))
    }
}

impl<'t> Places<'t> {
    fn new(
        table: &'t Table,
        counting: &[usize],
        by: &[usize],
        compare: usize,
        values: &[&Json],
    ) -> Self {
        let mut order: Vec<Vec<Json>> = Vec::new();
        let mut rows: HashMap<Vec<Json>, Vec<Vec<usize>>> = HashMap::new();
        for (number, row) in counting.iter().map(|&number| (number, &table.rows[number])) {
            let place: Vec<Json> = by.iter().map(|&at| row[at].clone()).collect();
            let of_place = rows.entry(place).or_insert_with_key(|place| {
                order.push(place.clone());
                vec![Vec::new(); values.len()]
            });
            let value = values.iter().position(|value| **value == row[compare]);
            of_place[value.expect("values are those of the rows")].push(number);
        }
        let lacks_one = |place: &&Vec<Json>| place.iter().any(Json::is_null);
        Places {
            by: by.iter().map(|&at| &*table.columns[at].name).collect(),
            wider: order.iter().filter(lacks_one).cloned().collect(),
            order,
            rows,
        }
    }

    /// The rows of a value at a place, or else at the one place that has a part of its coordinates: those of a
    /// baseline without the axis `k` of the others.
    fn side(&self, at: &Vec<Json>, value: usize) -> Side<'_> {
        let own = &self.rows[at][value];
        let around = self.wider.iter().filter(|place| {
            let mut both = place.iter().zip(at);
            *place != at && both.all(|(one, other)| one.is_null() || one == other)
        });
        let around = around.map(|place| &self.rows[place][value]);
        let mut around = around.filter(|rows| !rows.is_empty());
        match (own.is_empty(), around.next(), around.next()) {
            (true, Some(rows), None) => Side { rows, own: false },
            _ => Side {
                rows: own,
                own: true,
            },
        }
    }

    /// The axes that some place lacks, or else all.
    fn lacked(&self) -> Vec<String> {
        let lacked = |at: &usize| self.wider.iter().any(|place| place[*at].is_null());
        let mut axes: Vec<usize> = (0..self.by.len()).filter(lacked).collect();
        if axes.is_empty() {
            axes = (0..self.by.len()).collect();
        }
        axes.into_iter().map(|at| self.by[at].to_owned()).collect()
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
            unpaired: false,
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
    // As it is written first: of large whole numbers several are one float.
    let written = values.iter().position(|value| display(value) == *baseline);
    // Else numbers by value: an axis of floats that is written `1` holds 1.0.
    let number = baseline.parse::<f64>().ok().map(Json::from);
    let by_value = || {
        let number = number.as_ref()?;
        values.iter().position(|value| same_value(value, number))
    };
    let found = written.or_else(by_value);
    let b = found.ok_or_else(|| PairwiseError::Baseline {
        compare: spec.compare.clone(),
        baseline: baseline.clone(),
        known: values.iter().map(|value| display(value)).collect(),
    })?;
    let others = (0..values.len()).filter(|&a| a != b);
    Ok(others.map(|a| (a, b)).collect())
}

/// The numbers of one side, by replicate.
fn sample(
    table: &Table,
    rows: &[usize],
    metric: usize,
    (by, replicates): (&[usize], &[usize]),
    compare: usize,
) -> Result<Replicates, PairwiseError> {
    let rows = table.replicates(rows, replicates, metric);
    let rows = rows.map_err(|unclear| match unclear {
        Unclear::Whole(clash) => {
            let by = [by, &[compare]].concat();
            summary::of_all(table, clash, metric, &by, replicates).into()
        }
        Unclear::Twice(clash) => PairwiseError::Twice {
            compare: table.columns[compare].name.clone(),
            first: clash.0 + 1,
            second: clash.1 + 1,
            apart: table.differing(clash, &[by, replicates, &[compare, metric]].concat()),
        },
    })?;
    let number = |&row: &usize| (table.key(row, replicates), table.number(row, metric));
    Ok(rows.iter().map(number).collect())
}

/// The numbers of both sides: of the replicates that both have, or of all.
fn aligned(a: &Replicates, b: &Replicates, test: PairTest) -> (Vec<f64>, Vec<f64>) {
    if !test.is_paired() {
        let all = |side: &Replicates| side.values().copied().flatten().collect();
        return (all(a), all(b));
    }
    let both = a.iter().filter_map(|(at, number)| number.zip(*b.get(at)?));
    both.unzip()
}
