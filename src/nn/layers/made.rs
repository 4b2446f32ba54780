//! Masked autoregressive networks (MADE, Germain et al. 2015) and the flow made of them (MAF,
//! Papamakarios et al. 2017).
//!
//! A MADE is a stack of affine layers whose weights are masked so that what it says of coordinate
//! `i`, a mean and a log scale, depends on the coordinates before `i` alone. One block of the flow
//! standardises by them, `u = (x − mean) exp(−log_scale)`; its Jacobian is triangular. Densities take one pass;
//! samples one pass per coordinate. The order is reversed from block to block. The batch
//! normalisation between blocks that the paper uses in some experiments is left out.

use crate::nn::backend::Backend;
use crate::nn::layers::{Activation, Linear};
use crate::nn::losses::HALF_LN_2PI;
use crate::nn::params::{Builder, Pass};
use crate::nn::tensor::{Matrix, Vector};

/// A masked autoregressive network with a mean and a log scale per coordinate: parameters
/// `0.weight`, `0.bias`, …
#[derive(Debug, Clone)]
pub struct Made {
    layers: Vec<(Linear, Vec<f32>)>,
    activation: Activation,
    dimension: usize,
}

impl Made {
    /// `order` gives every coordinate's place, 1 to D; `hidden` are the widths of the hidden layers.
    ///
    /// Hidden unit `j` (from 0) may see the coordinates up to place `j mod (D − 1) + 1`.
    pub fn new<B: Backend>(
        builder: &mut Builder<B>,
        order: &[usize],
        hidden: &[usize],
        activation: Activation,
    ) -> Self {
        let dimension = order.len();
        let highest = dimension.saturating_sub(1).max(1);
        let mut layers = Vec::with_capacity(hidden.len() + 1);
        let mut before = order.to_vec();
        for (l, width) in hidden.iter().enumerate() {
            let degrees: Vec<usize> = (0..*width).map(|j| j % highest + 1).collect();
            let linear = Linear::new(&mut builder.part(l), before.len(), *width);
            layers.push((linear, mask(&degrees, &before, |to, from| to >= from)));
            before = degrees;
        }
        let outputs = [order, order].concat();
        let linear = Linear::new(&mut builder.part(hidden.len()), before.len(), outputs.len());
        layers.push((linear, mask(&outputs, &before, |to, from| to > from)));
        Made {
            layers,
            activation,
            dimension,
        }
    }

    /// The mask of every layer, `[out, in]`.
    pub fn masks(&self) -> impl Iterator<Item = &[f32]> {
        self.layers.iter().map(|(_, mask)| mask.as_slice())
    }

    /// `[n, D]` to means and log scales, both `[n, D]`.
    pub fn forward<B: Backend>(&self, pass: &Pass<B>, mut x: Matrix<B>) -> (Matrix<B>, Matrix<B>) {
        for (l, (linear, mask)) in self.layers.iter().enumerate() {
            let activation = match l + 1 == self.layers.len() {
                true => Activation::Identity,
                false => self.activation,
            };
            let weight = pass.get(linear.weight);
            let mask = pass.device().constant(mask.clone(), weight.shape());
            let bias = linear.bias.map(|bias| pass.get(bias));
            x = B::linear(x, weight * mask, bias, activation);
        }
        B::split_columns(x, self.dimension)
    }
}

fn mask(to: &[usize], from: &[usize], sees: impl Fn(usize, usize) -> bool) -> Vec<f32> {
    let value = |to, from| if sees(to, from) { 1.0 } else { 0.0 };
    to.iter()
        .flat_map(|to| from.iter().map(move |from| (*to, *from)))
        .map(|(to, from)| value(to, from))
        .collect()
}

/// Blocks of MADE one after another: parameters `0.0.weight`, …
#[derive(Debug, Clone)]
pub struct Maf {
    blocks: Vec<Made>,
    dimension: usize,
}

/// Data mapped to noise.
#[derive(Debug, Clone)]
pub struct Whitened<B: Backend> {
    /// Standard normal if the flow fits, `[n, D]`.
    pub u: Matrix<B>,
    /// ln |det ∂u/∂x|, `[n]`.
    pub log_det: Vector<B>,
}

impl Maf {
    /// `count` blocks over D coordinates; the first in natural order, the next reversed, and so on.
    pub fn new<B: Backend>(
        builder: &mut Builder<B>,
        count: usize,
        dimension: usize,
        hidden: &[usize],
        activation: Activation,
    ) -> Self {
        let natural: Vec<usize> = (1..=dimension).collect();
        let reversed: Vec<usize> = (1..=dimension).rev().collect();
        let block = |b: usize| {
            let order = match b.is_multiple_of(2) {
                true => &natural,
                false => &reversed,
            };
            Made::new(&mut builder.part(b), order, hidden, activation)
        };
        Maf {
            blocks: (0..count).map(block).collect(),
            dimension,
        }
    }

    /// The blocks, the one next to the data first.
    pub fn blocks(&self) -> &[Made] {
        &self.blocks
    }

