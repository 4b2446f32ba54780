//! Parameters declared once: a struct whose fields are the parameters, from which come both what a
//! manifest may set and the reader of what it set.

use std::borrow::Cow;
use std::slice;

use thiserror::Error;

use super::Default;
use super::Param;
use super::ParamValue;
use super::Value;
use super::Values;

/// Declares the parameters of something nameable as the fields of a struct:
///
/// ```text
/// params! {
///     /// What `train/toy` may be given.
///     pub struct ToyParams {
///         /// observations per iteration
///         batch: usize = 100, min(1);
///         /// weight of the penalty [default: none]
///         penalty: Option<f64>, min(0.0);
///         /// which of the two
///         form: String = "plain", choices(&["plain", "deep"]);
///         /// which initialisation
///         seed: Seed;
///         naming: Naming;
///     }
/// }
/// ```
///
/// A field's name is the parameter's, its doc comment the one line of the reference page. `Option`
/// may be left out, `= value` is the default, all others must be given, but a [`Seed`], which is 0.
/// Behind it stand further methods of [`Param`]. A field whose type is another such struct stands for
/// all parameters of that one, in its place.
///
/// The struct has `params()`, as [`Entry::params`] wants it, and `read(&Values)`.
///
/// [`Seed`]: crate::random::Seed
/// [`Entry::params`]: super::Entry::params
macro_rules! params {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $Params:ident {
            $(
                $(#[doc = $doc:literal])*
                $field:ident: $Type:ty $(= $default:expr)? $(, $method:ident($($argument:expr),*))*;
            )*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug)]
        #[allow(rustdoc::all, reason = "the text is written for reference pages")]
        $visibility struct $Params {
            $($(#[doc = $doc])* $visibility $field: $Type,)*
        }

        #[allow(dead_code, reason = "some are read by whoever includes the group only")]
        impl $Params {
            /// The declared parameters, in order.
            $visibility fn params() -> Vec<$crate::registry::Param> {
                let mut params = Vec::new();
                $(
                    <$Type as $crate::registry::ParamField>::declare(
                        stringify!($field),
                        concat!($($doc),*).trim_ascii_start(),
                        |param| param$(.default($default))?$(.$method($($argument),*))*,
                        &mut params,
                    );
                )*
                params
            }

            /// The parameters among resolved values.
            ///
            /// # Errors
            /// For values that were not checked against this declaration.
            $visibility fn read(
                values: &$crate::registry::Values,
            ) -> Result<Self, $crate::registry::ParamError> {
                static DECLARED: std::sync::OnceLock<Vec<$crate::registry::Param>> =
                    std::sync::OnceLock::new();
                let mut declared = DECLARED.get_or_init(Self::params).iter();
                $crate::registry::ParamField::read(values, &mut declared)
            }
        }

        impl $crate::registry::ParamField for $Params {
            fn declare(
                _name: &'static str,
                _doc: &'static str,
                _refine: fn($crate::registry::Param) -> $crate::registry::Param,
                params: &mut Vec<$crate::registry::Param>,
            ) {
                params.extend(Self::params());
            }

            fn read(
                values: &$crate::registry::Values,
                declared: &mut std::slice::Iter<'_, $crate::registry::Param>,
            ) -> Result<Self, $crate::registry::ParamError> {
                Ok(Self {
                    $($field: <$Type as $crate::registry::ParamField>::read(values, declared)?,)*
                })
            }
        }
    };
}
pub(crate) use params;

/// What can be a field of [`params!`]: one parameter, or a struct of them.
pub trait ParamField: Sized {
    /// Adds what it declares; `refine` gives one parameter its default and bounds.
    fn declare(
        name: &'static str,
        doc: &'static str,
        refine: fn(Param) -> Param,
        params: &mut Vec<Param>,
    );

    /// Takes its declarations from the front of `declared` and reads their values.
    ///
    /// # Errors
    /// Where a value is missing or does not fit.
    fn read(values: &Values, declared: &mut slice::Iter<'_, Param>) -> Result<Self, ParamError>;
}

impl<T: ParamValue> ParamField for T {
    fn declare(
        name: &'static str,
        doc: &'static str,
        refine: fn(Param) -> Param,
        params: &mut Vec<Param>,
    ) {
        params.push(refine(T::param(name, doc)));
    }

    fn read(values: &Values, declared: &mut slice::Iter<'_, Param>) -> Result<Self, ParamError> {
        let Some(param) = declared.next() else {
            return Err(ParamError::new("", "is not declared"));
        };
        let default = match &param.default {
            Default::Value(value) => Some(value),
            Default::Required | Default::Absent => None,
        };
        match given(values, param).or(default) {
            Some(value) => fitting(param, value),
            None => Err(ParamError::new(param.name, "is missing")),
        }
    }
}

impl<T: ParamValue> ParamField for Option<T> {
    fn declare(
        name: &'static str,
        doc: &'static str,
        refine: fn(Param) -> Param,
        params: &mut Vec<Param>,
    ) {
        params.push(refine(T::param(name, doc).optional()));
    }

    fn read(values: &Values, declared: &mut slice::Iter<'_, Param>) -> Result<Self, ParamError> {
        let Some(param) = declared.next() else {
            return Err(ParamError::new("", "is not declared"));
        };
        let given = given(values, param);
        given.map(|value| fitting(param, value)).transpose()
    }
}

/// The value of a parameter; `null`, the coordinate of an axis that a cell does not have, is none.
fn given<'a>(values: &'a Values, param: &Param) -> Option<&'a Value> {
    let value = values.get(param.name);
    value.filter(|value| **value != Value::Null)
}

