//! `estimate/gaussian-ratio`: a divergence that is known, by a classifier.

use serde_json::json;

use super::Stage;
use super::artifacts;
use super::train::LinkMonitor;
use crate::data::gaussian_pair::Gaussian;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::metrics::ratio::Divergence;
use crate::metrics::ratio::GaussianRatio;
use crate::metrics::ratio::RatioParams;
use crate::metrics::ratio::Task;
use crate::models::ModelError;
use crate::nn::backend::Backend;
use crate::nn::device::DeviceChoice;
use crate::nn::device::on_device;
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
use crate::training::Monitor;
use crate::training::Trained;
use crate::training::TrainingLoop;

/// `estimate/gaussian-ratio`
pub(super) struct RatioOfGaussians;

params! {
    /// What `estimate/gaussian-ratio` may be given.
    struct GaussianRatioParams {
        /// whether the second Gaussian learns from the estimate or stays
        task: Task = Task::Estimation;
        ratio: RatioParams;
        /// learning rate of the second Gaussian, where it learns
        gaussian_lr: f64 = 1e-3, min(0.0);
        /// draws that the classifier is judged by
        samples: usize = 10_000, min(2);
        /// which initialisation and draws
        seed: Seed;
        /// where to train
        device: DeviceChoice = "auto";
    }
}

impl Entry for RatioOfGaussians {
    fn name(&self) -> &'static str {
        "estimate/gaussian-ratio"
    }

    fn summary(&self) -> &'static str {
        "KL between two Gaussians by a classifier, or a Gaussian that learns from it, beside the truth"
    }

    fn docs(&self) -> &'static str {
        "q is the second Gaussian of a `dataset/gaussian-pair`, p the first. The classifier (see\n\
         `evaluate/density-ratio-kl`) learns from new draws of both in every update, and its estimate\n\
         of KL(q‖p) is E_q a(x). With `task: learning`, A and b of q take a step of Adam down that\n\
         estimate after every update of the classifier: the generator's loss of the reverse KL. The true\n\
         KL(q‖p) is in closed form all along: `true_kl` at the end, `first_true_kl` at the start,\n\
         `ratio_error` is the estimate less the truth. The curve has both over the training.\n\
         \n\
         Source: Rosca, Lakshminarayanan and Mohamed 2018, arXiv 1802.06847, appendix D; its learning\n\
         rates and widths are lost."
    }

    fn params(&self) -> Vec<Param> {
        GaussianRatioParams::params()
    }
}

const NAMES: [&str; 4] = ["true_kl", "ratio_kl", "ratio_error", "first_true_kl"];

impl StageKind for RatioOfGaussians {
    fn measures(&self) -> Vec<Measure> {
        vec![
            Measure::new("true_kl", "true KL").unit("nats"),
            Measure::new("first_true_kl", "true KL before learning").unit("nats"),
        ]
    }

    fn inputs(&self) -> Vec<Slot> {
        vec![
            Slot::new(
                "data",
                &[ArtifactType::Dataset],
                "a pair of Gaussians, as `dataset/gaussian-pair` leaves it",
            )
            .single(),
        ]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[
            ("metrics", ArtifactType::Metrics),
            ("curve", ArtifactType::Curve),
        ])
    }

    fn columns(&self, output: &str, _params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        match output {
            "metrics" => Columns::of([""; 0], NAMES),
            _ => Columns::unknown(),
        }
    }

    fn uses_device(&self) -> bool {
        true
    }
}

impl Stage for RatioOfGaussians {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = GaussianRatioParams::read(&job.step.params)?;
        let data = artifacts::dataset(job, "data")?;
        let pair = Gaussian::pair(&data).ok_or_else(|| {
            JobError::failed(format!(
                "`{}` is no pair of Gaussians: `dataset/gaussian-pair` makes one",
                data.name()
            ))
        })?;
        let monitor = LinkMonitor(job.link);
        let (before, trained, after) = learned(&pair, &params, &monitor)?;
        let numbers = [
            after.exact,
            after.ratio,
            after.ratio - after.exact,
            before.exact,
        ];
        let metrics = match &trained.diverged {
            Some(_) => artifacts::no_metrics(NAMES),
            None => artifacts::metrics_json(NAMES.into_iter().zip(numbers)),
        };
        let mut produced = StepOutput {
            diverged: trained.diverged,
            ..StepOutput::default()
        };
        produced.file("metrics", artifacts::METRICS, metrics).file(
            "curve",
            artifacts::CURVE,
            trained.curve.to_csv(),
        );
        Ok(produced)
    }
}

type Learned = (Divergence, Trained, Divergence);

fn learned(
    pair: &[Gaussian; 2],
    params: &GaussianRatioParams,
    monitor: &dyn Monitor,
) -> Result<Learned, ModelError> {
    on_device!(params.device, |device| learned_on(
        &device, pair, params, monitor
    ))
}

fn learned_on<B: Backend>(
    device: &B,
    pair: &[Gaussian; 2],
    params: &GaussianRatioParams,
    monitor: &dyn Monitor,
) -> Result<Learned, ModelError> {
    let seed = params.seed.derive("gaussian-ratio");
    let own = (params.gaussian_lr, params.samples);
    let mut ratio = GaussianRatio::new(device, pair, params.task, &params.ratio, own, seed);
    let before = ratio.divergence();
    let config = json!({ "classifier": format!("{:?}", params.ratio), "task": params.task.name() });
    let trained = TrainingLoop::new(&config, monitor)?.run(&mut ratio)?;
    Ok((before, trained, ratio.divergence()))
}
