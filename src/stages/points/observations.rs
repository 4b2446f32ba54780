//! `sample/observations`: a data set as points, with what the decoder that made it says.

use serde_json::json;

use crate::data::Array;
use crate::data::SplitName;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::models::params;
use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::params;
use crate::stages::Stage;
use crate::stages::artifacts;

/// `sample/observations`
pub(crate) struct ObservationPoints;

params! {
    /// What `sample/observations` may be given.
    struct ObservationParams {
        /// where they come from
        split: SplitName = SplitName::Train;
        /// how many observations
        count: usize = 500, min(1);
    }
}

impl Entry for ObservationPoints {
    fn name(&self) -> &'static str {
        "sample/observations"
    }

    fn summary(&self) -> &'static str {
        "observations of a data set as points, with their means before noise"
    }

    fn docs(&self) -> &'static str {
        "Leaves a table with a row per point: `what` is `data` for an observation and `truth` for\n\
         its mean before noise f(z), where the data set keeps it; `x1`, `x2`, … are its coordinates\n\
         and `z` the latent variable that made it. The latter lie along the curve of the true decoder."
    }

    fn params(&self) -> Vec<Param> {
        ObservationParams::params()
    }
}

impl StageKind for ObservationPoints {
    fn measures(&self) -> Vec<Measure> {
        vec![Measure::new("z", "z")]
    }

    fn inputs(&self) -> Vec<Slot> {
        vec![Slot::new("data", &[ArtifactType::Dataset], "where they come from").single()]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[("points", ArtifactType::Table)])
    }
}

impl Stage for ObservationPoints {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = ObservationParams::read(&job.step.params)?;
        let data = artifacts::dataset(job, "data")?;
        let split = params.split.name();
        let x = params::observations(&data, split)?;
        let count = params.count.min(x.len());
        let kept = |name| {
            let array = data.split(split).and_then(|split| split.get(name));
            array.map(Array::to_f32)
        };
        let z = kept("z").filter(|z| z.len() == x.len());
        let mut columns = vec!["z".to_owned()];
        columns.extend(super::dimensions(x.columns));
        let mut table = super::table(&["what"], &columns);
        let mut add = |what: &str, values: &[f32]| {
            for (row, values) in values.chunks_exact(x.columns).take(count).enumerate() {
                let z = z.as_ref().map(|z| f64::from(z[row]));
                let mut entries = vec![json!(what), json!(z)];
                entries.extend(super::numbers(values));
                table.rows.push(entries);
            }
        };
        add("data", &x.values);
        if let Some(means) = kept("mean").filter(|means| means.len() == x.values.len()) {
            add("truth", &means);
        }
        let mut produced = StepOutput::default();
        produced.file("points", artifacts::TABLE, table.to_json());
        Ok(produced)
    }
}
