//! The log likelihood of models with a one-dimensional latent variable, by quadrature: what bounds
//! approach from below.

use crate::nn::backend::Backend;
use crate::nn::losses;
use crate::nn::tensor::Matrix;

/// `ln ∫ p(x_i, z) dz` for n observations by the trapezoid rule on `points` evenly spaced points of
/// `[low, high]`.
///
/// `log_joint` gives log p(x_i, z_g) for latent points `[G, 1]` as `[n, G]`. In nats. Panics for fewer than
/// two points.
pub fn log_likelihood<B: Backend>(
    device: &B,
    (low, high): (f64, f64),
    points: usize,
    log_joint: impl FnOnce(Matrix<B>) -> Matrix<B>,
) -> Vec<f32> {
    assert!(points >= 2, "a quadrature of {points} points");
    let step = (high - low) / (points - 1) as f64;
    let grid = (0..points).map(|g| (low + g as f64 * step) as f32);
    let terms = log_joint(device.matrix(grid.collect(), points, 1));
    // Both ends count half.
    let log_weight = |g: usize| {
        let end = g == 0 || g == points - 1;
        (if end { 0.5 * step } else { step }).ln() as f32
    };
    let n = terms.rows();
    let weights = (0..n).flat_map(|_| (0..points).map(log_weight)).collect();
    losses::logsumexp(terms + device.matrix(weights, n, points)).to_vec()
}
