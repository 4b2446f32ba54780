//! Losses that reduce each row of a matrix to one number, with their gradients, in one pass each.
//!
//! Every function works row by row, so results do not depend on how rows are shared out.

use dfdx::prelude::*;

use super::math::{exp, sigmoid, softplus, sum_by, wide};
use super::view::{Input, Slot, output};
use crate::nn::losses::{HALF_LN_2PI, Scale};
use crate::nn::tensor::{Matrix, Tensor, Vector};

fn checked<const N: usize>(inputs: [Matrix<Cpu>; N]) -> ((usize, usize), [Input; N]) {
    let shape = inputs[0].shape();
    for input in &inputs {
        assert_eq!(input.shape(), shape, "operands of a loss have one shape");
    }
    (shape, inputs.map(Input::of))
}

/// One output number per row from `value(inputs' rows)`, and gradients from
/// `gradient(which input, inputs' rows, element)` times the row's upstream gradient.
fn per_row<const N: usize>(
    inputs: [Matrix<Cpu>; N],
    value: impl Fn([&[f32]; N]) -> f32,
    gradient: impl Fn(usize, [&[f32]; N], f32, &mut [f32]) + 'static,
) -> Vector<Cpu> {
    let ((rows, columns), inputs) = checked(inputs);
    let row = move |inputs: &[Input; N], r: usize| -> [std::ops::Range<usize>; N] {
        let _ = inputs;
        std::array::from_fn(|_| r * columns..(r + 1) * columns)
    };
    let values = (0..rows).map(|r| {
        let ranges = row(&inputs, r);
        value(std::array::from_fn(|i| {
            &inputs[i].numbers[ranges[i].clone()]
        }))
    });
    let values: Vec<f32> = values.collect();
    let tape = inputs[1..]
        .iter()
        .fold(inputs[0].tape.clone(), |tape, input| {
            tape.joined(&input.tape)
        });
    let out = output(&inputs[0].device, values, (rows,), tape.clone());
    if tape.is_recording() {
        let slot = Slot::of(&out.inner);
        tape.record(move |gradients| {
            let upstream = slot.take(gradients)?;
            for (which, input) in inputs.iter().enumerate() {
                if !input.is_tracked() {
                    continue;
                }
                let target = input.slot.add(gradients)?;
                for (r, u) in upstream.iter().enumerate() {
                    let range = r * columns..(r + 1) * columns;
                    let parts = std::array::from_fn(|i| &inputs[i].numbers[range.clone()]);
                    gradient(which, parts, *u, &mut target[range.clone()]);
                }
            }
            Ok(())
        });
    }
    out
}

/// Adds `u · f(j)` to every element.
#[inline(always)]
fn add_scaled(target: &mut [f32], u: f32, f: impl Fn(usize) -> f32) {
    wide(
        #[inline(always)]
        || {
            for (j, t) in target.iter_mut().enumerate() {
                *t += u * f(j);
            }
        },
    );
}

/// See [`Backend::bernoulli_nll`](crate::nn::backend::Backend::bernoulli_nll).
pub fn bernoulli_nll(logits: Matrix<Cpu>, targets: Matrix<Cpu>) -> Vector<Cpu> {
    per_row(
        [logits, targets],
        |[a, t]| {
            let n = a.len().min(t.len());
            let (a, t) = (&a[..n], &t[..n]);
            wide(
                #[inline(always)]
                || {
                    sum_by(
                        n,
                        #[inline(always)]
                        |j| softplus(a[j]) - a[j] * t[j],
                    )
                },
            )
        },
        |which, [a, t], u, target| {
            let (a, t) = (&a[..target.len()], &t[..target.len()]);
            match which {
                0 => add_scaled(
                    target,
                    u,
                    #[inline(always)]
                    |j| sigmoid(a[j]) - t[j],
                ),
                _ => add_scaled(
                    target,
                    u,
                    #[inline(always)]
                    |j| -a[j],
                ),
            }
        },
    )
}

/// See [`Backend::gaussian_nll`](crate::nn::backend::Backend::gaussian_nll).
pub fn gaussian_nll(
    x: Matrix<Cpu>,
    mean: Matrix<Cpu>,
    scale: Matrix<Cpu>,
    kind: Scale,
) -> Vector<Cpu> {
    // ln σ = half · scale
    let half = match kind {
        Scale::LogVar => 0.5,
        Scale::LogSigma => 1.0,
    };
    per_row(
        [x, mean, scale],
        move |[x, mean, scale]| {
            let n = x.len().min(mean.len()).min(scale.len());
            let (x, mean, scale) = (&x[..n], &mean[..n], &scale[..n]);
            wide(
                #[inline(always)]
                || {
                    sum_by(
                        n,
                        #[inline(always)]
                        |j| {
                            let s = half * scale[j];
                            let d = (x[j] - mean[j]) * exp(-s);
                            HALF_LN_2PI + s + 0.5 * d * d
                        },
                    )
                },
            )
        },
        move |which, [x, mean, scale], u, target| {
            let n = target.len();
            let (x, mean, scale) = (&x[..n], &mean[..n], &scale[..n]);
            let slope = #[inline(always)]
            |j: usize| {
                let inverse = exp(-half * scale[j]);
                ((x[j] - mean[j]) * inverse) * inverse
            };
            match which {
                0 => add_scaled(target, u, slope),
                1 => add_scaled(target, -u, slope),
                _ => add_scaled(
                    target,
                    u * half,
                    #[inline(always)]
                    |j| {
                        let d = (x[j] - mean[j]) * exp(-half * scale[j]);
                        1.0 - d * d
                    },
                ),
            }
        },
    )
}

