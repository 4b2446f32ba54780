//! `generator/surrogate`: a network in place of the formula behind a synthetic density.

use super::Stage;
use super::artifacts;
use super::train::LinkMonitor;
use crate::data::arrays_to_bytes;
use crate::data::generators;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::Produced;
use crate::models::params;
use crate::models::surrogate::Fit;
use crate::nn::device::DeviceChoice;
use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::ParamType;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Value;

/// `generator/surrogate`
pub struct SurrogateNetwork;

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
        let names: Vec<&str> = generators::ALL.iter().map(|known| known.name).collect();
        let width = ParamType::Int {
            min: Some(1),
            max: None,
        };
        vec![
            Param::choice("name", &names, "which density"),
            Param::list("hidden", width, "units of each hidden layer")
                .default(vec![Value::Int(50); 3]),
            Param::float("threshold", "mean squared error that is good enough")
                .min(0.0)
                .default(1e-4),
            Param::int("updates", "at most so many updates")
                .min(1)
                .default(40_000),
            Param::int("batch", "latent variables per update")
                .min(1)
                .default(500),
            Param::float("lr", "first learning rate of Adam")
                .min(0.0)
                .default(8e-3),
            Param::seed("seed", "which initialisation and latent variables"),
            Param::choice("device", &DeviceChoice::NAMES, "where to fit").default("cpu"),
        ]
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

    fn uses_device(&self) -> bool {
        true
    }
}

impl Stage for SurrogateNetwork {
    fn run(&self, job: &Job<'_>) -> Result<Produced, JobError> {
        let values = &job.step.params;
        let name = params::text(values, "name");
        let generator = generators::get(name)
            .unwrap_or_else(|| unreachable!("BUG: `{name}` is not among the choices"));
        let fit = Fit {
            hidden: params::sizes(values, "hidden"),
            threshold: params::number(values, "threshold"),
            updates: params::size(values, "updates") as u64,
            batch: params::size(values, "batch"),
            lr: params::number(values, "lr"),
            seed: params::seed(values),
            device: params::device(values),
        };
        let found = fit.run(generator, &LinkMonitor(job.link))?;
        let numbers = [
            ("surrogate_mse", found.mse),
            ("surrogate_updates", found.updates as f64),
        ];
        let mut produced = Produced::default();
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
