//! Losses that reduce each row of a matrix to one number, with their gradients, in one pass each.
//!
//! Every function works row by row, so results do not depend on how rows are shared out.

use dfdx::prelude::*;
use rayon::prelude::*;

use super::math::{add_over, exp, sigmoid, softplus, sum_over};
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

/// See [`Backend::bernoulli_nll`](crate::nn::backend::Backend::bernoulli_nll).
pub(super) fn bernoulli_nll(logits: Matrix<Cpu>, targets: Matrix<Cpu>) -> Vector<Cpu> {
    per_row(
        [logits, targets],
        |row| {
            sum_over(
                row,
                #[inline(always)]
                |[a, t]| softplus(a) - a * t,
            )
        },
        |which, row, u, target| match which {
            0 => add_over(
                target,
                row,
                #[inline(always)]
                move |[a, t]| u * (sigmoid(a) - t),
            ),
            _ => add_over(
                target,
                row,
                #[inline(always)]
                move |[a, _]| u * -a,
            ),
        },
    )
}

/// See [`Backend::gaussian_nll`](crate::nn::backend::Backend::gaussian_nll).
pub(super) fn gaussian_nll(
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
        move |row| {
            sum_over(
                row,
                #[inline(always)]
                move |[x, mean, scale]| {
                    let s = half * scale;
                    let d = (x - mean) * exp(-s);
                    HALF_LN_2PI + s + 0.5 * d * d
                },
            )
        },
        move |which, row, u, target| match which {
            0 | 1 => {
                let u = if which == 0 { u } else { -u };
                add_over(
                    target,
                    row,
                    #[inline(always)]
                    move |[x, mean, scale]| {
                        let inverse = exp(-half * scale);
                        u * (((x - mean) * inverse) * inverse)
                    },
                );
            }
            _ => add_over(
                target,
                row,
                #[inline(always)]
                move |[x, mean, scale]| {
                    let d = (x - mean) * exp(-half * scale);
                    u * half * (1.0 - d * d)
                },
            ),
        },
    )
}

/// See [`Backend::gaussian_nll_fixed`](crate::nn::backend::Backend::gaussian_nll_fixed).
pub(super) fn gaussian_nll_fixed(x: Matrix<Cpu>, mean: Matrix<Cpu>, sigma: f32) -> Vector<Cpu> {
    let inverse = 1.0 / sigma;
    let constant = (f64::from(sigma).ln() + f64::from(HALF_LN_2PI)) as f32;
    per_row(
        [x, mean],
        move |row| {
            sum_over(
                row,
                #[inline(always)]
                move |[x, mean]| {
                    let d = (x - mean) * inverse;
                    0.5 * d * d + constant
                },
            )
        },
        move |which, row, u, target| {
            let factor = if which == 0 { u } else { -u } * inverse * inverse;
            add_over(
                target,
                row,
                #[inline(always)]
                move |[x, mean]| factor * (x - mean),
            );
        },
    )
}

/// See [`Backend::kl_standard`](crate::nn::backend::Backend::kl_standard).
pub(super) fn kl_standard(mean: Matrix<Cpu>, log_var: Matrix<Cpu>) -> Vector<Cpu> {
    per_row(
        [mean, log_var],
        |row| {
            0.5 * sum_over(
                row,
                #[inline(always)]
                |[m, s]| m * m + exp(s) - s - 1.0,
            )
        },
        |which, row, u, target| match which {
            0 => add_over(
                target,
                row,
                #[inline(always)]
                move |[m, _]| u * m,
            ),
            _ => add_over(
                target,
                row,
                #[inline(always)]
                move |[_, s]| 0.5 * u * (exp(s) - 1.0),
            ),
        },
    )
}
