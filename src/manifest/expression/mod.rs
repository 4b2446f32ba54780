//! The one small expression language of manifests: minijinja's expressions over the values of
//! parameters and axes. Names are checked before anything is evaluated, because the evaluator
//! would compare what it does not know silently.

mod jinja;
mod ordered;
#[cfg(test)]
mod tests;
mod way;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use minijinja::Value as Jinja;
use minijinja::value::ValueKind;

use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Place;
use crate::text::nesting::DEEPEST;
use crate::text::nesting::nesting;

use jinja::Absent;
use jinja::ENVIRONMENT;
use jinja::from_jinja;
use jinja::is_certain;
use jinja::to_jinja;
use ordered::with_filters;

/// Functions that expressions may call, with what they give.
pub(super) const FUNCTIONS: [(&str, &str); 9] = [
    ("abs", "the number without its sign"),
    ("ceil", "the least whole number that is not below"),
    ("exp", "e to the power of the number"),
    ("floor", "the largest whole number that is not above"),
    ("log", "the natural logarithm"),
    ("max", "the largest of its arguments, or of one list"),
    ("min", "the smallest of its arguments, or of one list"),
    (
        "round",
        "the nearest whole number, away from zero at a half",
    ),
    ("sqrt", "the square root"),
];

/// A checked expression with its place.
pub struct Expression {
    /// None of a single name, by far the most common expression: it is looked up.
    compiled: Option<minijinja::Expression<'static, 'static>>,
    text: String,
    place: Place,
    names: Vec<Arc<str>>,
}

/// A name that an expression uses had no value, where one was needed.
#[derive(Clone, Debug, PartialEq)]
pub enum EvaluationError {
    Unbound(Arc<str>),
    Failed(String),
}

impl Expression {
    /// Reads an expression that stands at `place`.
    ///
    /// # Errors
    /// Where it is not an expression.
    pub fn read(text: &str, place: &Place) -> Result<Self, Diagnostic> {
        let text = text.trim().to_owned();
        if nesting(&text) > DEEPEST {
            let title = "an expression is too long";
            return Err(Diagnostic::error(title)
                .at(
                    place,
                    format!("more than {DEEPEST} signs and words of logic"),
                )
                .help("a list says more with less: `x in [1, 2, 3]`"));
        }
        if is_plain_name(&text) {
            return Ok(Expression {
                compiled: None,
                names: vec![Arc::from(&*text)],
                text,
                place: place.clone(),
            });
        }
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
        let names = used(&compiled, &text, false);
        let orders = with_filters(&text);
        let orders = orders.and_then(|text| ENVIRONMENT.compile_expression_owned(text).ok());
        Ok(Expression {
            names,
            compiled: Some(orders.unwrap_or(compiled)),
            text,
            place: place.clone(),
        })
    }

    /// The names it uses, sorted.
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// The same, where only a value within a parameter is used by the way to it: `optim.lr`.
    pub fn ways(&self) -> Vec<Arc<str>> {
        match &self.compiled {
            Some(compiled) => used(compiled, &self.text, true),
            None => self.names.clone(),
        }
    }

    /// The way to the value that it names, `optim.lr` for `optim['lr']`, and for `optim[part]` where that is what `part`
    /// stands for; none where it does more than to name a value.
    pub fn way<'v>(&self, lookup: &dyn Fn(&str) -> Option<&'v Value>) -> Option<Cow<'_, str>> {
        match &self.compiled {
            Some(_) => way::resolved(&self.text, lookup).map(Cow::Owned),
            None => Some(Cow::Borrowed(&self.text)),
        }
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
    pub fn value<'v>(
        &self,
        lookup: impl Fn(&str) -> Option<&'v Value>,
    ) -> Result<Value, EvaluationError> {
        if self.compiled.is_none() {
            let name = &self.names[0];
            let value = lookup(name).cloned();
            return value.ok_or_else(|| EvaluationError::Unbound(Arc::clone(name)));
        }
        let with = |absent: fn(usize) -> Jinja| {
            let names = self.names.iter().enumerate();
            let context = names.map(|(at, name)| {
                let value = lookup(name).map_or_else(|| absent(at), to_jinja);
                (name.to_string(), value)
            });
            self.evaluate(context.collect())
        };
        let Some(name) = self.names.iter().find(|name| lookup(name).is_none()) else {
            let value = with(|_| Jinja::from(())).map_err(|wrong| wrong.text);
            let value = value.and_then(|value| from_jinja(&value));
            return value.map_err(EvaluationError::Failed);
        };
        let unbound = EvaluationError::Unbound(Arc::clone(name));
        if !asks_for_values(&self.text) {
            return Err(unbound);
        }
        // `lr if lr is defined else 0.1` has a value all the same.
        match (with(|_| Jinja::from(())), with(Absent::value)) {
            (Err(wrong), _) | (_, Err(wrong)) if wrong.certain => {
                Err(EvaluationError::Failed(wrong.text))
            }
            (Ok(low), Ok(high)) if !Absent::is(&low) && low == high => {
                from_jinja(&low).map_err(EvaluationError::Failed)
            }
            _ => Err(unbound),
        }
    }

    /// Whether the condition holds. An order with a name that has no value neither holds nor fails: what
    /// depends on it does not hold. It equals nothing, and is as false where it stands alone: `beta or 1` is 1.
    /// `samples is none` asks whether there is a value, `samples|default(5)` has another in its place.
    ///
    /// # Errors
    /// Where the operation makes no sense, or its value is not true or false.
    pub fn holds<'v>(&self, lookup: impl Fn(&str) -> Option<&'v Value>) -> Result<bool, String> {
        let missing = |name: &Arc<str>| lookup(name).is_none();
        let unbound = self.names.iter().enumerate();
        let unbound = unbound.filter(|(_, name)| missing(name));
        let unbound: Vec<usize> = unbound.map(|(at, _)| at).collect();
        // One after another a name without a value orders below everything and the others above, then all
        // above, and none equals another; where all of this gives one answer, the answer does not depend on them.
        let with = |low: Option<usize>| {
            let names = self.names.iter().enumerate();
            let context = names.map(|(at, name)| {
                let value = match lookup(name) {
                    Some(value) => to_jinja(value),
                    None if low == Some(at) => Jinja::from(()),
                    None => Absent::value(at),
                };
                (name.to_string(), value)
            });
            let value = self.evaluate(context.collect())?;
            match value.kind() {
                ValueKind::Bool => Ok(value.is_true()),
                kind => Err(Wrong {
                    text: format!("a condition is true or false, this is a {kind}"),
                    certain: false,
                }),
            }
        };
        if unbound.is_empty() {
            return with(None).map_err(|wrong| wrong.text);
        }
        for low in unbound.into_iter().map(Some).chain([None]) {
            match with(low) {
                Ok(true) => {}
                Err(wrong) if wrong.certain => return Err(wrong.text),
                // Another error is arithmetic with what is not there.
                Ok(false) | Err(_) => return Ok(false),
            }
        }
        Ok(true)
    }

    fn evaluate(&self, context: BTreeMap<String, Jinja>) -> Result<Jinja, Wrong> {
        let Some(compiled) = &self.compiled else {
            return Ok(context.into_values().next().unwrap_or_default());
        };
        compiled.eval(Jinja::from(context)).map_err(|error| {
            let detail = error.detail().map(str::to_owned);
            Wrong {
                text: detail.unwrap_or_else(|| error.kind().to_string()),
                certain: is_certain(&error),
            }
        })
    }
}

