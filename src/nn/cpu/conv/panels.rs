//! Images and weights in the orders that the inner loop reads.

use rayon::prelude::*;

use super::kernel::{LANES, Line};
use crate::nn::cpu::math::wide;
use crate::nn::layers::window::Layout;

/// Sides of the squares in which [`transpose`] goes: one vector of AVX2.
const SIDE: usize = 8;

/// `from` `[rows, columns]` to `to` `[columns, width]`, `width ≥ rows`; what is left is not touched.
fn transpose(from: &[f32], rows: usize, columns: usize, to: &mut [f32], width: usize) {
    wide(
        #[inline(always)]
        move || {
            for (block, to) in to.chunks_mut(SIDE * width).enumerate() {
                let first = block * SIDE;
                let count = (columns - first).min(SIDE);
                let whole = if count == SIDE { rows / SIDE * SIDE } else { 0 };
                for r0 in (0..whole).step_by(SIDE) {
                    let mut square = [[0.0; SIDE]; SIDE];
                    for (r, line) in square.iter_mut().enumerate() {
                        line.copy_from_slice(&from[(r0 + r) * columns + first..][..SIDE]);
                    }
                    for (c, to) in to.chunks_exact_mut(width).enumerate() {
                        let to = &mut to[r0..][..SIDE];
                        for (to, line) in to.iter_mut().zip(&square) {
                            *to = line[c % SIDE];
                        }
                    }
                }
                for r in whole..rows {
                    let from = &from[r * columns + first..][..count];
                    for (to, value) in to.chunks_exact_mut(width).zip(from) {
                        to[r] = *value;
                    }
                }
            }
        },
    );
}

/// Images `[N, C, P]` as `[N, P, C]`.
pub(super) fn channels_last(x: &[f32], channels: usize, pixels: usize) -> Vec<f32> {
    if channels == 1 || pixels == 1 {
        return x.to_vec();
    }
    let mut y = vec![0.0; x.len()];
    let image = channels * pixels;
    y.par_chunks_mut(image)
        .zip(x.par_chunks(image))
        .for_each(|(to, from)| transpose(from, channels, pixels, to, channels));
    y
}

/// Images `[N, C, P]` as panels `[⌈C/16⌉, N, P]`, filled up with zeros.
pub(super) fn channel_panels(
    x: &[f32],
    images: usize,
    channels: usize,
    pixels: usize,
) -> Vec<Line> {
    let mut y = vec![Line::ZERO; channels.div_ceil(LANES) * images * pixels];
    y.par_chunks_mut(pixels).enumerate().for_each(|(i, to)| {
        let (block, image) = (i / images, i % images);
        let first = block * LANES;
        let rows = (channels - first).min(LANES);
        let from = &x[(image * channels + first) * pixels..][..rows * pixels];
        transpose(from, rows, pixels, Line::flat_mut(to), LANES);
    });
    y
}

/// Weights `[O, C, taps]` as panels over small channels, `[⌈O/16⌉, taps, C]`.
pub(super) fn small_panels(weight: &[f32], layout: &Layout) -> Vec<Line> {
    let (o, c) = (layout.small.0, layout.large.0);
    weight_panels(weight, layout.kernel_taps(), (o, c), (c, 1))
}

/// Weights `[O, C, taps]` as panels over large channels, `[⌈C/16⌉, taps, O]`.
pub(super) fn large_panels(weight: &[f32], layout: &Layout) -> Vec<Line> {
    let (o, c) = (layout.small.0, layout.large.0);
    weight_panels(weight, layout.kernel_taps(), (c, o), (1, c))
}

/// Panels `[⌈across/16⌉, taps, along]` of weights whose taps for a channel `i` across and a channel `j` along are
/// number `i · steps.0 + j · steps.1`.
fn weight_panels(
    weight: &[f32],
    taps: usize,
    (across, along): (usize, usize),
    steps: (usize, usize),
) -> Vec<Line> {
    let mut y = vec![Line::ZERO; across.div_ceil(LANES) * along * taps];
    y.par_chunks_mut(along * taps)
        .enumerate()
        .for_each(|(block, to)| {
            let first = block * LANES;
            let lanes = (across - first).min(LANES);
            // Whole lines are written: those of one channel lie so far apart that they would drive each other from
            // the cache before they are full.
            let mut lines = vec![Line::ZERO; taps];
            for channel in 0..along {
                for lane in 0..lanes {
                    let from = (first + lane) * steps.0 + channel * steps.1;
                    let from = &weight[from * taps..][..taps];
                    for (line, value) in lines.iter_mut().zip(from) {
                        line.0[lane] = *value;
                    }
                }
                for (tap, line) in lines.iter().enumerate() {
                    to[tap * along + channel] = *line;
                }
            }
        });
    y
}
