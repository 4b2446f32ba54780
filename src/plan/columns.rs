//! Names of columns that parameters give, against the axes and numbers that come in: a slip is told when
//! planning, not when everything before the table or figure has run.

use std::collections::BTreeSet;
use std::collections::HashSet;
use std::sync::Arc;

use crate::manifest::Experiment;
use crate::registry::ArtifactType;
use crate::registry::Outputs;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::closest;
use crate::text::did_you_mean;
use crate::text::list_of;

use super::From;
use super::Step;

/// The slot that columns are taken from.
const ROWS: &str = "rows";

/// Parameters whose values are names of columns, wherever rows are read.
const COLUMNS: [&str; 17] = [
    "by",
    "color",
    "columns",
    "compare",
    "facet",
    "facet_col",
    "facet_row",
    "marker",
    "over",
    "parameters",
    REPLICATE,
    "value",
    "values",
    "x",
    "x_error",
    "y",
    "y_error",
];

/// Parameters that keep rows apart, or together.
const TOLD_APART: [&str; 3] = ["by", "compare", REPLICATE];

/// The one that is an axis in any case.
const REPLICATE: &str = "replicate";

/// Columns that figures make themselves, and that come with any number.
const MADE: [&str; 4] = ["diverged", "metric", "rank", "trial"];

/// Takes parameters of the experiment that are no axis in it out of what is told apart and reduced: a
/// pipeline names them for the profiles in which they take several values. The steps before `from` stay.
pub(super) fn settle(steps: &mut [Arc<Step>], from: usize, experiment: &Experiment) {
    let columns = experiment.grid.columns();
    let is_constant = |name: &str| {
        let at = columns.index(name);
        at.is_some_and(|at| !columns.get(at).axis)
    };
    for at in from..steps.len() {
        let step = &steps[at];
        let is_list = |param: &&&str| {
            let value = step.params.get(**param);
            value.is_some_and(|value| names(value).into_iter().any(is_constant))
        };
        let params: Vec<&str> = TOLD_APART.iter().filter(is_list).copied().collect();
        if params.is_empty() || !step.kind.inputs().iter().any(|slot| slot.name == ROWS) {
            continue;
        }
        if has_columns_of_its_own(step, steps) {
            continue;
        }
        let step = Arc::make_mut(&mut steps[at]);
        let values = Arc::make_mut(&mut step.params);
        for param in params {
            match values.get_mut(param) {
                Some(Value::List(names)) => {
                    names.retain(|name| !name.as_str().is_some_and(is_constant));
                    if names.is_empty() && param != "by" {
                        values.remove(param);
                    }
                }
                _ => _ = values.remove(param),
            }
        }
    }
}

/// Whether the rows that a step reads come from a file, a program or a table made of anything but rows, in part at
/// least: these may call a column as a parameter is called.
fn has_columns_of_its_own(step: &Step, steps: &[Arc<Step>]) -> bool {
    let mut seen = HashSet::new();
    let mut left: Vec<&Step> = vec![step];
    while let Some(step) = left.pop() {
        for item in step.inputs.iter().flat_map(|input| &input.items) {
            let From::Step { step: made, .. } = &item.from else {
                return true;
            };
            if !seen.insert(*made) {
                continue;
            }
            let made = &steps[made.index()];
            let tables = made
                .outputs()
                .iter()
                .any(|(_, ty)| *ty == ArtifactType::Table);
            let of_rows = || made.kind.inputs().iter().any(|slot| slot.name == ROWS);
            if tables
                && (made.inputs.is_empty()
                    || matches!(made.kind.outputs(), Outputs::Declared)
                    || made.kind.name().starts_with("table/") && !of_rows())
            {
                return true;
            }
            if tables {
                left.push(made);
            }
        }
    }
    false
}

/// Says which parameters name columns that there will not be, once for each of a stage.
pub(super) fn check(steps: &[Arc<Step>], experiment: &Experiment, found: &mut Diagnostics) {
    let mut said = HashSet::new();
    for step in steps {
        let reads_rows = step.kind.inputs().iter().any(|slot| slot.name == ROWS);
        if !reads_rows || said.contains(&step.stage) {
            continue;
        }
        let named: Vec<(&str, Vec<&str>)> = COLUMNS
            .iter()
            .filter_map(|name| Some((*name, names(step.params.get(*name)?))))
            .collect();
        if named.is_empty() {
            continue;
        }
        let Some(known) = Known::of(step, steps) else {
            continue;
        };
        for (param, names) in named {
            for name in names {
                if let Some(wrong) = known.lacks(step, experiment, param, name) {
                    said.insert(Arc::clone(&step.stage));
                    found.push(wrong);
                }
            }
        }
    }
}

