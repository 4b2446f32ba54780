//! Maps with a closed set of keys, and values of one type, read with messages at their places.

use std::borrow::Cow;

use crate::registry::ParamType;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::did_you_mean;

use super::node::Content;
use super::node::Entry;
use super::node::Node;
use super::pipeline::declared_within;
use super::pipeline::looks_declared;

/// The entries of a map whose keys were checked.
pub(super) struct Fields<'n> {
    entries: &'n [Entry],
}

impl<'n> Fields<'n> {
    /// Checks that a node is a map with none but the known keys. `what` names it in messages:
    /// `a stage`. Nothing at all is an empty map.
    pub(super) fn of(
        node: &'n Node,
        what: &str,
        known: &[&str],
        found: &mut Diagnostics,
    ) -> Option<Fields<'n>> {
        let entries = map(node, what, found)?;
        for entry in entries {
            if !known.contains(&entry.key.as_str()) {
                found.push(
                    Diagnostic::error(format!("unknown key `{}` of {what}", entry.key))
                        .at(&entry.key_place, "not a key here")
                        .maybe_help(did_you_mean(
                            &entry.key,
                            known.iter().copied(),
                            "the keys are",
                        )),
                );
            }
        }
        Some(Fields { entries })
    }

    pub(super) fn entry(&self, key: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value of a key; none where the key is missing or has no value.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        let value = self.entry(key).map(|entry| &entry.value);
        value.filter(|value| !value.is_null())
    }
}

/// The entries of a map; nothing at all is an empty map.
pub(super) fn map<'n>(node: &'n Node, what: &str, found: &mut Diagnostics) -> Option<&'n [Entry]> {
    if node.is_null() {
        return Some(&[]);
    }
    let entries = node.as_map();
    if entries.is_none() {
        found.push(
            Diagnostic::error(format!("{what} is a map of keys and values"))
                .at(&node.place, format!("this is {}", node.type_name())),
        );
    }
    entries
}

/// The text of a node.
pub(super) fn text<'n>(node: &'n Node, what: &str, found: &mut Diagnostics) -> Option<&'n str> {
    let text = node.as_str();
    if text.is_none() {
        found.push(
            Diagnostic::error(format!("{what} is text"))
                .at(&node.place, format!("this is {}", node.type_name())),
        );
    }
    text
}

/// The value of a node in the canonical form of a type.
pub(super) fn conform(
    node: &Node,
    ty: &ParamType,
    what: &str,
    found: &mut Diagnostics,
) -> Option<Value> {
    match ty.conform(node.to_value()) {
        Ok(value) => Some(value),
        Err(mismatch) => {
            found.push(
                Diagnostic::error(format!("wrong value of {what}"))
                    .at(node.place_of(&mismatch.path), mismatch.message)
                    .maybe_help(mismatch.help),
            );
            None
        }
    }
}

/// How the value of a parameter is read: [`given`] or [`taken`].
pub(super) type Read = fn(&Node, &ParamType, &str, &mut Diagnostics) -> Option<Value>;

/// The value that a manifest gives a parameter: it is taken as it stands, so that what looks as if
/// it were more than a value is a mistake.
pub(super) fn given(
    node: &Node,
    ty: &ParamType,
    what: &str,
    found: &mut Diagnostics,
) -> Option<Value> {
    if *ty == ParamType::Any {
        if looks_declared(node) {
            found.push(
                Diagnostic::error(format!("a declaration in place of a value of {what}"))
                    .at(&node.place, "a value stands here")
                    .help("declare it under `params` of the manifest or pipeline, and give its value here"),
            );
            return None;
        }
        if let Some(inner) = declared_within(node) {
            found.push(
                Diagnostic::error(format!("a declaration within a value of {what}"))
                    .at(&inner.place, "a value stands here")
                    .help("give its value: parameters are declared as a whole, by their own names under `params`")
                    .help("where the map itself is the value, declare the parameter: `{type: map, default: …}`"),
            );
            return None;
        }
    }
    taken(node, ty, what, found)
}

