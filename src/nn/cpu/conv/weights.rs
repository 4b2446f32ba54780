//! The gradient of the weights: `dW[o, c, tap] = Σ small[n, o, pixel] · large[n, c, pixel under tap]`.
//!
//! A task takes sixteen small channels and one row of taps through all images; the rows of its
//! tiles are large channels, read in place with the stride of the window. Each number is summed by
//! one task, over the images in order.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::kernel::{LANES, ROWS, Run, Runs, Sums, add_products};
use super::panels::channel_panels;
use crate::nn::layers::window::Layout;

/// Small pixels, of several images if need be, that are summed up while the tiles stay in
/// registers.
const PIXELS: usize = 128;

/// Adds the gradient to `target` `[O, C, taps]`.
pub fn add_gradient(layout: &Layout, large: &[f32], small: &[f32], target: &mut [f32]) {
    let (o, pixels) = (layout.small.0, layout.small_pixels());
    let (kh, kw) = layout.window.kernel;
    let (c, taps) = (layout.large.0, layout.kernel_taps());
    let panels = channel_panels(small, layout.images, o, pixels);
    let mut sums = vec![[0.0; LANES]; o.div_ceil(LANES) * taps * c];
    sums.par_chunks_mut(kw * c)
        .enumerate()
        .for_each(|(task, sums)| {
            let (block, ky) = (task / kh, task % kh);
            let panel = &panels[block * layout.images * pixels * LANES..];
            let panel = &panel[..layout.images * pixels * LANES];
            pulp::Arch::new().dispatch(Task {
                layout,
                large,
                panel,
                ky,
                sums,
            });
        });
    target
        .par_chunks_mut(taps * c)
        .enumerate()
        .for_each(|(o, target)| {
            let (block, lane) = (o / LANES, o % LANES);
            let sums = &sums[block * taps * c..][..taps * c];
            for (channel, target) in target.chunks_exact_mut(taps).enumerate() {
                for (tap, target) in target.iter_mut().enumerate() {
                    *target += sums[tap * c + channel][lane];
                }
            }
        });
}

struct Task<'a> {
    layout: &'a Layout,
    large: &'a [f32],
    panel: &'a [f32],
    ky: usize,
    sums: &'a mut [[f32; LANES]],
}

impl Task<'_> {
    /// The terms of one tap over a group of images.
    fn runs(&self, kx: usize, images: usize) -> Runs {
        let (c, h, w) = self.layout.large;
        let (_, oh, ow) = self.layout.small;
        let inside = |ox: &usize| self.layout.large_column(*ox, kx).is_some();
        let first = (0..ow).find(inside).unwrap_or(ow);
        let count = (first..ow).take_while(|ox| inside(ox)).count();
        let mut runs = Vec::with_capacity(images * oh);
        for image in 0..images {
            for oy in 0..oh {
                let places = (
                    self.layout.large_row(oy, self.ky),
                    self.layout.large_column(first, kx),
                );
                if let (Some(y), Some(x)) = places {
                    runs.push(Run {
                        row: ((image * c * h + y) * w + x) as isize,
                        line: (image * oh + oy) * ow + first,
                        len: count,
                    });
                }
            }
        }
        Runs::new(runs, self.layout.window.stride.1)
    }
}

impl WithSimd for Task<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (c, h, w) = self.layout.large;
        let pixels = self.layout.small_pixels();
        let group = PIXELS.div_ceil(pixels);
        let all: Vec<Runs> = (0..self.layout.window.kernel.1)
            .map(|kx| self.runs(kx, group.min(self.layout.images)))
            .collect();
        let mut image = 0;
        while image < self.layout.images {
            let images = group.min(self.layout.images - image);
            let last;
            let all = match images == group.min(self.layout.images) {
                true => &all,
                false => {
                    let kernel = 0..self.layout.window.kernel.1;
                    last = kernel.map(|kx| self.runs(kx, images)).collect::<Vec<_>>();
                    &last
                }
            };
            let large = &self.large[image * c * h * w..][..images * c * h * w];
            let panel = &self.panel[image * pixels * LANES..][..images * pixels * LANES];
            for (runs, sums) in all.iter().zip(self.sums.chunks_exact_mut(c)) {
                let tiles = c.div_ceil(ROWS);
                let mut from = 0;
                for tile in 0..tiles {
                    let to = (tile + 1) * c / tiles;
                    let mut starts = [0; ROWS];
                    let mut local: Sums = [[0.0; LANES]; ROWS];
                    for (i, channel) in (from..to).enumerate() {
                        starts[i] = channel * h * w;
                        local[i] = sums[channel];
                    }
                    let rows = (large, &starts[..to - from]);
                    add_products(simd, &mut local, rows, panel, runs);
                    sums[from..to].copy_from_slice(&local[..to - from]);
                    from = to;
                }
            }
            image += images;
        }
    }
}