fn names(value: &Value) -> Vec<&str> {
    match value {
        Value::Str(name) => vec![name],
        Value::List(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// What is known of the columns of the rows that a step reads.
struct Known<'s> {
    axes: BTreeSet<&'s str>,
    numbers: BTreeSet<&'s str>,
    /// Some of the rows may have numbers that only their program knows.
    open: bool,
}

impl<'s> Known<'s> {
    /// None where tables come in, which have columns of their own.
    fn of(step: &'s Step, steps: &'s [Arc<Step>]) -> Option<Known<'s>> {
        let mut known = Known {
            axes: BTreeSet::new(),
            numbers: BTreeSet::new(),
            open: false,
        };
        let mut kinds = HashSet::new();
        let inputs = step.inputs.iter().filter(|input| *input.slot == *ROWS);
        for item in inputs.flat_map(|input| &input.items) {
            let From::Step { step: made, output } = &item.from else {
                return None;
            };
            let made = &steps[made.index()];
            let own = made.outputs();
            let is_metrics = |(name, ty): &(std::borrow::Cow<'_, str>, ArtifactType)| {
                *ty == ArtifactType::Metrics
                    && output.as_ref().is_none_or(|output| **output == **name)
            };
            let passed_on = !own
                .iter()
                .any(|(name, _)| Some(&**name) == output.as_deref());
            if !own.iter().any(is_metrics) && !passed_on {
                return None;
            }
            known.axes.extend(item.cell.iter().map(|(axis, _)| axis));
            if let Some(Value::Map(said)) = item.description() {
                let maps = said.iter().filter_map(|(_, names)| match names {
                    Value::Map(names) => Some(names),
                    _ => None,
                });
                known
                    .numbers
                    .extend(maps.flat_map(|names| names.iter().map(|(name, _)| name.as_str())));
            }
            if kinds.insert(made.kind.name()) {
                let measures = made.kind.measures();
                // Trainings and programs leave numbers that only they know.
                let closed = made.kind.name().starts_with("evaluate/") && !measures.is_empty();
                known.open |= !closed;
                known
                    .numbers
                    .extend(measures.iter().map(|measure| measure.name));
            }
        }
        (!kinds.is_empty()).then_some(known)
    }

    /// What to say of a name that none of the columns has.
    fn lacks(
        &self,
        step: &Step,
        experiment: &Experiment,
        param: &str,
        name: &str,
    ) -> Option<Diagnostic> {
        let reported = name.strip_prefix("reported.").unwrap_or(name);
        if self.axes.contains(reported) || self.numbers.contains(name) || MADE.contains(&name) {
            return None;
        }
        let all = || self.axes.iter().chain(&self.numbers).copied();
        let stage = experiment
            .pipeline
            .stages
            .iter()
            .find(|stage| stage.name == step.stage);
        let argument =
            stage.and_then(|stage| stage.with.iter().find(|given| *given.name == *param));
        // What the manifest does not say is a default of the kind, or an objective of the search.
        let place = &argument?.value.place;
        let is_axis = experiment.grid.columns().index(name).is_some();
        let unused = is_axis.then(|| {
            format!(
                "it is a parameter that nothing before these rows uses: `\"${{{name}}}\"` under a `with`"
            )
        });
        if param == REPLICATE {
            let wrong = Diagnostic::error(format!("`{name}` is no axis of these rows"))
                .at(place, "repetitions are along an axis");
            let axes = self.axes.iter().copied();
            let help = unused.or_else(|| did_you_mean(name, axes, "the axes are"));
            return Some(wrong.maybe_help(help));
        }
        if !self.open {
            let has = list_of(all().collect::<Vec<_>>());
            let wrong = Diagnostic::error(format!("these rows have no column `{name}`"))
                .at(place, "neither an axis nor a number that comes in");
            let help = unused.unwrap_or_else(|| match closest(name, all()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("they have {has}"),
            });
            return Some(wrong.help(help));
        }
        let meant = closest(name, all())?;
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
