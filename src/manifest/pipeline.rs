//! Pipelines: typed parameters and stages.

use std::sync::Arc;

use foldhash::HashMap;
use foldhash::HashMapExt;

use crate::registry::Catalog;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::did_you_mean;

use super::fields;
use super::fields::Fields;
use super::node::Entry;
use super::node::Node;
use super::stage::Stage;

/// A reusable graph of stages.
#[derive(Debug)]
pub struct Pipeline {
    pub name: Arc<str>,
    pub params: Vec<Declared>,
    pub stages: Vec<Stage>,
    /// Whether it stands in a manifest, so that axes need no declaration.
    pub inline: bool,
    /// By name: the position among `stages`.
    positions: HashMap<Arc<str>, usize>,
}

/// A parameter that a pipeline declares.
#[derive(Debug)]
pub struct Declared {
    pub name: Arc<str>,
    pub place: Place,
    pub ty: ParamType,
    pub default: Option<Value>,
    /// Whether a manifest may leave it without any value.
    pub optional: bool,
    pub doc: String,
}

impl Pipeline {
    pub(super) fn new(name: &str, inline: bool) -> Self {
        Pipeline {
            name: Arc::from(name),
            params: Vec::new(),
            stages: Vec::new(),
            inline,
            positions: HashMap::new(),
        }
    }

    /// Where the stage of this name stands among `stages`.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.positions.get(name).copied()
    }

    /// The stage of this name.
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.position(name).map(|position| &self.stages[position])
    }

    /// Takes in the stages and parameters of another one. Of a parameter that both declare the first
    /// declaration counts, with which the other's has to agree.
    pub(super) fn add(&mut self, other: Pipeline, found: &mut Diagnostics) {
        for param in other.params {
            match self.params.iter().find(|known| known.name == param.name) {
                None => self.params.push(param),
                Some(known) if known.ty == param.ty && known.default == param.default => {}
                Some(known) => found.push(
                    Diagnostic::error(format!("two pipelines declare `{}`", param.name))
                        .at(&param.place, "with another type or default")
                        .also(&known.place, "than here"),
                ),
            }
        }
        for stage in other.stages {
            if let Some(known) = self.stage(&stage.name) {
                found.push(
                    Diagnostic::error(format!("two stages are called `{}`", stage.name))
                        .at(&stage.place, "this one")
                        .also(&known.place, "and that of the pipeline"),
                );
                continue;
            }
            self.positions
                .insert(Arc::clone(&stage.name), self.stages.len());
            self.stages.push(stage);
        }
    }

    /// From the keys `params` and `stages` of a pipeline file, or of an inline pipeline.
    pub(super) fn read(
        node: &Node,
        file: bool,
        name: &str,
        catalog: &Catalog,
        found: &mut Diagnostics,
    ) -> Option<Pipeline> {
        let known: &[&str] = if file {
            &["pipeline", "title", "doc", "params", "stages"]
        } else {
            &["params", "stages"]
        };
        let what = if file {
            "a pipeline"
        } else {
            "an inline pipeline"
        };
        let fields = Fields::of(node, what, known, found)?;
        let mut pipeline = Pipeline::new(name, !file);
        if let Some(node) = fields.get("pipeline")
            && let Some(text) = fields::text(node, "`pipeline`", found)
        {
            pipeline.name = Arc::from(text);
        }
        for said in ["title", "doc"] {
            if let Some(node) = fields.get(said) {
                fields::text(node, &format!("`{said}`"), found);
            }
        }
        if let Some(node) = fields.get("params") {
            for entry in fields::map(node, "`params`", found).unwrap_or_default() {
                pipeline.params.extend(declared(entry, found));
            }
        }
        match fields.get("stages") {
            Some(node) => pipeline.read_stages(node, catalog, found),
            None => found.push(
                Diagnostic::error("a pipeline without stages").at(&node.place, "no `stages` here"),
            ),
        }
        Some(pipeline)
    }

    pub(super) fn read_stages(&mut self, node: &Node, catalog: &Catalog, found: &mut Diagnostics) {
        if let Some(items) = node.as_list() {
            found.push(
                Diagnostic::error("`stages` is a map of names to stages")
                    .at(
                        &items
                            .first()
                            .map_or(&node.place, |item| &item.place)
                            .clone(),
                        "a list",
                    )
                    .help("write `name:` instead of `- `"),
            );
            return;
        }
        for entry in fields::map(node, "`stages`", found).unwrap_or_default() {
            if let Some(stage) = Stage::read(entry, catalog, found) {
                self.positions
                    .insert(Arc::clone(&stage.name), self.stages.len());
                self.stages.push(stage);
            }
        }
    }
}

