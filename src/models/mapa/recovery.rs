//! Recovering a prior: the learned codes become N(0, 1) by their empirical copula.
//!
//! Yacoby et al. 2024, appendix C.3: (1) zₙ = g(xₙ); (2) cₙ = Φ⁻¹(F̂(zₙ)); (3) w = c standardised;
//! (4) two networks by least squares, a: w → z and b: z → w. The new decoder is f∘a under the prior
//! N(0, 1), the new encoder b∘g. It works in one latent dimension only.

use statrs::distribution::ContinuousCDF;
use statrs::distribution::Normal;

use super::networks::Networks;
use crate::nn::backend::Backend;
use crate::nn::params::Pass;
use crate::nn::tensor::Scalar;

/// Codes beside the standard normal values of their ranks; both standardised.
pub(super) struct Pairs {
    pub w: Vec<f32>,
    pub z: Vec<f32>,
    /// Mean and standard deviation of the codes as they were.
    pub location: f32,
    pub scale: f32,
}

impl Pairs {
    pub(super) fn new(codes: &[f32]) -> Self {
        let codes: Vec<f64> = codes.iter().map(|z| f64::from(*z)).collect();
        let normal = Normal::standard();
        let n = codes.len() as f64;
        let scores = average_ranks(&codes);
        // Ranks over N + 1 keep Φ⁻¹ finite.
        let scores: Vec<f64> = scores
            .into_iter()
            .map(|rank| normal.inverse_cdf(rank / (n + 1.0)))
            .collect();
        let (w, _, _) = standardised(&scores);
        let (z, location, scale) = standardised(&codes);
        Pairs {
            w,
            z,
            location,
            scale,
        }
    }
}

/// Ranks from 1; equal values share the mean of theirs.
fn average_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for group in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = start as f64 + (group.len() + 1) as f64 / 2.0;
        for at in group {
            ranks[*at] = rank;
        }
        start += group.len();
    }
    ranks
}

/// The values less their mean over their standard deviation, and both; constants become zeros.
fn standardised(values: &[f64]) -> (Vec<f32>, f32, f32) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    let deviation = match variance > 0.0 {
        true => variance.sqrt(),
        false => 1.0,
    };
    let scaled = values.iter().map(|v| ((v - mean) / deviation) as f32);
    (scaled.collect(), mean as f32, deviation as f32)
}

impl Pairs {
    /// Mean squared errors of a and of b over these rows, as one loss: step (4).
    pub(super) fn loss<B: Backend>(
        &self,
        networks: &Networks<B>,
        recovery: &Pass<'_, B>,
        rows: &[usize],
    ) -> Scalar<B> {
        let column = |values: &[f32]| {
            let picked = rows.iter().map(|row| values[*row]).collect();
            recovery.device().matrix(picked, rows.len(), 1)
        };
        let (w, z) = (column(&self.w), column(&self.z));
        let code = networks.to_code(recovery, w.clone()) - z.clone();
        let prior = networks.to_prior(recovery, z) - w;
        code.square().mean() + prior.square().mean()
    }
}

/// The quantile function of the codes, which the network a is fitted to: straight lines between the
/// pairs, level beyond them.
pub(super) struct Quantiles {
    /// Increasing.
    w: Vec<f32>,
    z: Vec<f32>,
}

impl Quantiles {
    pub(super) fn new(pairs: &Pairs) -> Self {
        let mut all: Vec<(f32, f32)> = pairs.w.iter().copied().zip(pairs.z.clone()).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Equal codes share their rank.
        all.dedup_by_key(|pair| pair.0);
        let (w, z) = all.into_iter().unzip();
        Quantiles { w, z }
    }

    /// The standardised code of a value of the prior.
    pub(super) fn at(&self, w: f32) -> f32 {
        let after = self.w.partition_point(|known| *known < w);
        match (after.checked_sub(1), self.w.get(after)) {
            (None, _) => self.z[0],
            (Some(last), None) => self.z[last],
            (Some(before), Some(next)) => {
                let share = (w - self.w[before]) / (next - self.w[before]);
                self.z[before] + share * (self.z[after] - self.z[before])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_lines_between_the_pairs_and_level_beyond() {
        let pairs = Pairs {
            w: vec![1.0, -1.0, 0.0, 0.0],
            z: vec![5.0, -3.0, 1.0, 1.0],
            location: 0.0,
            scale: 1.0,
        };
        let quantiles = Quantiles::new(&pairs);
        let found = [-4.0, -1.0, -0.5, 0.0, 0.25, 1.0, 9.0].map(|w| quantiles.at(w));
        assert_eq!(found, [-3.0, -3.0, -1.0, 1.0, 2.0, 5.0, 5.0]);
    }

    #[test]
    fn equal_values_share_their_mean_rank() {
        assert_eq!(
            average_ranks(&[3.0, 1.0, 3.0, 0.5, 3.0]),
            [4.0, 2.0, 4.0, 1.0, 4.0]
        );
    }

    /// Φ⁻¹(¾) = 0.67449, and three values at −q, 0, q standardise to −√1.5, 0, √1.5.
    #[test]
    fn codes_get_the_normal_scores_of_their_ranks() {
        let pairs = Pairs::new(&[40.0, -7.0, 3.0]);
        for (found, expected) in pairs.w.iter().zip([1.5f32.sqrt(), -(1.5f32.sqrt()), 0.0]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        assert_eq!(pairs.location, 12.0);
    }
}
