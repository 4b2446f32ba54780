//! q(z|x) of many observations, whatever its form: draws, and the density of any z under any of
//! them. Everything that is said of the marginal posterior q(z) = E_x q(z|x) is computed from these.

use rayon::prelude::*;

use super::ModelError;
use super::Posterior;
use super::Rows;
use super::observation::LogVariances;
use super::posterior::no_density;
use crate::nn::Activation;
use crate::nn::Backend;
use crate::nn::Cpu;

/// Draws of latent variables, with the log density of each under the posterior it was drawn from.
#[derive(Clone, Debug)]
pub struct Draws {
    /// A row per draw.
    pub z: Rows,
    /// log q(z|x), in nats.
    pub log_density: Vec<f64>,
}

/// q(z|x_n) of observations x_1 … x_N.
pub trait Posteriors {
    /// N.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Dimension of z.
    fn dimension(&self) -> usize;

    /// One draw of q(z|x_n) for each n in `index`, from a row of standard normal `noise` each.
    ///
    /// # Errors
    /// Where the densities are not finite.
    fn draw(&self, index: &[usize], noise: &[f32]) -> Result<Draws, ModelError>;

    /// log q(z_m|x_n) of pairs, in nats: n = `index[m]`.
    ///
    /// # Errors
    /// As for draws.
    fn log_density(&self, index: &[usize], z: &Rows) -> Result<Vec<f64>, ModelError>;

    /// log q(z_m|x_n) of every pair, row-major `[m, N]`, in nats.
    ///
    /// # Errors
    /// As for draws.
    fn log_densities(&self, z: &Rows) -> Result<Vec<f32>, ModelError> {
        let everyone: Vec<usize> = (0..self.len()).collect();
        let mut logs = Vec::with_capacity(z.len() * everyone.len());
        for z in z.values.chunks_exact(z.columns) {
            let repeated = Rows::new(z.len(), z.repeat(everyone.len()));
            let densities = self.log_density(&everyone, &repeated)?;
            logs.extend(densities.into_iter().map(|log| log as f32));
        }
        Ok(logs)
    }

    /// KL(q(z|x_n) || N(0, I)) of each, in nats, where it has a closed form.
    fn kl_to_prior(&self) -> Option<Vec<f64>> {
        None
    }
}

pub const LN_2PI: f64 = 1.837_877_066_409_345_3;

/// log N(z; 0, I) per row, in nats.
pub fn log_priors(z: &Rows) -> Vec<f64> {
    z.values.chunks_exact(z.columns).map(log_prior).collect()
}

/// log N(z; 0, I), in nats.
pub fn log_prior(z: &[f32]) -> f64 {
    let squares: f64 = z.iter().map(|&z| f64::from(z) * f64::from(z)).sum();
    -0.5 * (squares + z.len() as f64 * LN_2PI)
}

/// Diagonal Gaussians N(mean_n, exp(log_var_n)).
#[derive(Clone, Debug)]
pub struct DiagonalGaussians {
    mean: Rows,
    log_var: LogVariances,
}

/// ln σ² below which densities are summed from differences.
const NARROW: f32 = -6.0;

/// Σ_j (1 + μ²)/σ² above which they are, too: of the order of the terms that cancel in the product,
/// 6e-8 of which single precision loses.
const LARGE: f32 = 5e4;

impl DiagonalGaussians {
    /// Panics unless there are as many variances as means.
    pub fn new(mean: Rows, log_var: LogVariances) -> Self {
        assert_eq!(mean.values.len(), log_var.values().len());
        DiagonalGaussians { mean, log_var }
    }