/// The keys of a declaration.
pub(super) const KEYS: [&str; 8] = [
    "type", "default", "doc", "min", "max", "choices", "of", "optional",
];

/// Whether a value reads as the declaration of a parameter: no map is meant by it.
pub(super) fn looks_declared(node: &Node) -> bool {
    let entries = node.as_map().unwrap_or_default();
    let has = |key: &str| entries.iter().any(|entry| entry.key == key);
    is_typed(entries) || (is_closed(entries) && (has("type") || has("default") || has("choices")))
}

/// The first declaration with a default that stands here or below, where only values do. A map `{type: adam, lr: 0.1}`
/// is none, nor is one with keys of its own.
pub(super) fn declared_within(node: &Node) -> Option<&Node> {
    let entries = node.as_map().unwrap_or_default();
    let has_default = entries.iter().any(|entry| entry.key == "default");
    if has_default && is_closed(entries) && is_typed(entries) {
        return Some(node);
    }
    let items = node.as_list().unwrap_or_default().iter();
    let mut below = items.chain(entries.iter().map(|entry| &entry.value));
    below.find_map(declared_within)
}

/// Whether there are no keys but those of a declaration.
fn is_closed(entries: &[Entry]) -> bool {
    let mut keys = entries.iter().map(|entry| entry.key.as_str());
    keys.all(|key| KEYS.contains(&key))
}

/// Whether `type` names one that parameters have.
fn is_typed(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| {
        let name = entry.value.as_str().unwrap_or_default();
        entry.key == "type" && (types().any(|ty| ty == name) || ALIASES.contains(&name))
    })
}

pub(super) fn declared(entry: &Entry, found: &mut Diagnostics) -> Option<Declared> {
    let what = format!("parameter `{}`", entry.key);
    fields::name(&entry.key, "a parameter", &entry.key_place, found);
    if entry.value.as_map().is_none() {
        found.push(
            Diagnostic::error(format!("{what} is declared by a map"))
                .at(
                    &entry.value.place,
                    format!("this is {}", entry.value.type_name()),
                )
                .help("for example `{type: float, default: 0.1}`"),
        );
        return None;
    }
    let declaration = Fields::of(&entry.value, &what, &KEYS, found)?;
    let ty = param_type(&declaration, entry, found)?;
    let default = declaration.get("default").and_then(|node| {
        fields::given(node, &ty, &format!("the default of `{}`", entry.key), found)
    });
    let optional = declaration
        .get("optional")
        .and_then(|node| fields::conform(node, &ParamType::Bool, "`optional`", found));
    let doc = declaration
        .get("doc")
        .and_then(|node| fields::text(node, "`doc`", found));
    Some(Declared {
        name: Arc::from(entry.key.as_str()),
        place: entry.key_place.clone(),
        ty,
        default,
        optional: optional.and_then(|value| value.as_bool()).unwrap_or(false),
        doc: doc.unwrap_or_default().to_owned(),
    })
}

