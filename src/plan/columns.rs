//! Names of columns that parameters give, against the axes and numbers that come in: a slip is told when
//! planning, not when everything before the table or figure has run.

use std::collections::HashSet;
use std::sync::Arc;

use crate::manifest::Experiment;
use crate::registry::ArtifactType;
use crate::registry::Columns;
use crate::registry::Outputs;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Level;
use crate::text::closest;
use crate::text::did_you_mean;
use crate::text::list_of;

use super::From;
use super::Step;
use super::known_columns::KnownColumns;
use super::planner::LeftOut;

/// The slot of rows.
const ROWS: &str = "rows";

/// The slots that columns are taken from.
const SLOTS: [&str; 2] = [ROWS, "curves"];

/// Parameters whose values are names of columns, wherever rows are read.
const COLUMNS: [&str; 27] = [
    "budget",
    "by",
    "color",
    "columns",
    "compare",
    "facet",
    "facet_col",
    "facet_row",
    "heading",
    "log",
    "marker",
    "name",
    "of",
    "order",
    "others",
    "over",
    "parameters",
    "repeats",
    REPLICATE,
    "text",
    "value",
    "values",
    "word",
    "x",
    "x_error",
    "y",
    "y_error",
];

/// Parameters that keep rows apart, or together.
const TOLD_APART: [&str; 5] = ["by", "compare", "of", "repeats", REPLICATE];

/// Those of them that may be an empty list, and are not left out.
const LISTS: [&str; 2] = ["by", "of"];

/// The one that is an axis in any case.
const REPLICATE: &str = "replicate";

/// The one that rows get where a training diverged.
const DIVERGED: &str = "diverged";

/// Parameters that name numbers alone.
const NUMBERS: [&str; 5] = ["value", "values", "x_error", "y", "y_error"];

/// Shorter names differ from others by one letter without being a slip.
const SHORTEST: usize = 3;

/// Columns that figures make themselves.
const MADE: [&str; 3] = ["metric", "rank", "trial"];

/// Takes parameters of the experiment that are no axis in it, or have no value in any cell of this run, out of what is
/// told apart and reduced: a pipeline names them for the runs in which they take several values. The steps before `from`
/// stay.
pub(super) fn settle(steps: &mut [Arc<Step>], from: usize, experiment: &Experiment) {
    let columns = experiment.grid.columns();
    let is_constant = |name: &str| {
        let at = columns.index(name);
        at.is_some_and(|at| !columns.get(at).axis) || is_gone(experiment, name)
    };
    for at in from..steps.len() {
        let step = &steps[at];
        // A program's own slots are no rows of ours; asked of each of very many steps.
        if matches!(step.kind.outputs(), Outputs::Declared) {
            continue;
        }
        let is_list = |param: &&&str| {
            let value = step.params.get(param);
            value.is_some_and(|value| names(value).into_iter().any(is_constant))
        };
        let params: Vec<&str> = TOLD_APART.iter().filter(is_list).copied().collect();
        if params.is_empty() || !step.kind.inputs().iter().any(|slot| slot.name == ROWS) {
            continue;
        }
        // A table may call a column as a parameter is called.
        let own = KnownColumns::new(steps).made(step, ROWS);
        let is_constant = |name: &str| is_constant(name) && !own.axes.open && !own.has(name);
        let step = Arc::make_mut(&mut steps[at]);
        let values = Arc::make_mut(&mut step.params);
        for param in params {
            match values.get_mut(param) {
                Some(Value::List(names)) => {
                    names.retain(|name| !name.as_str().is_some_and(is_constant));
                    if names.is_empty() && !LISTS.contains(&param) {
                        values.remove(param);
                    }
                }
                Some(name) if LISTS.contains(&param) => *name = Value::List(Vec::new()),
                _ => _ = values.remove(param),
            }
        }
    }
}

