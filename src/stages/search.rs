//! What a search optimises: whether the plan has it, and what came of each trial.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use super::results::METRICS;
use super::results::Results;
use crate::manifest::Objective;
use crate::manifest::Search;
use crate::manifest::ValueId;
use crate::plan::Plan;
use crate::plan::StageSummary;
use crate::plan::StepId;
use crate::registry::Columns;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::closest;
use crate::text::did_you_mean;
use crate::text::list_of;

/// What is wrong with the search of a plan, and what is worth a word.
pub fn check_search(plan: &Plan) -> Diagnostics {
    let mut found = Diagnostics::new();
    let Some(search) = &plan.experiment.search else {
        return found;
    };
    for objective in &search.objectives {
        if let Err(wrong) = check_objective(plan, search, objective, &mut found) {
            found.push(wrong);
        }
    }
    if !found.has_errors() {
        found.extend(without_effect(plan, search));
    }
    found
}

/// Parameters that none of the objectives depends on.
fn without_effect(plan: &Plan, search: &Search) -> Diagnostics {
    let mut found = Diagnostics::new();
    let stages = search.objectives.iter();
    let stages: Vec<_> = stages.filter_map(|o| stage_of(plan, &o.stage)).collect();
    let Some(first) = search.objectives.first() else {
        return found;
    };
    let reaches = |name: &&str| {
        let mut axes = stages.iter().flat_map(|stage| &stage.axes);
        axes.any(|axis| **axis == **name)
    };
    let decides = |name: &&str| search.deciding.iter().any(|known| known == name);
    for name in search
        .parameters()
        .filter(|name| !reaches(name) && !decides(name))
    {
        let names: BTreeSet<&str> = search.objectives.iter().map(|o| o.stage.as_str()).collect();
        let does = if names.len() == 1 { "does" } else { "do" };
        let names = list_of(names);
        found.push(
            Diagnostic::warning(format!("`{name}` does not change what is optimised"))
                .at(&first.place, format!("{names} {does} not depend on it"))
                .also(&search.place, "searched here"),
        );
    }
    found
}

fn check_objective(
    plan: &Plan,
    search: &Search,
    objective: &Objective,
    found: &mut Diagnostics,
) -> Result<(), Diagnostic> {
    let name = &objective.stage;
    let place = &objective.place;
    let Some(stage) = stage_of(plan, name) else {
        let stages = plan.stages.iter().map(|stage| &*stage.name);
        return Err(Diagnostic::error(format!("no stage `{name}`"))
            .at(place, "what is optimised is a number that a stage leaves")
            .maybe_help(did_you_mean(name, stages, "stages")));
    };
    if plan.experiment.grid.is_empty() {
        // Conditions have left out all trials so far: the next ones tell.
        return Ok(());
    }
    let results = Results {
        plan,
        store: None,
        by_step: Vec::new(),
        open: Vec::new(),
    };
    if !results.measuring().any(|measuring| *measuring == **name) {
        let measuring: Vec<&str> = results.measuring().collect();
        return Err(
            Diagnostic::error(format!("stage `{name}` leaves no numbers"))
                .at(place, "what is optimised is a number")
                .maybe_help(match measuring.is_empty() {
                    true => None,
                    false => Some(format!("stages that do: {}", list_of(measuring))),
                }),
        );
    }
    check_column(plan, stage, objective, found)?;
    let columns = plan.experiment.grid.columns();
    let searched: Vec<&str> = search.parameters().collect();
    let reaches = |name: &&str| stage.axes.iter().any(|axis| **axis == **name);
    if !searched.iter().any(&reaches) {
        let wrong = Diagnostic::error(format!("no parameter of the search reaches `{name}`"))
            .at(place, "it is the same in all trials")
            .also(&search.place, "searched here");
        return Err(match stage.reduces.is_empty() {
            true => wrong.help(format!(
                "`{name}`, or what it reads, has to use one of {}",
                list_of(searched)
            )),
            false => wrong.help(format!(
                "`{name}` reduces {}",
                list_of(stage.reduces.iter().map(|a| &**a))
            )),
        });
    }
    if let Some(budget) = &search.budget
        && !reaches(&budget.name.as_str())
    {
        return Err(Diagnostic::error(format!(
            "the budget `{}` does not reach `{name}`",
            budget.name
        ))
        .at(place, "it is the same with every part of the budget")
        .also(&search.place, "searched here")
        .help(format!(
            "a training that `{name}` reads has to have it: `with: {{{0}: \"${{{0}}}\"}}`",
            budget.name
        )));
    }
    for axis in &stage.axes {
        let budget = search.budget.as_ref();
        let is_budget = budget.is_some_and(|budget| budget.name == **axis);
        if is_budget || searched.contains(&&**axis) {
            continue;
        }
        let info = plan.experiment.axes.iter().find(|info| {
            let mut own = info.columns.iter();
            own.any(|column| columns.get(*column).name == *axis)
        });
        let wrong = match info {
            Some(info) if info.seeds && info.on_demand.is_none() => continue,
            Some(info) if info.seeds => Diagnostic::error(format!(
                "`{axis}` has more values once all trials have ended"
            ))
            .at(&info.place, "a trial would be another one then")
            .also(place, "optimised here")
            .help(format!("give it a number of seeds: `{axis}: {{seeds: 3}}`")),
            _ => {
                let wrong = Diagnostic::error(format!("`{name}` is several numbers in each trial"))
                    .at(place, format!("one for each `{axis}`"));
                let wrong = match info {
                    Some(info) => {
                        wrong.also(&info.place, "an axis that is neither searched nor of seeds")
                    }
                    None => wrong,
                };
                wrong.help(format!(
                    "search `{axis}` as well, or optimise a stage that is `over: [{axis}]`"
                ))
            }
        };
        return Err(wrong);
    }
    Ok(())
}

