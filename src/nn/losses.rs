//! Negative log likelihoods, divergences and their stable primitives.
//!
//! All are minimised, in nats, one number per row unless said otherwise, and stay finite for any
//! finite logits: logarithms of probabilities are computed from logits, never from probabilities.

use super::backend::Backend;
use super::tensor::{Matrix, Scalar, Vector};

/// ½ ln 2π
pub const HALF_LN_2PI: f32 = 0.918_938_5;

/// What a scale tensor holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// ln σ²
    LogVar,
    /// ln σ
    LogSigma,
}

/// Bernoulli: row sums of `softplus(a) − a t`; targets in `[0, 1]`, grey values too.
pub fn bernoulli_nll<B: Backend>(logits: Matrix<B>, targets: Matrix<B>) -> Vector<B> {
    B::bernoulli_nll(logits, targets)
}

/// Gaussian with a scale per element: row sums of `½ ln 2π + ln σ + (x − mean)² / 2σ²`.
pub fn gaussian_nll<B: Backend>(
    x: Matrix<B>,
    mean: Matrix<B>,
    scale: Matrix<B>,
    kind: Scale,
) -> Vector<B> {
    B::gaussian_nll(x, mean, scale, kind)
}

/// Gaussian with one known standard deviation.
pub fn gaussian_nll_fixed<B: Backend>(x: Matrix<B>, mean: Matrix<B>, sigma: f32) -> Vector<B> {
    B::gaussian_nll_fixed(x, mean, sigma)
}

/// Whole numbers `0..levels` with uniform noise, scaled to `[0, 1)`: `(value + noise) / levels`.
pub fn dequantise<B: Backend>(values: Matrix<B>, noise: Matrix<B>, levels: usize) -> Matrix<B> {
    (values + noise) / levels as f32
}

/// Gaussian on dequantised values, with an optional floor on `log_sigma` (below it the gradient is
/// zero). Add [`discrete_nats`] for nats of the whole numbers.
pub fn quantized_normal_nll<B: Backend>(
    x: Matrix<B>,
    mean: Matrix<B>,
    log_sigma: Matrix<B>,
    floor: Option<f32>,
) -> Vector<B> {
    let log_sigma = match floor {
        Some(floor) => log_sigma.clamp(floor, f32::MAX),
        None => log_sigma,
    };
    B::gaussian_nll(x, mean, log_sigma, Scale::LogSigma)
}

/// What turns nats of dequantised values into nats of whole numbers: `D ln levels`.
pub fn discrete_nats(dimensions: usize, levels: usize) -> f32 {
    (dimensions as f64 * (levels as f64).ln()) as f32
}

/// Row-wise `x − logsumexp(x)`.
pub fn log_softmax<B: Backend>(x: Matrix<B>) -> Matrix<B> {
    B::log_softmax(x)
}

/// Row-wise `ln Σ exp(x)`.
pub fn logsumexp<B: Backend>(x: Matrix<B>) -> Vector<B> {
    B::logsumexp(x)
}

/// Categorical: `−log_softmax(logits)[row, label]`.
pub fn cross_entropy<B: Backend>(logits: Matrix<B>, labels: &[usize]) -> Vector<B> {
    B::cross_entropy(logits, labels)
}

/// The losses of a batch of sequences whose tokens past a length do not count.
pub struct SequenceLoss<B: Backend> {
    /// `[B·T]`, zero past the length.
    pub token_nll: Vector<B>,
    /// `[B]`
    pub sequence_nll: Vector<B>,
    /// Mean over sequences of their sums.
    pub batch_mean: Scalar<B>,
    /// Sum over all counted tokens divided by their number; its exponential is the perplexity.
    pub token_mean: Scalar<B>,
}

/// Cross entropy of sequences: logits `[B·T, V]` and targets row by row, `lengths` per sequence.
pub fn masked_sequence_cross_entropy<B: Backend>(
    logits: Matrix<B>,
    targets: &[usize],
    lengths: &[usize],
) -> SequenceLoss<B> {
    let sequences = lengths.len().max(1);
    let time = targets.len() / sequences;
    let device = logits.device().clone();
    let counts = |i: usize| {
        if i % time < lengths[i / time] {
            1.0
        } else {
            0.0
        }
    };
    let mask = device.vector((0..targets.len()).map(counts).collect());
    let counted: usize = lengths.iter().map(|l| (*l).min(time)).sum();
    let token_nll = B::cross_entropy(logits, targets) * mask;
    let sequence_nll = token_nll.clone().reshape((lengths.len(), time)).sum_rows();
    let total = sequence_nll.clone().sum();
    SequenceLoss {
        batch_mean: total.clone() / sequences as f32,
        token_mean: total / counted.max(1) as f32,
        token_nll,
        sequence_nll,
    }
}

/// KL from N(mean, exp(log_var)) to N(0, I): `½ Σ (mean² + e^log_var − log_var − 1)`.
pub fn kl_standard<B: Backend>(mean: Matrix<B>, log_var: Matrix<B>) -> Vector<B> {
    B::kl_standard(mean, log_var)
}

/// KL from N(mean1, exp(log_var1)) to N(mean2, exp(log_var2)), both diagonal.
pub fn kl_diagonal<B: Backend>(
    mean1: Matrix<B>,
    log_var1: Matrix<B>,
    mean2: Matrix<B>,
    log_var2: Matrix<B>,
) -> Vector<B> {
    let precision = (-log_var2.clone()).exp();
    let ratio = (log_var1.clone() - log_var2.clone()).exp();
    let distance = (mean1 - mean2).square() * precision;
    (log_var2 - log_var1 + ratio + distance - 1.0).sum_rows() * 0.5
}

/// The reparameterised sample `mean + exp(log_var / 2) · noise`.
pub fn gaussian_sample<B: Backend>(
    mean: Matrix<B>,
    log_var: Matrix<B>,
    noise: Matrix<B>,
) -> Matrix<B> {
    B::gaussian_sample(mean, log_var, noise)
}

/// Columns `..at` and `at..`: the two heads of an encoder.
pub fn split_columns<B: Backend>(x: Matrix<B>, at: usize) -> (Matrix<B>, Matrix<B>) {
    B::split_columns(x, at)
}
