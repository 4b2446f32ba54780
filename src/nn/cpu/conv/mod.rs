//! Convolution and transposed convolution on the CPU.
//!
//! Both are the same pairing of a large image with a small one ([`Layout`]), so three passes serve
//! both, forward and backward: *down* (large to small), *up* (small to large) and the gradient of
//! the weights. Columns of pixels are never written out ("im2col"): the inner loop ([`kernel`]) reads
//! pixels where they lie, and leaves out what meets only padding. A kernel as large as the image or
//! of one pixel is a plain matrix product. An up pass into few channels would leave most lanes idle:
//! there a matrix product gives all taps, which are then added up ([`taps`]).

mod apply;
pub(super) mod kernel;
mod panels;
mod places;
mod taps;
mod weights;

#[cfg(test)]
mod tests;

use dfdx::prelude::*;
use rayon::prelude::*;

use super::gemm::{Layout as Strides, product, product_alone};
use super::math::sum_over;
use super::view::{Input, Slot, output};
use super::{activation, elementwise};
use crate::nn::layers::window::Layout;
use crate::nn::layers::{Activation, Window};
use crate::nn::tensor::{Images, Vector};
use apply::{Store, apply};
use kernel::LANES;

/// Large channels below which an up pass goes through [`taps`]: half the lanes of a panel.
const FEW: usize = LANES / 2;

/// See [`Backend::conv2d`](crate::nn::backend::Backend::conv2d).
pub(super) fn conv2d(
    x: Images<Cpu>,
    weight: Images<Cpu>,
    bias: Option<Vector<Cpu>>,
    window: Window,
    activation: Activation,
) -> Images<Cpu> {
    let layout = Layout::convolution(window, x.shape(), weight.shape());
    operation(layout, Pass::Down, x, weight, bias, activation)
}

/// See [`Backend::conv_transpose2d`](crate::nn::backend::Backend::conv_transpose2d).
pub(super) fn conv_transpose2d(
    x: Images<Cpu>,
    weight: Images<Cpu>,
    bias: Option<Vector<Cpu>>,
    window: Window,
    extra: (usize, usize),
    activation: Activation,
) -> Images<Cpu> {
    let layout = Layout::transposed(window, x.shape(), weight.shape(), extra);
    operation(layout, Pass::Up, x, weight, bias, activation)
}

/// Which way images go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// From the large image to the small one.
    Down,
    /// From the small image to the large one.
    Up,
}

impl Pass {
    fn back(self) -> Self {
        match self {
            Pass::Down => Pass::Up,
            Pass::Up => Pass::Down,
        }
    }

    fn run(
        self,
        layout: &Layout,
        x: &[f32],
        weight: &[f32],
        (y, store): (&mut [f32], Store),
        activation: Activation,
    ) {
        match self {
            Pass::Down => down(layout, x, weight, (y, store), activation),
            Pass::Up => up(layout, x, weight, (y, store), activation),
        }
    }
}

fn operation(
    layout: Layout,
    pass: Pass,
    x: Images<Cpu>,
    weight: Images<Cpu>,
    bias: Option<Vector<Cpu>>,
    activation: Activation,
) -> Images<Cpu> {
    let (channels, h, w) = match pass {
        Pass::Down => layout.small,
        Pass::Up => layout.large,
    };
    let (x, weight, bias) = (Input::of(x), Input::of(weight), bias.map(Input::of));
    let mut tape = x.tape.joined(&weight.tape);
    if let Some(bias) = &bias {
        assert_eq!(bias.numbers.len(), channels, "bias of the convolution");
        tape = tape.joined(&bias.tape);
    }
    let mut y = vec![0.0; layout.images * channels * h * w];
    let store = Store::Replace(bias.as_ref().map(|bias| &*bias.numbers));
    let to = (&mut y[..], store);
    pass.run(&layout, &x.numbers, &weight.numbers, to, activation);
    let out = output(&x.device, y, (layout.images, channels, h, w), tape.clone());
    if !tape.is_recording() {
        return out;
    }

    let out_slot = Slot::of(&out.inner);
    let y = Input::of(out.clone()).numbers;
    tape.record(move |gradients| {
        let mut upstream = out_slot.take(gradients)?;
        elementwise::scale(activation, &mut upstream, &y);
        if let Some(bias) = bias.filter(Input::is_tracked) {
            add_channel_sums(&upstream, h * w, bias.slot.add(gradients)?);
        }
        if weight.is_tracked() {
            let (large, small): (&[f32], &[f32]) = match pass {
                Pass::Down => (&x.numbers, &upstream),
                Pass::Up => (&upstream, &x.numbers),
            };
            let gradient = weight.slot.add(gradients)?;
            add_weight_gradient(&layout, large, small, gradient);
        }
        if x.is_tracked() {
            let to = (&mut x.slot.add(gradients)?[..], Store::Add);
            let identity = Activation::Identity;
            let back = pass.back();
            back.run(&layout, &upstream, &weight.numbers, to, identity);
        }
        Ok(())
    });
    out
}

