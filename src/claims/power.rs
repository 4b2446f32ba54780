//! How many replicates a comparison would need.

use crate::table::stats;

/// The probability with which that many are to decide.
const POWER: f64 = 0.8;

/// More than these are not looked for.
const MOST: usize = 10_000;

/// The least number of replicates at which a one-sided t test would decide at `level` with probability
/// [`POWER`], were the standardised difference what `n` replicates with this statistic show. `samples` is
/// 1 for pairs, 2 for two groups of `n` each.
///
/// The noncentral t distribution is taken for a shifted one, which is right to a replicate (Cohen 1988,
/// chapter 2). None where even 10,000 would not do.
pub(super) fn replicates_needed(
    statistic: f64,
    n: usize,
    level: f64,
    samples: usize,
) -> Option<usize> {
    let effect = statistic.abs() / (n as f64).sqrt();
    let enough = |n: usize| {
        let quantile = |p: f64| stats::t_quantile(p, (samples * (n - 1)) as f64);
        match (quantile(1.0 - level), quantile(POWER)) {
            (Some(decides), Some(power)) => effect * (n as f64).sqrt() >= decides + power,
            _ => false,
        }
    };
    // Enough once, enough for ever.
    let (mut low, mut high) = (2, MOST);
    if !enough(high) {
        return None;
    }
    while low < high {
        let middle = low.midpoint(high);
        match enough(middle) {
            true => high = middle,
            false => low = middle + 1,
        }
    }
    Some(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sample sizes of one-sided tests at 0.05 and power 0.8 as G*Power 3.1 gives them (Faul et al. 2007),
    /// to within a replicate.
    #[test]
    fn as_many_as_tables_of_power_say() {
        for (effect, samples, expected) in [(0.5_f64, 1, 27), (0.8, 1, 12), (0.2, 1, 156)] {
            let t = effect * 10_f64.sqrt();
            let found = replicates_needed(t, 10, 0.05, samples).expect("there is such a number");
            assert!(
                found.abs_diff(expected) <= 1,
                "{effect}: {found}, not {expected}"
            );
        }
        // Two groups of n with d = 0.5: 51 each; t of n each is d √(n/2).
        let found = replicates_needed(0.5 * 5_f64.sqrt(), 10, 0.05, 2);
        assert!(
            found.is_some_and(|found| found.abs_diff(51) <= 1),
            "{found:?}"
        );
        assert_eq!(replicates_needed(0.0, 10, 0.05, 1), None);
    }
}