    /// Those that an encoder gave.
    ///
    /// # Errors
    /// [`ModelError::Unsupported`] where it gave points or a flow.
    pub fn of(posterior: Posterior) -> Result<Self, ModelError> {
        match posterior {
            Posterior::Gaussians(gaussians) => Ok(gaussians),
            Posterior::Points(_) => Err(no_density()),
            Posterior::Flow(_) => Err(ModelError::Unsupported(
                "q(z|x) is a flow, whose moments have no closed form".to_owned(),
            )),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.mean.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.mean.is_empty()
    }

    /// Dimension of z.
    pub fn dimension(&self) -> usize {
        self.mean.columns
    }

    /// μ, a row each.
    pub fn mean(&self) -> &Rows {
        &self.mean
    }

    /// ln σ², as the means lie.
    pub fn log_var(&self) -> &LogVariances {
        &self.log_var
    }

    /// μ and ln σ².
    pub fn into_moments(self) -> (Rows, LogVariances) {
        (self.mean, self.log_var)
    }

    /// Those of these places.
    pub fn gather(&self, rows: &[usize]) -> Self {
        let d = self.dimension();
        let log_var = self.log_var.values();
        let own = rows.iter().flat_map(|row| &log_var[row * d..(row + 1) * d]);
        let log_var = Rows::new(d, own.copied().collect());
        Self::new(
            Rows::new(d, self.mean.gather(rows)),
            LogVariances::new(log_var),
        )
    }

    /// These, then others of the same dimension.
    pub fn followed_by(self, other: Self) -> Self {
        let d = self.dimension();
        let log_var = [self.log_var.values(), other.log_var.values()].concat();
        let mean = [self.mean.values, other.mean.values].concat();
        Self::new(Rows::new(d, mean), LogVariances::new(Rows::new(d, log_var)))
    }

    /// z = μ + σ ε, a row per place of `index`.
    pub fn sample(&self, index: &[usize], noise: &[f32]) -> Rows {
        let d = self.dimension();
        let mut z = Vec::with_capacity(index.len() * d);
        for (&n, noise) in index.iter().zip(noise.chunks_exact(d)) {
            for (j, noise) in noise.iter().enumerate() {
                let at = n * d + j;
                z.push(self.mean.values[at] + self.log_var.sigma(at) * noise);
            }
        }
        Rows::new(d, z)
    }

    /// log p(z_n) − log q(z_n|x_n), for one row of `z` per posterior, in nats.
    pub fn log_ratios(&self, z: &Rows) -> Vec<f64> {
        let of = z.values.chunks_exact(self.dimension()).zip(self.rows());
        of.map(|(z, (mean, log_var))| {
            let terms = z.iter().zip(mean).zip(log_var);
            let terms = terms.map(|((&z, &mean), &log_var)| {
                let (z, error, log_var) = (f64::from(z), f64::from(z - mean), f64::from(log_var));
                // The constants of both densities are one.
                error * error * (-log_var).exp() + log_var - z * z
            });
            0.5 * terms.sum::<f64>()
        })
        .collect()
    }

    /// KL(q(z|x_n) || N(0, I)) = ½ Σ_j (μ² + σ² − ln σ² − 1) of each, in nats.
    pub fn kls(&self) -> Vec<f64> {
        let of = |(mean, log_var): (&[f32], &[f32])| {
            let terms = mean.iter().zip(log_var).map(|(&mean, &log_var)| {
                let (mean, log_var) = (f64::from(mean), f64::from(log_var));
                mean * mean + log_var.exp() - log_var - 1.0
            });
            0.5 * terms.sum::<f64>()
        };
        self.rows().map(of).collect()
    }

    /// Mean and ln σ² of each, row by row.
    fn rows(&self) -> impl Iterator<Item = (&[f32], &[f32])> {
        let d = self.mean.columns;
        let means = self.mean.values.chunks_exact(d);
        means.zip(self.log_var.values().chunks_exact(d))
    }

    /// Whether single precision loses too much when squared differences are multiplied out, as it
    /// does for narrow posteriors, exactly those that an adversarial autoencoder learns.
    fn cancels(&self) -> bool {
        self.rows().any(|(mean, log_var)| {
            let terms = mean.iter().zip(log_var);
            let size: f32 = terms.map(|(m, s)| (1.0 + m * m) * (-s).exp()).sum();
            size > LARGE || log_var.iter().any(|s| *s < NARROW)
        })
    }

    /// By one matrix product: with precision τ = 1/σ²,
    /// log q(z|x_n) = −½ Σ τ z² + Σ τ μ z − ½ Σ (τ μ² + ln σ² + ln 2π).
    fn by_product(&self, z: &Rows) -> Vec<f32> {
        let d = self.mean.columns;
        let mut weights = Vec::with_capacity(2 * self.mean.values.len());
        let mut offsets = Vec::with_capacity(self.len());
        for (mean, log_var) in self.rows() {
            let precision = |s: &f32| (-s).exp();
            weights.extend(log_var.iter().map(|s| -0.5 * precision(s)));
            weights.extend(mean.iter().zip(log_var).map(|(m, s)| m * precision(s)));
            let terms = mean.iter().zip(log_var).map(|(&m, &s)| {
                let (m, s) = (f64::from(m), f64::from(s));
                m * m * (-s).exp() + s + LN_2PI
            });
            offsets.push((-0.5 * terms.sum::<f64>()) as f32);
        }
        let mut features = Vec::with_capacity(2 * z.values.len());
        for z in z.values.chunks_exact(d) {
            features.extend(z.iter().map(|z| z * z));
            features.extend_from_slice(z);
        }
        let device = Cpu::default();
        let features = device.matrix(features, z.len(), 2 * d);
        let weights = device.matrix(weights, self.len(), 2 * d);
        let offsets = Some(device.vector(offsets));
        Cpu::linear(features, weights, offsets, Activation::Identity).to_vec()
    }

    /// By summing squared differences.
    fn by_differences(&self, z: &Rows) -> Vec<f32> {
        let d = self.mean.columns;
        let log_var = self.log_var.values();
        let inverse: Vec<f32> = log_var.iter().map(|s| (-0.5 * s).exp()).collect();
        let offset = |row: &[f32]| {
            let log_det: f64 = row.iter().map(|&s| f64::from(s)).sum();
            (-0.5 * (log_det + d as f64 * LN_2PI)) as f32
        };
        let offsets: Vec<f32> = log_var.chunks_exact(d).map(offset).collect();
        let mut logs = vec![0.0; z.len() * self.len()];
        logs.par_chunks_exact_mut(self.len().max(1))
            .zip(z.values.par_chunks_exact(d))
            .for_each(|(logs, z)| {
                for (n, log) in logs.iter_mut().enumerate() {
                    let mean = &self.mean.values[n * d..][..d];
                    *log = offsets[n] - 0.5 * scaled_distance(z, mean, &inverse[n * d..][..d]);
                }
            });
        logs
    }
}

impl Posteriors for DiagonalGaussians {
    fn len(&self) -> usize {
        self.mean.len()
    }

