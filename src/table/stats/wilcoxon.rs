//! Wilcoxon's signed rank test of paired values: exact, and by the normal approximation.

use statrs::distribution::ContinuousCDF;
use statrs::distribution::Normal;

use super::ranks::shared_ranks;
use super::ranks::slack;
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
    /// Over all 2ⁿ sign patterns of the ranks, shared ones as they are; none of more than 60.
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
/// share their rank; a difference is zero, and two are tied, where rounding can be all that tells
/// them apart: within sixteen units in the last place of the larger number that was subtracted.
/// None for unequal lengths and where no difference is left.
pub fn signed_rank(a: &[f64], b: &[f64]) -> Option<SignedRank> {
    if a.len() != b.len() {
        return None;
    }
    let (d, slacks): (Vec<f64>, Vec<f64>) = a
        .iter()
        .zip(b)
        .map(|(a, b)| (a - b, slack([*a, *b])))
        .filter(|(d, slack)| d.abs() > *slack)
        .unzip();
    if d.is_empty() {
        return None;
    }
    let magnitudes: Vec<f64> = d.iter().map(|d| d.abs()).collect();
    let mut order: Vec<usize> = (0..d.len()).collect();
    order.sort_by(|&i, &j| magnitudes[i].total_cmp(&magnitudes[j]));
    let runs = ties(&magnitudes, &slacks, &order);
    let ranks = shared_ranks(&runs, &order);
    let n = d.len() as f64;
    let total = n * (n + 1.0) / 2.0;
    let w_plus: f64 = ranks
        .iter()
        .zip(&d)
        .filter(|(_, d)| **d > 0.0)
        .map(|(rank, _)| rank)
        .sum();
    let w_minus = total - w_plus;

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
        exact: (d.len() <= 60).then(|| exact(&ranks, w_plus)),
        p_normal: two_sided(distance),
        p_normal_corrected: two_sided(distance - 0.5),
    })
}

/// Probabilities of the rank sum over all sign patterns of these ranks, by counting how many
/// patterns reach each sum. Shared ranks are halves at worst, so twice a rank is whole.
fn exact(ranks: &[f64], w_plus: f64) -> Exact {
    let twice = |rank: f64| (2.0 * rank).round() as usize;
    let total: usize = ranks.iter().map(|rank| twice(*rank)).sum();
    // Shares of all patterns instead of their numbers: 2⁶⁰ of them would still fit, sums not.
    let mut share = vec![0.0; total + 1];
    share[0] = 1.0;
    for rank in ranks.iter().map(|rank| twice(*rank)) {
        for sum in (0..=total).rev() {
            let with = if sum >= rank { share[sum - rank] } else { 0.0 };
            share[sum] = 0.5 * (share[sum] + with);
        }
    }
    let observed = twice(w_plus).min(total);
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

    /// By hand: |d| are 1, 1, 2 with ranks 1.5, 1.5, 3 and W⁺ = 4.5. Of the eight patterns two
    /// reach 4.5 and one 6.
    #[test]
    fn shared_ranks_have_an_exact_answer_too() {
        let test = signed_rank(&[1.0, -1.0, 2.0], &[0.0, 0.0, 0.0]).unwrap();
        assert_eq!((test.w_plus, test.w_minus), (4.5, 1.5));
        let exact = test.exact.unwrap();
        assert!((exact.p_greater - 3.0 / 8.0).abs() < 1e-15);
        assert!((exact.p_less - 7.0 / 8.0).abs() < 1e-15);
        assert!((exact.p_two_sided - 0.75).abs() < 1e-15);
    }

    /// The same pairs times ten are whole numbers, which nothing rounds.
    #[test]
    fn rounding_hides_no_tie_and_no_zero() {
        let a = [0.3, 0.1, 0.7, 0.9, 0.5, 0.1 + 0.2, 0.2];
        let b = [0.2, 0.2, 0.6, 0.4, 0.8, 0.3, 0.1];
        let whole = |x: [f64; 7]| x.map(|x| (10.0 * x).round());
        let rounded = signed_rank(&a, &b).unwrap();
        assert_eq!(Some(rounded), signed_rank(&whole(a), &whole(b)));
        assert_eq!(rounded.counted, 6);
        // What differs by more than rounding is no tie.
        let apart = signed_rank(&[1.0, 1.0 + 1e-12], &[0.0, 2.0 + 3e-12]).unwrap();
        assert_eq!((apart.w_plus, apart.w_minus), (1.0, 2.0));
    }
}
