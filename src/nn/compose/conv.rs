//! Twins of the convolutions: gather, reshape and matrix product.
//!
//! Images lie as `[channels · pixels (+ one zero), N]`, so that one list of indices serves the
//! whole batch and its backward pass is the needed scatter.

use dfdx::prelude::*;
use dfdx::tensor::Tensor as Dfdx;

use crate::nn::backend::Backend;
use crate::nn::layers::window::Layout;
use crate::nn::layers::{Activation, Window};
use crate::nn::tape::Tape;
use crate::nn::tensor::{Images, Tensor, Vector};

pub(super) type Table<B> = Dfdx<(usize, usize), f32, B, Tape<B>>;

/// Rows `index` of `table`, to which a row of zeros is added below.
pub(super) fn gather<B: Backend>(table: Table<B>, index: Vec<usize>) -> Table<B> {
    let (device, columns) = (table.device().clone(), table.shape().1);
    let zeros = device.zeros_like(&(1, columns)).put_tape(Tape::constant());
    let count = index.len();
    let index = device.tensor_from_vec(index, (count,));
    (table.contiguous(), zeros)
        .concat_along(Axis::<0>)
        .gather(index)
}

/// `[N, features]` images as `[features, N]`.
pub(super) fn columns<B: Backend>(x: Images<B>) -> Table<B> {
    let (n, c, h, w) = x.shape();
    let rows = x.into_dfdx().reshape_like(&(n, c * h * w));
    rows.permute::<(usize, usize), Axes2<1, 0>>()
}

/// `[features, N]` back to images.
pub(super) fn images<B: Backend>(
    table: Table<B>,
    shape: (usize, usize, usize, usize),
) -> Images<B> {
    let rows = table.permute::<(usize, usize), Axes2<1, 0>>();
    Tensor::from_dfdx(rows.reshape_like(&shape))
}

/// Images plus the bias, through the activation.
fn finish<B: Backend>(y: Images<B>, bias: Option<Vector<B>>, activation: Activation) -> Images<B> {
    let shape = y.shape();
    let mut y = y.into_dfdx();
    if let Some(bias) = bias {
        y = y + bias.into_dfdx().broadcast_like::<_, Axes3<0, 2, 3>>(&shape);
    }
    super::activate(Tensor::from_dfdx(y), activation)
}

/// See [`Backend::conv2d`].
pub fn conv2d<B: Backend>(
    x: Images<B>,
    weight: Images<B>,
    bias: Option<Vector<B>>,
    window: Window,
    activation: Activation,
) -> Images<B> {
    let layout = Layout::convolution(window, x.shape(), weight.shape());
    let (n, (o, oh, ow)) = (layout.images, layout.small);
    let met = gather(columns(x), layout.met_by_taps());
    let met = met.reshape_like(&(layout.taps(), oh * ow * n));
    let weight = weight.into_dfdx().reshape_like(&(o, layout.taps()));
    let y = super::product(weight, met).reshape_like(&(o * oh * ow, n));
    finish(images(y, (n, o, oh, ow)), bias, activation)
}

/// See [`Backend::conv_transpose2d`].
pub fn conv_transpose2d<B: Backend>(
    x: Images<B>,
    weight: Images<B>,
    bias: Option<Vector<B>>,
    window: Window,
    extra: (usize, usize),
    activation: Activation,
) -> Images<B> {
    let layout = Layout::transposed(window, x.shape(), weight.shape(), extra);
    let (n, (c, h, w), (o, lh, lw)) = (layout.images, layout.small, layout.large);
    let x = columns(x).reshape_like(&(c, h * w * n));
    let weight = weight.into_dfdx().reshape_like(&(c, layout.taps()));
    let spread = super::product(weight.permute::<_, Axes2<1, 0>>(), x);
    let spread = spread.reshape_like(&(layout.taps() * h * w, n));
    let (index, most) = layout.meeting();
    let met = gather(spread, index).reshape_like(&(o * lh * lw, most, n));
    let y = met.sum::<(usize, usize), Axis<1>>();
    finish(images(y, (n, o, lh, lw)), bias, activation)
}
