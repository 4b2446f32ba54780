//! The importance-weighted bound and three estimators of its gradient, on the host.
//!
//! With z_s = μ + σ ε_s and log w_s = log p(x, z_s) − log q(z_s|x), the bound of an observation is
//! L = ln (1/S) Σ_s w_s (Burda, Grosse and Salakhutdinov 2016, equation 8) and w̃ are its shares.
//! The decoder's gradient is Σ w̃_s ∇ log p(x|z_s) for all three; they differ in the encoder's.

use super::Estimator;
use crate::models::observation::Decoded;
use crate::models::observation::LogVariances;
use crate::models::observation::normalise;

/// What the encoder says of a batch: `[batch, latent]` each.
pub(super) struct Posteriors<'a> {
    pub mean: &'a [f32],
    pub log_var: &'a LogVariances,
    pub latent: usize,
}

impl Posteriors<'_> {
    /// z_s of every observation: `[batch · samples, latent]` from noise of that shape.
    pub(super) fn sample(&self, noise: &[f32], samples: usize) -> Vec<f32> {
        let d = self.latent;
        let sigma: Vec<f32> = (0..self.mean.len())
            .map(|at| self.log_var.sigma(at))
            .collect();
        let mut z = Vec::with_capacity(noise.len());
        for (row, noise) in noise.chunks_exact(d).enumerate() {
            let at = row / samples * d;
            for (j, e) in noise.iter().enumerate() {
                z.push(self.mean[at + j] + sigma[at + j] * e);
            }
        }
        z
    }
}

/// The bounds of a batch, and the shares w̃ of their samples.
pub(super) struct WeightedBounds {
    /// L per observation, in nats.
    pub bounds: Vec<f64>,
    /// w̃: `[batch · samples]`, of each observation adding up to one.
    pub shares: Vec<f64>,
}

/// Weighs the samples of a batch; `x` is `[batch, d]`, `decoded` has `batch · samples` rows.
pub(super) fn weigh(
    posteriors: &Posteriors<'_>,
    noise: &[f32],
    z: &[f32],
    x: &[f32],
    decoded: &Decoded,
    samples: usize,
) -> WeightedBounds {
    let l = posteriors.latent;
    let rows = z.len() / l;
    let d = decoded.columns();
    let mut logs = Vec::with_capacity(rows);
    for row in 0..rows {
        let at = row / samples;
        let x = &x[at * d..][..d];
        let mut log = decoded.log(row, x);
        for j in 0..l {
            let (z, e) = (f64::from(z[row * l + j]), f64::from(noise[row * l + j]));
            // ln p(z) − ln q(z|x): the constants of two Gaussians cancel.
            let log_var = f64::from(posteriors.log_var.values()[at * l + j]);
            log += 0.5 * (log_var + e * e - z * z);
        }
        logs.push(log);
    }
    let bounds = logs
        .chunks_exact_mut(samples)
        .map(|logs| normalise(logs) - (samples as f64).ln());
    WeightedBounds {
        bounds: bounds.collect(),
        shares: logs,
    }
}

/// The gradient of minus the mean bound by the decoder's output: `[batch · samples, d]`.
pub(super) fn decoder_gradient(
    weighed: &WeightedBounds,
    x: &[f32],
    decoded: &Decoded,
    samples: usize,
) -> Vec<f32> {
    let rows = weighed.shares.len();
    let (batch, d) = (rows / samples, decoded.columns());
    let mut gradient = vec![0.0; rows * d];
    for (row, share) in weighed.shares.iter().enumerate() {
        let x = &x[row / samples * d..][..d];
        let into = &mut gradient[row * d..][..d];
        decoded.add_gradient(row, -share / batch as f64, x, into);
    }
    gradient
}

