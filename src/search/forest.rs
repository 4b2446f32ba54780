//! A random forest of regression trees whose leaves are boxes, so that what it says of some parameters,
//! averaged over all others, is a sum over leaves and no simulation.

use crate::random::Seed;
use crate::random::Stream;

/// What one parameter ranges over.
#[derive(Clone, Debug, PartialEq)]
pub enum Dimension {
    /// From `low` to `high`, on the scale on which it is searched.
    Numbers { low: f64, high: f64 },
    /// Numbers below this one, without an order; at most 64.
    Choices(usize),
}

/// The part of a dimension that a leaf covers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Side {
    Range(f64, f64),
    /// A bit for each choice.
    Set(u64),
}

/// The box of a leaf, and the mean of what fell into it.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) sides: Vec<Side>,
    pub(super) mean: f64,
}

/// Trees as their leaves, which cover the space without overlap.
#[derive(Clone, Debug)]
pub struct Forest {
    pub(super) dimensions: Vec<Dimension>,
    pub(super) trees: Vec<Vec<Leaf>>,
}

/// The rows of a tree.
struct Data<'a> {
    rows: &'a [Vec<f64>],
    costs: &'a [f64],
}

impl Forest {
    /// Fully grown trees (Breiman 2001), each on as many rows drawn with replacement; every split is
    /// the best over all dimensions. `rows` have a number for each dimension.
    pub fn fit(
        dimensions: &[Dimension],
        rows: &[Vec<f64>],
        costs: &[f64],
        trees: usize,
        seed: Seed,
    ) -> Forest {
        let data = Data { rows, costs };
        let whole: Vec<Side> = dimensions.iter().map(Side::whole).collect();
        let tree = |tree: usize| {
            let mut stream: Stream = seed.derive("forest").stream(tree as u64);
            let drawn = (0..rows.len()).map(|_| stream.below(rows.len())).collect();
            let mut leaves = Vec::new();
            data.grow(drawn, whole.clone(), &mut leaves);
            leaves
        };
        let trees = if rows.is_empty() { 0 } else { trees };
        Forest {
            dimensions: dimensions.to_vec(),
            trees: (0..trees).map(tree).collect(),
        }
    }

    /// What the forest expects where some dimensions have these numbers, on average over all others.
    pub fn marginal(&self, at: &[(usize, f64)]) -> f64 {
        let of_leaf = |leaf: &Leaf| {
            let mut part = leaf.mean;
            for (i, (side, dimension)) in leaf.sides.iter().zip(&self.dimensions).enumerate() {
                part *= match at.iter().find(|(given, _)| *given == i) {
                    Some((_, number)) => f64::from(u8::from(side.holds(*number, dimension))),
                    None => side.share(dimension),
                };
            }
            part
        };
        let of_tree = |leaves: &Vec<Leaf>| leaves.iter().map(of_leaf).sum::<f64>();
        self.trees.iter().map(of_tree).sum::<f64>() / self.trees.len() as f64
    }
}

impl Side {
    fn whole(dimension: &Dimension) -> Side {
        match *dimension {
            Dimension::Numbers { low, high } => Side::Range(low, high),
            Dimension::Choices(n) => Side::Set(u64::MAX >> (64 - n.clamp(1, 64))),
        }
    }

    /// Whether it holds a number. The upper end belongs to it only where it is the end of all.
    pub(super) fn holds(&self, number: f64, dimension: &Dimension) -> bool {
        match (*self, dimension) {
            (Side::Range(low, high), Dimension::Numbers { high: end, .. }) => {
                low <= number && (number < high || high == *end)
            }
            (Side::Range(low, high), Dimension::Choices(_)) => low <= number && number < high,
            (Side::Set(set), _) => set >> (number as u32).min(63) & 1 == 1,
        }
    }

    /// Its share of the dimension.
    pub(super) fn share(&self, dimension: &Dimension) -> f64 {
        match (*self, dimension) {
            (
                Side::Range(low, high),
                Dimension::Numbers {
                    low: first,
                    high: last,
                },
            ) => {
                if last > first {
                    (high - low) / (last - first)
                } else {
                    1.0
                }
            }
            (Side::Range(..), Dimension::Choices(_)) => 1.0,
            (Side::Set(set), Dimension::Choices(n)) => f64::from(set.count_ones()) / *n as f64,
            (Side::Set(_), Dimension::Numbers { .. }) => 1.0,
        }
    }
}

/// A split, and by how much it lowers the sum of squares.
struct Split {
    dimension: usize,
    below: Side,
    above: Side,
    gain: f64,
}

