//! The affine layer with its activation as one operation: one matrix product, one pass over its
//! result; backwards two products and one pass.

use dfdx::prelude::*;

use super::activation::{apply, times_derivative};
use super::gemm::{Layout, product};
use super::view::{Input, Slot, output};
use crate::nn::layers::Activation;
use crate::nn::tensor::{Matrix, Vector};

/// See [`Backend::linear`](crate::nn::backend::Backend::linear).
pub fn linear(
    x: Matrix<Cpu>,
    weight: Matrix<Cpu>,
    bias: Option<Vector<Cpu>>,
    activation: Activation,
) -> Matrix<Cpu> {
    let ((rows, inputs), (outputs, weight_inputs)) = (x.shape(), weight.shape());
    assert_eq!(inputs, weight_inputs, "columns of the input and the weight");
    let (x, weight, bias) = (Input::of(x), Input::of(weight), bias.map(Input::of));
    let mut tape = x.tape.joined(&weight.tape);
    let mut y = Vec::with_capacity(rows * outputs);
    match &bias {
        Some(bias) => {
            assert_eq!(bias.numbers.len(), outputs, "bias of the linear layer");
            tape = tape.joined(&bias.tape);
            for _ in 0..rows {
                y.extend_from_slice(&bias.numbers);
            }
        }
        None => y.resize(rows * outputs, 0.0),
    }
    product(
        (rows, inputs, outputs),
        &mut y,
        (&x.numbers, Layout::rows_of(inputs)),
        (&weight.numbers, Layout::transposed(inputs)),
        true,
    );
    apply(activation, &mut y);
    let out = output(&x.device, y, (rows, outputs), tape.clone());
    if !tape.is_recording() {
        return out;
    }

    let out_slot = Slot::of(&out.inner);
    let y = Input::of(out.clone()).numbers;
    tape.record(move |gradients| {
        let mut upstream = out_slot.take(gradients)?;
        times_derivative(activation, &mut upstream, &y);
        if let Some(bias) = bias.filter(Input::is_tracked) {
            let sums = bias.slot.add(gradients)?;
            for row in upstream.chunks_exact(outputs) {
                for (sum, u) in sums.iter_mut().zip(row) {
                    *sum += u;
                }
            }
        }
        if weight.is_tracked() {
            let gradient = weight.slot.add(gradients)?;
            product(
                (outputs, rows, inputs),
                gradient,
                (&upstream, Layout::transposed(outputs)),
                (&x.numbers, Layout::rows_of(inputs)),
                true,
            );
        }
        if x.is_tracked() {
            let gradient = x.slot.add(gradients)?;
            product(
                (rows, outputs, inputs),
                gradient,
                (&upstream, Layout::rows_of(outputs)),
                (&weight.numbers, Layout::rows_of(inputs)),
                true,
            );
        }
        Ok(())
    });
    out
}
