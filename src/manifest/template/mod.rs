//! Values with `${…}` in them.
//!
//! A value that is one `${…}` keeps the type of the expression, and leaves its key out where a
//! name is unbound. Inside a larger text, values enter as text and must be bound. `$${` is a
//! literal `${`.

mod fill;
mod segments;

pub use fill::Numbers;
pub(super) use segments::Unfilled;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;

use segments::segments;

use super::expression::Expression;
use super::held::is_own_text;
use super::node::Content;
use super::node::Node;

/// A value to be filled in, with its place.
#[derive(Debug)]
pub struct Template {
    pub place: Place,
    pub content: TemplateContent,
    /// Some `${…}` are left to be filled in when the step runs. A literal `${` then stays escaped,
    /// `$${`, also that of a value: no value is ever mistaken for a path.
    pub escaped: bool,
}

/// What a template is made of.
#[derive(Debug)]
pub enum TemplateContent {
    /// A value without `${…}`.
    Literal(Value),
    /// A number of a command, with the text that a program is given for it: `1e-3`, `1.0`.
    Number(Value, String),
    /// One `${…}` and nothing else.
    Whole(Expression),
    /// The same as an argument of a command, which is left out where the expression gives none.
    Argument(Expression),
    /// A text with `${…}` in it.
    Text(Vec<Segment>),
    /// What could not be read; said already.
    Broken,
    List(Vec<Template>),
    /// Elements of the list that it stands in: all of them, or none where a name in them has no value.
    Optional(Vec<Template>),
    Map(Vec<(Arc<str>, Template)>),
}

/// A part of a text.
#[derive(Debug)]
pub enum Segment {
    Literal(String),
    Hole(Expression),
}