/// The gradient of minus the mean bound by what the encoder emits, `[batch, 2 latent]`: first by
/// the means, then by the log variances.
///
/// `by_z` is what came back through the decoder: −w̃_s/batch ∂ log p(x|z_s)/∂z_s per sample.
pub(super) fn encoder_gradient(
    estimator: Estimator,
    posteriors: &Posteriors<'_>,
    weighed: &WeightedBounds,
    noise: &[f32],
    z: &[f32],
    by_z: &[f32],
) -> Vec<f32> {
    let l = posteriors.latent;
    let batch = weighed.bounds.len();
    let samples = weighed.shares.len() / batch;
    let log_var = posteriors.log_var.values().iter();
    let sigma: Vec<f64> = log_var.map(|v| (0.5 * f64::from(*v)).exp()).collect();
    let mut gradient = vec![0.0f64; batch * 2 * l];
    for (row, share) in weighed.shares.iter().enumerate() {
        let at = row / samples;
        let weight = -share / batch as f64;
        for j in 0..l {
            let (z, e) = (f64::from(z[row * l + j]), f64::from(noise[row * l + j]));
            let sigma = sigma[at * l + j];
            let likelihood = f64::from(by_z[row * l + j]);
            let prior = -weight * z;
            // By z alone, with the parameters of q held fixed, −ln q has the slope ε/σ.
            let path = likelihood + prior + weight * e / sigma;
            let (by_mean, by_log_var) = match estimator {
                // Along the path −ln q is ½ log_var + ½ ε²: its slope is ½ by log_var, 0 by μ.
                Estimator::Naive => {
                    let by_z = likelihood + prior;
                    (by_z, by_z * 0.5 * sigma * e + 0.5 * weight)
                }
                Estimator::Stl => (path, path * 0.5 * sigma * e),
                Estimator::Dreg => (share * path, share * path * 0.5 * sigma * e),
            };
            gradient[at * 2 * l + j] += by_mean;
            gradient[at * 2 * l + l + j] += by_log_var;
        }
    }
    gradient.into_iter().map(|g| g as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Rows;
    use crate::models::observation::ObservationModel;
    use crate::random::Seed;

    const SLOPE: f32 = 1.3;

    fn decoded(z: &[f32]) -> Decoded {
        let model = ObservationModel::Gaussian { sigma: 0.6 };
        let emitted = z.iter().map(|z| SLOPE * z).collect();
        Decoded::new(model, Rows::new(1, emitted))
    }

    fn log_variance(value: f32) -> LogVariances {
        LogVariances::new(Rows::new(1, vec![value]))
    }

    /// x = 1.3 z + 0.6 ε at x = 0.8, with a posterior that is not the true one.
    fn gradient(estimator: Estimator, samples: usize, number: u64) -> (f64, [f64; 2]) {
        let posteriors = Posteriors {
            mean: &[0.1],
            log_var: &log_variance(-0.4),
            latent: 1,
        };
        let noise = Seed::new(4).derive("iwae").stream(number).normal(samples);
        let z = posteriors.sample(&noise, samples);
        let decoded = decoded(&z);
        let x = [0.8];
        let weighed = weigh(&posteriors, &noise, &z, &x, &decoded, samples);
        let by_decoded = decoder_gradient(&weighed, &x, &decoded, samples);
        let by_z: Vec<f32> = by_decoded.iter().map(|g| g * SLOPE).collect();
        let by = encoder_gradient(estimator, &posteriors, &weighed, &noise, &z, &by_z);
        (weighed.bounds[0], [by[0].into(), by[1].into()])
    }

    fn means(estimator: Estimator, samples: usize, repeats: u64) -> [(f64, f64); 2] {
        let all: Vec<[f64; 2]> = (0..repeats)
            .map(|number| gradient(estimator, samples, number).1)
            .collect();
        [0, 1].map(|which| {
            let n = repeats as f64;
            let mean = all.iter().map(|g| g[which]).sum::<f64>() / n;
            let squares = all.iter().map(|g| (g[which] - mean).powi(2));
            (mean, (squares.sum::<f64>() / n / (n - 1.0)).sqrt())
        })
    }

    /// Both are unbiased: the means of 4,000 draws differ by less than five standard errors.
    #[test]
    fn naive_and_doubly_reparameterised_gradients_agree_in_the_mean() {
        let pairs = means(Estimator::Naive, 5, 4000).into_iter();
        for (naive, dreg) in pairs.zip(means(Estimator::Dreg, 5, 4000)) {
            let error = (naive.1.powi(2) + dreg.1.powi(2)).sqrt();
            assert!((naive.0 - dreg.0).abs() < 5.0 * error, "{naive:?} {dreg:?}");
        }
    }

    /// Rainforth et al. 2018: the naive estimator drowns in noise as S grows, DReG does not.
    #[test]
    fn more_samples_help_the_doubly_reparameterised_gradient_only() {
        let signal = |estimator, samples| {
            let [(mean, error), _] = means(estimator, samples, 1000);
            mean.abs() / error
        };
        assert!(signal(Estimator::Dreg, 100) > 2.0 * signal(Estimator::Dreg, 5));
        assert!(signal(Estimator::Naive, 100) < signal(Estimator::Dreg, 100) / 2.0);
    }

    /// With one sample sticking the landing is DReG, and its weight is one.
    #[test]
    fn one_sample_makes_both_path_derivatives_one() {
        for number in 0..10 {
            let stl = gradient(Estimator::Stl, 1, number);
            assert_eq!(stl, gradient(Estimator::Dreg, 1, number));
        }
    }

    /// Finite differences of the naive bound under fixed noise: it is differentiated as it stands.
    #[test]
    fn the_naive_gradient_is_that_of_the_bound_under_fixed_noise() {
        let noise = Seed::new(8).stream(0).normal(4);
        let x = [0.8];
        let pieces = |mean: f32, log_var: f32| {
            let (mean, log_var) = ([mean], log_variance(log_var));
            let posteriors = Posteriors {
                mean: &mean,
                log_var: &log_var,
                latent: 1,
            };
            let z = posteriors.sample(&noise, 4);
            let decoded = decoded(&z);
            let weighed = weigh(&posteriors, &noise, &z, &x, &decoded, 4);
            let by_decoded = decoder_gradient(&weighed, &x, &decoded, 4);
            let by_z: Vec<f32> = by_decoded.iter().map(|g| g * SLOPE).collect();
            let naive = Estimator::Naive;
            let by = encoder_gradient(naive, &posteriors, &weighed, &noise, &z, &by_z);
            (weighed.bounds[0], by)
        };
        let gradient = pieces(0.1, -0.4).1;
        let by_mean = (pieces(0.11, -0.4).0 - pieces(0.09, -0.4).0) / -0.02;
        let by_log_var = (pieces(0.1, -0.39).0 - pieces(0.1, -0.41).0) / -0.02;
        // Second-order differences with step 0.01: an error near 1e-4.
        assert!((f64::from(gradient[0]) - by_mean).abs() < 1e-3);
        assert!((f64::from(gradient[1]) - by_log_var).abs() < 1e-3);
    }
}