impl Data<'_> {
    fn grow(&self, rows: Vec<usize>, sides: Vec<Side>, leaves: &mut Vec<Leaf>) {
        let Some(split) = self.best(&rows, &sides) else {
            let sum: f64 = rows.iter().map(|&row| self.costs[row]).sum();
            let mean = sum / rows.len() as f64;
            leaves.push(Leaf { sides, mean });
            return;
        };
        let is_below = |row: &usize| {
            let number = self.rows[*row][split.dimension];
            match split.below {
                Side::Range(_, high) => number < high,
                Side::Set(set) => set >> (number as u32).min(63) & 1 == 1,
            }
        };
        let (below, above) = rows.into_iter().partition(is_below);
        for (rows, side) in [(below, split.below), (above, split.above)] {
            let mut sides = sides.clone();
            sides[split.dimension] = side;
            self.grow(rows, sides, leaves);
        }
    }

    /// The split of most gain, of equal ones the first.
    fn best(&self, rows: &[usize], sides: &[Side]) -> Option<Split> {
        let mut best: Option<Split> = None;
        for (dimension, side) in sides.iter().enumerate() {
            let split = match *side {
                Side::Range(low, high) => self.best_cut(rows, dimension, (low, high)),
                Side::Set(set) => self.best_set(rows, dimension, set),
            };
            if let Some(split) = split
                && best.as_ref().is_none_or(|best| split.gain > best.gain)
            {
                best = Some(split);
            }
        }
        best
    }

    fn best_cut(&self, rows: &[usize], dimension: usize, (low, high): (f64, f64)) -> Option<Split> {
        let mut points: Vec<(f64, f64)> = rows
            .iter()
            .map(|&row| (self.rows[row][dimension], self.costs[row]))
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let costs: Vec<f64> = points.iter().map(|(_, cost)| *cost).collect();
        let (at, gain) = best_prefix(&costs, |i| points[i - 1].0 < points[i].0)?;
        let cut = 0.5 * (points[at - 1].0 + points[at].0);
        Some(Split {
            dimension,
            below: Side::Range(low, cut),
            above: Side::Range(cut, high),
            gain,
        })
    }

    /// In the order of their means, the best set of choices is one from the front (Fisher 1958).
    fn best_set(&self, rows: &[usize], dimension: usize, set: u64) -> Option<Split> {
        let mut sums = [(0.0, 0usize); 64];
        for &row in rows {
            let (sum, n) = &mut sums[(self.rows[row][dimension] as usize).min(63)];
            *sum += self.costs[row];
            *n += 1;
        }
        let mean = |choice: usize| sums[choice].0 / sums[choice].1 as f64;
        let mut order: Vec<usize> = (0..64).filter(|&choice| sums[choice].1 > 0).collect();
        order.sort_by(|&a, &b| mean(a).total_cmp(&mean(b)));
        let mut costs = Vec::with_capacity(rows.len());
        let mut ends = Vec::new();
        for &choice in &order {
            let of_choice = |row: &&usize| (self.rows[**row][dimension] as usize).min(63) == choice;
            costs.extend(rows.iter().filter(of_choice).map(|&row| self.costs[row]));
            ends.push(costs.len());
        }
        let (at, gain) = best_prefix(&costs, |i| ends.contains(&i))?;
        let below = order.iter().zip(&ends).filter(|(_, end)| **end <= at);
        let below = below.fold(0, |set, (choice, _)| set | 1 << choice);
        Some(Split {
            dimension,
            below: Side::Set(below),
            // Choices that no row has stay with the others.
            above: Side::Set(set & !below),
            gain,
        })
    }
}

/// Where to cut a list of costs so that the sum of squares around both means is least, and by how much
/// that is less than around one; none where nothing is gained.
fn best_prefix(costs: &[f64], may: impl Fn(usize) -> bool) -> Option<(usize, f64)> {
    let n = costs.len();
    // Around the mean, so that large costs keep their digits.
    let mean = costs.iter().sum::<f64>() / n as f64;
    let total: f64 = costs.iter().map(|cost| cost - mean).sum();
    let squares: f64 = costs.iter().map(|cost| (cost - mean).powi(2)).sum();
    let mut below = 0.0;
    let mut best: Option<(usize, f64)> = None;
    for i in 1..n {
        below += costs[i - 1] - mean;
        if !may(i) {
            continue;
        }
        let above = total - below;
        let gain = below * below / i as f64 + above * above / (n - i) as f64;
        if gain > 1e-12 * squares && best.is_none_or(|(_, most)| gain > most) {
            best = Some((i, gain));
        }
    }
    best
}
