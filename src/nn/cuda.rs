//! CUDA: every operation is its twin made of dfdx operations.

use dfdx::tensor::Cuda;

use super::backend::Backend;
use super::compose;
use super::optim::AdamHyper;
use super::tensor::Vector;

impl Backend for Cuda {
    type View = ();
    type Moment = Vector<Cuda>;

    const NAME: &'static str = "cuda";

    fn moment(&self, values: Vec<f32>) -> Vector<Cuda> {
        self.vector(values)
    }

    fn moment_to_host(moment: &Vector<Cuda>) -> Vec<f32> {
        moment.to_vec()
    }

    fn adam(
        hyper: &AdamHyper,
        t: u64,
        parameter: &mut Vector<Cuda>,
        first: &mut Vector<Cuda>,
        second: &mut Vector<Cuda>,
        gradient: &Vector<Cuda>,
    ) {
        compose::adam(hyper, t, parameter, first, second, gradient);
    }
}
