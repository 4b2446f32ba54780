//! The networks for CIFAR-10 and CelebA: those of the published code of Arjovsky, Chintala and Bottou
//! 2017, `models/dcgan.py`, to which Rosca et al. 2018 point (appendix K.1).
//!
//! With 64 `maps`, for 32 × 32 pixels (64 × 64 in brackets):
//!
//! | generator | encoder and discriminator |
//! | --- | --- |
//! | transposed conv 4×4 s1 from 1 × 1, 256 (512) | conv 4×4 s2, 64 |
//! | transposed conv 4×4 s2, 128 (256, 128) | conv 4×4 s2, 128 |
//! | transposed conv 4×4 s2, 64 | conv 4×4 s2, 256 (256, 512) |
//! | transposed conv 4×4 s2, 3 | conv 4×4 s1 to 1 × 1 |
//!
//! None has a bias. From and to one pixel a convolution is an affine layer, and is declared as one.
//! The code puts no batch norm behind the discriminator's first convolution. `depth` counts the layers
//! of stride 2; a smaller one leaves a larger picture to the affine layer.

use super::Architecture;
use super::Network;
use super::SLOPE;
use super::Stages;
use super::WEIGHTS;
use super::picture;
use crate::nn::Backend;
use crate::nn::Builder;
use crate::nn::layers::Activation;
use crate::nn::layers::Conv2d;
use crate::nn::layers::ConvTranspose2d;
use crate::nn::layers::Stage;
use crate::nn::layers::Window;

/// Maps after each convolution from the pixels on: doubled from one to the next.
fn maps(architecture: &Architecture, shape: &[usize]) -> Vec<usize> {
    let depth = architecture.dcgan_depth(shape);
    (0..depth).map(|at| architecture.maps << at).collect()
}

/// 4 × 4, halving.
fn window() -> Window {
    Window::square(4, 2, 1)
}

/// What the last convolution of an encoder leaves, or a generator starts from.
fn innermost(architecture: &Architecture, shape: &[usize]) -> [usize; 3] {
    let [_, h, w] = picture(shape);
    let maps = maps(architecture, shape);
    let halvings = maps.len();
    let widest = maps.last().copied().unwrap_or(architecture.maps);
    [widest, h >> halvings, w >> halvings]
}

pub(super) fn encoder<B: Backend>(
    builder: &mut Builder<'_, B>,
    architecture: &Architecture,
    shape: &[usize],
    outputs: usize,
) -> Network {
    inwards(
        builder,
        architecture,
        shape,
        outputs,
        Activation::Relu,
        |_| true,
    )
}

pub(super) fn discriminator<B: Backend>(
    builder: &mut Builder<'_, B>,
    architecture: &Architecture,
    shape: &[usize],
    outputs: usize,
    batch_norm: bool,
) -> Network {
    let activation = Activation::LeakyRelu(SLOPE);
    inwards(builder, architecture, shape, outputs, activation, |at| {
        batch_norm && at > 0
    })
}

/// From pixels to `outputs` numbers; batch norm behind the convolutions for which `norms` says so.
fn inwards<B: Backend>(
    builder: &mut Builder<'_, B>,
    architecture: &Architecture,
    shape: &[usize],
    outputs: usize,
    activation: Activation,
    norms: impl Fn(usize) -> bool,
) -> Network {
    let mut inputs = picture(shape)[0];
    let mut stages = Stages::new(builder);
    stages.reshape(picture(shape));
    for (at, maps) in maps(architecture, shape).into_iter().enumerate() {
        let normed = norms(at);
        stages.layer(|builder| {
            let layer = Conv2d::with_init(builder, inputs, maps, window(), WEIGHTS, false);
            let own = if normed {
                Activation::Identity
            } else {
                activation
            };
            Stage::Conv(layer, own)
        });
        if normed {
            stages.norm(maps, activation);
        }
        inputs = maps;
    }
    stages.linear(
        innermost(architecture, shape).iter().product(),
        outputs,
        false,
    );
    stages.network()
}

pub(super) fn generator<B: Backend>(
    builder: &mut Builder<'_, B>,
    architecture: &Architecture,
    inputs: usize,
    shape: &[usize],
) -> Network {
    let first = innermost(architecture, shape);
    let mut stages = Stages::new(builder);
    stages.linear(inputs, first.iter().product(), false);
    stages.reshape(first);
    stages.norm(first[0], Activation::Relu);
    let mut maps = maps(architecture, shape);
    maps.reverse();
    let mut outwards: Vec<usize> = maps[1..].to_vec();
    outwards.push(picture(shape)[0]);
    let mut from = first[0];
    let last = outwards.len() - 1;
    for (at, to) in outwards.into_iter().enumerate() {
        stages.layer(|builder| {
            let layer = ConvTranspose2d::with_init(builder, from, to, window(), WEIGHTS, false);
            Stage::ConvTranspose(layer, Activation::Identity)
        });
        if at < last {
            stages.norm(to, Activation::Relu);
        }
        from = to;
    }
    stages.network()
}
