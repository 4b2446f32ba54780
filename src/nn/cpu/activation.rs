//! Activations in place, and their derivatives in terms of their results.

use dfdx::prelude::*;

use super::math::{exp, sigmoid, softplus, tanh, wide};
use super::view::{Input, Slot, output};
use crate::nn::layers::Activation;
use crate::nn::tensor::Tensor;

#[inline(always)]
fn map(values: &mut [f32], f: impl Fn(f32) -> f32) {
    wide(
        #[inline(always)]
        move || {
            for v in values {
                *v = f(*v);
            }
        },
    );
}

#[inline(always)]
fn scale(upstream: &mut [f32], y: &[f32], derivative: impl Fn(f32) -> f32) {
    wide(
        #[inline(always)]
        move || {
            for (u, y) in upstream.iter_mut().zip(y) {
                *u *= derivative(*y);
            }
        },
    );
}

/// Applies an activation in place.
pub(super) fn apply(activation: Activation, values: &mut [f32]) {
    match activation {
        Activation::Identity => {}
        Activation::Relu => map(
            values,
            #[inline(always)]
            move |x| x.max(0.0),
        ),
        Activation::LeakyRelu(slope) => map(
            values,
            #[inline(always)]
            move |x| if x > 0.0 { x } else { slope * x },
        ),
        Activation::Elu(alpha) => map(
            values,
            #[inline(always)]
            move |x| match x > 0.0 {
                true => x,
                false => alpha * (exp(x) - 1.0),
            },
        ),
        Activation::Tanh => map(values, tanh),
        Activation::Sigmoid => map(values, sigmoid),
        Activation::Softplus => map(values, softplus),
        Activation::LogSigmoid => map(
            values,
            #[inline(always)]
            move |x| -softplus(-x),
        ),
    }
}

/// 1 − e^(−y) for y ≥ 0, to seven digits also where little is left of the difference.
#[inline(always)]
fn one_less_exp(y: f32) -> f32 {
    // The next term of the series is below 3e-8 of the sum there.
    let series = y * (1.0 - y / 2.0 * (1.0 - y / 3.0 * (1.0 - y / 4.0 * (1.0 - y / 5.0))));
    match y < 0.125 {
        true => series,
        false => 1.0 - exp(-y),
    }
}

/// Multiplies `upstream` by the activation's derivative where its result is `y`.
pub(super) fn times_derivative(activation: Activation, upstream: &mut [f32], y: &[f32]) {
    match activation {
        Activation::Identity => {}
        Activation::Relu => scale(
            upstream,
            y,
            #[inline(always)]
            move |y| if y > 0.0 { 1.0 } else { 0.0 },
        ),
        Activation::LeakyRelu(slope) => scale(
            upstream,
            y,
            #[inline(always)]
            move |y| if y > 0.0 { 1.0 } else { slope },
        ),
        Activation::Elu(alpha) => scale(
            upstream,
            y,
            #[inline(always)]
            move |y| if y > 0.0 { 1.0 } else { y + alpha },
        ),
        Activation::Tanh => scale(
            upstream,
            y,
            #[inline(always)]
            move |y| 1.0 - y * y,
        ),
        Activation::Sigmoid => scale(
            upstream,
            y,
            #[inline(always)]
            move |y| y * (1.0 - y),
        ),
        Activation::Softplus => scale(upstream, y, one_less_exp),
        Activation::LogSigmoid => scale(
            upstream,
            y,
            #[inline(always)]
            move |y| one_less_exp(-y),
        ),
    }
}

/// See [`Backend::activate`](crate::nn::backend::Backend::activate).
pub(super) fn activate<S: Shape>(x: Tensor<S, Cpu>, activation: Activation) -> Tensor<S, Cpu> {
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
