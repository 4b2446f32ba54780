//! Rows as scores of classes: the softmax and its relatives.

use dfdx::prelude::*;

use super::math::{add_over, exp, sum_over, wide};
use super::rows::{by_row, in_rows, per_row};
use super::view::{Input, Slot, output};
use crate::nn::tensor::{Matrix, Tensor, Vector};

/// Largest element and `Σ exp(x − largest)` of a row.
fn max_and_total(x: &[f32]) -> (f32, f32) {
    let max = largest(x);
    let total = sum_over(
        [x],
        #[inline(always)]
        move |[x]| exp(x - max),
    );
    (max, total)
}

/// The largest number, found in sixteen lanes.
fn largest(x: &[f32]) -> f32 {
    wide(
        #[inline(always)]
        move || {
            let mut lanes = [f32::NEG_INFINITY; 16];
            let (whole, rest) = x.as_chunks::<16>();
            for part in whole {
                for (lane, x) in lanes.iter_mut().zip(part) {
                    *lane = if *x > *lane { *x } else { *lane };
                }
            }
            lanes
                .iter()
                .chain(rest)
                .fold(f32::NEG_INFINITY, |m, v| m.max(*v))
        },
    )
}

/// See [`Backend::logsumexp`](crate::nn::backend::Backend::logsumexp).
pub(super) fn logsumexp(x: Matrix<Cpu>) -> Vector<Cpu> {
    per_row(
        [x],
        |[x]| {
            let (max, total) = max_and_total(x);
            max + total.ln()
        },
        |_, [x], u, target| {
            let (max, total) = max_and_total(x);
            let factor = u / total;
            add_over(
                target,
                [x],
                #[inline(always)]
                move |[x]| factor * exp(x - max),
            );
        },
    )
}

/// See [`Backend::cross_entropy`](crate::nn::backend::Backend::cross_entropy).
pub(super) fn cross_entropy(logits: Matrix<Cpu>, labels: &[usize]) -> Vector<Cpu> {
    let (rows, classes) = logits.shape();
    assert_eq!(labels.len(), rows, "one label per row");
    for label in labels {
        assert!(*label < classes, "label {label} of {classes} classes");
    }
    let x = Input::of(logits);
    let numbers: &[f32] = &x.numbers;
    let sums = by_row(rows, classes, |r| {
        max_and_total(&numbers[r * classes..][..classes])
    });
    let losses = sums.iter().enumerate().map(|(r, (max, total))| {
        let chosen = numbers[r * classes + labels[r]];
        total.ln() - (chosen - max)
    });
    let out = output(&x.device, losses.collect(), (rows,), x.tape.clone());
    if x.is_tracked() {
        let (slot, labels, tape) = (Slot::of(&out.inner), labels.to_vec(), x.tape.clone());
        tape.record(move |gradients| {
            let upstream = slot.take(gradients)?;
            let numbers: &[f32] = &x.numbers;
            in_rows(x.slot.add(gradients)?, classes, |r, target| {
                let (u, (max, total)) = (upstream[r], sums[r]);
                let factor = u / total;
                add_over(
                    target,
                    [&numbers[r * classes..][..classes]],
                    #[inline(always)]
                    move |[x]| factor * exp(x - max),
                );
                target[labels[r]] -= u;
            });
            Ok(())
        });
    }
    out
}

/// See [`Backend::log_softmax`](crate::nn::backend::Backend::log_softmax).
pub(super) fn log_softmax(x: Matrix<Cpu>) -> Matrix<Cpu> {
    let shape @ (_, columns) = x.shape();
    let x = Input::of(x);
    let mut values = x.numbers.to_vec();
    in_rows(&mut values, columns, |_, row| {
        let (max, total) = max_and_total(row);
        let total = total.ln();
        for v in row {
            *v = (*v - max) - total;
        }
    });
    let out: Tensor<_, Cpu> = output(&x.device, values, shape, x.tape.clone());
    if x.is_tracked() {
        let (slot, x_slot) = (Slot::of(&out.inner), x.slot);
        let y = Input::of(out.clone()).numbers;
        x.tape.record(move |gradients| {
            let upstream = slot.take(gradients)?;
            let y: &[f32] = &y;
            in_rows(x_slot.add(gradients)?, columns, |r, target| {
                let n = target.len();
                let (y, u) = (&y[r * n..][..n], &upstream[r * n..][..n]);
                let total = sum_over(
                    [u],
                    #[inline(always)]
                    |[u]| u,
                );
                add_over(
                    target,
                    [y, u],
                    #[inline(always)]
                    move |[y, u]| u - exp(y) * total,
                );
            });
            Ok(())
        });
    }
    out
}
