//! `posterior/empirical`: ln q(i|x) over the training observations, for all trainings that share it.

use std::collections::BTreeMap;

use super::Stage;
use super::artifacts;
use crate::data::arrays_to_bytes;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::Produced;
use crate::models::mapa;
use crate::models::mapa::posterior::Kernel;
use crate::models::mapa::posterior::Posterior;
use crate::models::params;
use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;

/// `posterior/empirical`
pub struct LogPosterior;

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
        let mut all = vec![
            Param::choice(
                "source",
                &["kernel", "ground-truth", "uniform"],
                "where q comes from",
            )
            .default("kernel"),
        ];
        all.extend(mapa::kernel_params());
        all
    }
}

impl StageKind for LogPosterior {
    fn inputs(&self) -> Vec<Slot> {
        vec![Slot::new(
            "data",
            &[ArtifactType::Dataset],
            "whose training observations are compared",
        )]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[("posterior", ArtifactType::Arrays)])
    }
}

impl Stage for LogPosterior {
    fn run(&self, job: &Job<'_>) -> Result<Produced, JobError> {
        let data = artifacts::dataset(job, "data")?;
        let values = &job.step.params;
        let kernel = match params::text(values, "source") {
            "ground-truth" => Kernel::GroundTruth,
            "uniform" => Kernel::Uniform,
            _ => mapa::kernel(values),
        };
        let posterior = Posterior::new(&data, kernel)?;
        let arrays = BTreeMap::from([("log_posterior".to_owned(), posterior.to_array())]);
        let mut produced = Produced::default();
        produced.file("posterior", artifacts::ARRAYS, arrays_to_bytes(&arrays));
        Ok(produced)
    }
}
