//! Reference pages, written from what the registries know: help, the docs folder and the checks
//! cannot drift apart.

use std::fmt::Write;

use super::Default;
use super::Outputs;
use super::Param;
use super::ParamType;
use super::StageKind;

/// The reference entry of one stage kind, in Markdown under a heading of level two.
pub fn page(kind: &dyn StageKind) -> String {
    let mut text = format!("## `{}`\n\n", kind.name());
    let summary = kind.summary();
    let mut letters = summary.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    text += &format!("{}{}.\n", first.unwrap_or_default(), letters.as_str());
    if !kind.docs().is_empty() {
        text += &format!("\n{}\n", kind.docs().trim_end());
    }
    let slots = kind.inputs();
    if !slots.is_empty() {
        text += "\n| reads | type | |\n| --- | --- | --- |\n";
        for slot in slots {
            let types: Vec<String> = slot.accepts.iter().map(ToString::to_string).collect();
            let optional = if slot.optional { " (optional)" } else { "" };
            let types = types.join(" or ");
            let _ = writeln!(
                text,
                "| `{}`{optional} | {types} | {} |",
                slot.name, slot.doc
            );
        }
    }
    text += "\n| leaves | type |\n| --- | --- |\n";
    let own = match kind.outputs() {
        Outputs::Fixed(own) => own,
        Outputs::PassedOn { slot, own } => {
            let _ = writeln!(text, "| all outputs of `{slot}` | |");
            own
        }
        Outputs::Declared => {
            text += "| what the stage declares under `out` | file |\n";
            &[]
        }
    };
    for (name, ty) in own {
        let _ = writeln!(text, "| `{name}` | {ty} |");
    }
    let measures = kind.measures();
    if !measures.is_empty() {
        text += "\n| number | in tables and figures | unit | better |\n| --- | --- | --- | --- |\n";
        for measure in measures {
            let better = match measure.higher_is_better {
                Some(true) => "higher",
                Some(false) => "lower",
                None => "–",
            };
            let unit = if measure.unit.is_empty() {
                "–"
            } else {
                measure.unit
            };
            let label = cell(measure.label);
            let _ = writeln!(text, "| `{}` | {label} | {unit} | {better} |", measure.name);
        }
    }
    let params = kind.params();
    if !params.is_empty() {
        text += "\n| parameter | type | default | |\n| --- | --- | --- | --- |\n";
        for param in params {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} |",
                param.name,
                cell(&type_text(&param.ty)),
                cell(&default_text(&param)),
                cell(param.doc)
            );
        }
    }
    text
}

/// A type with its bounds, as people say it.
pub fn type_text(ty: &ParamType) -> String {
    match ty {
        ParamType::Bool => "true or false".to_owned(),
        ParamType::Int { min, max } => bounded("whole number", *min, *max),
        ParamType::Float { min, max } => bounded("number", *min, *max),
        ParamType::Seed => "seed".to_owned(),
        ParamType::Str => "text".to_owned(),
        ParamType::Choice(choices) => {
            let quoted: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
            quoted.join(", ")
        }
        ParamType::Path => "path".to_owned(),
        ParamType::List(element) if element.is_name() => {
            format!("{}, or a list", type_text(element))
        }
        ParamType::List(element) => format!("list of {}", type_text(element)),
        ParamType::Map(element) => format!("map to {}", type_text(element)),
        ParamType::Any => "any".to_owned(),
    }
}

fn bounded<T: std::fmt::Display>(noun: &str, min: Option<T>, max: Option<T>) -> String {
    match (min, max) {
        (None, None) => noun.to_owned(),
        (Some(min), None) => format!("{noun} ≥ {min}"),
        (None, Some(max)) => format!("{noun} ≤ {max}"),
        (Some(min), Some(max)) => format!("{noun} from {min} to {max}"),
    }
}

fn default_text(param: &Param) -> String {
    match &param.default {
        Default::Required => "required".to_owned(),
        Default::Absent => "–".to_owned(),
        Default::Value(value) => format!("`{value}`"),
    }
}

/// Text inside a table cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
