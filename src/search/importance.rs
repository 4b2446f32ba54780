//! How much of the cost each parameter explains: functional ANOVA.

use super::forest::Dimension;
use super::forest::Forest;
use super::forest::Leaf;
use super::forest::Side;

/// The share of the variance that a parameter explains alone, over the trees of a forest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Importance {
    pub mean: f64,
    /// Standard deviation between trees.
    pub spread: f64,
}

impl Forest {
    /// Each dimension's share of the variance over the whole space (Hutter, Hoos & Leyton-Brown, ICML
    /// 2014, Algorithm 2): of the mean at each of its values, all others averaged out. What is left to 1
    /// is explained by several together. None where the forest is constant.
    pub fn importance(&self) -> Option<Vec<Importance>> {
        let trees: Vec<Vec<f64>> = self
            .trees
            .iter()
            .filter_map(|tree| self.shares(tree))
            .collect();
        let n = trees.len() as f64;
        if trees.is_empty() {
            return None;
        }
        let of = |i: usize| {
            let mean = trees.iter().map(|shares| shares[i]).sum::<f64>() / n;
            let squares = trees.iter().map(|shares| (shares[i] - mean).powi(2));
            let spread = (squares.sum::<f64>() / n).sqrt();
            Importance { mean, spread }
        };
        Some((0..self.dimensions.len()).map(of).collect())
    }

    /// Of one tree; none where it is a constant.
    fn shares(&self, leaves: &[Leaf]) -> Option<Vec<f64>> {
        let size = |leaf: &Leaf| {
            let sides = leaf.sides.iter().zip(&self.dimensions);
            sides
                .map(|(side, dimension)| side.share(dimension))
                .product::<f64>()
        };
        let sizes: Vec<f64> = leaves.iter().map(size).collect();
        let sized = || leaves.iter().zip(&sizes);
        let mean: f64 = sized().map(|(leaf, size)| leaf.mean * size).sum();
        let variance: f64 = sized()
            .map(|(leaf, size)| (leaf.mean - mean).powi(2) * size)
            .sum();
        if variance <= 0.0 {
            return None;
        }
        let share = |i: usize| self.variance_along(i, leaves, &sizes, mean) / variance;
        Some((0..self.dimensions.len()).map(share).collect())
    }

    /// The variance of the marginal of a dimension, which is constant between the ends of leaves.
    fn variance_along(&self, i: usize, leaves: &[Leaf], sizes: &[f64], mean: f64) -> f64 {
        let dimension = &self.dimensions[i];
        // The part of a leaf's cost that a place within its side has.
        let weighted = leaves.iter().zip(sizes).filter_map(|(leaf, size)| {
            let share = leaf.sides[i].share(dimension);
            (share > 0.0).then(|| (leaf.sides[i], (leaf.mean - mean) * size / share))
        });
        let mut steps: Vec<(f64, f64)> = Vec::new();
        let mut choices: Vec<f64> = Vec::new();
        let whole = match *dimension {
            Dimension::Numbers { low, high } => high - low,
            Dimension::Choices(n) => {
                choices = vec![0.0; n];
                1.0
            }
        };
        for (side, height) in weighted {
            match side {
                Side::Range(low, high) => steps.extend([(low, height), (high, -height)]),
                Side::Set(set) => {
                    let of_set = |(choice, _): &(usize, &mut f64)| set >> choice & 1 == 1;
                    let choices = choices.iter_mut().enumerate().filter(of_set);
                    choices.for_each(|(_, sum)| *sum += height);
                }
            }
        }
        if !choices.is_empty() {
            let squares: f64 = choices.iter().map(|height| height * height).sum();
            return squares / choices.len() as f64;
        }
        if whole <= 0.0 {
            return 0.0;
        }
        steps.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut height = 0.0;
        let mut squares = 0.0;
        for (i, (at, step)) in steps.iter().enumerate() {
            height += step;
            let next = steps.get(i + 1).map_or(*at, |(next, _)| *next);
            squares += height * height * (next - at);
        }
        squares / whole
    }
}