fn param_type(fields: &Fields<'_>, entry: &Entry, found: &mut Diagnostics) -> Option<ParamType> {
    let choices = fields.get("choices").and_then(|node| {
        let list = ParamType::List(Box::new(ParamType::Str));
        let choices = fields::conform(node, &list, "`choices`", found)?;
        let choices = choices.as_list()?.iter();
        Some(
            choices
                .filter_map(|choice| choice.as_str().map(str::to_owned))
                .collect::<Vec<_>>(),
        )
    });
    let name = match fields.get("type") {
        Some(node) => fields::text(node, "`type`", found)?,
        None if choices.is_some() => "string",
        None => {
            found.push(
                Diagnostic::error(format!("parameter `{}` has no `type`", entry.key))
                    .at(&entry.key_place, "of which type are its values?")
                    .help(format!("types: {}", crate::text::list_of(types()))),
            );
            return None;
        }
    };
    let place = fields
        .get("type")
        .map_or(&entry.key_place, |node| &node.place);
    let ty = plain_type(name, place, found)?;
    for bound in ["min", "max"].iter().filter_map(|key| fields.entry(key)) {
        if !matches!(ty, ParamType::Int { .. } | ParamType::Float { .. }) {
            found.push(
                Diagnostic::error(format!("`{}` is for numbers", bound.key))
                    .at(&bound.key_place, format!("the type is `{name}`")),
            );
        }
    }
    Some(match ty {
        ParamType::Int { .. } => {
            let mut bound = |key| {
                fields.get(key).and_then(|node| {
                    fields::whole(node, &format!("`{key}`"), i64::MIN, i64::MAX, found)
                })
            };
            ParamType::Int {
                min: bound("min"),
                max: bound("max"),
            }
        }
        ParamType::Float { .. } => {
            let mut bound = |key| {
                let any = ParamType::Float {
                    min: None,
                    max: None,
                };
                let node = fields.get(key)?;
                fields::conform(node, &any, &format!("`{key}`"), found)?.as_float()
            };
            ParamType::Float {
                min: bound("min"),
                max: bound("max"),
            }
        }
        ParamType::Str => choices.map_or(ParamType::Str, ParamType::Choice),
        ParamType::List(_) | ParamType::Map(_) => {
            let element = match fields.get("of") {
                Some(node) => plain_type(fields::text(node, "`of`", found)?, &node.place, found)?,
                None => ParamType::Any,
            };
            match ty {
                ParamType::List(_) => ParamType::List(Box::new(element)),
                _ => ParamType::Map(Box::new(element)),
            }
        }
        other => other,
    })
}

/// What types are called elsewhere.
pub(super) const ALIASES: [&str; 6] = ["boolean", "double", "integer", "number", "str", "text"];

/// The types of parameters, with the values that they take.
pub(super) const TYPES: [(&str, &str); 9] = [
    ("any", "any value, as YAML reads it"),
    ("bool", "`true` or `false`"),
    ("float", "a finite number; `1` and `1.0` are one value"),
    ("int", "a whole number"),
    ("list", "a list, of elements of the type `of`"),
    ("map", "a map from texts, to values of the type `of`"),
    ("path", "a text that names a file"),
    ("seed", "a whole number from 0"),
    ("string", "a text"),
];

fn types() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|(name, _)| *name)
}

fn plain_type(name: &str, place: &Place, found: &mut Diagnostics) -> Option<ParamType> {
    Some(match name {
        "any" => ParamType::Any,
        "bool" => ParamType::Bool,
        "float" => ParamType::Float {
            min: None,
            max: None,
        },
        "int" => ParamType::Int {
            min: None,
            max: None,
        },
        "list" => ParamType::List(Box::new(ParamType::Any)),
        "map" => ParamType::Map(Box::new(ParamType::Any)),
        "path" => ParamType::Path,
        "seed" => ParamType::Seed,
        "string" => ParamType::Str,
        other => {
            let help = match other {
                "str" | "text" => Some("did you mean `string`?".to_owned()),
                "number" | "double" => Some("did you mean `float`?".to_owned()),
                "integer" => Some("did you mean `int`?".to_owned()),
                "boolean" => Some("did you mean `bool`?".to_owned()),
                other => did_you_mean(other, types(), "types"),
            };
            found.push(
                Diagnostic::error(format!("unknown type `{other}`"))
                    .at(place, "no such type")
                    .maybe_help(help),
            );
            return None;
        }
    })
}
