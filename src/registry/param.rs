//! Declared parameters: their types, bounds, defaults and one-line docs.

use std::fmt;

use super::Value;
use super::Values;

/// The type of a parameter, with the bounds that a value must keep.
#[derive(Clone, Debug, PartialEq)]
pub enum ParamType {
    Bool,
    /// Whole numbers within the inclusive bounds.
    Int {
        min: Option<i64>,
        max: Option<i64>,
    },
    /// Finite numbers within the inclusive bounds.
    Float {
        min: Option<f64>,
        max: Option<f64>,
    },
    /// A non-negative whole number that only selects random draws.
    Seed,
    Str,
    /// Text, one of a closed list.
    Choice(Vec<String>),
    /// A file or folder; relative to the project's root, never outside it.
    Path,
    List(Box<ParamType>),
    /// A map with any text keys, all values of one type.
    Map(Box<ParamType>),
    /// Anything YAML can write.
    Any,
}

impl ParamType {
    /// Text, one of these.
    pub fn choice(choices: &[&str]) -> Self {
        ParamType::Choice(choices.iter().map(|choice| choice.to_string()).collect())
    }
}

/// What holds when a manifest leaves a parameter out.
#[derive(Clone, Debug, PartialEq)]
pub enum Default {
    /// The manifest must give it.
    Required,
    /// Absent unless given; the kind decides what absence means.
    Absent,
    /// This value.
    Value(Value),
}

/// One declared parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Lower-case name with underscores, as manifests write it.
    pub name: &'static str,
    pub ty: ParamType,
    pub default: Default,
    /// One line: what it does, with its unit.
    pub doc: &'static str,
    /// The value at which the parameter stays out of keys, for parameters that were added
    /// after results existed: those results were made as if it had this value.
    pub legacy: Option<Value>,
    /// What has to hold of another parameter for this one to be read; always read without it.
    pub only_with: Option<OnlyWith>,
}

/// One of these values of another parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OnlyWith {
    pub param: &'static str,
    /// As they are written.
    pub values: &'static [&'static str],
}

impl OnlyWith {
    /// What keeps the parameter `name` from being read where these values hold; nothing where it is read.
    pub fn unmet(declared: &[Param], name: &str, values: &Values) -> Option<OnlyWith> {
        let find = |name: &str| declared.iter().find(|param| param.name == name);
        let needs = find(name)?.only_with?;
        // A group of parameters may stand where nothing decides about it.
        find(needs.param)?;
        let value = values.get(needs.param).map(Value::to_string);
        match value.is_some_and(|value| needs.values.contains(&&*value)) {
            true => OnlyWith::unmet(declared, needs.param, values),
            false => Some(needs),
        }
    }
}

impl fmt::Display for OnlyWith {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, value) in self.values.iter().enumerate() {
            match i {
                0 => write!(f, "`{}: {value}`", self.param)?,
                _ => write!(f, " or `{value}`")?,
            }
        }
        Ok(())
    }
}

impl Param {
    pub(super) fn new(name: &'static str, ty: ParamType, doc: &'static str) -> Self {
        Param {
            name,
            ty,
            default: Default::Required,
            doc,
            legacy: None,
            only_with: None,
        }
    }

