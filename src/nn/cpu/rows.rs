//! Losses that reduce each row of a matrix to one number, with their gradients, in one pass each.
//!
//! Every function works row by row, so results do not depend on how rows are shared out.

use dfdx::prelude::*;
use rayon::prelude::*;

use super::math::{exp, sigmoid, softplus, sum_by, wide};
use super::view::{Input, Slot, output};
use crate::nn::losses::{HALF_LN_2PI, Scale};
use crate::nn::tensor::{Matrix, Vector};

fn checked<const N: usize>(inputs: [Matrix<Cpu>; N]) -> ((usize, usize), [Input; N]) {
    let shape = inputs[0].shape();
    for input in &inputs {
        assert_eq!(input.shape(), shape, "operands of a loss have one shape");
    }
    (shape, inputs.map(Input::of))
}

/// Matrices of fewer numbers stay on one thread: waking another costs more.
const PARALLEL: usize = 1 << 15;

/// Fewest numbers that one thread takes at a time.
const PIECE: usize = 1 << 12;

/// `f` of every row, in order.
pub(super) fn by_row<T: Send>(
    rows: usize,
    columns: usize,
    f: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    if rows * columns < PARALLEL {
        return (0..rows).map(f).collect();
    }
    let all = (0..rows).into_par_iter();
    let least = PIECE.div_ceil(columns.max(1));
    all.with_min_len(least).map(&f).collect()
}

/// Runs `f` on every row of `target` with its number.
pub(super) fn in_rows(target: &mut [f32], columns: usize, f: impl Fn(usize, &mut [f32]) + Sync) {
    let columns = columns.max(1);
    if target.len() < PARALLEL {
        let rows = target.chunks_exact_mut(columns).enumerate();
        return rows.for_each(|(r, row)| f(r, row));
    }
    let rows = target.par_chunks_exact_mut(columns).enumerate();
    let least = PIECE.div_ceil(columns);
    rows.with_min_len(least).for_each(|(r, row)| f(r, row));
}

/// One output number per row from `value(inputs' rows)`, and gradients from
/// `gradient(which input, inputs' rows, upstream gradient, row to add to)`.
pub(super) fn per_row<const N: usize>(
    inputs: [Matrix<Cpu>; N],
    value: impl Fn([&[f32]; N]) -> f32 + Sync,
    gradient: impl Fn(usize, [&[f32]; N], f32, &mut [f32]) + Sync + 'static,
) -> Vector<Cpu> {
    let ((rows, columns), inputs) = checked(inputs);
    let numbers = inputs.each_ref().map(|input| &*input.numbers);
    let values = by_row(rows, columns, |r| {
        value(numbers.map(|all| &all[r * columns..][..columns]))
    });
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
            let numbers = inputs.each_ref().map(|input| &*input.numbers);
            for (which, input) in inputs.iter().enumerate() {
                if !input.is_tracked() {
                    continue;
                }
                in_rows(input.slot.add(gradients)?, columns, |r, target| {
                    let parts = numbers.map(|all| &all[r * columns..][..columns]);
                    gradient(which, parts, upstream[r], target);
                });
            }
            Ok(())
        });
    }
    out
}

/// Adds `u · f(j)` to every element.
#[inline(always)]
pub(super) fn add_scaled(target: &mut [f32], u: f32, f: impl Fn(usize) -> f32) {
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
            match which {
                0 | 1 => add_scaled(
                    target,
                    if which == 0 { u } else { -u },
                    #[inline(always)]
                    |j| {
                        let inverse = exp(-half * scale[j]);
                        ((x[j] - mean[j]) * inverse) * inverse
                    },
                ),
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
