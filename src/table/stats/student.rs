//! Student's t: quantiles, two-sided probabilities and the interval of a mean.

use statrs::distribution::ContinuousCDF;
use statrs::distribution::StudentsT;

use super::Interval;
use super::describe::mean;
use super::describe::standard_error;

fn distribution(df: f64) -> Option<StudentsT> {
    StudentsT::new(0.0, 1.0, df).ok()
}

/// P(|T| ≥ |t|) with `df` degrees of freedom.
pub fn t_two_sided(t: f64, df: f64) -> Option<f64> {
    Some((2.0 * distribution(df)?.sf(t.abs())).min(1.0))
}

/// P(T ≤ t) with `df` degrees of freedom.
pub(super) fn t_below(t: f64, df: f64) -> Option<f64> {
    Some(distribution(df)?.cdf(t))
}

/// The t with P(T ≤ t) = `p`; none outside `0 < p < 1` or for no degrees of freedom.
///
/// By bisection of the upper tail: statrs 0.19 inverts the incomplete beta function only to about
/// two digits in places (its own tests say so), while its tail probability is good to the last.
pub fn t_quantile(p: f64, df: f64) -> Option<f64> {
    let t = distribution(df)?;
    if !(p > 0.0 && p < 1.0) {
        return None;
    }
    let tail = p.min(1.0 - p);
    let (mut low, mut high) = (0.0, 1.0);
    while t.sf(high) > tail && high < 1e300 {
        high *= 2.0;
    }
    // Each halving gains a bit; an f64 has 53 of them.
    for _ in 0..70 {
        let middle = 0.5 * (low + high);
        if t.sf(middle) > tail {
            low = middle;
        } else {
            high = middle;
        }
    }
    let magnitude = 0.5 * (low + high);
    Some(if p < 0.5 { -magnitude } else { magnitude })
}

/// The interval of the mean at `level` (0.95): mean ± t · s / √n. None below two values.
pub fn student_interval(x: &[f64], level: f64) -> Option<Interval> {
    let centre = mean(x)?;
    let half = half_width(standard_error(x)?, (x.len() - 1) as f64, level)?;
    Some(Interval {
        low: centre - half,
        high: centre + half,
    })
}

/// t · standard error.
pub(super) fn half_width(standard_error: f64, df: f64, level: f64) -> Option<f64> {
    Some(t_quantile(0.5 + level / 2.0, df)? * standard_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of scipy.stats.t.ppf, 1.17.1; the tolerance is that of the tail probability.
    #[test]
    fn quantiles_agree_with_scipy() {
        for (p, df, want) in [
            (0.975, 1.0, 12.706204736174694),
            (0.8, 2.0, 1.0606601717798214),
            (0.975, 4.0, 2.7764451051977934),
            (0.05, 9.0, -1.8331129326562376),
            (0.995, 30.0, 2.7499956535672254),
        ] {
            let got = t_quantile(p, df).unwrap();
            assert!((got / want - 1.0).abs() < 1e-11, "{p} {df}: {got} {want}");
        }
    }

    #[test]
    fn one_value_has_no_interval() {
        assert_eq!(student_interval(&[1.0], 0.95), None);
    }

    #[test]
    fn equal_values_have_an_interval_of_no_width() {
        let interval = student_interval(&[2.0, 2.0, 2.0], 0.95).unwrap();
        assert_eq!((interval.low, interval.high), (2.0, 2.0));
    }
}
