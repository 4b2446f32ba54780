//! Ranks with ties, and the correlations of Pearson and Spearman.

use super::describe::mean;
use super::student::t_two_sided;

/// Numbers that differ by no more than sixteen units in the last place of the larger are the same:
/// decimal fractions are rounded when they are read, and sums and differences again. `0.3 − 0.2`
/// and `0.1` are, as are `0.1 + 0.2` and `0.3`.
pub(super) const ROUNDING: f64 = 16.0 * f64::EPSILON;

/// By how much a number computed from these may be off; 0 where they are not finite.
pub fn slack(of: impl IntoIterator<Item = f64>) -> f64 {
    let largest = of.into_iter().map(f64::abs).fold(0.0, f64::max);
    match largest.is_finite() {
        true => ROUNDING * largest,
        false => 0.0,
    }
}

/// Whether rounding can be all that tells two numbers apart.
pub fn same(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= slack([a, b])
}

/// Whether `x` is ahead of `best` by more than rounding can be all of.
pub fn ahead(x: f64, best: f64, higher: bool) -> bool {
    let further = if higher { x > best } else { x < best };
    further && !same(x, best)
}

/// A correlation with its two-sided probability under no association.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correlation {
    pub coefficient: f64,
    /// By Student's t with n − 2 degrees of freedom.
    pub p_two_sided: f64,
}

/// Ranks from 1; values that are equal but for rounding share the mean of their ranks.
pub fn average_ranks(x: &[f64]) -> Vec<f64> {
    let slacks: Vec<f64> = x.iter().map(|x| slack([*x])).collect();
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|&i, &j| x[i].total_cmp(&x[j]));
    shared_ranks(&ties(x, &slacks, &order), &order)
}

/// The mean rank of each run of `order`, at the places that it names.
pub(super) fn shared_ranks(runs: &[(usize, usize)], order: &[usize]) -> Vec<f64> {
    let mut ranks = vec![0.0; order.len()];
    for &(start, end) in runs {
        let shared = (start + 1 + end) as f64 / 2.0;
        for &i in &order[start..end] {
            ranks[i] = shared;
        }
    }
    ranks
}

/// The runs `start..end` of values in sorted order that equal the first of their run, within what
/// either may be off.
pub(super) fn ties(x: &[f64], slacks: &[f64], order: &[usize]) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut start = 0;
    while start < order.len() {
        let mut end = start + 1;
        let first = order[start];
        let same = |i: usize| x[i] == x[first] || x[i] - x[first] <= slacks[i].max(slacks[first]);
        while end < order.len() && same(order[end]) {
            end += 1;
        }
        runs.push((start, end));
        start = end;
    }
    runs
}

/// Pearson's product-moment correlation. None for unequal lengths, below three pairs, and where
/// either side is constant but for rounding.
pub fn pearson(x: &[f64], y: &[f64]) -> Option<Correlation> {
    if x.len() != y.len() || x.len() < 3 {
        return None;
    }
    let (mx, my) = (mean(x)?, mean(y)?);
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        xy += (a - mx) * (b - my);
        xx += (a - mx).powi(2);
        yy += (b - my).powi(2);
    }
    let varies = |squares: f64, values: &[f64]| {
        let slack = slack(values.iter().copied());
        squares > values.len() as f64 * slack * slack
    };
    if !(varies(xx, x) && varies(yy, y)) {
        return None;
    }
    let r = (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0);
    let df = (x.len() - 2) as f64;
    let p = if r.abs() == 1.0 {
        0.0
    } else {
        t_two_sided(r * (df / (1.0 - r * r)).sqrt(), df)?
    };
    Some(Correlation {
        coefficient: r,
        p_two_sided: p,
    })
}

/// Spearman's rank correlation: Pearson's of the average ranks.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<Correlation> {
    pearson(&average_ranks(x), &average_ranks(y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_rank() {
        assert_eq!(
            average_ranks(&[10.0, 20.0, 10.0, 5.0]),
            vec![2.5, 4.0, 2.5, 1.0]
        );
    }

    #[test]
    fn rounding_tells_no_ranks_apart_and_nothing_else_is_lost() {
        let x = [0.1 + 0.2, 0.3, 0.3 - 0.2, 0.1, 0.3 + 1e-12];
        assert_eq!(average_ranks(&x), [3.5, 3.5, 1.5, 1.5, 5.0]);
        // Beside a large number a small one keeps its rank.
        assert_eq!(average_ranks(&[1e9, 1e-9, 2e-9]), [3.0, 1.0, 2.0]);
        let infinite = [f64::INFINITY, 1.0, f64::NEG_INFINITY, f64::INFINITY];
        assert_eq!(average_ranks(&infinite), [3.5, 2.0, 1.0, 3.5]);
    }

    #[test]
    fn what_is_not_finite_is_the_same_only_as_itself() {
        assert!(same(0.1 + 0.2, 0.3) && !same(0.3, 0.3 + 1e-12) && !same(0.0, 1e-300));
        assert!(same(f64::INFINITY, f64::INFINITY) && !same(f64::INFINITY, 1.0));
        assert!(!same(f64::NAN, f64::NAN));
    }

    #[test]
    fn a_constant_correlates_with_nothing() {
        assert_eq!(pearson(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None);
        let rounded = [0.1 + 0.2, 0.3, 0.3];
        assert_eq!(pearson(&rounded, &[1.0, 2.0, 3.0]), None);
        assert_eq!(spearman(&rounded, &[1.0, 2.0, 3.0]), None);
    }

    #[test]
    fn a_monotone_curve_has_rank_correlation_one() {
        let x = [1.0, 2.0, 3.0, 4.0];
        let y = [1.0, 8.0, 27.0, 64.0];
        assert_eq!(spearman(&x, &y).unwrap().coefficient, 1.0);
    }
}