/// Whether it is a name of the manifest that has a value in no cell of this run.
fn is_gone(experiment: &Experiment, name: &str) -> bool {
    let grid = &experiment.grid;
    let mut cells = 0..grid.len();
    experiment.lacks_cells()
        && grid.columns().index(name).is_some()
        && cells.all(|cell| grid.value(cell, name).is_none())
}

/// Says which parameters name columns that there will not be, once for each of a stage. Where cells may be gone for
/// this run alone a stage without its columns is `left_out`, and the plan is to be made without it.
pub(super) fn check(
    steps: &[Arc<Step>],
    experiment: &Experiment,
    left_out: &mut LeftOut,
    found: &mut Diagnostics,
) {
    let known = KnownColumns::new(steps);
    let mut said = HashSet::new();
    for step in steps {
        let inputs = step.kind.inputs();
        let Some(slot) = inputs.iter().find(|slot| SLOTS.contains(&slot.name)) else {
            continue;
        };
        if said.contains(&step.stage) {
            continue;
        }
        let named: Vec<(&str, Vec<&str>)> = COLUMNS
            .iter()
            .filter_map(|name| Some((*name, names(step.params.get(name)?))))
            .collect();
        // An optional slot may have nothing in it.
        let is_bound = step.inputs.iter().any(|input| *input.slot == *slot.name);
        if named.is_empty() || !is_bound {
            continue;
        }
        let reads = Read {
            step,
            steps,
            experiment,
            columns: known.read(step, slot.name),
        };
        for (param, names) in named {
            for name in names {
                if let Some(wrong) = reads.lacks(param, name) {
                    said.insert(Arc::clone(&step.stage));
                    let gone = experiment.lacks_cells() && wrong.level == Level::Error;
                    found.push(match gone && reads.may_be_there(name) {
                        true => {
                            left_out.insert(Arc::clone(&step.stage));
                            let stage = &step.stage;
                            wrong
                                .as_warning()
                                .help(format!("`{stage}` is left out of this run"))
                        }
                        false => wrong,
                    });
                }
            }
        }
    }
}

/// The known column that was likely meant by a name that may be one of numbers which nobody declared: only slips of the
/// keyboard are, and `k` for `n`, `acc1` for `acc5` or an axis for a number may be meant as they are.
fn likely<'c>(name: &str, param: &str, columns: &'c Columns) -> Option<&'c str> {
    let letters = |name: &str| -> String { name.chars().filter(|c| !c.is_ascii_digit()).collect() };
    let own = letters(name);
    let axes = columns
        .axes
        .names
        .iter()
        .filter(|_| !NUMBERS.contains(&param));
    let known = axes.chain(&columns.numbers.names).map(String::as_str);
    let known = known.filter(|known| known.chars().count() >= SHORTEST && letters(known) != own);
    let known = known.filter(|known| is_slip(name, known));
    closest(name, known).filter(|_| name.chars().count() >= SHORTEST)
}

/// Whether of two names with a point in them each part may be a slip of the other: `scores.cat` and `scores.dog` are two
/// members of one object.
fn is_slip(name: &str, known: &str) -> bool {
    let mut parts = name.split('.').zip(known.split('.'));
    let points = |name: &str| name.matches('.').count();
    points(name) != points(known)
        || points(name) == 0
        || parts.all(|(a, b)| a == b || closest(a, [b]).is_some())
}

