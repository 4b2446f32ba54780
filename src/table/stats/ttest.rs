//! The paired t test and Welch's t test of two means.

use super::Interval;
use super::describe::mean;
use super::describe::standard_deviation;
use super::describe::standard_error;
use super::ranks::slack;
use super::student::half_width;
use super::student::t_below;
use super::student::t_two_sided;

/// What a t test of `a` against `b` says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TTest {
    /// mean a − mean b.
    pub mean_difference: f64,
    pub t: f64,
    /// Degrees of freedom.
    pub df: f64,
    pub p_two_sided: f64,
    /// Small where `a` lies below `b`.
    pub p_less: f64,
    /// Small where `a` lies above `b`.
    pub p_greater: f64,
    /// Of the difference, at 95 %.
    pub ci95: Interval,
}

impl TTest {
    /// `rounding` is what the values may be off by.
    fn new(mean_difference: f64, standard_error: f64, df: f64, rounding: f64) -> Option<Self> {
        // Without any spread the statistic is 0 / 0 or infinite, and no probability means anything;
        // a spread of rounding alone makes any difference improbable.
        if standard_error.is_nan() || standard_error <= rounding {
            return None;
        }
        let t = mean_difference / standard_error;
        let half = half_width(standard_error, df, 0.95)?;
        Some(TTest {
            mean_difference,
            t,
            df,
            p_two_sided: t_two_sided(t, df)?,
            p_less: t_below(t, df)?,
            p_greater: t_below(-t, df)?,
            ci95: Interval {
                low: mean_difference - half,
                high: mean_difference + half,
            },
        })
    }
}

/// t test of paired values: d = a − b, t = mean(d) / (s(d) / √n), n − 1 degrees of freedom.
/// None for unequal lengths, below two pairs, and where all differences are equal but for rounding.
pub fn paired_t(a: &[f64], b: &[f64]) -> Option<TTest> {
    if a.len() != b.len() {
        return None;
    }
    let d: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let rounding = slack(a.iter().chain(b).copied());
    TTest::new(
        mean(&d)?,
        standard_error(&d)?,
        (d.len() - 1) as f64,
        rounding,
    )
}

/// t test of two independent samples of unequal variance (Welch 1947), with the degrees of
/// freedom of Welch and Satterthwaite. None below two values in either, and without spread.
pub fn welch_t(a: &[f64], b: &[f64]) -> Option<TTest> {
    let (na, nb) = (a.len() as f64, b.len() as f64);
    let va = standard_deviation(a)?.powi(2) / na;
    let vb = standard_deviation(b)?.powi(2) / nb;
    let df = (va + vb).powi(2) / (va * va / (na - 1.0) + vb * vb / (nb - 1.0));
    let rounding = slack(a.iter().chain(b).copied());
    TTest::new(mean(a)? - mean(b)?, (va + vb).sqrt(), df, rounding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_without_spread_or_with_one_pair_do_not_answer() {
        assert_eq!(paired_t(&[1.0], &[2.0]), None);
        assert_eq!(paired_t(&[1.0, 2.0], &[2.0, 3.0]), None);
        assert_eq!(welch_t(&[1.0, 1.0], &[2.0, 2.0]), None);
        assert_eq!(paired_t(&[0.3, 0.1, 0.7], &[0.2, 0.0, 0.6]), None);
        assert_eq!(welch_t(&[0.1 + 0.2, 0.3], &[0.1, 0.3 - 0.2]), None);
    }
}
