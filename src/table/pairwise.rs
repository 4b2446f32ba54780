//! Values of one axis against one another: difference, test, correction for many tests, effect size.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Column;
use super::SummaryError;
use super::Table;
use super::TableError;
use super::display;
use super::stats;
use super::stats::Interval;

/// What is compared.
#[derive(Clone, Debug)]
pub struct PairwiseSpec {
    pub values: Vec<String>,
    /// The axis whose values are compared.
    pub compare: String,
    /// The value that the others are compared with; none: every pair.
    pub baseline: Option<String>,
    /// Axes along which values are repetitions.
    pub replicate: Vec<String>,
    pub test: PairTest,
    pub correction: Correction,
}

/// A test of one sample against another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairTest {
    /// Student's t of the differences of pairs; effect size d_z.
    PairedT,
    /// Welch's t of two samples; effect size Hedges' g.
    WelchT,
    /// Wilcoxon's signed ranks of pairs; effect size: the rank-biserial correlation (Kerby 2014).
    Wilcoxon,
}

/// How probabilities are corrected for the number of tests in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correction {
    Holm,
    BenjaminiHochberg,
    None,
}

/// Why values cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum PairwiseError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Summary(#[from] SummaryError),
    #[error(
        "`{compare}` never is `{baseline}`; it is {}",
        super::summary::quoted(known)
    )]
    Baseline {
        compare: String,
        baseline: String,
        known: Vec<String>,
    },
    #[error("`{compare}` has one value, `{only}`: there is nothing to compare it with")]
    Alone { compare: String, only: String },
    #[error(
        "rows {first} and {second} are the same `{compare}` at the same replicate: name the axis \
         that tells them apart under `replicate`"
    )]
    Twice {
        compare: String,
        /// Counted from one.
        first: usize,
        second: usize,
    },
}

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

impl PairTest {
    pub const NAMES: [&'static str; 3] = ["paired-t", "welch-t", "wilcoxon"];

    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "paired-t" => PairTest::PairedT,
            "welch-t" => PairTest::WelchT,
            "wilcoxon" => PairTest::Wilcoxon,
            _ => return None,
        })
    }

    pub fn is_paired(self) -> bool {
        self != PairTest::WelchT
    }
}