/// Why there is no value.
struct Wrong {
    text: String,
    /// Whether it is so whatever the absent values are.
    certain: bool,
}

/// The names that are used, sorted; by the ways within them where these are asked for.
fn used(compiled: &minijinja::Expression<'_, '_>, text: &str, ways: bool) -> Vec<Arc<str>> {
    let names = compiled.undeclared_variables(ways).into_iter();
    let is_function = |name: &str| FUNCTIONS.iter().any(|(function, _)| *function == name);
    let names: BTreeSet<String> = names
        .filter(|name| !is_function(name) || is_a_value(name, text))
        .collect();
    names.into_iter().map(Arc::from).collect()
}

/// Whether a function's name stands for a parameter or an axis of that name: `round >= 2`, not `round(x)`.
fn is_a_value(name: &str, text: &str) -> bool {
    let mut quote = None;
    let mut escaped = false;
    // What stands in quotes is no name.
    let bare = text.chars().map(|c| {
        let inside = quote.is_some();
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            _ => {}
        }
        if inside { '"' } else { c }
    });
    let bare: String = bare.collect();
    let of_name = |c: char| c.is_alphanumeric() || c == '_';
    bare.match_indices(name).any(|(at, _)| {
        let (before, after) = (bare[..at].trim_end(), &bare[at + name.len()..]);
        let whole = !bare[..at].ends_with(of_name) && !after.starts_with(of_name);
        whole && !before.ends_with(['.', '|']) && !after.trim_start().starts_with('(')
    })
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.text)
    }
}

/// Whether a text is a name and nothing else, of a parameter or axis.
fn is_plain_name(text: &str) -> bool {
    const WORDS: [&str; 13] = [
        "and", "else", "false", "False", "if", "in", "is", "none", "None", "not", "or", "true",
        "True",
    ];
    let head = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(head)
        && text.chars().all(|c| head(c) || c.is_ascii_digit())
        && !WORDS.contains(&text)
}

/// Whether an expression says what is to be where there is no value: `x is defined`, `x|default(1)`, `x or 1`.
fn asks_for_values(text: &str) -> bool {
    let of_word = |c: char| c.is_alphanumeric() || c == '_';
    let word = |text: &str| {
        let text = text.trim_start();
        text[..text.find(|c| !of_word(c)).unwrap_or(text.len())].to_owned()
    };
    let tests = text.split(" is ").skip(1).any(|rest| {
        let rest = rest.trim_start();
        let rest = rest.strip_prefix("not ").unwrap_or(rest);
        ["defined", "undefined", "none"].contains(&&*word(rest))
    });
    let filters = text.split('|').skip(1);
    // A name alone: in `x == 1 or y` it is the comparison that lacks a value.
    let alone = |(at, _): (usize, &str)| {
        let before = text[..at].trim_end();
        let rest = before.trim_end_matches(|c| of_word(c) || c == '.');
        let behind = ["(", "[", ",", " or"];
        let rest_ends = rest.trim_end();
        rest.len() < before.len()
            && (rest_ends.is_empty() || behind.iter().any(|end| rest_ends.ends_with(end)))
    };
    tests
        || filters
            .into_iter()
            .any(|rest| ["default", "d"].contains(&&*word(rest)))
        || text.match_indices(" or ").any(alone)
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
