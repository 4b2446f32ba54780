//! Twins of operations on pixels and channels: shifts, gates, sums, and derivatives of activations.

use dfdx::prelude::*;

use super::conv::{columns, gather, images};
use crate::nn::backend::Backend;
use crate::nn::layers::Activation;
use crate::nn::tape::Tape;
use crate::nn::tensor::{Images, Matrix, Tensor};

/// See [`Backend::shift`].
pub fn shift<B: Backend>(x: Images<B>, down: usize, right: usize) -> Images<B> {
    let shape = x.shape();
    let (_, c, h, w) = shape;
    let nothing = c * h * w;
    let mut from = Vec::with_capacity(nothing);
    for channel in 0..c {
        for y in 0..h {
            for x in 0..w {
                from.push(match (y.checked_sub(down), x.checked_sub(right)) {
                    (Some(y), Some(x)) => (channel * h + y) * w + x,
                    _ => nothing,
                });
            }
        }
    }
    images(gather(columns(x), from), shape)
}

/// See [`Backend::gate`].
pub fn gate<B: Backend>(x: Matrix<B>) -> Matrix<B> {
    let half = x.columns() / 2;
    let (a, b) = super::split_columns(x, half);
    super::activate(a, Activation::Tanh) * super::activate(b, Activation::Sigmoid)
}

/// See [`Backend::add`].
pub fn add<S: Shape, B: Backend>(
    a: Tensor<S, B>,
    b: Tensor<S, B>,
    activation: Activation,
) -> Tensor<S, B> {
    super::activate(a + b, activation)
}

/// 1 − e^(−y) for y ≥ 0, as 2t / (1 + t) with t = tanh(y / 2): a difference would lose its digits near 0.
fn one_less_exp<S: Shape, B: Backend>(y: Tensor<S, B>) -> Tensor<S, B> {
    let t = (y * 0.5).tanh();
    t.clone() * 2.0 / (t + 1.0)
}

/// See [`Backend::times_derivative`].
pub fn times_derivative<S: Shape, B: Backend>(
    x: Tensor<S, B>,
    y: Tensor<S, B>,
    activation: Activation,
) -> Tensor<S, B> {
    // 1 where y is positive, as a constant: the step itself has no gradient.
    let positive = |y: &Tensor<S, B>| {
        let y = y.retaped(Tape::constant()).into_dfdx();
        let ones = y.device().ones_like(y.shape()).put_tape(Tape::constant());
        let zeros = y.device().zeros_like(y.shape()).put_tape(Tape::constant());
        Tensor::<S, B>::from_dfdx(y.gt(0.0).choose(ones, zeros))
    };
    match activation {
        Activation::Identity => x,
        Activation::Relu => x * positive(&y),
        Activation::LeakyRelu(slope) => x * (positive(&y) * (1.0 - slope) + slope),
        Activation::Elu(alpha) => {
            let above = positive(&y);
            let below = -above.clone() + 1.0;
            x * ((y + alpha) * below + above)
        }
        Activation::Tanh => x * (-y.square() + 1.0),
        Activation::Sigmoid => x * (y.clone() - y.square()),
        Activation::Softplus => x * one_less_exp(y),
        Activation::LogSigmoid => x * one_less_exp(-y),
    }
}
