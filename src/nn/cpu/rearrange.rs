//! Rows picked by index, and columns side by side.

use dfdx::prelude::*;

use super::view::{Input, Slot, output};
use crate::nn::tensor::Matrix;

/// See [`Backend::gather_rows`](crate::nn::backend::Backend::gather_rows).
pub(super) fn gather_rows(x: Matrix<Cpu>, rows: &[usize]) -> Matrix<Cpu> {
    let (available, width) = x.shape();
    let x = Input::of(x);
    let mut values = Vec::with_capacity(rows.len() * width);
    for row in rows {
        assert!(*row < available, "row {row} of {available}");
        values.extend_from_slice(&x.numbers[row * width..][..width]);
    }
    let out = output(&x.device, values, (rows.len(), width), x.tape.clone());
    if x.is_tracked() {
        let (slot, x_slot, rows) = (Slot::of(&out.inner), x.slot, rows.to_vec());
        x.tape.record(move |gradients| {
            let upstream = slot.take(gradients)?;
            let target = x_slot.add(gradients)?;
            for (row, from) in rows.iter().zip(upstream.chunks_exact(width.max(1))) {
                for (t, u) in target[row * width..][..width].iter_mut().zip(from) {
                    *t += u;
                }
            }
            Ok(())
        });
    }
    out
}

/// See [`Backend::join_columns`](crate::nn::backend::Backend::join_columns).
pub(super) fn join_columns(left: Matrix<Cpu>, right: Matrix<Cpu>) -> Matrix<Cpu> {
    let ((rows, a), (right_rows, b)) = (left.shape(), right.shape());
    assert_eq!(rows, right_rows, "rows of two joined matrices");
    let (left, right) = (Input::of(left), Input::of(right));
    let mut values = Vec::with_capacity(rows * (a + b));
    for r in 0..rows {
        values.extend_from_slice(&left.numbers[r * a..][..a]);
        values.extend_from_slice(&right.numbers[r * b..][..b]);
    }
    let tape = left.tape.joined(&right.tape);
    let out = output(&left.device, values, (rows, a + b), tape.clone());
    if tape.is_recording() {
        let slot = Slot::of(&out.inner);
        tape.record(move |gradients| {
            let upstream = slot.take(gradients)?;
            for (input, start, width) in [(left, 0, a), (right, a, b)] {
                if !input.is_tracked() {
                    continue;
                }
                let target = input.slot.add(gradients)?;
                for r in 0..rows {
                    let from = &upstream[r * (a + b) + start..][..width];
                    for (t, u) in target[r * width..][..width].iter_mut().zip(from) {
                        *t += u;
                    }
                }
            }
            Ok(())
        });
    }
    out
}
