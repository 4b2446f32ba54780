//! What a stage leaves: the outputs of its kind, of what it selects from, or those that it declares.

use std::sync::Arc;

use crate::manifest::Experiment;
use crate::manifest::Origin;
use crate::manifest::Stage;
use crate::manifest::Template;
use crate::manifest::TemplateContent;
use crate::registry::ArtifactType;
use crate::registry::Outputs;
use crate::registry::StageKind;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::did_you_mean;

use super::kinds::StageKinds;

/// An output with its type.
pub(super) type Output = (Arc<str>, ArtifactType);

/// What the steps of a stage of this kind leave.
pub(super) fn outputs_of(
    experiment: &Experiment,
    stage: &Stage,
    kind: &dyn StageKind,
    done: &[Option<StageKinds>],
    found: &mut Diagnostics,
) -> Vec<Output> {
    let named = |list: &[(&'static str, ArtifactType)]| -> Vec<Output> {
        list.iter()
            .map(|(name, ty)| (Arc::from(*name), *ty))
            .collect()
    };
    match kind.outputs() {
        Outputs::Fixed(list) => named(list),
        Outputs::PassedOn { slot, own } => {
            let mut outputs = passed_on(experiment, stage, slot, done);
            // Where the source's kind is unknown, which is reported there, nothing is known here.
            if !outputs.is_empty() {
                outputs.extend(named(own));
            }
            outputs
        }
        Outputs::Declared => declared(stage, found),
    }
}

/// The outputs that every step in a slot leaves.
fn passed_on(
    experiment: &Experiment,
    stage: &Stage,
    slot: &str,
    done: &[Option<StageKinds>],
) -> Vec<Output> {
    let binding = stage.inputs.iter().find(|binding| *binding.slot == *slot);
    let sources = binding.into_iter().flat_map(|binding| &binding.sources);
    let mut common: Option<Vec<Output>> = None;
    for input in sources {
        let Origin::Stage { stage: name, .. } = &input.from else {
            continue;
        };
        let source = experiment.pipeline.position(name);
        let Some(known) = source.and_then(|source| done[source].as_ref()) else {
            continue;
        };
        for outputs in &known.outputs {
            match &mut common {
                None => common = Some(outputs.clone()),
                Some(common) => common.retain(|output| outputs.contains(output)),
            }
        }
    }
    common.unwrap_or_default()
}

/// Outputs as a command declares them: `out: {model: model.pt}`, or with a type,
/// `out: {rows: {file: rows.csv, type: table}}`; and its metrics.
fn declared(stage: &Stage, found: &mut Diagnostics) -> Vec<Output> {
    let argument = |name: &str| stage.with.iter().find(|argument| &*argument.name == name);
    let mut outputs: Vec<Output> = Vec::new();
    if let Some(out) = argument("out") {
        match &out.value.content {
            TemplateContent::Literal(Value::Map(entries)) => {
                for (name, value) in entries {
                    let ty = match value {
                        Value::Map(fields) => fields.get("type").and_then(Value::as_str),
                        _ => None,
                    };
                    let ty = typed(ty, &out.value, found);
                    outputs.push((Arc::from(name.as_str()), ty));
                }
            }
            // A file or folder whose name depends on the cell.
            TemplateContent::Map(entries) => {
                for (name, value) in entries {
                    let ty = match &value.content {
                        TemplateContent::Map(fields) => {
                            let ty = fields.iter().find(|(key, _)| &**key == "type");
                            ty.and_then(|(_, ty)| ty.literal()?.as_str())
                        }
                        TemplateContent::Literal(Value::Map(fields)) => {
                            fields.get("type").and_then(Value::as_str)
                        }
                        _ => None,
                    };
                    outputs.push((Arc::clone(name), typed(ty, value, found)));
                }
            }
            _ => {}
        }
    }
    if argument("metrics").is_some() && !outputs.iter().any(|(name, _)| &**name == "metrics") {
        outputs.push((Arc::from("metrics"), ArtifactType::Metrics));
    }
    outputs
}

/// The type of this name; a file where none is given.
fn typed(name: Option<&str>, at: &Template, found: &mut Diagnostics) -> ArtifactType {
    let Some(name) = name else {
        return ArtifactType::File;
    };
    ArtifactType::declarable(name).unwrap_or_else(|| {
        let known = ArtifactType::DECLARABLE.map(|ty| ty.to_string());
        let known = known.iter().map(String::as_str);
        found.push(
            Diagnostic::error(format!("unknown artifact type `{name}`"))
                .at(&at.place, "of an output")
                .maybe_help(did_you_mean(name, known, "types")),
        );
        ArtifactType::File
    })
}
