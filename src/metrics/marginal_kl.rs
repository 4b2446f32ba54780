//! How far the marginal posterior q(z) = E_x q(z|x) is from the prior, by Monte Carlo.
//!
//! Rosca et al. 2018, Algorithm 2: z is drawn from q(z), and q(z) is evaluated as the mixture over
//! *all* posteriors, the one that z came from included; leaving it out, or taking a minibatch,
//! would bias the estimate. The elbo surgery of Hoffman and Johnson 2016 splits the average
//! posterior KL into this marginal KL and the mutual information of x and z.

use super::Asked;
use super::Estimate;
use super::Marginal;
use super::Metric;
use super::Scores;
use super::marginal::Observations;
use crate::models::Draws;
use crate::models::ModelError;
use crate::models::agreement::is_negative;
use crate::models::posteriors::log_priors;
use crate::random::Seed;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Param;
use crate::registry::params;

/// `evaluate/marginal-kl`
pub(super) struct MarginalKlScore;

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
        "Draws z from q(z) = mean over n of q(z|x_n), from every posterior equally often, and averages\n\
         log q(z) − log p(z), where q(z) is the mixture over *all* N posteriors of the chosen\n\
         observations. By elbo surgery\n\
         \n\
         ```text\n\
         E_x KL(q(z|x) || p(z)) = KL(q(z) || p(z)) + I_q(x; z),   0 ≤ I_q ≤ ln N\n\
         ```\n\
         \n\
         so the exact value lies between `marginal_kl_lower` = E KL − ln N and `posterior_kl` = E KL,\n\
         which stand beside it; a result outside of them by more than its error is warned of.\n\
         `marginal_kl_se` is the Monte Carlo standard error, as if the posteriors were drawn\n\
         independently, which is no less. KL(q(z|x) || p(z)) is in closed form for\n\
         Gaussians; for a flow it is averaged over the same draws. Densities of all pairs come from\n\
         matrix products, or from differences where ln σ² < −6 or single precision would lose digits\n\
         otherwise; observations are encoded in parts, so that memory holds at any N and d.\n\
         \n\
         Source: Rosca, Lakshminarayanan and Mohamed 2018, arXiv 1802.06847, Algorithm 2; Hoffman and\n\
         Johnson 2016, *ELBO surgery*."
    }

    fn revision(&self) -> u32 {
        4
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
        &[Capability::PosteriorSamples, Capability::PosteriorDensity]
    }

    fn score(&self, asked: &Asked<'_>) -> Result<Scores, ModelError> {
        let (model, data) = (asked.model, asked.data);
        let params = MarginalKlParams::read(asked.params)?;
        let inference = params.seed.derive("marginal-kl/inference");
        let marginal = Marginal::over(model, data, params.observations, &inference)?;
        let draws =
            marginal.sample_evenly(params.samples, params.seed.derive("marginal-kl/draws"))?;
        let kl = MarginalKl::of(&marginal, &draws)?;
        Ok(vec![
            kl.marginal.mean,
            kl.marginal.standard_error.unwrap_or(f64::NAN),
            kl.lower,
            kl.posterior_mean,
            kl.mutual_information,
        ]
        .into())
    }
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
    pub posterior: Option<Vec<f64>>,
    /// Their mean, or where there is no closed form that over the samples: an upper bound on the
    /// exact marginal KL.
    pub posterior_mean: f64,
    /// I_q(x; z) = mean posterior KL − marginal KL.
    pub mutual_information: f64,
    /// The same as the mean over the samples of log q(z_m|x_n(m)) − log q(z_m).
    pub sampled_information: f64,
    /// Mean posterior KL − ln n: a lower bound on the exact marginal KL, as I ≤ ln n.
    pub lower: f64,
}

