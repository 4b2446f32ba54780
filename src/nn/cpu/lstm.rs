//! One LSTM layer over a whole sequence as one operation.
//!
//! The input projections of all time steps are one matrix product; the recurrence then runs over
//! pieces of the batch of fixed size, each on one thread from the first time step to the last, so
//! that threads meet once and not at every step. Backwards the same, and the gradients of the
//! weights are one product each over all time steps. The buffer of the gates holds pre-activations,
//! then gates, then the gradients of the pre-activations: nothing else of its size is allocated.

use dfdx::prelude::*;
use rayon::prelude::*;

use super::gemm::{Layout, product, product_alone};
use super::math::{sigmoid, tanh, wide};
use super::view::{Input, Slot, output};
use crate::nn::layers::{LstmState, LstmWeights};
use crate::nn::tensor::Matrix;

/// Rows of the batch that one thread takes through time. Fixed, so that results do not depend on
/// the number of threads.
const PIECE: usize = 16;

/// `values` `[time, batch, width]` as one list of time steps per piece of the batch.
fn pieces(values: &mut [f32], batch: usize, width: usize) -> Vec<Vec<&mut [f32]>> {
    let mut lists: Vec<Vec<&mut [f32]>> = Vec::new();
    lists.resize_with(batch.div_ceil(PIECE), Vec::new);
    for step in values.chunks_exact_mut(batch * width) {
        for (list, part) in lists.iter_mut().zip(step.chunks_mut(PIECE * width)) {
            list.push(part);
        }
    }
    lists
}

