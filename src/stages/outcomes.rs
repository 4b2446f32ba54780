//! What came of each trial of a search, in the numbers that it optimises.

use serde_json::Value as Json;

use super::results::METRICS;
use super::results::Results;
use super::search::stage_of;
use super::search::steps_of_trials;
use super::whole::Replicate;
use super::whole::whole;
use crate::manifest::Objective;
use crate::manifest::Search;
use crate::plan::Plan;
use crate::plan::StepId;
use crate::registry::Value;
use crate::search::Outcome;
use crate::table::coordinate_key;
use crate::text::Diagnostic;
use crate::text::did_you_mean;

/// Of a text that stands where a number should.
const LONGEST_SHOWN: usize = 40;

/// What came of the cells of a search.
pub struct Outcomes {
    /// `None` where it is not known yet.
    pub by_cell: Vec<Option<Outcome>>,
    /// Whether conditions or `exclude` leave nothing of it.
    pub left_out: Vec<bool>,
    /// Whether it lacks replicates that others have: its number is a mean over fewer of them.
    pub short: Vec<bool>,
    pub odd: Vec<Odd>,
}

/// A result that has no number where others have one.
pub struct Odd {
    pub step: StepId,
    /// Among the objectives of the search.
    pub objective: usize,
    /// `no `loss``, or what stands there.
    pub why: String,
}

/// What came of each cell of the search. `failed` says of a step whether it cannot have a result. A result
/// without a number counts as one that is not finite.
///
/// # Errors
/// Where no result has such a number, or one cannot be read.
pub fn outcomes(
    results: &Results<'_>,
    failed: impl Fn(StepId) -> bool,
) -> Result<Outcomes, Diagnostic> {
    let mut odd = Vec::new();
    let Some(search) = &results.plan.experiment.search else {
        return Ok(Outcomes {
            by_cell: Vec::new(),
            left_out: Vec::new(),
            short: Vec::new(),
            odd,
        });
    };
    let mut left_out = vec![false; search.cells.len()];
    let mut short = vec![false; search.cells.len()];
    let mut trials: Vec<Option<Vec<f64>>> = vec![Some(Vec::new()); search.cells.len()];
    for (at, objective) in search.objectives.iter().enumerate() {
        let steps = steps_of_trials(results.plan, search, &objective.stage);
        for ((left_out, steps), cell) in left_out.iter_mut().zip(&steps).zip(&search.cells) {
            *left_out |= steps.is_empty() && !cell.refused;
        }
        for (short, whole) in short
            .iter_mut()
            .zip(whole_trials(results.plan, search, &steps))
        {
            *short |= !whole;
        }
        let (mut has, mut first): (bool, Option<Diagnostic>) = (false, None);
        for (trial, steps) in trials.iter_mut().zip(steps) {
            let mut values = Vec::with_capacity(steps.len());
            for id in steps {
                let found = match failed(id) {
                    true => Found::Nothing,
                    false => number(results, objective, id)?,
                };
                values.push(match found {
                    Found::NotYet => None,
                    Found::Nothing => Some(f64::NAN),
                    Found::Number(number) => {
                        has = true;
                        Some(number)
                    }
                    Found::Other { why, help } => {
                        first.get_or_insert_with(|| {
                            let step = results.plan.step(id).to_string();
                            let title = format!("`{}` left {why}", objective.stage);
                            Diagnostic::error(title)
                                .at(&objective.place, format!("asked of `{step}`"))
                                .maybe_help(help)
                        });
                        odd.push(Odd {
                            step: id,
                            objective: at,
                            why,
                        });
                        Some(f64::NAN)
                    }
                });
            }
            let known: Option<Vec<f64>> = values.into_iter().collect();
            *trial = known.zip(trial.take()).map(|(values, mut costs)| {
                let value = search.statistic.of_numbers(values);
                costs.push(objective.direction.cost(value));
                costs
            });
        }
        // What none has is no slip of one trial.
        if let Some(wrong) = first.filter(|_| !has) {
            return Err(wrong);
        }
    }
    let by_cell = trials.into_iter().map(|costs| costs.map(Outcome::of));
    Ok(Outcomes {
        by_cell: by_cell.collect(),
        left_out,
        short,
        odd,
    })
}

