//! Batch normalisation with its activation: two passes for the statistics, one for the result;
//! backwards one pass for the sums and one for the gradient.
//!
//! Sums over the batch are taken over pieces of images of fixed number and then over the pieces in
//! order, the latter in float64.

use dfdx::prelude::*;
use rayon::prelude::*;

use super::activation::{apply, times_derivative};
use super::math::{add_over, sum_over, wide};
use super::view::{Input, Slot, output};
use crate::nn::layers::{Activation, NormWeights, Normalised};
use crate::nn::tape::Tape;
use crate::nn::tensor::{Cube, Vector};

/// Numbers of the images that one task takes, about.
const PIECE: usize = 1 << 14;

/// Sizes of a batch `[images, channels, pixels]`.
#[derive(Clone, Copy)]
struct Sizes {
    images: usize,
    channels: usize,
    pixels: usize,
}

impl Sizes {
    fn image(self) -> usize {
        self.channels * self.pixels
    }

    /// Numbers per task: whole images.
    fn piece(self) -> usize {
        PIECE.div_ceil(self.image().max(1)) * self.image()
    }

    /// `Σ f(channel, row)` per channel over all images, a row being the pixels of one channel of one
    /// image, at this position in the batch.
    fn sums<const K: usize>(self, f: impl Fn(usize, usize) -> [f32; K] + Sync) -> [Vec<f64>; K] {
        let images = (self.piece() / self.image().max(1)).max(1);
        let pieces: Vec<Vec<[f32; K]>> = (0..self.images.div_ceil(images))
            .into_par_iter()
            .map(|piece| {
                let mut sums = vec![[0.0; K]; self.channels];
                for image in piece * images..((piece + 1) * images).min(self.images) {
                    for (channel, sums) in sums.iter_mut().enumerate() {
                        let row = image * self.image() + channel * self.pixels;
                        let more = f(channel, row);
                        for (sum, more) in sums.iter_mut().zip(more) {
                            *sum += more;
                        }
                    }
                }
                sums
            })
            .collect();
        let total = |k: usize, channel: usize| -> f64 {
            pieces.iter().map(|p| f64::from(p[channel][k])).sum()
        };
        std::array::from_fn(|k| (0..self.channels).map(|c| total(k, c)).collect())
    }

    /// Calls `f(channel, position of the row, row of y)` for every row of `y`.
    fn rows(self, y: &mut [f32], f: impl Fn(usize, usize, &mut [f32]) + Sync) {
        if y.is_empty() {
            return;
        }
        let piece = self.piece();
        y.par_chunks_mut(piece).enumerate().for_each(|(i, y)| {
            for (j, row) in y.chunks_exact_mut(self.pixels).enumerate() {
                f(j % self.channels, i * piece + j * self.pixels, row);
            }
        });
    }
}

/// Per channel, what takes a number to its standardised one.
struct Standard {
    mean: Vec<f32>,
    /// 1 / √(variance + eps)
    inverse: Vec<f32>,
}

