//! The parts of a Gaussian encoder: its two heads, and the reparameterised sample.

use dfdx::prelude::*;

use super::elementwise::accumulate;
use super::math::{add_over, exp};
use super::view::{Input, Slot, output};
use crate::nn::tensor::Matrix;

/// See [`Backend::split_columns`](crate::nn::backend::Backend::split_columns).
pub(super) fn split_columns(x: Matrix<Cpu>, at: usize) -> (Matrix<Cpu>, Matrix<Cpu>) {
    let (rows, columns) = x.shape();
    assert!(at <= columns, "columns ..{at} of {columns}");
    let x = Input::of(x);
    let part = |range: std::ops::Range<usize>| {
        let width = range.len();
        let mut values = Vec::with_capacity(rows * width);
        for r in 0..rows {
            values.extend_from_slice(&x.numbers[r * columns..][range.clone()]);
        }
        let out = output(&x.device, values, (rows, width), x.tape.clone());
        (Slot::of(&out.inner), out)
    };
    let ((left_slot, left), (right_slot, right)) = (part(0..at), part(at..columns));
    if x.is_tracked() {
        let x_slot = x.slot;
        x.tape.record(move |gradients| {
            let (left, right) = (left_slot.take(gradients)?, right_slot.take(gradients)?);
            let target = x_slot.add(gradients)?;
            for r in 0..rows {
                let row = &mut target[r * columns..(r + 1) * columns];
                let (a, b) = row.split_at_mut(at);
                let from = [
                    &left[r * at..][..at],
                    &right[r * (columns - at)..][..columns - at],
                ];
                for (t, u) in a.iter_mut().zip(from[0]) {
                    *t += u;
                }
                for (t, u) in b.iter_mut().zip(from[1]) {
                    *t += u;
                }
            }
            Ok(())
        });
    }
    (left, right)
}

/// See [`Backend::gaussian_sample`](crate::nn::backend::Backend::gaussian_sample).
pub(super) fn gaussian_sample(
    mean: Matrix<Cpu>,
    log_var: Matrix<Cpu>,
    noise: Matrix<Cpu>,
) -> Matrix<Cpu> {
    let shape = mean.shape();
    assert!(
        log_var.shape() == shape && noise.shape() == shape,
        "mean, log variance and noise have one shape"
    );
    let [mean, log_var, noise] = [mean, log_var, noise].map(Input::of);
    let mut spread = vec![0.0; log_var.numbers.len()]; // σ ε
    add_over(
        &mut spread,
        [&log_var.numbers, &noise.numbers],
        #[inline(always)]
        |[s, e]| exp(0.5 * s) * e,
    );
    let values = mean.numbers.iter().zip(&spread).map(|(m, s)| m + s);
    let tape = mean.tape.joined(&log_var.tape).joined(&noise.tape);
    let out = output(&mean.device, values.collect(), shape, tape.clone());
    if tape.is_recording() {
        let slot = Slot::of(&out.inner);
        tape.record(move |gradients| {
            let upstream = slot.take(gradients)?;
            if log_var.is_tracked() {
                add_over(
                    log_var.slot.add(gradients)?,
                    [&upstream, &spread],
                    #[inline(always)]
                    |[u, s]| 0.5 * u * s,
                );
            }
            if noise.is_tracked() {
                add_over(
                    noise.slot.add(gradients)?,
                    [&upstream, &log_var.numbers],
                    #[inline(always)]
                    |[u, s]| u * exp(0.5 * s),
                );
            }
            if mean.is_tracked() {
                accumulate(mean.slot.add(gradients)?, &upstream);
            }
            Ok(())
        });
    }
    out
}