/// The value that a file of values gives a parameter: whatever stands there, nobody declares in it.
pub(super) fn taken(
    node: &Node,
    ty: &ParamType,
    what: &str,
    found: &mut Diagnostics,
) -> Option<Value> {
    let before = found.errors();
    let node = &literal(node, what, found);
    if found.errors() > before {
        return None;
    }
    canonical(node, ty, what, found)
}

/// What is to be said of a `${…}` that a file of values has, which nobody fills in.
pub(super) fn unfilled(node: &Node, what: &str) -> Option<Diagnostic> {
    let mut found = Diagnostics::new();
    literal(node, what, &mut found);
    found.iter().next().cloned()
}

/// The value of a node as columns have it.
pub(super) fn canonical(
    node: &Node,
    ty: &ParamType,
    what: &str,
    found: &mut Diagnostics,
) -> Option<Value> {
    let value = conform(node, ty, what, found)?;
    // Without a declared type, `1`, `1.0` and `1e0` are one number: a program is given the text.
    Some(match ty {
        ParamType::Any => value.whole_numbers(),
        _ => value,
    })
}

/// The node with `$${` for a literal `${`; another `${` is a mistake.
fn literal<'n>(node: &'n Node, what: &str, found: &mut Diagnostics) -> Cow<'n, Node> {
    let children = match &node.content {
        Content::Scalar(Value::Str(text)) if text.contains("${") => {
            let plain = text.replace("$${", "");
            if plain.contains("${") {
                let start = node.place.text().find("${").unwrap_or(0);
                let end = node.place.text()[start..]
                    .find('}')
                    .map_or(0, |end| end + 1);
                found.push(
                    Diagnostic::error(format!("`${{…}}` in a value of {what}"))
                        .at(&node.place.part(start..start + end), "stays as it is here")
                        .help("stages fill in `${…}`, values are taken as they stand; a literal `${` is written `$${`"),
                );
            }
            Content::Scalar(Value::Str(text.replace("$${", "${")))
        }
        Content::Scalar(_) => return Cow::Borrowed(node),
        Content::List(items) => Content::List(
            items
                .iter()
                .map(|item| literal(item, what, found).into_owned())
                .collect(),
        ),
        Content::Map(entries) => {
            let entries = entries.iter().map(|entry| Entry {
                value: literal(&entry.value, what, found).into_owned(),
                ..entry.clone()
            });
            Content::Map(entries.collect())
        }
    };
    Cow::Owned(Node {
        place: node.place.clone(),
        content: children,
    })
}

/// A whole number within bounds.
pub(super) fn whole(
    node: &Node,
    what: &str,
    min: i64,
    max: i64,
    found: &mut Diagnostics,
) -> Option<i64> {
    let ty = ParamType::Int {
        min: Some(min),
        max: Some(max),
    };
    conform(node, &ty, what, found)?.as_int()
}

/// Whether a name can stand in expressions.
pub(super) fn is_name(text: &str) -> bool {
    let place = Place::start_of(&std::sync::Arc::new(crate::text::Source {
        path: std::path::PathBuf::new(),
        text: String::new(),
    }));
    name(text, "", &place, &mut Diagnostics::new())
}

/// Whether a name can stand in expressions; reports where it cannot.
pub(super) fn name(name: &str, what: &str, place: &Place, found: &mut Diagnostics) -> bool {
    const RESERVED: [&str; 14] = [
        "and",
        "checkpoint",
        "else",
        "false",
        "if",
        "in",
        "is",
        "loop",
        "none",
        "not",
        "null",
        "or",
        "root",
        "true",
    ];
    let mut characters = name.chars();
    let starts = characters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let good = starts && characters.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !good {
        let better: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        found.push(
            Diagnostic::error(format!("`{name}` cannot name {what}"))
                .at(place, "names have letters, digits, and underscores")
                .maybe_help(starts.then(|| format!("write `{better}`"))),
        );
        return false;
    }
    if RESERVED.contains(&name) {
        found.push(
            Diagnostic::error(format!("`{name}` cannot name {what}"))
                .at(place, "a word of the expression language"),
        );
        return false;
    }
    true
}