/// See [`Backend::lstm`](crate::nn::backend::Backend::lstm).
pub fn lstm(
    x: Matrix<Cpu>,
    weights: LstmWeights<Cpu>,
    first: LstmState<Cpu>,
) -> (Matrix<Cpu>, Matrix<Cpu>) {
    let ((rows, inputs), (batch, width)) = (x.shape(), first.h.shape());
    let gates_width = 4 * width;
    assert_eq!(weights.input.shape(), (gates_width, inputs), "input weight");
    assert_eq!(
        weights.hidden.shape(),
        (gates_width, width),
        "hidden weight"
    );
    assert_eq!(first.c.shape(), (batch, width), "first cell state");
    assert!(
        batch > 0 && rows > 0 && rows % batch == 0,
        "{rows} rows are no whole number of time steps of {batch} sequences"
    );
    let (x, w_in, w_h) = (
        Input::of(x),
        Input::of(weights.input),
        Input::of(weights.hidden),
    );
    let biases = [weights.input_bias, weights.hidden_bias].map(Input::of);
    let (h0, c0) = (Input::of(first.h), Input::of(first.c));
    let tape = [&w_in, &w_h, &biases[0], &biases[1], &h0, &c0]
        .iter()
        .fold(x.tape.clone(), |tape, input| tape.joined(&input.tape));

    let bias: Vec<f32> = biases[0]
        .numbers
        .iter()
        .zip(&*biases[1].numbers)
        .map(|(a, b)| a + b)
        .collect();
    assert_eq!(bias.len(), gates_width, "biases of the LSTM");
    let mut gates = Vec::with_capacity(rows * gates_width);
    for _ in 0..rows {
        gates.extend_from_slice(&bias);
    }
    product(
        (rows, inputs, gates_width),
        &mut gates,
        (&x.numbers, Layout::rows_of(inputs)),
        (&w_in.numbers, Layout::transposed(inputs)),
        true,
    );
    let (mut y, mut c) = (vec![0.0; rows * width], vec![0.0; rows * width]);
    let recurrent = transposed(&w_h.numbers, gates_width, width);
    pieces(&mut gates, batch, gates_width)
        .into_par_iter()
        .zip(pieces(&mut y, batch, width))
        .zip(pieces(&mut c, batch, width))
        .zip(h0.numbers.par_chunks(PIECE * width))
        .zip(c0.numbers.par_chunks(PIECE * width))
        .for_each(|((((gates, y), c), h0), c0)| {
            forward(width, gates, y, c, (h0, c0), &recurrent);
        });

    let last = c[(rows - batch) * width..].to_vec();
    let y = output(&x.device, y, (rows, width), tape.clone());
    let c_last = output(&x.device, last, (batch, width), tape.clone());
    if !tape.is_recording() {
        return (y, c_last);
    }

    let (y_slot, c_slot) = (Slot::of(&y.inner), Slot::of(&c_last.inner));
    let outputs = Input::of(y.clone()).numbers;
    tape.record(move |gradients| {
        let mut upstream = y_slot.take(gradients)?;
        let mut cell = c_slot.take(gradients)?;
        let mut hidden = vec![0.0; batch * width];
        let weight: &[f32] = &w_h.numbers;
        pieces(&mut gates, batch, gates_width)
            .into_par_iter()
            .zip(pieces(&mut upstream, batch, width))
            .zip(pieces(&mut c, batch, width))
            .zip(c0.numbers.par_chunks(PIECE * width))
            .zip(cell.par_chunks_mut(PIECE * width))
            .zip(hidden.par_chunks_mut(PIECE * width))
            .for_each(|(((((gates, upstream), c), c0), cell), hidden)| {
                backward(width, gates, upstream, &c, c0, (cell, hidden), weight);
            });

        let add = |slot: &Slot, values: &[f32], gradients: &mut _| {
            let target = slot.add(gradients)?;
            for (t, v) in target.iter_mut().zip(values) {
                *t += v;
            }
            Ok::<_, CpuError>(())
        };
        if c0.is_tracked() {
            add(&c0.slot, &cell, gradients)?;
        }
        if h0.is_tracked() {
            add(&h0.slot, &hidden, gradients)?;
        }
        if biases.iter().any(Input::is_tracked) {
            let mut sums = vec![0.0; gates_width];
            for row in gates.chunks_exact(gates_width) {
                for (sum, g) in sums.iter_mut().zip(row) {
                    *sum += g;
                }
            }
            for bias in biases.iter().filter(|bias| bias.is_tracked()) {
                add(&bias.slot, &sums, gradients)?;
            }
        }
        if w_h.is_tracked() {
            // The state before step t is h0, then the outputs.
            let target = w_h.slot.add(gradients)?;
            let (start, rest) = gates.split_at(batch * gates_width);
            for (gates, states, rows) in [
                (start, &*h0.numbers, batch),
                (rest, &*outputs, rows - batch),
            ] {
                product(
                    (gates_width, rows, width),
                    target,
                    (gates, Layout::transposed(gates_width)),
                    (states, Layout::rows_of(width)),
                    true,
                );
            }
        }
        if w_in.is_tracked() {
            product(
                (gates_width, rows, inputs),
                w_in.slot.add(gradients)?,
                (&gates, Layout::transposed(gates_width)),
                (&x.numbers, Layout::rows_of(inputs)),
                true,
            );
        }
        if x.is_tracked() {
            product(
                (rows, gates_width, inputs),
                x.slot.add(gradients)?,
                (&gates, Layout::rows_of(gates_width)),
                (&w_in.numbers, Layout::rows_of(inputs)),
                true,
            );
        }
        Ok(())
    });
    (y, c_last)
}

/// `[rows, columns]` to `[columns, rows]`. The recurrent weight is used at every time step; in this
/// order the matrix product reads it in place instead of packing it anew each time.
fn transposed(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    const TILE: usize = 16; // both sides of a tile stay in the first cache
    let mut out = vec![0.0; values.len()];
    for r0 in (0..rows).step_by(TILE) {
        for c0 in (0..columns).step_by(TILE) {
            for r in r0..(r0 + TILE).min(rows) {
                for c in c0..(c0 + TILE).min(columns) {
                    out[c * rows + r] = values[r * columns + c];
                }
            }
        }
    }
    out
}

