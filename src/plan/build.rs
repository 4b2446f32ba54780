//! Cells to steps: every stage at every cell of its axes, each step with the steps that it reads.

use std::path::Path;
use std::sync::Arc;

use petgraph::graph::DiGraph;
use petgraph::graph::NodeIndex;

use crate::manifest::Experiment;
use crate::manifest::Overrides;
use crate::manifest::Reading;
use crate::registry::Catalog;
use crate::text::Diagnostics;

use super::From;
use super::KnownColumns;
use super::StageSummary;
use super::Step;
use super::StepId;
use super::columns;
use super::foresee::Foreseen;
use super::mandatory;
use super::objectives;
use super::outline;
use super::planner::LeftOut;
use super::planner::Planner;
use super::repeated;
use super::unread;
use super::warnings;

/// Everything that an experiment has to do.
pub struct Plan {
    pub experiment: Experiment,
    /// In topological order; those of a stage stand together.
    pub steps: Vec<Arc<Step>>,
    /// In topological order.
    pub stages: Vec<StageSummary>,
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

    /// What is known of the columns of what steps leave and read.
    pub fn known_columns(&self) -> KnownColumns<'_> {
        KnownColumns::new(&self.steps)
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
fn build(experiment: Experiment, catalog: &Catalog, found: &mut Diagnostics) -> Option<Plan> {
    let Expanded {
        mut steps, stages, ..
    } = expand(&experiment, catalog, found)?;
    unread::check(&experiment, &steps, &stages, found);
    outline::fill(&mut steps, &stages);
    Some(Plan {
        experiment,
        steps,
        stages,
    })
}

/// The steps and stages of an experiment as it stands.
pub(super) struct Expanded {
    pub steps: Vec<Arc<Step>>,
    pub stages: Vec<StageSummary>,
    /// Stages that make no steps, because what they need of others is gone for this run.
    pub left_out: LeftOut,
}

/// Expands an experiment; none where something is wrong. Without a stage that has to be left out others may lack
/// what they read, which is seen when all is made again.
pub(super) fn expand(
    experiment: &Experiment,
    catalog: &Catalog,
    found: &mut Diagnostics,
) -> Option<Expanded> {
    let mut left_out = LeftOut::new();
    loop {
        let known = left_out.len();
        let (steps, stages) = expand_without(&mut left_out, experiment, catalog, found)?;
        if left_out.len() == known {
            return Some(Expanded {
                steps,
                stages,
                left_out,
            });
        }
    }
}

fn expand_without(
    left_out: &mut LeftOut,
    experiment: &Experiment,
    catalog: &Catalog,
    found: &mut Diagnostics,
) -> Option<(Vec<Arc<Step>>, Vec<StageSummary>)> {
    let mut planner = Planner::new(experiment, catalog, left_out.clone(), found);
    let stages = planner.plan(experiment, found);
    if planner.deep {
        warnings::unused(experiment, found);
    }
    let mut steps = planner.expansion.steps;
    mandatory::check(&steps, experiment, found);
    if !found.has_errors() {
        objectives::fill(&mut steps, &stages, experiment, found);
        columns::settle(&mut steps, 0, experiment);
        Foreseen::default().check(&steps, experiment, found);
        columns::check(&steps, experiment, left_out, found);
    }
    // A name that is no axis tells nothing apart: it was told.
    if !found.has_errors() {
        repeated::check(&steps, found);
        repeated::check_kept(&steps, found);
        repeated::check_single(&steps, found);
    }
    (!found.has_errors()).then_some((steps, stages))
}
