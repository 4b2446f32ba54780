//! Adam on the CPU in one pass over parameter, gradient and both moments.
//!
//! The formula is that of dfdx's `AdamConfig`; bias corrections and `1 − β` are computed once per
//! update and in float64. A test holds the two together.

use dfdx::prelude::*;
use rayon::prelude::*;

use super::math::wide;
use super::view::{Input, output};
use crate::nn::optim::AdamHyper;
use crate::nn::tape::Tape;
use crate::nn::tensor::Vector;

/// Numbers per parallel piece; every number is updated on its own, so any size gives one result.
const PIECE: usize = 1 << 15;

/// See [`Backend::adam`](crate::nn::backend::Backend::adam).
pub fn adam(
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
    let mut new = vec![0.0; p.len()];
    let update = |new: &mut [f32], p: &[f32], g: &[f32], m: &mut [f32], v: &mut [f32]| {
        wide(
            #[inline(always)]
            || {
                let n = new.len();
                let (p, g, m, v) = (&p[..n], &g[..n], &mut m[..n], &mut v[..n]);
                for i in 0..n {
                    m[i] = m[i] * beta1 + g[i] * new1;
                    v[i] = v[i] * beta2 + g[i] * g[i] * new2;
                    let denominator = (v[i] * correct2).sqrt() + eps;
                    new[i] = p[i] - lr * (m[i] * correct1) / denominator;
                }
            },
        );
    };
    if p.len() <= PIECE {
        update(&mut new, p, g, first, second);
    } else {
        new.par_chunks_mut(PIECE)
            .zip(p.par_chunks(PIECE))
            .zip(g.par_chunks(PIECE))
            .zip(first.par_chunks_mut(PIECE))
            .zip(second.par_chunks_mut(PIECE))
            .for_each(|((((new, p), g), m), v)| update(new, p, g, m, v));
    }
    let n = new.len();
    *parameter = output(&old.device, new, (n,), Tape::constant());
}