/// One piece of the batch from the first time step to the last, `width` units wide. `gates` come in
/// as input projections and leave as the activated gates i, f, g, o.
fn forward(
    width: usize,
    gates: Vec<&mut [f32]>,
    mut y: Vec<&mut [f32]>,
    mut c: Vec<&mut [f32]>,
    (h0, c0): (&[f32], &[f32]),
    recurrent: &[f32],
) {
    for (t, gates) in gates.into_iter().enumerate() {
        let (before, now) = y.split_at_mut(t);
        let (h, y) = (before.last().map_or(h0, |h| h), &mut *now[0]);
        let (before, now) = c.split_at_mut(t);
        let (before, c) = (before.last().map_or(c0, |c| c), &mut *now[0]);
        product_alone(
            (y.len() / width, width, 4 * width),
            gates,
            (h, Layout::rows_of(width)),
            (recurrent, Layout::rows_of(4 * width)),
            true,
        );
        wide(
            #[inline(always)]
            || {
                for (((gates, y), before), c) in gates
                    .chunks_exact_mut(4 * width)
                    .zip(y.chunks_exact_mut(width))
                    .zip(before.chunks_exact(width))
                    .zip(c.chunks_exact_mut(width))
                {
                    let [i, f, g, o] = quarters(gates, width);
                    for j in 0..width {
                        i[j] = sigmoid(i[j]);
                        f[j] = sigmoid(f[j]);
                        g[j] = tanh(g[j]);
                        o[j] = sigmoid(o[j]);
                        c[j] = f[j] * before[j] + i[j] * g[j];
                        y[j] = o[j] * tanh(c[j]);
                    }
                }
            },
        );
    }
}

/// The same piece from the last time step to the first. `gates` come in activated and leave as
/// the gradients of the pre-activations; `upstream` holds the gradients of the outputs and takes
/// what flows back through the recurrence. `cell` comes in as the gradient of the last cell state
/// and leaves as that of the first one, `hidden` as that of the first output.
fn backward(
    width: usize,
    mut gates: Vec<&mut [f32]>,
    mut upstream: Vec<&mut [f32]>,
    c: &[&mut [f32]],
    c0: &[f32],
    (cell, hidden): (&mut [f32], &mut [f32]),
    weight: &[f32],
) {
    for t in (0..gates.len()).rev() {
        let gates = &mut *gates[t];
        let (before, now) = upstream.split_at_mut(t);
        let upstream = &*now[0];
        let c_before: &[f32] = if t == 0 { c0 } else { &*c[t - 1] };
        wide(
            #[inline(always)]
            || {
                for ((((gates, dh), dc), c), before) in gates
                    .chunks_exact_mut(4 * width)
                    .zip(upstream.chunks_exact(width))
                    .zip(cell.chunks_exact_mut(width))
                    .zip(c[t].chunks_exact(width))
                    .zip(c_before.chunks_exact(width))
                {
                    let [i, f, g, o] = quarters(gates, width);
                    for j in 0..width {
                        let squashed = tanh(c[j]);
                        let total = dc[j] + dh[j] * o[j] * (1.0 - squashed * squashed);
                        dc[j] = total * f[j];
                        o[j] = dh[j] * squashed * o[j] * (1.0 - o[j]);
                        f[j] = total * before[j] * f[j] * (1.0 - f[j]);
                        let (input, candidate) = (i[j], g[j]);
                        i[j] = total * candidate * input * (1.0 - input);
                        g[j] = total * input * (1.0 - candidate * candidate);
                    }
                }
            },
        );
        product_alone(
            (upstream.len() / width, 4 * width, width),
            before.last_mut().map_or(&mut *hidden, |h| h),
            (gates, Layout::rows_of(4 * width)),
            (weight, Layout::rows_of(width)),
            true,
        );
    }
}

/// The blocks i, f, g, o of one row.
#[inline(always)]
fn quarters(gates: &mut [f32], width: usize) -> [&mut [f32]; 4] {
    let (i, rest) = gates.split_at_mut(width);
    let (f, rest) = rest.split_at_mut(width);
    let (g, o) = rest.split_at_mut(width);
    [i, f, g, o]
}
