//! The one small expression language of manifests: minijinja's expressions over the values of
//! parameters and axes. Names are checked before anything is evaluated, because the evaluator
//! would compare what it does not know silently.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::LazyLock;

use minijinja::Environment;
use minijinja::Value as Jinja;
use minijinja::value::Object;
use minijinja::value::ObjectRepr;
use minijinja::value::ValueKind;

use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Place;

/// Functions that expressions may call.
const FUNCTIONS: [&str; 9] = [
    "abs", "ceil", "exp", "floor", "log", "max", "min", "round", "sqrt",
];

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(environment);

/// A checked expression with its place.
pub struct Expression {
    compiled: minijinja::Expression<'static, 'static>,
    text: String,
    place: Place,
    names: Vec<Arc<str>>,
}

/// A name that an expression uses had no value, where one was needed.
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    Unbound(Arc<str>),
    Failed(String),
}

impl Expression {
    /// Reads an expression that stands at `place`.
    ///
    /// # Errors
    /// Where it is not an expression.
    pub(super) fn read(text: &str, place: &Place) -> Result<Self, Diagnostic> {
        let text = text.trim().to_owned();
        let compiled = ENVIRONMENT
            .compile_expression_owned(text.clone())
            .map_err(|error| {
                let detail = error.detail().unwrap_or("not an expression").to_owned();
                let wrong =
                    Diagnostic::error(format!("`{text}` is not an expression")).at(place, detail);
                if lone_equals(&text) {
                    wrong.help("`==` compares")
                } else if text.contains("&&") || text.contains("||") || text.contains('!') {
                    wrong.help("write `and`, `or`, and `not`")
                } else {
                    wrong
                }
            })?;
        let names: BTreeSet<String> = compiled
            .undeclared_variables(false)
            .into_iter()
            .filter(|name| !FUNCTIONS.contains(&name.as_str()))
            .collect();
        Ok(Expression {
            compiled,
            text,
            place: place.clone(),
            names: names.into_iter().map(Arc::from).collect(),
        })
    }

    /// The names it uses, sorted.
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its value, where `lookup` gives the values of names.
    ///
    /// # Errors
    /// Where a name has no value, or the operation makes no sense.
    pub fn value<'v>(&self, lookup: impl Fn(&str) -> Option<&'v Value>) -> Result<Value, Trouble> {
        // By far the most common expression is a single name.
        if let [name] = self.names.as_slice()
            && **name == *self.text
        {
            return match lookup(name) {
                Some(value) => Ok(value.clone()),
                None => Err(Trouble::Unbound(Arc::clone(name))),
            };
        }
        let mut context = Vec::with_capacity(self.names.len());
        for name in &self.names {
            match lookup(name) {
                Some(value) => context.push((name.to_string(), to_jinja(value))),
                None => return Err(Trouble::Unbound(Arc::clone(name))),
            }
        }
        let value = self.evaluate(context).map_err(Trouble::Failed)?;
        from_jinja(&value).map_err(Trouble::Failed)
    }

    /// Whether the condition holds. A comparison with a name that has no value neither holds nor
    /// fails: what depends on it does not hold. `samples is none` asks whether there is a value.
    ///
    /// # Errors
    /// Where the operation makes no sense, or its value is not true or false.
    pub fn holds<'v>(&self, lookup: impl Fn(&str) -> Option<&'v Value>) -> Result<bool, String> {
        // Names without a value order below everything once and above everything once; where
        // both give one answer, the answer does not depend on them.
        let with = |absent: fn() -> Jinja| {
            let names = self.names.iter();
            let context = names.map(|name| {
                let value = lookup(name).map_or_else(absent, to_jinja);
                (name.to_string(), value)
            });
            let value = self.evaluate(context.collect())?;
            match value.kind() {
                ValueKind::Bool => Ok(value.is_true()),
                kind => Err(format!("a condition is true or false, this is a {kind}")),
            }
        };
        let unbound = self.names.iter().any(|name| lookup(name).is_none());
        if !unbound {
            return with(|| Jinja::from(()));
        }
        match (with(|| Jinja::from(())), with(Absent::value)) {
            (Ok(low), Ok(high)) => Ok(low && high),
            // Arithmetic with what is not there.
            _ => Ok(false),
        }
    }

    fn evaluate(&self, context: Vec<(String, Jinja)>) -> Result<Jinja, String> {
        let context: Jinja = context.into_iter().collect();
        self.compiled.eval(context).map_err(|error| {
            let detail = error.detail().map(str::to_owned);
            detail.unwrap_or_else(|| error.kind().to_string())
        })
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.text)
    }
}

/// A value that is not there, ordered after all that are.
#[derive(Debug)]
struct Absent;

impl Absent {
    fn value() -> Jinja {
        Jinja::from_object(Absent)
    }

