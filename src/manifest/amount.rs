//! Amounts that may differ by attempt: `2GiB`, or `2GiB * attempt`.

use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;

use super::expression::Expression;
use super::node::Node;
use super::policy::amount;

/// Attempts beyond these get what the last of them gets.
const ATTEMPTS: i64 = 20;

/// An amount by attempt, the first one first; one where all are the same, none where nothing is said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ByAttempt(Vec<f64>);

impl ByAttempt {
    /// Of an attempt, which are counted from 1.
    pub fn of(&self, attempt: u32) -> Option<f64> {
        let at = (attempt.max(1) as usize - 1).min(self.0.len().checked_sub(1)?);
        self.0.get(at).copied()
    }

    /// Reads what a node writes, with one of these units; `name` is its key, `example` what it may be.
    pub(super) fn read(
        node: &Node,
        name: &str,
        units: &[(&str, f64)],
        example: &str,
        found: &mut Diagnostics,
    ) -> Self {
        let text = node.to_value().to_string();
        if let Some(plain) = amount(&text, units) {
            return ByAttempt(vec![plain]);
        }
        let wrong = |what: String| {
            Diagnostic::error(format!("wrong value of `{name}`"))
                .at(&node.place, what)
                .help(format!(
                    "for example `{example}`; for jobs of a cluster also `{example} * attempt`"
                ))
        };
        // A text without the word is meant to be a plain amount.
        let numbers = in_numbers(&text, units);
        if !text.contains("attempt") || numbers == text {
            found.push(wrong("expected an amount with its unit".to_owned()));
            return Self::default();
        }
        let expression = match Expression::read(&numbers, &node.place) {
            Ok(expression) => expression,
            Err(error) => {
                found.push(error);
                return Self::default();
            }
        };
        if let Some(other) = expression
            .names()
            .iter()
            .find(|known| &***known != "attempt")
        {
            found.push(wrong(format!("`{other}` has no value here: `attempt` has")));
            return Self::default();
        }
        let amounts = (1..=ATTEMPTS).map(|attempt| {
            let attempt = Value::Int(attempt);
            let value = expression.value(|_| Some(&attempt)).ok()?.as_float()?;
            (value.is_finite() && value >= 0.0).then_some(value)
        });
        match amounts.collect::<Option<Vec<f64>>>() {
            Some(amounts) => ByAttempt(amounts),
            None => {
                let what = format!("is no amount for every `attempt` from 1 to {ATTEMPTS}");
                found.push(wrong(what));
                Self::default()
            }
        }
    }
}

/// The text with every amount in place of its number and unit: `2GiB * attempt` → `2147483648 * attempt`.
fn in_numbers(text: &str, units: &[(&str, f64)]) -> String {
    let mut told = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let starts_word = first.is_alphabetic() || first == '_';
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || (!starts_word && c == '.');
        let end = match starts_word || first.is_ascii_digit() {
            true => rest.find(|c: char| !is_part(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (word, after) = rest.split_at(end);
        rest = after;
        match amount(word, units) {
            Some(amount) => told.push_str(&amount.to_string()),
            None => told.push_str(word),
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::policy::SIZES;
    use crate::manifest::policy::TIMES;

    #[test]
    fn amounts_within_expressions_become_numbers() {
        assert_eq!(in_numbers("2GiB * attempt", &SIZES), "2147483648 * attempt");
        assert_eq!(
            in_numbers("1.5h + 10m*attempt", &TIMES),
            "5400 + 600*attempt"
        );
        assert_eq!(
            in_numbers("1GB * 2 ** (attempt - 1)", &SIZES),
            "1000000000 * 2 ** (attempt - 1)"
        );
        assert_eq!(
            in_numbers("min(attempt, 3) * x2s", &TIMES),
            "min(attempt, 3) * x2s"
        );
    }

    #[test]
    fn the_last_amount_is_that_of_all_further_attempts() {
        let amounts = ByAttempt(vec![1.0, 2.0, 4.0]);
        assert_eq!(
            [0, 1, 3, 9].map(|n| amounts.of(n)),
            [Some(1.0), Some(1.0), Some(4.0), Some(4.0)]
        );
        assert_eq!(ByAttempt::default().of(1), None);
    }
}
