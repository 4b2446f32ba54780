//! Plans to which cells are added, as searches do: what is planned stays as it is.

use std::sync::Arc;

use crate::manifest::Experiment;
use crate::manifest::Reading;
use crate::registry::Catalog;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::did_you_mean;

use super::Cell;
use super::Plan;
use super::Step;
use super::build;
use super::columns;
use super::foresee::Foreseen;
use super::objectives;
use super::open::OpenStages;
use super::outline;
use super::planner::Planner;

/// A plan with axes that are open: they get values until it is closed. Stages that reduce such an axis,
/// and what reads them, have no steps before.
pub struct GrowingPlan {
    plan: Plan,
    /// What there is to say that is no mistake.
    pub warnings: Diagnostics,
    planner: Planner,
    foreseen: Foreseen,
    closed: bool,
}

/// What cells brought that were added.
pub struct Grown {
    /// Numbered on from the last step of the plan, needs before what needs them.
    pub steps: Vec<Arc<Step>>,
    pub warnings: Diagnostics,
}

impl GrowingPlan {
    /// Plans what was read, with these axes open.
    ///
    /// # Errors
    /// All mistakes, also those of stages that have no steps yet; names that are no axis.
    pub fn of(reading: Reading, catalog: &Catalog, open: &[&str]) -> Result<Self, Diagnostics> {
        let mut found = reading.found;
        let Some(experiment) = reading.experiment else {
            return Err(found);
        };
        let axes = columns(&experiment, open, &mut found);
        // What waits is planned on trial, so that its mistakes are said now and not when it is due.
        let Some(expanded) = build::expand(&experiment, catalog, &mut found) else {
            return Err(found);
        };
        // Everything was said.
        let mut again = Diagnostics::new();
        let mut planner = Planner::new(&experiment, catalog, expanded.left_out, &mut again);
        planner.open = Some(OpenStages::new(axes, experiment.pipeline.stages.len()));
        let stages = planner.plan(&experiment, &mut again);
        let steps = std::mem::take(&mut planner.expansion.steps);
        let mut foreseen = Foreseen::default();
        foreseen.check(&steps, &experiment, &mut again);
        Ok(GrowingPlan {
            plan: Plan {
                experiment,
                steps,
                stages,
            },
            warnings: found,
            planner,
            foreseen,
            closed: false,
        })
    }

    /// What is planned so far.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The plan as it stands; what was to be added later never is.
    pub fn into_plan(self) -> Plan {
        self.plan
    }

    /// Adds cells. Each names a value for one or several open axes, and may name values of others, among
    /// those that there are, to choose where: it stands for all cells of the manifest with these
    /// values in place of their own.
    ///
    /// # Errors
    /// What is wrong with the cells, their steps included; then none was added.
    pub fn extend(&mut self, cells: &[Cell]) -> Result<Grown, Diagnostics> {
        let mut found = Diagnostics::new();
        if self.closed {
            found.push(Diagnostic::error(
                "no cells can be added: the plan is closed",
            ));
            return Err(found);
        }
        let before = self.plan.experiment.grid.len();
        for cell in cells {
            if let Err(said) = self.add(cell) {
                found.push(said);
            }
        }
        if found.has_errors() {
            self.plan.experiment.grid.truncate(before);
            return Err(found);
        }
        self.grow(before, None, found)
    }

    /// Adds the steps that waited for the last cell. A plan that is closed already gets none.
    ///
    /// # Errors
    /// What is wrong with these steps; then the plan is still open.
    pub fn close(&mut self) -> Result<Grown, Diagnostics> {
        let found = Diagnostics::new();
        if self.closed {
            return Ok(Grown {
                steps: Vec::new(),
                warnings: found,
            });
        }
        let grid = &self.plan.experiment.grid;
        let (cells, order) = (grid.len(), grid.in_axis_order());
        let grown = self.grow(cells, Some(&order), found)?;
        self.closed = true;
        Ok(grown)
    }

