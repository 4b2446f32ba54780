//! Statistics over replicates, in double precision.
//!
//! Every function takes the values themselves and answers `None` where too few of them are left to
//! answer honestly: one replicate has a mean but no interval. `n` is the length of the slice.

mod bootstrap;
mod describe;
mod effect;
mod friedman;
mod multiple;
mod ranks;
mod sequential;
mod student;
mod ttest;
mod wilcoxon;

pub use bootstrap::bootstrap_interval;
pub use bootstrap::percentile_interval;
pub use bootstrap::resample;
pub use bootstrap::resample_indices;
pub use describe::max;
pub use describe::mean;
pub use describe::median;
pub use describe::min;
pub use describe::quantile;
pub use describe::standard_deviation;
pub use describe::standard_error;
pub use effect::cohen_d;
pub use effect::cohen_d_paired;
pub use effect::hedges_g;
pub use friedman::Friedman;
pub use friedman::critical_difference;
pub use friedman::friedman;
pub use multiple::benjamini_hochberg;
pub use multiple::holm;
pub use ranks::Correlation;
pub use ranks::ahead;
pub use ranks::average_ranks;
pub use ranks::pearson;
pub use ranks::same;
pub use ranks::slack;
pub use ranks::spearman;
pub use sequential::SequentialT;
pub use sequential::sequential_t;
pub use student::student_interval;
pub use student::t_quantile;
pub use student::t_two_sided;
pub use ttest::TTest;
pub use ttest::paired_t;
pub use ttest::welch_t;
pub use wilcoxon::SignedRank;
pub use wilcoxon::signed_rank;

/// A range of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}
