//! The gradient of the weights: `dW[o, c, tap] = Σ small[n, o, pixel] · large[n, c, pixel under tap]`.
//!
//! A task takes two panels of small channels and one row of taps through all images; the rows of its
//! tiles are large channels, read in place. Each number is summed by one task, over the images in
//! order.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::kernel::{LANES, Line, PANELS, ROWS, Row, Scattered, add_products};
use super::panels::channel_panels;
use crate::nn::layers::window::Layout;

/// Small pixels, of several images or of some rows of one, that are summed up while a tile stays in
/// registers.
const PIXELS: usize = 256;

/// Adds the gradient to `target` `[O, C, taps]`.
pub(super) fn add_gradient(layout: &Layout, large: &[f32], small: &[f32], target: &mut [f32]) {
    let (o, pixels) = (layout.small.0, layout.small_pixels());
    let (kh, kw) = layout.window.kernel;
    let (c, taps) = (layout.large.0, layout.kernel_taps());
    let panels = channel_panels(small, layout.images, o, pixels);
    let mut sums = vec![[[0.0; LANES]; PANELS]; o.div_ceil(PANELS * LANES) * taps * c];
    sums.par_chunks_mut(kw * c)
        .enumerate()
        .for_each(|(task, sums)| {
            let (block, ky) = (task / kh, task % kh);
            let size = layout.images * pixels;
            let panels = panels.chunks_exact(size).skip(block * PANELS);
            let panels = panels.take(PANELS).collect();
            pulp::Arch::new().dispatch(Task {
                layout,
                large,
                panels,
                ky,
                sums,
            });
        });
    target
        .par_chunks_mut(taps * c)
        .enumerate()
        .for_each(|(o, target)| {
            let (block, lane) = (o / (PANELS * LANES), o % (PANELS * LANES));
            let sums = &sums[block * taps * c..][..taps * c];
            for (channel, target) in target.chunks_exact_mut(taps).enumerate() {
                for (tap, target) in target.iter_mut().enumerate() {
                    *target += sums[tap * c + channel].as_flattened()[lane];
                }
            }
        });
}

struct Task<'a> {
    layout: &'a Layout,
    large: &'a [f32],
    panels: Vec<&'a [Line]>,
    ky: usize,
    sums: &'a mut [Row],
}

impl Task<'_> {
    /// The terms of one tap over some images and, in each, some rows of small pixels.
    fn terms(&self, kx: usize, images: usize, rows: Range<usize>) -> Scattered {
        let (c, h, w) = self.layout.large;
        let (_, oh, ow) = self.layout.small;
        let mut terms = Vec::with_capacity(images * rows.len() * ow);
        for image in 0..images {
            for oy in rows.clone() {
                let Some(y) = self.layout.large_row(oy, self.ky) else {
                    continue;
                };
                for ox in 0..ow {
                    if let Some(x) = self.layout.large_column(ox, kx) {
                        let from = (image * c * h + y) * w + x;
                        terms.push((from as u32, ((image * oh + oy) * ow + ox) as u32));
                    }
                }
            }
        }
        Scattered::new(terms)
    }

    /// Per band of rows and tap, the terms over so many images.
    fn bands(&self, images: usize) -> Vec<Vec<Scattered>> {
        let (_, oh, ow) = self.layout.small;
        let height = (PIXELS / ow.max(1)).clamp(1, oh.max(1));
        let band = |first: usize| {
            let rows = first..(first + height).min(oh);
            let taps = 0..self.layout.window.kernel.1;
            taps.map(|kx| self.terms(kx, images, rows.clone()))
                .collect()
        };
        (0..oh).step_by(height).map(band).collect()
    }
}

impl<'a> WithSimd for Task<'a> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (c, h, w) = self.layout.large;
        let pixels = self.layout.small_pixels();
        let group = (PIXELS / pixels).clamp(1, self.layout.images.max(1));
        let whole = self.bands(group);
        let last = self.bands(self.layout.images % group);
        let size = group * pixels;
        for (i, large) in self.large.chunks(group * c * h * w).enumerate() {
            let full = large.len() == group * c * h * w;
            let part = |panel: &'a [Line]| &panel[i * size..];
            let panels: Vec<&[Line]> = self.panels.iter().copied().map(part).collect();
            for band in if full { &whole } else { &last } {
                let tiles = c.div_ceil(ROWS);
                let mut from = 0;
                for tile in 0..tiles {
                    let to = (tile + 1) * c / tiles;
                    let mut starts = [0; ROWS];
                    let starts = &mut starts[..to - from];
                    for (start, channel) in starts.iter_mut().zip(from..) {
                        *start = channel * h * w;
                    }
                    // All taps of a tile in turn: its pixels stay in the nearest cache.
                    for (terms, sums) in band.iter().zip(self.sums.chunks_exact_mut(c)) {
                        let rows = (large, &*starts);
                        add_products(simd, &mut sums[from..to], rows, &panels, terms);
                    }
                    from = to;
                }
            }
        }
    }
}
