//! Which stages wait while cells are added to a plan.

use crate::manifest::Experiment;
use crate::manifest::Origin;
use crate::registry::StageKind;

use super::wiring;
use super::wiring::StageAxes;

/// The axes on which cells may be added, and the stages that need the last of them before they are steps.
pub(super) struct OpenStages {
    /// Columns.
    pub axes: Vec<usize>,
    /// By stage index.
    pub wait: Vec<bool>,
}

impl OpenStages {
    pub(super) fn new(axes: Vec<usize>, stages: usize) -> Self {
        OpenStages {
            axes,
            wait: vec![false; stages],
        }
    }

    /// Whether a stage waits: it reduces an open axis, draws all stages with their cells, or reads a stage
    /// that waits. Asked in an order in which each stage comes after those it reads.
    pub(super) fn find(
        &mut self,
        index: usize,
        experiment: &Experiment,
        axes: &StageAxes,
        axes_of: &[Option<StageAxes>],
        kinds: &[&'static dyn StageKind],
    ) -> bool {
        let stage = &experiment.pipeline.stages[index];
        let inputs = || stage.inputs.iter().flat_map(|binding| &binding.sources);
        let reads = inputs().any(|input| {
            let Origin::Stage { stage: name, .. } = &input.from else {
                return false;
            };
            let Some(source) = experiment.pipeline.position(name) else {
                return false;
            };
            let held = wiring::held(experiment, &input.at);
            let open = |axis: &usize| self.axes.contains(axis) && !held.contains(axis);
            let read = axes_of[source].iter().flat_map(|source| &source.all);
            let mut reduced = read.filter(|axis| !axes.all.contains(axis));
            self.wait[source] || reduced.any(open)
        });
        let draws = kinds.iter().filter_map(|kind| kind.outline()).any(|name| {
            let mut given = stage.with.iter();
            !given.any(|argument| *argument.name == *name)
        });
        self.wait[index] = reads || draws;
        self.wait[index]
    }
}
