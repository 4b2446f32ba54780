//! A convolution in one direction, over all images: forward passes and input gradients.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::kernel::{LANES, Line, PANELS, ROWS, add_products};
use super::places::Direction;

/// Images that one task takes. Fixed, although results would be the same at any number.
const GROUP: usize = 8;

/// What becomes of a result.
#[derive(Clone, Copy)]
pub(super) enum Store<'a> {
    /// It is added to what is there.
    Add,
    /// It replaces what is there, plus the bias of its channel if there is one.
    Replace(Option<&'a [f32]>),
}

/// Applies `direction` to `x` `[N, pixels, channels]`, with the panels of weights, into `y`
/// `[N, channels', pixels']`; `finish` then sees each finished piece of `y`.
pub(super) fn apply(
    direction: &Direction,
    x: &[f32],
    panels: &[Line],
    y: &mut [f32],
    store: Store,
    finish: impl Fn(&mut [f32]) + Sync,
) {
    let output = direction.output.0 * direction.output.1;
    if y.is_empty() {
        return;
    }
    y.par_chunks_mut(GROUP * output)
        .zip(x.par_chunks(GROUP * direction.input))
        .for_each(|(y, x)| {
            pulp::Arch::new().dispatch(Task {
                direction,
                x,
                panels,
                y: &mut *y,
                store,
            });
            finish(y);
        });
}

struct Task<'a> {
    direction: &'a Direction,
    x: &'a [f32],
    panels: &'a [Line],
    y: &'a mut [f32],
    store: Store<'a>,
}

impl WithSimd for Task<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (channels, pixels) = self.direction.output;
        let images = self.y.len() / (channels * pixels);
        let panels: Vec<&[Line]> = self.panels.chunks_exact(self.direction.panel).collect();
        for class in &self.direction.classes {
            let mut starts = Vec::with_capacity(images * class.places.len());
            let mut targets = Vec::with_capacity(images * class.places.len());
            for image in 0..images {
                for (start, pixel) in &class.places {
                    starts.push(image * self.direction.input + start);
                    targets.push(image * channels * pixels + pixel);
                }
            }
            for (block, panels) in panels.chunks(PANELS).enumerate() {
                let first = block * PANELS * LANES;
                let lanes = (channels - first).min(PANELS * LANES);
                let tiles = starts.len().div_ceil(ROWS);
                let mut from = 0;
                for tile in 0..tiles {
                    // Tiles of nearly equal height: a tile of one row would be slow.
                    let to = (tile + 1) * starts.len() / tiles;
                    let mut sums = [[[0.0; LANES]; PANELS]; ROWS];
                    let sums = &mut sums[..to - from];
                    let rows = (self.x, &starts[from..to]);
                    add_products(simd, sums, rows, panels, &class.runs);
                    for (row, target) in sums.iter().zip(&targets[from..to]) {
                        for (lane, sum) in row.as_flattened()[..lanes].iter().enumerate() {
                            let y = &mut self.y[target + (first + lane) * pixels];
                            *y = match self.store {
                                Store::Add => *y + sum,
                                Store::Replace(None) => *sum,
                                Store::Replace(Some(bias)) => sum + bias[first + lane],
                            };
                        }
                    }
                    from = to;
                }
            }
        }
    }
}
