//! Values against declared types: what fits is brought to its one canonical form, so that `1` and
//! `1.0` of a float parameter are one value; what does not fit says what was expected.

use std::path::Component;
use std::path::Path;

use super::ParamType;
use super::Value;

/// Why a value does not fit its type.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// The way to the wrong part inside the value: list indices and map keys.
    pub path: Vec<Part>,
    /// What is wrong: `expected a whole number, found text`.
    pub message: String,
    /// What to do about it, where that is known.
    pub help: Option<String>,
}

/// One step of the way into a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Index(usize),
    Key(String),
}

impl Mismatch {
    fn new(message: impl Into<String>) -> Self {
        Mismatch {
            path: Vec::new(),
            message: message.into(),
            help: None,
        }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn within(mut self, part: Part) -> Self {
        self.path.insert(0, part);
        self
    }
}

impl ParamType {
    /// Whether its values are words, one of which may stand for a list of one.
    pub(crate) fn is_name(&self) -> bool {
        matches!(self, ParamType::Str | ParamType::Choice(_))
    }

    /// The value in its canonical form: whole numbers where whole numbers are meant, no −0.
    ///
    /// # Errors
    /// What was expected instead, and where inside the value.
    pub fn conform(&self, value: Value) -> Result<Value, Mismatch> {
        if self.admits(&value) {
            return Ok(value);
        }
        match self {
            ParamType::Bool => match value {
                Value::Str(word) => {
                    let mismatch = Mismatch::new("expected `true` or `false`, found text");
                    Err(match truth(&word) {
                        Some(truth) => mismatch.help(format!("write `{truth}`")),
                        None => mismatch,
                    })
                }
                other => Err(unexpected("`true` or `false`", &other)),
            },
            ParamType::Int { min, max } => {
                let whole = whole(&value).ok_or_else(|| unexpected("a whole number", &value))?;
                let low = min.is_some_and(|min| whole < min);
                let high = max.is_some_and(|max| whole > max);
                if low || high {
                    return Err(outside(&value, *min, *max));
                }
                Ok(Value::Int(whole))
            }
            ParamType::Float { min, max } => {
                let number = match value {
                    Value::Int(_) | Value::Float(_) => value.as_float().unwrap_or_default(),
                    other => return Err(unexpected("a number", &other)),
                };
                if !number.is_finite() {
                    return Err(Mismatch::new(format!("`{number}` is not a finite number")));
                }
                if let Value::Int(whole) = value
                    && number as i128 != i128::from(whole)
                {
                    let message = format!("`{whole}` has more digits than a number here holds");
                    return Err(Mismatch::new(message));
                }
                let low = min.is_some_and(|min| number < min);
                let high = max.is_some_and(|max| number > max);
                if low || high {
                    return Err(outside(&value, *min, *max));
                }
                // −0 and 0 are one value: adding 0 to −0 gives 0.
                Ok(Value::Float(number + 0.0))
            }
            ParamType::Seed => match whole(&value) {
                Some(seed) if seed >= 0 => Ok(Value::Int(seed)),
                Some(_) => Err(Mismatch::new("a seed is not negative")),
                None => Err(unexpected("a seed (a whole number from 0)", &value)),
            },
            ParamType::Str => match value {
                Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
                    let help =
                        format!("text that looks like something else is quoted: \"{value}\"");
                    Err(unexpected("text", &value).help(help))
                }
                other => Err(unexpected("text", &other)),
            },
            ParamType::Choice(choices) => match &value {
                Value::Str(word) => {
                    let known = choices.iter().map(String::as_str);
                    let mismatch = Mismatch::new(format!("`{word}` is not one of the choices"));
                    Err(match crate::text::did_you_mean(word, known, "choices") {
                        Some(help) => mismatch.help(help),
                        None => mismatch,
                    })
                }
                other => {
                    let choices = crate::text::list_of(choices);
                    Err(unexpected(&format!("one of {choices}"), other))
                }
            },
            ParamType::Path => match &value {
                Value::Str(path) => match inside(path) {
                    Ok(()) => Ok(value),
                    Err(problem) => Err(Mismatch::new(problem)),
                },
                other => Err(unexpected("a path", other)),
            },
            ParamType::List(element) => match value {
                Value::List(mut values) => {
                    for (index, value) in values.iter_mut().enumerate() {
                        let fits = element.conform(std::mem::take(value));
                        *value = fits.map_err(|wrong| wrong.within(Part::Index(index)))?;
                    }
                    Ok(Value::List(values))
                }
                // One name is a list of one, as in `by: method`; `by: method, data` looks like two.
                Value::Str(word) if element.is_name() && !word.contains(',') => {
                    Ok(Value::List(vec![element.conform(Value::Str(word))?]))
                }
                other => Err(unexpected("a list", &other)),
            },
            ParamType::Map(element) => match value {
                Value::Map(mut values) => {
                    for (key, value) in values.iter_mut() {
                        let fits = element.conform(std::mem::take(value));
                        *value = fits.map_err(|wrong| wrong.within(Part::Key(key.clone())))?;
                    }
                    Ok(Value::Map(values))
                }
                other => Err(unexpected("a map", &other)),
            },
            ParamType::Any => canonical(value),
        }
    }

