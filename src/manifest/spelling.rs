//! How numbers are written: programs are given the text, and `1.0` in a file as the fraction that it is there.

use crate::registry::ParamType;
use crate::registry::Value;

use super::held::is_own_text;
use super::node::Content;
use super::node::Node;

/// The numbers of one value that are written in another way than we would, `1e-3` or `1.0`, by the way to them: `.lr`,
/// `.rates[0]`, and nothing where the value is the number.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Spelling(Vec<(String, String)>);

impl Spelling {
    /// That of a value by its text, where it is a number and the text is that of it.
    pub(super) fn of_text(text: &str, value: &Value) -> Self {
        match is_text_of(text.trim(), value) {
            true => Spelling(vec![(String::new(), text.trim().to_owned())]),
            false => Spelling::default(),
        }
    }

    /// That of a node.
    pub(super) fn of(node: &Node) -> Self {
        let mut spelling = Spelling::default();
        spelling.lay("", node);
        spelling
    }

    /// Lays a node over what is known; within maps what the node does not have stays. `way` leads to what the node is.
    pub(super) fn lay(&mut self, way: &str, node: &Node) {
        match &node.content {
            Content::Map(entries) => {
                for entry in entries {
                    self.lay(&format!("{way}.{}", entry.key), &entry.value);
                }
            }
            Content::List(items) => {
                self.forget(way);
                for (at, item) in items.iter().enumerate() {
                    self.lay(&format!("{way}[{at}]"), item);
                }
            }
            Content::Scalar(value) => {
                self.forget(way);
                if value.as_float().is_some() {
                    let text = node.place.text().trim();
                    self.0.push((way.to_owned(), text.to_owned()));
                }
            }
        }
    }

    /// Puts that of another value where a way leads to.
    pub(super) fn put(&mut self, way: &str, of: &Spelling) {
        self.forget(way);
        let of = of.0.iter();
        self.0
            .extend(of.map(|(inner, text)| (format!("{way}{inner}"), text.clone())));
    }

    fn forget(&mut self, way: &str) {
        let is_within = |known: &str| {
            let rest = known.strip_prefix(way);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.0.retain(|(known, _)| !is_within(known));
    }

    /// With every whole number that was a fraction written as one where nothing says how it is written, `1.0`: so it is
    /// given to programs. `way` leads to the value.
    pub(super) fn with_fractions(mut self, way: &str, value: &Value) -> Self {
        match value {
            Value::Float(_) if self.text(way).is_none() => {
                self.0.push((way.to_owned(), value.to_string()));
                self
            }
            Value::List(items) => {
                let items = items.iter().enumerate();
                items.fold(self, |spelling, (at, item)| {
                    spelling.with_fractions(&format!("{way}[{at}]"), item)
                })
            }
            Value::Map(entries) => entries.iter().fold(self, |spelling, (name, item)| {
                spelling.with_fractions(&format!("{way}.{name}"), item)
            }),
            _ => self,
        }
    }

    /// What of it is of numbers in this value, and not as we would write them.
    pub(super) fn in_value(mut self, value: &Value) -> Self {
        self.0.retain(|(way, text)| {
            let number = within(value, way);
            number.is_some_and(|number| is_text_of(text, number) && *text != number.to_string())
        });
        self.0.sort();
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of one number.
    pub(super) fn text(&self, way: &str) -> Option<&str> {
        let known = self.0.iter().find(|(known, _)| known == way);
        known.map(|(_, text)| text.as_str())
    }

    /// What is within a value of this type by a way, with numbers such as `1.0` as the fractions that they are to
    /// programs; none where it has no such number. What is declared as whole is whole, what is declared as `float` none.
    pub(super) fn typed(&self, value: &Value, ty: &ParamType, way: &str) -> Option<Value> {
        let mut value = within(value, way)?.clone();
        let levels = way.matches(['.', '[']).count();
        let ty = (0..levels).fold(ty, |ty, _| element(ty));
        self.tell_types(way, &mut value, ty).then_some(value)
    }

    /// Whether anything in a value was such a number.
    fn tell_types(&self, way: &str, value: &mut Value, ty: &ParamType) -> bool {
        let mut any = false;
        match value {
            Value::Int(whole) => {
                let fraction = Value::Float(*whole as f64);
                any = match ty {
                    ParamType::Float { .. } => true,
                    ParamType::Any => self.text(way).is_some_and(is_fraction),
                    _ => false,
                };
                if any {
                    *value = fraction;
                }
            }
            Value::List(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    any |= self.tell_types(&format!("{way}[{at}]"), item, element(ty));
                }
            }
            Value::Map(entries) => {
                for (name, item) in entries.iter_mut() {
                    any |= self.tell_types(&format!("{way}.{name}"), item, element(ty));
                }
            }
            _ => {}
        }
        any
    }
}

/// The type of what is within values of a type.
fn element(ty: &ParamType) -> &ParamType {
    match ty {
        ParamType::List(element) | ParamType::Map(element) => element,
        _ => &ParamType::Any,
    }
}

/// Whether the text of a number is that of a fraction: `1.0`, `1e3`.
fn is_fraction(text: &str) -> bool {
    text.contains(['.', 'e', 'E'])
}

/// Whether a text is read as a number, and as no other one than it is written: programs are given no digits that are
/// not told apart. A value of a range has the place of the range; `parse` reads no octal number, and no more than
/// most programs the `1_000` of TOML.
fn is_text_of(text: &str, value: &Value) -> bool {
    // Most texts of others, `{range: [0, 10000]}`, need not be copied to see that.
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
        return false;
    }
    let Some(number) = value.as_float() else {
        return false;
    };
    let read = text.parse::<f64>();
    read.is_ok_and(|read| read == number) && is_own_text(text, number)
}

/// What a way leads to within a value: `.a.b[0]`.
fn within<'v>(value: &'v Value, way: &str) -> Option<&'v Value> {
    let mut parts = way.split_inclusive([']']).flat_map(|part| part.split('.'));
    parts.try_fold(value, |value, part| {
        let (name, index) = match part.strip_suffix(']') {
            Some(part) => part.split_once('[').map(|(name, at)| (name, Some(at)))?,
            None => (part, None),
        };
        let value = match (name, value) {
            ("", value) => value,
            (name, Value::Map(entries)) => entries.get(name)?,
            _ => return None,
        };
        match (index, value) {
            (None, value) => Some(value),
            (Some(at), Value::List(items)) => items.get(at.parse::<usize>().ok()?),
            _ => None,
        }
    })
}
