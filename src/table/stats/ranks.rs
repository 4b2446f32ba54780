//! Ranks with ties, and the correlations of Pearson and Spearman.

use super::describe::mean;
use super::student::t_two_sided;

/// A correlation with its two-sided probability under no association.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correlation {
    pub coefficient: f64,
    /// By Student's t with n − 2 degrees of freedom.
    pub p_two_sided: f64,
}

/// Ranks from 1; equal values share the mean of their ranks.
pub fn average_ranks(x: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|&i, &j| x[i].total_cmp(&x[j]));
    let mut ranks = vec![0.0; x.len()];
    for (start, end) in ties(x, &order) {
        let shared = (start + 1 + end) as f64 / 2.0;
        for &i in &order[start..end] {
            ranks[i] = shared;
        }
    }
    ranks
}

/// The runs `start..end` of equal values in sorted order.
pub(super) fn ties(x: &[f64], order: &[usize]) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut start = 0;
    while start < order.len() {
        let mut end = start + 1;
        while end < order.len() && x[order[end]] == x[order[start]] {
            end += 1;
        }
        runs.push((start, end));
        start = end;
    }
    runs
}

/// Pearson's product-moment correlation. None for unequal lengths, below three pairs, and where
/// either side is constant.
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
    if !(xx > 0.0 && yy > 0.0) {
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
    fn a_constant_correlates_with_nothing() {
        assert_eq!(pearson(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None);
    }

    #[test]
    fn a_monotone_curve_has_rank_correlation_one() {
        let x = [1.0, 2.0, 3.0, 4.0];
        let y = [1.0, 8.0, 27.0, 64.0];
        assert_eq!(spearman(&x, &y).unwrap().coefficient, 1.0);
    }
}