    /// A value of this type in the one form of numbers that columns have, `1` for `1.0`: whoever is given it conforms it
    /// to what it takes. None where it has that form.
    pub fn whole_numbers(&self, value: &Value) -> Option<Value> {
        match (self, value) {
            (ParamType::Any | ParamType::Float { .. }, Value::Float(_))
            | (ParamType::Any, Value::List(_) | Value::Map(_)) => {
                let whole = value.clone().whole_numbers();
                (whole != *value).then_some(whole)
            }
            (ParamType::List(element), Value::List(values)) => {
                let mut whole: Option<Vec<Value>> = None;
                for (at, one) in values.iter().enumerate() {
                    if let Some(one) = element.whole_numbers(one) {
                        whole.get_or_insert_with(|| values.clone())[at] = one;
                    }
                }
                whole.map(Value::List)
            }
            (ParamType::Map(element), Value::Map(values)) => {
                let mut whole = None;
                for (name, one) in values {
                    if let Some(one) = element.whole_numbers(one) {
                        let whole = whole.get_or_insert_with(|| values.clone());
                        whole.insert(name.clone(), one);
                    }
                }
                whole.map(Value::Map)
            }
            _ => None,
        }
    }

    /// Whether a value is in its canonical form already.
    pub(super) fn admits(&self, value: &Value) -> bool {
        let plain =
            |number: f64| number.is_finite() && (number != 0.0 || number.is_sign_positive());
        match (self, value) {
            (ParamType::Any, Value::List(values)) => values.iter().all(|one| self.admits(one)),
            (ParamType::Any, Value::Map(values)) => values.values().all(|one| self.admits(one)),
            (ParamType::Any, Value::Float(number)) => plain(*number),
            (ParamType::Any, _) => true,
            (ParamType::Bool, Value::Bool(_)) | (ParamType::Str, Value::Str(_)) => true,
            (ParamType::Int { min, max }, Value::Int(whole)) => {
                min.is_none_or(|min| *whole >= min) && max.is_none_or(|max| *whole <= max)
            }
            (ParamType::Float { min, max }, Value::Float(number)) => {
                plain(*number)
                    && min.is_none_or(|min| *number >= min)
                    && max.is_none_or(|max| *number <= max)
            }
            (ParamType::Seed, Value::Int(seed)) => *seed >= 0,
            (ParamType::Choice(choices), Value::Str(word)) => choices.contains(word),
            (ParamType::Path, Value::Str(path)) => inside(path).is_ok(),
            (ParamType::List(element), Value::List(values)) => {
                values.iter().all(|one| element.admits(one))
            }
            (ParamType::Map(element), Value::Map(values)) => {
                values.values().all(|one| element.admits(one))
            }
            _ => false,
        }
    }
}

/// Whatever YAML can write, without −0, NaN and the infinities.
fn canonical(value: Value) -> Result<Value, Mismatch> {
    match value {
        Value::Float(number) if !number.is_finite() => {
            Err(Mismatch::new(format!("`{number}` is not a finite number")))
        }
        Value::Float(number) => Ok(Value::Float(number + 0.0)),
        Value::List(_) => ParamType::List(Box::new(ParamType::Any)).conform(value),
        Value::Map(_) => ParamType::Map(Box::new(ParamType::Any)).conform(value),
        other => Ok(other),
    }
}

/// The whole number that this is, `1e3` and `1000.0` among them.
fn whole(value: &Value) -> Option<i64> {
    // Above this not every whole number is a float.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Int(whole) => Some(*whole),
        Value::Float(number) if number.fract() == 0.0 && number.abs() <= EXACT => {
            Some(*number as i64)
        }
        _ => None,
    }
}

/// What YAML 1.1 took for a truth value.
fn truth(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" | "true" => Some(true),
        "no" | "off" | "n" | "false" => Some(false),
        _ => None,
    }
}

fn unexpected(expected: &str, found: &Value) -> Mismatch {
    let mismatch = Mismatch::new(format!("expected {expected}, found {}", found.type_name()));
    match found {
        Value::Str(text) if expected.contains("number") => {
            let plain = text.trim().replace(['_', ','], "");
            match plain.parse::<f64>() {
                Ok(_) if plain == text.trim() => {
                    mismatch.help("numbers are written without quotes")
                }
                Ok(_) => mismatch.help(format!("write `{plain}`")),
                Err(_) => mismatch,
            }
        }
        _ => mismatch,
    }
}

