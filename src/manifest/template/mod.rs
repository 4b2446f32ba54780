//! Values with `${…}` in them.
//!
//! A value that is one `${…}` keeps the type of the expression, and leaves its key out where a
//! name is unbound. Inside a larger text, values enter as text and must be bound. `$${` is a
//! literal `${`.

mod segments;

pub(super) use segments::Unfilled;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::registry::Value;
use crate::registry::Values;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;

use segments::segments;

use super::expression::EvaluationError;
use super::expression::Expression;
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
    /// One `${…}` and nothing else.
    Whole(Expression),
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
            // A program is given the text: `1e-3` and not 0.001.
            Content::Scalar(value)
                if kept == Unfilled::Paths
                    && value.as_float().is_some()
                    && is_other_text(value, node.place.text()) =>
            {
                TemplateContent::Literal(Value::from(node.place.text().trim()))
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
            TemplateContent::Literal(_) | TemplateContent::Broken => {}
            TemplateContent::Whole(expression) => see(expression),
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
            TemplateContent::Literal(_) | TemplateContent::Whole(_) | TemplateContent::Text(_) => {
                false
            }
            TemplateContent::List(items) | TemplateContent::Optional(items) => {
                items.iter().any(Template::is_broken)
            }
            TemplateContent::Map(entries) => entries.iter().any(|(_, value)| value.is_broken()),
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

    /// The same value with others in the place of what stands alone in `${…}`, by name or by the way to what is
    /// within a value, `optim.lr`: numbers as the manifest writes them.
    ///
    /// # Errors
    /// As [`Template::fill`].
    pub fn fill_with<'v>(
        &self,
        lookup: &dyn Fn(&str) -> Option<&'v Value>,
        given: &dyn Fn(&str) -> Option<Value>,
    ) -> Result<Option<Value>, Diagnostic> {
        let bare = |expression: &Expression| match expression.names() {
            [_] => given(expression.text().trim()),
            _ => None,
        };
        match &self.content {
            TemplateContent::Whole(expression) => match bare(expression) {
                Some(value) => Ok(Some(value)),
                None => self.fill(lookup),
            },
            TemplateContent::Text(segments) => {
                let as_written = segments.iter().map(|segment| match segment {
                    Segment::Literal(text) => Ok(text.clone()),
                    Segment::Hole(hole) => match bare(hole) {
                        Some(value) => Ok(self.in_text(&value)),
                        None => match hole.value(lookup) {
                            Ok(value) => Ok(self.in_text(&value)),
                            Err(_) => Err(()),
                        },
                    },
                });
                match as_written.collect::<Result<String, ()>>() {
                    Ok(text) => Ok(Some(Value::Str(text))),
                    // It says what is wrong.
                    Err(()) => self.fill(lookup),
                }
            }
            TemplateContent::List(items) | TemplateContent::Optional(items) => {
                elements(items, lookup, &|item| item.fill_with(lookup, given))
            }
            TemplateContent::Map(entries) => {
                let mut values = Values::with_capacity(entries.len());
                for (key, value) in entries {
                    if let Some(value) = value.fill_with(lookup, given)? {
                        values.insert(key.to_string(), value);
                    }
                }
                Ok(Some(Value::Map(values)))
            }
            TemplateContent::Literal(_) | TemplateContent::Broken => self.fill(lookup),
        }
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
            TemplateContent::Literal(value) => Ok(Some(value.clone())),
            TemplateContent::Broken => Ok(None),
            TemplateContent::Whole(expression) => match expression.value(lookup) {
                Ok(value) => Ok(Some(self.escape(value))),
                Err(EvaluationError::Unbound(_)) => Ok(None),
                Err(EvaluationError::Failed(problem)) => Err(failed(expression, &problem)),
            },
            TemplateContent::Text(segments) => {
                let mut text = String::new();
                for segment in segments {
                    match segment {
                        Segment::Literal(literal) => text.push_str(literal),
                        Segment::Hole(hole) => match hole.value(lookup) {
                            Ok(value) => text.push_str(&self.in_text(&value)),
                            Err(EvaluationError::Failed(problem)) => {
                                return Err(failed(hole, &problem));
                            }
                            Err(EvaluationError::Unbound(name)) => {
                                let unbound = unbound(hole, &name);
                                let option = self.place.text().trim_matches(['"', '\'']);
                                return Err(match self.escaped && option.starts_with('-') {
                                    true => unbound.help(format!(
                                        "an option is left out as a whole where it is a list of its own: \
                                         `[\"{option}\"]`"
                                    )),
                                    false => unbound.help(
                                        "a value that is nothing but `${…}` would be left out",
                                    ),
                                });
                            }
                        },
                    }
                }
                Ok(Some(Value::Str(text)))
            }
            TemplateContent::List(items) | TemplateContent::Optional(items) => {
                elements(items, lookup, &|item| item.fill(lookup))
            }
            TemplateContent::Map(entries) => {
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

    /// A value within a text. A program is given lists and maps as JSON, as where they stand alone.
    fn in_text(&self, value: &Value) -> String {
        let text = match value {
            Value::List(_) | Value::Map(_) if self.escaped => {
                serde_json::to_string(value).expect("values are plain data with text keys")
            }
            plain => plain.to_string(),
        };
        match self.escaped {
            true => escaped(text),
            false => text,
        }
    }

    fn escape(&self, value: Value) -> Value {
        match value {
            Value::Str(text) if self.escaped => Value::Str(escaped(text)),
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

    /// Whether a name has no value where it is needed.
    fn is_missing<'v>(&self, lookup: &dyn Fn(&str) -> Option<&'v Value>) -> bool {
        let mut missing = false;
        self.visit(&mut |expression| {
            missing |= matches!(expression.value(lookup), Err(EvaluationError::Unbound(_)));
        });
        missing
    }

    /// Why an element of a list has no value.
    fn hollow<'v>(&self, lookup: &dyn Fn(&str) -> Option<&'v Value>) -> Diagnostic {
        if let TemplateContent::Whole(expression) = &self.content
            && let Some(name) = expression
                .names()
                .iter()
                .find(|name| lookup(name).is_none())
        {
            return unbound(expression, name).help(match self.escaped {
                // Of a command.
                true => format!(
                    "a list has no room for absent values; an option with its value is left out as a whole \
                     where it is a list of its own: `[--{}, \"${{{}}}\"]`",
                    name.replace('_', "-"),
                    expression.text().trim()
                ),
                false => "lists have no room for absent values".to_owned(),
            });
        }
        Diagnostic::error("an element of a list has no value").at(&self.place, "")
    }
}

/// No value is taken for a path that is filled in later.
fn escaped(text: String) -> String {
    match text.contains('$') {
        true => text.replace("${", "$${"),
        false => text,
    }
}

/// The elements of a list, those of the options in it among them.
fn elements<'v>(
    items: &[Template],
    lookup: &dyn Fn(&str) -> Option<&'v Value>,
    fill: &dyn Fn(&Template) -> Result<Option<Value>, Diagnostic>,
) -> Result<Option<Value>, Diagnostic> {
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        let optional = matches!(item.content, TemplateContent::Optional(_));
        if optional && item.is_missing(lookup) {
            continue;
        }
        match fill(item)? {
            Some(Value::List(inner)) if optional => values.extend(inner),
            Some(value) => values.push(value),
            // A list with a hole would be another list.
            None => return Err(item.hollow(lookup)),
        }
    }
    Ok(Some(Value::List(values)))
}

/// Whether a number is written in another way than it is shown.
fn is_other_text(value: &Value, text: &str) -> bool {
    let text = text.trim();
    let number = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    number && !text.contains(char::is_whitespace) && text != value.to_string()
}

fn failed(expression: &Expression, problem: &str) -> Diagnostic {
    Diagnostic::error(format!("`{}` has no value", expression.text()))
        .at(expression.place(), problem)
}

fn unbound(expression: &Expression, name: &str) -> Diagnostic {
    Diagnostic::error(format!("`{name}` has no value in some cells"))
        .at(expression.place(), "needed here")
}
