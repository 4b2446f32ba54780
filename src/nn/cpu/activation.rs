//! Activations in place, and their derivatives in terms of their results.

use dfdx::prelude::*;

use super::math::{exp, sigmoid, softplus, tanh, wide};
use super::view::{Input, Slot, output};
use crate::nn::layers::Activation;
use crate::nn::tensor::Tensor;

// The functions are copied into the loops, and both sides of a choice are computed before it is made:
// a load or a branch that depends on an element keeps the loop from being vectorised.

#[inline(always)]
fn map(values: &mut [f32], f: impl Fn(f32) -> f32 + Copy) {
    wide(move || {
        for v in values {
            *v = f(*v);
        }
    });
}

#[inline(always)]
fn scale(upstream: &mut [f32], y: &[f32], derivative: impl Fn(f32) -> f32 + Copy) {
    wide(move || {
        for (u, y) in upstream.iter_mut().zip(y) {
            *u *= derivative(*y);
        }
    });
}

/// Applies an activation in place.
pub fn apply(activation: Activation, values: &mut [f32]) {
    match activation {
        Activation::Identity => {}
        Activation::Relu => map(values, |x| x.max(0.0)),
        Activation::LeakyRelu(slope) => map(values, move |x| {
            let scaled = slope * x;
            if x > 0.0 { x } else { scaled }
        }),
        Activation::Elu(alpha) => map(values, move |x| {
            let bent = alpha * (exp(x) - 1.0);
            if x > 0.0 { x } else { bent }
        }),
        Activation::Tanh => map(values, tanh),
        Activation::Sigmoid => map(values, sigmoid),
        Activation::Softplus => map(values, softplus),
        Activation::LogSigmoid => map(values, |x| -softplus(-x)),
    }
}

/// Multiplies `upstream` by the activation's derivative where its result is `y`.
pub fn times_derivative(activation: Activation, upstream: &mut [f32], y: &[f32]) {
    match activation {
        Activation::Identity => {}
        Activation::Relu => scale(upstream, y, |y| if y > 0.0 { 1.0 } else { 0.0 }),
        Activation::LeakyRelu(slope) => {
            scale(upstream, y, move |y| if y > 0.0 { 1.0 } else { slope });
        }
        Activation::Elu(alpha) => scale(upstream, y, move |y| {
            let slope = y + alpha;
            if y > 0.0 { 1.0 } else { slope }
        }),
        Activation::Tanh => scale(upstream, y, |y| 1.0 - y * y),
        Activation::Sigmoid => scale(upstream, y, |y| y * (1.0 - y)),
        Activation::Softplus => scale(upstream, y, |y| 1.0 - exp(-y)),
        Activation::LogSigmoid => scale(upstream, y, |y| 1.0 - exp(y)),
    }
}

/// See [`Backend::activate`](crate::nn::backend::Backend::activate).
pub fn activate<S: Shape>(x: Tensor<S, Cpu>, activation: Activation) -> Tensor<S, Cpu> {
    let shape = x.shape();
    let x = Input::of(x);
    let mut y = x.numbers.to_vec();
    apply(activation, &mut y);
    let out = output(&x.device, y, shape, x.tape.clone());
    if x.is_tracked() {
        let slot = Slot::of(&out.inner);
        let y = Input::of(out.clone()).numbers;
        let Input {
            slot: x_slot, tape, ..
        } = x;
        tape.record(move |gradients| {
            let mut upstream = slot.take(gradients)?;
            times_derivative(activation, &mut upstream, &y);
            for (g, u) in x_slot.add(gradients)?.iter_mut().zip(&upstream) {
                *g += u;
            }
            Ok(())
        });
    }
    out
}
