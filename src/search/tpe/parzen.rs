//! The density that trials make: a mixture of products of kernels, one for each trial and one as wide
//! as the space.

use crate::random::Stream;

use super::super::space::Domain;
use super::super::space::Space;
use super::normal;

/// How much each trial weighs.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Side {
    /// From 25 trials on, the oldest less.
    Ramped,
    /// All the same.
    Even,
}

/// So many of the latest trials weigh fully.
const FULL: usize = 25;

/// A mixture over some parameters.
pub(super) struct Parzen {
    /// Per kernel, in the order of trials; the widest one last. They sum to 1.
    weights: Vec<f64>,
    axes: Vec<Axis>,
}

/// The kernels' sides along one parameter.
enum Axis {
    Normal(Normals),
    Choice(Choices),
}

/// Truncated normal distributions; with a step, of its masses.
struct Normals {
    domain: Domain,
    low: f64,
    high: f64,
    mus: Vec<f64>,
    sigmas: Vec<f64>,
}

/// Distributions over choices.
struct Choices {
    count: usize,
    /// Per kernel the choice that is likelier, none for the widest.
    observed: Vec<usize>,
}

impl Parzen {
    /// Of the trials that have all parameters of the group.
    pub(super) fn new(
        space: &Space,
        group: &[usize],
        trials: &[&[Option<f64>]],
        side: Side,
    ) -> Parzen {
        let has_all = |row: &&&[Option<f64>]| group.iter().all(|&i| row[i].is_some());
        let rows: Vec<&[Option<f64>]> = trials.iter().filter(has_all).copied().collect();
        let axis = |&i: &usize| {
            let numbers = rows.iter().filter_map(|row| row[i]).collect();
            Axis::new(&space.parameters()[i].domain, numbers)
        };
        Parzen {
            weights: weights(rows.len(), side),
            axes: group.iter().map(axis).collect(),
        }
    }

    /// `n` points, a number for each parameter of the group.
    pub(super) fn sample(&self, n: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
        let one = |_| {
            let kernel = pick(&self.weights, stream.unit_f64());
            let number = |axis: &Axis| axis.sample(kernel, stream.unit_f64());
            self.axes.iter().map(number).collect()
        };
        (0..n).map(one).collect()
    }

    /// The logarithm of the density at each of these.
    pub(super) fn log_density(&self, points: &[Vec<f64>]) -> Vec<f64> {
        let kernels = self.weights.len();
        let weights: Vec<f64> = self.weights.iter().map(|weight| weight.ln()).collect();
        let mut logs = weights.repeat(points.len());
        for (i, axis) in self.axes.iter().enumerate() {
            let numbers: Vec<f64> = points.iter().map(|point| point[i]).collect();
            axis.add_log_densities(&numbers, kernels, &mut logs);
        }
        logs.chunks(kernels).map(log_sum).collect()
    }

    #[cfg(test)]
    pub(super) fn weights(&self) -> &[f64] {
        &self.weights
    }
}

