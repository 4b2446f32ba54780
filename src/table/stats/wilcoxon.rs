//! Wilcoxon's signed rank test of paired values: exact, and by the normal approximation.

use statrs::distribution::ContinuousCDF;
use statrs::distribution::Normal;

use super::ranks::average_ranks;
use super::ranks::ties;

/// What the signed rank test of `a` against `b` says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SignedRank {
    /// Differences that are not zero.
    pub counted: usize,
    /// Rank sum of the positive differences a − b.
    pub w_plus: f64,
    /// Rank sum of the negative differences.
    pub w_minus: f64,
    /// Over all 2ⁿ sign patterns; none with ties among the differences or more than 60 of them.
    pub exact: Option<Exact>,
    /// Two-sided, normal approximation with the variance corrected for ties.
    pub p_normal: f64,
    /// The same with half a rank of continuity correction.
    pub p_normal_corrected: f64,
}

/// Exact probabilities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exact {
    pub p_two_sided: f64,
    /// Small where `a` lies below `b`.
    pub p_less: f64,
    /// Small where `a` lies above `b`.
    pub p_greater: f64,
}

impl SignedRank {
    /// The smaller rank sum.
    pub fn statistic(&self) -> f64 {
        self.w_plus.min(self.w_minus)
    }

    /// The exact two-sided probability where there is one, else the corrected normal one.
    pub fn p_two_sided(&self) -> f64 {
        self.exact
            .map_or(self.p_normal_corrected, |exact| exact.p_two_sided)
    }
}

/// Signed rank test of paired values (Wilcoxon 1945). Zero differences are dropped, tied ones
/// share their rank. None for unequal lengths and where no difference is left.
pub fn signed_rank(a: &[f64], b: &[f64]) -> Option<SignedRank> {
    if a.len() != b.len() {
        return None;
    }
    let d: Vec<f64> = a
        .iter()
        .zip(b)
        .map(|(a, b)| a - b)
        .filter(|d| *d != 0.0)
        .collect();
    if d.is_empty() {
        return None;
    }
    let magnitudes: Vec<f64> = d.iter().map(|d| d.abs()).collect();
    let ranks = average_ranks(&magnitudes);
    let n = d.len() as f64;
    let total = n * (n + 1.0) / 2.0;
    let w_plus: f64 = ranks
        .iter()
        .zip(&d)
        .filter(|(_, d)| **d > 0.0)
        .map(|(rank, _)| rank)
        .sum();
    let w_minus = total - w_plus;

    let mut order: Vec<usize> = (0..magnitudes.len()).collect();
    order.sort_by(|&i, &j| magnitudes[i].total_cmp(&magnitudes[j]));
    let runs = ties(&magnitudes, &order);
    let tied = runs.iter().any(|(start, end)| end - start > 1);
    let correction: f64 = runs
        .iter()
        .map(|(start, end)| (end - start) as f64)
        .map(|t| t * t * t - t)
        .sum();
    let sigma = (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - correction / 48.0).sqrt();
    let distance = total / 2.0 - w_plus.min(w_minus);
    let two_sided = |distance: f64| {
        let normal = Normal::standard();
        (2.0 * normal.sf(distance.max(0.0) / sigma)).min(1.0)
    };
    Some(SignedRank {
        counted: d.len(),
        w_plus,
        w_minus,
        exact: (!tied && d.len() <= 60).then(|| exact(d.len(), w_plus)),
        p_normal: two_sided(distance),
        p_normal_corrected: two_sided(distance - 0.5),
    })
}

/// Probabilities of the rank sum over all sign patterns of the ranks 1…n, by counting how many
/// patterns reach each sum.
fn exact(n: usize, w_plus: f64) -> Exact {
    let total = n * (n + 1) / 2;
    // Shares of all patterns instead of their numbers: 2⁶⁰ of them would still fit, sums not.
    let mut share = vec![0.0; total + 1];
    share[0] = 1.0;
    for rank in 1..=n {
        for sum in (0..=total).rev() {
            let with = if sum >= rank { share[sum - rank] } else { 0.0 };
            share[sum] = 0.5 * (share[sum] + with);
        }
    }
    let observed = w_plus.round() as usize;
    let p_less: f64 = share[..=observed].iter().sum();
    let p_greater: f64 = share[observed..].iter().sum();
    Exact {
        p_two_sided: (2.0 * p_less.min(p_greater)).min(1.0),
        p_less,
        p_greater,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_wins_of_three_are_not_significant() {
        // The pattern + + + is one of eight.
        let test = signed_rank(&[1.0, 2.0, 3.5], &[0.0, 0.0, 0.0]).unwrap();
        let exact = test.exact.unwrap();
        assert!((exact.p_two_sided - 0.25).abs() < 1e-15);
        assert!((exact.p_greater - 0.125).abs() < 1e-15);
        assert!((exact.p_less - 1.0).abs() < 1e-15);
    }

    #[test]
    fn equal_pairs_leave_nothing_to_test() {
        assert_eq!(signed_rank(&[1.0, 2.0], &[1.0, 2.0]), None);
    }

    #[test]
    fn ties_leave_the_exact_answer_out() {
        let test = signed_rank(&[1.0, -1.0, 2.0], &[0.0, 0.0, 0.0]).unwrap();
        assert_eq!(test.exact, None);
        assert_eq!(test.p_two_sided(), test.p_normal_corrected);
    }
}
