//! `???` in a file of parameters: the value is one that whoever uses it has to give, as Hydra and OmegaConf have it. Nothing
//! is started with that text in its place.

use std::sync::Arc;

use crate::manifest::Experiment;
use crate::manifest::params_file::MANDATORY;
use crate::registry::Value;
use crate::registry::Values;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;

use super::Step;
use super::wiring::expressions;

/// Says which values stages use that nobody gave.
pub(super) fn check(steps: &[Arc<Step>], experiment: &Experiment, found: &mut Diagnostics) {
    for (way, place) in &experiment.mandatory {
        if is_given(way, experiment) {
            continue;
        }
        let Some(user) = user(way, steps, experiment) else {
            continue;
        };
        found.push(
            Diagnostic::error(format!("`{way}` has no value"))
                .at(place, "`???` stands for one that is to be given")
                .also(&user, "used here")
                .help(format!(
                    "give it one under `params` or `axes`, or with `-p {way}=…`"
                )),
        );
    }
}

/// Whether all cells have another value, unless an axis gives them one.
fn is_given(way: &str, experiment: &Experiment) -> bool {
    let mut parts = way.split('.');
    let columns = experiment.grid.columns();
    let column = parts.next().and_then(|name| columns.index(name));
    let column = column.map(|index| columns.get(index));
    let whole = column.and_then(|column| column.value(column.constant()));
    let value = parts.fold(whole, |value, part| match value {
        Some(Value::Map(entries)) => entries.get(part),
        _ => None,
    });
    value.and_then(Value::as_str) != Some(MANDATORY)
}

/// Where a stage uses the value of a way in a cell in which no axis gives it another.
fn user(way: &str, steps: &[Arc<Step>], experiment: &Experiment) -> Option<Place> {
    experiment.pipeline.stages.iter().find_map(|stage| {
        let mut user = None;
        expressions(stage, &mut |expression| {
            if expression.ways().iter().any(|used| touch(used, way)) {
                user.get_or_insert_with(|| expression.place().clone());
            }
        });
        let mut own = steps.iter().filter(|step| step.stage == stage.name);
        user.filter(|_| own.any(|step| is_held(&step.params)))
    })
}

/// Whether one of two ways leads to a part of what the other one does.
pub(super) fn touch(one: &str, other: &str) -> bool {
    let part = |whole: &str, part: &str| {
        let rest = part.strip_prefix(whole);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    part(one, other) || part(other, one)
}

fn is_held(params: &Values) -> bool {
    fn says(value: &Value) -> bool {
        match value {
            Value::Str(text) => text.contains(MANDATORY),
            Value::List(items) => items.iter().any(says),
            Value::Map(entries) => entries.values().any(says),
            _ => false,
        }
    }
    params.iter().any(|(_, value)| says(value))
}
