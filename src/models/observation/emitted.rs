//! What a decoder emits, on the tape: the twin of [`Decoded`] that trainings differentiate.

use super::Decoded;
use super::LEAST_LOG_SIGMA;
use super::LEVELS;
use super::ObservationModel;
use super::levels;
use crate::models::Rows;
use crate::nn::backend::Backend;
use crate::nn::losses;
use crate::nn::tensor::Matrix;
use crate::nn::tensor::Scalar;
use crate::nn::tensor::Vector;

/// The parameters of p(x|z) on a device, a row per z, with the density they belong to.
pub struct Emitted<B: Backend> {
    model: ObservationModel,
    matrix: Matrix<B>,
}

impl<B: Backend> Emitted<B> {
    /// What a decoder emitted.
    pub fn new(model: ObservationModel, matrix: Matrix<B>) -> Self {
        Emitted { model, matrix }
    }

    /// −log p(x|z) per row of `x`, in nats, in single precision: what is trained. That of a quantized normal is for
    /// grey values [under noise](super::dequantised), over which its mean is at least that of their levels.
    pub fn nll(self, x: Matrix<B>) -> Vector<B> {
        let (n, d) = x.shape();
        match self.model {
            ObservationModel::Bernoulli => losses::bernoulli_nll(self.matrix, x),
            ObservationModel::Gaussian { sigma } => {
                losses::gaussian_nll_fixed(x, self.matrix, sigma)
            }
            ObservationModel::QuantizedNormal => {
                let (mean, log_sigma) = losses::split_columns(self.matrix, d);
                // From a density in units of the grey value to nats of whole levels.
                let levels = losses::discrete_nats(d, levels::HIGHEST as usize);
                losses::quantized_normal_nll(x, mean, log_sigma, Some(LEAST_LOG_SIGMA)) + levels
            }
            ObservationModel::Categorical => {
                // The levels of a number side by side.
                let logits = self.matrix.reshape((n, LEVELS, d)).transposed_planes();
                let levels: Vec<usize> = x.to_vec().into_iter().map(levels::nearest).collect();
                let each = losses::cross_entropy(logits.reshape((n * d, LEVELS)), &levels);
                each.reshape((n, d)).sum_rows()
            }
        }
    }

    /// −log p(x|z) per row of `x` as scores have it: the same, but of whole levels where a training has noise.
    pub fn score(self, x: Matrix<B>) -> Vector<B> {
        if self.model != ObservationModel::QuantizedNormal {
            return self.nll(x);
        }
        let logs = self.to_host().logs(&x.to_vec(), x.columns());
        let device = x.device();
        device.vector(logs.into_iter().map(|log| -log as f32).collect())
    }

    /// The same numbers on the host.
    pub fn to_host(&self) -> Decoded {
        let values = self.matrix.to_vec();
        Decoded::new(self.model, Rows::new(self.matrix.columns(), values))
    }

    /// A loss whose value means nothing and whose gradient by what was emitted is `gradient`,
    /// as large as it and row-major.
    pub fn with_gradient(self, gradient: Vec<f32>) -> Scalar<B> {
        let (n, d) = self.matrix.shape();
        let gradient = self.matrix.device().matrix(gradient, n, d);
        (self.matrix * gradient).sum()
    }
}
