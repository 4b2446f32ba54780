//! A stage in brief.

use std::sync::Arc;

use crate::manifest::Origin;
use crate::plan::StageSummary;
use crate::plan::projection::Projections;
use crate::plan::wiring;

use super::Expansion;
use super::Ready;

/// A stage without its steps.
pub(in crate::plan) fn summary(ready: &Ready<'_>) -> StageSummary {
    let stage = ready.stage();
    let pipeline = &ready.experiment.pipeline;
    let grid = &ready.experiment.grid;
    let name = |column: &usize| Arc::clone(&grid.columns().get(*column).name);
    let mut reads: Vec<(Arc<str>, Arc<str>)> = Vec::new();
    let mut read_axes = Vec::new();
    for binding in &stage.inputs {
        for input in &binding.sources {
            let Origin::Stage { stage: from, .. } = &input.from else {
                continue;
            };
            let read = (Arc::clone(from), Arc::clone(&binding.slot));
            if !reads.contains(&read) {
                reads.push(read);
            }
            let held = wiring::held(ready.experiment, &input.at);
            let source = pipeline.position(from);
            if let Some(axes) = source.and_then(|source| ready.axes_of[source].as_ref()) {
                let free = axes.all.iter().filter(|axis| !held.contains(axis));
                read_axes.extend(free.copied());
            }
        }
    }
    let read_axes = grid.ordered(read_axes);
    let reduced = read_axes
        .iter()
        .filter(|axis| !ready.axes.all.contains(axis));
    StageSummary {
        name: Arc::clone(&stage.name),
        kinds: ready.kinds.kinds.iter().map(|kind| kind.name()).collect(),
        axes: ready.axes.all.iter().map(name).collect(),
        steps: Vec::new(),
        reads,
        reduces: reduced.map(name).collect(),
        projection: None,
        by_cell: Vec::new(),
    }
}

impl Expansion {
    /// Adds to the summary of a stage what it does not have yet.
    pub(crate) fn complete(
        &self,
        summary: &mut StageSummary,
        ready: &Ready<'_>,
        projections: &Projections,
    ) {
        let kinds = ready.kinds.kinds.iter();
        summary.kinds = kinds.map(|kind| kind.name()).collect();
        let Some(expanded) = &self.stages[ready.index] else {
            return;
        };
        let steps = expanded.steps[summary.by_cell.len()..].iter();
        let steps = steps.map(|step| step.map(|(id, _)| id));
        summary.steps.extend(steps.clone().flatten());
        summary.by_cell.extend(steps);
        summary.projection = projections.get(&ready.axes.all).cloned();
    }
}