    pub fn bool(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, ParamType::Bool, doc)
    }

    pub fn int(name: &'static str, doc: &'static str) -> Self {
        let ty = ParamType::Int {
            min: None,
            max: None,
        };
        Self::new(name, ty, doc)
    }

    pub fn float(name: &'static str, doc: &'static str) -> Self {
        let ty = ParamType::Float {
            min: None,
            max: None,
        };
        Self::new(name, ty, doc)
    }

    pub fn seed(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, ParamType::Seed, doc).default(0)
    }

    pub fn str(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, ParamType::Str, doc)
    }

    pub fn path(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, ParamType::Path, doc)
    }

    pub fn choice(name: &'static str, choices: &[&str], doc: &'static str) -> Self {
        Self::new(name, ParamType::choice(choices), doc)
    }

    pub fn list(name: &'static str, element: ParamType, doc: &'static str) -> Self {
        Self::new(name, ParamType::List(Box::new(element)), doc)
    }

    pub fn map(name: &'static str, element: ParamType, doc: &'static str) -> Self {
        Self::new(name, ParamType::Map(Box::new(element)), doc)
    }

    pub fn any(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, ParamType::Any, doc)
    }

    /// The smallest value allowed; for whole and other numbers.
    pub fn min(mut self, bound: impl Into<Bound>) -> Self {
        let bound = bound.into().0;
        match &mut self.ty {
            ParamType::Int { min, .. } => *min = Some(bound as i64),
            ParamType::Float { min, .. } => *min = Some(bound),
            _ => unreachable!("BUG: only numbers have bounds: `{}`", self.name),
        }
        self
    }

    /// The largest value allowed; for whole and other numbers.
    pub fn max(mut self, bound: impl Into<Bound>) -> Self {
        let bound = bound.into().0;
        match &mut self.ty {
            ParamType::Int { max, .. } => *max = Some(bound as i64),
            ParamType::Float { max, .. } => *max = Some(bound),
            _ => unreachable!("BUG: only numbers have bounds: `{}`", self.name),
        }
        self
    }

    /// The closed list that the text is one of.
    pub fn choices(mut self, choices: &[&str]) -> Self {
        self.ty = ParamType::choice(choices);
        self
    }

    /// The smallest value that an element of the list may have.
    pub fn each_min(mut self, bound: impl Into<Bound>) -> Self {
        if let ParamType::List(element) = self.ty {
            let element = Param::new(self.name, *element, self.doc).min(bound);
            self.ty = ParamType::List(Box::new(element.ty));
        }
        self
    }

    /// The value that holds when a manifest gives none.
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = Default::Value(value.into());
        self
    }

    /// Absent unless given.
    pub fn optional(mut self) -> Self {
        self.default = Default::Absent;
        self
    }

    /// Keeps the parameter out of keys at this value.
    pub fn legacy(mut self, value: impl Into<Value>) -> Self {
        self.legacy = Some(value.into());
        self
    }

    /// Says that nothing reads the parameter unless `param` has one of these values.
    pub fn only_with(mut self, param: &'static str, values: &'static [&'static str]) -> Self {
        self.only_with = Some(OnlyWith { param, values });
        self
    }
}

/// A bound of a number, from a whole number or another.
pub struct Bound(f64);

impl From<i64> for Bound {
    fn from(value: i64) -> Self {
        Bound(value as f64)
    }
}

impl From<i32> for Bound {
    fn from(value: i32) -> Self {
        Bound(value.into())
    }
}

impl From<f64> for Bound {
    fn from(value: f64) -> Self {
        Bound(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_read_where_all_that_decide_about_it_say_so() {
        let declared = [
            Param::str("form", "which of two"),
            Param::str("activation", "of `deep`").only_with("form", &["deep"]),
            Param::float("slope", "of either").only_with("activation", &["leaky", "leakier"]),
            Param::float("loose", "of what is elsewhere").only_with("elsewhere", &["true"]),
        ];
        let unmet = |name: &str, form: &str, activation: &str| {
            let values = [("form", form), ("activation", activation)];
            let values = values.map(|(name, value)| (name.to_owned(), Value::from(value)));
            let unmet = OnlyWith::unmet(&declared, name, &values.into_iter().collect());
            unmet.map(|unmet| unmet.to_string())
        };
        assert_eq!(unmet("slope", "deep", "leakier"), None);
        let leaky = "`activation: leaky` or `leakier`".to_owned();
        assert_eq!(unmet("slope", "deep", "relu"), Some(leaky));
        let deep = "`form: deep`".to_owned();
        assert_eq!(unmet("slope", "plain", "leaky"), Some(deep));
        assert_eq!(unmet("form", "plain", "relu"), None);
        assert_eq!(unmet("loose", "plain", "relu"), None);
    }
}
