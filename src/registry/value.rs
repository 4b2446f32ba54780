//! Typed parameter values, and their one canonical form.
//!
//! Values enter keys in that form, so that `1` and `1.0` of a float parameter are one value, and two orders of a map are
//! where nobody can go by the order.

use std::fmt;
use std::hash::Hash;
use std::hash::Hasher;

use serde::Deserialize;
use serde::Serialize;

use crate::map::SortedVecMap;
use crate::map::WrittenMap;

/// Resolved parameters of a step, by name.
pub type Values = SortedVecMap<Value>;

/// A map that is a value, as it is written.
pub type Fields = WrittenMap<Value>;

/// One parameter value as a manifest can write it.
#[derive(Clone, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// YAML `null`: the absent coordinate of an axis that does not exist for a cell.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A finite number; never −0, NaN or an infinity once checked.
    Float(f64),
    /// Text.
    Str(String),
    /// A list of values.
    List(Vec<Value>),
    /// A map with text keys.
    Map(Fields),
}

// Every value equals itself: numbers are never NaN.
impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Value::Null => {}
            Value::Bool(value) => value.hash(state),
            Value::Int(value) => value.hash(state),
            // −0 equals 0 before it is checked.
            Value::Float(value) => (value + 0.0).to_bits().hash(state),
            Value::Str(value) => value.hash(state),
            Value::List(values) => values.hash(state),
            Value::Map(values) => values.hash(state),
        }
    }
}

impl Value {
    /// The whole number, if this is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, whole or not.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Value::Int(value) => Some(*value as f64),
            Value::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The same with numbers such as `1.0` as whole ones, also in lists and maps.
    pub fn whole_numbers(self) -> Value {
        // Above this not every whole number is a float.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match self {
            Value::Float(number) if number.fract() == 0.0 && number.abs() < EXACT => {
                Value::Int(number as i64)
            }
            Value::List(values) => {
                Value::List(values.into_iter().map(Value::whole_numbers).collect())
            }
            Value::Map(values) => {
                let values = values.into_iter();
                Value::Map(values.map(|(k, v)| (k, v.whole_numbers())).collect())
            }
            other => other,
        }
    }

    /// The same with all maps in it in the order of their names, for those who do not go by it.
    pub fn sorted(self) -> Value {
        match self {
            Value::List(values) => Value::List(values.into_iter().map(Value::sorted).collect()),
            Value::Map(values) => {
                let values = values.sorted().into_iter();
                Value::Map(values.map(|(k, v)| (k, v.sorted())).collect())
            }
            other => other,
        }
    }

    /// The same with another value where a way within it leads to, as to `b` of `{a: {b: 1}}` by `[a, b]`.
    pub fn with(self, way: &[impl AsRef<str>], given: &Value) -> Value {
        let Some((name, rest)) = way.split_first() else {
            return given.clone();
        };
        let mut entries = match self {
            Value::Map(entries) => entries,
            _ => Fields::new(),
        };
        let inner = entries.get(name.as_ref()).cloned().unwrap_or_default();
        entries.insert(name.as_ref().to_owned(), inner.with(rest, given));
        Value::Map(entries)
    }

    /// The text, if this is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(value) => Some(value),
            _ => None,
        }
    }

    /// The truth value, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The elements, if this is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(values) => Some(values),
            _ => None,
        }
    }

    /// What kind of value this is, in the words of messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Int(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::Str(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// The value as a manifest would write it on one line: how cells are named everywhere.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            // `{:?}` is the shortest text that reads back as the same number.
            Value::Float(value) => write!(f, "{value:?}"),
            Value::Str(value) => f.write_str(value),
            Value::List(values) => {
                f.write_str("[")?;
                for (i, value) in values.iter().enumerate() {
                    let separator = if i == 0 { "" } else { ", " };
                    write!(f, "{separator}{value}")?;
                }
                f.write_str("]")
            }
            Value::Map(values) => {
                f.write_str("{")?;
                for (i, (key, value)) in values.iter().enumerate() {
                    let separator = if i == 0 { "" } else { ", " };
                    write!(f, "{separator}{key}: {value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Value::Int(value.into())
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Value::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Str(value.to_owned())
    }
}

impl From<Vec<Value>> for Value {
    fn from(values: Vec<Value>) -> Self {
        Value::List(values)
    }
}

impl<T: Into<Value>, const N: usize> From<[T; N]> for Value {
    fn from(values: [T; N]) -> Self {
        Value::List(values.into_iter().map(Into::into).collect())
    }
}
