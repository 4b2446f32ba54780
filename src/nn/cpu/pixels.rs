//! Shifted images and gated features.

use dfdx::prelude::*;
use rayon::prelude::*;

use super::math::{sigmoid, tanh, wide};
use super::view::{Input, Slot, output};
use crate::nn::tensor::{Images, Matrix};

/// See [`Backend::shift`](crate::nn::backend::Backend::shift).
pub(super) fn shift(x: Images<Cpu>, down: usize, right: usize) -> Images<Cpu> {
    let shape = x.shape();
    let (_, _, h, w) = shape;
    let x = Input::of(x);
    let mut y = vec![0.0; x.numbers.len()];
    for (to, from) in kept((h, w), (down, right), y.len()) {
        let len = w - right;
        y[to..to + len].copy_from_slice(&x.numbers[from..from + len]);
    }
    let out = output(&x.device, y, shape, x.tape.clone());
    if x.is_tracked() {
        let (slot, x_slot) = (Slot::of(&out.inner), x.slot);
        x.tape.record(move |gradients| {
            let upstream = slot.take(gradients)?;
            let target = x_slot.add(gradients)?;
            for (from, to) in kept((h, w), (down, right), upstream.len()) {
                let pairs = target[to..].iter_mut().zip(&upstream[from..]);
                for (t, u) in pairs.take(w - right) {
                    *t += u;
                }
            }
            Ok(())
        });
    }
    out
}

/// Where the kept part of every row of images of `h` × `w` goes and comes from.
fn kept(
    (h, w): (usize, usize),
    (down, right): (usize, usize),
    len: usize,
) -> impl Iterator<Item = (usize, usize)> {
    let rows = match right < w {
        true => down.min(h)..h,
        false => 0..0,
    };
    let images = (0..len).step_by((h * w).max(1));
    images.flat_map(move |image| {
        let row = move |y: usize| (image + y * w + right, image + (y - down) * w);
        rows.clone().map(row)
    })
}

/// See [`Backend::gate`](crate::nn::backend::Backend::gate).
pub(super) fn gate(x: Matrix<Cpu>) -> Matrix<Cpu> {
    let (rows, columns) = x.shape();
    assert!(columns % 2 == 0, "{columns} columns have no halves");
    let half = (columns / 2).max(1);
    let x = Input::of(x);
    // The two factors of every result: the backward pass wants them, and exponentials are dear.
    let mut factors = x.numbers.to_vec();
    let mut y = vec![0.0; rows * (columns / 2)];
    y.par_chunks_mut(half)
        .zip(factors.par_chunks_mut(2 * half))
        .for_each(|(y, factors)| {
            let (a, b) = factors.split_at_mut(half);
            wide(
                #[inline(always)]
                move || {
                    for ((y, a), b) in y.iter_mut().zip(a).zip(b) {
                        (*a, *b) = (tanh(*a), sigmoid(*b));
                        *y = *a * *b;
                    }
                },
            );
        });
    let out = output(&x.device, y, (rows, columns / 2), x.tape.clone());
    if x.is_tracked() {
        let (slot, x_slot) = (Slot::of(&out.inner), x.slot);
        x.tape.record(move |gradients| {
            let upstream = slot.take(gradients)?;
            let target = x_slot.add(gradients)?;
            target
                .par_chunks_mut(2 * half)
                .zip(factors.par_chunks(2 * half))
                .zip(upstream.par_chunks(half))
                .for_each(|((target, factors), upstream)| {
                    let ((ta, tb), (a, b)) = (target.split_at_mut(half), factors.split_at(half));
                    let targets = ta.iter_mut().zip(tb);
                    wide(
                        #[inline(always)]
                        move || {
                            for (((ta, tb), (a, b)), u) in
                                targets.zip(a.iter().zip(b)).zip(upstream)
                            {
                                *ta += u * b * (1.0 - a * a);
                                *tb += u * a * b * (1.0 - b);
                            }
                        },
                    );
                });
            Ok(())
        });
    }
    out
}
