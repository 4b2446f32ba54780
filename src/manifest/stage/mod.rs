//! Stages as the user wrote them: what they use, what they read, which axes they reduce.

mod command;
mod inputs;

use std::sync::Arc;

use crate::registry::Catalog;
use crate::registry::Outputs;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;

use command::options;
use command::paths;
use command::placed;
use command::questions;
use command::shell;
use command::undeclared;
use command::variables;
use inputs::bindings;

use super::expression::Expression;
use super::fields;
use super::fields::Fields;
use super::node::Content;
use super::node::Entry;
use super::node::Node;
use super::policy::Policy;
use super::template::Template;
use super::template::Unfilled;

/// The keys of a stage; everything else goes under `with`.
pub(crate) const STAGE_KEYS: [&str; 13] = [
    "uses",
    "in",
    "with",
    "over",
    "when",
    "missing",
    "resources",
    "executor",
    "retries",
    "retry",
    "timeout",
    "isolate",
    "cache",
];

/// A stage of a pipeline.
#[derive(Debug)]
pub struct Stage {
    pub name: Arc<str>,
    /// Where its name stands.
    pub place: Place,
    /// The name of its kind; may depend on the cell.
    pub uses: Template,
    pub with: Vec<Argument>,
    pub inputs: Vec<Binding>,
    pub over: Over,
    /// The cells in which the stage exists.
    pub when: Option<Expression>,
    /// Whether a reduction goes on without failed members.
    pub missing_allowed: bool,
    pub policy: Arc<Policy>,
}

/// A key under `with`.
#[derive(Debug)]
pub struct Argument {
    pub name: Arc<str>,
    pub name_place: Place,
    pub value: Template,
}

/// A slot under `in`.
#[derive(Debug)]
pub struct Binding {
    pub slot: Arc<str>,
    pub slot_place: Place,
    /// One, or several where it is a list.
    pub sources: Vec<Input>,
}

/// One thing that a slot reads.
#[derive(Debug)]
pub struct Input {
    pub place: Place,
    pub from: Origin,
    /// The cells in which it is read.
    pub when: Option<Expression>,
    /// Axes that are held at one value: name, its place, the value.
    pub at: Vec<(Arc<str>, Place, Template)>,
}

/// Where an input comes from.
#[derive(Debug)]
pub enum Origin {
    Stage {
        stage: Arc<str>,
        output: Option<Arc<str>>,
    },
    /// A file of the project.
    File(Template),
}

/// The axes that a stage reduces.
#[derive(Debug)]
pub enum Over {
    /// Not said: none, or all where the kind reduces all.
    Unsaid,
    All(Place),
    /// These, each with its place.
    Axes(Vec<(Arc<str>, Place)>),
}

impl Stage {
    pub(super) fn read(entry: &Entry, catalog: &Catalog, found: &mut Diagnostics) -> Option<Stage> {
        let what = format!("stage `{}`", entry.key);
        stage_name(&entry.key, &entry.key_place, found);
        let stage = Fields::of(&entry.value, &what, &STAGE_KEYS, found)?;
        misplaced(&entry.value, &stage, catalog, found);
        let Some(uses) = stage.get("uses") else {
            let entries = entry.value.as_map().unwrap_or_default();
            let help = match entries.iter().any(|entry| entry.key == "run") {
                true => {
                    "a program is `uses: command`, with `run`, `code`, `out` and so on under `with`"
                }
                false => "`sweepline list` prints all kinds",
            };
            found.push(
                Diagnostic::error(format!("{what} has no `uses`"))
                    .at(&entry.key_place, "which stage kind is it?")
                    .help(help),
            );
            return None;
        };
        fields::text(uses, "`uses`", found)?;
        let uses = Template::read(uses, Unfilled::None, found);
        let command = uses
            .literal()
            .and_then(Value::as_str)
            .and_then(|name| catalog.get(name))
            .is_some_and(|kind| matches!(kind.outputs(), Outputs::Declared));
        let mut with = Vec::new();
        if let Some(node) = stage.get("with") {
            let kept = if command {
                Unfilled::Paths
            } else {
                Unfilled::None
            };
            for argument in fields::map(node, "`with`", found).unwrap_or_default() {
                with.push(Argument {
                    name: Arc::from(argument.key.as_str()),
                    name_place: argument.key_place.clone(),
                    value: Template::read(&argument.value, kept, found),
                });
            }
        }
        if command {
            undeclared(stage.get("with"), found);
            shell(&mut with, found);
            questions(&with, found);
            options(&mut with);
            let slots = stage.get("in").and_then(Node::as_map).unwrap_or_default();
            variables(slots, found);
            let arguments = stage.get("with");
            let given = arguments.and_then(Node::as_map).unwrap_or_default();
            let out = given.iter().find(|entry| entry.key == "out");
            let out = out
                .and_then(|entry| entry.value.as_map())
                .unwrap_or_default();
            let place = given.iter().find(|entry| entry.key == "place");
            if let Some(place) = place.and_then(|entry| entry.value.as_map()) {
                placed(place, slots, found);
            }
            if let Some(node) = arguments {
                let scored = given.iter().any(|entry| entry.key == "metrics");
                paths(node, slots, out, scored, found);
            }
        }
        Some(Stage {
            name: Arc::from(entry.key.as_str()),
            place: entry.key_place.clone(),
            uses,
            with,
            inputs: stage
                .get("in")
                .map(|node| bindings(node, found))
                .unwrap_or_default(),
            over: over(&stage, found),
            when: stage.get("when").and_then(|node| condition(node, found)),
            missing_allowed: missing(&stage, found),
            policy: Arc::new(Policy::read(&stage, found)),
        })
    }
}