    fn dimension(&self) -> usize {
        self.mean.columns
    }

    fn draw(&self, index: &[usize], noise: &[f32]) -> Result<Draws, ModelError> {
        let d = self.mean.columns;
        let log_var = self.log_var.values();
        let of = index.iter().zip(noise.chunks_exact(d));
        let log_density = of.map(|(n, noise)| {
            let terms = noise.iter().zip(&log_var[n * d..]);
            let terms = terms.map(|(e, s)| f64::from(*e).powi(2) + f64::from(*s) + LN_2PI);
            -0.5 * terms.sum::<f64>()
        });
        Ok(Draws {
            log_density: log_density.collect(),
            z: self.sample(index, noise),
        })
    }

    fn log_density(&self, index: &[usize], z: &Rows) -> Result<Vec<f64>, ModelError> {
        let d = self.mean.columns;
        let pairs = index.iter().zip(z.values.chunks_exact(d));
        let of = |(n, z): (&usize, &[f32])| {
            let moments = self.mean.values[n * d..]
                .iter()
                .zip(&self.log_var.values()[n * d..]);
            let terms = z.iter().zip(moments).map(|(&z, (&mean, &log_var))| {
                let (difference, log_var) = (f64::from(z) - f64::from(mean), f64::from(log_var));
                difference * difference * (-log_var).exp() + log_var + LN_2PI
            });
            -0.5 * terms.sum::<f64>()
        };
        Ok(pairs.map(of).collect())
    }

    fn log_densities(&self, z: &Rows) -> Result<Vec<f32>, ModelError> {
        Ok(match self.cancels() {
            true => self.by_differences(z),
            false => self.by_product(z),
        })
    }