fn outside<N: std::fmt::Display>(value: &Value, min: Option<N>, max: Option<N>) -> Mismatch {
    Mismatch::new(match (min, max) {
        (Some(min), Some(max)) => format!("`{value}` is not between {min} and {max}"),
        (Some(min), None) => format!("`{value}` is less than {min}"),
        (None, Some(max)) => format!("`{value}` is more than {max}"),
        (None, None) => format!("`{value}` is outside the range"),
    })
}

/// Whether a relative path stays inside the folder that it is relative to.
fn inside(path: &str) -> Result<(), String> {
    if path.is_empty() {
        return Err("the path is empty".to_owned());
    }
    let mut depth = 0_usize;
    for component in Path::new(path).components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir => return Err(format!("`{path}` leaves the project")),
            Component::RootDir | Component::Prefix(_) => {
                return Err(format!("`{path}` is not relative to the project"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float() -> ParamType {
        ParamType::Float {
            min: Some(0.0),
            max: None,
        }
    }

    #[test]
    fn one_value_has_one_form() {
        assert_eq!(float().conform(Value::Int(1)), Ok(Value::Float(1.0)));
        let zero = float().conform(Value::Float(-0.0)).unwrap();
        assert_eq!(zero.to_string(), "0.0");
        let whole = ParamType::Int {
            min: None,
            max: None,
        };
        assert_eq!(whole.conform(Value::Float(1e3)), Ok(Value::Int(1000)));
    }

    /// What is taken as it is, and what a value that is not becomes.
    #[test]
    fn canonical_is_what_conforming_leaves_as_it_is() {
        let int = ParamType::Int {
            min: Some(0),
            max: Some(9),
        };
        let choice = ParamType::Choice(vec!["a".to_owned()]);
        let types = [
            ParamType::Any,
            ParamType::Bool,
            int.clone(),
            float(),
            ParamType::Seed,
            ParamType::Str,
            choice,
            ParamType::Path,
            ParamType::List(Box::new(int)),
            ParamType::Map(Box::new(float())),
        ];
        let mut values: Vec<Value> = vec![Value::Null, Value::Bool(true)];
        values.extend([-1, 0, 9, 10].map(Value::Int));
        values.extend([-0.0, 0.0, -0.5, 3.0, f64::NAN, f64::INFINITY].map(Value::Float));
        values.extend(["a", "b", "", "../a", "/a"].map(Value::from));
        let plain = values.clone();
        values.extend(plain.iter().map(|one| Value::List(vec![one.clone()])));
        let map = |one: Value| Value::Map([("k".to_owned(), one)].into());
        values.extend(plain.into_iter().map(map));
        for ty in &types {
            for value in &values {
                let said = format!("{ty:?} of {value:?}");
                match ty.conform(value.clone()) {
                    Ok(one) => {
                        assert!(ty.admits(&one), "{said} is not settled");
                        // `==` takes −0 for 0.
                        let same = format!("{one:?}") == format!("{value:?}");
                        assert_eq!(ty.admits(value), same, "{said}");
                    }
                    Err(_) => assert!(!ty.admits(value), "{said}"),
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_says_what_was_expected() {
        let message = |ty: ParamType, value: Value| ty.conform(value).unwrap_err().message;
        assert_eq!(message(float(), (-1).into()), "`-1` is less than 0");
        let expected = "expected a number, found text";
        assert_eq!(message(float(), "1".into()), expected);
        let nan = Value::Float(f64::NAN);
        assert_eq!(message(ParamType::Any, nan), "`NaN` is not a finite number");
        let path = message(ParamType::Path, "a/../../b".into());
        assert_eq!(path, "`a/../../b` leaves the project");
    }

    #[test]
    fn one_name_is_a_list_of_one() {
        let names = ParamType::List(Box::new(ParamType::Str));
        let list: Value = vec![Value::from("method")].into();
        assert_eq!(names.conform("method".into()), Ok(list));
        let wrong = names.conform("method, data".into()).unwrap_err();
        assert_eq!(wrong.message, "expected a list, found text");
        let numbers = ParamType::List(Box::new(float()));
        assert!(numbers.conform(1.into()).is_err());
    }

    #[test]
    fn a_mismatch_inside_a_list_says_where() {
        let list = ParamType::List(Box::new(float()));
        let wrong = list.conform(vec![Value::Int(1), "x".into()].into());
        assert_eq!(wrong.unwrap_err().path, [Part::Index(1)]);
    }

    #[test]
    fn old_truth_words_are_told_the_new_ones() {
        let wrong = ParamType::Bool.conform("no".into()).unwrap_err();
        assert_eq!(wrong.help.as_deref(), Some("write `false`"));
    }
}
