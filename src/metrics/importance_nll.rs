//! −log p(x) by importance sampling from q(z|x) at λ_K.

use super::Asked;
use super::Estimate;
use super::Metric;
use super::Scores;
use super::importance_weighted::log_evidence;
use super::inferred;
use crate::data::SplitName;
use crate::models::ModelError;
use crate::models::Rows;
use crate::random::Seed;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Param;
use crate::registry::params;

/// `evaluate/importance-nll`
pub(super) struct ImportanceNll;

params! {
    /// What `evaluate/importance-nll` may be given.
    struct ImportanceNllParams {
        /// which observations
        split: SplitName = SplitName::Test;
        /// draws of z per observation
        samples: usize = 500, min(1);
        /// which noise
        seed: Seed;
    }
}

impl Entry for ImportanceNll {
    fn name(&self) -> &'static str {
        "importance-nll"
    }

    fn summary(&self) -> &'static str {
        "importance-weighted bound on the negative log-likelihood from q(z|x) at λ_K"
    }

    fn docs(&self) -> &'static str {
        "```text\n\
         nll_iw = −ln 1/S Σ_s p(x|z_s) p(z_s) / q(z_s|x),   z_s ~ q(z|x)\n\
         ```\n\
         \n\
         A bound on −log p(x) in the mean that is tighter the more samples S there are; a model without z has its\n\
         exact NLL. Averages over the observations of a split, in nats, and the perplexity of it. Draws\n\
         are added up one by one, so that S costs time and no memory.\n\
         \n\
         Source: Burda, Grosse and Salakhutdinov 2016, arXiv 1509.00519; with 500 samples as He et al.\n\
         2019, *Lagging inference networks*, arXiv 1901.05534."
    }

    fn params(&self) -> Vec<Param> {
        ImportanceNllParams::params()
    }
}

impl Metric for ImportanceNll {
    fn measures(&self) -> &'static [Measure] {
        const MEASURES: &[Measure] = &[
            Measure::new("nll_iw", "importance-weighted NLL")
                .unit("nats")
                .down(),
            Measure::new("nll_iw_se", "standard error of the importance-weighted NLL").unit("nats"),
            Measure::new("perplexity_iw", "importance-weighted perplexity").down(),
        ];
        MEASURES
    }

    fn needs(&self) -> &'static [Capability] {
        &[Capability::PosteriorRefinement]
    }

    fn score(&self, asked: &Asked<'_>) -> Result<Scores, ModelError> {
        let (model, data, monitor) = (asked.model, asked.data, asked.monitor);
        let params = ImportanceNllParams::read(asked.params)?;
        let model = inferred::refining(model)?;
        let seed = params.seed.derive("importance-nll");
        let batches = model.batches(data, params.split.name())?;
        let total = (batches.len() * params.samples) as u64;
        let mut nlls = Vec::new();
        let mut predicted = 0;
        for (i, batch) in batches.iter().enumerate() {
            let x = &batch.content;
            predicted += model.predicted(x).iter().sum::<usize>();
            let logs = match model.latent() {
                0 => model.log_likelihood(x, &Rows::new(0, Vec::new()))?,
                _ => {
                    let noise = inferred::noise_of(&seed, i);
                    let posteriors = inferred::last(model, batch, noise)?;
                    let mut likelihood = |z: &Rows| match monitor.cancelled() {
                        true => Err(ModelError::Cancelled),
                        false => model.log_likelihood(x, z),
                    };
                    let draws = noise.derive("draws");
                    let told = |done| {
                        monitor.progress((i * params.samples + done) as u64, total, &[]);
                    };
                    log_evidence(&posteriors, params.samples, draws, &mut likelihood, &told)?
                }
            };
            nlls.extend(logs.into_iter().map(|log| -log));
        }
        let nll = Estimate::of(&nlls);
        let sum: f64 = nlls.iter().sum();
        Ok(vec![
            nll.mean,
            nll.standard_error.unwrap_or(f64::NAN),
            (sum / predicted as f64).exp(),
        ]
        .into())
    }
}
