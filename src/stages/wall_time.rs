//! `evaluate/wall-time`: how long a step took, as a number beside its scores.

use super::Stage;
use super::fitted;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::registry::ArtifactType;
use crate::registry::Columns;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;

/// `evaluate/wall-time`
pub(super) struct WallTime;

const SECONDS: Measure = Measure::new("seconds", "wall time").unit("s").down();

impl Entry for WallTime {
    fn name(&self) -> &'static str {
        "evaluate/wall-time"
    }

    fn summary(&self) -> &'static str {
        "how long a step took"
    }

    fn revision(&self) -> u32 {
        3
    }

    fn docs(&self) -> &'static str {
        "`seconds` of wall time that the step took which made the artifact, such as a training whose\n\
         model this is. It's what the machine took with all that ran beside: for a comparison run\n\
         with `--jobs 1`. A training that went on from a checkpoint counts what led to it; a program that\n\
         goes on from its `${checkpoint}` counts its last attempt alone.\n\
         Of what `select` passes on it is the time of the selection, so give it the training itself.\n\
         \n\
         No other number depends on anything but its inputs; this one is as it was measured, stays as\n\
         long as the artifact stays the same, and is another where that is made anew."
    }

    fn params(&self) -> Vec<Param> {
        Vec::new()
    }
}

impl StageKind for WallTime {
    fn inputs(&self) -> Vec<Slot> {
        let what = "what the step left, such as a model";
        vec![Slot::new("of", &[ArtifactType::Any], what)]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[("metrics", ArtifactType::Metrics)])
    }

    fn columns(&self, _output: &str, _params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        Columns::measured(&self.measures())
    }

    fn measures(&self) -> Vec<Measure> {
        vec![SECONDS]
    }
}

impl Stage for WallTime {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let item = match job.items("of") {
            [item] => item,
            items => {
                let got = items.len();
                let error = format!("slot `of` takes one artifact and got {got}");
                return Err(JobError::failed(error).hint("reduce nothing here"));
            }
        };
        let seconds = item.seconds.ok_or_else(|| {
            JobError::failed("a plain file was made by no step")
                .hint("give slot `of` an output of a stage, such as `fit.model`")
        })?;
        fitted::numbers_unless_diverged(job, &[SECONDS], || Ok(vec![seconds]))
    }
}
