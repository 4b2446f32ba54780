//! Layers of several kinds in a row: generators, discriminators, encoders.
//!
//! Images `[N, C, H, W]` go from stage to stage; an affine layer takes all numbers of an image
//! and gives features `[N, out, 1, 1]`. What a network is made of stays visible, so that tools can
//! walk through it: [`penalty`](crate::nn::penalty) builds a network's input gradient from it.

use crate::nn::backend::Backend;
use crate::nn::layers::{
    Activation, BatchNorm, Conv2d, ConvTranspose2d, Linear, ResidualBlock, Statistics,
};
use crate::nn::params::Pass;
use crate::nn::tensor::{Images, Matrix};

/// One layer with the activation that follows it.
#[derive(Debug, Clone)]
pub enum Stage {
    /// Affine: `[N, …]` to `[N, out, 1, 1]`.
    Linear(Linear, Activation),
    /// Convolution.
    Conv(Conv2d, Activation),
    /// Transposed convolution.
    ConvTranspose(ConvTranspose2d, Activation),
    /// Batch norm per channel.
    Norm(BatchNorm, Activation),
    /// Two convolutions and a short cut.
    Residual(Box<ResidualBlock>),
    /// The same numbers as images of these channels, height and width.
    Reshape(usize, usize, usize),
}

/// Stages from input to output.
#[derive(Debug, Clone, Default)]
pub struct Stack {
    /// In order.
    pub stages: Vec<Stage>,
}

impl Stack {
    /// A network of these stages.
    pub fn new(stages: Vec<Stage>) -> Self {
        Stack { stages }
    }

    /// Whether batch statistics tie the examples of a batch together.
    pub fn has_batch_norm(&self) -> bool {
        let ties = |stage: &Stage| matches!(stage, Stage::Norm(..) | Stage::Residual(_));
        self.stages.iter().any(ties)
    }

    /// All stages in turn.
    pub fn forward<B: Backend>(
        &self,
        pass: &Pass<B>,
        x: Images<B>,
        statistics: &Statistics<B>,
    ) -> Images<B> {
        let one = |x, stage: &Stage| stage.forward(pass, x, statistics);
        self.stages.iter().fold(x, one)
    }

    /// The same from a matrix `[N, features]` to one, both seen as images of one pixel.
    pub fn forward_rows<B: Backend>(
        &self,
        pass: &Pass<B>,
        x: Matrix<B>,
        statistics: &Statistics<B>,
    ) -> Matrix<B> {
        rows(self.forward(pass, points(x), statistics))
    }
}

/// Images as rows of numbers.
pub fn rows<B: Backend>(x: Images<B>) -> Matrix<B> {
    let (n, c, h, w) = x.shape();
    x.reshape((n, c * h * w))
}

/// Rows of numbers as images of one pixel.
pub fn points<B: Backend>(x: Matrix<B>) -> Images<B> {
    let (n, columns) = x.shape();
    x.reshape((n, columns, 1, 1))
}

impl Stage {
    /// `[N, C, H, W]` to images of the stage's own size.
    pub fn forward<B: Backend>(
        &self,
        pass: &Pass<B>,
        x: Images<B>,
        statistics: &Statistics<B>,
    ) -> Images<B> {
        match self {
            Stage::Linear(layer, activation) => {
                points(layer.forward_with(pass, rows(x), *activation))
            }
            Stage::Conv(layer, activation) => layer.forward_with(pass, x, *activation),
            Stage::ConvTranspose(layer, activation) => layer.forward_with(pass, x, *activation),
            Stage::Norm(layer, activation) => layer.images(pass, x, statistics, *activation),
            Stage::Residual(layer) => layer.forward(pass, x, statistics),
            Stage::Reshape(c, h, w) => {
                let n = x.shape().0;
                x.reshape((n, *c, *h, *w))
            }
        }
    }
}
