//! Which interval stands around a mean, and what a caption calls it.

use super::stats;
use super::stats::Interval;

/// The kinds of interval a summary or a band can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntervalKind {
    /// 95 % confidence interval of the mean, Student's t.
    Ci95,
    /// One sample standard deviation.
    Sd,
    /// One standard error of the mean.
    Se,
    /// The quartiles around the median.
    Iqr,
    /// 95 % bootstrap confidence interval of the mean (BCa).
    Bootstrap95,
    /// Smallest to largest value.
    MinMax,
}

impl IntervalKind {
    /// Names as manifests write them, in the order of the reference page.
    pub const NAMES: [&'static str; 6] = ["ci95", "sd", "se", "iqr", "bootstrap95", "minmax"];

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "ci95" => IntervalKind::Ci95,
            "sd" => IntervalKind::Sd,
            "se" => IntervalKind::Se,
            "iqr" => IntervalKind::Iqr,
            "bootstrap95" => IntervalKind::Bootstrap95,
            "minmax" => IntervalKind::MinMax,
            _ => return None,
        })
    }

    /// What stands in the middle: the median for quartiles, else the mean.
    pub fn centre(self, x: &[f64]) -> Option<f64> {
        match self {
            IntervalKind::Iqr => stats::median(x),
            _ => stats::mean(x),
        }
    }

    /// The name of the middle.
    pub fn centre_name(self) -> &'static str {
        match self {
            IntervalKind::Iqr => "median",
            _ => "mean",
        }
    }

    /// The interval; none below two values, whatever the kind: one value has no spread.
    pub fn interval(self, x: &[f64]) -> Option<Interval> {
        if x.len() < 2 {
            return None;
        }
        let around = |half: f64| {
            let centre = stats::mean(x)?;
            Some(Interval {
                low: centre - half,
                high: centre + half,
            })
        };
        match self {
            IntervalKind::Ci95 => stats::student_interval(x, 0.95),
            IntervalKind::Sd => around(stats::standard_deviation(x)?),
            IntervalKind::Se => around(stats::standard_error(x)?),
            IntervalKind::Iqr => Some(Interval {
                low: stats::quantile(x, 0.25)?,
                high: stats::quantile(x, 0.75)?,
            }),
            IntervalKind::Bootstrap95 => stats::bootstrap_interval(x, 0.95),
            IntervalKind::MinMax => Some(Interval {
                low: stats::min(x)?,
                high: stats::max(x)?,
            }),
        }
    }

    /// Whether the interval lies evenly around its middle, so that `±` says it all.
    pub fn symmetric(self) -> bool {
        matches!(
            self,
            IntervalKind::Ci95 | IntervalKind::Sd | IntervalKind::Se
        )
    }

    /// For captions: `95 % confidence interval (Student t)`.
    pub fn describe(self) -> &'static str {
        match self {
            IntervalKind::Ci95 => "95 % confidence interval (Student t)",
            IntervalKind::Sd => "standard deviation",
            IntervalKind::Se => "standard error",
            IntervalKind::Iqr => "interquartile range",
            IntervalKind::Bootstrap95 => "95 % bootstrap confidence interval (BCa)",
            IntervalKind::MinMax => "range from minimum to maximum",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_kind() {
        for name in IntervalKind::NAMES {
            assert!(IntervalKind::from_name(name).is_some(), "{name}");
        }
        assert_eq!(IntervalKind::from_name("ci96"), None);
    }

    #[test]
    fn one_value_has_no_interval_of_any_kind() {
        for name in IntervalKind::NAMES {
            let kind = IntervalKind::from_name(name).unwrap();
            assert_eq!(kind.centre(&[2.0]), Some(2.0));
            assert_eq!(kind.interval(&[2.0]), None, "{name}");
        }
    }
}