    fn is(value: &Jinja) -> bool {
        value.is_none() || value.is_undefined() || value.downcast_object_ref::<Absent>().is_some()
    }
}

impl Object for Absent {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.add_test("none", |value: &Jinja| Absent::is(value));
    environment.add_test("undefined", |value: &Jinja| Absent::is(value));
    environment.add_test("defined", |value: &Jinja| !Absent::is(value));
    for name in ["debug", "dict", "namespace", "range"] {
        environment.remove_global(name);
    }
    environment.add_function("abs", f64::abs);
    environment.add_function("ceil", |x: f64| whole(x.ceil()));
    environment.add_function("exp", f64::exp);
    environment.add_function("floor", |x: f64| whole(x.floor()));
    environment.add_function("log", f64::ln);
    environment.add_function("round", |x: f64| whole(x.round()));
    environment.add_function("sqrt", f64::sqrt);
    let most = |values: minijinja::value::Rest<Jinja>| values.0.into_iter().max();
    environment.add_function("max", move |values| most(values).unwrap_or_default());
    let least = |values: minijinja::value::Rest<Jinja>| values.0.into_iter().min();
    environment.add_function("min", move |values| least(values).unwrap_or_default());
    environment
}

fn whole(number: f64) -> Jinja {
    if number.abs() < 9.0e15 {
        Jinja::from(number as i64)
    } else {
        Jinja::from(number)
    }
}

fn to_jinja(value: &Value) -> Jinja {
    match value {
        Value::Null => Jinja::from(()),
        Value::Bool(value) => Jinja::from(*value),
        Value::Int(value) => Jinja::from(*value),
        Value::Float(value) => Jinja::from(*value),
        Value::Str(value) => Jinja::from(value.as_str()),
        Value::List(values) => values.iter().map(to_jinja).collect(),
        Value::Map(values) => {
            let values = values.iter();
            values
                .map(|(key, value)| (key.clone(), to_jinja(value)))
                .collect()
        }
    }
}

fn from_jinja(value: &Jinja) -> Result<Value, String> {
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

/// Whether a single `=` stands where `==` was meant.
fn lone_equals(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().any(|(at, byte)| {
        let before = at.checked_sub(1).map(|at| bytes[at]);
        let after = bytes.get(at + 1);
        *byte == b'=' && after != Some(&b'=') && !matches!(before, Some(b'=' | b'!' | b'<' | b'>'))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use crate::text::Source;

    use super::*;

    fn expression(text: &str) -> Expression {
        let source = Source {
            path: PathBuf::from("m.yaml"),
            text: text.to_owned(),
        };
        let place = Place::start_of(&Arc::new(source));
        Expression::read(text, &place).expect("an expression")
    }

    fn holds(text: &str, values: &[(&str, Value)]) -> bool {
        let values: BTreeMap<&str, Value> = values.iter().cloned().collect();
        expression(text)
            .holds(|name| values.get(name))
            .expect("a condition")
    }

    #[test]
    fn conditions_compare_the_values_of_a_cell() {
        let cell = [("method", Value::from("vae")), ("lr", Value::from(0.1))];
        assert!(holds("method == 'vae' and lr < 1", &cell));
        assert!(!holds("method in ['iwae', 'mapa']", &cell));
    }

    #[test]
    fn comparisons_with_what_a_cell_does_not_have_do_not_hold() {
        let vae = [("method", Value::from("vae"))];
        assert!(!holds("samples < 50", &vae));
        assert!(!holds("samples > 50", &vae));
        assert!(!holds("not samples > 50", &vae));
        assert!(!holds("samples == 5", &vae));
        assert!(holds("samples is none", &vae));
        assert!(holds("samples is none or samples < 50", &vae));
        assert!(holds("method == 'vae' or samples < 50", &vae));
        assert!(!holds("samples + 1 < 50", &vae));
    }

    #[test]
    fn values_keep_their_types() {
        let four = Value::Int(4);
        let value = |text: &str| expression(text).value(|_| Some(&four));
        assert_eq!(value("x"), Ok(Value::Int(4)));
        assert_eq!(value("x * 2"), Ok(Value::Int(8)));
        assert_eq!(value("x / 8"), Ok(Value::Float(0.5)));
        assert_eq!(
            value("[x, x]"),
            Ok(Value::List(vec![four.clone(), four.clone()]))
        );
        assert_eq!(value("max(x, 7)"), Ok(Value::Int(7)));
        assert_eq!(value("sqrt(x)"), Ok(Value::Float(2.0)));
        assert!(matches!(value("log(x - 4)"), Err(Trouble::Failed(_))));
    }

    #[test]
    fn names_are_known_before_evaluation() {
        let names = expression("max(lr, 2) + beta");
        assert_eq!(names.names(), [Arc::from("beta"), Arc::from("lr")]);
    }
}
