//! The gradient penalty of WGAN-GP (Gulrajani et al. 2017), exact with first-order differentiation.
//!
//! The penalty wants the gradient, with respect to the weights, of the norm of the critic's input
//! gradient. Finite differences are useless for it: near a kink of a leaky ReLU they count the jump of
//! the slope, which the true gradient leaves out, and the error does not shrink with the step. So
//! the input gradient is built as a forward computation: from ones at the output through every
//! layer's adjoint, with the same weights, down to the image. The tape records that computation, and
//! one ordinary backward pass differentiates it.
//!
//! Slopes of piecewise linear activations are constants, so the critic itself runs without being recorded
//! and biases get no gradient; slopes of smooth ones depend on the weights, and then
//! the critic is recorded as well.

use super::backend::Backend;
use super::layers::{Activation, Stack, Stage};
use super::params::{Param, Pass};
use super::tape::Tape;
use super::tensor::{Images, Matrix, Scalar, Tensor, Vector};
use dfdx::prelude::Shape;

/// Added to squared norms under the root, whose slope at zero would be infinite. Small beside the square of any
/// slope that a critic has: what it takes from the norm it takes from the penalty's gradient as well.
const EPS: f32 = 1e-30;

/// A network's output and its gradient with respect to the input.
#[derive(Debug)]
pub struct InputGradient<B: Backend> {
    /// Sum of the outputs per example `[N]`.
    pub output: Vector<B>,
    /// Gradient of that sum with respect to the example, `[N, C, H, W]`; differentiable.
    pub gradient: Images<B>,
}

/// The gradient of `critic`'s output with respect to `x`, as a computation on the tape of `pass`.
///
/// Panics if batch norm ties the examples together ([`Stack::has_batch_norm`]): they then have no
/// gradients of their own.
pub fn input_gradient<B: Backend>(
    critic: &Stack,
    pass: &Pass<B>,
    x: Images<B>,
) -> InputGradient<B> {
    let smooth = critic
        .stages
        .iter()
        .any(|s| !slope(s).is_piecewise_linear());
    let weights = Weights {
        pass,
        recorded: smooth,
    };
    let (mut sizes, mut results) = (vec![x.shape()], Vec::new());
    let mut y = x;
    for stage in &critic.stages {
        y = weights.forward(stage, y);
        sizes.push(y.shape());
        results.push(y.clone());
    }
    let output = super::layers::rows(y.clone()).sum_rows();

    let mut gradient = y.device().full(1.0, y.shape());
    for ((stage, y), size) in critic.stages.iter().zip(results).zip(&sizes).rev() {
        let upstream = B::times_derivative(gradient, y, slope(stage));
        gradient = adjoint(stage, pass, upstream, *size);
    }
    InputGradient { output, gradient }
}

/// Euclidean norm of every example's numbers, `[N]`.
pub fn norms<B: Backend>(gradient: Images<B>) -> Vector<B> {
    (super::layers::rows(gradient).square().sum_rows() + EPS).sqrt()
}

/// `weight · mean (‖∇f(x)‖ − 1)²`.
pub fn gradient_penalty<B: Backend>(
    critic: &Stack,
    pass: &Pass<B>,
    x: Images<B>,
    weight: f32,
) -> Scalar<B> {
    let InputGradient { gradient, .. } = input_gradient(critic, pass, x);
    (norms(gradient) - 1.0).square().mean() * weight
}

/// `real + alpha (fake − real)`, one `alpha` `[N]` per example; constants.
pub fn interpolates<B: Backend>(real: Images<B>, fake: Images<B>, alpha: Vector<B>) -> Images<B> {
    let shape = real.shape();
    let (real, fake) = (
        super::layers::rows(real.detach()),
        super::layers::rows(fake.detach()),
    );
    let step: Matrix<B> = (fake - real.clone()).times_column(alpha.detach());
    (real + step).reshape(shape)
}

/// The activation that ends a stage.
fn slope(stage: &Stage) -> Activation {
    match stage {
        Stage::Linear(_, a) | Stage::Conv(_, a) | Stage::ConvTranspose(_, a) => *a,
        Stage::Norm(_, a) => *a,
        Stage::Residual(_) | Stage::Reshape(..) => Activation::Identity,
    }
}

/// Runs stages with weights that are tracked or not.
struct Weights<'a, 'p, B: Backend> {
    pass: &'a Pass<'p, B>,
    recorded: bool,
}

impl<B: Backend> Weights<'_, '_, B> {
    fn get<S: Shape>(&self, param: Param<S>) -> Tensor<S, B> {
        let tensor = self.pass.get(param);
        match self.recorded {
            true => tensor,
            false => tensor.retaped(Tape::constant()),
        }
    }

    fn forward(&self, stage: &Stage, x: Images<B>) -> Images<B> {
        match stage {
            Stage::Linear(layer, activation) => {
                let bias = layer.bias.map(|bias| self.get(bias));
                let x = super::layers::rows(x);
                let y = B::linear(x, self.get(layer.weight), bias, *activation);
                let (n, features) = y.shape();
                y.reshape((n, features, 1, 1))
            }
            Stage::Conv(layer, activation) => {
                let bias = layer.bias.map(|bias| self.get(bias));
                B::conv2d(x, self.get(layer.weight), bias, layer.window, *activation)
            }
            Stage::ConvTranspose(layer, activation) => {
                let bias = layer.bias.map(|bias| self.get(bias));
                let (weight, extra) = (self.get(layer.weight), layer.output_padding);
                B::conv_transpose2d(x, weight, bias, layer.window, extra, *activation)
            }
            Stage::Reshape(c, h, w) => {
                let n = x.shape().0;
                x.reshape((n, *c, *h, *w))
            }
            Stage::Norm(..) | Stage::Residual(_) => {
                panic!(
                    "batch norm ties the examples of a batch: they have no gradients of their own"
                )
            }
        }
    }
}

/// A linear stage's adjoint: from the gradient of its result to that of its input, of `size`.
fn adjoint<B: Backend>(
    stage: &Stage,
    pass: &Pass<B>,
    upstream: Images<B>,
    size: (usize, usize, usize, usize),
) -> Images<B> {
    let none = Activation::Identity;
    let (_, _, h, w) = size;
    match stage {
        Stage::Linear(layer, _) => {
            let across = pass.get(layer.weight).transpose();
            B::linear(super::layers::rows(upstream), across, None, none).reshape(size)
        }
        Stage::Conv(layer, _) => {
            let (_, _, oh, ow) = upstream.shape();
            let least = layer.window.large((oh, ow), (0, 0));
            let extra = (h - least.0, w - least.1);
            let weight = pass.get(layer.weight);
            B::conv_transpose2d(upstream, weight, None, layer.window, extra, none)
        }
        Stage::ConvTranspose(layer, _) => {
            B::conv2d(upstream, pass.get(layer.weight), None, layer.window, none)
        }
        Stage::Reshape(..) | Stage::Norm(..) | Stage::Residual(_) => upstream.reshape(size),
    }
}
