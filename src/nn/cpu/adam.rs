//! Adam on the CPU in one pass over parameter, gradient and both moments.
//!
//! The formula is that of dfdx's `AdamConfig`; bias corrections and `1 − β` are computed once per
//! update and in float64. A test holds the two together.

use std::mem::MaybeUninit;

use dfdx::prelude::*;
use rayon::prelude::*;

use super::math::wide;
use super::view::{Input, output};
use crate::nn::optim::AdamHyper;
use crate::nn::tape::Tape;
use crate::nn::tensor::Vector;

/// Numbers per parallel piece; every number is updated on its own, so any size gives one result.
const PIECE: usize = 1 << 15;

/// Numbers that one short loop after the other goes over, so that they stay in the nearest cache. In one loop that writes to
/// three slices the compiler goes number by number: it gives up on showing that none overlaps another.
const BLOCK: usize = 512;

/// See [`Backend::adam`](crate::nn::backend::Backend::adam).
pub(super) fn adam(
    hyper: &AdamHyper,
    t: u64,
    parameter: &mut Vector<Cpu>,
    first: &mut [f32],
    second: &mut [f32],
    gradient: &Vector<Cpu>,
) {
    let [correct1, correct2] = hyper.corrections(t);
    let [beta1, beta2] = hyper.betas.map(|b| b as f32);
    let [new1, new2] = hyper.new_weights();
    let (lr, eps) = (hyper.lr as f32, hyper.eps as f32);
    let old = Input::of(parameter.clone());
    let gradient = Input::of(gradient.clone());
    let (p, g) = (&*old.numbers, &*gradient.numbers);
    let n = p.len();
    let mut new = Vec::with_capacity(n);
    let update =
        |new: &mut [MaybeUninit<f32>], p: &[f32], g: &[f32], m: &mut [f32], v: &mut [f32]| {
            wide(
                #[inline(always)]
                move || {
                    let n = new.len();
                    let (p, g, m, v) = (&p[..n], &g[..n], &mut m[..n], &mut v[..n]);
                    for first in (0..n).step_by(BLOCK) {
                        let block = first..n.min(first + BLOCK);
                        let (p, g) = (&p[block.clone()], &g[block.clone()]);
                        let (m, v) = (&mut m[block.clone()], &mut v[block.clone()]);
                        for (m, g) in m.iter_mut().zip(g) {
                            *m = normal(*m * beta1 + g * new1);
                        }
                        for (v, g) in v.iter_mut().zip(g) {
                            *v = normal(*v * beta2 + g * g * new2);
                        }
                        for (((new, p), m), v) in new[block].iter_mut().zip(p).zip(&*m).zip(&*v) {
                            let denominator = (v * correct2).sqrt() + eps;
                            new.write(p - lr * (m * correct1) / denominator);
                        }
                    }
                },
            );
        };
    let room = &mut new.spare_capacity_mut()[..n];
    if n <= PIECE {
        update(room, p, g, first, second);
    } else {
        room.par_chunks_mut(PIECE)
            .zip_eq(p.par_chunks(PIECE))
            .zip_eq(g.par_chunks(PIECE))
            .zip_eq(first.par_chunks_mut(PIECE))
            .zip_eq(second.par_chunks_mut(PIECE))
            .for_each(|((((new, p), g), m), v)| update(new, p, g, m, v));
    }
    // SAFETY: `update` has written every number of `room`: `zip_eq` leaves no piece out.
    unsafe { new.set_len(n) };
    *parameter = output(&old.device, new, (n,), Tape::constant());
}

/// Zero for numbers so small that they have lost digits. The moments of a unit that no longer learns decay to such numbers,
/// with which processors calculate a hundred times slower; the update that is left out is below 1e-30 steps.
#[inline(always)]
fn normal(x: f32) -> f32 {
    if x.abs() < f32::MIN_POSITIVE { 0.0 } else { x }
}