impl Correction {
    pub const NAMES: [&'static str; 3] = ["holm", "benjamini-hochberg", "none"];

    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "holm" => Correction::Holm,
            "benjamini-hochberg" => Correction::BenjaminiHochberg,
            "none" => Correction::None,
            _ => return None,
        })
    }

    fn apply(self, p: &[f64]) -> Vec<f64> {
        match self {
            Correction::Holm => stats::holm(p),
            Correction::BenjaminiHochberg => stats::benjamini_hochberg(p),
            Correction::None => p.to_vec(),
        }
    }
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
    let found = values.iter().position(|value| display(value) == *baseline);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Hours of sleep gained under two drugs (Student 1908, Biometrika 6).
    fn sleep() -> Table {
        let gains = [
            [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
            [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
        ];
        let mut csv = "drug,patient,gain\n".to_owned();
        for (drug, gains) in ["dextro", "laevo"].iter().zip(gains) {
            for (patient, gain) in gains.iter().enumerate() {
                csv.push_str(&format!("{drug},{patient},{gain}\n"));
            }
        }
        Table::from_csv(&csv, &["drug", "patient"]).unwrap()
    }

    fn spec(test: PairTest) -> PairwiseSpec {
        PairwiseSpec {
            values: vec!["gain".to_owned()],
            compare: "drug".to_owned(),
            baseline: Some("dextro".to_owned()),
            replicate: vec!["patient".to_owned()],
            test,
            correction: Correction::Holm,
        }
    }

    /// As R 4 prints `t.test(extra ~ group, data = sleep, paired = TRUE)` and the same unpaired:
    /// t = 4.0621, p = 0.002833, interval 0.7001 to 2.4599; p = 0.07939, −0.2055 to 3.3655.
    /// d_z = 4.0621 / √10.
    #[test]
    fn students_own_example_comes_out_as_everywhere() {
        let pairwise = Pairwise::new(&sleep(), &spec(PairTest::PairedT)).unwrap();
        let [row] = &pairwise.rows[..] else {
            panic!("one pair")
        };
        let close = |got: Option<f64>, want: f64| (got.unwrap() - want).abs() < 1e-4;
        assert!(close(row.difference, 1.58) && close(row.p, 0.002833));
        assert!(close(row.adjusted, 0.002833) && close(row.effect, 1.28456));
        let interval = row.interval.unwrap();
        assert!(close(Some(interval.low), 0.7001) && close(Some(interval.high), 2.4599));

        let pairwise = Pairwise::new(&sleep(), &spec(PairTest::WelchT)).unwrap();
        assert!(close(pairwise.rows[0].p, 0.07939));
        let interval = pairwise.rows[0].interval.unwrap();
        assert!(close(Some(interval.low), -0.2055) && close(Some(interval.high), 3.3655));
    }

    /// All differences but one zero are positive, so the rank-biserial correlation is 1.
    #[test]
    fn ranks_have_no_interval_of_means() {
        let pairwise = Pairwise::new(&sleep(), &spec(PairTest::Wilcoxon)).unwrap();
        let row = &pairwise.rows[0];
        assert_eq!((row.effect, row.interval), (Some(1.0), None));
        assert!(row.p.unwrap() < 0.01);
    }

    #[test]
    fn the_tests_of_a_table_are_one_family() {
        let mut csv = "method,seed,kl\n".to_owned();
        for (m, method) in ["vae", "iwae", "mapa"].iter().enumerate() {
            for seed in 0..4 {
                let kl = 5.0 - m as f64 + 0.3 * f64::from((seed * (m as i32 + 2)) % 4);
                csv.push_str(&format!("{method},{seed},{kl}\n"));
            }
        }
        csv.push_str("mapa,9,1\nvae,8,\n");
        let table = Table::from_csv(&csv, &["method", "seed"]).unwrap();
        let spec = PairwiseSpec {
            values: vec!["kl".to_owned()],
            compare: "method".to_owned(),
            baseline: None,
            replicate: vec!["seed".to_owned()],
            test: PairTest::PairedT,
            correction: Correction::Holm,
        };
        let pairwise = Pairwise::new(&table, &spec).unwrap();
        let p: Vec<f64> = pairwise.rows.iter().filter_map(|row| row.p).collect();
        let adjusted: Vec<f64> = pairwise
            .rows
            .iter()
            .filter_map(|row| row.adjusted)
            .collect();
        assert_eq!(p.len(), 3);
        assert_eq!(adjusted, stats::holm(&p));
        // Replicates that only one side has are no pairs.
        assert!(pairwise.rows.iter().all(|row| row.n == (4, 4)));
        assert!(pairwise.note().contains("adjusted for 3 tests after Holm"));
    }

    #[test]
    fn what_cannot_be_compared_says_why() {
        let problem = |change: fn(&mut PairwiseSpec)| {
            let mut spec = spec(PairTest::PairedT);
            change(&mut spec);
            Pairwise::new(&sleep(), &spec).unwrap_err().to_string()
        };
        assert_eq!(
            problem(|spec| spec.baseline = Some("none".to_owned())),
            "`drug` never is `none`; it is `dextro`, `laevo`"
        );
        assert_eq!(
            problem(|spec| spec.compare = "dose".to_owned()),
            "the table has no column `dose`; it has `drug`, `patient`, `gain`"
        );
        let mut table = sleep();
        table.rows.truncate(10);
        assert_eq!(
            Pairwise::new(&table, &spec(PairTest::PairedT))
                .unwrap_err()
                .to_string(),
            "`drug` has one value, `dextro`: there is nothing to compare it with"
        );
        let mut table = sleep();
        table.rows[3][1] = 2.into();
        assert_eq!(
            Pairwise::new(&table, &spec(PairTest::PairedT))
                .unwrap_err()
                .to_string(),
            "rows 3 and 4 are the same `drug` at the same replicate: name the axis that tells them \
             apart under `replicate`"
        );
    }

    /// One replicate has a difference, and nothing more.
    #[test]
    fn one_pair_has_no_probability() {
        let mut table = sleep();
        table.rows.retain(|row| row[1] == 5);
        let pairwise = Pairwise::new(&table, &spec(PairTest::PairedT)).unwrap();
        let row = &pairwise.rows[0];
        assert_eq!((row.p, row.interval, row.effect), (None, None, None));
        assert!((row.difference.unwrap() - 1.0).abs() < 1e-12);
        assert!(
            pairwise
                .note()
                .ends_with("no p: too few replicates, or no spread")
        );
    }
}
