//! The importance-weighted bound of a fitted model with a mixture of Gaussians as proposal.

use super::Asked;
use super::Estimate;
use super::Metric;
use super::Scores;
use super::mixture_proposal::MixtureProposal;
use super::mixture_proposal::narrowest;
use super::mixture_proposal::temper;
use super::test_kl::first;
use super::test_kl::known_truth;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::Posterior;
use crate::models::Rows;
use crate::models::agreement::elbo_draws;
use crate::models::agreement::is_negative;
use crate::models::observation::LogVariances;
use crate::models::observation::normalise;
use crate::models::params;
use crate::models::quadrature::NODES;
use crate::models::quadrature::Quadrature;
use crate::random::Seed;
use crate::random::Stream;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Param;
use crate::registry::params;

/// `evaluate/iwae-bound`
pub(super) struct IwaeBound;

params! {
    /// What `evaluate/iwae-bound` may be given.
    struct IwaeBoundParams {
        /// how many of the test split [default: all where its true density is known, as
        /// `evaluate/test-kl` takes them, else 100]
        observations: Option<usize>, min(2);
        /// Gaussians in the mixture
        components: usize = 10, min(1);
        /// of fitting the mixture
        rounds: usize = 10, min(0);
        /// samples per round
        fit_samples: usize = 200, min(10);
        /// samples of the final bound
        samples: usize = 1000, min(10);
        /// which noise
        seed: Seed;
    }
}

impl Entry for IwaeBound {
    fn name(&self) -> &'static str {
        "iwae-bound"
    }

    fn summary(&self) -> &'static str {
        "divergence of the true density from a model's, by an importance-weighted bound"
    }

    fn docs(&self) -> &'static str {
        "```text\n\
         L = ln Σ_c π_c/S_c Σ_s p(x, z_cs) / q(z_cs|x),   z_cs ~ N(μ_c, σ_c²),   Σ S_c ≈ `samples`\n\
         ```\n\
         \n\
         The proposal q(z|x) is a mixture of `components` Gaussians and the prior, fitted for each\n\
         observation by `rounds` rounds of adaptive importance sampling, sampled by strata, with weights\n\
         tempered so that at least ten samples count; the model stays as it is. With several latent dimensions the posterior of the model's own encoder stays\n\
         in the mixture, with half of the samples. L is a lower bound of log p(x) in the mean, so\n\
         `iwae_kl`, the mean of log p_true(x) − L over the first `observations` of the test split, is\n\
         an upper one of the test KL. By default these are the observations of `evaluate/test-kl`, so that the two can be\n\
         compared. On the same observations `iwae_gap` is the quadrature's mean log p(x) less the mean\n\
         L, for one latent dimension, `iwae_gap_worst` the largest difference at one observation, and\n\
         `iwae_gain` the mean L less the ELBO of the model's encoder, from one draw of z each. Neither\n\
         gap nor gain is negative but by chance, and the run warns where one is by more than its error.\n\
         What does not exist has no value: `iwae_kl` without a known density, `iwae_gap` with more\n\
         latent dimensions, `iwae_gain` without a density q(z|x).\n\
         \n\
         Sources: Burda, Grosse and Salakhutdinov 2016, arXiv 1509.00519; Yacoby, Pan and Doshi-Velez\n\
         2024, arXiv 2403.08941, appendix D.1, where an encoder network gives the mixture; the fit is\n\
         Cappé et al. 2008, *Adaptive importance sampling in general mixture classes*; tempered weights:\n\
         Koblents and Míguez 2015, *A population Monte Carlo scheme with transformed weights*."
    }

    fn revision(&self) -> u32 {
        5
    }

    fn params(&self) -> Vec<Param> {
        IwaeBoundParams::params()
    }
}

/// Observations where nothing is compared with the truth: pictures cost much.
const FEW: usize = 100;

/// Samples that count in every round of the fit, by their effective number.
const EFFECTIVE: f64 = 10.0;

/// Rows that pass the decoder at once.
const CHUNK: usize = 5000;