/// See [`Backend::batch_norm`](crate::nn::backend::Backend::batch_norm).
pub(super) fn batch_norm(
    x: Cube<Cpu>,
    weights: NormWeights<Cpu>,
    given: Option<(Vector<Cpu>, Vector<Cpu>)>,
    activation: Activation,
) -> Normalised<Cpu> {
    let shape = x.shape();
    let sizes = Sizes {
        images: shape.0,
        channels: shape.1,
        pixels: shape.2,
    };
    let n = (sizes.images * sizes.pixels) as f64;
    let x = Input::of(x);
    let (gamma, beta) = (Input::of(weights.gamma), Input::of(weights.beta));
    assert_eq!(gamma.numbers.len(), sizes.channels, "scale of a batch norm");
    assert_eq!(beta.numbers.len(), sizes.channels, "shift of a batch norm");
    let fixed = given.is_some();
    let (mean, variance) = match given {
        Some((mean, variance)) => (mean.to_vec(), variance.to_vec()),
        None => moments(&x.numbers, sizes, n),
    };
    let inverse = |v: &f32| (f64::from(*v) + f64::from(weights.eps)).sqrt().recip() as f32;
    let standard = Standard {
        inverse: variance.iter().map(inverse).collect(),
        mean,
    };
    let tape = x.tape.joined(&gamma.tape).joined(&beta.tape);

    let mut y = vec![0.0; x.numbers.len()];
    let numbers: &[f32] = &x.numbers;
    let (scales, shifts): (&[f32], &[f32]) = (&gamma.numbers, &beta.numbers);
    sizes.rows(&mut y, |c, at, row| {
        let scale = scales[c] * standard.inverse[c];
        let (mean, shift) = (standard.mean[c], shifts[c]);
        wide(
            #[inline(always)]
            || {
                let (mean, scale, shift) = (mean, scale, shift);
                for (y, x) in row.iter_mut().zip(&numbers[at..]) {
                    *y = (x - mean) * scale + shift;
                }
            },
        );
        apply(activation, row);
    });
    let device = x.device.clone();
    let out = output(&device, y, shape, tape.clone());
    let constant =
        |values: &Vec<f32>| output(&device, values.clone(), (values.len(),), Tape::constant());
    let statistics = (!fixed).then(|| (constant(&standard.mean), constant(&variance)));
    if tape.is_recording() {
        let slot = Slot::of(&out.inner);
        let y = Input::of(out.clone()).numbers;
        tape.record(move |gradients| {
            let mut upstream = slot.take(gradients)?;
            if activation != Activation::Identity {
                let y: &[f32] = &y;
                sizes.rows(&mut upstream, |_, at, row| {
                    times_derivative(activation, row, &y[at..][..row.len()]);
                });
            }
            let numbers: &[f32] = &x.numbers;
            let (shift, scale) = parameter_gradients(&upstream, numbers, sizes, &standard);
            for (input, gradient) in [(&gamma, &scale), (&beta, &shift)] {
                if input.is_tracked() {
                    let target = input.slot.add(gradients)?;
                    for (t, g) in target.iter_mut().zip(gradient) {
                        *t += *g as f32;
                    }
                }
            }
            if x.is_tracked() {
                let scales: &[f32] = &gamma.numbers;
                sizes.rows(x.slot.add(gradients)?, |c, at, row| {
                    let factor = scales[c] * standard.inverse[c];
                    let (mean, inverse) = (standard.mean[c], standard.inverse[c]);
                    let (level, slope) = match fixed {
                        true => (0.0, 0.0),
                        false => ((shift[c] / n) as f32, (scale[c] / n) as f32 * inverse),
                    };
                    add_over(
                        row,
                        [&upstream[at..], &numbers[at..]],
                        #[inline(always)]
                        move |[u, x]| factor * (u - level - (x - mean) * slope),
                    );
                });
            }
            Ok(())
        });
    }
    Normalised { y: out, statistics }
}

/// Mean and biased variance per channel.
fn moments(x: &[f32], sizes: Sizes, n: f64) -> (Vec<f32>, Vec<f32>) {
    let pixels = sizes.pixels;
    let [sums] = sizes.sums(|_, at| {
        let row = &x[at..][..pixels];
        [sum_over(
            [row],
            #[inline(always)]
            |[x]| x,
        )]
    });
    let mean: Vec<f32> = sums.iter().map(|s| (s / n) as f32).collect();
    let [squares] = sizes.sums(|c, at| {
        let (row, mean) = (&x[at..][..pixels], mean[c]);
        [sum_over(
            [row],
            #[inline(always)]
            move |[x]| (x - mean) * (x - mean),
        )]
    });
    let variance = squares.iter().map(|s| (s / n) as f32).collect();
    (mean, variance)
}

/// Gradients of shift and scale: `Σ u` and `Σ u (x − mean) / deviation`.
fn parameter_gradients(
    upstream: &[f32],
    x: &[f32],
    sizes: Sizes,
    standard: &Standard,
) -> (Vec<f64>, Vec<f64>) {
    let pixels = sizes.pixels;
    let [shift, scale] = sizes.sums(|c, at| {
        let (u, x) = (&upstream[at..][..pixels], &x[at..][..pixels]);
        let (mean, inverse) = (standard.mean[c], standard.inverse[c]);
        let shift = sum_over(
            [u],
            #[inline(always)]
            |[u]| u,
        );
        let scale = sum_over(
            [u, x],
            #[inline(always)]
            move |[u, x]| u * (x - mean),
        );
        [shift, scale * inverse]
    });
    (shift, scale)
}
