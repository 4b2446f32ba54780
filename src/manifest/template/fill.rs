//! Templates with the values of a cell in them.

use crate::manifest::expression::EvaluationError;
use crate::manifest::expression::Expression;
use crate::registry::Fields;
use crate::registry::Value;
use crate::text::Diagnostic;

use super::Segment;
use super::Template;
use super::TemplateContent;

/// How numbers are filled in that are written otherwise than their values are, for what a program reads.
#[derive(Clone, Copy)]
pub struct Numbers<'f> {
    /// What stands alone in `${…}`, by name or by the way to what is within a value, `optim.lr`, as a number
    /// with its type: `1.0` is no whole number.
    typed: &'f dyn Fn(&str) -> Option<Value>,
    /// The same as a text, `1e-3`, where a program is given texts.
    written: Option<&'f dyn Fn(&str) -> Option<Value>>,
    /// How deep in the value of a parameter: its own elements are given as texts, what is in those as JSON.
    depth: usize,
}

/// The elements of a parameter.
const ELEMENTS: usize = 1;

impl<'f> Numbers<'f> {
    /// As numbers with their types.
    pub fn typed(typed: &'f dyn Fn(&str) -> Option<Value>) -> Self {
        Numbers {
            typed,
            written: None,
            depth: 0,
        }
    }

    /// As texts where a program is given texts, as numbers with their types within JSON.
    pub fn written(
        written: &'f dyn Fn(&str) -> Option<Value>,
        typed: &'f dyn Fn(&str) -> Option<Value>,
    ) -> Self {
        Numbers {
            written: Some(written),
            ..Numbers::typed(typed)
        }
    }

    fn inside(self) -> Self {
        Numbers {
            depth: self.depth + 1,
            ..self
        }
    }

    fn are_texts(self) -> bool {
        self.written.is_some() && self.depth <= ELEMENTS
    }

    /// An expression that is the whole of a value.
    fn alone(self, expression: &Expression, lookup: Lookup<'_, '_>) -> Option<Value> {
        match self.are_texts() {
            true => self.in_text(expression, lookup),
            false => (self.typed)(&expression.way(lookup)?),
        }
    }

    /// One within a text.
    fn in_text(self, expression: &Expression, lookup: Lookup<'_, '_>) -> Option<Value> {
        self.written.unwrap_or(self.typed)(&expression.way(lookup)?)
    }
}

/// What names stand for.
type Lookup<'f, 'v> = &'f dyn Fn(&str) -> Option<&'v Value>;

impl Template {
    /// The same value with its numbers as a program reads them.
    ///
    /// # Errors
    /// As [`Template::fill`].
    pub fn fill_with<'v>(
        &self,
        lookup: &dyn Fn(&str) -> Option<&'v Value>,
        numbers: Numbers<'_>,
    ) -> Result<Option<Value>, Diagnostic> {
        match &self.content {
            TemplateContent::Number(value, text) => Ok(Some(match numbers.are_texts() {
                true => Value::from(text.as_str()),
                false => value.clone(),
            })),
            TemplateContent::Whole(expression) | TemplateContent::Argument(expression) => {
                match numbers.alone(expression, lookup) {
                    Some(value) => Ok(Some(value)),
                    None => self.fill(lookup),
                }
            }
            TemplateContent::Text(segments) => {
                let as_written = segments.iter().map(|segment| match segment {
                    Segment::Literal(text) => Ok(text.clone()),
                    Segment::Hole(hole) => match numbers.in_text(hole, lookup) {
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
            TemplateContent::List(items) => {
                let inside = numbers.inside();
                elements(items, lookup, &|item| match item.content {
                    // Its elements are those of this list.
                    TemplateContent::Optional(_) => item.fill_with(lookup, numbers),
                    _ => item.fill_with(lookup, inside),
                })
            }
            TemplateContent::Optional(items) => {
                let inside = numbers.inside();
                elements(items, lookup, &|item| item.fill_with(lookup, inside))
            }
            TemplateContent::Map(entries) => {
                let mut values = Fields::new();
                for (key, value) in entries {
                    if let Some(value) = value.fill_with(lookup, numbers.inside())? {
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
            TemplateContent::Number(value, _) => Ok(Some(value.clone().whole_numbers())),
            TemplateContent::Broken => Ok(None),
            TemplateContent::Whole(expression) | TemplateContent::Argument(expression) => {
                match expression.value(lookup) {
                    Ok(value) => Ok(Some(self.escape(value))),
                    Err(EvaluationError::Unbound(_)) => Ok(None),
                    Err(EvaluationError::Failed(problem)) => Err(failed(expression, &problem)),
                }
            }
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
                let mut values = Fields::new();
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
        if let TemplateContent::Whole(expression) | TemplateContent::Argument(expression) =
            &self.content
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
            Some(Value::Null) if matches!(item.content, TemplateContent::Argument(_)) => {}
            Some(value) => values.push(value),
            // A list with a hole would be another list.
            None => return Err(item.hollow(lookup)),
        }
    }
    Ok(Some(Value::List(values)))
}

fn failed(expression: &Expression, problem: &str) -> Diagnostic {
    Diagnostic::error(format!("`{}` has no value", expression.text()))
        .at(expression.place(), problem)
}

fn unbound(expression: &Expression, name: &str) -> Diagnostic {
    Diagnostic::error(format!("`{name}` has no value in some cells"))
        .at(expression.place(), "needed here")
}
