//! `dataset/<name>`: a data set of the registry becomes an artifact.

use super::Stage;
use super::artifacts;
use super::registered::Registered;
use crate::data::Context;
use crate::data::DataSet;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::registry::ArtifactType;
use crate::registry::Facts;
use crate::registry::Misfit;
use crate::registry::Outputs;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;

/// Loads or generates one data set of the registry.
pub(super) type Load = Registered<dyn DataSet>;

impl StageKind for Load {
    fn inputs(&self) -> Vec<Slot> {
        self.entry.slots().to_vec()
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[("data", ArtifactType::Dataset)])
    }

    fn foresee(&self, params: &Values, _reads: &dyn Fn(&str) -> Facts) -> Result<Facts, Misfit> {
        Ok(Facts {
            range: self.entry.range(),
            shape: self.entry.shape(params),
            sequences: Some(self.entry.has_sequences()),
            ..Facts::default()
        })
    }
}

impl Stage for Load {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let log = |line: &str| job.link.log(line);
        let given = artifacts::given(job, self.entry.slots(), artifacts::arrays)?;
        let context = Context {
            root: job.root,
            log: &log,
            given: &given,
        };
        let data = self.entry.load(&job.step.params, &context);
        let data = data.map_err(|error| JobError::failed(error.to_string()))?;
        let mut produced = StepOutput::default();
        produced.file("data", artifacts::DATA, data.to_bytes());
        Ok(produced)
    }
}
