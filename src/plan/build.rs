//! Cells to steps: every stage at every cell of its axes, each step with the steps that it reads.

use std::path::Path;
use std::sync::Arc;

use petgraph::graph::DiGraph;
use petgraph::graph::NodeIndex;

use crate::manifest::Experiment;
use crate::manifest::Overrides;
use crate::manifest::Reading;
use crate::registry::Catalog;
use crate::text::Diagnostic;
use crate::text::Diagnostics;

use super::From;
use super::Step;
use super::StepId;
use super::expand::Expansion;
use super::foresee;
use super::kind_of::kind_of;
use super::kinds;
use super::kinds::StageKinds;
use super::outline;
use super::params::Recipe;
use super::projection::Projection;
use super::projection::Projections;
use super::warnings;
use super::wiring;
use super::wiring::StageAxes;

/// Everything that an experiment has to do.
pub struct Plan {
    pub experiment: Experiment,
    /// In topological order; those of a stage stand together.
    pub steps: Vec<Arc<Step>>,
    /// In topological order.
    pub stages: Vec<StageSummary>,
}

/// A stage as the plan has it.
#[derive(Clone, Debug)]
pub struct StageSummary {
    pub name: Arc<str>,
    /// The names of its kinds: several where they depend on the cell.
    pub kinds: Vec<&'static str>,
    /// Its axes, in axis order.
    pub axes: Vec<Arc<str>>,
    /// How many cells it has; more than steps where steps are equal.
    pub cells: usize,
    /// Its steps; a step that is equal to one of an earlier stage belongs to that one.
    pub steps: Vec<StepId>,
    /// The stages it reads, each once, and by which slots.
    pub reads: Vec<(Arc<str>, Arc<str>)>,
    /// The axes that it reduces, in axis order.
    pub reduces: Vec<Arc<str>>,
    /// By full cell: its projected cell; and by projected cell: its step.
    pub(super) projection: Option<Arc<Projection>>,
    pub(super) by_cell: Vec<Option<StepId>>,
}

impl StageSummary {
    /// The step on which a full cell of the grid falls.
    pub(super) fn step_of(&self, cell: usize) -> Option<StepId> {
        let projected = *self.projection.as_ref()?.of.get(cell)?;
        *self.by_cell.get(projected as usize)?
    }
}

/// What planning came to: the plan where there is no error, and everything there is to say.
pub struct Planned {
    pub plan: Option<Plan>,
    pub found: Diagnostics,
}

impl Plan {
    /// Reads a manifest and plans it. Runs nothing.
    pub fn read(path: &Path, catalog: &Catalog, overrides: &Overrides) -> Planned {
        Self::of(Experiment::read(path, catalog, overrides), catalog)
    }

    /// Plans what was read.
    pub fn of(reading: Reading, catalog: &Catalog) -> Planned {
        let mut found = reading.found;
        let plan = reading
            .experiment
            .and_then(|experiment| build(experiment, catalog, &mut found));
        Planned { plan, found }
    }

    pub fn step(&self, id: StepId) -> &Step {
        &self.steps[id.index()]
    }

    /// The names of the axes, in axis order.
    pub fn axes(&self) -> Vec<Arc<str>> {
        let grid = &self.experiment.grid;
        grid.axes()
            .map(|column| Arc::clone(&grid.columns().get(column).name))
            .collect()
    }

    /// The DAG of steps: an edge leads from a step to one that reads it.
    pub fn graph(&self) -> DiGraph<StepId, ()> {
        let mut graph = DiGraph::with_capacity(self.steps.len(), self.steps.len() * 2);
        for step in &self.steps {
            graph.add_node(step.id);
        }
        for step in &self.steps {
            for item in step.inputs.iter().flat_map(|input| &input.items) {
                if let From::Step { step: need, .. } = &item.from {
                    graph.update_edge(
                        NodeIndex::new(need.index()),
                        NodeIndex::new(step.id.index()),
                        (),
                    );
                }
            }
        }
        graph
    }
}

/// Checks the stages against their kinds, and expands them where nothing is wrong.
pub(super) fn build(
    experiment: Experiment,
    catalog: &Catalog,
    found: &mut Diagnostics,
) -> Option<Plan> {
    let wiring = wiring::wire(&experiment, found);
    // A stage that cannot be placed in an order still has its own mistakes.
    let order = match &wiring {
        Some(wiring) => wiring.order.clone(),
        None => (0..experiment.pipeline.stages.len()).collect(),
    };
    let parts = {
        let mut planner = Planner {
            experiment: &experiment,
            catalog,
            projections: Projections::new(&experiment.grid),
            // What is wrong with a name or value is not repeated for all that uses it.
            deep: !found.has_errors(),
            kinds: Vec::new(),
            axes: Vec::new(),
            expansion: Expansion::new(&experiment),
            summaries: Vec::new(),
        };
        let count = experiment.pipeline.stages.len();
        planner.kinds.resize_with(count, || None);
        planner.axes.resize_with(count, || None);
        for stage in order {
            if found.are_enough() {
                break;
            }
            planner.stage(stage, found);
        }
        if planner.deep {
            warnings::unused(&experiment, found);
        }
        (planner.expansion.into_steps(), planner.summaries)
    };
    if !found.has_errors() {
        foresee::check(&parts.0, &experiment, found);
    }
    if found.has_errors() {
        return None;
    }
    let (mut steps, stages) = parts;
    outline::fill(&mut steps, &stages);
    Some(Plan {
        experiment,
        steps,
        stages,
    })
}

/// What is known while stages are planned one after another.
struct Planner<'e> {
    experiment: &'e Experiment,
    catalog: &'e Catalog,
    projections: Projections<'e>,
    deep: bool,
    kinds: Vec<Option<StageKinds>>,
    axes: Vec<Option<StageAxes>>,
    expansion: Expansion<'e>,
    summaries: Vec<StageSummary>,
}

impl Planner<'_> {
    fn stage(&mut self, index: usize, found: &mut Diagnostics) {
        let stage = &self.experiment.pipeline.stages[index];
        let kind_of = kind_of(
            stage,
            self.experiment,
            self.catalog,
            &mut self.projections,
            self.deep,
            found,
        );
        let Some(kind_of) = kind_of else {
            // Literal values and keys cannot be checked without a kind; slots neither.
            return;
        };
        let kinds = kinds::check(
            self.experiment,
            stage,
            kind_of.kinds.clone(),
            &self.kinds,
            found,
        );
        let reduces_all = kind_of.kinds.iter().any(|kind| kind.reduces_all());
        let axes = wiring::axes_of(self.experiment, stage, reduces_all, &self.axes, found);
        let mut recipes: Vec<Recipe<'_>> = kind_of
            .kinds
            .iter()
            .map(|kind| Recipe::new(stage, *kind, found))
            .collect();
        if self.deep {
            let done = self.expansion.stage(
                index,
                &axes,
                &self.axes,
                &kind_of,
                &kinds,
                &mut recipes,
                &mut self.projections,
                found,
            );
            if let Err(super::projection::TooMany) = done {
                found.push(
                    Diagnostic::error("too many combinations of axis values")
                        .at(&stage.place, "of the axes of this stage"),
                );
            }
            self.summaries
                .push(self.expansion.summary(index, &axes, &kinds));
        }
        self.kinds[index] = Some(kinds);
        self.axes[index] = Some(axes);
    }
}
