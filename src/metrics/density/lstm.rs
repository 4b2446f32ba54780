//! A Gaussian autoregressive density by an LSTM: `p(z) = Π_i N(z_i; μ_i(z_<i), σ_i²(z_<i))`.

use crate::nn::Backend;
use crate::nn::Builder;
use crate::nn::Linear;
use crate::nn::Lstm;
use crate::nn::Matrix;
use crate::nn::Pass;
use crate::nn::Scale;
use crate::nn::Vector;
use crate::nn::layers::time_major;
use crate::nn::losses;

/// An LSTM that reads z_{i−1} (0 before the first) and says a mean and a log scale of z_i.
#[derive(Clone, Debug)]
pub struct LstmDensity {
    lstm: Lstm,
    head: Linear,
}

impl LstmDensity {
    /// With so many units, for vectors of any dimension.
    pub fn new<B: Backend>(builder: &mut Builder<'_, B>, units: usize) -> Self {
        LstmDensity {
            lstm: Lstm::new(&mut builder.part("lstm"), 1, units, 1),
            head: Linear::new(&mut builder.part("head"), units, 2),
        }
    }

    /// `[n]`, in nats.
    pub fn log_density<B: Backend>(&self, pass: &Pass<B>, z: Matrix<B>) -> Vector<B> {
        let (n, d) = z.shape();
        let device = pass.device();
        // Steps are blocks of rows: those of step i hold z_i, what is read there z_{i−1}.
        let steps = time_major(&z.to_vec(), n);
        let mut read = vec![0.0; n];
        read.extend_from_slice(&steps[..n * (d - 1)]);
        let (steps, read) = (
            device.matrix(steps, n * d, 1),
            device.matrix(read, n * d, 1),
        );
        let first = self.lstm.zero_state(device, n);
        let hidden = self.lstm.forward(pass, read, first).y;
        let (mean, log_sigma) = B::split_columns(self.head.forward(pass, hidden), 1);
        let nll = losses::gaussian_nll(steps, mean, log_sigma, Scale::LogSigma);
        -nll.reshape((d, n)).transpose().sum_rows()
    }
}
