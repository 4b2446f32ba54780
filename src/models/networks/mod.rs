//! Encoders, generators and discriminators by name: parts that any model puts together.
//!
//! A network is declared from an [`Architecture`], which a manifest gives as [`NetworkParams`] and
//! weights keep. All three kinds map rows to rows, so that a model does not know what it is made of;
//! pictures are rows in the order channel, row, column.
//!
//! Rosca et al. 2018, arXiv 1802.06847, appendix K: the encoder is the generator turned round, without
//! an activation after its last layer; batch norm after every layer but the last, ReLU in encoder
//! and generator, LeakyReLU with slope 0.2 in the discriminator.

mod architecture;
pub mod classifier;
mod color_mnist;
mod dcgan;

#[cfg(test)]
mod tests;

pub use architecture::Architecture;
pub use architecture::HiddenActivation;
pub use architecture::NetworkKind;
pub(crate) use architecture::NetworkParams;
pub(crate) use architecture::SLOPE as LEAKY_SLOPE;

use crate::nn::Backend;
use crate::nn::Builder;
use crate::nn::Init;
use crate::nn::Pass;
use crate::nn::layers::Activation;
use crate::nn::layers::BatchNorm;
use crate::nn::layers::Linear;
use crate::nn::layers::Mlp;
use crate::nn::layers::Stack;
use crate::nn::layers::Stage;
use crate::nn::layers::Statistics;
use crate::nn::tensor::Matrix;

/// Slope of a discriminator's LeakyReLU below zero.
const SLOPE: f32 = 0.2;

/// First weights of convolutions and affine layers: N(0, 0.02²) (Radford et al. 2016).
const WEIGHTS: Init = Init::Normal(0.02);

/// First scales of batch norm: N(1, 0.02²) (Radford et al. 2016, its code).
const SCALES: Init = Init::Around(1.0, 0.02);

/// A network from rows to rows: plain data, its numbers come with the pass.
#[derive(Clone, Debug)]
pub enum Network {
    /// Affine layers.
    Mlp(Mlp),
    /// Convolutions and batch norm.
    Stack(Stack),
}

impl Network {
    /// Its layers one by one, over rows as images of one pixel.
    pub fn stack(&self) -> Stack {
        match self {
            Network::Mlp(mlp) => mlp.stack(),
            Network::Stack(stack) => stack.clone(),
        }
    }

    /// `[n, inputs]` to `[n, outputs]`.
    pub fn forward<B: Backend>(
        &self,
        pass: &Pass<'_, B>,
        x: Matrix<B>,
        statistics: &Statistics<B>,
    ) -> Matrix<B> {
        match self {
            Network::Mlp(mlp) => mlp.forward(pass, x),
            Network::Stack(stack) => stack.forward_rows(pass, x, statistics),
        }
    }
}

/// From observations of `[channels, height, width]`, or `[dimensions]`, to `outputs` numbers.
pub fn encoder<B: Backend>(
    builder: &mut Builder<'_, B>,
    architecture: &Architecture,
    shape: &[usize],
    outputs: usize,
) -> Network {
    match architecture.kind {
        NetworkKind::Mlp => architecture.mlp(builder, false, shape.iter().product(), outputs),
        NetworkKind::ColorMnist => color_mnist::encoder(builder, architecture, shape, outputs),
        NetworkKind::Dcgan => dcgan::encoder(builder, architecture, shape, outputs),
    }
}

/// From `inputs` numbers, a latent variable, to pictures of `shape`.
pub fn generator<B: Backend>(
    builder: &mut Builder<'_, B>,
    architecture: &Architecture,
    inputs: usize,
    shape: &[usize],
) -> Network {
    match architecture.kind {
        NetworkKind::Mlp => architecture.mlp(builder, true, inputs, shape.iter().product()),
        NetworkKind::ColorMnist => color_mnist::generator(builder, architecture, inputs, shape),
        NetworkKind::Dcgan => dcgan::generator(builder, architecture, inputs, shape),
    }
}

/// From observations of `shape` to `outputs` logits. Without batch norm where each example has to
/// stand for itself, as in critics with a gradient penalty.
pub fn discriminator<B: Backend>(
    builder: &mut Builder<'_, B>,
    architecture: &Architecture,
    shape: &[usize],
    outputs: usize,
    batch_norm: bool,
) -> Network {
    match architecture.kind {
        NetworkKind::Mlp => {
            let widths = [&[shape.iter().product()], architecture.hidden.as_slice()].concat();
            let widths = [widths.as_slice(), &[outputs]].concat();
            Network::Mlp(Mlp::new(builder, &widths, Activation::LeakyRelu(SLOPE)))
        }
        NetworkKind::ColorMnist => {
            color_mnist::discriminator(builder, architecture, shape, outputs, batch_norm)
        }
        NetworkKind::Dcgan => {
            dcgan::discriminator(builder, architecture, shape, outputs, batch_norm)
        }
    }
}

/// Stages under construction, with parameters `0.…`, `1.…` in their order.
struct Stages<'a, 'b, B: Backend> {
    builder: &'a mut Builder<'b, B>,
    stages: Vec<Stage>,
}

impl<'a, 'b, B: Backend> Stages<'a, 'b, B> {
    fn new(builder: &'a mut Builder<'b, B>) -> Self {
        Stages {
            builder,
            stages: Vec::new(),
        }
    }

    /// The next layer, declared under its number.
    fn layer(&mut self, declare: impl FnOnce(&mut Builder<'_, B>) -> Stage) {
        let at = self.stages.len();
        let stage = declare(&mut self.builder.part(at));
        self.stages.push(stage);
    }

    /// What follows a layer that is not the last.
    fn norm(&mut self, channels: usize, activation: Activation) {
        self.layer(|builder| {
            Stage::Norm(BatchNorm::with_init(builder, channels, SCALES), activation)
        });
    }

    /// An affine layer over all numbers of a picture.
    fn linear(&mut self, inputs: usize, outputs: usize, bias: bool) {
        self.layer(|builder| {
            let layer = Linear::with_init(builder, inputs, outputs, WEIGHTS, bias);
            Stage::Linear(layer, Activation::Identity)
        });
    }

    fn reshape(&mut self, [channels, height, width]: [usize; 3]) {
        self.stages.push(Stage::Reshape(channels, height, width));
    }

    fn network(self) -> Network {
        Network::Stack(Stack::new(self.stages))
    }
}

/// `[channels, height, width]` of pictures.
///
/// # Panics
/// For other shapes, which [`Architecture::check`] refuses: a bug of the caller.
fn picture(shape: &[usize]) -> [usize; 3] {
    let found = <[usize; 3]>::try_from(shape);
    found.unwrap_or_else(|_| unreachable!("BUG: a convolution over observations of {shape:?}"))
}
