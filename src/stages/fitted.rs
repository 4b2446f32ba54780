//! The fitted model in a slot, with data that fit it, and what a stage leaves where the training
//! behind it diverged: names without numbers, tables without rows, no picture.

use super::artifacts;
use crate::data::Dataset;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::JobItem;
use crate::engine::StepOutput;
use crate::models;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::nn::device::DeviceChoice;
use crate::plan::Cell;
use crate::registry::Measure;

/// Why a stage that reads a model comes to nothing.
pub(super) enum Halt {
    /// There is nothing to compute: no failure, but no number either.
    Diverged(String),
    Failed(JobError),
}

impl From<JobError> for Halt {
    fn from(error: JobError) -> Self {
        Halt::Failed(error)
    }
}

impl From<ModelError> for Halt {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Diverged(_) => Halt::Diverged(error.to_string()),
            other => Halt::Failed(other.into()),
        }
    }
}

/// Does the work of a stage that reads a model; `none` is what it leaves of a diverged one.
///
/// # Errors
/// Those of the work.
pub(super) fn unless_diverged(
    none: impl FnOnce() -> StepOutput,
    work: impl FnOnce() -> Result<StepOutput, Halt>,
) -> Result<StepOutput, JobError> {
    match work() {
        Ok(produced) => Ok(produced),
        Err(Halt::Failed(error)) => Err(error),
        Err(Halt::Diverged(how)) => Ok(StepOutput {
            diverged: Some(how),
            ..none()
        }),
    }
}

/// Leaves the numbers of these measures about what a step reads; none of them where that diverged.
///
/// # Errors
/// Those of the work.
pub(super) fn numbers_unless_diverged(
    job: &Job<'_>,
    measures: &[Measure],
    work: impl FnOnce() -> Result<Vec<f64>, JobError>,
) -> Result<StepOutput, JobError> {
    let left = |metrics: Vec<u8>| {
        let mut produced = StepOutput::default();
        produced.file("metrics", artifacts::METRICS, metrics);
        produced
    };
    let names = measures.iter().map(|measure| measure.name);
    let none = || left(artifacts::no_metrics(names.clone()));
    unless_diverged(none, || match diverged_input(job) {
        Some(how) => Err(Halt::Diverged(how)),
        None => Ok(left(artifacts::metrics_json(names.clone().zip(work()?)))),
    })
}

/// The model in the slot `model`.
pub(super) fn open(job: &Job<'_>, device: DeviceChoice) -> Result<Box<dyn Fitted>, Halt> {
    Ok(models::open(&weights(job)?, device)?)
}

/// The weights in the slot `model`.
fn weights(job: &Job<'_>) -> Result<Vec<u8>, Halt> {
    let weights = artifacts::read(artifacts::only(job, "model")?, artifacts::MODEL)?;
    match job.items("model").iter().find(|item| item.diverged) {
        Some(item) => Err(Halt::Diverged(format!("its model did: {}", name(item)))),
        None => Ok(weights),
    }
}

/// The model in the slot `model` and the data in the slot `data`, which have to be of one shape and one scale.
pub(super) fn with_data(
    job: &Job<'_>,
    device: DeviceChoice,
) -> Result<(Box<dyn Fitted>, Dataset), Halt> {
    let data = artifacts::dataset(job, "data")?;
    let weights = weights(job)?;
    let model = models::open(&weights, device)?;
    models::fits(&*model, &data)?;
    models::fits_scale(&weights, &data)?;
    Ok((model, data))
}

/// What diverged among that which a step reads for its own cell alone.
pub(super) fn diverged_input(job: &Job<'_>) -> Option<String> {
    let own = job.step.inputs.iter().zip(&job.inputs);
    let mut own = own.filter(|(input, _)| !input.reduced);
    own.find_map(|(input, given)| match &given.items[..] {
        [only] if only.diverged => Some(format!("its `{}` did: {}", input.slot, name(only))),
        _ => None,
    })
}

/// `fit[seed=0]`
pub(super) fn name(item: &JobItem) -> String {
    name_of(&item.stage, &item.cell)
}

/// The same of a stage in a cell.
pub(super) fn name_of(stage: &str, cell: &Cell) -> String {
    match cell.iter().next() {
        None => stage.to_owned(),
        Some(_) => format!("{stage}[{cell}]"),
    }
}