/// The large images to the small ones.
fn down(
    layout: &Layout,
    large: &[f32],
    weight: &[f32],
    (small, store): (&mut [f32], Store),
    activation: Activation,
) {
    let (o, taps, pixels) = (layout.small.0, layout.taps(), layout.small_pixels());
    if layout.is_dense() {
        let add = start(small, o, 1, store);
        product(
            (layout.images, taps, o),
            small,
            (large, Strides::rows_of(taps)),
            (weight, Strides::transposed(taps)),
            add,
        );
        activation::apply(activation, small);
    } else if layout.is_pointwise() {
        per_image(small, o * pixels, large, taps * pixels, |small, large| {
            let add = start(small, o, pixels, store);
            let (a, b) = (Strides::rows_of(taps), Strides::rows_of(pixels));
            product_alone((o, taps, pixels), small, (weight, a), (large, b), add);
            activation::apply(activation, small);
        });
    } else {
        let large = panels::channels_last(large, layout.large.0, layout.large_pixels());
        let panels = panels::small_panels(weight, layout);
        let finish = |y: &mut [f32]| activation::apply(activation, y);
        apply(&places::down(layout), &large, &panels, small, store, finish);
    }
}

/// The small images to the large ones.
fn up(
    layout: &Layout,
    small: &[f32],
    weight: &[f32],
    (large, store): (&mut [f32], Store),
    activation: Activation,
) {
    let (o, taps, pixels) = (layout.small.0, layout.taps(), layout.small_pixels());
    let c = layout.large.0;
    if layout.is_dense() {
        let add = start(large, c, layout.large_pixels(), store);
        product(
            (layout.images, o, taps),
            large,
            (small, Strides::rows_of(o)),
            (weight, Strides::rows_of(taps)),
            add,
        );
        activation::apply(activation, large);
    } else if layout.is_pointwise() {
        per_image(large, c * pixels, small, o * pixels, |large, small| {
            let add = start(large, c, pixels, store);
            let (a, b) = (Strides::transposed(taps), Strides::rows_of(pixels));
            product_alone((c, o, pixels), large, (weight, a), (small, b), add);
            activation::apply(activation, large);
        });
    } else if c < FEW {
        let size = c * layout.large_pixels();
        per_image(large, size, small, o * pixels, |large, small| {
            start(large, c, layout.large_pixels(), store);
            taps::add_up(layout, small, weight, large);
            activation::apply(activation, large);
        });
    } else {
        let small = panels::channels_last(small, o, pixels);
        let panels = panels::large_panels(weight, layout);
        let finish = |y: &mut [f32]| activation::apply(activation, y);
        apply(&places::up(layout), &small, &panels, large, store, finish);
    }
}

fn add_weight_gradient(layout: &Layout, large: &[f32], small: &[f32], target: &mut [f32]) {
    if layout.is_dense() {
        let (o, taps) = (layout.small.0, layout.taps());
        product(
            (o, layout.images, taps),
            target,
            (small, Strides::transposed(o)),
            (large, Strides::rows_of(taps)),
            true,
        );
    } else {
        weights::add_gradient(layout, large, small, target);
    }
}

/// Prepares `y` `[…, channels, pixels]` for adding; says whether there is something to add to.
fn start(y: &mut [f32], channels: usize, pixels: usize, store: Store) -> bool {
    let Store::Replace(bias) = store else {
        return true;
    };
    match bias {
        Some(bias) => {
            for (i, row) in y.chunks_exact_mut(pixels).enumerate() {
                row.fill(bias[i % channels]);
            }
        }
        None => y.fill(0.0),
    }
    bias.is_some()
}

/// Runs `f` on every pair of images.
fn per_image(
    y: &mut [f32],
    y_size: usize,
    x: &[f32],
    x_size: usize,
    f: impl Fn(&mut [f32], &[f32]) + Sync,
) {
    if !y.is_empty() {
        let pairs = y.par_chunks_mut(y_size).zip(x.par_chunks(x_size));
        pairs.for_each(|(y, x)| f(y, x));
    }
}

/// Adds the sums of `x` `[N, channels, pixels]` over images and pixels.
fn add_channel_sums(x: &[f32], pixels: usize, sums: &mut [f32]) {
    let channels = sums.len();
    sums.par_iter_mut().enumerate().for_each(|(channel, sum)| {
        for image in x.chunks_exact(channels * pixels) {
            let row = &image[channel * pixels..][..pixels];
            *sum += sum_over(
                [row],
                #[inline(always)]
                |[x]| x,
            );
        }
    });
}
