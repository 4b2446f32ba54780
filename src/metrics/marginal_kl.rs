//! How far the marginal posterior q(z) = E_x q(z|x) is from the prior, by Monte Carlo.
//!
//! Rosca et al. 2018, Algorithm 2: z is drawn from q(z), and q(z) is evaluated as the mixture over
//! *all* posteriors, the one that z came from included; leaving it out, or taking a minibatch,
//! would bias the estimate. The elbo surgery of Hoffman and Johnson 2016 splits the average
//! posterior KL into this marginal KL and the mutual information of x and z.

use rayon::prelude::*;

use super::Estimate;
use super::Metric;
use crate::data::Dataset;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::Posterior;
use crate::models::agreement::is_negative;
use crate::models::observation::LogVariances;
use crate::models::params;
use crate::random::Seed;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::choices;
use crate::registry::params;
use crate::training::Monitor;

/// `evaluate/marginal-kl`
pub(super) struct MarginalKlScore;

choices! {
    /// Splits whose posteriors make up q(z).
    enum Observations {
        TrainAndValid = "train+valid",
        Train = "train",
        Valid = "valid",
        Test = "test",
    }
}

params! {
    /// What `evaluate/marginal-kl` may be given.
    struct MarginalKlParams {
        /// whose posteriors make up q(z)
        observations: Observations = Observations::TrainAndValid;
        /// Monte Carlo draws of z
        samples: usize = 10_000, min(2);
        /// which draws
        seed: Seed;
    }
}

impl Entry for MarginalKlScore {
    fn name(&self) -> &'static str {
        "marginal-kl"
    }

    fn summary(&self) -> &'static str {
        "KL(q(z) || p(z)) by Monte Carlo, with the mutual information of x and z"
    }

    fn docs(&self) -> &'static str {
        "Draws z from q(z) = mean over n of q(z|x_n) and averages log q(z) − log p(z), where q(z) is\n\
         the mixture over *all* N posteriors of the chosen observations. By elbo surgery\n\
         \n\
         ```text\n\
         E_x KL(q(z|x) || p(z)) = KL(q(z) || p(z)) + I_q(x; z),   0 ≤ I_q ≤ ln N\n\
         ```\n\
         \n\
         so the exact value lies between `marginal_kl_lower` = E KL − ln N and `posterior_kl` = E KL,\n\
         which stand beside it. `marginal_kl_se` is the Monte Carlo standard error.\n\
         \n\
         Source: Rosca, Lakshminarayanan and Mohamed 2018, arXiv 1802.06847, Algorithm 2; Hoffman and\n\
         Johnson 2016, *ELBO surgery*."
    }

    fn revision(&self) -> u32 {
        2
    }

    fn params(&self) -> Vec<Param> {
        MarginalKlParams::params()
    }
}

impl Metric for MarginalKlScore {
    fn measures(&self) -> &'static [Measure] {
        const MEASURES: &[Measure] = &[
            Measure::new("marginal_kl", "KL(q(z) || p(z))")
                .unit("nats")
                .down(),
            Measure::new("marginal_kl_se", "standard error of KL(q(z) || p(z))").unit("nats"),
            Measure::new("marginal_kl_lower", "E KL − ln N").unit("nats"),
            Measure::new("posterior_kl", "E KL(q(z|x) || p(z)) over the x of q(z)").unit("nats"),
            Measure::new("mutual_information", "I_q(x; z)").unit("nats"),
        ];
        MEASURES
    }

    fn contradictions(&self, numbers: &[f64]) -> Vec<String> {
        let &[kl, error, lower, upper, _] = numbers else {
            return Vec::new();
        };
        let bounds = [
            (kl, "0, which it cannot be".to_owned()),
            (
                kl - lower,
                format!("its lower bound `marginal_kl_lower` = {lower:.4}"),
            ),
        ];
        let below = bounds
            .into_iter()
            .filter(|(gap, _)| is_negative(*gap, error));
        let mut said: Vec<String> = below
            .map(|(_, what)| format!("`marginal_kl` = {kl:.4} ± {error:.4} nats lies below {what}"))
            .collect();
        if is_negative(upper - kl, error) {
            said.push(format!(
                "`marginal_kl` = {kl:.4} ± {error:.4} nats lies above its upper bound \
                 `posterior_kl` = {upper:.4}"
            ));
        }
        said
    }

    fn needs(&self) -> &'static [Capability] {
        &[Capability::DiagonalPosterior]
    }

    fn score(
        &self,
        model: &dyn Fitted,
        data: &Dataset,
        values: &Values,
        _monitor: &dyn Monitor,
    ) -> Result<Vec<f64>, ModelError> {
        let params = MarginalKlParams::read(values)?;
        let mut x = None;
        for split in params.observations.name().split('+') {
            let part = params::observations(data, split)?;
            x = Some(match x {
                None => part,
                Some(all) => part.appended_to(all),
            });
        }
        let x = x.expect("splitting text gives at least one part");
        let posteriors = Posteriors::of(model.encode(&x)?)?;
        let samples = params.samples;
        let mut stream = params.seed.derive("marginal-kl/draws").stream(0);
        let index: Vec<usize> = (0..samples)
            .map(|_| stream.below(posteriors.len()))
            .collect();
        let eps = stream.normal(samples * posteriors.d);
        let kl = posteriors.marginal_kl(&posteriors.sample(&index, &eps));
        Ok(vec![
            kl.marginal.mean,
            kl.marginal.standard_error.unwrap_or(f64::NAN),
            kl.lower,
            kl.posterior_mean,
            kl.mutual_information,
        ])
    }
}

