//! Recovering a prior: the learned codes become N(0, 1) by their empirical copula.
//!
//! Yacoby et al. 2024, appendix C.3: (1) zₙ = g(xₙ); (2) cₙ = Φ⁻¹(F̂(zₙ)); (3) w = c standardised;
//! (4) two networks by least squares, a: w → z and b: z → w. The new decoder is f∘a under the prior
//! N(0, 1), the new encoder b∘g. It works in one latent dimension only.

use statrs::distribution::ContinuousCDF;
use statrs::distribution::Normal;

use super::networks::Networks;
use crate::models::Learner;
use crate::models::ModelError;
use crate::models::Watch;
use crate::nn::backend::Backend;
use crate::nn::checkpoint::Header;
use crate::nn::optim::Optimizer;
use crate::nn::params::Params;

/// Codes beside the standard normal values of their ranks; both standardised.
pub struct Pairs {
    pub w: Vec<f32>,
    pub z: Vec<f32>,
    /// Mean and standard deviation of the codes as they were.
    pub location: f32,
    pub scale: f32,
}

impl Pairs {
    pub fn new(codes: &[f32]) -> Self {
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

/// Fits a and b at once; their parameters must be the only ones that are not frozen.
pub struct Recovery<'a, B: Backend> {
    pub networks: &'a Networks,
    pub weights: &'a mut Params<B>,
    pub optimizer: Optimizer<B>,
    pub pairs: &'a Pairs,
}

impl<B: Backend> Recovery<'_, B> {
    /// Mean squared errors of a and of b over these rows, as one loss.
    fn loss(
        &self,
        pass: &crate::nn::params::Pass<B>,
        rows: &[usize],
    ) -> crate::nn::tensor::Scalar<B> {
        let column = |values: &[f32]| {
            let picked = rows.iter().map(|row| values[*row]).collect();
            pass.device().matrix(picked, rows.len(), 1)
        };
        let (w, z) = (column(&self.pairs.w), column(&self.pairs.z));
        let code = self.networks.to_code(pass, w.clone()) - z.clone();
        let prior = self.networks.to_prior(pass, z) - w;
        code.square().mean() + prior.square().mean()
    }
}

impl<B: Backend> Learner for Recovery<'_, B> {
    fn summary(&self) -> String {
        self.weights.summary()
    }

    fn iteration(&mut self, rows: &[usize], _iteration: u64) -> f64 {
        let pass = self.weights.record();
        let loss = self.loss(&pass, rows);
        let value = f64::from(loss.value());
        let gradients = pass.backward(loss);
        self.optimizer.update(self.weights, &gradients);
        value
    }

    fn validate(&mut self, _epoch: u64) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    fn save(&self, _header: &Header, _optimisers: bool) -> Result<Vec<u8>, ModelError> {
        // It is over in seconds and starts again after an interruption.
        Ok(Vec::new())
    }

    fn load(&mut self, _state: &[u8]) -> Result<Header, ModelError> {
        Err(ModelError::Weights(
            "the recovery of a prior keeps no state".to_owned(),
        ))
    }
}

/// A watch that keeps no checkpoints and shows no progress: those of the training stay.
pub struct WithoutCheckpoints<'a>(pub &'a dyn Watch);

impl Watch for WithoutCheckpoints<'_> {
    fn progress(&self, _done: u64, _total: u64, _numbers: &[(&str, f64)]) {}

    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }

    fn checkpoint(&self) -> Option<Vec<u8>> {
        None
    }

    fn checkpoint_due(&self) -> bool {
        false
    }

    fn save_checkpoint(&self, _state: &[u8]) {}

    fn warn(&self, message: &str) {
        self.0.warn(message);
    }

    fn log(&self, line: &str) {
        self.0.log(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
