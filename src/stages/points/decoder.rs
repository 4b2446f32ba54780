//! `sample/decoder`: the decoder of a fitted model along its one latent variable.

use crate::registry::Capability;
use crate::registry::Facts;
use crate::registry::Misfit;
use crate::registry::Values;
use crate::registry::params;
use crate::stages::capabilities;
use serde_json::json;
use statrs::distribution::ContinuousCDF;
use statrs::distribution::Normal;

use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::models::Rows;
use crate::nn::device::DeviceChoice;
use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::stages::Stage;
use crate::stages::artifacts;
use crate::stages::fitted;
use crate::stages::fitted::Halt;
use crate::table::Table;

/// `sample/decoder`
pub(crate) struct DecoderPoints;

params! {
    /// What `sample/decoder` may be given.
    struct DecoderParams {
        /// how many points
        count: usize = 400, min(2);
        /// the value of the column `what`
        label: String = "decoder";
    }
}

impl Entry for DecoderPoints {
    fn name(&self) -> &'static str {
        "sample/decoder"
    }

    fn summary(&self) -> &'static str {
        "the decoder of a model along its one latent variable, as points"
    }

    fn docs(&self) -> &'static str {
        "Leaves a table with a row per point: `z` runs through `count` quantiles of the prior N(0, 1)\n\
         at equal steps of probability, `what` is `label`, `x1`, `x2`, … are the mean of p(x|z)."
    }

    fn revision(&self) -> u32 {
        2
    }

    fn params(&self) -> Vec<Param> {
        DecoderParams::params()
    }
}

impl StageKind for DecoderPoints {
    fn measures(&self) -> Vec<Measure> {
        vec![Measure::new("z", "z")]
    }

    fn inputs(&self) -> Vec<Slot> {
        vec![Slot::new("model", &[ArtifactType::Model], "the fitted model").single()]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[("points", ArtifactType::Table)])
    }

    fn foresee(&self, _params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<Facts, Misfit> {
        capabilities::check(&[Capability::Decoder], reads)?;
        reads("model").has_latents(1, "a curve")?;
        Ok(Facts::default())
    }

    fn uses_numerics(&self) -> bool {
        true
    }
}

impl Stage for DecoderPoints {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = DecoderParams::read(&job.step.params)?;
        let none = || produced(&super::table(&["what"], &["z".to_owned()]));
        fitted::unless_diverged(none, || points(job, params))
    }
}

fn produced(table: &Table) -> StepOutput {
    let mut produced = StepOutput::default();
    produced.file("points", artifacts::TABLE, table.to_json());
    produced
}

fn points(job: &Job<'_>, params: DecoderParams) -> Result<StepOutput, Halt> {
    let model = fitted::open(job, DeviceChoice::Cpu)?;
    if model.latent() != 1 {
        return Err(JobError::failed(format!(
            "the model has {} latent dimensions; a curve has one",
            model.latent()
        ))
        .into());
    }
    let DecoderParams { count, label } = params;
    let normal = Normal::standard();
    let quantile = |i: usize| normal.inverse_cdf((i as f64 + 0.5) / count as f64) as f32;
    let z = Rows::new(1, (0..count).map(quantile).collect());
    let means = model.means(&z)?.into_rows();
    let mut columns = vec!["z".to_owned()];
    columns.extend(super::dimensions(means.columns));
    let mut table = super::table(&["what"], &columns);
    let rows = means.values.chunks_exact(means.columns);
    for (z, x) in z.values.iter().zip(rows) {
        let mut entries = vec![json!(label), json!(f64::from(*z))];
        entries.extend(super::numbers(x));
        table.rows.push(entries);
    }
    Ok(produced(&table))
}
