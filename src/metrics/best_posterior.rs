//! The best Gaussian posterior of one observation in two latent dimensions, by grid search.
//!
//! The bound is a function of means and standard deviations alone once log p(x|z) is known on a grid
//! of z: its expectation under a Gaussian of independent dimensions is then a sum with weights along
//! either axis. The trapezoid rule of a Gaussian is exact to `exp(−2π² σ² / h²)`, so a step `h` of a
//! standard deviation loses nothing that is ever reported.

use crate::models::Rows;

/// log p(x|z) of one observation over a square of z around the origin.
pub struct Likelihood {
    /// Values of z along both axes, evenly spaced.
    nodes: Vec<f64>,
    /// Row-major `[nodes, nodes]`: the first axis is z_1.
    values: Vec<f64>,
}

/// A Gaussian of two independent dimensions with its bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian {
    pub mean: [f64; 2],
    pub sigma: [f64; 2],
    /// E_q log p(x|z) − KL(q || N(0, I)), in nats.
    pub elbo: f64,
}

/// Half the side of the square: no prior mass that counts lies beyond.
const REACH: f64 = 6.4;
/// Between values of z: the least standard deviation that is searched.
pub(super) const STEP: f64 = 0.08;
/// Means are searched up to here, so that their Gaussians lie inside the square.
const FARTHEST: f64 = 4.0;
/// Standard deviations are searched up to that of the prior, with room.
const WIDEST: f64 = 1.2;

impl Likelihood {
    /// The values of z at which log p(x|z) has to be given: `[n, 2]`.
    pub fn places() -> Rows {
        let nodes = nodes();
        let pairs = nodes
            .iter()
            .flat_map(|a| nodes.iter().map(move |b| [*a, *b]));
        Rows::new(2, pairs.flatten().map(|z| z as f32).collect())
    }

    /// Of log p(x|z) at [`Likelihood::places`], in their order.
    pub fn new(values: Vec<f64>) -> Self {
        let nodes = nodes();
        assert_eq!(values.len(), nodes.len() * nodes.len());
        Likelihood { nodes, values }
    }

    /// The bound at every pair of these means, with the standard deviations `sigma`: row-major, the
    /// first axis is that of the first mean.
    pub fn elbos(&self, first: &[f64], second: &[f64], sigma: [f64; 2]) -> Vec<f64> {
        let n = self.nodes.len();
        let along = |means: &[f64], sigma: f64| -> Vec<Vec<f64>> {
            means
                .iter()
                .map(|mean| self.weights(*mean, sigma))
                .collect()
        };
        let (rows, columns) = (along(first, sigma[0]), along(second, sigma[1]));
        let mut elbos = Vec::with_capacity(first.len() * second.len());
        for (a, weights) in first.iter().zip(&rows) {
            let mut given_second = vec![0.0; n];
            for (weight, values) in weights.iter().zip(self.values.chunks_exact(n)) {
                // Most nodes are far from the mean.
                if *weight > 0.0 {
                    let sums = given_second.iter_mut().zip(values);
                    sums.for_each(|(sum, value)| *sum += weight * value);
                }
            }
            for (b, weights) in second.iter().zip(&columns) {
                let terms = weights.iter().zip(&given_second);
                let expected: f64 = terms.map(|(weight, value)| weight * value).sum();
                elbos.push(expected - kl([*a, *b], sigma));
            }
        }
        elbos
    }

    /// The Gaussian of these moments with its bound.
    pub fn at(&self, mean: [f64; 2], sigma: [f64; 2]) -> Gaussian {
        let elbo = self.elbos(&mean[..1], &mean[1..], sigma)[0];
        Gaussian { mean, sigma, elbo }
    }

    /// The Gaussian with the largest bound, to a thousandth of a unit: a grid over both means and both
    /// standard deviations, then finer ones around the best of each.
    pub fn best(&self) -> Gaussian {
        let mut step = 0.25;
        let mut ratio: f64 = 1.5;
        let even = |low: f64, step: f64, count: usize| -> Vec<f64> {
            (0..count).map(|i| low + step * i as f64).collect()
        };
        let wide = even(-FARTHEST, step, (2.0 * FARTHEST / step) as usize + 1);
        let count = ((WIDEST / STEP).ln() / ratio.ln()) as i32 + 1;
        let sigmas: Vec<f64> = (0..count).map(|k| WIDEST / ratio.powi(k)).collect();
        let mut best = self.of_grid([&wide, &wide], [&sigmas, &sigmas]);
        while step > 1e-3 {
            (step, ratio) = (step / 2.0, ratio.sqrt());
            let means = best.mean.map(|mean| even(mean - 2.0 * step, step, 5));
            let sigmas = best.sigma.map(|sigma| -> Vec<f64> {
                (-2..=2)
                    .map(|k| (sigma * ratio.powi(k)).clamp(STEP, WIDEST))
                    .collect()
            });
            best = self.of_grid([&means[0], &means[1]], [&sigmas[0], &sigmas[1]]);
        }
        best
    }