/// Parameters of the kind that stand beside `with` rather than under it.
fn misplaced(node: &Node, stage: &Fields<'_>, catalog: &Catalog, found: &mut Diagnostics) {
    let entries = node.as_map().unwrap_or_default().iter();
    let mut others = entries.filter(|entry| !STAGE_KEYS.contains(&entry.key.as_str()));
    let Some(first) = others.next() else {
        return;
    };
    let kind = stage.get("uses").and_then(Node::as_str);
    let Some(kind) = kind.and_then(|name| catalog.get(name)) else {
        return;
    };
    let params = kind.params();
    for key in std::iter::once(first).chain(others) {
        if params.iter().any(|param| param.name == key.key) {
            found.amend(
                &key.key_place,
                format!("parameters go under `with`: `with: {{{}: …}}`", key.key),
            );
        }
    }
}

fn stage_name(name: &str, place: &Place, found: &mut Diagnostics) {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.chars().all(good) || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        found.push(
            Diagnostic::error(format!("`{name}` cannot name a stage")).at(
                place,
                "names have letters, digits, hyphens, and underscores",
            ),
        );
    }
}

fn over(stage: &Fields<'_>, found: &mut Diagnostics) -> Over {
    let Some(node) = stage.get("over") else {
        return Over::Unsaid;
    };
    match (&node.content, node.as_str()) {
        (_, Some("all")) => Over::All(node.place.clone()),
        (_, Some("none")) => Over::Axes(Vec::new()),
        (_, Some(axis)) => Over::Axes(vec![(Arc::from(axis), node.place.clone())]),
        (Content::List(items), _) => {
            let axes = items.iter().filter_map(|item| {
                let axis = fields::text(item, "an axis", found)?;
                Some((Arc::from(axis), item.place.clone()))
            });
            Over::Axes(axes.collect())
        }
        _ => {
            found.push(
                Diagnostic::error("`over` is a list of axes or `all`")
                    .at(&node.place, format!("this is {}", node.type_name())),
            );
            Over::Unsaid
        }
    }
}

fn missing(stage: &Fields<'_>, found: &mut Diagnostics) -> bool {
    let Some(node) = stage.get("missing") else {
        return false;
    };
    match node.as_str() {
        Some("allow") => true,
        Some("fail") => false,
        _ => {
            found.push(
                Diagnostic::error("wrong value of `missing`")
                    .at(&node.place, "expected `allow` or `fail`"),
            );
            false
        }
    }
}

/// An expression that is true or false; `${…}` around it is forgiven.
pub(super) fn condition(node: &Node, found: &mut Diagnostics) -> Option<Expression> {
    if let Content::Scalar(Value::Bool(value)) = node.content {
        return Expression::read(&value.to_string(), &node.place).ok();
    }
    let text = fields::text(node, "a condition", found)?.trim();
    let bare = text
        .strip_prefix("${")
        .and_then(|text| text.strip_suffix('}'));
    match Expression::read(bare.unwrap_or(text), &node.place) {
        Ok(expression) => Some(expression),
        Err(diagnostic) => {
            found.push(diagnostic);
            None
        }
    }
}
