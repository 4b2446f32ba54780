//! What a backward pass leaves: the gradient of the loss with respect to every recorded tensor.

use dfdx::prelude::*;

use super::backend::Backend;
use super::device;
use super::params::{Param, Params};
use super::tape::Tape;
use super::tensor::{Scalar, Tensor, Vector};

/// Gradients of one loss, by tensor.
pub struct Gradients<B: Backend> {
    pub(super) by_tensor: dfdx::tensor::Gradients<f32, B>,
}

impl<B: Backend> Gradients<B> {
    /// Backpropagates from `loss`. dfdx's own `backward` on an otherwise empty tape puts the one
    /// into the loss's gradient; everything else is on our tape.
    pub(super) fn from_loss(loss: Scalar<B>) -> Self {
        let (inner, tape) = loss.inner.split_tape();
        drop(loss.view);
        let mut by_tensor = inner.leaky_traced().backward();
        tape.play_back(&mut by_tensor)
            .unwrap_or_else(|error| device::failed("the backward pass", &error));
        Gradients { by_tensor }
    }

    /// The gradient with respect to a tensor of the forward pass (zeros if the loss does not
    /// depend on it), as a constant.
    pub fn of<S: Shape>(&mut self, tensor: &Tensor<S, B>) -> Tensor<S, B> {
        B::gradient(&mut self.by_tensor, &tensor.inner, false)
    }
}

/// The gradients of a set of parameters, in their order: what optimisers take.
///
/// Parameters that were constants in the pass have none.
#[derive(Clone)]
pub struct ParamGradients<B: Backend> {
    pub(super) flat: Vec<Option<Vector<B>>>,
}

impl<B: Backend> ParamGradients<B> {
    /// Takes the gradients of the parameters `pass` treated as learnable out of `gradients`.
    pub(super) fn take(params: &Params<B>, gradients: &mut Gradients<B>, learns: &[bool]) -> Self {
        let flat = params
            .flat_tensors()
            .zip(learns)
            .map(|(tensor, learns)| {
                learns.then(|| B::gradient(&mut gradients.by_tensor, &tensor.inner, true))
            })
            .collect();
        ParamGradients { flat }
    }

    /// Builds gradients from given numbers: for tests and hand-made updates.
    pub fn from_host(params: &Params<B>, values: Vec<Option<Vec<f32>>>) -> Self {
        let flat = values
            .into_iter()
            .map(|v| v.map(|v| params.device().vector(v)))
            .collect();
        ParamGradients { flat }
    }

    /// The gradient of one parameter, row-major; `None` if it was a constant.
    pub fn get<S: Shape>(&self, param: Param<S>) -> Option<Vec<f32>> {
        self.flat[param.index()].as_ref().map(Tensor::to_vec)
    }

    /// The gradient of the parameter with this index, row-major.
    pub fn at(&self, index: usize) -> Option<Vec<f32>> {
        self.flat[index].as_ref().map(Tensor::to_vec)
    }

    /// Adds another pass's gradients: gradient accumulation.
    pub fn accumulate(&mut self, other: &Self) {
        self.add(other, 1.0);
    }

    /// Adds another pass's gradients, multiplied by a factor.
    pub fn add(&mut self, other: &Self, factor: f32) {
        for (mine, theirs) in self.flat.iter_mut().zip(&other.flat) {
            *mine = match (mine.take(), theirs) {
                (Some(a), Some(b)) => Some(B::plus_scaled(a, b, factor)),
                (None, Some(b)) => Some(b.clone() * factor),
                (a, None) => a,
            };
        }
    }

    /// Multiplies every gradient by a factor.
    pub fn scale(&mut self, factor: f32) {
        for gradient in self.flat.iter_mut().flatten() {
            *gradient = gradient.clone() * factor;
        }
    }

    /// Euclidean norm over all gradients together. Partial sums are float64 in a fixed order.
    pub fn global_norm(&self) -> f64 {
        self.flat
            .iter()
            .flatten()
            .map(B::sum_of_squares)
            .sum::<f64>()
            .sqrt()
    }

    /// Scales all gradients by `min(1, max_norm / (norm + 1e-6))` and returns the norm before.
    pub fn clip_global_norm(&mut self, max_norm: f64) -> f64 {
        let norm = self.global_norm();
        let factor = max_norm / (norm + 1e-6);
        if factor < 1.0 {
            self.scale(factor as f32);
        }
        norm
    }
}

/// A recording tape that belongs to no parameters: for gradients with respect to inputs alone.
pub fn recording<B: Backend>() -> Tape<B> {
    Tape::recording()
}
