//! log p(x) by importance sampling from posteriors, draw by draw: any number of samples in the memory
//! of one.

use crate::models::DiagonalGaussians;
use crate::models::ModelError;
use crate::models::Rows;
use crate::random::Seed;

/// `ln (1/S) Σ_s p(x|z_s) p(z_s) / q(z_s|x)` of each observation, with z_s ~ q(z|x): in the mean a
/// lower bound of log p(x) that grows with S. `log_likelihood` gives log p(x|z) of a row of z per
/// observation.
///
/// The weights of the draw s depend on the seed and on s alone. `told` hears how many are done.
///
/// # Errors
/// Those of the model.
pub fn log_evidence(
    posteriors: &DiagonalGaussians,
    samples: usize,
    seed: Seed,
    log_likelihood: &mut dyn FnMut(&Rows) -> Result<Vec<f64>, ModelError>,
    told: &dyn Fn(usize),
) -> Result<Vec<f64>, ModelError> {
    let n = posteriors.len();
    let everyone: Vec<usize> = (0..n).collect();
    let mut sums = vec![LogSum::default(); n];
    for draw in 0..samples {
        let noise = seed.stream(draw as u64).normal(n * posteriors.dimension());
        let z = posteriors.sample(&everyone, &noise);
        let logs = log_likelihood(&z)?;
        let ratios = posteriors.log_ratios(&z);
        for (sum, (log, ratio)) in sums.iter_mut().zip(logs.iter().zip(ratios)) {
            sum.add(log + ratio);
        }
        told(draw + 1);
    }
    let evidence = sums.iter().map(|sum| sum.value() - (samples as f64).ln());
    Ok(evidence.collect())
}

/// The logarithm of a sum whose terms come one by one as logarithms.
#[derive(Clone, Copy, Debug)]
pub struct LogSum {
    largest: f64,
    /// In units of the largest.
    sum: f64,
}

impl Default for LogSum {
    fn default() -> Self {
        LogSum {
            largest: f64::NEG_INFINITY,
            sum: 0.0,
        }
    }
}

impl LogSum {
    pub fn add(&mut self, term: f64) {
        if term == f64::NEG_INFINITY {
            return;
        }
        if term > self.largest {
            self.sum *= (self.largest - term).exp();
            self.largest = term;
        }
        self.sum += (term - self.largest).exp();
    }

    /// Many at once, in single precision up to their largest.
    pub fn add_all(&mut self, terms: &[f32]) {
        let largest = terms.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let largest = f64::from(largest).max(self.largest);
        if largest == f64::NEG_INFINITY {
            return;
        }
        if largest > self.largest {
            self.sum *= (self.largest - largest).exp();
            self.largest = largest;
        }
        // What lies so far below adds nothing that double precision could hold.
        let gaps = terms.iter().map(|term| term - largest as f32);
        let gaps = gaps.filter(|gap| *gap > -45.0);
        self.sum += gaps.map(|gap| f64::from(gap).exp()).sum::<f64>();
    }

    pub fn value(&self) -> f64 {
        self.largest + self.sum.ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::observation::LogVariances;

    #[test]
    fn a_sum_in_parts_is_the_sum() {
        let mut sum = LogSum::default();
        assert_eq!(sum.value(), f64::NEG_INFINITY);
        for term in [-1000.0, 3.0, f64::NEG_INFINITY, 5.0, -2.0] {
            sum.add(term);
        }
        let direct = (3f64.exp() + 5f64.exp() + (-2f64).exp()).ln();
        assert!((sum.value() - direct).abs() < 1e-12);
    }

    /// x|z ~ N(w·z, 1) with z ~ N(0, I) in two dimensions: x ~ N(0, 1 + w·w).
    fn linear(
        x: &[f64],
        offset: f32,
        widened: f32,
    ) -> (DiagonalGaussians, impl Fn(&Rows) -> Vec<f64>) {
        let w = [0.8, -0.5];
        let x = x.to_vec();
        // Close to the true posterior, whose mean is w x / (1 + w·w).
        let scale = 1.0 + w[0] * w[0] + w[1] * w[1];
        let means = x
            .iter()
            .flat_map(|x| w.map(|w| (w * x / scale) as f32 + offset));
        let log_var = vec![(1.0 / scale).ln() as f32 + widened; 2 * x.len()];
        let posteriors = DiagonalGaussians::new(
            Rows::new(2, means.collect()),
            LogVariances::new(Rows::new(2, log_var)),
        );
        let likelihood = move |z: &Rows| {
            let pairs = x.iter().zip(z.values.chunks_exact(2));
            pairs
                .map(|(x, z)| {
                    let error = x - w[0] * f64::from(z[0]) - w[1] * f64::from(z[1]);
                    -0.5 * (error * error + std::f64::consts::TAU.ln())
                })
                .collect()
        };
        (posteriors, likelihood)
    }

    #[test]
    fn many_samples_come_to_the_evidence_of_a_linear_model() {
        let x = [0.0, 1.5, -2.5];
        let variance = 1.0 + 0.8f64.powi(2) + 0.5f64.powi(2);
        let exact =
            x.map(|x: f64| -0.5 * (x * x / variance + (std::f64::consts::TAU * variance).ln()));
        let (posteriors, likelihood) = linear(&x, 0.2, 0.4);
        let at = |samples: usize| {
            let seed = Seed::new(7).derive("test");
            log_evidence(
                &posteriors,
                samples,
                seed,
                &mut |z| Ok(likelihood(z)),
                &|_| {},
            )
            .unwrap()
        };
        // Standard deviation of a log weight here is about 0.5, so 4,000 samples err by 0.01.
        for (found, exact) in at(4000).iter().zip(exact) {
            assert!((found - exact).abs() < 0.04, "{found} {exact}");
        }
        // One sample is the ELBO: it lies below in the mean over many observations.
        let many = vec![1.5; 2000];
        let (posteriors, likelihood) = linear(&many, 0.2, 0.4);
        let mean = |samples: usize| {
            let seed = Seed::new(8).derive("test");
            let found = log_evidence(
                &posteriors,
                samples,
                seed,
                &mut |z| Ok(likelihood(z)),
                &|_| {},
            );
            found.unwrap().iter().sum::<f64>() / 2000.0
        };
        let (one, ten) = (mean(1), mean(10));
        assert!(
            one < ten - 0.02 && ten < exact[1] + 0.01,
            "{one} {ten} {}",
            exact[1]
        );
    }

    #[test]
    fn the_same_draws_give_the_same_bytes_whatever_comes_after() {
        let (posteriors, likelihood) = linear(&[0.3], 0.0, 0.1);
        let run = || {
            let seed = Seed::new(1).derive("test");
            log_evidence(&posteriors, 5, seed, &mut |z| Ok(likelihood(z)), &|_| {}).unwrap()
        };
        assert_eq!(run(), run());
    }
}
