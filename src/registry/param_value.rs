//! The types that one parameter can have in the program.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::InvalidParam;
use super::Param;
use super::ParamType;
use super::Value;
use super::Values;
use crate::map::SortedVecMap;
use crate::random::Seed;

/// What a value of a parameter is read as.
pub trait ParamValue: Sized {
    /// The type before bounds.
    fn ty() -> ParamType;

    /// A value that fits the type; none for others.
    fn of(value: &Value) -> Option<Self>;

    /// The parameter before its default and bounds.
    fn param(name: &'static str, doc: &'static str) -> Param {
        Param::new(name, Self::ty(), doc)
    }
}

impl ParamValue for bool {
    fn ty() -> ParamType {
        ParamType::Bool
    }

    fn of(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl ParamValue for i64 {
    fn ty() -> ParamType {
        ParamType::Int {
            min: None,
            max: None,
        }
    }

    fn of(value: &Value) -> Option<Self> {
        value.as_int()
    }
}

impl ParamValue for usize {
    fn ty() -> ParamType {
        i64::ty()
    }

    fn of(value: &Value) -> Option<Self> {
        usize::try_from(value.as_int()?).ok()
    }
}

impl ParamValue for u64 {
    fn ty() -> ParamType {
        i64::ty()
    }

    fn of(value: &Value) -> Option<Self> {
        u64::try_from(value.as_int()?).ok()
    }
}

impl ParamValue for f64 {
    fn ty() -> ParamType {
        ParamType::Float {
            min: None,
            max: None,
        }
    }

    fn of(value: &Value) -> Option<Self> {
        value.as_float()
    }
}

impl ParamValue for Seed {
    fn ty() -> ParamType {
        ParamType::Seed
    }

    fn of(value: &Value) -> Option<Self> {
        u64::of(value).map(Seed::new)
    }

    fn param(name: &'static str, doc: &'static str) -> Param {
        Param::seed(name, doc)
    }
}

impl ParamValue for String {
    fn ty() -> ParamType {
        ParamType::Str
    }

    fn of(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl ParamValue for PathBuf {
    fn ty() -> ParamType {
        ParamType::Path
    }

    fn of(value: &Value) -> Option<Self> {
        value.as_str().map(PathBuf::from)
    }
}

impl<T: ParamValue> ParamValue for Vec<T> {
    fn ty() -> ParamType {
        ParamType::List(Box::new(T::ty()))
    }

    fn of(value: &Value) -> Option<Self> {
        value.as_list()?.iter().map(T::of).collect()
    }
}

impl<T: ParamValue> ParamValue for SortedVecMap<T> {
    fn ty() -> ParamType {
        ParamType::Map(Box::new(T::ty()))
    }

    fn of(value: &Value) -> Option<Self> {
        let Value::Map(values) = value else {
            return None;
        };
        let mut map = SortedVecMap::with_capacity(values.len());
        for (key, value) in values {
            map.insert(key.clone(), T::of(value)?);
        }
        Some(map)
    }
}

impl ParamValue for Value {
    fn ty() -> ParamType {
        ParamType::Any
    }

    fn of(value: &Value) -> Option<Self> {
        Some(value.clone())
    }
}

/// One name, or a list of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names(pub Vec<String>);

impl ParamValue for Names {
    fn ty() -> ParamType {
        ParamType::Any
    }

    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Str(name) => Some(Names(vec![name.clone()])),
            list => Vec::of(list).map(Names),
        }
    }
}

/// Names for values, by value: of any axis, `{iwae: IWAE}`, and within a map of one axis, `{depth: {1: shallow}}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ValueNames {
    pub anywhere: BTreeMap<String, String>,
    /// By axis.
    pub within: BTreeMap<String, BTreeMap<String, String>>,
}

impl ParamValue for ValueNames {
    fn ty() -> ParamType {
        ParamType::Map(Box::new(ParamType::Any))
    }

    fn of(value: &Value) -> Option<Self> {
        let Value::Map(given) = value else {
            return None;
        };
        let mut names = ValueNames::default();
        for (key, value) in given {
            match value {
                Value::Map(own) => {
                    let own = own.iter().map(|(value, name)| {
                        let name = name.as_str()?.to_owned();
                        Some((value.clone(), name))
                    });
                    names
                        .within
                        .insert(key.clone(), own.collect::<Option<_>>()?);
                }
                name => {
                    _ = names
                        .anywhere
                        .insert(key.clone(), name.as_str()?.to_owned())
                }
            }
        }
        Some(names)
    }
}

impl ValueNames {
    /// Those that a parameter `names` gives.
    ///
    /// # Errors
    /// Where a name is no text, which the type of the parameter cannot say.
    pub fn given(params: &Values) -> Result<Self, InvalidParam> {
        let Some(given) = params.get("names") else {
            return Ok(ValueNames::default());
        };
        ValueNames::of(given).ok_or_else(|| InvalidParam {
            param: "names",
            message: "a name is a text, and so is each within an axis".to_owned(),
            help: "write `{iwae: IWAE}`, or `{depth: {1: shallow}}` for the values of one axis"
                .to_owned(),
        })
    }

    /// What a value of an axis is called, if it is called anything.
    pub fn of_axis(&self, axis: &str, value: &str) -> Option<&str> {
        let within = self.within.get(axis).and_then(|own| own.get(value));
        within
            .or_else(|| self.anywhere.get(value))
            .map(String::as_str)
    }

    /// All names.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let within = self.within.values().flat_map(BTreeMap::values);
        self.anywhere.values().chain(within).map(String::as_str)
    }
}
