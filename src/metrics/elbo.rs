//! The evidence lower bound on held-out data, with its two parts.

use super::Measure;
use super::Metric;
use super::Posteriors;
use crate::data::Dataset;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::params;
use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::Values;

/// `evaluate/elbo`
pub struct Elbo;

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
         average over `samples` draws, the KL is in closed form.\n\
         \n\
         Source: Kingma and Welling 2014, arXiv 1312.6114, equation 3."
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::choice("split", &["train", "valid", "test"], "which observations")
                .default("test"),
            Param::int("samples", "draws of z per observation")
                .min(1)
                .default(1),
            Param::seed("seed", "which noise"),
        ]
    }
}

impl Metric for Elbo {
    fn measures(&self) -> &'static [Measure] {
        const fn nats(name: &'static str, label: &'static str, up: Option<bool>) -> Measure {
            Measure {
                name,
                label,
                unit: "nats",
                higher_is_better: up,
            }
        }
        const MEASURES: &[Measure] = &[
            nats("elbo", "test ELBO", Some(true)),
            nats("reconstruction", "reconstruction", Some(true)),
            nats("kl", "E KL(q(z|x) || p(z))", None),
        ];
        MEASURES
    }

    fn score(
        &self,
        model: &dyn Fitted,
        data: &Dataset,
        values: &Values,
    ) -> Result<Vec<f64>, ModelError> {
        let x = params::observations(data, params::text(values, "split"))?;
        let encoded = model.encode(&x)?;
        let posteriors = Posteriors::from(encoded);
        let n = x.len();
        let everyone: Vec<usize> = (0..n).collect();
        let draws = params::size(values, "samples");
        let seed = params::seed(values).derive("elbo/noise");
        let mut reconstruction = 0.0;
        for draw in 0..draws {
            let noise = seed.stream(draw as u64).normal(n * posteriors.d);
            let z = Rows::new(posteriors.d, posteriors.sample(&everyone, &noise));
            reconstruction += model.log_likelihood(&x, &z)?.iter().sum::<f64>();
        }
        let reconstruction = reconstruction / (draws * n) as f64;
        let kl = posteriors.kl_to_prior().iter().sum::<f64>() / n as f64;
        Ok(vec![reconstruction - kl, reconstruction, kl])
    }
}