/// Whether the stage leaves such a number, as far as that is known before it runs.
fn check_column(
    plan: &Plan,
    stage: &StageSummary,
    objective: &Objective,
    found: &mut Diagnostics,
) -> Result<(), Diagnostic> {
    let column = objective.column.as_str();
    let steps = stage.steps.iter().map(|id| plan.step(*id));
    let measures: Vec<_> = steps.flat_map(|step| step.kind.measures()).collect();
    if let Some(measure) = measures.iter().find(|measure| measure.name == column) {
        let higher = objective.direction == crate::search::Direction::Maximize;
        if measure
            .higher_is_better
            .is_some_and(|better| better != higher)
        {
            let (word, does) = match higher {
                true => ("lower", "maximised"),
                false => ("higher", "minimised"),
            };
            found.push(
                Diagnostic::warning(format!("`{column}` is better when it is {word}"))
                    .at(&objective.place, format!("{does} here")),
            );
        }
        return Ok(());
    }
    let grid = &plan.experiment.grid;
    if let Some(at) = grid.columns().index(column)
        && grid.columns().get(at).axis
    {
        let searched = plan
            .experiment
            .search
            .iter()
            .any(|search| search.columns.contains(&at));
        let is = if searched { "searched" } else { "an axis" };
        return Err(
            Diagnostic::error(format!("`{column}` is {is}, and no result")).at(
                &objective.place,
                "what is optimised is a number that the stage leaves",
            ),
        );
    }
    let columns = known_metrics(plan, stage);
    let known = || columns.numbers.names.iter().map(String::as_str);
    if columns.numbers.names.contains(column) {
        return Ok(());
    }
    if !columns.numbers.open {
        return Err(
            Diagnostic::error(format!("`{}` leaves no `{column}`", stage.name))
                .at(&objective.place, "no such number")
                .maybe_help(did_you_mean(column, known(), "it leaves")),
        );
    }
    if let Some(meant) = closest(column, known()) {
        found.push(
            Diagnostic::warning(format!("`{}` is not known to leave `{column}`", stage.name))
                .at(&objective.place, "optimised here")
                .help(format!("did you mean `{meant}`?")),
        );
    }
    Ok(())
}

/// What is known of the numbers that the steps of a stage leave, one of each kind.
pub(super) fn known_metrics(plan: &Plan, stage: &StageSummary) -> Columns {
    let known = plan.known_columns();
    let mut kinds = HashSet::new();
    let mut all = Columns::default();
    for step in stage.steps.iter().map(|id| plan.step(*id)) {
        if kinds.insert(step.kind.name()) {
            all.add(&known.output(step, METRICS));
        }
    }
    all
}

pub(super) fn stage_of<'p>(plan: &'p Plan, name: &str) -> Option<&'p StageSummary> {
    plan.stages.iter().find(|stage| *stage.name == *name)
}

/// By cell of the search, the steps of a stage.
pub fn steps_of_trials(plan: &Plan, search: &Search, name: &str) -> Vec<Vec<StepId>> {
    let mut steps: Vec<Vec<StepId>> = vec![Vec::new(); search.cells.len()];
    let Some(stage) = stage_of(plan, name) else {
        return steps;
    };
    let trials = search.cells.iter().map(|cell| cell.coordinates.as_slice());
    let trials: HashMap<&[ValueId], usize> = trials.zip(0..).collect();
    let grid = &plan.experiment.grid;
    let mut coordinates = Vec::with_capacity(search.columns.len());
    for cell in 0..grid.len() {
        coordinates.clear();
        coordinates.extend(search.columns.iter().map(|c| grid.coordinate(cell, *c)));
        let trial = trials.get(coordinates.as_slice());
        if let (Some(trial), Some(step)) = (trial, stage.step_of(cell))
            && !steps[*trial].contains(&step)
        {
            steps[*trial].push(step);
        }
    }
    steps
}
