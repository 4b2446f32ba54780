//! Rows as scores of classes: the softmax and its relatives.

use dfdx::prelude::*;

use super::math::{exp, sum_by, wide};
use super::rows::{add_scaled, by_row, in_rows, per_row};
use super::view::{Input, Slot, output};
use crate::nn::tensor::{Matrix, Tensor, Vector};

/// Largest element and `Σ exp(x − largest)` of a row.
fn max_and_total(x: &[f32]) -> (f32, f32) {
    wide(
        #[inline(always)]
        || {
            let max = x.iter().fold(f32::NEG_INFINITY, |m, v| m.max(*v));
            (
                max,
                sum_by(
                    x.len(),
                    #[inline(always)]
                    |j| exp(x[j] - max),
                ),
            )
        },
    )
}

/// See [`Backend::logsumexp`](crate::nn::backend::Backend::logsumexp).
pub fn logsumexp(x: Matrix<Cpu>) -> Vector<Cpu> {
    per_row(
        [x],
        |[x]| {
            let (max, total) = max_and_total(x);
            max + total.ln()
        },
        |_, [x], u, target| {
            let (max, total) = max_and_total(x);
            let x = &x[..target.len()];
            add_scaled(
                target,
                u / total,
                #[inline(always)]
                |j| exp(x[j] - max),
            );
        },
    )
}

/// See [`Backend::cross_entropy`](crate::nn::backend::Backend::cross_entropy).
pub fn cross_entropy(logits: Matrix<Cpu>, labels: &[usize]) -> Vector<Cpu> {
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
                let row = &numbers[r * classes..][..target.len()];
                add_scaled(
                    target,
                    u / total,
                    #[inline(always)]
                    |j| exp(row[j] - max),
                );
                target[labels[r]] -= u;
            });
            Ok(())
        });
    }
    out
}

/// See [`Backend::log_softmax`](crate::nn::backend::Backend::log_softmax).
pub fn log_softmax(x: Matrix<Cpu>) -> Matrix<Cpu> {
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
                let total = wide(
                    #[inline(always)]
                    || {
                        sum_by(
                            n,
                            #[inline(always)]
                            |j| u[j],
                        )
                    },
                );
                add_scaled(
                    target,
                    1.0,
                    #[inline(always)]
                    |j| u[j] - exp(y[j]) * total,
                );
            });
            Ok(())
        });
    }
    out
}