/// Diagonal Gaussian posteriors q(z|x_n) = N(mean_n, exp(log_var_n)).
#[derive(Clone, Debug)]
pub struct Posteriors {
    /// Row-major `[n, d]`.
    pub mean: Vec<f32>,
    pub log_var: LogVariances,
    /// Dimension of z.
    pub d: usize,
}

/// The estimates, in nats.
#[derive(Clone, Debug)]
pub struct MarginalKl {
    /// log q(z_m), per sample.
    pub log_q: Vec<f64>,
    /// log p(z_m), per sample.
    pub log_p: Vec<f64>,
    /// KL(q(z) || p(z)) with its standard error over the samples.
    pub marginal: Estimate,
    /// KL(q(z|x_n) || p(z)) in closed form, per posterior.
    pub posterior: Vec<f64>,
    /// Their mean: an upper bound on the exact marginal KL.
    pub posterior_mean: f64,
    /// I_q(x; z) = mean posterior KL − marginal KL.
    pub mutual_information: f64,
    /// Mean posterior KL − ln n: a lower bound on the exact marginal KL, as I ≤ ln n.
    pub lower: f64,
}

const LN_2PI: f64 = 1.837_877_066_409_345_3;

impl Posteriors {
    /// The densities that an encoder gave.
    ///
    /// # Errors
    /// [`ModelError::Unsupported`] where it gave points: they have no density.
    pub fn of(posterior: Posterior) -> Result<Self, ModelError> {
        let log_var = posterior.log_var.ok_or_else(|| {
            ModelError::Unsupported(
                "the model's encoder is a function, so q(z|x) has no density to draw from or to \
                 compare with the prior"
                    .to_owned(),
            )
        })?;
        Ok(Posteriors {
            d: posterior.mean.columns,
            mean: posterior.mean.values,
            log_var,
        })
    }

    /// How many posteriors there are.
    pub fn len(&self) -> usize {
        self.mean.len() / self.d
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.mean.is_empty()
    }

    /// One sample per index: mean + exp(log_var / 2) ε, row-major `[m, d]`.
    pub fn sample(&self, index: &[usize], eps: &[f32]) -> Vec<f32> {
        let mut z = Vec::with_capacity(index.len() * self.d);
        for (m, &n) in index.iter().enumerate() {
            for j in 0..self.d {
                let at = n * self.d + j;
                z.push(self.mean[at] + self.log_var.sigma(at) * eps[m * self.d + j]);
            }
        }
        z
    }

    /// KL(q(z|x_n) || N(0, I)) = ½ Σ_j (μ² + σ² − ln σ² − 1), per posterior, in nats.
    pub fn kl_to_prior(&self) -> Vec<f64> {
        self.mean
            .chunks_exact(self.d)
            .zip(self.log_var.values().chunks_exact(self.d))
            .map(|(mean, log_var)| {
                let terms = mean.iter().zip(log_var).map(|(&mean, &log_var)| {
                    let (mean, log_var) = (f64::from(mean), f64::from(log_var));
                    mean * mean + log_var.exp() - log_var - 1.0
                });
                0.5 * terms.sum::<f64>()
            })
            .collect()
    }

    /// log q(z) = logsumexp_n log q(z|x_n) − ln N for each row of `z` (`[m, d]`), in nats.
    ///
    /// Squared distances are summed directly. Expanding them into a matrix product is quicker but
    /// cancels badly for narrow posteriors, exactly those that an adversarial autoencoder learns.
    pub fn log_density(&self, z: &[f32]) -> Vec<f64> {
        let d = self.d;
        let log_var = self.log_var.values();
        let inverse: Vec<f32> = log_var.iter().map(|s| (-0.5 * s).exp()).collect();
        let offset: Vec<f32> = log_var
            .chunks_exact(d)
            .map(|row| {
                let log_det: f64 = row.iter().map(|&s| f64::from(s)).sum();
                (-0.5 * (log_det + d as f64 * LN_2PI)) as f32
            })
            .collect();
        let ln_n = (self.len() as f64).ln();
        z.par_chunks_exact(d)
            .map_init(
                || vec![0.0f32; self.len()],
                |terms, z| {
                    for (n, term) in terms.iter_mut().enumerate() {
                        let mean = &self.mean[n * d..][..d];
                        let inverse = &inverse[n * d..][..d];
                        *term = offset[n] - 0.5 * scaled_distance(z, mean, inverse);
                    }
                    log_sum_exp(terms) - ln_n
                },
            )
            .collect()
    }