    /// From data to noise.
    pub fn forward<B: Backend>(&self, pass: &Pass<B>, x: Matrix<B>) -> Whitened<B> {
        let log_det = pass.device().full(0.0, (x.rows(),));
        let start = Whitened { u: x, log_det };
        self.blocks.iter().fold(start, |so_far, block| {
            let (mean, log_scale) = block.forward(pass, so_far.u.clone());
            Whitened {
                u: (so_far.u - mean) * (-log_scale.clone()).exp(),
                log_det: so_far.log_det - log_scale.sum_rows(),
            }
        })
    }

    /// `log p(x) = −½ ‖u‖² − D/2 ln 2π + log_det`, `[n]`, in nats.
    pub fn log_density<B: Backend>(&self, pass: &Pass<B>, x: Matrix<B>) -> Vector<B> {
        let mapped = self.forward(pass, x);
        let constant = self.dimension as f32 * HALF_LN_2PI;
        mapped.log_det - mapped.u.square().sum_rows() * 0.5 - constant
    }

    /// From noise to data: as many passes as there are coordinates, for every block.
    pub fn inverse<B: Backend>(&self, pass: &Pass<B>, u: Matrix<B>) -> Matrix<B> {
        self.blocks.iter().rev().fold(u, |u, block| {
            // After pass k the first k coordinates of the block's order are right.
            let mut x: Matrix<B> = pass.device().full(0.0, u.shape());
            for _ in 0..self.dimension {
                let (mean, log_scale) = block.forward(pass, x);
                x = u.clone() * log_scale.exp() + mean;
            }
            x
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::flow_checks::{numeric_log_det, scrambled};
    use crate::nn::{Cpu, Params, Seed};

    fn maf(dimension: usize, blocks: usize) -> (Params<Cpu>, Maf) {
        let mut params = Params::new(&Cpu::default());
        let mut builder = params.builder(Seed::new(1));
        let maf = Maf::new(&mut builder, blocks, dimension, &[9, 7], Activation::Tanh);
        scrambled(&mut params);
        (params, maf)
    }

    #[test]
    fn what_is_said_of_a_coordinate_depends_on_earlier_ones_alone() {
        let (params, maf) = maf(4, 2);
        let device = Cpu::default();
        let pass = params.eval();
        let x = Seed::new(2).stream(0).normal(4);
        let places = [[1, 2, 3, 4], [4, 3, 2, 1]];
        for (block, places) in maf.blocks().iter().zip(places) {
            let at = |x: &[f32]| {
                let (mean, scale) = block.forward(&pass, device.matrix(x.to_vec(), 1, 4));
                (mean.to_vec(), scale.to_vec())
            };
            let before = at(&x);
            for moved in 0..4 {
                let mut other = x.clone();
                other[moved] += 1.0;
                let after = at(&other);
                for j in 0..4 {
                    let same = before.0[j] == after.0[j] && before.1[j] == after.1[j];
                    assert_eq!(same, places[j] <= places[moved], "{j} after moving {moved}");
                }
            }
        }
    }

    #[test]
    fn the_log_determinant_is_that_of_the_numeric_jacobian_and_noise_maps_back() {
        let (params, maf) = maf(3, 2);
        let device = Cpu::default();
        let pass = params.eval();
        for point in Seed::new(3).stream(0).normal(9).chunks(3) {
            let x = device.matrix(point.to_vec(), 1, 3);
            let mapped = maf.forward(&pass, x);
            let map = |x: Vec<f32>| maf.forward(&pass, device.matrix(x, 1, 3)).u.to_vec();
            let got = f64::from(mapped.log_det.to_vec()[0]);
            let want = numeric_log_det(map, point);
            // Central differences of float32 results: 1e-3 covers rounding over the step.
            assert!((got - want).abs() < 1e-3, "{got} is not {want}");
            for (a, b) in maf.inverse(&pass, mapped.u).to_vec().iter().zip(point) {
                assert!((a - b).abs() < 1e-4 * b.abs().max(1.0), "{a} is not {b}");
            }
        }
    }

    #[test]
    fn the_density_integrates_to_one_in_one_and_two_dimensions() {
        for dimension in [1, 2] {
            let (params, maf) = maf(dimension, 2);
            // The tails beyond ±24 hold nothing; the rule is exact to far below the tolerance for
            // densities this smooth.
            let (limit, n) = (24.0_f32, 801);
            let step = 2.0 * limit / (n - 1) as f32;
            let axis: Vec<f32> = (0..n).map(|i| -limit + i as f32 * step).collect();
            let mut total = 0.0;
            for first in &axis {
                let points: Vec<f32> = match dimension {
                    1 => vec![*first],
                    _ => axis.iter().flat_map(|second| [*first, *second]).collect(),
                };
                let rows = points.len() / dimension;
                let x = Cpu::default().matrix(points, rows, dimension);
                let log_density = maf.log_density(&params.eval(), x).to_vec();
                total += log_density.iter().map(|l| f64::from(*l).exp()).sum::<f64>();
            }
            let integral = total * f64::from(step).powi(dimension as i32);
            assert!((integral - 1.0).abs() < 1e-3, "{integral}");
        }
    }
}
