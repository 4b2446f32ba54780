//! `posterior/empirical`: ln q(i|x) over the training observations, for all trainings that share it.

use std::collections::BTreeMap;

use super::Stage;
use super::artifacts;
use crate::data::arrays_to_bytes;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::models::mapa::KernelParams;
use crate::models::mapa::posterior::Kernel;
use crate::models::mapa::posterior::Posterior;
use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::choices;
use crate::registry::params;

/// `posterior/empirical`
pub(super) struct LogPosterior;

choices! {
    /// Where q comes from.
    enum Source {
        Kernel = "kernel",
        GroundTruth = "ground-truth",
        Uniform = "uniform",
    }
}

params! {
    /// What `posterior/empirical` may be given.
    struct EmpiricalParams {
        /// where q comes from
        source: Source = Source::Kernel;
        /// σ of the noise of data that do not name it, which the kernel is scaled by
        sigma: Option<f64>, min(1e-6);
        kernel: KernelParams;
    }
}

impl Entry for LogPosterior {
    fn name(&self) -> &'static str {
        "posterior/empirical"
    }

    fn summary(&self) -> &'static str {
        "distribution over training observations given each of them, as a log matrix"
    }

    fn docs(&self) -> &'static str {
        "Leaves `log_posterior`, `[N, N]`: row n is ln q(i|xₙ) over the training observations i.\n\
         \n\
         | `source` | q(i\\|xₙ) |\n\
         | --- | --- |\n\
         | `kernel` | by how alike xₙ and xᵢ are: MAPA |\n\
         | `ground-truth` | ∝ p(xₙ\\|f(zᵢ)) of the model that made the data: MAPA-GT |\n\
         | `uniform` | 1/N: MAPA-naive |\n\
         \n\
         It depends on the data alone, so one matrix serves every training on a draw of the data:\n\
         `train/mapa` and its relatives take it in the slot `posterior`.\n\
         \n\
         Source: Yacoby, Pan and Doshi-Velez 2024, arXiv 2403.08941, equations 7 and 8, appendix B.2."
    }

    fn params(&self) -> Vec<Param> {
        EmpiricalParams::params()
    }
}

impl StageKind for LogPosterior {
    fn inputs(&self) -> Vec<Slot> {
        vec![
            Slot::new(
                "data",
                &[ArtifactType::Dataset],
                "whose training observations are compared",
            )
            .single(),
        ]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[("posterior", ArtifactType::Arrays)])
    }
}

impl Stage for LogPosterior {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = EmpiricalParams::read(&job.step.params)?;
        let data = artifacts::dataset(job, "data")?;
        let kernel = match params.source {
            Source::Kernel => params.kernel.kernel(),
            Source::GroundTruth => Kernel::GroundTruth,
            Source::Uniform => Kernel::Uniform,
        };
        let posterior = Posterior::new(&data, kernel, params.sigma)?;
        let arrays = BTreeMap::from([("log_posterior".to_owned(), posterior.to_array())]);
        let mut produced = StepOutput::default();
        produced.file("posterior", artifacts::ARRAYS, arrays_to_bytes(&arrays));
        Ok(produced)
    }
}