fn names(value: &Value) -> Vec<&str> {
    match value {
        Value::Str(name) => vec![name],
        Value::List(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// A step with what is known of the columns of its rows.
struct Read<'s> {
    step: &'s Step,
    steps: &'s [Arc<Step>],
    experiment: &'s Experiment,
    columns: Columns,
}

impl Read<'_> {
    fn has(&self, name: &str) -> bool {
        let reported = name.strip_prefix("reported.").unwrap_or(name);
        let draws = || {
            let outputs = self.step.outputs();
            outputs.iter().any(|(_, ty)| *ty == ArtifactType::Figure)
        };
        self.columns.axes.names.contains(reported)
            || self.columns.has(name)
            || name == DIVERGED
            || MADE.contains(&name) && draws()
    }

    /// Whether it is a parameter that the search has under a condition which no trial has met so far.
    fn is_to_come(&self, name: &str) -> bool {
        self.experiment.search.as_ref().is_some_and(|search| {
            let mut conditional = search.space.parameters().iter();
            conditional.any(|own| own.name == name && own.when.is_some())
                && !search.points.iter().any(|point| point.contains_key(name))
        })
    }

    /// Whether a name that none of the columns has is no slip of one that is there: cells that are gone may have it.
    fn may_be_there(&self, name: &str) -> bool {
        let Columns { axes, numbers } = &self.columns;
        let all = axes.names.iter().chain(&numbers.names);
        self.experiment.grid.columns().index(name).is_some()
            || closest(name, all.map(String::as_str)).is_none()
    }

    /// Whether an axis is one of what the rows are made of.
    fn is_used(&self, axis: &str) -> bool {
        let mut left = vec![self.step];
        let mut seen = HashSet::new();
        while let Some(step) = left.pop() {
            for item in step.inputs.iter().flat_map(|input| &input.items) {
                if let From::Step { step: made, .. } = &item.from
                    && seen.insert(*made)
                {
                    let made = &self.steps[made.index()];
                    if made.cell.get(axis).is_some() {
                        return true;
                    }
                    left.push(made);
                }
            }
        }
        false
    }

    /// What to say of a name that none of the columns has.
    fn lacks(&self, param: &str, name: &str) -> Option<Diagnostic> {
        let Columns { axes, numbers } = &self.columns;
        if axes.open || self.has(name) || self.is_to_come(name) {
            return None;
        }
        let all = || axes.names.iter().chain(&numbers.names).map(String::as_str);
        let stages = &self.experiment.pipeline.stages;
        let stage = stages.iter().find(|stage| stage.name == self.step.stage)?;
        let argument = stage.with.iter().find(|given| *given.name == *param);
        // What the manifest does not say is a default of the kind, or an objective of the search.
        let place = &argument?.value.place;
        let gone = is_gone(self.experiment, name);
        let is_axis = self.experiment.grid.columns().index(name).is_some();
        let unused = is_axis.then(|| match self.is_used(name) {
            _ if gone => "no cell of this run has it".to_owned(),
            true => format!("what these rows are made of has `{name}`, and they have {}", list_of(all())),
            false => format!(
                "it is a parameter that nothing before these rows uses: `\"${{{name}}}\"` under a `with`"
            ),
        });
        if param == REPLICATE {
            let wrong = Diagnostic::error(format!("`{name}` is no axis of these rows"))
                .at(place, "repetitions are along an axis");
            let axes = axes.names.iter().map(String::as_str);
            let help = unused.or_else(|| did_you_mean(name, axes, "the axes are"));
            return Some(wrong.maybe_help(help));
        }
        if !numbers.open || gone {
            let has = list_of(all().collect::<Vec<_>>());
            let wrong = Diagnostic::error(format!("these rows have no column `{name}`"))
                .at(place, "neither an axis nor a number that comes in");
            let help = unused.unwrap_or_else(|| match closest(name, all()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("they have {has}"),
            });
            return Some(wrong.help(help));
        }
        // A search optimises it.
        let mut objectives = self.experiment.search.iter().flat_map(|s| &s.objectives);
        if objectives.any(|objective| objective.column == name) {
            return None;
        }
        let meant = likely(name, param, &self.columns)?;
        Some(
            Diagnostic::warning(format!(
                "these rows are not known to have a column `{name}`"
            ))
            .at(
                place,
                "neither an axis nor a number that is known to come in",
            )
            .help(format!("did you mean `{meant}`?")),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_one_object_are_no_slips_of_each_other() {
        assert!(!is_slip("per_class.dog", "per_class.cat"));
        assert!(is_slip("per_clas.cat", "per_class.cat"));
        assert!(is_slip("per_class.cat", "per_class.cats"));
        assert!(is_slip("los", "loss"));
    }
}
