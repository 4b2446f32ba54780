//! What a step is given that it cannot take together: rows that are reduced without being told over what,
//! where `replicate` is missing or names what is not reduced, and several artifacts in place of one.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use crate::registry::ArtifactType;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::list_of;

use super::Cell;
use super::From;
use super::Step;

/// Says of which steps the rows agree in all axes that their parameters name and differ in another:
/// they would fail. Once for a stage.
pub(super) fn check(steps: &[Arc<Step>], found: &mut Diagnostics) {
    let mut said = HashSet::new();
    for step in steps {
        if !step.kind.repeats(&step.params) || said.contains(&step.stage) {
            continue;
        }
        let Some((axis, cells)) = varies(step, steps) else {
            continue;
        };
        said.insert(Arc::clone(&step.stage));
        let [first, other] = cells.map(Cell::to_string);
        let mut together: Vec<String> = match step.params.get("replicate") {
            Some(Value::List(axes)) => axes.iter().map(Value::to_string).collect(),
            given => given.iter().map(ToString::to_string).collect(),
        };
        together.push(axis.to_owned());
        let together = match together.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let params = step.kind.params().into_iter();
        let apart = params.filter(|param| param.doc.starts_with("axis with"));
        let apart: Vec<&str> = apart.map(|param| param.name).collect();
        let apart = match apart.is_empty() {
            true => "another parameter that names it".to_owned(),
            false => format!("one of {} that names it", list_of(apart)),
        };
        found.push(
            Diagnostic::error(format!(
                "`{}` has several rows for one place: the axis `{axis}` is not told apart",
                step.kind.name()
            ))
            .at(&step.place, format!("{first} and {other} fall together"))
            .help(format!(
                "`with: {{replicate: {together}}}` takes the mean over it"
            ))
            .help(format!("{apart} keeps its values apart"))
            .help(format!(
                "`over`, beside `with`, that names the other axes and not `{axis}` makes one for each of its values"
            )),
        );
    }
}

/// Says which steps are given several artifacts where they take one: they would fail. Once for a stage.
pub(super) fn check_single(steps: &[Arc<Step>], found: &mut Diagnostics) {
    let mut said = HashSet::new();
    for step in steps {
        let several = step.inputs.iter().filter(|input| input.items.len() > 1);
        let slots = several.clone().next().map(|_| step.kind.inputs());
        for input in several {
            let mut slots = slots.iter().flatten();
            let single = slots.any(|slot| slot.single && *slot.name == *input.slot);
            if !single || !said.insert(Arc::clone(&step.stage)) {
                continue;
            }
            let (kind, slot, got) = (step.kind.name(), &input.slot, input.items.len());
            found.push(
                Diagnostic::error(format!("slot `{slot}` of `{kind}` takes one artifact"))
                    .at(&step.place, format!("`{step}` is given {got}"))
                    .help("reduce nothing here, or select one candidate first with `uses: select`")
                    .help("of stages in a list, `{from: stage, when: …}` takes each in its cells"),
            );
        }
    }
}

/// Says of which stages `replicate` names an axis that they keep: each of their steps has one value of it, so
/// that nothing is taken together. Once for a stage.
pub(super) fn check_kept(steps: &[Arc<Step>], found: &mut Diagnostics) {
    let mut said = HashSet::new();
    for step in steps {
        let Some(axis) = step.params.get("replicate").and_then(Value::as_str) else {
            continue;
        };
        if step.cell.get(axis).is_none() || !said.insert(Arc::clone(&step.stage)) {
            continue;
        }
        found.push(
            Diagnostic::warning(format!(
                "`replicate: {axis}` of `{}` takes nothing together",
                step.stage
            ))
            .at(&step.place, format!("it runs once for every `{axis}`"))
            .help(format!(
                "with `{axis}` under its `over` it sees all of them"
            )),
        );
    }
}

/// An axis in which two rows of one group differ, with their cells.
fn varies<'s>(step: &Step, steps: &'s [Arc<Step>]) -> Option<(&'s str, [&'s Cell; 2])> {
    let mut named: Vec<&str> = Vec::new();
    for (_, value) in step.params.iter() {
        match value {
            Value::Str(text) => named.push(text),
            Value::List(values) => named.extend(values.iter().filter_map(Value::as_str)),
            _ => {}
        }
    }
    let mut groups: HashMap<Vec<String>, &Cell> = HashMap::new();
    let items = step.inputs.iter().flat_map(|input| &input.items);
    for item in items {
        let From::Step { step, .. } = &item.from else {
            continue;
        };
        let made = &steps[step.index()];
        // Tables have axes of their own, which are not known before they are made.
        let outputs = made.outputs();
        if outputs.iter().any(|(_, ty)| *ty == ArtifactType::Table) {
            return None;
        }
        let cell = &made.cell;
        let at = named.iter().map(|name| match cell.get(name) {
            Some(value) => value.to_string(),
            None => String::new(),
        });
        let Some(first) = groups.get(&at.clone().collect::<Vec<_>>()) else {
            groups.insert(at.collect(), cell);
            continue;
        };
        let other = first.iter().find(|(axis, value)| {
            let unnamed = !named.contains(axis);
            unnamed && cell.get(axis).is_some_and(|own| own != *value)
        });
        if let Some((axis, _)) = other {
            return Some((axis, [first, cell]));
        }
    }
    None
}
