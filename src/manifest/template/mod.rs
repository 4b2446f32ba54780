//! Values with `${…}` in them.
//!
//! A value that is one `${…}` keeps the type of the expression, and leaves its key out where a
//! name is unbound. Inside a larger text, values enter as text and must be bound. `$${` is a
//! literal `${`.

mod pieces;

pub(super) use pieces::Kept;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::registry::Value;
use crate::registry::Values;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;

use pieces::pieces;

use super::expression::Expression;
use super::expression::Trouble;
use super::node::Content;
use super::node::Node;

/// A value to be filled in, with its place.
#[derive(Debug)]
pub struct Template {
    pub place: Place,
    pub content: Filling,
    /// Some `${…}` are left to be filled in when the step runs. A literal `${` then stays escaped,
    /// `$${`, also that of a value: no value is ever mistaken for a path.
    pub escaped: bool,
}

/// What a template is made of.
#[derive(Debug)]
pub enum Filling {
    /// A value without `${…}`.
    Literal(Value),
    /// One `${…}` and nothing else.
    Whole(Expression),
    /// A text with `${…}` in it.
    Text(Vec<Piece>),
    /// What could not be read; said already.
    Broken,
    List(Vec<Template>),
    Map(Vec<(Arc<str>, Template)>),
}

/// A part of a text.
#[derive(Debug)]
pub enum Piece {
    Literal(String),
    Hole(Expression),
}

impl Template {
    /// Reads every `${…}` of a node. Names in `kept` stay as they are written: they are filled in
    /// when the step runs.
    pub(super) fn read(node: &Node, kept: Kept, found: &mut Diagnostics) -> Template {
        let content = match &node.content {
            Content::Scalar(Value::Str(text)) => match pieces(text, &node.place, kept, found) {
                Some(pieces) if pieces.is_empty() => Filling::Broken,
                None => Filling::Literal(Value::Str(text.clone())),
                Some(mut pieces) => match (pieces.len(), pieces.pop()) {
                    (1, Some(Piece::Hole(expression))) => Filling::Whole(expression),
                    (1, Some(Piece::Literal(text))) => Filling::Literal(Value::Str(text)),
                    (_, last) => {
                        pieces.extend(last);
                        Filling::Text(pieces)
                    }
                },
            },
            Content::Scalar(value) => Filling::Literal(value.clone()),
            Content::List(items) => {
                let items: Vec<_> = items
                    .iter()
                    .map(|item| Template::read(item, kept, found))
                    .collect();
                // Of the children rather than the node: an escaped `$${` has changed.
                let values = items.iter().map(|item| item.literal().cloned());
                match values.collect::<Option<_>>() {
                    Some(values) => Filling::Literal(Value::List(values)),
                    None => Filling::List(items),
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
                    Some(values) => Filling::Literal(Value::Map(values)),
                    None => Filling::Map(entries),
                }
            }
        };
        Template {
            place: node.place.clone(),
            content,
            escaped: kept == Kept::Paths,
        }
    }