    fn of_grid(&self, means: [&[f64]; 2], sigmas: [&[f64]; 2]) -> Gaussian {
        let mut best = Gaussian {
            mean: [0.0; 2],
            sigma: [1.0; 2],
            elbo: f64::NEG_INFINITY,
        };
        for a in sigmas[0] {
            for b in sigmas[1] {
                let sigma = [*a, *b];
                let elbos = self.elbos(means[0], means[1], sigma);
                for (i, elbo) in elbos.into_iter().enumerate() {
                    if elbo > best.elbo {
                        let columns = means[1].len();
                        let mean = [means[0][i / columns], means[1][i % columns]];
                        best = Gaussian { mean, sigma, elbo };
                    }
                }
            }
        }
        best
    }

    /// What a Gaussian gives to each node along one axis.
    fn weights(&self, mean: f64, sigma: f64) -> Vec<f64> {
        let density = |z: &f64| (-0.5 * ((z - mean) / sigma).powi(2)).exp();
        let mut weights: Vec<f64> = self.nodes.iter().map(density).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        weights
    }
}

fn nodes() -> Vec<f64> {
    let half = (REACH / STEP).round() as i32;
    (-half..=half).map(|k| f64::from(k) * STEP).collect()
}

/// KL(N(mean, σ²) || N(0, I)), in nats.
fn kl(mean: [f64; 2], sigma: [f64; 2]) -> f64 {
    let terms = mean.into_iter().zip(sigma);
    terms
        .map(|(mean, sigma)| 0.5 * (mean * mean + sigma * sigma - 1.0) - sigma.ln())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// −½ (z − m)ᵀ P (z − m): with the prior it is a Gaussian posterior of precision P + I.
    const PRECISION: [f64; 3] = [3.0, 1.2, 2.0];
    const CENTRE: [f64; 2] = [1.1, -0.7];

    fn quadratic() -> Likelihood {
        let [a, b, c] = PRECISION;
        let places = Likelihood::places();
        let value = |z: &[f32]| {
            let (x, y) = (f64::from(z[0]) - CENTRE[0], f64::from(z[1]) - CENTRE[1]);
            -0.5 * (a * x * x + 2.0 * b * x * y + c * y * y)
        };
        Likelihood::new(places.values.chunks_exact(2).map(value).collect())
    }

    /// E_q of the quadratic in closed form, less the KL.
    fn closed(mean: [f64; 2], sigma: [f64; 2]) -> f64 {
        let [a, b, c] = PRECISION;
        let (x, y) = (mean[0] - CENTRE[0], mean[1] - CENTRE[1]);
        let spread = a * sigma[0].powi(2) + c * sigma[1].powi(2);
        -0.5 * (a * x * x + 2.0 * b * x * y + c * y * y + spread) - kl(mean, sigma)
    }

    #[test]
    fn the_bound_of_a_quadratic_is_its_closed_form() {
        let likelihood = quadratic();
        for (mean, sigma) in [
            ([0.0, 0.0], [1.0, 1.0]),
            ([1.3, -2.0], [0.1, 0.4]),
            ([-3.9, 3.9], [0.08, 0.45]),
        ] {
            let found = likelihood.at(mean, sigma).elbo;
            let expected = closed(mean, sigma);
            // z is given in single precision; beyond the square lies 1e-5 of the widest, farthest one.
            let error = (found - expected).abs();
            assert!(error < 3e-6 * expected.abs(), "{found} {expected}");
        }
        let grid = likelihood.elbos(&[0.0, 0.5], &[-1.0, 0.0, 1.0], [0.5, 0.6]);
        assert!((grid[5] - closed([0.5, 1.0], [0.5, 0.6])).abs() < 1e-5);
    }

    /// The best Gaussian of independent dimensions has the mean of the posterior and its conditional
    /// variances 1 / (P_jj + 1) (Bishop 2006, section 10.1.2).
    #[test]
    fn the_best_gaussian_of_a_quadratic_is_known() {
        let [a, b, c] = PRECISION;
        let (aa, cc) = (a + 1.0, c + 1.0);
        let det = aa * cc - b * b;
        let right = [a * CENTRE[0] + b * CENTRE[1], b * CENTRE[0] + c * CENTRE[1]];
        let mean = [
            (cc * right[0] - b * right[1]) / det,
            (aa * right[1] - b * right[0]) / det,
        ];
        let sigma = [aa.powf(-0.5), cc.powf(-0.5)];
        let found = quadratic().best();
        for (found, expected) in found.mean.iter().zip(mean) {
            assert!((found - expected).abs() < 2e-3, "{found} {expected}");
        }
        for (found, expected) in found.sigma.iter().zip(sigma) {
            assert!((found / expected - 1.0).abs() < 5e-3, "{found} {expected}");
        }
        let least = closed(mean, sigma);
        assert!((found.elbo - least).abs() < 1e-4, "{} {least}", found.elbo);
    }
}