/// By cell of the search, whether it has all replicates that any has, as `select` and `table/best` ask it.
fn whole_trials(plan: &Plan, search: &Search, steps: &[Vec<StepId>]) -> Vec<bool> {
    let columns = plan.experiment.grid.columns();
    let searched = search.columns.iter();
    let searched: Vec<&str> = searched.map(|at| &*columns.get(*at).name).collect();
    let stage = steps.iter().flatten().next();
    let stage = stage.and_then(|id| stage_of(plan, &plan.step(*id).stage));
    let axes = stage.iter().flat_map(|stage| &stage.axes);
    let axes: Vec<&str> = axes.map(|axis| &**axis).collect();
    let axes: Vec<&str> = axes
        .into_iter()
        .filter(|axis| !searched.contains(axis))
        .collect();
    if axes.is_empty() {
        return vec![true; steps.len()];
    }
    let replicate = |id: &StepId| -> Replicate {
        let cell = &plan.step(*id).cell;
        let value = |axis: &&str| serde_json::to_value(cell.get(axis)?).ok();
        let values = axes.iter().map(value);
        values
            .map(|value| value.as_ref().map(coordinate_key))
            .collect()
    };
    let of_trial = |steps: &Vec<StepId>| steps.iter().map(replicate).collect();
    let replicates: Vec<Vec<Replicate>> = steps.iter().map(of_trial).collect();
    whole(&replicates, &[])
}

/// What a step has of an objective.
enum Found {
    NotYet,
    /// It failed, or the training diverged.
    Nothing,
    /// Written as a number, or as one that is none.
    Number(f64),
    /// Nothing of the name, or nothing that is a number.
    Other {
        why: String,
        help: Option<String>,
    },
}

/// What one replicate has.
///
/// # Errors
/// Where its result cannot be read.
fn number(results: &Results<'_>, objective: &Objective, id: StepId) -> Result<Found, Diagnostic> {
    let column = &objective.column;
    let Some(result) = results.result(id) else {
        return Ok(Found::NotYet);
    };
    if result.diverged.is_some() {
        return Ok(Found::Nothing);
    }
    let other = |why: String, help| Ok(Found::Other { why, help });
    let numbers = match results.numbers(results.plan.step(id)) {
        Ok(Some(numbers)) => numbers,
        Ok(None) => return other(format!("no `{METRICS}`"), None),
        Err(error) => {
            let step = results.plan.step(id).to_string();
            return Err(Diagnostic::error(error.to_string())
                .at(&objective.place, format!("asked of `{step}`")));
        }
    };
    match numbers.get(column) {
        // As numbers that are none are written.
        Some(Json::Null) => Ok(Found::Number(f64::NAN)),
        Some(Json::Number(number)) => Ok(Found::Number(number.as_f64().unwrap_or(f64::NAN))),
        Some(Json::String(text)) => match text.parse::<f64>() {
            Ok(number) if !number.is_finite() => Ok(Found::Number(number)),
            _ => {
                let short: String = text.chars().take(LONGEST_SHOWN).collect();
                other(format!("text as `{column}`, `{short}`"), None)
            }
        },
        Some(value) => other(format!("no number as `{column}`, but {value}"), None),
        None => {
            let known = numbers.keys().map(String::as_str);
            let help = did_you_mean(column, known, "it left");
            let metrics = results.plan.step(id).params.get("metrics");
            let printed = metrics.and_then(Value::as_str) == Some("stdout");
            let help = help.map(|help| match printed {
                true => format!("{help}; of what a program prints numbers are taken, and no text"),
                false => help,
            });
            other(format!("no `{column}`"), help)
        }
    }
}
