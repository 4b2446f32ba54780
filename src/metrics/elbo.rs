//! The evidence lower bound on held-out data, with its two parts.

use super::Asked;
use super::Estimate;
use super::Marginal;
use super::Metric;
use super::Scores;
use crate::data::SplitName;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::params;
use crate::models::posteriors::log_priors;
use crate::random::Seed;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Param;
use crate::registry::params;

/// `evaluate/elbo`
pub(super) struct Elbo;

params! {
    /// What `evaluate/elbo` may be given.
    struct ElboParams {
        /// which observations
        split: SplitName = SplitName::Test;
        /// draws of z per observation
        samples: usize = 1, min(1);
        /// which noise
        seed: Seed;
    }
}

impl Entry for Elbo {
    fn name(&self) -> &'static str {
        "elbo"
    }

    fn summary(&self) -> &'static str {
        "evidence lower bound with its reconstruction and KL parts"
    }

    fn docs(&self) -> &'static str {
        "```text\n\
         elbo = reconstruction − kl\n\
         reconstruction = E_q(z|x)[log p(x|z)]\n\
         kl = KL(q(z|x) || N(0, I))\n\
         ```\n\
         \n\
         Averages over the observations of a split, in nats. The expectation over q(z|x) is an\n\
         average over `samples` draws; the KL is in closed form for Gaussians, else over the same draws. `elbo_se` is the standard error over the\n\
         observations.\n\
         \n\
         Source: Kingma and Welling 2014, arXiv 1312.6114, equation 3."
    }

    fn revision(&self) -> u32 {
        4
    }

    fn params(&self) -> Vec<Param> {
        ElboParams::params()
    }
}

impl Metric for Elbo {
    fn measures(&self) -> &'static [Measure] {
        const MEASURES: &[Measure] = &[
            Measure::new("elbo", "ELBO").unit("nats").up(),
            Measure::new("elbo_se", "standard error of the ELBO").unit("nats"),
            Measure::new("reconstruction", "reconstruction")
                .unit("nats")
                .up(),
            Measure::new("kl", "E KL(q(z|x) || p(z))").unit("nats"),
        ];
        MEASURES
    }

    fn needs(&self) -> &'static [Capability] {
        &[
            Capability::Likelihood,
            Capability::PosteriorSamples,
            Capability::PosteriorDensity,
        ]
    }

    fn score(&self, asked: &Asked<'_>) -> Result<Scores, ModelError> {
        let (model, data) = (asked.model, asked.data);
        let params = ElboParams::read(asked.params)?;
        let x = params::observations(data, params.split.name())?;
        let n = x.len() as f64;
        let seed = params.seed.derive("elbo/noise");
        let Bounds {
            reconstructions,
            kls,
        } = Bounds::of(model, &x, params.samples, seed)?;
        let elbos = reconstructions.iter().zip(&kls).map(|(r, kl)| r - kl);
        let elbo = Estimate::of(&elbos.collect::<Vec<_>>());
        Ok(vec![
            elbo.mean,
            elbo.standard_error.unwrap_or(f64::NAN),
            reconstructions.iter().sum::<f64>() / n,
            kls.iter().sum::<f64>() / n,
        ]
        .into())
    }
}

/// The two parts of the bound of each observation, in nats.
pub struct Bounds {
    /// E_q(z|x) log p(x|z)
    pub reconstructions: Vec<f64>,
    /// KL(q(z|x) || p(z)): in closed form where there is one, else over the same draws.
    pub kls: Vec<f64>,
}

impl Bounds {
    /// From `draws` draws of every q(z|x).
    ///
    /// # Errors
    /// What the model says.
    pub fn of(model: &dyn Fitted, x: &Rows, draws: usize, seed: Seed) -> Result<Self, ModelError> {
        let posteriors = Marginal::of(model, x)?;
        let everyone: Vec<usize> = (0..x.len()).collect();
        let mut reconstructions = vec![0.0; x.len()];
        let mut sampled = vec![0.0; x.len()];
        for draw in 0..draws {
            let noise = seed.derive(&draw.to_string());
            let drawn = posteriors.draw(&everyone, noise)?;
            let logs = model.log_likelihood(x, &drawn.z)?;
            let log_ratio = drawn.log_density.iter().zip(log_priors(&drawn.z));
            for (i, (log, (q, p))) in logs.iter().zip(log_ratio).enumerate() {
                reconstructions[i] += log / draws as f64;
                sampled[i] += (q - p) / draws as f64;
            }
        }
        Ok(Bounds {
            reconstructions,
            kls: posteriors.kl_to_prior()?.unwrap_or(sampled),
        })
    }
}
