//! The stages of a plan, told to the steps that draw them.
//!
//! The outline is a parameter like any other: it enters the key, so that a picture of the pipeline
//! is drawn anew where the pipeline is another.

use std::collections::HashSet;
use std::sync::Arc;

use crate::registry::Fields;
use crate::registry::Value;

use super::StageSummary;
use super::Step;

/// Gives the outline to every step whose kind takes one and whose manifest gives no other.
pub(super) fn fill(steps: &mut [Arc<Step>], stages: &[StageSummary]) {
    let takers: HashSet<Arc<str>> = steps
        .iter()
        .filter(|step| step.kind.outline().is_some())
        .map(|step| Arc::clone(&step.stage))
        .collect();
    if takers.is_empty() {
        return;
    }
    // A stage that draws the pipeline is no part of what it shows.
    let shown = stages.iter().filter(|stage| !takers.contains(&stage.name));
    let outline = Value::List(shown.map(entry).collect());
    for step in steps {
        if let Some(name) = step.kind.outline()
            && !step.params.contains_key(name)
        {
            let step = Arc::make_mut(step);
            Arc::make_mut(&mut step.params).insert(name.to_owned(), outline.clone());
        }
    }
}

fn entry(stage: &StageSummary) -> Value {
    let list = |names: Vec<&str>| Value::List(names.into_iter().map(Value::from).collect());
    let texts = |names: &[Arc<str>]| list(names.iter().map(|name| &**name).collect());
    let mut reads: Vec<&str> = Vec::new();
    for (from, _) in &stage.reads {
        if !reads.contains(&&**from) {
            reads.push(from);
        }
    }
    let map = [
        ("name", Value::from(&*stage.name)),
        ("kind", Value::from(stage.kinds.join(", ").as_str())),
        ("axes", texts(&stage.axes)),
        ("cells", Value::Int(stage.steps.len() as i64)),
        ("over", texts(&stage.reduces)),
        ("reads", list(reads)),
    ];
    let map: Fields = map
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    Value::Map(map)
}