impl Metric for IwaeBound {
    fn measures(&self) -> &'static [Measure] {
        const MEASURES: &[Measure] = &[
            Measure::new("iwae_kl", "test KL by the importance-weighted bound")
                .unit("nats")
                .down(),
            Measure::new("iwae_kl_se", "standard error of the test KL by the bound").unit("nats"),
            Measure::new("iwae_ll", "test importance-weighted bound")
                .unit("nats")
                .up(),
            Measure::new("iwae_gap", "quadrature less importance-weighted bound").unit("nats"),
            Measure::new("iwae_gap_se", "standard error of quadrature less bound").unit("nats"),
            Measure::new("iwae_gap_worst", "largest difference at one observation").unit("nats"),
            Measure::new("iwae_gain", "importance-weighted bound less ELBO").unit("nats"),
            Measure::new("iwae_gain_se", "standard error of bound less ELBO").unit("nats"),
        ];
        MEASURES
    }

    fn contradictions(&self, numbers: &[f64]) -> Vec<String> {
        let &[_, kl_se, _, gap, gap_se, _, gain, gain_se] = numbers else {
            return Vec::new();
        };
        let mut said = Vec::new();
        if is_negative(gap, gap_se) {
            said.push(format!(
                "the importance-weighted bound lies {:.4} ± {gap_se:.4} nats above the quadrature's \
                 log p(x), which it bounds: one of them is wrong",
                -gap
            ));
        }
        if gap > kl_se && is_negative(-gap, gap_se) {
            said.push(format!(
                "the importance-weighted bound lies {gap:.4} nats below the quadrature's log p(x), \
                 more than the standard error {kl_se:.4} of the test KL: give more `rounds` or \
                 `samples`"
            ));
        }
        if is_negative(gain, gain_se) {
            said.push(format!(
                "the importance-weighted bound lies {:.4} ± {gain_se:.4} nats below the ELBO of the \
                 encoder: the proposal misses what the encoder finds; give more `rounds`, \
                 `components` or `samples`",
                -gain
            ));
        }
        said
    }

    fn needs(&self) -> &'static [Capability] {
        &[Capability::Likelihood]
    }

    fn score(&self, asked: &Asked<'_>) -> Result<Scores, ModelError> {
        let (model, data) = (asked.model, asked.data);
        let params = IwaeBoundParams::read(asked.params)?;
        let truth = known_truth(data)?;
        let most = if truth.is_some() { usize::MAX } else { FEW };
        let count = params.observations.unwrap_or(most);
        let x = first(params::observations(data, "test")?, count);
        let seed = params.seed.derive("iwae-bound");
        let bounds = bounds(model, &x, &params, &mut seed.stream(0))?;
        let less = |a: &[f64], b: &[f64]| -> Estimate {
            Estimate::of(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>())
        };
        let numbers = |found: Option<Estimate>| match found {
            Some(found) => [found.mean, found.standard_error.unwrap_or(f64::NAN)],
            None => [f64::NAN; 2],
        };
        let [kl, kl_se] = numbers(truth.map(|truth| less(&truth, &bounds)));
        let exact = match model.latent() {
            1 => Some(Quadrature::new(model, NODES)?.log_density(&x)?),
            _ => None,
        };
        let worst = exact.as_ref().map_or(f64::NAN, |exact| {
            let gaps = exact.iter().zip(&bounds).map(|(e, b)| (e - b).abs());
            gaps.fold(0.0, f64::max)
        });
        let [gap, gap_se] = numbers(exact.map(|exact| less(&exact, &bounds)));
        let elbos = elbo_draws(model, &x, &mut seed.derive("elbo").stream(0))?;
        let [gain, gain_se] = numbers(elbos.map(|elbos| less(&bounds, &elbos)));
        let mean = bounds.iter().sum::<f64>() / bounds.len() as f64;
        Ok(vec![kl, kl_se, mean, gap, gap_se, worst, gain, gain_se].into())
    }
}

/// The bound of each row of `x`.
fn bounds(
    model: &dyn Fitted,
    x: &Rows,
    params: &IwaeBoundParams,
    stream: &mut Stream,
) -> Result<Vec<f64>, ModelError> {
    let components = params.components;
    let latent = model.latent();
    let mut proposals: Vec<MixtureProposal> = match encoded(model, x)? {
        None => (0..x.len())
            .map(|_| MixtureProposal::covering(components, latent, stream))
            .collect(),
        Some((mean, log_var)) => {
            let means = mean.values.chunks_exact(latent);
            let own = means.zip(log_var.values().chunks_exact(latent));
            own.map(|(mean, log_var)| MixtureProposal::around(mean, log_var, components, stream))
                .collect()
        }
    };
    for round in 0..params.rounds {
        let samples = params.fit_samples;
        each(
            model,
            x,
            &mut proposals,
            samples,
            stream,
            |proposal, z, terms| {
                temper(terms, EFFECTIVE);
                normalise(terms);
                proposal.improve(z, terms, narrowest(round));
            },
        )?;
    }
    let mut bounds = Vec::with_capacity(x.len());
    let samples = params.samples;
    each(model, x, &mut proposals, samples, stream, |_, _, terms| {
        bounds.push(normalise(terms));
    })?;
    Ok(bounds)
}

