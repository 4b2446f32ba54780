//! What a decoder emits, on the tape: the twin of [`Decoded`] that trainings differentiate.

use super::Decoded;
use super::ObservationModel;
use crate::models::Rows;
use crate::nn::backend::Backend;
use crate::nn::losses;
use crate::nn::tensor::Matrix;
use crate::nn::tensor::Scalar;
use crate::nn::tensor::Vector;

/// The parameters of p(x|z) on a device, `[n, dimensions]`, with the density they belong to.
pub struct Emitted<B: Backend> {
    model: ObservationModel,
    matrix: Matrix<B>,
}

impl<B: Backend> Emitted<B> {
    /// What a decoder emitted.
    pub fn new(model: ObservationModel, matrix: Matrix<B>) -> Self {
        Emitted { model, matrix }
    }

    /// −log p(x|z) per row of `x`, in nats, in single precision.
    pub fn nll(self, x: Matrix<B>) -> Vector<B> {
        match self.model {
            ObservationModel::Bernoulli => losses::bernoulli_nll(self.matrix, x),
            ObservationModel::Gaussian { sigma } => {
                losses::gaussian_nll_fixed(x, self.matrix, sigma)
            }
        }
    }

    /// The same numbers on the host.
    pub fn to_host(&self) -> Decoded {
        let values = self.matrix.to_vec();
        Decoded::new(self.model, Rows::new(self.matrix.columns(), values))
    }

    /// A loss whose value means nothing and whose gradient by what was emitted is `gradient`,
    /// `[n, dimensions]` row-major.
    pub fn with_gradient(self, gradient: Vec<f32>) -> Scalar<B> {
        let (n, d) = self.matrix.shape();
        let gradient = self.matrix.device().matrix(gradient, n, d);
        (self.matrix * gradient).sum()
    }
}
