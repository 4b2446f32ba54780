//! What an iteration takes from data and chance: batches and draws, all in the order of the calls.

use crate::models::Rows;
use crate::models::observation;
use crate::nn::Backend;
use crate::nn::Matrix;
use crate::nn::Vector;
use crate::random::Stream;
use crate::training::Iteration;

/// Random numbers on a device.
pub(super) struct Draws<B: Backend> {
    device: B,
    stream: Stream,
    latent: usize,
}

impl<B: Backend> Draws<B> {
    pub(super) fn new(device: B, stream: Stream, latent: usize) -> Self {
        Draws {
            device,
            stream,
            latent,
        }
    }

    /// z ~ N(0, I), `[n, latent]`: the prior, or the noise of a Gaussian encoder.
    pub(super) fn prior(&mut self, n: usize) -> Matrix<B> {
        self.normal(n, self.latent)
    }

    /// N(0, I), `[n, columns]`
    pub(super) fn normal(&mut self, n: usize, columns: usize) -> Matrix<B> {
        let values = self.stream.normal(n * columns);
        self.device.matrix(values, n, columns)
    }

    /// U(0, 1), `[n]`
    pub(super) fn uniform(&mut self, n: usize) -> Vector<B> {
        let values = self.stream.uniform(n, 0.0, 1.0);
        self.device.vector(values)
    }
}

/// A batch as networks see it, and as p(x|z) weighs it: under the noise of a quantized normal.
#[derive(Clone)]
pub(super) struct Observed<B: Backend> {
    pub seen: Matrix<B>,
    pub weighed: Matrix<B>,
}

/// One iteration.
pub(super) struct Round<'a, 'b, B: Backend> {
    pub draws: Draws<B>,
    pub at: &'a mut Iteration<'b>,
    pub data: &'a Rows,
    /// Whether p(x|z) is over grey levels under noise.
    pub dequantise: bool,
}

impl<B: Backend> Round<'_, '_, B> {
    /// The next batch, `[n, dimensions]`.
    pub(super) fn batch(&mut self) -> Matrix<B> {
        let rows = self.at.draw();
        let x = self.data.gather(&rows);
        self.draws.device.matrix(x, rows.len(), self.data.columns)
    }

    /// The next batch for a p(x|z).
    pub(super) fn observed(&mut self) -> Observed<B> {
        let seen = self.batch();
        let weighed = match self.dequantise {
            false => seen.clone(),
            true => {
                let (n, d) = seen.shape();
                let x = observation::dequantised(seen.to_vec(), &mut self.draws.stream);
                self.draws.device.matrix(x, n, d)
            }
        };
        Observed { seen, weighed }
    }

    pub(super) fn report(&mut self, name: &'static str, loss: f64, observations: usize) {
        self.at.report(name, loss, observations);
    }
}
