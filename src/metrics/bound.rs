//! The bound on −log p(x) at the refined variational parameters, as papers on text report it.

use std::collections::BTreeMap;

use super::Asked;
use super::Estimate;
use super::Metric;
use super::Scores;
use super::inferred;
use crate::data::Numbers;
use crate::data::SplitName;
use crate::models::DiagonalGaussians;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::semi_amortized::Observed;
use crate::models::semi_amortized::SemiAmortized;
use crate::random::Seed;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Param;
use crate::registry::params;

/// `evaluate/bound`
pub(super) struct Bound;

params! {
    /// What `evaluate/bound` may be given.
    struct BoundParams {
        /// which observations
        split: SplitName = SplitName::Test;
        /// draws of z per observation
        samples: usize = 1, min(1);
        /// which noise
        seed: Seed;
    }
}

impl Entry for Bound {
    fn name(&self) -> &'static str {
        "bound"
    }

    fn summary(&self) -> &'static str {
        "bound on the negative log-likelihood at λ_K, with its KL and perplexity"
    }

    fn docs(&self) -> &'static str {
        "```text\n\
         nll_bound = −E_q[log p(x|z)] + KL(q(z|x) || N(0, I)),   q at λ_K, the KL in closed form\n\
         perplexity = exp(Σ nll_bound / Σ predicted tokens)\n\
         ```\n\
         \n\
         λ is inferred as the model's training said for tests; a model without z has its exact NLL and\n\
         a KL of zero. All are means over the observations of a split, in nats; the perplexity divides\n\
         by all predicted tokens, `</s>` among them, or pixels. `kl_share` is the KL as a share of the\n\
         bound. Where the data know the true likelihood of their first test sequences, `true_nll` is its mean\n\
         over them, and `true_gap` by how much the bound lies above it, over the same.\n\
         \n\
         Source: Kim, Wiseman, Miller, Sontag and Rush 2018, arXiv 1802.02550, section 4; one draw of z\n\
         as there, no importance weights."
    }

    fn revision(&self) -> u32 {
        2
    }

    fn params(&self) -> Vec<Param> {
        BoundParams::params()
    }
}

impl Metric for Bound {
    fn measures(&self) -> &'static [Measure] {
        const MEASURES: &[Measure] = &[
            Measure::new("nll_bound", "bound on the NLL")
                .unit("nats")
                .down(),
            Measure::new("nll_bound_se", "standard error of the bound on the NLL").unit("nats"),
            Measure::new("reconstruction", "reconstruction")
                .unit("nats")
                .up(),
            Measure::new("kl", "E KL(q(z|x) || p(z))").unit("nats"),
            Measure::new("kl_share", "share of the KL in the bound"),
            Measure::new("perplexity", "perplexity").down(),
            Measure::new("predicted", "predicted tokens per observation"),
            Measure::new("true_nll", "true NLL").unit("nats"),
            Measure::new("true_gap", "bound above the true NLL")
                .unit("nats")
                .down(),
        ];
        MEASURES
    }

    fn needs(&self) -> &'static [Capability] {
        &[Capability::PosteriorRefinement]
    }

    fn score(&self, asked: &Asked<'_>) -> Result<Scores, ModelError> {
        let (model, data, monitor) = (asked.model, asked.data, asked.monitor);
        let params = BoundParams::read(asked.params)?;
        let model = inferred::refining(model)?;
        let seed = params.seed.derive("bound");
        let batches = model.batches(data, params.split.name())?;
        let mut sums = Sums::default();
        for (i, batch) in batches.iter().enumerate() {
            if monitor.cancelled() {
                return Err(ModelError::Cancelled);
            }
            let noise = inferred::noise_of(&seed, i);
            let posterior = match model.latent() {
                0 => None,
                _ => Some(inferred::last(model, batch, noise)?),
            };
            sums.add(model, batch, posterior.as_ref(), params.samples, noise)?;
            monitor.progress(i as u64 + 1, batches.len() as u64, &[]);
        }
        let bound = Estimate::of(&sums.bounds);
        let n = sums.bounds.len() as f64;
        let total: f64 = sums.bounds.iter().sum();
        let rows = batches.iter().flat_map(|batch| &batch.rows).copied();
        let by_row: BTreeMap<usize, f64> = rows.zip(sums.bounds.iter().copied()).collect();
        let (true_nll, true_gap) = match (params.split, data.generator.get("true_nll")) {
            (SplitName::Test, Some(known)) => beside_truth(&by_row, known.numbers()),
            _ => (f64::NAN, f64::NAN),
        };
        Ok(vec![
            bound.mean,
            bound.standard_error.unwrap_or(f64::NAN),
            sums.reconstruction / n,
            sums.kl / n,
            sums.kl / total,
            (total / sums.predicted as f64).exp(),
            sums.predicted as f64 / n,
            true_nll,
            true_gap,
        ]
        .into())
    }
}

/// The mean of the likelihoods that are known, of the first rows, and the bound's distance from it over these.
fn beside_truth(bounds: &BTreeMap<usize, f64>, known: &Numbers) -> (f64, f64) {
    let Numbers::F64(known) = known else {
        return (f64::NAN, f64::NAN);
    };
    let n = known.len() as f64;
    let pairs = known.iter().enumerate();
    let gaps = pairs.map(|(row, known)| bounds.get(&row).copied().unwrap_or(f64::NAN) - known);
    (known.iter().sum::<f64>() / n, gaps.sum::<f64>() / n)
}

/// Over the batches of a split.
#[derive(Debug, Default)]
pub struct Sums {
    /// Of each observation, in the order of the batches, in nats.
    pub bounds: Vec<f64>,
    pub reconstruction: f64,
    pub kl: f64,
    /// Tokens or pixels.
    pub predicted: usize,
}

impl Sums {
    /// Adds a batch with its posteriors; none for a model without z.
    ///
    /// # Errors
    /// Those of the model.
    pub fn add(
        &mut self,
        model: &dyn SemiAmortized,
        batch: &Observed,
        posteriors: Option<&DiagonalGaussians>,
        samples: usize,
        noise: Seed,
    ) -> Result<(), ModelError> {
        let n = batch.content.len();
        let (logs, kls) = match posteriors {
            None => {
                let none = Rows::new(0, Vec::new());
                (model.log_likelihood(&batch.content, &none)?, vec![0.0; n])
            }
            Some(posteriors) => {
                let mut logs = vec![0.0; n];
                let seed = noise.derive("draws");
                for draw in 0..samples {
                    let noise = seed.stream(draw as u64).normal(n * posteriors.dimension());
                    let z = inferred::draw(posteriors, &noise);
                    let found = model.log_likelihood(&batch.content, &z)?;
                    let sums = logs.iter_mut().zip(found);
                    sums.for_each(|(sum, log)| *sum += log / samples as f64);
                }
                (logs, posteriors.kls())
            }
        };
        let bounds = logs.iter().zip(&kls).map(|(log, kl)| kl - log);
        self.bounds.extend(bounds);
        self.reconstruction += logs.iter().sum::<f64>();
        self.kl += kls.iter().sum::<f64>();
        self.predicted += model.predicted(&batch.content).iter().sum::<usize>();
        Ok(())
    }
}