/// The encoder's posteriors, where there are several latent dimensions and an encoder gives a
/// density.
fn encoded(model: &dyn Fitted, x: &Rows) -> Result<Option<(Rows, LogVariances)>, ModelError> {
    if model.latent() == 1 {
        return Ok(None);
    }
    match model.encode(x) {
        Ok(Posterior::Gaussians(gaussians)) => Ok(Some(gaussians.into_moments())),
        Ok(Posterior::Points(_) | Posterior::Flow(_)) => Ok(None),
        Err(ModelError::Unsupported(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Samples every proposal and hands on its samples with the terms of its bound, in order.
fn each(
    model: &dyn Fitted,
    x: &Rows,
    proposals: &mut [MixtureProposal],
    samples: usize,
    stream: &mut Stream,
    mut use_terms: impl FnMut(&mut MixtureProposal, &[f32], &mut [f64]),
) -> Result<(), ModelError> {
    let latent = model.latent();
    let together = (CHUNK / samples).max(1);
    for (part, proposals) in proposals.chunks_mut(together).enumerate() {
        let mut repeated = Vec::new();
        let mut z = Vec::new();
        let mut terms = Vec::new();
        let mut counts = Vec::with_capacity(proposals.len());
        for (row, proposal) in proposals.iter().enumerate() {
            let drawn = proposal.draw(samples, stream);
            let at = part * together + row;
            let own = &x.values[at * x.columns..][..x.columns];
            for _ in &drawn.log_weights {
                repeated.extend_from_slice(own);
            }
            counts.push(drawn.log_weights.len());
            z.extend(drawn.z);
            terms.extend(drawn.log_weights);
        }
        let repeated = Rows::new(x.columns, repeated);
        let z = Rows::new(latent, z);
        for (term, log) in terms.iter_mut().zip(model.log_likelihood(&repeated, &z)?) {
            *term += log;
        }
        let mut start = 0;
        for (proposal, count) in proposals.iter_mut().zip(counts) {
            let z = &z.values[start * latent..][..count * latent];
            use_terms(proposal, z, &mut terms[start..][..count]);
            start += count;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Posterior;
    use crate::models::observation::Decoded;
    use crate::models::observation::ObservationModel;
    use crate::random::Seed;
    use crate::registry::Values;

    /// x = |z| + 0.05 ε: two separate modes for every x.
    struct Fold;

    impl Fitted for Fold {
        fn shape(&self) -> &[usize] {
            &[1]
        }

        fn latent(&self) -> usize {
            1
        }

        fn encode(&self, _x: &Rows) -> Result<Posterior, ModelError> {
            Err(ModelError::Unsupported("it has no encoder".to_owned()))
        }

        fn decode(&self, z: &Rows) -> Result<Decoded, ModelError> {
            let folded = z.values.iter().map(|z| z.abs()).collect();
            Ok(Decoded::new(
                ObservationModel::Gaussian { sigma: 0.05 },
                Rows::new(1, folded),
            ))
        }
    }

    /// A missing mode would cost ln 2; 1,000 samples of a mixture that fits leave an error near 0.01.
    #[test]
    fn the_bound_meets_the_quadrature_where_the_posterior_has_two_modes() {
        let params = IwaeBoundParams::read(&Values::new()).expect("all have defaults");
        let x = Rows::new(1, vec![0.02, 0.4, 1.0, 2.2]);
        let mut stream = Seed::new(1).stream(0);
        let found = bounds(&Fold, &x, &params, &mut stream).expect("the model answers");
        let exact = Quadrature::new(&Fold, NODES).expect("one latent dimension");
        for (found, exact) in found.iter().zip(exact.log_density(&x).expect("any number")) {
            assert!((found - exact).abs() < 0.05, "{found} {exact}");
        }
    }
}
