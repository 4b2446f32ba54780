//! Arithmetic between quantities: minijinja's expressions, held to numbers and known names.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use minijinja::Environment;

use super::ClaimError;
use crate::text::nesting::DEEPEST;
use crate::text::nesting::nesting;

/// Functions of one number that arithmetic may call.
pub(super) const FUNCTIONS: [&str; 4] = ["abs", "exp", "log", "sqrt"];

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::empty();
    environment.add_function("abs", f64::abs);
    environment.add_function("exp", f64::exp);
    environment.add_function("log", f64::ln);
    environment.add_function("sqrt", f64::sqrt);
    environment
});

/// One side of a comparison: numbers, names of quantities, `+ - * / **`, parentheses, and `abs`,
/// `exp`, `log`, `sqrt`. As everywhere in minijinja a sign binds closer than `**`.
#[derive(Clone, Debug, PartialEq)]
pub struct Arithmetic {
    /// With names of quantities where the short form has calls.
    text: String,
    names: Vec<String>,
}

impl Arithmetic {
    /// Checks that the text is arithmetic over these names. What evaluates to anything but a
    /// number is refused here, so that it never compares as undefined later.
    pub fn new(text: &str, known: &[&str]) -> Result<Self, ClaimError> {
        let text = text.trim();
        let refused = |reason: String| ClaimError::Arithmetic {
            text: text.to_owned(),
            reason,
        };
        if text.is_empty() {
            return Err(refused("nothing stands on this side".to_owned()));
        }
        if let Some(c) = text
            .chars()
            .find(|c| !(c.is_ascii_alphanumeric() || " \t\n_.+-*/()".contains(*c)))
        {
            return Err(refused(format!("`{c}` has no place in it")));
        }
        if nesting(text) > DEEPEST {
            return Err(refused(format!("more than {DEEPEST} signs")));
        }
        let mut names: Vec<String> = Vec::new();
        for word in words(text) {
            if FUNCTIONS.contains(&word) {
                continue;
            }
            if !known.contains(&word) {
                return Err(ClaimError::Unknown {
                    what: "name".to_owned(),
                    name: word.to_owned(),
                    known: known
                        .iter()
                        .copied()
                        .filter(|name| !name.starts_with('_'))
                        .chain(FUNCTIONS)
                        .map(str::to_owned)
                        .collect(),
                });
            }
            if !names.iter().any(|name| name == word) {
                names.push(word.to_owned());
            }
        }
        let arithmetic = Arithmetic {
            text: text.to_owned(),
            names,
        };
        // A trial shows that a number comes out; odd values, so that no difference is zero.
        let trial = known.iter().enumerate();
        let trial = trial.map(|(i, name)| (name.to_string(), 0.618_034 + 1.1 * i as f64));
        arithmetic.evaluate(&trial.collect()).map(|_| arithmetic)
    }

    /// The value where the quantities have these; not necessarily finite, and an error where it
    /// divides by zero.
    pub fn evaluate(&self, values: &BTreeMap<String, f64>) -> Result<f64, ClaimError> {
        let refused = |reason: String| ClaimError::Arithmetic {
            text: self.text.clone(),
            reason,
        };
        let expression = ENVIRONMENT
            .compile_expression(&self.text)
            .map_err(|error| refused(error.to_string()))?;
        let value = expression
            .eval(values)
            .map_err(|error| refused(error.to_string()))?;
        if !value.is_number() {
            return Err(refused(format!("it gives a {}", value.kind())));
        }
        f64::try_from(value).map_err(|error| refused(error.to_string()))
    }

    /// The quantities it needs, in order of appearance.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The quantity x of a side `a + b x`, such as `2 * x`: what holds of a mean or median then holds of every value
    /// that it is taken from.
    pub fn of_one(&self) -> Option<&str> {
        let [name] = &self.names[..] else {
            return None;
        };
        if *name == self.text {
            return Some(name);
        }
        let [zero, one] = [0.0, 1.0].map(|x| self.at(name, x));
        let (zero, slope) = (zero?, one? - zero?);
        let is_straight = [-1e3, -1.0, 0.1, 2.0].into_iter().all(|x| {
            let line = zero + slope * x;
            let near = 1e-9 * (line.abs() + zero.abs() + (slope * x).abs());
            self.at(name, x).is_some_and(|y| (y - line).abs() <= near)
        });
        (slope != 0.0 && is_straight).then_some(name)
    }

    /// The side where its quantity `name` is x.
    fn at(&self, name: &str, x: f64) -> Option<f64> {
        self.evaluate(&BTreeMap::from([(name.to_owned(), x)])).ok()
    }

    /// The side for each of these values of its one quantity.
    pub(super) fn of_each(&self, values: Vec<f64>) -> Option<Vec<f64>> {
        let [name] = &self.names[..] else {
            return Some(values);
        };
        let values = values.into_iter();
        match *name == self.text {
            true => Some(values.collect()),
            false => values.map(|x| self.at(name, x)).collect(),
        }
    }

    /// The text with each name replaced by what `shown` makes of it.
    pub fn display(&self, shown: impl Fn(&str) -> String) -> String {
        let mut text = String::new();
        let mut rest = self.text.as_str();
        for word in words(&self.text) {
            let at = rest
                .find(word)
                .expect("words are slices of the text in order");
            text.push_str(&rest[..at]);
            if self.names.iter().any(|name| name == word) {
                text.push_str(&shown(word));
            } else {
                text.push_str(word);
            }
            rest = &rest[at + word.len()..];
        }
        text + rest
    }
}

/// Identifiers: runs that start with a letter or underscore, exponents of numbers left out.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<f64, ClaimError> {
        let values = BTreeMap::from([("a".to_owned(), 8.0), ("b".to_owned(), 2.0)]);
        Arithmetic::new(text, &["a", "b"])?.evaluate(&values)
    }

    #[test]
    fn arithmetic_has_the_usual_precedence() {
        assert_eq!(value("a - 2 * b"), Ok(4.0));
        assert_eq!(value("(a + b) / 4"), Ok(2.5));
        assert_eq!(value("a ** 2 / 1e1 - -b"), Ok(8.4));
        assert_eq!(value("sqrt(a * b) + abs(-1.5)"), Ok(5.5));
    }

    #[test]
    fn what_is_no_number_is_refused_before_anything_is_judged() {
        for text in [
            "",
            "a b",
            "a +",
            "sqrt",
            "'a'",
            "a and b",
            "a if b else a",
            "true",
            "a | abs",
        ] {
            assert!(Arithmetic::new(text, &["a", "b"]).is_err(), "{text}");
        }
        let error = Arithmetic::new("ours - 1", &["our", "theirs"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown name `ours`, did you mean `our`?"
        );
    }

    #[test]
    fn a_multiple_of_a_quantity_is_of_one() {
        let of_one = |text: &str| {
            let side = Arithmetic::new(text, &["a", "b"]).expect("it is arithmetic");
            side.of_one().map(str::to_owned)
        };
        for text in ["a", "2 * a", "a * 1.05 - 3", "(a + a) / 7", "-a", "1e6 + a"] {
            assert_eq!(of_one(text).as_deref(), Some("a"), "{text}");
        }
        for text in ["a + b", "a * a", "abs(a)", "log(a)", "1 / a", "0 * a", "3"] {
            assert_eq!(of_one(text), None, "{text}");
        }
    }

    #[test]
    fn a_division_by_zero_is_no_value_rather_than_a_panic() {
        assert!(!value("a / (b - 2)").is_ok_and(f64::is_finite));
        assert!(value("a / (b - 1)").is_ok());
    }
}
