//! How far a fitted density is from the one that made the data.

use super::Estimate;
use super::Measure;
use super::Metric;
use crate::data::Array;
use crate::data::Dataset;
use crate::data::Numbers;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::params;
use crate::models::quadrature::NODES;
use crate::models::quadrature::Quadrature;
use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::Values;

/// `evaluate/test-kl`
pub struct TestKl;

impl Entry for TestKl {
    fn name(&self) -> &'static str {
        "test-kl"
    }

    fn summary(&self) -> &'static str {
        "divergence of the true density from a model's, by quadrature over z"
    }

    fn docs(&self) -> &'static str {
        "```text\n\
         KL(p_true || p_model) = E_{x ~ p_true}[log p_true(x) − log p_model(x)]\n\
         ```\n\
         \n\
         The mean over the test split, in nats per observation. log p_true is the `log_density` that\n\
         the data set keeps; log p_model is a quadrature over the model's one latent dimension with\n\
         `nodes` points on [−8, 8], which needs no encoder. `test_kl_se` is the standard error of the\n\
         mean over observations. A sample mean can fall below zero, the divergence cannot.\n\
         \n\
         `quadrature_error` is how much the mean of log p_model changes when every second node is left\n\
         out: where it is not small, the decoder is too steep for so few nodes.\n\
         \n\
         Source: Yacoby, Pan and Doshi-Velez 2024, arXiv 2403.08941, section 6.1 and appendix D.1."
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::int("nodes", "points of the quadrature")
                .min(101)
                .default(NODES as i64),
        ]
    }
}

impl Metric for TestKl {
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
            nats("test_kl", "test KL(p_true || p_model)", Some(false)),
            nats("test_kl_se", "standard error of the test KL", None),
            nats("ll", "test log-likelihood", Some(true)),
            nats("quadrature_error", "change with half the nodes", None),
        ];
        MEASURES
    }

    fn score(
        &self,
        model: &dyn Fitted,
        data: &Dataset,
        values: &Values,
    ) -> Result<Vec<f64>, ModelError> {
        let x = params::observations(data, "test")?;
        let truth = truth(data)?;
        let nodes = params::size(values, "nodes");
        let logs = Quadrature::new(model, nodes)?.log_density(&x);
        // Odd counts keep both ends and the middle when halved.
        let coarse = Quadrature::new(model, nodes.div_ceil(2))?.log_density(&x);
        let gaps: Vec<f64> = truth.iter().zip(&logs).map(|(t, m)| t - m).collect();
        let kl = Estimate::of(&gaps);
        let mean = |logs: &[f64]| logs.iter().sum::<f64>() / logs.len() as f64;
        Ok(vec![
            kl.mean,
            kl.standard_error.unwrap_or(f64::NAN),
            mean(&logs),
            (mean(&logs) - mean(&coarse)).abs(),
        ])
    }
}

/// log p(x) of the test split under the density that made it.
pub fn truth(data: &Dataset) -> Result<Vec<f64>, ModelError> {
    match data.test.get("log_density").map(Array::numbers) {
        Some(Numbers::F64(values)) => Ok(values.clone()),
        Some(Numbers::F32(values)) => Ok(values.iter().map(|v| f64::from(*v)).collect()),
        _ => Err(ModelError::Data(format!(
            "`{}` does not know its true density: it has no `log_density` in `test`",
            data.name()
        ))),
    }
}