fn fitting<T: ParamValue>(param: &Param, value: &Value) -> Result<T, ParamError> {
    let wrong = |why: &str| ParamError::new(param.name, why);
    let mut value = Cow::Borrowed(value);
    if !param.ty.admits(&value) {
        let conformed = param.ty.conform(value.into_owned());
        let conformed =
            conformed.map_err(|mismatch| wrong(&format!("does not fit: {}", mismatch.message)))?;
        value = Cow::Owned(conformed);
    }
    T::of(&value).ok_or_else(|| wrong(&format!("cannot be `{value}`")))
}

/// A value that was never checked against the declaration, as of a step that another version planned.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("parameter `{name}` {why}")]
pub struct ParamError {
    pub name: &'static str,
    pub why: String,
}

impl ParamError {
    /// What is wrong with the value of the parameter `name`.
    pub fn new(name: &'static str, why: impl Into<String>) -> Self {
        ParamError {
            name,
            why: why.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;
    use crate::registry::ParamType;

    params! {
        /// A group.
        struct Budget {
            /// how long
            /// it takes
            epochs: usize = 10, min(1);
        }
    }

    params! {
        /// An entry with a group in the middle.
        struct Toy {
            /// which of two
            form: String, choices(&["plain", "deep"]);
            budget: Budget;
            /// weight
            weight: Option<f64>, min(0.0), legacy(0.0);
            /// widths
            hidden: Vec<usize> = [3, 2], each_min(1);
            /// which draw
            seed: Seed;
        }
    }

    fn values(given: &[(&str, Value)]) -> Values {
        let given = given.iter();
        given.map(|(n, v)| ((*n).to_owned(), v.clone())).collect()
    }

    #[test]
    fn a_struct_declares_its_fields_in_order_and_its_groups_in_place() {
        let params = Toy::params();
        let names: Vec<&str> = params.iter().map(|param| param.name).collect();
        assert_eq!(names, ["form", "epochs", "weight", "hidden", "seed"]);
        assert_eq!(params[0].default, Default::Required);
        assert_eq!(params[1].doc, "how long it takes");
        assert_eq!(params[1].default, Default::Value(Value::Int(10)));
        assert_eq!(params[2].default, Default::Absent);
        assert_eq!(params[2].legacy, Some(Value::Float(0.0)));
        let least_one = ParamType::Int {
            min: Some(1),
            max: None,
        };
        assert_eq!(params[3].ty, ParamType::List(Box::new(least_one)));
        assert_eq!(params[4].default, Default::Value(Value::Int(0)));
    }

    #[test]
    fn values_are_read_with_their_types_and_defaults() {
        let toy = Toy::read(&values(&[
            ("form", "deep".into()),
            ("epochs", Value::Int(3)),
            ("weight", Value::Null),
        ]));
        let toy = toy.unwrap();
        assert_eq!((toy.form.as_str(), toy.budget.epochs), ("deep", 3));
        assert_eq!((toy.weight, toy.hidden), (None, vec![3, 2]));
        assert_eq!(toy.seed, Seed::new(0));
    }

    #[test]
    fn values_that_nobody_checked_are_errors() {
        let form = ("form", Value::from("plain"));
        for (given, said) in [
            (vec![], "parameter `form` is missing"),
            (vec![("form", "odd".into())], "`odd` is not one of"),
            (
                vec![form.clone(), ("epochs", Value::Int(0))],
                "parameter `epochs` does not fit: `0` is less than 1",
            ),
            (
                vec![form.clone(), ("weight", "x".into())],
                "parameter `weight` does not fit: expected a number, found text",
            ),
            (
                vec![form, ("seed", Value::Int(-1))],
                "parameter `seed` does not fit: a seed is not negative",
            ),
        ] {
            let wrong = Toy::read(&values(&given)).unwrap_err().to_string();
            assert!(wrong.contains(said), "{wrong}");
        }
    }
}
