//! `in`: the slots of a stage and what they read.

use std::sync::Arc;

use crate::manifest::fields;
use crate::manifest::fields::Fields;
use crate::manifest::node::Content;
use crate::manifest::node::Node;
use crate::manifest::template::Template;
use crate::manifest::template::Unfilled;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;

use super::Binding;
use super::Input;
use super::Origin;
use super::condition;

pub(super) fn bindings(node: &Node, found: &mut Diagnostics) -> Vec<Binding> {
    let entries = fields::map(node, "`in`", found).unwrap_or_default();
    let mut bindings = Vec::with_capacity(entries.len());
    for entry in entries {
        let (nodes, listed): (Vec<&Node>, bool) = match &entry.value.content {
            Content::List(items) => (items.iter().collect(), true),
            _ => (vec![&entry.value], false),
        };
        if listed && nodes.is_empty() {
            found.push(
                Diagnostic::error(format!("slot `{}` reads nothing", entry.key))
                    .at(&entry.value.place, "an empty list"),
            );
        }
        bindings.push(Binding {
            slot: Arc::from(entry.key.as_str()),
            slot_place: entry.key_place.clone(),
            sources: nodes
                .into_iter()
                .filter_map(|node| input(node, found))
                .collect(),
        });
    }
    bindings
}

fn input(node: &Node, found: &mut Diagnostics) -> Option<Input> {
    if let Some(text) = node.as_str() {
        return Some(Input {
            place: node.place.clone(),
            from: reference(text, &node.place, found)?,
            when: None,
            at: Vec::new(),
        });
    }
    if node.as_map().is_none() {
        found.push(
            Diagnostic::error(
                "an input is a stage, `stage.output`, or a map with `from` or `file`",
            )
            .at(&node.place, format!("this is {}", node.type_name())),
        );
        return None;
    }
    let fields = Fields::of(node, "an input", &["from", "file", "when", "at"], found)?;
    let (from, place) = match (fields.get("from"), fields.get("file")) {
        (Some(from), None) => {
            let text = fields::text(from, "`from`", found)?;
            (reference(text, &from.place, found)?, &from.place)
        }
        (None, Some(file)) => {
            fields::text(file, "`file`", found)?;
            (
                Origin::File(Template::read(file, Unfilled::None, found)),
                &file.place,
            )
        }
        _ => {
            found.push(
                Diagnostic::error("an input names either a stage or a file")
                    .at(&node.place, "one of `from` and `file`"),
            );
            return None;
        }
    };
    let mut at = Vec::new();
    if let Some(node) = fields.get("at") {
        for entry in fields::map(node, "`at`", found).unwrap_or_default() {
            at.push((
                Arc::from(entry.key.as_str()),
                entry.key_place.clone(),
                Template::read(&entry.value, Unfilled::None, found),
            ));
        }
    }
    Some(Input {
        place: place.clone(),
        from,
        when: fields.get("when").and_then(|node| condition(node, found)),
        at,
    })
}

/// `stage` or `stage.output`.
fn reference(text: &str, place: &Place, found: &mut Diagnostics) -> Option<Origin> {
    if text.contains("${") {
        found.push(
            Diagnostic::error("a stage is named literally")
                .at(place, "which stage is read cannot depend on the cell")
                .help("`{from: stage, when: condition}` reads a stage in some cells only"),
        );
        return None;
    }
    if text.contains('/') {
        found.push(
            Diagnostic::error(format!("`{text}` is not a stage"))
                .at(place, "looks like a file")
                .help(format!("a file is read with `{{file: {text}}}`")),
        );
        return None;
    }
    let (stage, output) = match text.split_once('.') {
        Some((stage, output)) => (stage, Some(Arc::from(output))),
        None => (text, None),
    };
    Some(Origin::Stage {
        stage: Arc::from(stage),
        output,
    })
}
