//! Importance-weighted bounds (Burda et al. 2016): from log weights to bounds, gradients and
//! proposals.
//!
//! Log weights `log w = log p(x, z) − log q(z|x)` are matrices `[S, n]`: S samples for each of n
//! observations. Samples are the rows of a matrix `[S·n, d]` in the same order, row `s·n + i`.
//!
//! | file | what |
//! | --- | --- |
//! | [`estimator`] | gradients of the bound: naive, STL, DReG |
//! | [`mixture`] | a mixture of Gaussians as proposal, sampled by strata or by ancestry |
//! | [`quadrature`] | the log likelihood of a one-dimensional latent variable, without sampling |

pub mod estimator;
pub mod mixture;
pub mod quadrature;

#[cfg(test)]
mod tests;

pub use estimator::{Estimator, Weighted, gradients};
pub use mixture::Mixture;
pub use quadrature::log_likelihood;

use super::backend::Backend;
use super::losses;
use super::tensor::{Matrix, Vector};

/// `ln (1/S) Σ_s w_s` per observation: `[S, n]` to `[n]`.
pub fn bound<B: Backend>(log_w: Matrix<B>) -> Vector<B> {
    let samples = log_w.rows() as f32;
    losses::logsumexp(log_w.transpose()) - samples.ln()
}

/// The weights as shares of their sum, softmax over the samples: `[S, n]`.
pub fn normalised<B: Backend>(log_w: Matrix<B>) -> Matrix<B> {
    losses::log_softmax(log_w.transpose()).exp().transpose()
}

/// How many equal weights the weights are worth, `1 / Σ_s w̃_s²`, between 1 and S: `[n]`.
pub fn effective_samples<B: Backend>(log_w: Matrix<B>) -> Vector<B> {
    let squares = normalised(log_w).transpose().square().sum_rows();
    // A power by way of the logarithm: dfdx divides tensors, not numbers by tensors.
    (-squares.ln()).exp()
}

/// Log density of the standard normal prior, `[m, d]` to `[m]`.
pub fn log_prior<B: Backend>(z: Matrix<B>) -> Vector<B> {
    let constant = z.columns() as f32 * losses::HALF_LN_2PI;
    -(z.square().sum_rows() * 0.5 + constant)
}

/// The rows of `x`, all of them `times` times over: `[n, d]` to `[times·n, d]`.
pub fn repeated<B: Backend>(x: Matrix<B>, times: usize) -> Matrix<B> {
    let n = x.rows();
    let rows: Vec<usize> = (0..times * n).map(|r| r % n).collect();
    B::gather_rows(x, &rows)
}
