//! The affine layer with its activation as one operation: one matrix product, one pass over its
//! result; backwards one pass and two products side by side.

use dfdx::prelude::*;

use super::elementwise::{add_rows, finish_rows, scale};
use super::gemm::{Addition, Layout, add_products, new_product};
use super::view::{Input, Slot, output};
use crate::nn::layers::Activation;
use crate::nn::tensor::{Matrix, Vector};

/// See [`Backend::linear`](crate::nn::backend::Backend::linear).
pub(super) fn linear(
    x: Matrix<Cpu>,
    weight: Matrix<Cpu>,
    bias: Option<Vector<Cpu>>,
    activation: Activation,
) -> Matrix<Cpu> {
    let ((rows, inputs), (outputs, weight_inputs)) = (x.shape(), weight.shape());
    assert_eq!(inputs, weight_inputs, "columns of the input and the weight");
    let (x, weight, bias) = (Input::of(x), Input::of(weight), bias.map(Input::of));
    let mut tape = x.tape.joined(&weight.tape);
    if let Some(bias) = &bias {
        assert_eq!(bias.numbers.len(), outputs, "bias of the linear layer");
        tape = tape.joined(&bias.tape);
    }
    let mut y = new_product(
        (rows, inputs, outputs),
        (&x.numbers, Layout::rows_of(inputs)),
        (&weight.numbers, Layout::transposed(inputs)),
    );
    finish_rows(activation, &mut y, bias.as_ref().map(|bias| &*bias.numbers));
    let out = output(&x.device, y, (rows, outputs), tape.clone());
    if !tape.is_recording() {
        return out;
    }

    let out_slot = Slot::of(&out.inner);
    let y = Input::of(out.clone()).numbers;
    tape.record(move |gradients| {
        let mut upstream = out_slot.take(gradients)?;
        scale(activation, &mut upstream, &y);
        if let Some(bias) = bias.filter(Input::is_tracked) {
            add_rows(bias.slot.add(gradients)?, &upstream);
        }
        // The two gradients are computed side by side, so one is taken out for a while.
        let mut for_weight = match weight.is_tracked() {
            true => Some(weight.slot.take(gradients)?),
            false => None,
        };
        let to_weight = for_weight.as_mut().map(|out| Addition {
            sizes: (outputs, rows, inputs),
            out,
            a: (&upstream, Layout::transposed(outputs)),
            b: (&x.numbers, Layout::rows_of(inputs)),
        });
        let to_x = match x.is_tracked() {
            true => Some(Addition {
                sizes: (rows, outputs, inputs),
                out: x.slot.add(gradients)?,
                a: (&upstream, Layout::rows_of(outputs)),
                b: (&weight.numbers, Layout::rows_of(inputs)),
            }),
            false => None,
        };
        add_products(to_weight, to_x);
        if let Some(gradient) = for_weight {
            *weight.slot.add(gradients)? = gradient;
        }
        Ok(())
    });
    out
}
