//! Our values among those of the evaluator: there and back, and one that stands for what is absent.

use std::fmt;
use std::sync::Arc;
use std::sync::LazyLock;

use indexmap::IndexMap;
use minijinja::Environment;
use minijinja::Error;
use minijinja::ErrorKind;
use minijinja::Value as Jinja;
use minijinja::value::Object;
use minijinja::value::ObjectRepr;
use minijinja::value::Rest;
use minijinja::value::ValueKind;

use crate::registry::Value;

use super::ordered::ORDERS;

pub(super) static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(environment);

/// A value that is not there, ordered after all that are, and equal to no other: each has a number.
#[derive(Debug)]
pub(super) struct Absent(usize);

impl Absent {
    pub(super) fn value(number: usize) -> Jinja {
        Jinja::from_object(Absent(number))
    }

    pub(super) fn is(value: &Jinja) -> bool {
        value.is_none() || value.is_undefined() || value.downcast_object_ref::<Absent>().is_some()
    }
}

impl Object for Absent {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    /// As in Jinja: `beta or 1` is 1 where there is no `beta`.
    fn is_true(self: &Arc<Self>) -> bool {
        false
    }

    /// What the evaluator compares such values by.
    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "absent {}", self.0)
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.add_test("none", |value: &Jinja| Absent::is(value));
    environment.add_test("undefined", |value: &Jinja| Absent::is(value));
    // To the evaluator a truth value is one.
    environment.add_test("number", |value: &Jinja| value.kind() == ValueKind::Number);
    environment.add_test("defined", |value: &Jinja| !Absent::is(value));
    for name in ["default", "d"] {
        environment.add_filter(name, default);
    }
    for (_, name, holds) in ORDERS {
        let order = move |one: &Jinja, other: &Jinja| {
            of_one_kind([one, other]).map(|()| holds(one.cmp(other)))
        };
        environment.add_filter(name, order);
    }
    for name in ["debug", "dict", "namespace", "range"] {
        environment.remove_global(name);
    }
    // They make as much of little as they are told.
    for name in ["batch", "format", "indent", "slice"] {
        environment.remove_filter(name);
    }
    environment.add_function("abs", f64::abs);
    environment.add_function("ceil", |x: f64| whole(x.ceil()));
    environment.add_function("exp", f64::exp);
    environment.add_function("floor", |x: f64| whole(x.floor()));
    environment.add_function("log", f64::ln);
    environment.add_function("round", |x: f64| whole(x.round()));
    environment.add_function("sqrt", f64::sqrt);
    let most = |values: Rest<Jinja>| {
        members(values).map(|values| values.into_iter().max().unwrap_or_default())
    };
    let least = |values: Rest<Jinja>| {
        members(values).map(|values| values.into_iter().min().unwrap_or_default())
    };
    environment.add_function("max", most);
    environment.add_function("min", least);
    environment.add_filter("max", most);
    environment.add_filter("min", least);
    environment
}

/// `beta|default(1)`: another value where there is none; with a second argument that is true also where it is empty,
/// nothing or false.
fn default(value: &Jinja, others: Rest<Jinja>) -> Jinja {
    let any = others.get(1).is_some_and(Jinja::is_true);
    match Absent::is(value) || (any && !value.is_true()) {
        true => others.first().cloned().unwrap_or_else(|| Jinja::from("")),
        false => value.clone(),
    }
}

/// What `max` and `min` choose from: their arguments, or those of one list.
fn members(values: Rest<Jinja>) -> Result<Vec<Jinja>, Error> {
    let mut values = values.0;
    if let [only] = &values[..]
        && matches!(only.kind(), ValueKind::Seq | ValueKind::Iterable)
    {
        values = only.try_iter()?.collect();
    }
    if values.is_empty() {
        let nothing = "of nothing there is neither the largest nor the smallest";
        return Err(Error::new(ErrorKind::InvalidOperation, nothing));
    }
    of_one_kind(&values)?;
    Ok(values)
}

/// Values that have no order are compared: whatever else a cell has or lacks, it is a slip.
#[derive(Debug)]
struct OfDifferentKinds;