/// See [`Backend::gaussian_nll_fixed`](crate::nn::backend::Backend::gaussian_nll_fixed).
pub fn gaussian_nll_fixed(x: Matrix<Cpu>, mean: Matrix<Cpu>, sigma: f32) -> Vector<Cpu> {
    let inverse = 1.0 / sigma;
    let constant = (f64::from(sigma).ln() + f64::from(HALF_LN_2PI)) as f32;
    per_row(
        [x, mean],
        move |[x, mean]| {
            let n = x.len().min(mean.len());
            let (x, mean) = (&x[..n], &mean[..n]);
            wide(
                #[inline(always)]
                || {
                    sum_by(
                        n,
                        #[inline(always)]
                        |j| {
                            let d = (x[j] - mean[j]) * inverse;
                            0.5 * d * d + constant
                        },
                    )
                },
            )
        },
        move |which, [x, mean], u, target| {
            let n = target.len();
            let (x, mean) = (&x[..n], &mean[..n]);
            let sign = if which == 0 { u } else { -u };
            add_scaled(
                target,
                sign * inverse * inverse,
                #[inline(always)]
                |j| x[j] - mean[j],
            );
        },
    )
}

/// See [`Backend::kl_standard`](crate::nn::backend::Backend::kl_standard).
pub fn kl_standard(mean: Matrix<Cpu>, log_var: Matrix<Cpu>) -> Vector<Cpu> {
    per_row(
        [mean, log_var],
        |[mean, log_var]| {
            let n = mean.len().min(log_var.len());
            let (m, s) = (&mean[..n], &log_var[..n]);
            wide(
                #[inline(always)]
                || {
                    0.5 * sum_by(
                        n,
                        #[inline(always)]
                        |j| m[j] * m[j] + exp(s[j]) - s[j] - 1.0,
                    )
                },
            )
        },
        |which, [mean, log_var], u, target| {
            let n = target.len();
            let (m, s) = (&mean[..n], &log_var[..n]);
            match which {
                0 => add_scaled(
                    target,
                    u,
                    #[inline(always)]
                    |j| m[j],
                ),
                _ => add_scaled(
                    target,
                    0.5 * u,
                    #[inline(always)]
                    |j| exp(s[j]) - 1.0,
                ),
            }
        },
    )
}

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
    let x = Input::of(logits);
    let mut softmax = vec![0.0; if x.is_tracked() { rows * classes } else { 0 }];
    let mut values = Vec::with_capacity(rows);
    for (r, label) in labels.iter().enumerate() {
        assert!(*label < classes, "label {label} of {classes} classes");
        let row = &x.numbers[r * classes..(r + 1) * classes];
        let (max, total) = max_and_total(row);
        values.push(total.ln() - (row[*label] - max));
        if x.is_tracked() {
            let out = &mut softmax[r * classes..(r + 1) * classes];
            let row = &row[..out.len()];
            add_scaled(
                out,
                1.0 / total,
                #[inline(always)]
                |j| exp(row[j] - max),
            );
            out[*label] -= 1.0;
        }
    }
    let out = output(&x.device, values, (rows,), x.tape.clone());
    if x.is_tracked() {
        let (slot, x_slot) = (Slot::of(&out.inner), x.slot);
        x.tape.record(move |gradients| {
            let upstream = slot.take(gradients)?;
            let target = x_slot.add(gradients)?;
            let rows = target.chunks_exact_mut(classes.max(1));
            for ((target, s), u) in rows.zip(softmax.chunks_exact(classes.max(1))).zip(upstream) {
                let s = &s[..target.len()];
                add_scaled(
                    target,
                    u,
                    #[inline(always)]
                    |j| s[j],
                );
            }
            Ok(())
        });
    }
    out
}

/// See [`Backend::log_softmax`](crate::nn::backend::Backend::log_softmax).
pub fn log_softmax(x: Matrix<Cpu>) -> Matrix<Cpu> {
    let shape @ (_, columns) = x.shape();
    let x = Input::of(x);
    let width = columns.max(1);
    let mut values = x.numbers.to_vec();
    for row in values.chunks_exact_mut(width) {
        let (max, total) = max_and_total(row);
        let total = total.ln();
        for v in row {
            *v = (*v - max) - total;
        }
    }
    let out: Tensor<_, Cpu> = output(&x.device, values, shape, x.tape.clone());
    if x.is_tracked() {
        let (slot, x_slot) = (Slot::of(&out.inner), x.slot);
        let y = Input::of(out.clone()).numbers;
        x.tape.record(move |gradients| {
            let upstream = slot.take(gradients)?;
            let target = x_slot.add(gradients)?;
            for ((target, y), u) in target
                .chunks_exact_mut(width)
                .zip(y.chunks_exact(width))
                .zip(upstream.chunks_exact(width))
            {
                let total = sum_by(
                    u.len(),
                    #[inline(always)]
                    |j| u[j],
                );
                let (y, u) = (&y[..target.len()], &u[..target.len()]);
                add_scaled(
                    target,
                    1.0,
                    #[inline(always)]
                    |j| u[j] - exp(y[j]) * total,
                );
            }
            Ok(())
        });
    }
    out
}