    fn kl_to_prior(&self) -> Option<Vec<f64>> {
        Some(self.kls())
    }
}

/// Σ_j ((z_j − mean_j) · inverse_j)², in eight running sums so that the compiler may use vector
/// registers; their order is fixed, so the result does not depend on the machine's width.
fn scaled_distance(z: &[f32], mean: &[f32], inverse: &[f32]) -> f32 {
    const LANES: usize = 8;
    let mut sums = [0.0f32; LANES];
    let (z_lanes, z_rest) = z.as_chunks::<LANES>();
    let (mean_lanes, mean_rest) = mean.as_chunks::<LANES>();
    let (inverse_lanes, inverse_rest) = inverse.as_chunks::<LANES>();
    for ((z, mean), inverse) in z_lanes.iter().zip(mean_lanes).zip(inverse_lanes) {
        for lane in 0..LANES {
            let difference = (z[lane] - mean[lane]) * inverse[lane];
            sums[lane] += difference * difference;
        }
    }
    let mut sum: f32 = sums.iter().sum();
    for ((z, mean), inverse) in z_rest.iter().zip(mean_rest).zip(inverse_rest) {
        let difference = (z - mean) * inverse;
        sum += difference * difference;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;

    fn gaussians(n: usize, d: usize, log_var: f32) -> DiagonalGaussians {
        let mean = Rows::new(d, Seed::new(1).stream(0).normal(n * d));
        let spread = Seed::new(2).stream(0).uniform(n * d, -0.5, 0.5);
        let log_var = spread.into_iter().map(|s| s + log_var).collect();
        DiagonalGaussians::new(mean, LogVariances::new(Rows::new(d, log_var)))
    }

    /// log q(z|x_n) in double precision.
    fn exact(of: &DiagonalGaussians, z: &Rows) -> Vec<f64> {
        let rows = z.values.chunks_exact(z.columns);
        rows.flat_map(|z| {
            of.rows().map(move |(mean, log_var)| {
                let terms = z
                    .iter()
                    .zip(mean.iter().zip(log_var))
                    .map(|(&z, (&m, &s))| {
                        let (difference, s) = (f64::from(z) - f64::from(m), f64::from(s));
                        difference * difference * (-s).exp() + s + LN_2PI
                    });
                -0.5 * terms.sum::<f64>()
            })
        })
        .collect()
    }

    #[test]
    fn product_and_differences_agree_with_double_precision_where_each_is_used() {
        // The largest error relative to the size of the terms: single precision with some room.
        for (d, log_var, product) in [(50, -1.0, true), (128, -4.0, true), (50, -9.0, false)] {
            let of = gaussians(40, d, log_var);
            assert_eq!(!of.cancels(), product, "{d} {log_var}");
            let own: Vec<usize> = (0..40).collect();
            let noise = Seed::new(3).stream(0).normal(40 * d);
            let draws = of.draw(&own, &noise).expect("finite");
            let logs = of.log_densities(&draws.z).expect("finite");
            let wanted = exact(&of, &draws.z);
            // Densities near the top alone matter to a log of a sum: those of the own posterior.
            for n in 0..40 {
                let (got, want) = (f64::from(logs[n * 40 + n]), wanted[n * 40 + n]);
                assert!((got - want).abs() < 3e-3, "{d} {log_var}: {got} {want}");
                assert!((draws.log_density[n] - want).abs() < 1e-3, "{d} {log_var}");
            }
        }
    }

    #[test]
    fn the_divergence_from_the_prior_is_the_mean_over_draws() {
        let of = gaussians(1, 3, -1.0);
        let exact = of.kl_to_prior().expect("a closed form")[0];
        let m = 20_000;
        let noise = Seed::new(4).stream(0).normal(3 * m);
        let draws = of.draw(&vec![0; m], &noise).expect("finite");
        let prior = draws.z.values.chunks_exact(3).map(log_prior);
        let gaps: Vec<f64> = draws
            .log_density
            .iter()
            .zip(prior)
            .map(|(q, p)| q - p)
            .collect();
        let mean = gaps.iter().sum::<f64>() / m as f64;
        let squares: f64 = gaps.iter().map(|gap| (gap - mean).powi(2)).sum();
        let error = (squares / (m - 1) as f64 / m as f64).sqrt();
        assert!((mean - exact).abs() < 4.0 * error, "{mean} {error} {exact}");
    }
}
