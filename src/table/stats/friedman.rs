//! Many methods over many data sets: Friedman's test of their ranks, and Nemenyi's critical
//! difference (Demšar 2006, *Statistical comparisons of classifiers over multiple data sets*).

use statrs::distribution::ChiSquared;
use statrs::distribution::Continuous;
use statrs::distribution::ContinuousCDF;
use statrs::distribution::FisherSnedecor;
use statrs::distribution::Normal;
use statrs::function::factorial::ln_factorial;

use super::ranks::average_ranks;

/// Friedman's test: whether any of `k` methods ranks otherwise than the others over `n` blocks.
#[derive(Clone, Debug, PartialEq)]
pub struct Friedman {
    /// Mean rank of each method, 1 for the least value.
    pub ranks: Vec<f64>,
    /// Blocks.
    pub n: usize,
    /// Friedman's χ² with k − 1 degrees of freedom, corrected for ties.
    pub chi_squared: f64,
    pub p: f64,
    /// The less conservative F of Iman & Davenport (1980), with k − 1 and (k − 1)(n − 1) degrees of
    /// freedom; infinite where all blocks agree.
    pub f: f64,
    /// Of F; where that is infinite the exact probability that all blocks agree by chance.
    pub p_f: f64,
}

/// The test over blocks of one value per method, less of which ranks first. None for unequal blocks,
/// fewer than two methods or blocks, values that are no numbers, and where all values are ties.
pub fn friedman(blocks: &[Vec<f64>]) -> Option<Friedman> {
    let (n, k) = (blocks.len(), blocks.first()?.len());
    let whole = |block: &Vec<f64>| block.len() == k && block.iter().all(|value| !value.is_nan());
    if n < 2 || k < 2 || !blocks.iter().all(whole) {
        return None;
    }
    let first = average_ranks(&blocks[0]);
    let mut sums = vec![0.0; k];
    let mut tied = 0.0;
    for block in blocks {
        let ranks = average_ranks(block);
        for (sum, rank) in sums.iter_mut().zip(&ranks) {
            *sum += rank;
        }
        // A run of t equal ranks counts t³ − t: t² − 1 at each of its members.
        for rank in &ranks {
            let run = ranks.iter().filter(|other| *other == rank).count() as f64;
            tied += run * run - 1.0;
        }
    }
    let (blocks, methods) = (n as f64, k as f64);
    let squares: f64 = sums.iter().map(|sum| sum * sum).sum();
    let untied = 1.0 - tied / (blocks * methods * (methods * methods - 1.0));
    if untied <= 1e-12 {
        return None;
    }
    let spread =
        12.0 / (blocks * methods * (methods + 1.0)) * squares - 3.0 * blocks * (methods + 1.0);
    let chi_squared = (spread / untied).max(0.0);
    let df = methods - 1.0;
    let rest = blocks * df - chi_squared;
    // All blocks agree: what is left is rounding.
    let (f, p_f) = match rest <= 1e-9 * blocks * df {
        true => (f64::INFINITY, agreement(&first, n)),
        false => {
            let f = (blocks - 1.0) * chi_squared / rest;
            (f, FisherSnedecor::new(df, df * (blocks - 1.0)).ok()?.sf(f))
        }
    };
    Some(Friedman {
        ranks: sums.iter().map(|sum| sum / blocks).collect(),
        n,
        chi_squared,
        p: ChiSquared::new(df).ok()?.sf(chi_squared),
        f,
        p_f,
    })
}

/// The probability that `n` blocks all have these ranks, if every order of them is as likely: one over the
/// number of orders, k! but for shared ranks, for each block after the first.
fn agreement(ranks: &[f64], n: usize) -> f64 {
    let mut sorted = ranks.to_vec();
    sorted.sort_by(f64::total_cmp);
    let runs = sorted.chunk_by(|a, b| a == b).map(<[f64]>::len);
    let orders =
        ln_factorial(ranks.len() as u64) - runs.map(|run| ln_factorial(run as u64)).sum::<f64>();
    (-orders * (n - 1) as f64).exp()
}

/// How far mean ranks of `k` methods over `n` blocks must be apart to differ at `level` (0.05),
/// after Nemenyi (1963): q √(k (k + 1) / 6n), with q the quantile of the studentised range of k means
/// and infinite degrees of freedom, over √2.
pub fn critical_difference(k: usize, n: usize, level: f64) -> Option<f64> {
    let methods = k as f64;
    let q = studentised_range_quantile(k, 1.0 - level)? / 2f64.sqrt();
    (n > 0).then(|| q * (methods * (methods + 1.0) / (6.0 * n as f64)).sqrt())
}

/// P(range of `k` standard normals ≤ q) = k ∫ φ(z) (Φ(z) − Φ(z − q))^(k−1) dz.
fn range_below(q: f64, k: usize) -> f64 {
    const STEPS: i32 = 1600;
    const STEP: f64 = 0.01;
    let normal = Normal::standard();
    // The trapezoid rule: the integrand is smooth and vanishes at both ends.
    let part = |i: i32| {
        let z = f64::from(i - STEPS / 2) * STEP;
        let within = normal.cdf(z) - normal.cdf(z - q);
        normal.pdf(z) * within.powi(k as i32 - 1)
    };
    (0..=STEPS).map(part).sum::<f64>() * STEP * k as f64
}