impl MarginalKl {
    /// The estimate from draws of this marginal posterior.
    ///
    /// # Errors
    /// What the model says.
    pub fn of(marginal: &Marginal<'_>, draws: &Draws) -> Result<Self, ModelError> {
        let log_q = marginal.log_density(&draws.z)?;
        let log_p = log_priors(&draws.z);
        let own = &draws.log_density;
        let mean_of = |a: &[f64], b: &[f64]| {
            let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
            Estimate::of(&differences)
        };
        let estimate = mean_of(&log_q, &log_p);
        let posterior = marginal.kl_to_prior()?;
        let posterior_mean = match &posterior {
            Some(kls) => kls.iter().sum::<f64>() / kls.len() as f64,
            None => mean_of(own, &log_p).mean,
        };
        Ok(MarginalKl {
            marginal: estimate,
            posterior_mean,
            mutual_information: posterior_mean - estimate.mean,
            sampled_information: mean_of(own, &log_q).mean,
            lower: posterior_mean - (marginal.observations() as f64).ln(),
            posterior,
            log_q,
            log_p,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Array;
    use crate::data::Dataset;
    use crate::data::Split;
    use crate::models;
    use crate::models::DiagonalGaussians;
    use crate::models::ExtraInputs;
    use crate::models::Posteriors;
    use crate::models::Rows;
    use crate::models::observation::LogVariances;
    use crate::models::posteriors::LN_2PI;
    use crate::nn::device::DeviceChoice;
    use crate::registry::Value;
    use crate::registry::declared::values;
    use crate::training::tests::Session;

    /// Standard normal quantiles at the midpoints of `n` equal slices: a sample without noise.
    fn normal_grid(n: usize) -> Vec<f32> {
        use statrs::distribution::ContinuousCDF;
        use statrs::distribution::Normal;
        let normal = Normal::standard();
        (0..n)
            .map(|i| normal.inverse_cdf((i as f64 + 0.5) / n as f64) as f32)
            .collect()
    }

    fn gaussians(mean: Vec<f32>, log_var: Vec<f32>) -> DiagonalGaussians {
        DiagonalGaussians::new(Rows::new(1, mean), LogVariances::new(Rows::new(1, log_var)))
    }

    #[test]
    fn a_linear_gaussian_encoder_has_the_prior_as_its_marginal() {
        // x ~ N(0, 1), q(z|x) = N(a x, 1 − a²): q(z) = N(0, 1) exactly, so the marginal KL is 0
        // and the mutual information is −½ ln(1 − a²).
        let a = 0.8f64;
        let n = 4000;
        let x = normal_grid(n);
        let mean = x.iter().map(|x| a as f32 * x).collect();
        let posteriors = gaussians(mean, vec![(1.0 - a * a).ln() as f32; n]);
        // Pair each posterior with a noise value far away in order, so that they are independent.
        let index: Vec<usize> = (0..n).collect();
        let eps: Vec<f32> = (0..n).map(|i| x[(i * 1597) % n]).collect();
        let draws = posteriors.draw(&index, &eps).expect("finite");
        let marginal = Marginal::of_posteriors(posteriors);
        let kl = MarginalKl::of(&marginal, &draws).expect("finite");
        // The grid is finite, so the mixture is not exactly normal: 0.01 nats covers that.
        assert!(kl.marginal.mean.abs() < 0.01, "{:?}", kl.marginal);
        let information = -0.5 * (1.0 - a * a).ln();
        assert!((kl.mutual_information - information).abs() < 0.01);
        // Over 4,000 draws whose log ratio has a standard deviation below 1: four standard errors.
        assert!((kl.sampled_information - information).abs() < 0.064);
    }

    #[test]
    fn posteriors_far_apart_carry_ln_n_nats_of_information() {
        let posteriors = gaussians(vec![-50.0, 0.0, 50.0, 100.0], vec![0.0; 4]);
        let eps = [0.3, -0.2, 1.0, -1.5];
        let draws = posteriors.draw(&[0, 1, 2, 3], &eps).expect("finite");
        let marginal = Marginal::of_posteriors(posteriors);
        let kl = MarginalKl::of(&marginal, &draws).expect("finite");
        let own = eps.map(|e| -0.5 * (f64::from(e).powi(2) + LN_2PI) - 4f64.ln());
        for (got, want) in kl.log_q.iter().zip(own) {
            // Single-precision products of numbers up to 100² / 2.
            assert!((got - want).abs() < 2e-3, "{got} {want}");
        }
        assert!((kl.sampled_information - 4f64.ln()).abs() < 2e-3);
    }

    /// A mixture of two: its divergence from N(0, 1) by quadrature.
    #[test]
    fn a_mixture_of_two_has_the_divergence_that_quadrature_gives() {
        let posteriors = gaussians(vec![-1.0, 2.0], vec![-1.0, -2.0]);
        let (step, n) = (1e-3, 10_000);
        let terms = (-n..=n).map(|i| {
            let z = f64::from(i) * step;
            let normal =
                |m: f64, s: f64| (-0.5 * ((z - m).powi(2) * (-s).exp() + s + LN_2PI)).exp();
            let q = 0.5 * (normal(-1.0, -1.0) + normal(2.0, -2.0));
            q * (q / normal(0.0, 0.0)).ln()
        });
        let exact = terms.filter(|t| t.is_finite()).sum::<f64>() * step;
        let marginal = Marginal::of_posteriors(posteriors);
        let draws = marginal
            .sample_evenly(40_000, crate::random::Seed::new(1))
            .expect("finite");
        let kl = MarginalKl::of(&marginal, &draws).expect("finite");
        let error = kl.marginal.standard_error.expect("many draws");
        assert!(error < 0.01, "{error}");
        assert!(
            (kl.marginal.mean - exact).abs() < 4.0 * error,
            "{:?} {exact}",
            kl.marginal
        );
        // The identity binds the exact value; an estimate may leave it by its error.
        assert!(
            kl.lower < exact && exact < kl.posterior_mean,
            "{kl:?} {exact}"
        );
    }

    /// Two far posteriors of unlike divergence: one that is drawn more often than the other shifts the
    /// mean, and only what each adds by itself is left where both are drawn as often.
    #[test]
    fn even_draws_leave_out_the_error_of_which_posterior() {
        let posteriors = || gaussians(vec![-10.0, 2.0], vec![-9.0, -9.0]);
        let seeds = 40;
        let spread = |evenly: bool| {
            let means = (0..seeds).map(|seed| {
                let marginal = Marginal::of_posteriors(posteriors());
                let seed = crate::random::Seed::new(seed);
                let draws = match evenly {
                    true => marginal.sample_evenly(100, seed),
                    false => marginal.sample(100, seed),
                };
                let kl = MarginalKl::of(&marginal, &draws.expect("finite"));
                kl.expect("finite").marginal.mean
            });
            let means: Vec<f64> = means.collect();
            Estimate::of(&means).standard_error.expect("many seeds")
        };
        // KLs of about 54 and 6 nats: ±24 over 100 draws is ±2.4; within one it is ±0.7 a draw.
        assert!(
            spread(true) < 0.1 * spread(false),
            "{} {}",
            spread(true),
            spread(false)
        );
    }

    /// Σ q (ln q − ln p) over a grid of the plane, with q the mean of the densities of all posteriors, against the draws
    /// of the score: of a flow each log q(z|x) is by inversion.
    #[test]
    fn a_flow_has_the_divergence_that_quadrature_over_the_plane_gives() {
        let split = |n: usize, seed: u64| {
            let mut x = crate::random::Seed::new(seed)
                .stream(0)
                .uniform(n * 8, 0.0, 0.4);
            for (at, x) in x.iter_mut().enumerate() {
                *x += f32::from(u8::from(at / 8 % 2 == at % 2)) * 0.5;
            }
            Split::new().with("x", Array::new(&[n, 8], x))
        };
        let meta = serde_json::json!({ "name": "stripes" });
        let data = Dataset::new(split(40, 1), split(4, 2), split(4, 3), meta);
        let vae = models::ALL.iter().find(|model| model.name() == "vae");
        let vae = vae.expect("it is registered");
        let given = [
            ("latent", Value::Int(2)),
            ("hidden", vec![Value::Int(8)].into()),
            ("posterior", "rnvp".into()),
            ("coupling_hidden", vec![Value::Int(8)].into()),
            ("coupling_features", Value::Int(4)),
            // So that q(z) stays apart from the prior.
            ("beta", Value::Float(0.1)),
            ("epochs", Value::Int(60)),
            ("batch", Value::Int(10)),
            ("lr", Value::Float(0.02)),
            ("device", "cpu".into()),
        ];
        let values = values(vae.params(), &given);
        let trained = vae.train(&data, &ExtraInputs::new(), &values, &Session::default());
        let model = models::open(&trained.expect("it trains").weights, DeviceChoice::Cpu);
        let model = model.expect("its own weights");
        let x = models::params::observations(&data, "train").expect("stripes");
        let few: Vec<usize> = (0..10).collect();
        let x = Rows::new(x.columns, x.gather(&few));
        let marginal = Marginal::of(&*model, &x).expect("an encoder");
        let draws = marginal.sample_evenly(8000, crate::random::Seed::new(1));
        let kl = MarginalKl::of(&marginal, &draws.expect("finite")).expect("finite");

        let posteriors = model.posteriors(&x).expect("an encoder");
        let (step, reach) = (0.1f32, 65);
        let nodes = || (-reach..=reach).map(|i| i as f32 * step);
        let z: Vec<f32> = nodes()
            .flat_map(|a| nodes().flat_map(move |b| [a, b]))
            .collect();
        let z = Rows::new(2, z);
        let mut q = vec![0.0; z.len()];
        for n in 0..x.len() {
            let logs = posteriors
                .log_density(&vec![n; z.len()], &z)
                .expect("a density");
            let each = q.iter_mut().zip(logs);
            each.for_each(|(q, log)| *q += log.exp() / x.len() as f64);
        }
        let cell = f64::from(step) * f64::from(step);
        let mass: f64 = q.iter().map(|q| cell * q).sum();
        assert!((mass - 1.0).abs() < 5e-3, "{mass}");
        let terms = q.iter().zip(log_priors(&z));
        let exact: f64 = terms
            .filter(|(q, _)| **q > 0.0)
            .map(|(q, log_p)| cell * q * (q.ln() - log_p))
            .sum();
        let error = kl.marginal.standard_error.expect("many draws");
        assert!(exact > 0.03 && error < 0.03, "{exact} {error}");
        let found = kl.marginal.mean;
        assert!(
            (found - exact).abs() < 4.0 * error + 5e-3,
            "{found} {exact} {error}"
        );
    }
}
