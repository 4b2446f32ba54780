//! Sums through an activation, and products with an activation's derivative.

use dfdx::prelude::*;
use rayon::prelude::*;

use super::activation;
use super::math::{add_over, wide};
use super::view::{Input, Slot, output};
use crate::nn::compose;
use crate::nn::layers::Activation;
use crate::nn::tape::Tape;
use crate::nn::tensor::{Tensor, Vector};

/// Numbers that one task takes.
const PIECE: usize = 1 << 15;

/// `to += from`
pub(super) fn accumulate(to: &mut [f32], from: &[f32]) {
    let pieces = to.par_chunks_mut(PIECE).zip(from.par_chunks(PIECE));
    pieces.for_each(|(to, from)| {
        add_over(
            to,
            [from],
            #[inline(always)]
            |[x]| x,
        );
    });
}

/// See [`Backend::plus_scaled`](crate::nn::backend::Backend::plus_scaled).
pub(super) fn plus_scaled(x: Vector<Cpu>, y: &Vector<Cpu>, factor: f32) -> Vector<Cpu> {
    let (x, y) = (Input::of(x), Input::of(y.clone()));
    let mut sum = x.numbers.to_vec();
    assert_eq!(sum.len(), y.numbers.len(), "lengths of two summands");
    let pieces = sum.par_chunks_mut(PIECE).zip(y.numbers.par_chunks(PIECE));
    // The factor by value: behind a reference it might be one of the numbers that are written.
    pieces.for_each(move |(sum, y)| {
        wide(
            #[inline(always)]
            move || {
                for (sum, y) in sum.iter_mut().zip(y) {
                    *sum += y * factor;
                }
            },
        );
    });
    let shape = (sum.len(),);
    output(&x.device, sum, shape, Tape::constant())
}

/// `sums += Σ rows`, in the order of the rows.
pub(super) fn add_rows(sums: &mut [f32], rows: &[f32]) {
    const COLUMNS: usize = 512;
    let width = sums.len().max(1);
    let add = |(part, sums): (usize, &mut [f32])| {
        wide(
            #[inline(always)]
            move || {
                for row in rows.chunks_exact(width) {
                    let row = &row[part * COLUMNS..][..sums.len()];
                    for (sum, x) in sums.iter_mut().zip(row) {
                        *sum += x;
                    }
                }
            },
        );
    };
    match rows.len() > PIECE {
        true => sums.par_chunks_mut(COLUMNS).enumerate().for_each(add),
        false => sums.chunks_mut(COLUMNS).enumerate().for_each(add),
    }
}

/// Adds `bias` to every row, then applies the activation.
pub(super) fn finish_rows(activation: Activation, rows: &mut [f32], bias: Option<&[f32]>) {
    let Some(bias) = bias.filter(|bias| !bias.is_empty()) else {
        return apply(activation, rows);
    };
    let piece = PIECE.div_ceil(bias.len()) * bias.len();
    rows.par_chunks_mut(piece).for_each(|rows| {
        wide(
            #[inline(always)]
            || {
                for row in rows.chunks_exact_mut(bias.len()) {
                    for (y, b) in row.iter_mut().zip(bias) {
                        *y += b;
                    }
                }
            },
        );
        activation::apply(activation, rows);
    });
}

/// `activation::apply` in parallel.
pub(super) fn apply(activation: Activation, values: &mut [f32]) {
    if activation != Activation::Identity {
        let pieces = values.par_chunks_mut(PIECE);
        pieces.for_each(|values| activation::apply(activation, values));
    }
}

/// `activation::times_derivative` in parallel.
pub(super) fn scale(activation: Activation, upstream: &mut [f32], y: &[f32]) {
    if activation != Activation::Identity {
        let pieces = upstream.par_chunks_mut(PIECE).zip(y.par_chunks(PIECE));
        pieces.for_each(|(u, y)| activation::times_derivative(activation, u, y));
    }
}

/// See [`Backend::add`](crate::nn::backend::Backend::add).
pub(super) fn add<S: Shape>(
    a: Tensor<S, Cpu>,
    b: Tensor<S, Cpu>,
    activation: Activation,
) -> Tensor<S, Cpu> {
    let shape = a.shape();
    assert_eq!(shape, b.shape(), "shapes of two summands");
    let (a, b) = (Input::of(a), Input::of(b));
    let tape = a.tape.joined(&b.tape);
    let mut y = a.numbers.to_vec();
    accumulate(&mut y, &b.numbers);
    apply(activation, &mut y);
    let out = output(&a.device, y, shape, tape.clone());
    if tape.is_recording() {
        let slot = Slot::of(&out.inner);
        let y = Input::of(out.clone()).numbers;
        tape.record(move |gradients| {
            let mut upstream = slot.take(gradients)?;
            scale(activation, &mut upstream, &y);
            for input in [a, b] {
                if input.is_tracked() {
                    accumulate(input.slot.add(gradients)?, &upstream);
                }
            }
            Ok(())
        });
    }
    out
}

/// See [`Backend::times_derivative`](crate::nn::backend::Backend::times_derivative).
pub(super) fn times_derivative<S: Shape>(
    x: Tensor<S, Cpu>,
    y: Tensor<S, Cpu>,
    activation: Activation,
) -> Tensor<S, Cpu> {
    if y.is_tracked() && !activation.is_piecewise_linear() {
        return compose::pixels::times_derivative(x, y, activation);
    }
    let shape = x.shape();
    assert_eq!(shape, y.shape(), "shapes of a factor and a result");
    let (x, y) = (Input::of(x), Input::of(y));
    let mut product = x.numbers.to_vec();
    scale(activation, &mut product, &y.numbers);
    let out = output(&x.device, product, shape, x.tape.clone());
    if x.is_tracked() {
        let slot = Slot::of(&out.inner);
        let (y, x_slot) = (y.numbers, x.slot);
        x.tape.record(move |gradients| {
            let mut upstream = slot.take(gradients)?;
            scale(activation, &mut upstream, &y);
            accumulate(x_slot.add(gradients)?, &upstream);
            Ok(())
        });
    }
    out
}
