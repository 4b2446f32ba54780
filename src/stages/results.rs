//! What the steps of a plan left, stage by stage: for claims, reports, listings and exports.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Map;
use serde_json::Value as Json;

use super::artifacts;
use super::rows;
use crate::engine::JobArtifact;
use crate::engine::JobError;
use crate::engine::JobItem;
use crate::plan::Cell;
use crate::plan::Plan;
use crate::plan::Step;
use crate::plan::StepId;
use crate::registry::ArtifactType;
use crate::registry::Outputs;
use crate::store::StepResult;
use crate::store::Store;
use crate::table::Table;

/// The output of numbers by name, of whatever kind the stage is.
pub(super) const METRICS: &str = "metrics";

/// A plan with what is known of its steps.
pub struct Results<'a> {
    pub plan: &'a Plan,
    /// None where nothing was ever run.
    pub store: Option<&'a Store>,
    /// In plan order; none for a step without a result.
    pub by_step: Vec<Option<Arc<StepResult>>>,
    /// In plan order: whether a step has no result and has not failed either, so that what it will leave is not
    /// known. Empty where nobody asks.
    pub open: Vec<bool>,
}

impl Results<'_> {
    /// What a step left.
    pub fn result(&self, id: StepId) -> Option<&StepResult> {
        self.by_step.get(id.index())?.as_deref()
    }

    /// Whether a step was left out, or stopped, and has no result from before.
    pub fn is_open(&self, id: StepId) -> bool {
        self.open.get(id.index()).copied().unwrap_or(false)
    }

    /// The steps of a stage, in plan order; none of a stage that the plan does not have.
    pub fn steps<'s>(&'s self, stage: &str) -> impl Iterator<Item = &'s Step> {
        let stages = self.plan.stages.iter();
        let found = stages.filter(move |known| *known.name == *stage).take(1);
        let ids: Vec<StepId> = found
            .flat_map(|stage| stage.steps.iter().copied())
            .collect();
        ids.into_iter().map(|id| self.plan.step(id))
    }

    /// An output of a step, as the stages read it.
    pub fn item(&self, step: &Step, output: &str) -> Option<JobItem> {
        let (store, result) = (self.store?, self.result(step.id)?);
        let artifact = result.outputs.get(output)?;
        let files = artifact.files.iter();
        let paths = files.map(|(name, object)| (name.clone(), store.path(object)));
        let artifact = JobArtifact {
            artifact: artifact.clone(),
            paths: paths.collect(),
            described: step
                .described
                .as_ref()
                .and_then(|all| all.get(output))
                .cloned(),
        };
        Some(JobItem {
            stage: step.stage.to_string(),
            cell: step.cell.clone(),
            outputs: BTreeMap::from([(output.to_owned(), artifact)]),
            diverged: result.diverged.is_some(),
            seconds: Some(result.seconds),
        })
    }

    /// The stages whose steps measure something, in plan order. What a selection passes on was
    /// measured elsewhere.
    pub fn measuring(&self) -> impl Iterator<Item = &str> {
        let stages = self.plan.stages.iter();
        let stages = stages.filter(|stage| {
            let mut steps = stage.steps.iter().map(|id| self.plan.step(*id));
            steps.any(|step| match step.kind.outputs() {
                Outputs::Fixed(outputs) => outputs.iter().any(|(name, _)| *name == METRICS),
                Outputs::PassedOn { .. } => false,
                Outputs::Declared => step.outputs().iter().any(|(name, _)| name == METRICS),
            })
        });
        stages.map(|stage| &*stage.name)
    }

    /// The numbers that stages left, a row per cell; those of cells without a result are null.
    ///
    /// # Errors
    /// Where a result cannot be read, or two stages contradict each other.
    pub fn metrics(&self, stages: &[&str]) -> Result<Table, JobError> {
        let steps: Vec<&Step> = stages.iter().flat_map(|stage| self.steps(stage)).collect();
        let items: Vec<(&Cell, Option<JobItem>)> = steps
            .iter()
            .map(|step| (&step.cell, self.item(step, METRICS)))
            .collect();
        let cells = items.iter().map(|(cell, item)| (*cell, item.as_ref()));
        rows::of_cells(&cells.collect::<Vec<_>>())
    }

    /// The numbers that a stage left, a row per cell that has a result.
    ///
    /// # Errors
    /// Where a result cannot be read.
    pub fn known_metrics(&self, stage: &str) -> Result<Table, JobError> {
        let steps = self.steps(stage);
        let items: Vec<_> = steps.filter_map(|step| self.item(step, METRICS)).collect();
        rows::of_metrics(&items)
    }

    /// The steps with a declared output of this type, in plan order, with its name.
    pub fn outputs(
        &self,
        wanted: ArtifactType,
    ) -> impl Iterator<Item = (&Step, Cow<'static, str>)> {
        let steps = self.plan.steps.iter();
        steps.flat_map(move |step| {
            let outputs = step.outputs().into_iter();
            let found = outputs.filter(move |(_, kind)| *kind == wanted);
            found.map(move |(name, _)| (&**step, name))
        })
    }

    /// The table that a step left; none where there is no result.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn table(&self, step: &Step, output: &str) -> Result<Option<Table>, JobError> {
        let item = self.item(step, output);
        let table = item.map(|item| artifacts::read_table(artifacts::single(&item)?));
        table.transpose()
    }

    /// The numbers that a step left, nulls where it diverged; none where there is no result.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub fn numbers(&self, step: &Step) -> Result<Option<Map<String, Json>>, JobError> {
        let item = self.item(step, METRICS);
        let numbers = item.map(|item| rows::numbers(&item));
        numbers.transpose()
    }

    /// The curve that a step left; none where there is no result.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn curve(&self, step: &Step, output: &str) -> Result<Option<Table>, JobError> {
        let item = self.item(step, output);
        let curve = item.map(|item| rows::of_curve(&item));
        curve.transpose()
    }

    /// The curves that a stage left, a row per cell and epoch.
    ///
    /// # Errors
    /// Where one cannot be read.
    pub fn known_curves(&self, stage: &str) -> Result<Table, JobError> {
        let curves = self.outputs(ArtifactType::Curve);
        let curves = curves.filter(|(step, _)| *step.stage == *stage);
        let items: Vec<_> = curves
            .filter_map(|(step, output)| self.item(step, &output))
            .collect();
        rows::of_curves(&items)
    }
}