impl fmt::Display for OfDifferentKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "values of different kinds have no order")
    }
}

impl std::error::Error for OfDifferentKinds {}

/// Refuses to order values of different kinds, which the evaluator would order by their kinds. What is absent is
/// of any kind.
fn of_one_kind<'v>(values: impl IntoIterator<Item = &'v Jinja>) -> Result<(), Error> {
    let mut values = values.into_iter().filter(|value| !Absent::is(value));
    let Some(first) = values.next() else {
        return Ok(());
    };
    let other = values.find(|other| kind(other) != kind(first));
    other.map_or(Ok(()), |other| {
        let said = format!(
            "`{first}` is {} and `{other}` {}, neither is above the other: ask first, as in `x is number and x > 1`",
            kind(first),
            kind(other)
        );
        Err(Error::new(ErrorKind::InvalidOperation, said).with_source(OfDifferentKinds))
    })
}

fn kind(value: &Jinja) -> &'static str {
    match value.kind() {
        ValueKind::Bool => "true or false",
        ValueKind::Number => "a number",
        ValueKind::String => "text",
        ValueKind::Seq | ValueKind::Iterable => "a list",
        ValueKind::Map => "a map",
        _ => "of another kind",
    }
}

/// Whether an error has nothing to do with what is absent.
pub(super) fn is_certain(error: &Error) -> bool {
    let source = std::error::Error::source(error);
    source.is_some_and(|source| source.is::<OfDifferentKinds>())
        || matches!(
            error.kind(),
            ErrorKind::UnknownFilter | ErrorKind::UnknownFunction | ErrorKind::UnknownTest
        )
}

fn whole(number: f64) -> Jinja {
    if number.abs() < 9.0e15 {
        Jinja::from(number as i64)
    } else {
        Jinja::from(number)
    }
}

pub(super) fn to_jinja(value: &Value) -> Jinja {
    match value {
        Value::Null => Jinja::from(()),
        Value::Bool(value) => Jinja::from(*value),
        Value::Int(value) => Jinja::from(*value),
        Value::Float(value) => Jinja::from(*value),
        Value::Str(value) => Jinja::from(value.as_str()),
        Value::List(values) => values.iter().map(to_jinja).collect(),
        Value::Map(values) => {
            let values = values.iter();
            let values = values.map(|(key, value)| (Jinja::from(key.as_str()), to_jinja(value)));
            Jinja::from_object(values.collect::<IndexMap<Jinja, Jinja>>())
        }
    }
}

/// A longer list or text than this is no value of a parameter.
const LONGEST: usize = 1_000_000;

pub(super) fn from_jinja(value: &Jinja) -> Result<Value, String> {
    match value.kind() {
        ValueKind::None => Ok(Value::Null),
        ValueKind::Bool => Ok(Value::Bool(value.is_true())),
        ValueKind::Number => {
            if value.is_integer() {
                return value
                    .as_i64()
                    .map(Value::Int)
                    .ok_or("too large a number".to_owned());
            }
            let number = f64::try_from(value.clone()).map_err(|error| error.to_string())?;
            if number.is_finite() {
                Ok(Value::Float(number))
            } else {
                Err(format!("the result is `{number}`, not a finite number"))
            }
        }
        _ if value.len().is_some_and(|len| len > LONGEST) => {
            Err(format!("the result has more than {LONGEST} parts"))
        }
        ValueKind::String => Ok(Value::Str(value.to_string())),
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value.try_iter().map_err(|error| error.to_string())?;
            items
                .map(|item| from_jinja(&item))
                .collect::<Result<_, _>>()
                .map(Value::List)
        }
        ValueKind::Map => {
            let keys = value.try_iter().map_err(|error| error.to_string())?;
            let pairs = keys.map(|key| {
                let item = value.get_item(&key).map_err(|error| error.to_string())?;
                Ok((key.to_string(), from_jinja(&item)?))
            });
            pairs.collect::<Result<_, String>>().map(Value::Map)
        }
        kind => Err(format!("the result is {kind}")),
    }
}
