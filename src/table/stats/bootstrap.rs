//! Bootstrap intervals: percentile, and bias-corrected and accelerated (BCa).
//!
//! Resamples come from a fixed seed, so that an interval is a function of its values alone.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use rand_chacha::rand_core::SeedableRng;
use statrs::distribution::ContinuousCDF;
use statrs::distribution::Normal;

use super::Interval;
use super::describe::mean;
use super::describe::quantile;

/// Resamples drawn for an interval: enough for its second digit (Efron & Tibshirani 1993,
/// section 14.3, ask for 1000).
const RESAMPLES: usize = 2000;

/// Indices of `resamples` resamples of `n` values, row after row; always the same for the same
/// numbers.
pub fn resample_indices(n: usize, resamples: usize) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(0x5eed);
    (0..n * resamples)
        // The high half of the product is uniform up to n / 2⁶⁴.
        .map(|_| ((u128::from(rng.next_u64()) * n as u128) >> 64) as usize)
        .collect()
}

/// The statistic of each resample; `indices` has rows of `x.len()`.
pub fn resample(x: &[f64], indices: &[usize], statistic: fn(&[f64]) -> Option<f64>) -> Vec<f64> {
    let mut drawn = Vec::with_capacity(x.len());
    indices
        .chunks_exact(x.len().max(1))
        .filter_map(|row| {
            drawn.clear();
            drawn.extend(row.iter().filter_map(|&i| x.get(i)));
            statistic(&drawn)
        })
        .collect()
}

/// Percentile interval at `level` of resampled statistics (Efron 1979).
pub fn percentile_interval(resampled: &[f64], level: f64) -> Option<Interval> {
    Some(Interval {
        low: quantile(resampled, (1.0 - level) / 2.0)?,
        high: quantile(resampled, (1.0 + level) / 2.0)?,
    })
}

/// BCa interval of the mean at `level` (Efron 1987): percentiles shifted for the bias z₀ of the
/// resampled means and the acceleration a of the jackknife. None below two values.
pub fn bootstrap_interval(x: &[f64], level: f64) -> Option<Interval> {
    if x.len() < 2 {
        return None;
    }
    let resampled = resample(x, &resample_indices(x.len(), RESAMPLES), mean);
    bca(x, mean, &resampled, level).or_else(|| percentile_interval(&resampled, level))
}

/// None where the correction is undefined: equal values, or a statistic outside all resamples.
fn bca(
    x: &[f64],
    statistic: fn(&[f64]) -> Option<f64>,
    resampled: &[f64],
    level: f64,
) -> Option<Interval> {
    let observed = statistic(x)?;
    // Ties count half, as in scipy.stats.bootstrap.
    let below: f64 = resampled
        .iter()
        .map(|value| match value.total_cmp(&observed) {
            std::cmp::Ordering::Less => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Greater => 0.0,
        })
        .sum();
    let share = below / resampled.len() as f64;
    let normal = Normal::standard();
    if !(share > 0.0 && share < 1.0) {
        return None;
    }
    let z0 = normal.inverse_cdf(share);

    let jackknife: Vec<f64> = (0..x.len())
        .filter_map(|left_out| {
            let mut rest = x.to_vec();
            rest.remove(left_out);
            statistic(&rest)
        })
        .collect();
    let centre = mean(&jackknife)?;
    let cubes: f64 = jackknife.iter().map(|v| (centre - v).powi(3)).sum();
    let squares: f64 = jackknife.iter().map(|v| (centre - v).powi(2)).sum();
    if squares.is_nan() || squares <= 0.0 {
        return None;
    }
    let a = cubes / (6.0 * squares.powf(1.5));

    let shifted = |p: f64| {
        let z = z0 + normal.inverse_cdf(p);
        normal.cdf(z0 + z / (1.0 - a * z))
    };
    Some(Interval {
        low: quantile(resampled, shifted((1.0 - level) / 2.0))?,
        high: quantile(resampled, shifted((1.0 + level) / 2.0))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_values_have_the_same_interval() {
        let x = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(bootstrap_interval(&x, 0.95), bootstrap_interval(&x, 0.95));
    }

    /// scipy.stats.bootstrap(method="BCa", n_resamples=400000) gives [3.125, 6.625]; 2000 resamples
    /// leave a standard error of about 0.03 at the lower end and 0.1 at the upper one.
    #[test]
    fn bca_agrees_with_scipy_within_its_noise() {
        let x = [2.1, 3.4, 1.9, 5.6, 4.4, 9.7, 3.3, 4.0];
        let interval = bootstrap_interval(&x, 0.95).unwrap();
        assert!((interval.low - 3.125).abs() < 0.1, "{interval:?}");
        assert!((interval.high - 6.625).abs() < 0.3, "{interval:?}");
    }

    #[test]
    fn equal_values_have_an_interval_of_no_width() {
        let interval = bootstrap_interval(&[3.0; 5], 0.95).unwrap();
        assert_eq!((interval.low, interval.high), (3.0, 3.0));
    }

    #[test]
    fn one_value_has_no_interval() {
        assert_eq!(bootstrap_interval(&[3.0], 0.95), None);
    }
}
