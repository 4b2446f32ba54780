//! What discriminators and those who play against them lose, from logits a = ln D/(1 − D).
//!
//! Logarithms of probabilities are computed from logits, so that they stay finite.

use crate::nn::Activation;
use crate::nn::Backend;
use crate::nn::Matrix;
use crate::nn::Scalar;
use crate::nn::Vector;

/// −E ln D = E softplus(−a): lost where these should be taken for real. It is also the
/// non-saturating loss of a generator (Goodfellow et al. 2014, section 3).
pub(super) fn as_real<B: Backend>(logits: Vector<B>) -> Scalar<B> {
    Activation::Softplus.apply(-logits).mean()
}

/// −E ln (1 − D) = E softplus(a): lost where these should be taken for made up.
pub(super) fn as_fake<B: Backend>(logits: Vector<B>) -> Scalar<B> {
    Activation::Softplus.apply(logits).mean()
}

/// E ‖x − y‖₁ / dimensions: the mean over all numbers of all rows.
pub(super) fn l1<B: Backend>(x: Matrix<B>, y: Matrix<B>) -> Scalar<B> {
    (x - y).abs().mean()
}

/// E ‖z − y‖²: summed over the dimensions.
pub(super) fn squared<B: Backend>(z: Matrix<B>, y: Matrix<B>) -> Scalar<B> {
    (z - y).square().sum_rows().mean()
}
