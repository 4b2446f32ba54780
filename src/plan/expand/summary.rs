//! A stage in brief, once it has its steps.

use std::sync::Arc;

use crate::manifest::Origin;
use crate::plan::build::StageSummary;
use crate::plan::kinds::StageKinds;
use crate::plan::wiring;
use crate::plan::wiring::StageAxes;

use super::Expansion;

impl Expansion<'_> {
    pub fn summary(&self, index: usize, axes: &StageAxes, kinds: &StageKinds) -> StageSummary {
        let stage = &self.experiment.pipeline.stages[index];
        let columns = self.experiment.grid.columns();
        let expanded = self.stages[index].as_ref();
        let name = |column: &usize| Arc::clone(&columns.get(*column).name);
        let mut reads: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        let mut read_axes = Vec::new();
        for binding in &stage.inputs {
            for input in &binding.sources {
                if let Origin::Stage { stage: from, .. } = &input.from {
                    let read = (Arc::clone(from), Arc::clone(&binding.slot));
                    if !reads.contains(&read) {
                        reads.push(read);
                    }
                    let held = wiring::held(self.experiment, &input.at);
                    if let Some(source) = self.expanded(from) {
                        let axes = source.projection.columns().iter();
                        read_axes.extend(axes.filter(|axis| !held.contains(axis)).copied());
                    }
                }
            }
        }
        let read_axes = self.experiment.grid.ordered(read_axes);
        let reduced = read_axes.iter().filter(|axis| !axes.all.contains(axis));
        let cells = expanded.map_or(0, |stage| stage.steps.iter().flatten().count());
        StageSummary {
            name: Arc::clone(&stage.name),
            kinds: kinds.kinds.iter().map(|kind| kind.name()).collect(),
            axes: axes.all.iter().map(name).collect(),
            cells,
            steps: expanded.map(|stage| stage.own.clone()).unwrap_or_default(),
            reads,
            reduces: reduced.map(name).collect(),
            projection: expanded.map(|stage| Arc::clone(&stage.projection)),
            by_cell: expanded
                .map(|stage| {
                    stage
                        .steps
                        .iter()
                        .map(|step| step.map(|(id, _)| id))
                        .collect()
                })
                .unwrap_or_default(),
        }
    }
}
