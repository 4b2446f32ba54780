//! What a search optimises, told to the steps that make a front of it or draw its trials.
//!
//! The objectives are parameters like any others: they enter the key, so that a front is made anew where
//! the search optimises something else.

use std::collections::HashSet;
use std::sync::Arc;

use crate::manifest::Experiment;
use crate::registry::Fields;
use crate::registry::Outputs;
use crate::registry::Searched;
use crate::registry::Value;
use crate::registry::Values;
use crate::search::Direction;
use crate::text::Diagnostic;
use crate::text::Diagnostics;

use super::StageSummary;
use super::Step;

/// Gives the objectives to every step whose kind takes them and whose manifest names no columns; says
/// once for a stage where there are none to give.
pub(super) fn fill(
    steps: &mut [Arc<Step>],
    stages: &[StageSummary],
    experiment: &Experiment,
    found: &mut Diagnostics,
) {
    let mut said = HashSet::new();
    for step in steps {
        draw(step, experiment);
        let Some(columns) = step.kind.objectives() else {
            continue;
        };
        if step.params.contains_key(columns) {
            continue;
        }
        match objectives(columns, stages, experiment) {
            Ok(objectives) => {
                let params = Arc::make_mut(&mut Arc::make_mut(step).params);
                for (name, value) in objectives {
                    // What the manifest says of them stays.
                    if !params.contains_key(name) {
                        params.insert(name.to_owned(), value);
                    }
                }
            }
            Err(why) if said.insert(Arc::clone(&step.stage)) => found.push(
                Diagnostic::error(format!("`{}` has nothing to compare", step.kind.name()))
                    .at(&step.place, why)
                    .help(format!(
                        "name the columns: `with: {{{columns}: [loss, size]}}`"
                    )),
            ),
            Err(_) => {}
        }
    }
}

/// Fills what a figure, table or selection of trials takes of the search beside the columns that it compares.
fn draw(step: &mut Arc<Step>, experiment: &Experiment) {
    let chooses = || matches!(step.kind.outputs(), Outputs::PassedOn { .. });
    let Some(search) = experiment
        .search
        .as_ref()
        .filter(|_| step.kind.reduces_all() || chooses())
    else {
        return;
    };
    let objectives = search.objectives.iter();
    let reaches = |axis: &&str| {
        let mut items = step.inputs.iter().flat_map(|input| &input.items);
        step.cell.get(axis).is_none() && items.any(|item| item.cell.get(axis).is_some())
    };
    // Of tables that come in, nobody knows before they are made.
    let is_kept = |axis: &str| step.cell.get(axis).is_some();
    let budget = search.budget.as_ref();
    let budget = budget.filter(|budget| !is_kept(&budget.name));
    let searched = Searched {
        objectives: objectives
            .map(|objective| (objective.column.as_str(), word(objective.direction)))
            .collect(),
        seeds: seeds(experiment).filter(reaches).collect(),
        statistic: search.statistic.name(),
        parameters: search.parameters().filter(reaches).collect(),
        budget: budget.map(|budget| budget.name.as_str()),
        whole: budget.and_then(|budget| budget.halving.budgets().last().copied()),
    };
    let mut params = Values::clone(&step.params);
    step.kind.searched(&mut params, &searched);
    if params != *step.params {
        *Arc::make_mut(&mut Arc::make_mut(step).params) = params;
    }
}

fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Minimize => "minimize",
        Direction::Maximize => "maximize",
    }
}

/// The columns of the axes of seeds.
fn seeds(experiment: &Experiment) -> impl Iterator<Item = &str> {
    let columns = experiment.grid.columns();
    let seeds = experiment.axes.iter().filter(|axis| axis.seeds);
    seeds.flat_map(|axis| axis.columns.iter().map(|at| &*columns.get(*at).name))
}

/// The parameters that say what the search optimises, and how it makes one number of replicates.
fn objectives(
    columns: &'static str,
    stages: &[StageSummary],
    experiment: &Experiment,
) -> Result<[(&'static str, Value); 4], String> {
    let Some(search) = &experiment.search else {
        return Err("there is no search whose objectives it could take".to_owned());
    };
    let objectives = &search.objectives;
    if objectives.len() < 2 {
        return Err("a front is of two objectives at least, and the search has fewer".to_owned());
    }
    let mut directions = Fields::new();
    for objective in objectives {
        let way = word(objective.direction);
        let known = directions.insert(objective.column.clone(), Value::from(way));
        if known.is_some() {
            let column = &objective.column;
            return Err(format!(
                "two objectives of the search are called `{column}`"
            ));
        }
    }
    let names = objectives.iter().map(|objective| objective.column.as_str());
    let optimised = |stage: &&StageSummary| {
        let mut objectives = objectives.iter();
        objectives.any(|objective| *objective.stage == *stage.name)
    };
    let axes = stages
        .iter()
        .filter(optimised)
        .flat_map(|stage| &stage.axes);
    let seeds: Vec<&str> = seeds(experiment).collect();
    let mut replicates: Vec<&str> = axes
        .map(|axis| &**axis)
        .filter(|axis| seeds.contains(axis))
        .collect();
    replicates.sort_unstable();
    replicates.dedup();
    let list = |names: Vec<&str>| Value::List(names.into_iter().map(Value::from).collect());
    Ok([
        (columns, list(names.collect())),
        ("directions", Value::Map(directions)),
        ("replicate", list(replicates)),
        ("statistic", Value::from(search.statistic.name())),
    ])
}