impl Template {
    /// Reads every `${…}` of a node. Names in `kept` stay as they are written: they are filled in
    /// when the step runs.
    pub(super) fn read(node: &Node, kept: Unfilled, found: &mut Diagnostics) -> Template {
        let content = match &node.content {
            Content::Scalar(Value::Str(text)) => match segments(text, &node.place, kept, found) {
                Some(segments) if segments.is_empty() => TemplateContent::Broken,
                None => TemplateContent::Literal(Value::Str(text.clone())),
                Some(mut segments) => match (segments.len(), segments.pop()) {
                    (1, Some(Segment::Hole(expression))) => TemplateContent::Whole(expression),
                    (1, Some(Segment::Literal(text))) => TemplateContent::Literal(Value::Str(text)),
                    (_, last) => {
                        segments.extend(last);
                        TemplateContent::Text(segments)
                    }
                },
            },
            Content::Scalar(value) if kept == Unfilled::Paths && value.as_float().is_some() => {
                number(value, node.place.text())
            }
            Content::Scalar(value) => TemplateContent::Literal(value.clone()),
            Content::List(items) => {
                let items: Vec<_> = items
                    .iter()
                    .map(|item| Template::read(item, kept, found))
                    .collect();
                // Of the children rather than the node: an escaped `$${` has changed.
                let values = items.iter().map(|item| item.literal().cloned());
                match values.collect::<Option<_>>() {
                    Some(values) => TemplateContent::Literal(Value::List(values)),
                    None => TemplateContent::List(items),
                }
            }
            Content::Map(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|entry| {
                        if entry.key.contains("${") {
                            found.push(
                                Diagnostic::error("`${…}` in a key")
                                    .at(&entry.key_place, "stays as it is here")
                                    .help("only values are filled in"),
                            );
                        }
                        let value = Template::read(&entry.value, kept, found);
                        (Arc::from(entry.key.as_str()), value)
                    })
                    .collect();
                let values = entries.iter().map(|(key, value): &(Arc<str>, Template)| {
                    Some((key.to_string(), value.literal()?.clone()))
                });
                match values.collect::<Option<_>>() {
                    Some(values) => TemplateContent::Literal(Value::Map(values)),
                    None => TemplateContent::Map(entries),
                }
            }
        };
        Template {
            place: node.place.clone(),
            content,
            escaped: kept == Unfilled::Paths,
        }
    }

    /// The value, where it needs no cell.
    pub fn literal(&self) -> Option<&Value> {
        match &self.content {
            TemplateContent::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// Adds the values of expressions to a map under names.
    pub(super) fn add_names(&mut self, names: Vec<(Arc<str>, String, Place)>) {
        let mut entries =
            match std::mem::replace(&mut self.content, TemplateContent::Map(Vec::new())) {
                TemplateContent::Map(entries) => entries,
                TemplateContent::Literal(Value::Map(values)) => {
                    let literal = |value| Template {
                        place: self.place.clone(),
                        content: TemplateContent::Literal(value),
                        escaped: self.escaped,
                    };
                    let values = values.into_iter();
                    values
                        .map(|(key, value)| (Arc::from(key), literal(value)))
                        .collect()
                }
                // Not a map: left for the check of its type.
                other => {
                    self.content = other;
                    return;
                }
            };
        for (name, expression, place) in names {
            if entries.iter().any(|(known, _)| *known == name) {
                continue;
            }
            if let Ok(expression) = Expression::read(&expression, &place) {
                let value = Template {
                    place,
                    content: TemplateContent::Whole(expression),
                    escaped: self.escaped,
                };
                entries.push((name, value));
            }
        }
        self.content = TemplateContent::Map(entries);
    }

    /// All expressions in it.
    pub fn visit<'t>(&'t self, see: &mut impl FnMut(&'t Expression)) {
        match &self.content {
            TemplateContent::Literal(_) | TemplateContent::Number(..) | TemplateContent::Broken => {
            }
            TemplateContent::Whole(expression) | TemplateContent::Argument(expression) => {
                see(expression);
            }
            TemplateContent::Text(segments) => {
                for segment in segments {
                    if let Segment::Hole(expression) = segment {
                        see(expression);
                    }
                }
            }
            TemplateContent::List(items) | TemplateContent::Optional(items) => {
                items.iter().for_each(|item| item.visit(see));
            }
            TemplateContent::Map(entries) => entries.iter().for_each(|(_, value)| value.visit(see)),
        }
    }

    /// Whether any part could not be read.
    pub fn is_broken(&self) -> bool {
        match &self.content {
            TemplateContent::Broken => true,
            TemplateContent::Literal(_)
            | TemplateContent::Number(..)
            | TemplateContent::Whole(_)
            | TemplateContent::Argument(_)
            | TemplateContent::Text(_) => false,
            TemplateContent::List(items) | TemplateContent::Optional(items) => {
                items.iter().any(Template::is_broken)
            }
            TemplateContent::Map(entries) => entries.iter().any(|(_, value)| value.is_broken()),
        }
    }

    /// Whether any number in it is written otherwise than its value is.
    pub fn has_numbers(&self) -> bool {
        match &self.content {
            TemplateContent::Number(..) => true,
            TemplateContent::List(items) | TemplateContent::Optional(items) => {
                items.iter().any(Template::has_numbers)
            }
            TemplateContent::Map(entries) => entries.iter().any(|(_, value)| value.has_numbers()),
            _ => false,
        }
    }

    /// The names that any expression in it uses.
    pub fn names(&self) -> BTreeSet<Arc<str>> {
        let mut names = BTreeSet::new();
        self.visit(&mut |expression| names.extend(expression.names().iter().cloned()));
        names
    }

    /// The same, where only a value within a parameter is used by the way to it: `optim.lr`.
    pub fn ways(&self) -> BTreeSet<Arc<str>> {
        let mut ways = BTreeSet::new();
        self.visit(&mut |expression| ways.extend(expression.ways()));
        ways
    }
}

/// A number as it is read, and how it is written, where that tells more than its value.
fn number(value: &Value, written: &str) -> TemplateContent {
    let written = written.trim();
    let is_written = written.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && !written.contains(char::is_whitespace);
    let is_held = value
        .as_float()
        .is_none_or(|number| value.as_int().is_some() || is_own_text(written, number));
    // Not so where an alias stands for it.
    let text = match is_written && is_held {
        true => written.to_owned(),
        false => value.to_string(),
    };
    match text == value.clone().whole_numbers().to_string() {
        true => TemplateContent::Literal(value.clone()),
        false => TemplateContent::Number(value.clone(), text),
    }
}
