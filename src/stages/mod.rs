//! Stage kinds: each binds a function of the domain to input and output slots.
//!
//! The kinds are made from the registries: `dataset/<name>` for every data set, `train/<name>` for
//! every model, `evaluate/<name>` for every score, `figure/<name>` for every figure; beside them
//! stand `select`, `table/…`, `sample/…` and `command`. So a new model needs no line here.

mod artifacts;
mod best;
mod capabilities;
mod claims;
mod classifier;
mod codes;
mod command;
mod compare;
mod dataset;
mod described;
mod elbo_surface;
mod evaluate;
mod figure;
mod fitted;
mod gaussian_ratio;
mod importance;
mod in_latex;
mod latents;
mod low_posterior;
mod measured;
mod naming;
mod networks;
mod outcomes;
mod pairwise;
mod pareto;
mod plateau;
mod points;
mod posterior;
mod probabilities;
mod read;
mod refinement;
mod registered;
mod response;
mod results;
mod rows;
mod saliency;
mod sample;
mod search;
mod select;
mod sentences;
mod settings;
mod summary;
mod surrogate;
mod train;
mod trend;
mod trials;
mod tsne;
mod wall_time;
mod whole;

use std::collections::BTreeMap;
use std::sync::LazyLock;

pub use claims::check_claims;
pub use claims::claims_digest;
pub use claims::judge_claims;
pub use command::check_commands;
#[doc(hidden)]
pub use command::metrics::numbers_of_text;
pub use outcomes::Odd;
pub use outcomes::Outcomes;
pub use outcomes::outcomes;
pub use results::Results;
pub use search::check_search;
pub use search::steps_of_trials;
pub use select::check_selections;

use crate::data;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::engine::Worker;
use crate::figures;
use crate::metrics;
use crate::models;
use crate::nn::device::DeviceChoice;
use crate::registry::Catalog;
use crate::registry::Measure;
use crate::registry::StageKind;
use crate::registry::Value;
use crate::store::Environment;
use crate::store::gpu_models;
use crate::table::Column;

/// A stage kind that can be run.
pub trait Stage: StageKind {
    /// Does the work of one step.
    ///
    /// # Errors
    /// What went wrong and what to do next.
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError>;
}

/// Every kind, sorted by name.
static ALL: LazyLock<Vec<&'static dyn Stage>> = LazyLock::new(|| {
    let mut all: Vec<&'static dyn Stage> = vec![
        &points::DecoderPoints,
        &points::ObservationPoints,
        &points::PosteriorPoints,
        &posterior::LogPosterior,
        &select::Select,
        &best::BestTable,
        &classifier::TrainClassifier,
        &codes::Codes,
        &command::Command,
        &compare::CompareTable,
        &gaussian_ratio::RatioOfGaussians,
        &importance::ImportanceTable,
        &latents::Latents,
        &low_posterior::LowPosterior,
        &networks::NetworksTable,
        &pairwise::PairwiseTable,
        &pareto::ParetoTable,
        &plateau::Plateau,
        &elbo_surface::ElboSurface,
        &probabilities::ScoreOfProbabilities,
        &read::ReadTable,
        &refinement::Refinement,
        &response::ResponseTable,
        &saliency::Saliency,
        &summary::SummaryTable,
        &surrogate::SurrogateNetwork,
        &sample::Data,
        &sample::Prior,
        &sample::Reconstructions,
        &sentences::Sentences,
        &settings::SettingsTable,
        &trend::Trend,
        &tsne::Tsne,
        &wall_time::WallTime,
    ];
    // The adapters live as long as the program, as everything in a registry does.
    fn leak(stage: impl Stage + 'static) -> &'static dyn Stage {
        Box::leak(Box::new(stage))
    }
    let sets = data::ALL.iter();
    all.extend(sets.map(|set| leak(dataset::Load::new("dataset", *set, 0))));
    let models = models::ALL.iter();
    all.extend(models.map(|model| leak(train::Train::new("train", *model, 0))));
    let scores = metrics::ALL.iter();
    all.extend(scores.map(|score| {
        leak(evaluate::Evaluate::new(
            "evaluate",
            *score,
            evaluate::SHARED,
        ))
    }));
    let figures = figures::ALL.iter();
    all.extend(figures.map(|figure| leak(figure::Draw::new("figure", *figure, 8))));
    all.sort_by_key(|stage| stage.name());
    all
});

static KINDS: LazyLock<Vec<&'static dyn StageKind>> =
    LazyLock::new(|| ALL.iter().map(|stage| *stage as &dyn StageKind).collect());

/// Every stage kind a manifest can name.
pub fn catalog() -> Catalog {
    Catalog::new(&KINDS)
}

/// What stages report, by name; a name means the same wherever it stands.
static MEASURES: LazyLock<BTreeMap<&'static str, Measure>> = LazyLock::new(|| {
    let measures = ALL.iter().flat_map(|stage| stage.measures());
    measures.map(|measure| (measure.name, measure)).collect()
});

/// What is known of a column of numbers, by its name, for tables and figures.
fn measure(column: &str) -> Option<Measure> {
    MEASURES.get(column).copied()
}

/// The column of a number, with its label, unit and direction where they are known.
fn number_column(name: &str) -> Column {
    let mut column = Column::metric(name, "", None);
    if let Some(measure) = measure(name) {
        column.label = measure.label.to_owned();
        column.unit = measure.unit.to_owned();
        column.higher_is_better = measure.higher_is_better;
    }
    column
}

/// Runs steps of any kind in the catalogue.
pub struct Stages;

/// The model of the GPU that a step was made on, if it was.
fn gpu(job: &Job<'_>) -> Option<String> {
    let kind = job.step.kind;
    if kind.starts_processes() {
        return match job.gpus.is_empty() {
            true => None,
            false => gpu_models(job.gpus),
        };
    }
    let asked = job.step.params.get("device").and_then(Value::as_str);
    let asked = asked.map_or(Some(DeviceChoice::Auto), DeviceChoice::named)?;
    let on_gpu =
        kind.uses_device() && asked != DeviceChoice::Cpu && DeviceChoice::Cuda.available().is_ok();
    // The first that this process sees.
    let visible = std::env::var("CUDA_VISIBLE_DEVICES").unwrap_or_default();
    let first = visible.split(',').next().map(str::trim);
    let first = first.filter(|first| !first.is_empty()).unwrap_or("0");
    on_gpu.then(|| gpu_models(&[first.to_owned()])).flatten()
}

impl Worker for Stages {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let name = job.step.kind.name();
        let stage = ALL.iter().find(|stage| stage.name() == name);
        let mut produced = stage
            .unwrap_or_else(|| unreachable!("BUG: no stage kind `{name}`"))
            .run(job)?;
        if let Some(gpu) = gpu(job) {
            let environment = produced.environment.get_or_insert_with(Environment::here);
            environment.gpu = Some(gpu);
        }
        Ok(produced)
    }
}
