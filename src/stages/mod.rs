//! Stage kinds: each binds a function of the domain to input and output slots.
//!
//! The kinds are made from the registries: `dataset/<name>` for every data set, `train/<name>` for
//! every model, `evaluate/<name>` for every score, `figure/<name>` for every figure; beside them
//! stand `select`, `table/…`, `sample/…` and `command`. So a new model needs no line here.

mod artifacts;
mod claims;
mod codes;
mod command;
mod compare;
mod dataset;
mod evaluate;
mod figure;
mod naming;
mod pairwise;
mod points;
mod posterior;
mod read;
mod results;
mod rows;
mod sample;
mod select;
mod summary;
mod surrogate;
mod train;

use std::sync::LazyLock;

pub use claims::check_claims;
pub use claims::claims_digest;
pub use claims::judge_claims;
#[doc(hidden)]
pub use command::metrics::numbers_of_text;
pub use results::Results;

use crate::data;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::Produced;
use crate::engine::Worker;
use crate::figures;
use crate::metrics;
use crate::models;
use crate::registry::Catalog;
use crate::registry::StageKind;

/// A stage kind that can be run.
pub trait Stage: StageKind {
    /// Does the work of one step.
    ///
    /// # Errors
    /// What went wrong and what to do next.
    fn run(&self, job: &Job<'_>) -> Result<Produced, JobError>;

    /// The numbers that its steps are known to measure before they run.
    fn measures(&self) -> Vec<&'static str> {
        Vec::new()
    }
}

/// Every kind, sorted by name.
static ALL: LazyLock<Vec<&'static dyn Stage>> = LazyLock::new(|| {
    let mut all: Vec<&'static dyn Stage> = vec![
        &points::DecoderPoints,
        &points::ObservationPoints,
        &points::PosteriorPoints,
        &posterior::LogPosterior,
        &select::Select,
        &codes::Codes,
        &command::Command,
        &compare::CompareTable,
        &pairwise::PairwiseTable,
        &read::ReadTable,
        &summary::SummaryTable,
        &surrogate::SurrogateNetwork,
        &sample::Data,
        &sample::Prior,
        &sample::Reconstructions,
    ];
    // The adapters live as long as the program, as everything in a registry does.
    fn leak(stage: impl Stage + 'static) -> &'static dyn Stage {
        Box::leak(Box::new(stage))
    }
    all.extend(data::ALL.iter().map(|set| leak(dataset::Load::new(*set))));
    all.extend(
        models::ALL
            .iter()
            .map(|model| leak(train::Train::new(*model))),
    );
    all.extend(
        metrics::ALL
            .iter()
            .map(|metric| leak(evaluate::Evaluate::new(*metric))),
    );
    let figures = figures::ALL.iter();
    all.extend(figures.map(|figure| leak(figure::Draw::new(*figure))));
    all.sort_by_key(|stage| stage.name());
    all
});

static KINDS: LazyLock<Vec<&'static dyn StageKind>> =
    LazyLock::new(|| ALL.iter().map(|stage| *stage as &dyn StageKind).collect());

/// Every stage kind a manifest can name.
pub fn catalog() -> Catalog {
    Catalog::new(&KINDS)
}

/// Runs steps of any kind in the catalogue.
pub struct Stages;

impl Worker for Stages {
    fn run(&self, job: &Job<'_>) -> Result<Produced, JobError> {
        let name = job.step.kind.name();
        let stage = ALL.iter().find(|stage| stage.name() == name);
        stage
            .unwrap_or_else(|| unreachable!("BUG: no stage kind `{name}`"))
            .run(job)
    }
}

/// A name for as long as the program runs.
fn leaked(name: String) -> &'static str {
    Box::leak(name.into_boxed_str())
}
