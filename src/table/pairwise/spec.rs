//! What is compared with what, by which test and correction, and why that may not be possible.

use super::super::SummaryError;
use super::super::TableError;
use super::super::stats;
use super::super::summary::quoted;
use super::super::summary::told_apart;

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
    #[error("`{compare}` never is `{baseline}`; it is {}", quoted(known))]
    Baseline {
        compare: String,
        baseline: String,
        known: Vec<String>,
    },
    #[error("`{compare}` has one value, `{only}`: there is nothing to compare it with")]
    Alone { compare: String, only: String },
    #[error(
        "rows {first} and {second} are the same `{compare}` at the same replicate: {}",
        told_apart(apart, "`replicate`")
    )]
    Twice {
        compare: String,
        /// Counted from one.
        first: usize,
        second: usize,
        /// The columns in which they differ.
        apart: Vec<String>,
    },
    #[error(
        "nothing can be compared: values of `{compare}` never agree in {}; name those axes under `replicate`, or \
         choose one setting of each value first, by `select` or `table/best`",
        quoted(axes)
    )]
    Apart { compare: String, axes: Vec<String> },
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

    pub(super) fn apply(self, p: &[f64]) -> Vec<f64> {
        match self {
            Correction::Holm => stats::holm(p),
            Correction::BenjaminiHochberg => stats::benjamini_hochberg(p),
            Correction::None => p.to_vec(),
        }
    }
}