/// Weights of `n` trials and of the widest kernel.
fn weights(n: usize, side: Side) -> Vec<f64> {
    let ramp = match side {
        Side::Ramped => n.saturating_sub(FULL),
        Side::Even => 0,
    };
    let (first, last) = (1.0 / n as f64, 1.0);
    let step = (last - first) / (ramp.max(2) - 1) as f64;
    let ramp = (0..ramp).map(|i| first + i as f64 * step);
    let mut weights: Vec<f64> = ramp.collect();
    weights.resize(n + 1, 1.0);
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

/// The kernel at a place in `[0, 1)`.
fn pick(weights: &[f64], unit: f64) -> usize {
    let mut sum = 0.0;
    let reaches = |weight: &f64| {
        sum += weight;
        unit < sum
    };
    let found = weights.iter().position(reaches);
    found.unwrap_or(weights.len() - 1)
}

/// ln Σ eˣ
fn log_sum(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    let sum: f64 = logs.iter().map(|log| (log - most).exp()).sum();
    sum.ln() + most
}

impl Axis {
    fn new(domain: &Domain, numbers: Vec<f64>) -> Axis {
        match domain {
            Domain::Choice(choices) => Axis::Choice(Choices {
                count: choices.len(),
                observed: numbers.into_iter().map(|number| number as usize).collect(),
            }),
            Domain::Float { .. } | Domain::Int { .. } => {
                Axis::Normal(Normals::new(domain, numbers))
            }
        }
    }

    fn sample(&self, kernel: usize, unit: f64) -> f64 {
        match self {
            Axis::Normal(normals) => normals.sample(kernel, unit),
            Axis::Choice(choices) => choices.sample(kernel, unit),
        }
    }

    /// Adds to `logs`, `kernels` for each number.
    fn add_log_densities(&self, numbers: &[f64], kernels: usize, logs: &mut [f64]) {
        let rows = numbers.iter().zip(logs.chunks_mut(kernels));
        match self {
            Axis::Choice(choices) => rows.for_each(|(number, logs)| choices.add(*number, logs)),
            Axis::Normal(normals) => match normals.domain.step() {
                None => normals.add_densities(rows),
                Some(step) => normals.add_masses(numbers, step, kernels, logs),
            },
        }
    }
}

impl Normals {
    fn new(domain: &Domain, mut mus: Vec<f64>) -> Normals {
        let (low, high) = domain.edges();
        if domain.is_log() {
            mus.iter_mut().for_each(|mu| *mu = mu.ln());
        }
        let mut sigmas = sigmas(&mus, low, high);
        mus.push(0.5 * (low + high));
        sigmas.push(high - low);
        let domain = domain.clone();
        Normals {
            domain,
            low,
            high,
            mus,
            sigmas,
        }
    }

    fn sample(&self, kernel: usize, unit: f64) -> f64 {
        let (mu, sigma) = (self.mus[kernel], self.sigmas[kernel]);
        let place = |x: f64| (x - mu) / sigma;
        let x = normal::quantile(unit, place(self.low), place(self.high));
        self.domain.nearest(mu + sigma * x)
    }

    /// The logarithm of what is left of a kernel between the ends.
    fn log_inside(&self, kernel: usize) -> f64 {
        let place = |x: f64| (x - self.mus[kernel]) / self.sigmas[kernel];
        normal::log_mass(place(self.low), place(self.high))
    }

    fn add_densities<'a>(&self, rows: impl Iterator<Item = (&'a f64, &'a mut [f64])>) {
        let heights: Vec<f64> = (0..self.mus.len())
            .map(|i| normal::LOG_DENSITY_AT_0 - self.log_inside(i) - self.sigmas[i].ln())
            .collect();
        let precisions: Vec<f64> = self.sigmas.iter().map(|sigma| 1.0 / sigma).collect();
        for (number, logs) in rows {
            let x = if self.domain.is_log() {
                number.ln()
            } else {
                *number
            };
            let kernels = self.mus.iter().zip(&precisions).zip(&heights);
            for (log, ((mu, precision), height)) in logs.iter_mut().zip(kernels) {
                let z = (x - mu) * precision;
                *log += height - 0.5 * z * z;
            }
        }
    }

    fn add_masses(&self, numbers: &[f64], step: f64, kernels: usize, logs: &mut [f64]) {
        let scale = |x: f64| if self.domain.is_log() { x.ln() } else { x };
        // Numbers on a grid are often equal, and so are kernels.
        let mut distinct: Vec<usize> = (0..kernels).collect();
        let kernel = |i: usize| (self.mus[i], self.sigmas[i]);
        let by_kernel = |&i: &usize, &j: &usize| {
            let ((mu, sigma), (other_mu, other_sigma)) = (kernel(i), kernel(j));
            mu.total_cmp(&other_mu).then(sigma.total_cmp(&other_sigma))
        };
        distinct.sort_by(by_kernel);
        let mut which = vec![0; kernels];
        let mut first: Vec<usize> = Vec::new();
        for i in distinct {
            if first.last().is_none_or(|&last| kernel(last) != kernel(i)) {
                first.push(i);
            }
            which[i] = first.len() - 1;
        }
        let inside: Vec<f64> = first.iter().map(|&i| self.log_inside(i)).collect();
        let mut known: Vec<(f64, Vec<f64>)> = Vec::new();
        for (number, logs) in numbers.iter().zip(logs.chunks_mut(kernels)) {
            let at = known.iter().position(|(known, _)| known == number);
            let at = at.unwrap_or_else(|| {
                let (left, right) = (scale(number - step / 2.0), scale(number + step / 2.0));
                let mass = |(&i, inside): (&usize, &f64)| {
                    let place = |x: f64| (x - self.mus[i]) / self.sigmas[i];
                    normal::log_mass(place(left), place(right)) - inside
                };
                known.push((*number, first.iter().zip(&inside).map(mass).collect()));
                known.len() - 1
            });
            let masses = &known[at].1;
            for (log, &which) in logs.iter_mut().zip(&which) {
                *log += masses[which];
            }
        }
    }
}

/// The width of each kernel: the larger distance to a neighbour, within bounds. At the ends of the
/// range only the neighbour inside counts, where there is one.
fn sigmas(mus: &[f64], low: f64, high: f64) -> Vec<f64> {
    let n = mus.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| mus[i].total_cmp(&mus[j]));
    let range = high - low;
    let least = range / f64::min(100.0, n as f64 + 2.0);
    let mut sigmas = vec![0.0; n];
    for (rank, &i) in order.iter().enumerate() {
        let below = rank.checked_sub(1).map(|rank| mus[i] - mus[order[rank]]);
        let above = order.get(rank + 1).map(|&next| mus[next] - mus[i]);
        let sigma = match (below, above) {
            (Some(below), Some(above)) => f64::max(below, above),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => f64::max(mus[i] - low, high - mus[i]),
        };
        sigmas[i] = sigma.clamp(least, range);
    }
    sigmas
}

impl Choices {
    /// The probability of a choice that kernels observed, and of one that they did not.
    fn observed_and_other(&self) -> (f64, f64) {
        let prior = 1.0 / (self.observed.len() + 1) as f64;
        let sum = 1.0 + prior * self.count as f64;
        ((1.0 + prior) / sum, prior / sum)
    }

    fn add(&self, number: f64, logs: &mut [f64]) {
        let (observed, other) = self.observed_and_other();
        let (observed, other) = (observed.ln(), other.ln());
        for (log, &choice) in logs.iter_mut().zip(&self.observed) {
            *log += if choice == number as usize {
                observed
            } else {
                other
            };
        }
        logs[self.observed.len()] -= (self.count as f64).ln();
    }

    fn sample(&self, kernel: usize, unit: f64) -> f64 {
        let probabilities: Vec<f64> = match self.observed.get(kernel) {
            None => vec![1.0 / self.count as f64; self.count],
            Some(&choice) => {
                let (observed, other) = self.observed_and_other();
                let probability = |i| if i == choice { observed } else { other };
                (0..self.count).map(probability).collect()
            }
        };
        pick(&probabilities, unit) as f64
    }
}