fn studentised_range_quantile(k: usize, p: f64) -> Option<f64> {
    if k < 2 || !(p > 0.0 && p < 1.0) {
        return None;
    }
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..48 {
        let middle = (low + high) / 2.0;
        match range_below(middle, k) < p {
            true => low = middle,
            false => high = middle,
        }
    }
    Some((low + high) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Demšar (2006), table 5: q for 2 to 10 classifiers, printed to three decimals.
    #[test]
    fn critical_values_are_those_of_demsar() {
        let five = [
            1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164,
        ];
        let ten = [
            1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920,
        ];
        for (level, table) in [(0.05, five), (0.1, ten)] {
            for (k, want) in (2..).zip(table) {
                let q = studentised_range_quantile(k, 1.0 - level).unwrap() / 2f64.sqrt();
                // Half of the last digit, and one for how the table was rounded.
                assert!((q - want).abs() < 1.1e-3, "{k} {level}: {q} {want}");
            }
        }
    }

    /// Values of scipy.stats.studentized_range.ppf(1 - level, k, inf) / sqrt(2), 1.17.1; the tolerance
    /// is that of its own integration.
    #[test]
    fn critical_values_agree_with_scipy() {
        for (k, five, ten) in [
            (2, 1.9599639845400534, 1.6448536269514722),
            (10, 3.163683577053373, 2.9198888400615384),
            (50, 3.9923432900094076, 3.7877496141945874),
        ] {
            for (level, want) in [(0.05, five), (0.1, ten)] {
                let q = studentised_range_quantile(k, 1.0 - level).unwrap() / 2f64.sqrt();
                assert!((q - want).abs() < 1e-6, "{k} {level}: {q} {want}");
            }
        }
    }

    /// Demšar (2006), table 6 and section 3.2.2: four classifiers over fourteen data sets. In the row
    /// before the last, two accuracies that are printed alike have the ranks 2 and 3 there.
    #[test]
    fn the_example_of_demsar() {
        let rows = "0.763 0.768 0.771 0.798; 0.599 0.591 0.590 0.569; 0.954 0.971 0.968 0.967; \
                    0.628 0.661 0.654 0.657; 0.882 0.888 0.886 0.898; 0.936 0.931 0.916 0.931; \
                    0.661 0.668 0.609 0.685; 0.583 0.583 0.563 0.625; 0.775 0.838 0.866 0.875; \
                    1.000 1.000 1.000 1.000; 0.940 0.962 0.965 0.962; 0.619 0.666 0.614 0.669; \
                    0.972 0.981 0.975 0.9749; 0.957 0.978 0.946 0.970";
        let blocks: Vec<Vec<f64>> = rows
            .split(';')
            .map(|row| {
                let numbers = row.split_whitespace();
                numbers.map(|n| 0.0 - n.parse::<f64>().unwrap()).collect()
            })
            .collect();
        let got = friedman(&blocks).unwrap();
        for (rank, want) in got.ranks.iter().zip([3.143, 2.000, 2.893, 1.964]) {
            assert!((rank - want).abs() < 1e-3, "{rank} {want}");
        }
        assert!((critical_difference(4, 14, 0.05).unwrap() - 1.25).abs() < 6e-3);
        // scipy.stats.friedmanchisquare 1.17.1, and scipy.stats.f.sf of the F from it; without the
        // correction for ties they are the paper's 9.28 and 3.69.
        for (got, want) in [
            (got.chi_squared, 10.228346456692925),
            (got.p, 0.016721580328441323),
            (got.f, 4.1851301115241695),
            (got.p_f, 0.011620659515310975),
        ] {
            assert!((got / want - 1.0).abs() < 1e-9, "{got} {want}");
        }
    }

    #[test]
    fn ties_alone_tell_nothing_apart() {
        assert_eq!(friedman(&[vec![1.0, 1.0], vec![2.0, 2.0]]), None);
        assert_eq!(friedman(&[vec![1.0, 2.0]]), None);
        assert_eq!(friedman(&[vec![1.0, f64::NAN], vec![1.0, 2.0]]), None);
        let agreed = friedman(&vec![vec![1.0, 2.0, 3.0]; 5]).unwrap();
        assert_eq!(agreed.ranks, [1.0, 2.0, 3.0]);
        assert!(agreed.f.is_infinite());
        // The order of the first block is one of six to each of the four others.
        assert!((agreed.p_f * 1296.0 - 1.0).abs() < 1e-12);
        let two = friedman(&vec![vec![1.0, 2.0]; 2]).unwrap();
        assert!((two.p_f - 0.5).abs() < 1e-15);
        // Of two that share a rank and one beside them there are three orders.
        let shared = friedman(&vec![vec![1.0, 2.0, 2.0]; 3]).unwrap();
        assert!(shared.f.is_infinite() && (shared.p_f * 9.0 - 1.0).abs() < 1e-12);
        assert!((agreed.chi_squared - 10.0).abs() < 1e-12);
    }
}