    fn grow(
        &mut self,
        cells_before: usize,
        order: Option<&[u32]>,
        mut found: Diagnostics,
    ) -> Result<Grown, Diagnostics> {
        let GrowingPlan {
            plan,
            planner,
            foreseen,
            ..
        } = self;
        // Nobody else holds projections while they grow.
        for stage in &mut plan.stages {
            stage.projection = None;
        }
        let before = plan.steps.len();
        planner.expansion.steps = std::mem::take(&mut plan.steps);
        let replaced = planner.grow(&plan.experiment, order, &mut found);
        if !found.has_errors() {
            foreseen.check(&planner.expansion.steps, &plan.experiment, &mut found);
        }
        let failed = found.has_errors();
        if failed {
            planner.restore(replaced, before, cells_before);
            foreseen.truncate(before);
            plan.experiment.grid.truncate(cells_before);
        }
        plan.steps = std::mem::take(&mut planner.expansion.steps);
        planner.complete(&plan.experiment, &mut plan.stages);
        if failed {
            return Err(found);
        }
        if order.is_some() {
            outline::fill(&mut plan.steps[before..], &plan.stages);
            let (steps, stages) = (&mut plan.steps[before..], &plan.stages);
            objectives::fill(steps, stages, &plan.experiment, &mut found);
            columns::settle(&mut plan.steps, before, &plan.experiment);
        }
        Ok(Grown {
            steps: plan.steps[before..].to_vec(),
            warnings: found,
        })
    }

    /// Adds what one cell stands for to the grid.
    fn add(&mut self, cell: &Cell) -> Result<usize, Diagnostic> {
        let experiment = &mut self.plan.experiment;
        let columns = experiment.grid.columns();
        let open = self.planner.open.as_ref();
        let is_open = |column: usize| open.is_some_and(|open| open.axes.contains(&column));
        let mut named = Vec::new();
        for (name, value) in cell.iter() {
            // Of what is no axis the grid tells.
            let Some(index) = columns.index(name) else {
                continue;
            };
            named.push(index);
            let column = columns.get(index);
            let canonical = column.ty.conform(value.clone());
            let known = canonical.is_ok_and(|value| column.id_of(&value).is_some());
            if !is_open(index) && !known {
                let title = format!("`{name}` is never `{value}`, and gets no more values");
                let values: Vec<String> = column.values().iter().map(ToString::to_string).collect();
                let values = values.iter().map(String::as_str);
                let help = did_you_mean(&value.to_string(), values, "its values are");
                return Err(Diagnostic::error(title).maybe_help(help));
            }
        }
        if !named.iter().any(|column| is_open(*column)) {
            return Err(Diagnostic::error(format!(
                "the cell `{cell}` has no value on an open axis"
            )));
        }
        for axis in &experiment.axes {
            let here = axis.columns.iter().filter(|column| named.contains(column));
            let here = here.count();
            if here > 0 && here < axis.columns.len() && axis.columns.iter().any(|c| is_open(*c)) {
                let title = format!("`{}` takes its values together", axis.name);
                return Err(Diagnostic::error(title)
                    .at(&axis.place, format!("not all are in the cell `{cell}`")));
            }
        }
        let values: Vec<_> = cell
            .iter()
            .map(|(name, value)| (name, value.clone()))
            .collect();
        experiment.grid.extend(&values)
    }
}

/// The columns of open axes.
fn columns(experiment: &Experiment, open: &[&str], found: &mut Diagnostics) -> Vec<usize> {
    let mut columns = Vec::new();
    for name in open {
        let known = experiment.grid.columns();
        let index = known.index(name).filter(|index| known.get(*index).axis);
        let axis = experiment.axes.iter().find(|axis| {
            *axis.name == **name || index.is_some_and(|index| axis.columns.contains(&index))
        });
        match (axis, index) {
            (Some(axis), _) if axis.variants => found.push(
                Diagnostic::error(format!("`{name}` cannot be open"))
                    .at(&axis.place, "has variants, which only the manifest can add"),
            ),
            (Some(axis), _) => columns.extend(&axis.columns),
            (None, Some(index)) => columns.push(index),
            (None, None) => {
                let axes = experiment.axes.iter().map(|axis| &*axis.name);
                found.push(
                    Diagnostic::error(format!("unknown axis `{name}`")).maybe_help(did_you_mean(
                        name,
                        axes,
                        "its axes are",
                    )),
                );
            }
        }
    }
    columns
}
