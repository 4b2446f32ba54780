//! What the networks of a trained system give.

use crate::models::observation::Emitted;
use crate::nn::Backend;
use crate::nn::Matrix;

/// What comes of z.
pub(super) enum Made<B: Backend> {
    /// Observations, by a generator without a likelihood.
    Values(Matrix<B>),
    /// The parameters of p(x|z).
    Density(Emitted<B>),
}

/// What comes of x, `[n, latent]` each.
pub(super) enum Coded<B: Backend> {
    /// A code.
    Point(Matrix<B>),
    /// The moments of q(z|x).
    Gaussian { mean: Matrix<B>, log_var: Matrix<B> },
}