    /// The value, where it needs no cell.
    pub fn literal(&self) -> Option<&Value> {
        match &self.content {
            Filling::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// Adds the values of names to a map under the names themselves, as texts.
    pub(super) fn add_names(&mut self, names: Vec<(Arc<str>, Place)>) {
        let mut entries = match std::mem::replace(&mut self.content, Filling::Map(Vec::new())) {
            Filling::Map(entries) => entries,
            Filling::Literal(Value::Map(values)) => {
                let literal = |value| Template {
                    place: self.place.clone(),
                    content: Filling::Literal(value),
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
        for (name, place) in names {
            if entries.iter().any(|(known, _)| *known == name) {
                continue;
            }
            if let Ok(expression) = Expression::read(&name, &place) {
                let value = Template {
                    place,
                    content: Filling::Whole(expression),
                    escaped: self.escaped,
                };
                entries.push((name, value));
            }
        }
        self.content = Filling::Map(entries);
    }

    /// All expressions in it.
    pub fn visit<'t>(&'t self, see: &mut impl FnMut(&'t Expression)) {
        match &self.content {
            Filling::Literal(_) | Filling::Broken => {}
            Filling::Whole(expression) => see(expression),
            Filling::Text(pieces) => {
                for piece in pieces {
                    if let Piece::Hole(expression) = piece {
                        see(expression);
                    }
                }
            }
            Filling::List(items) => items.iter().for_each(|item| item.visit(see)),
            Filling::Map(entries) => entries.iter().for_each(|(_, value)| value.visit(see)),
        }
    }

    /// Whether any part could not be read.
    pub fn is_broken(&self) -> bool {
        match &self.content {
            Filling::Broken => true,
            Filling::Literal(_) | Filling::Whole(_) | Filling::Text(_) => false,
            Filling::List(items) => items.iter().any(Template::is_broken),
            Filling::Map(entries) => entries.iter().any(|(_, value)| value.is_broken()),
        }
    }

    /// The names that any expression in it uses.
    pub fn names(&self) -> BTreeSet<Arc<str>> {
        let mut names = BTreeSet::new();
        self.visit(&mut |expression| names.extend(expression.names().iter().cloned()));
        names
    }

    /// The value in a cell; none where it is one `${…}` with an unbound name.
    ///
    /// # Errors
    /// Where a name is unbound inside a larger value, or an expression makes no sense.
    pub fn fill<'v>(
        &self,
        lookup: &dyn Fn(&str) -> Option<&'v Value>,
    ) -> Result<Option<Value>, Diagnostic> {
        match &self.content {
            Filling::Literal(value) => Ok(Some(value.clone())),
            Filling::Broken => Ok(None),
            Filling::Whole(expression) => match expression.value(lookup) {
                Ok(value) => Ok(Some(self.escape(value))),
                Err(Trouble::Unbound(_)) => Ok(None),
                Err(Trouble::Failed(problem)) => Err(failed(expression, &problem)),
            },
            Filling::Text(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Literal(literal) => text.push_str(literal),
                        Piece::Hole(hole) => match hole.value(lookup) {
                            Ok(value) => match self.escape(Value::Str(value.to_string())) {
                                Value::Str(value) => text.push_str(&value),
                                _ => unreachable!("BUG: text stays text"),
                            },
                            Err(Trouble::Failed(problem)) => return Err(failed(hole, &problem)),
                            Err(Trouble::Unbound(name)) => {
                                return Err(unbound(hole, &name)
                                    .help("a value that is nothing but `${…}` would be left out"));
                            }
                        },
                    }
                }
                Ok(Some(Value::Str(text)))
            }
            Filling::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    match item.fill(lookup)? {
                        Some(value) => values.push(value),
                        // A list with a hole would be another list.
                        None => return Err(item.hollow(lookup)),
                    }
                }
                Ok(Some(Value::List(values)))
            }
            Filling::Map(entries) => {
                let mut values = Values::with_capacity(entries.len());
                for (key, value) in entries {
                    if let Some(value) = value.fill(lookup)? {
                        values.insert(key.to_string(), value);
                    }
                }
                Ok(Some(Value::Map(values)))
            }
        }
    }

    fn escape(&self, value: Value) -> Value {
        match value {
            Value::Str(text) if self.escaped && text.contains("${") => {
                Value::Str(text.replace("${", "$${"))
            }
            Value::List(values) if self.escaped => {
                Value::List(values.into_iter().map(|value| self.escape(value)).collect())
            }
            Value::Map(values) if self.escaped => {
                let values = values.into_iter();
                Value::Map(values.map(|(k, v)| (k, self.escape(v))).collect())
            }
            value => value,
        }
    }

    /// Why an element of a list has no value.
    fn hollow<'v>(&self, lookup: &dyn Fn(&str) -> Option<&'v Value>) -> Diagnostic {
        if let Filling::Whole(expression) = &self.content
            && let Some(name) = expression
                .names()
                .iter()
                .find(|name| lookup(name).is_none())
        {
            return unbound(expression, name).help("lists have no room for absent values");
        }
        Diagnostic::error("an element of a list has no value").at(&self.place, "")
    }
}

fn failed(expression: &Expression, problem: &str) -> Diagnostic {
    Diagnostic::error(format!("`{}` has no value", expression.text()))
        .at(expression.place(), problem)
}

fn unbound(expression: &Expression, name: &str) -> Diagnostic {
    Diagnostic::error(format!("`{name}` has no value in some cells"))
        .at(expression.place(), "needed here")
}
