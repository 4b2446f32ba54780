//! `evaluate/density-ratio-kl`

use serde_json::json;

use super::RatioParams;
use super::RatioTraining;
use crate::metrics::Asked;
use crate::metrics::Metric;
use crate::metrics::Scores;
use crate::metrics::held_out::HeldOut;
use crate::metrics::held_out::learned;
use crate::metrics::marginal::Observations;
use crate::models::ModelError;
use crate::models::Rows;
use crate::nn::Cpu;
use crate::random::Seed;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Param;
use crate::registry::params;

/// `evaluate/density-ratio-kl`
pub struct DensityRatioKl;

params! {
    /// What `evaluate/density-ratio-kl` may be given.
    struct DensityRatioKlParams {
        ratio: RatioParams;
        /// whose posteriors make up q(z)
        observations: Observations = Observations::TrainAndValid;
        /// draws of z that the classifier does not learn from
        samples: usize = 10_000, min(2);
        /// which initialisation and draws
        seed: Seed;
    }
}

impl Entry for DensityRatioKl {
    fn name(&self) -> &'static str {
        "density-ratio-kl"
    }

    fn summary(&self) -> &'static str {
        "KL(q(z) || p(z)) by a classifier between the two, beside its Monte Carlo estimate"
    }

    fn docs(&self) -> &'static str {
        "Trains a classifier (affine layers, leaky ReLU of slope 0.2, one logit a) with draws of\n\
         q(z) as one class and of p(z) = N(0, I) as the other, both new for every update; a then\n\
         estimates ln q(z)/p(z), and\n\
         \n\
         ```text\n\
         ratio_kl = E_q a(z)\n\
         ```\n\
         \n\
         over `samples` draws that it never learnt from. On the same draws `marginal_kl` is computed by\n\
         Monte Carlo with all N posteriors, and `ratio_error` is the difference. The penalty is that of\n\
         WGAN-GP, between draws of q and of p; noise and dropout act on the hidden layers in training alone. The\n\
         curve has both estimates over the training.\n\
         \n\
         Source: Rosca, Lakshminarayanan and Mohamed 2018, arXiv 1802.06847, Algorithm 3 and appendix E.2;\n\
         width and number of updates are lost."
    }

    fn params(&self) -> Vec<Param> {
        DensityRatioKlParams::params()
    }
}

impl Metric for DensityRatioKl {
    fn measures(&self) -> &'static [Measure] {
        const MEASURES: &[Measure] = &[
            Measure::new("ratio_kl", "KL by density ratio").unit("nats"),
            Measure::new("ratio_kl_se", "standard error of the density-ratio KL").unit("nats"),
            Measure::new("ratio_error", "error of the density-ratio KL").unit("nats"),
            Measure::new("marginal_kl", "KL(q(z) || p(z))")
                .unit("nats")
                .down(),
            Measure::new("marginal_kl_se", "standard error of KL(q(z) || p(z))").unit("nats"),
        ];
        MEASURES
    }

    fn needs(&self) -> &'static [Capability] {
        &[Capability::PosteriorSamples, Capability::PosteriorDensity]
    }

    fn has_curve(&self) -> bool {
        true
    }

    fn score(&self, asked: &Asked<'_>) -> Result<Scores, ModelError> {
        let (model, data, monitor) = (asked.model, asked.data, asked.monitor);
        let params = DensityRatioKlParams::read(asked.params)?;
        let seed = params.seed.derive("density-ratio-kl");
        let q = HeldOut::of(model, data, params.observations, params.samples, seed)?;
        let exact = q.exact.marginal;
        let (n, d) = (params.ratio.batch, q.marginal.dimension());
        let pairs = |update: u64| {
            let p = seed.derive("p").stream(update).normal(n * d);
            Ok((q.batch(update, n)?, Rows::new(d, p)))
        };
        let mut training = RatioTraining::new(
            &Cpu::default(),
            &params.ratio,
            seed,
            Box::new(pairs),
            q.draws.z.clone(),
            ("marginal_kl", exact.mean),
        );
        let config = json!({ "classifier": format!("{:?}", params.ratio), "dimension": d });
        let curve = learned("classifier", &config, &mut training, monitor)?;
        let ratio = training.estimate();
        let numbers = vec![
            ratio.mean,
            ratio.standard_error.unwrap_or(f64::NAN),
            ratio.mean - exact.mean,
            exact.mean,
            exact.standard_error.unwrap_or(f64::NAN),
        ];
        Ok(Scores {
            numbers,
            curve: Some(curve),
        })
    }
}
