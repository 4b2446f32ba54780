//! A stack of affine layers with one activation between them and none after the last.

use crate::nn::backend::Backend;
use crate::nn::layers::{Activation, Linear, Stack, Stage};
use crate::nn::params::{Builder, Pass};
use crate::nn::tensor::Matrix;

/// Affine layers `0`, `1`, …: parameters `0.weight`, `0.bias`, `1.weight`, …
#[derive(Debug, Clone)]
pub struct Mlp {
    layers: Vec<Linear>,
    activation: Activation,
}

impl Mlp {
    /// `widths` are the sizes from input to output; fewer than two make the identity.
    pub fn new<B: Backend>(
        builder: &mut Builder<B>,
        widths: &[usize],
        activation: Activation,
    ) -> Self {
        let pairs = widths.windows(2).enumerate();
        let layers = pairs
            .map(|(i, w)| Linear::new(&mut builder.part(i), w[0], w[1]))
            .collect();
        Mlp { layers, activation }
    }

    /// The same with a last layer that gives zero at first.
    pub fn from_zero<B: Backend>(
        builder: &mut Builder<B>,
        widths: &[usize],
        activation: Activation,
    ) -> Self {
        let pairs = widths.windows(2).enumerate();
        let layers = pairs.map(|(i, w)| match i + 2 == widths.len() {
            true => Linear::zeros(&mut builder.part(i), w[0], w[1]),
            false => Linear::new(&mut builder.part(i), w[0], w[1]),
        });
        Mlp {
            layers: layers.collect(),
            activation,
        }
    }

    /// The layers from input to output.
    pub fn layers(&self) -> &[Linear] {
        &self.layers
    }

    /// The same layers as stages, over rows as images of one pixel.
    pub fn stack(&self) -> Stack {
        let of = |(i, layer): (usize, &Linear)| match i + 1 == self.layers.len() {
            true => Stage::Linear(layer.clone(), Activation::Identity),
            false => Stage::Linear(layer.clone(), self.activation),
        };
        Stack::new(self.layers.iter().enumerate().map(of).collect())
    }

    /// `[n, first width]` to `[n, last width]`.
    pub fn forward<B: Backend>(&self, pass: &Pass<B>, mut x: Matrix<B>) -> Matrix<B> {
        for (i, layer) in self.layers.iter().enumerate() {
            let activation = match i + 1 == self.layers.len() {
                true => Activation::Identity,
                false => self.activation,
            };
            x = layer.forward_with(pass, x, activation);
        }
        x
    }
}
