//! The networks for ColorMNIST: Rosca et al. 2018, appendix K.1, tables 4 and 5.
//!
//! For 28 × 28 pixels, 64 `maps` and a `depth` of 3 they are the paper's:
//!
//! | generator | encoder | discriminator |
//! | --- | --- | --- |
//! | affine to 64 × 7 × 7 | conv 5×5 s2, 32 | conv 5×5 s2, 8 |
//! | transposed conv 5×5 s2, 64 | conv 5×5 s1, 64 | conv 5×5 s1, 16 |
//! | transposed conv 5×5 s1, 32 | conv 5×5 s2, 64 | conv 5×5 s2, 32 |
//! | transposed conv 5×5 s2, 3 | affine | conv 5×5 s1, 64 |
//! | | | conv 5×5 s2, 64 |
//! | | | affine |
//!
//! The numbers of the tables are lost from the public text; those of the discriminator are as later
//! papers repeat them, those of the generator are its mirror image at the sizes of the pictures. A
//! greater `depth` adds convolutions of stride 1 in the middle. A stride of 2 halves a side, rounded up.
//! What batch norm follows has no bias, which it would take away.

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

/// One convolution of the encoder: maps, stride, and the sides of the picture before it.
struct Step {
    inputs: usize,
    outputs: usize,
    stride: usize,
    before: (usize, usize),
}

/// The convolutions of the encoder from the pixels on, and the sides after the last.
fn steps(architecture: &Architecture, [channels, h, w]: [usize; 3]) -> (Vec<Step>, (usize, usize)) {
    let depth = architecture.depth.unwrap_or(3).max(2);
    let (mut inputs, mut sides) = (channels, (h, w));
    let mut steps = Vec::new();
    for at in 0..depth {
        let stride = if at == 0 || at + 1 == depth { 2 } else { 1 };
        let outputs = if at == 0 {
            architecture.maps / 2
        } else {
            architecture.maps
        };
        steps.push(Step {
            inputs,
            outputs,
            stride,
            before: sides,
        });
        inputs = outputs;
        sides = window(stride).small(sides);
    }
    (steps, sides)
}

/// 5 × 5, padded so that a stride of 1 keeps the size.
fn window(stride: usize) -> Window {
    Window::square(5, stride, 2)
}

pub(super) fn encoder<B: Backend>(
    builder: &mut Builder<'_, B>,
    architecture: &Architecture,
    shape: &[usize],
    outputs: usize,
) -> Network {
    let shape = picture(shape);
    let (steps, (h, w)) = steps(architecture, shape);
    let mut stages = Stages::new(builder);
    stages.reshape(shape);
    let mut features = 0;
    for step in steps {
        convolution(&mut stages, step.inputs, step.outputs, step.stride);
        stages.norm(step.outputs, Activation::Relu);
        features = step.outputs * h * w;
    }
    stages.linear(features, outputs, true);
    stages.network()
}

pub(super) fn generator<B: Backend>(
    builder: &mut Builder<'_, B>,
    architecture: &Architecture,
    inputs: usize,
    shape: &[usize],
) -> Network {
    let shape = picture(shape);
    let (steps, (h, w)) = steps(architecture, shape);
    let widest = steps.last().map_or(architecture.maps, |step| step.outputs);
    let mut stages = Stages::new(builder);
    stages.linear(inputs, widest * h * w, false);
    // One mean and variance per map, as for what the convolutions give.
    stages.reshape([widest, h, w]);
    stages.norm(widest, Activation::Relu);
    // The mirror image of the encoder: each layer undoes one of its convolutions.
    for (at, step) in steps.iter().enumerate().rev() {
        let from = step.outputs;
        let last = at == 0;
        stages.layer(|builder| {
            let window = window(step.stride);
            let init = WEIGHTS;
            let layer = ConvTranspose2d::with_init(builder, from, step.inputs, window, init, last);
            let (h, w) = step.before;
            // To an odd side a stride of 2 leads by itself, to an even one with one more.
            let extra = |side: usize| usize::from(step.stride == 2 && side.is_multiple_of(2));
            let layer = layer.output_padding(extra(h), extra(w));
            Stage::ConvTranspose(layer, Activation::Identity)
        });
        if !last {
            stages.norm(step.inputs, Activation::Relu);
        }
    }
    stages.network()
}

pub(super) fn discriminator<B: Backend>(
    builder: &mut Builder<'_, B>,
    architecture: &Architecture,
    shape: &[usize],
    outputs: usize,
    batch_norm: bool,
) -> Network {
    let shape = picture(shape);
    let [mut inputs, h, w] = shape;
    let mut sides = (h, w);
    let mut stages = Stages::new(builder);
    stages.reshape(shape);
    for (eighths, stride) in [(1, 2), (2, 1), (4, 2), (8, 1), (8, 2)] {
        let maps = (architecture.maps * eighths / 8).max(1);
        stages.layer(|builder| {
            let window = window(stride);
            let layer = Conv2d::with_init(builder, inputs, maps, window, WEIGHTS, !batch_norm);
            let activation = match batch_norm {
                true => Activation::Identity,
                false => Activation::LeakyRelu(SLOPE),
            };
            Stage::Conv(layer, activation)
        });
        if batch_norm {
            stages.norm(maps, Activation::LeakyRelu(SLOPE));
        }
        (inputs, sides) = (maps, window(stride).small(sides));
    }
    stages.linear(inputs * sides.0 * sides.1, outputs, true);
    stages.network()
}

fn convolution<B: Backend>(
    stages: &mut Stages<'_, '_, B>,
    inputs: usize,
    outputs: usize,
    stride: usize,
) {
    stages.layer(|builder| {
        let layer = Conv2d::with_init(builder, inputs, outputs, window(stride), WEIGHTS, false);
        Stage::Conv(layer, Activation::Identity)
    });
}
