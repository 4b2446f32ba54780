//! `generator/surrogate`: a network in place of the formula behind a synthetic density.

use super::Stage;
use super::artifacts;
use super::train::LinkMonitor;
use crate::data::arrays_to_bytes;
use crate::data::generators::Generator;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::models::surrogate::Fit;
use crate::nn::device::DeviceChoice;
use crate::random::Seed;
use crate::registry::ArtifactType;
use crate::registry::Columns;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;
use crate::registry::params;

/// `generator/surrogate`
pub(super) struct SurrogateNetwork;

params! {
    /// What `generator/surrogate` may be given.
    struct SurrogateParams {
        /// which density
        name: &'static Generator;
        /// units of each hidden layer
        hidden: Vec<usize> = [50; 3], each_min(1);
        /// mean squared error that is good enough
        threshold: f64 = 1e-4, min(0.0);
        /// at most so many updates
        updates: u64 = 40_000, min(1);
        /// latent variables per update
        batch: usize = 500, min(1);
        /// first learning rate of Adam
        lr: f64 = 8e-3, min(0.0);
        /// which initialisation and latent variables
        seed: Seed;
        /// where to fit
        device: DeviceChoice = "cpu";
    }
}

impl Entry for SurrogateNetwork {
    fn name(&self) -> &'static str {
        "generator/surrogate"
    }

    fn summary(&self) -> &'static str {
        "network fitted to the decoder of a synthetic density, to draw data through"
    }

    fn docs(&self) -> &'static str {
        "Affine layers with leaky ReLU, the architecture of the decoders that are trained on the data,\n\
         learn f of `dataset/synthetic` by full supervision: Adam on the mean squared error over\n\
         z ~ N(0, 1), with a learning rate that falls to zero. The step ends as soon as\n\
         E ‖f̂(z) − f(z)‖² is at most `threshold`, and fails if `updates` do not suffice.\n\
         \n\
         Source: Yacoby, Pan and Doshi-Velez 2024, arXiv 2403.08941, appendix; its threshold and\n\
         widths are lost."
    }

    fn params(&self) -> Vec<Param> {
        SurrogateParams::params()
    }
}

impl StageKind for SurrogateNetwork {
    fn measures(&self) -> Vec<Measure> {
        vec![
            Measure::new("surrogate_mse", "mean squared error of the network").down(),
            Measure::new("surrogate_updates", "updates of the network").down(),
        ]
    }

    fn inputs(&self) -> Vec<Slot> {
        Vec::new()
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[
            ("generator", ArtifactType::Arrays),
            ("metrics", ArtifactType::Metrics),
        ])
    }

    fn columns(&self, _output: &str, _params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        Columns::measured(&self.measures())
    }

    fn uses_device(&self) -> bool {
        true
    }
}

impl Stage for SurrogateNetwork {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = SurrogateParams::read(&job.step.params)?;
        let fit = Fit {
            hidden: params.hidden,
            threshold: params.threshold,
            updates: params.updates,
            batch: params.batch,
            lr: params.lr,
            seed: params.seed,
            device: params.device,
        };
        let found = fit.run(params.name, &LinkMonitor(job.link))?;
        let numbers = [
            ("surrogate_mse", found.mse),
            ("surrogate_updates", found.updates as f64),
        ];
        let mut produced = StepOutput::default();
        produced
            .file(
                "generator",
                artifacts::ARRAYS,
                arrays_to_bytes(&found.arrays),
            )
            .file(
                "metrics",
                artifacts::METRICS,
                artifacts::metrics_json(numbers),
            );
        Ok(produced)
    }
}
