//! Location and spread of a sample.

/// Arithmetic mean; none of an empty sample. It lies within its values also where a sum is rounded: that of
/// equal ones is their value.
pub fn mean(x: &[f64]) -> Option<f64> {
    let (low, high) = (min(x)?, max(x)?);
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    Some(match mean.is_nan() {
        true => mean,
        false => mean.max(low).min(high),
    })
}

/// Sample standard deviation, divisor n − 1; none below two values.
pub fn standard_deviation(x: &[f64]) -> Option<f64> {
    if x.len() < 2 {
        return None;
    }
    let centre = mean(x)?;
    let squares: f64 = x.iter().map(|value| (value - centre).powi(2)).sum();
    Some((squares / (x.len() - 1) as f64).sqrt())
}

/// Standard error of the mean; none below two values.
pub fn standard_error(x: &[f64]) -> Option<f64> {
    Some(standard_deviation(x)? / (x.len() as f64).sqrt())
}

/// The quantile at `q` in `[0, 1]`: position (n − 1) q of the sorted values, linear between
/// neighbours (definition 7 of Hyndman & Fan 1996, as NumPy and R have it).
pub fn quantile(x: &[f64], q: f64) -> Option<f64> {
    if x.is_empty() {
        return None;
    }
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    let position = q.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let part = position - below as f64;
    Some(sorted[below] + part * (sorted[above] - sorted[below]))
}

/// The quantile at one half.
pub fn median(x: &[f64]) -> Option<f64> {
    quantile(x, 0.5)
}

/// The smallest value.
pub fn min(x: &[f64]) -> Option<f64> {
    x.iter().copied().min_by(f64::total_cmp)
}

/// The largest value.
pub fn max(x: &[f64]) -> Option<f64> {
    x.iter().copied().max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_about_the_spread_of_one_value() {
        assert_eq!(mean(&[3.0]), Some(3.0));
        assert_eq!(standard_deviation(&[3.0]), None);
        assert_eq!(standard_error(&[3.0]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
    }

    #[test]
    fn nothing_is_said_about_no_values() {
        assert_eq!(mean(&[]), None);
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(max(&[]), None);
    }

    /// `99.9 + 99.9 + 99.9` is a third of a unit in the last place off.
    #[test]
    fn equal_values_have_that_mean_and_no_spread() {
        for n in 1..50 {
            let x = vec![99.9; n];
            assert_eq!(mean(&x), Some(99.9));
            assert_eq!(standard_deviation(&x), (n > 1).then_some(0.0));
        }
        assert_eq!(mean(&[f64::INFINITY, 1.0]), Some(f64::INFINITY));
        assert!(mean(&[f64::INFINITY, f64::NEG_INFINITY]).unwrap().is_nan());
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        let x = [4.0, 1.0, 2.0, 3.0];
        assert_eq!(quantile(&x, 0.25), Some(1.75));
        assert_eq!(median(&x), Some(2.5));
    }
}
