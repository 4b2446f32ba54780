//! How far a fitted density is from the one that made the data.

use super::Asked;
use super::Estimate;
use super::Metric;
use super::Scores;
use crate::data::Array;
use crate::data::Dataset;
use crate::data::Numbers;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::agreement::elbo_draws;
use crate::models::agreement::is_negative;
use crate::models::params;
use crate::models::quadrature::NODES;
use crate::models::quadrature::Quadrature;
use crate::random::Seed;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Facts;
use crate::registry::Measure;
use crate::registry::Misfit;
use crate::registry::Param;
use crate::registry::Property;
use crate::registry::Values;
use crate::registry::params;

/// `evaluate/test-kl`
pub(super) struct TestKl;

params! {
    /// What `evaluate/test-kl` may be given.
    struct TestKlParams {
        /// points of the quadrature
        nodes: usize = NODES as i64, min(101);
        /// how many of the test split [default: all]
        observations: Option<usize>, min(2);
    }
}

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
         The mean over the first `observations` of the test split, in nats. log p_true is the\n\
         `log_density` that the data set keeps; log p_model is a quadrature over the model's one latent\n\
         dimension with `nodes` points on [−8, 8], which needs no encoder. `test_kl_se` is the standard\n\
         error of the mean over observations. A sample mean can fall below zero, the divergence cannot.\n\
         \n\
         `quadrature_error` is how much the mean of log p_model changes when every second node is left\n\
         out: where it is not small, the decoder is too steep for so few nodes. `elbo_gap` is the mean of\n\
         log p_model less the ELBO, from one draw of z per observation: it is not negative. It has no\n\
         value where the encoder gives no density q(z|x). The run warns where these contradict.\n\
         \n\
         Source: Yacoby, Pan and Doshi-Velez 2024, arXiv 2403.08941, section 6.1 and appendix D.1."
    }

    fn revision(&self) -> u32 {
        3
    }

    fn params(&self) -> Vec<Param> {
        TestKlParams::params()
    }
}

impl Metric for TestKl {
    fn measures(&self) -> &'static [Measure] {
        const MEASURES: &[Measure] = &[
            Measure::new("test_kl", "test KL(p_true || p_model)")
                .unit("nats")
                .down(),
            Measure::new("test_kl_se", "standard error of the test KL").unit("nats"),
            Measure::new("ll", "test log-likelihood").unit("nats").up(),
            Measure::new(
                "quadrature_error",
                "change of the log-likelihood with half the nodes",
            )
            .unit("nats"),
            Measure::new("elbo_gap", "test log-likelihood less ELBO").unit("nats"),
            Measure::new("elbo_gap_se", "standard error of log-likelihood less ELBO").unit("nats"),
        ];
        MEASURES
    }

    fn contradictions(&self, numbers: &[f64]) -> Vec<String> {
        let &[kl, se, _, quadrature_error, gap, gap_se] = numbers else {
            return Vec::new();
        };
        let mut said = Vec::new();
        if is_negative(kl, se) {
            said.push(format!(
                "`test_kl` = {kl:.4} ± {se:.4} nats lies below 0, which no divergence does: \
                 `log_density` is not that of these observations, or p_model is no density"
            ));
        }
        if quadrature_error > se {
            said.push(format!(
                "half the nodes change the log-likelihood by {quadrature_error:.4} nats, more than \
                 the standard error {se:.4} of `test_kl`: the decoder is steep, give more `nodes`"
            ));
        }
        if is_negative(gap, gap_se) {
            said.push(format!(
                "the ELBO lies {:.4} ± {gap_se:.4} nats above the log-likelihood `ll`, which it \
                 bounds: one of them is wrong",
                -gap
            ));
        }
        said
    }

    fn needs(&self) -> &'static [Capability] {
        &[Capability::Likelihood]
    }

    fn needs_of_data(&self) -> &'static [Property] {
        &[Property::LogDensity]
    }

    fn foresee(&self, _params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<(), Misfit> {
        reads("model").has_latents(1, "the quadrature over z")
    }

    fn score(&self, asked: &Asked<'_>) -> Result<Scores, ModelError> {
        let (model, data) = (asked.model, asked.data);
        let params = TestKlParams::read(asked.params)?;
        let count = params.observations.unwrap_or(usize::MAX);
        let x = first(params::observations(data, "test")?, count);
        let truth = truth(data)?;
        let nodes = params.nodes;
        let logs = Quadrature::new(model, nodes)?.log_density(&x)?;
        // Odd counts keep both ends and the middle when halved.
        let coarse = Quadrature::new(model, nodes.div_ceil(2))?.log_density(&x)?;
        let less =
            |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
        let kl = Estimate::of(&less(&truth, &logs));
        let mean = |logs: &[f64]| logs.iter().sum::<f64>() / logs.len() as f64;
        let mut stream = Seed::new(0).derive("test-kl/elbo").stream(0);
        let elbos = elbo_draws(model, &x, &mut stream)?;
        let gap = elbos.map(|elbos| Estimate::of(&less(&logs, &elbos)));
        Ok(vec![
            kl.mean,
            kl.standard_error.unwrap_or(f64::NAN),
            mean(&logs),
            (mean(&logs) - mean(&coarse)).abs(),
            gap.map_or(f64::NAN, |gap| gap.mean),
            gap.and_then(|gap| gap.standard_error).unwrap_or(f64::NAN),
        ]
        .into())
    }
}

/// The first rows: as many as `observations` says, or else this many.
pub(super) fn first(x: Rows, count: usize) -> Rows {
    let rows: Vec<usize> = (0..count.min(x.len())).collect();
    Rows::new(x.columns, x.gather(&rows))
}

/// [`truth`] of data that know it; none of others.
pub(super) fn known_truth(data: &Dataset) -> Result<Option<Vec<f64>>, ModelError> {
    match data.test.get("log_density") {
        Some(_) => truth(data).map(Some),
        None => Ok(None),
    }
}

/// log p(x) of the test split under the density that made it.
pub(super) fn truth(data: &Dataset) -> Result<Vec<f64>, ModelError> {
    let values: Vec<f64> = match data.test.get("log_density").map(Array::numbers) {
        Some(Numbers::F64(values)) => values.clone(),
        Some(Numbers::F32(values)) => values.iter().map(|v| f64::from(*v)).collect(),
        _ => {
            return Err(ModelError::Data(format!(
                "`{}` does not know its true density: it has no `log_density` in `test`",
                data.name()
            )));
        }
    };
    let finite = values.iter().all(|value| value.is_finite());
    match finite && values.len() == data.test.len() {
        true => Ok(values),
        false => Err(ModelError::Data(format!(
            "`log_density` in `test` of `{}` is not one finite number per observation",
            data.name()
        ))),
    }
}
