//! One LSTM layer over a whole sequence as one operation.
//!
//! The input projections of all time steps are one matrix product; the recurrence then runs over
//! pieces of the batch of fixed size, each on one thread from the first time step to the last, so
//! that threads meet once and not at every step. Backwards the same, and the gradients of the
//! weights are one product each over all time steps. The buffer of the gates holds pre-activations,
//! then gates, then the gradients of the pre-activations: nothing else of its size is allocated.

use dfdx::prelude::*;
use rayon::prelude::*;

use super::elementwise::{accumulate, add_rows};
use super::gates::{activate, differentiate};
use super::gemm::{Layout, new_product, product};
use super::panels::Panels;
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
pub(super) fn lstm(
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
    let mut gates = new_product(
        (rows, inputs, gates_width),
        (&x.numbers, Layout::rows_of(inputs)),
        (&w_in.numbers, Layout::transposed(inputs)),
    );
    let (mut y, mut c) = (vec![0.0; rows * width], vec![0.0; rows * width]);
    let recurrent = Panels::of(
        &w_h.numbers,
        Layout::transposed(width),
        (width, gates_width),
    );
    pieces(&mut gates, batch, gates_width)
        .into_par_iter()
        .zip(pieces(&mut y, batch, width))
        .zip(pieces(&mut c, batch, width))
        .zip(h0.numbers.par_chunks(PIECE * width))
        .zip(c0.numbers.par_chunks(PIECE * width))
        .for_each(|((((gates, y), c), h0), c0)| {
            forward((&recurrent, &bias), gates, y, c, (h0, c0));
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
        let weight = Panels::of(&w_h.numbers, Layout::rows_of(width), (gates_width, width));
        pieces(&mut gates, batch, gates_width)
            .into_par_iter()
            .zip(pieces(&mut upstream, batch, width))
            .zip(pieces(&mut c, batch, width))
            .zip(c0.numbers.par_chunks(PIECE * width))
            .zip(cell.par_chunks_mut(PIECE * width))
            .zip(hidden.par_chunks_mut(PIECE * width))
            .for_each(|(((((gates, upstream), c), c0), cell), hidden)| {
                backward(width, gates, upstream, &c, c0, (cell, hidden), &weight);
            });

        if c0.is_tracked() {
            accumulate(c0.slot.add(gradients)?, &cell);
        }
        if h0.is_tracked() {
            accumulate(h0.slot.add(gradients)?, &hidden);
        }
        if biases.iter().any(Input::is_tracked) {
            let mut sums = vec![0.0; gates_width];
            add_rows(&mut sums, &gates);
            for bias in biases.iter().filter(|bias| bias.is_tracked()) {
                accumulate(bias.slot.add(gradients)?, &sums);
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

/// One piece of the batch from the first time step to the last. `gates` come in
/// as input projections and leave as the activated gates i, f, g, o.
fn forward(
    (recurrent, bias): (&Panels, &[f32]),
    gates: Vec<&mut [f32]>,
    mut y: Vec<&mut [f32]>,
    mut c: Vec<&mut [f32]>,
    (h0, c0): (&[f32], &[f32]),
) {
    let width = bias.len() / 4;
    for (t, gates) in gates.into_iter().enumerate() {
        let (before, now) = y.split_at_mut(t);
        let (h, y) = (before.last().map_or(h0, |h| h), &mut *now[0]);
        let (before, now) = c.split_at_mut(t);
        let (before, c) = (before.last().map_or(c0, |c| c), &mut *now[0]);
        recurrent.add_product(gates, h);
        for (((gates, y), before), c) in gates
            .chunks_exact_mut(4 * width)
            .zip(y.chunks_exact_mut(width))
            .zip(before.chunks_exact(width))
            .zip(c.chunks_exact_mut(width))
        {
            activate(gates, bias, y, before, c);
        }
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
    weight: &Panels,
) {
    let mut squashed = vec![0.0; width];
    for t in (0..gates.len()).rev() {
        let gates = &mut *gates[t];
        let (before, now) = upstream.split_at_mut(t);
        let upstream = &*now[0];
        let c_before: &[f32] = if t == 0 { c0 } else { &*c[t - 1] };
        for ((((gates, dh), dc), c), before) in gates
            .chunks_exact_mut(4 * width)
            .zip(upstream.chunks_exact(width))
            .zip(cell.chunks_exact_mut(width))
            .zip(c[t].chunks_exact(width))
            .zip(c_before.chunks_exact(width))
        {
            squashed.copy_from_slice(c);
            differentiate(gates, (dh, dc), &mut squashed, before);
        }
        let before = before.last_mut().map_or(&mut *hidden, |h| h);
        weight.add_product(before, gates);
    }
}
