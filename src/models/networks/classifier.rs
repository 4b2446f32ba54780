//! Networks that tell classes of pictures apart.
//!
//! `digits`, for pictures as small as those: two convolutions of 5 × 5 and stride 2 and an affine layer.
//!
//! `vgg`: configuration D of Simonyan and Zisserman 2015, arXiv 1409.1556, in the form that is
//! usual for CIFAR-10: thirteen convolutions of 3 × 3 with batch norm and ReLU in five blocks of 2, 2,
//! 3, 3, 3, with 64, 128, 256, 512, 512 maps, and one affine layer. The last convolution of a block has a stride of 2
//! in place of the pooling behind it (Springenberg et al. 2015, arXiv 1412.6806).

use super::Network;
use super::Stages;
use super::picture;
use crate::nn::Backend;
use crate::nn::Builder;
use crate::nn::Init;
use crate::nn::layers::Activation;
use crate::nn::layers::Conv2d;
use crate::nn::layers::Stage;
use crate::nn::layers::Window;

/// Convolutions of each block of a VGG, and its maps as a multiple of the first.
const VGG: [(usize, usize); 5] = [(2, 1), (2, 2), (3, 4), (3, 8), (3, 8)];

/// A small network with `maps` and twice as many maps, from pictures of `shape` to a logit per class.
pub fn digits<B: Backend>(
    builder: &mut Builder<'_, B>,
    maps: usize,
    shape: &[usize],
    classes: usize,
) -> Network {
    let window = Window::square(5, 2, 2);
    convolutions(
        builder,
        shape,
        classes,
        &[(maps, window), (2 * maps, window)],
    )
}

/// A VGG with `maps` in its first block.
pub fn vgg<B: Backend>(
    builder: &mut Builder<'_, B>,
    maps: usize,
    shape: &[usize],
    classes: usize,
) -> Network {
    let block = |(convolutions, multiple): (usize, usize)| {
        (1..=convolutions).map(move |at| {
            let stride = if at == convolutions { 2 } else { 1 };
            (multiple * maps, Window::square(3, stride, 1))
        })
    };
    let layers: Vec<(usize, Window)> = VGG.into_iter().flat_map(block).collect();
    convolutions(builder, shape, classes, &layers)
}

/// Convolutions with batch norm and ReLU, and an affine layer.
fn convolutions<B: Backend>(
    builder: &mut Builder<'_, B>,
    shape: &[usize],
    classes: usize,
    layers: &[(usize, Window)],
) -> Network {
    let [mut inputs, h, w] = picture(shape);
    let mut sides = (h, w);
    let mut stages = Stages::new(builder);
    stages.reshape([inputs, h, w]);
    for &(maps, window) in layers {
        // What batch norm follows has no bias, which it would take away.
        stages.layer(|builder| {
            let init = Init::KaimingNormal;
            let layer = Conv2d::with_init(builder, inputs, maps, window, init, false);
            Stage::Conv(layer, Activation::Identity)
        });
        stages.norm(maps, Activation::Relu);
        (inputs, sides) = (maps, window.small(sides));
    }
    stages.linear(inputs * sides.0 * sides.1, classes, true);
    stages.network()
}
