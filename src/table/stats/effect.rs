//! Effect sizes: how far apart two samples lie, in standard deviations.

use super::describe::mean;
use super::describe::standard_deviation;
use super::ranks::slack;

/// Cohen's d of two independent samples: difference of means over the pooled standard deviation.
/// None below two values in either, and without spread.
pub fn cohen_d(a: &[f64], b: &[f64]) -> Option<f64> {
    let (na, nb) = (a.len() as f64, b.len() as f64);
    let va = standard_deviation(a)?.powi(2);
    let vb = standard_deviation(b)?.powi(2);
    let pooled = (((na - 1.0) * va + (nb - 1.0) * vb) / (na + nb - 2.0)).sqrt();
    let rounding = slack(a.iter().chain(b).copied());
    (pooled / (na + nb).sqrt() > rounding).then_some((mean(a)? - mean(b)?) / pooled)
}

/// Cohen's d of paired values: mean of the differences over their standard deviation (d_z).
pub fn cohen_d_paired(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() != b.len() {
        return None;
    }
    let d: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let spread = standard_deviation(&d)?;
    // Differences that rounding alone tells apart have none.
    let rounding = slack(a.iter().chain(b).copied());
    (spread / (d.len() as f64).sqrt() > rounding).then_some(mean(&d)? / spread)
}

/// Hedges' g: Cohen's d times 1 − 3 / (4 (n₁ + n₂) − 9), which removes most of its bias in small
/// samples (Hedges 1981).
pub fn hedges_g(a: &[f64], b: &[f64]) -> Option<f64> {
    let n = (a.len() + b.len()) as f64;
    Some(cohen_d(a, b)? * (1.0 - 3.0 / (4.0 * n - 9.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_of_rounding_is_none() {
        let a = [1.1, 1.24286, 1.38571, 3.1, 3.24286, 3.38571];
        let b = a.map(|a| a + 0.4);
        assert_eq!(cohen_d_paired(&a, &b), None);
        assert_eq!(cohen_d(&[0.1 + 0.2, 0.3], &[0.4, 0.4]), None);
        assert!(cohen_d_paired(&a, &[1.0; 6]).is_some());
    }

    #[test]
    fn one_standard_deviation_apart_is_one() {
        // Both samples have variance 1; their means are 1 apart.
        let (a, b) = ([1.0, 2.0, 3.0], [0.0, 1.0, 2.0]);
        assert!((cohen_d(&a, &b).unwrap() - 1.0).abs() < 1e-15);
        assert!((hedges_g(&a, &b).unwrap() - 0.8).abs() < 1e-15);
    }

    #[test]
    fn pairs_are_judged_by_their_differences() {
        let d = cohen_d_paired(&[1.0, 3.0, 5.0], &[0.0, 1.0, 2.0]).unwrap();
        assert!((d - 2.0).abs() < 1e-15);
        assert_eq!(cohen_d_paired(&[1.0, 2.0], &[0.0, 1.0]), None);
    }
}
