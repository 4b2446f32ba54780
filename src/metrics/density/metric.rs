//! `evaluate/density-model-kl`

use serde_json::json;

use super::DensityParams;
use super::DensityTraining;
use crate::metrics::Asked;
use crate::metrics::Estimate;
use crate::metrics::Metric;
use crate::metrics::Scores;
use crate::metrics::held_out::HeldOut;
use crate::metrics::held_out::learned;
use crate::metrics::marginal::Observations;
use crate::models::ModelError;
use crate::models::agreement::is_negative;
use crate::nn::Cpu;
use crate::random::Seed;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Param;
use crate::registry::params;

/// `evaluate/density-model-kl`
pub struct DensityModelKl;

params! {
    /// What `evaluate/density-model-kl` may be given.
    struct DensityModelKlParams {
        model: DensityParams;
        /// whose posteriors make up q(z)
        observations: Observations = Observations::TrainAndValid;
        /// draws of z that the density is not fitted to
        samples: usize = 10_000, min(2);
        /// which initialisation and draws
        seed: Seed;
    }
}

/// Draws among which k-means looks for groups.
const START: usize = 5000;

impl Entry for DensityModelKl {
    fn name(&self) -> &'static str {
        "density-model-kl"
    }

    fn summary(&self) -> &'static str {
        "lower bound on KL(q(z) || p(z)) by a density fitted to q(z), beside its Monte Carlo estimate"
    }

    fn docs(&self) -> &'static str {
        "Fits a density p_ψ to draws of q(z), new ones for every update, by maximum likelihood with Adam.\n\
         Over `samples` draws that it was not fitted to,\n\
         \n\
         ```text\n\
         density_kl  = E_q [log p_ψ(z) − log p(z)]\n\
         density_gap = E_q [log q(z) − log p_ψ(z)] = KL(q(z) || p_ψ(z)) ≥ 0\n\
         ```\n\
         \n\
         so that `density_kl` + `density_gap` = `marginal_kl`, the Monte Carlo estimate with all N\n\
         posteriors on the same draws. The curve has E_q log p_ψ over the training beside the bound E_q log q.\n\
         \n\
         | `density` | |\n\
         | --- | --- |\n\
         | `gmm` | Σ_k π_k N(μ_k, diag σ_k²), from k-means |\n\
         | `maf` | masked autoregressive flow (Papamakarios et al. 2017), the order reversed from block to block |\n\
         | `lstm` | Π_i N(z_i; μ_i(h_i), σ_i²(h_i)), h_i = LSTM(h_{i−1}, z_{i−1}) |\n\
         \n\
         Source: Rosca, Lakshminarayanan and Mohamed 2018, arXiv 1802.06847, Algorithm 4 and appendix E.3;\n\
         sizes are lost."
    }

    fn params(&self) -> Vec<Param> {
        DensityModelKlParams::params()
    }
}

impl Metric for DensityModelKl {
    fn measures(&self) -> &'static [Measure] {
        const MEASURES: &[Measure] = &[
            Measure::new("density_kl", "KL(q(z) || p(z)) by density model").unit("nats"),
            Measure::new("density_kl_se", "standard error of the density-model KL").unit("nats"),
            Measure::new("density_gap", "KL(q(z) || p_ψ(z))")
                .unit("nats")
                .down(),
            Measure::new("density_gap_se", "standard error of KL(q(z) || p_ψ(z))").unit("nats"),
            Measure::new("log_density", "E_q log p_ψ(z)")
                .unit("nats")
                .up(),
            Measure::new("log_marginal", "E_q log q(z)").unit("nats"),
            Measure::new("marginal_kl", "KL(q(z) || p(z))")
                .unit("nats")
                .down(),
        ];
        MEASURES
    }

    fn contradictions(&self, numbers: &[f64]) -> Vec<String> {
        let &[_, _, gap, error, ..] = numbers else {
            return Vec::new();
        };
        let said = is_negative(gap, error).then(|| {
            format!(
                "`density_gap` = {gap:.4} ± {error:.4} nats lies below 0: no density is above q(z) \
                 in E_q log"
            )
        });
        said.into_iter().collect()
    }

    fn needs(&self) -> &'static [Capability] {
        &[Capability::PosteriorSamples, Capability::PosteriorDensity]
    }

    fn has_curve(&self) -> bool {
        true
    }

    fn score(&self, asked: &Asked<'_>) -> Result<Scores, ModelError> {
        let (model, data, monitor) = (asked.model, asked.data, asked.monitor);
        let params = DensityModelKlParams::read(asked.params)?;
        let seed = params.seed.derive("density-model-kl");
        let q = HeldOut::of(model, data, params.observations, params.samples, seed)?;
        let log_marginal = Estimate::of(&q.exact.log_q).mean;
        let start = q.marginal.sample(START, seed.derive("start"))?.z;
        let mut training = DensityTraining::new(
            &Cpu::default(),
            &params.model,
            seed,
            &start,
            Box::new(|update| q.batch(update, params.model.batch)),
            (q.draws.z.clone(), log_marginal),
        );
        let dimension = q.marginal.dimension();
        let config = json!({ "density": format!("{:?}", params.model), "dimension": dimension });
        let curve = learned("density", &config, &mut training, monitor)?;
        let logs = training.log_densities();
        let mean_of = |a: &[f64], b: &[f64]| {
            let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
            Estimate::of(&differences)
        };
        let kl = mean_of(&logs, &q.exact.log_p);
        let gap = mean_of(&q.exact.log_q, &logs);
        let numbers = vec![
            kl.mean,
            kl.standard_error.unwrap_or(f64::NAN),
            gap.mean,
            gap.standard_error.unwrap_or(f64::NAN),
            Estimate::of(&logs).mean,
            log_marginal,
            q.exact.marginal.mean,
        ];
        Ok(Scores {
            numbers,
            curve: Some(curve),
        })
    }
}