    /// I_q(x; z) by sampling: mean over m of log q(z_m|x_n(m)) − log q(z_m), with `index` naming the
    /// posterior that each row of `z` was drawn from and `log_q` as [`Posteriors::log_density`] has it.
    pub fn sampled_information(&self, index: &[usize], z: &[f32], log_q: &[f64]) -> f64 {
        let d = self.d;
        let own = index.iter().zip(z.chunks_exact(d)).map(|(&n, z)| {
            let log_var = &self.log_var.values()[n * d..];
            let of = self.mean[n * d..][..d].iter().zip(log_var);
            let terms = z.iter().zip(of).map(|(&z, (&mean, &log_var))| {
                let (difference, log_var) = (f64::from(z - mean), f64::from(log_var));
                difference * difference * (-log_var).exp() + log_var + LN_2PI
            });
            -0.5 * terms.sum::<f64>()
        });
        let gains = own.zip(log_q).map(|(own, all)| own - all);
        gains.sum::<f64>() / index.len() as f64
    }

    /// The estimate from samples `z` (`[m, d]`), which must have been drawn from these posteriors.
    pub fn marginal_kl(&self, z: &[f32]) -> MarginalKl {
        let log_q = self.log_density(z);
        let log_p: Vec<f64> = z.chunks_exact(self.d).map(log_prior).collect();
        let ratio: Vec<f64> = log_q.iter().zip(&log_p).map(|(q, p)| q - p).collect();
        let marginal = Estimate::of(&ratio);
        let posterior = self.kl_to_prior();
        let posterior_mean = posterior.iter().sum::<f64>() / posterior.len() as f64;
        MarginalKl {
            log_q,
            log_p,
            marginal,
            posterior_mean,
            mutual_information: posterior_mean - marginal.mean,
            lower: posterior_mean - (posterior.len() as f64).ln(),
            posterior,
        }
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

/// log N(z; 0, I), in nats.
fn log_prior(z: &[f32]) -> f64 {
    let squares: f64 = z.iter().map(|&z| f64::from(z) * f64::from(z)).sum();
    -0.5 * (squares + z.len() as f64 * LN_2PI)
}

fn log_sum_exp(terms: &[f32]) -> f64 {
    let max = terms.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if max == f32::NEG_INFINITY {
        return f64::NEG_INFINITY;
    }
    let sum: f64 = terms.iter().map(|term| f64::from((term - max).exp())).sum();
    f64::from(max) + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Rows;

    /// Standard normal quantiles at the midpoints of `n` equal slices: a sample without noise.
    fn normal_grid(n: usize) -> Vec<f32> {
        use statrs::distribution::ContinuousCDF;
        use statrs::distribution::Normal;
        let normal = Normal::standard();
        (0..n)
            .map(|i| normal.inverse_cdf((i as f64 + 0.5) / n as f64) as f32)
            .collect()
    }

    #[test]
    fn a_linear_gaussian_encoder_has_the_prior_as_its_marginal() {
        // x ~ N(0, 1), q(z|x) = N(a x, 1 − a²): q(z) = N(0, 1) exactly, so the marginal KL is 0
        // and the mutual information is −½ ln(1 − a²).
        let a = 0.8f64;
        let n = 4000;
        let x = normal_grid(n);
        let posteriors = Posteriors {
            mean: x.iter().map(|x| a as f32 * x).collect(),
            log_var: LogVariances::new(Rows::new(1, vec![(1.0 - a * a).ln() as f32; n])),
            d: 1,
        };
        // Pair each posterior with a noise value far away in order, so that they are independent.
        let index: Vec<usize> = (0..n).collect();
        let eps: Vec<f32> = (0..n).map(|i| x[(i * 1597) % n]).collect();
        let kl = posteriors.marginal_kl(&posteriors.sample(&index, &eps));
        // The grid is finite, so the mixture is not exactly normal: 0.01 nats covers that.
        assert!(kl.marginal.mean.abs() < 0.01, "{:?}", kl.marginal);
        let information = -0.5 * (1.0 - a * a).ln();
        assert!((kl.mutual_information - information).abs() < 0.01);
    }

    #[test]
    fn posteriors_far_apart_carry_ln_n_nats_of_information() {
        let posteriors = Posteriors {
            mean: vec![-50.0, 0.0, 50.0, 100.0],
            log_var: LogVariances::new(Rows::new(1, vec![0.0; 4])),
            d: 1,
        };
        let z = posteriors.sample(&[0, 1, 2, 3], &[0.3, -0.2, 1.0, -1.5]);
        let kl = posteriors.marginal_kl(&z);
        let own: Vec<f64> = [0.3f64, -0.2, 1.0, -1.5]
            .iter()
            .map(|e| -0.5 * (e * e + LN_2PI) - 4f64.ln())
            .collect();
        for (got, want) in kl.log_q.iter().zip(own) {
            // Plain f32 differences of numbers up to 100.
            assert!((got - want).abs() < 1e-4, "{got} {want}");
        }
    }
}
