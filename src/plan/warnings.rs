//! What a manifest says to no effect.

use std::collections::BTreeSet;

use crate::manifest::Experiment;
use crate::manifest::FILE_THAT_IS_NONE;
use crate::manifest::read_foreign;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::ShowPath;

use super::mandatory::touch;
use super::wiring::expressions;

/// Parameters and axes that no stage uses, and parameters that are used and never given.
pub(super) fn unused(experiment: &Experiment, found: &mut Diagnostics) {
    let grid = &experiment.grid;
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let mut ways = BTreeSet::new();
    for stage in &experiment.pipeline.stages {
        expressions(stage, &mut |expression| {
            used.extend(expression.names().iter().map(|name| &**name));
            ways.extend(expression.ways());
        });
    }
    let deciding = grid.axes_of(ways.iter().map(|way| &**way));
    for axis in &experiment.axes {
        // Variants without effect of their own may hold axes that have one.
        let own: Vec<_> = axis
            .columns
            .iter()
            .filter(|column| deciding.contains(column))
            .collect();
        if own.is_empty() && !axis.columns.is_empty() && !axis.variants {
            found.push(
                Diagnostic::warning(format!("no stage uses the axis `{}`", axis.name))
                    .at(&axis.place, "changes nothing"),
            );
        }
    }
    for (index, column) in grid.columns().iter().enumerate() {
        let name = &*column.name;
        let declared = experiment
            .pipeline
            .params
            .iter()
            .any(|param| *param.name == *name);
        let is_axis = !grid.columns().axes_of(index).is_empty();
        let nested = |used: &&str| {
            used.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        // A file of parameters may be other programs' as well.
        let place = column.place_of(column.constant());
        let own = place.filter(|place| place.source.path == experiment.source.path);
        let is_used = used.contains(name) || used.iter().any(nested);
        let whole = column.value(column.constant());
        if let (Some(Value::Map(entries)), Some(place)) = (whole, own)
            && is_used
            && !(declared || is_axis)
        {
            let uses = |way: &str| ways.iter().any(|used| touch(used, way));
            let in_vain = |part: &str| !uses(&format!("{name}.{part}"));
            // What else the map has was given elsewhere, as to a profile that sets one of its values.
            let here = match entries.keys().any(|part| in_vain(part)) {
                true => keys_of(place),
                false => Vec::new(),
            };
            for (part, place) in here.iter().filter(|(part, _)| in_vain(part)) {
                found.push(
                    Diagnostic::warning(format!("no stage uses the parameter `{name}.{part}`"))
                        .at(place, "changes nothing"),
                );
            }
        }
        if let Some(place) = own
            && !(declared || is_axis || is_used)
        {
            found.push(
                Diagnostic::warning(format!("no stage uses the parameter `{name}`"))
                    .at(place, "changes nothing")
                    .maybe_help((name == "file").then(|| FILE_THAT_IS_NONE.to_owned())),
            );
        }
    }
    for param in &experiment.pipeline.params {
        let is_used = used.contains(&*param.name);
        let is_axis = experiment.axes.iter().any(|axis| axis.name == param.name);
        if !is_used && !is_axis {
            found.push(
                Diagnostic::warning(format!("no stage uses the parameter `{}`", param.name))
                    .at(&param.place, "changes nothing"),
            );
        }
        let column = grid
            .columns()
            .index(&param.name)
            .map(|index| grid.columns().get(index));
        let bound = column.is_some_and(|column| !column.values().is_empty());
        if is_used && !bound && !param.optional {
            let manifest = experiment.source.path.shown();
            found.push(
                Diagnostic::error(format!("the manifest gives `{}` no value", param.name))
                    .at(&param.place, "declared without a default")
                    .help(format!(
                        "add `{}: …` to `params` of `{manifest}`",
                        param.name
                    )),
            );
        }
    }
}

/// The keys of the map that stands at a place.
fn keys_of(map: &Place) -> Vec<(String, Place)> {
    let Ok(all) = read_foreign(&map.source) else {
        return Vec::new();
    };
    let mut left = vec![&all];
    while let Some(node) = left.pop() {
        let entries = node.as_map().unwrap_or_default();
        if node.place.range == map.range {
            let keys = entries.iter();
            return keys
                .map(|entry| (entry.key.clone(), entry.key_place.clone()))
                .collect();
        }
        left.extend(entries.iter().map(|entry| &entry.value));
        left.extend(node.as_list().unwrap_or_default());
    }
    Vec::new()
}
