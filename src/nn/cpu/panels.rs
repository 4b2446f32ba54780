//! A weight laid out once for many small products.
//!
//! `gemm` brings its operands into order anew in every product. Where a recurrence multiplies a few rows with the
//! same weight at every time step, that costs as much as half the product; here it is done once.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::conv::kernel::{LANES, Line, PANELS, ROWS, Run, Runs, add_products};
use super::gemm::Layout;

/// A matrix `[terms, columns]` as `[⌈columns/16⌉, terms]` lines, filled up with zeros.
pub(super) struct Panels {
    lines: Vec<Line>,
    terms: usize,
    columns: usize,
    runs: Runs,
}

impl Panels {
    /// Of `matrix`, laid out as told.
    ///
    /// Panics if it is too short.
    pub(super) fn of(matrix: &[f32], layout: Layout, (terms, columns): (usize, usize)) -> Self {
        let mut lines = vec![Line::ZERO; columns.div_ceil(LANES) * terms];
        let panels = lines.par_chunks_mut(terms.max(1)).enumerate();
        panels.for_each(|(block, panel)| {
            let first = block * LANES;
            let lanes = (columns - first).min(LANES);
            for (k, line) in panel.iter_mut().enumerate() {
                let from = k * layout.row + first * layout.column;
                for (lane, to) in line.0[..lanes].iter_mut().enumerate() {
                    *to = matrix[from + lane * layout.column];
                }
            }
        });
        let run = Run {
            row: 0,
            line: 0,
            len: terms,
        };
        Panels {
            lines,
            terms,
            columns,
            runs: Runs::new([run]),
        }
    }

    /// `out [rows, columns] += numbers [rows, terms] · self`, on the calling thread. Every element is summed in
    /// the order of the terms, whatever the number of rows.
    pub(super) fn add_product(&self, out: &mut [f32], numbers: &[f32]) {
        if self.columns == 0 || self.terms == 0 {
            return;
        }
        pulp::Arch::new().dispatch(Product {
            panels: self,
            out,
            numbers,
        });
    }
}

struct Product<'a> {
    panels: &'a Panels,
    out: &'a mut [f32],
    numbers: &'a [f32],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Panels {
            lines,
            terms,
            columns,
            runs,
        } = self.panels;
        let rows = self.out.len() / columns;
        let tiles = rows.div_ceil(ROWS);
        let panels: Vec<&[Line]> = lines.chunks_exact(*terms).collect();
        for (block, panels) in panels.chunks(PANELS).enumerate() {
            let first = block * PANELS * LANES;
            let lanes = (columns - first).min(PANELS * LANES);
            for tile in 0..tiles {
                // Tiles of nearly equal height: a tile of one row would be slow.
                let (from, to) = (tile * rows / tiles, (tile + 1) * rows / tiles);
                let mut starts = [0; ROWS];
                let mut sums = [[[0.0; LANES]; PANELS]; ROWS];
                let (starts, sums) = (&mut starts[..to - from], &mut sums[..to - from]);
                for (i, r) in (from..to).enumerate() {
                    starts[i] = r * terms;
                    let out = &self.out[r * columns + first..][..lanes];
                    sums[i].as_flattened_mut()[..lanes].copy_from_slice(out);
                }
                add_products(simd, sums, (self.numbers, starts), panels, runs);
                for (i, r) in (from..to).enumerate() {
                    let out = &mut self.out[r * columns + first..][..lanes];
                    out.copy_from_slice(&sums[i].as_flattened()[..lanes]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_with_panels_are_sums_of_products() {
        let number = |i: usize| ((i * 7919 % 1013) as f32 - 500.0) / 313.0;
        for (m, k, n) in [(1, 1, 1), (6, 5, 16), (16, 24, 96), (13, 7, 37)] {
            let a: Vec<f32> = (0..m * k).map(number).collect();
            let b: Vec<f32> = (0..k * n).map(number).collect();
            let mut turned = vec![0.0; k * n];
            for (i, value) in b.iter().enumerate() {
                turned[i % n * k + i / n] = *value;
            }
            let straight = Panels::of(&b, Layout::rows_of(n), (k, n));
            let across = Panels::of(&turned, Layout::transposed(k), (k, n));
            for panels in [straight, across] {
                let mut out = vec![0.5; m * n];
                panels.add_product(&mut out, &a);
                for (i, got) in out.iter().enumerate() {
                    let terms =
                        (0..k).map(|t| f64::from(a[i / n * k + t]) * f64::from(b[t * n + i % n]));
                    let want = 0.5 + terms.sum::<f64>();
                    // At most 24 terms below 3, each rounded once or twice in float32.
                    assert!(
                        (f64::from(*got) - want).abs() < 1e-4,
                        "{m}×{k}×{n}: {got}, not {want}"
                    );
                }
            }
        }
    }
}
