//! What figures of trials take of the search of their experiment.

use super::Value;
use super::Values;

/// What a search optimises, and along what its trials are repeated.
pub struct Searched<'s> {
    /// Each with `minimize` or `maximize`.
    pub objectives: Vec<(&'s str, &'static str)>,
    /// The axes of seeds in the rows that are drawn.
    pub seeds: Vec<&'s str>,
    /// What makes one number of the repetitions of a trial.
    pub statistic: &'static str,
}

impl Searched<'_> {
    /// Fills `direction` as the search has it for the column that `column` names, where nothing is given.
    pub fn direct(&self, params: &mut Values, column: &str, direction: &str) {
        let Some(name) = params.get(column).and_then(Value::as_str) else {
            return;
        };
        let mut ways = self.objectives.iter().filter(|(known, _)| *known == name);
        // Objectives of one name in two stages may go two ways.
        if let (Some((_, way)), None) = (ways.next(), ways.next())
            && !params.contains_key(direction)
        {
            params.insert(direction.to_owned(), Value::from(*way));
        }
    }

    /// Fills `repeats`, the axes along which rows are repetitions of a trial, with the seeds that no other
    /// parameter names. Whether it has any.
    pub fn repeat(&self, params: &mut Values, repeats: &str) -> bool {
        if params.contains_key(repeats) {
            return true;
        }
        let names = |value: &Value, seed: &str| match value {
            Value::List(list) => list.iter().any(|value| value.as_str() == Some(seed)),
            value => value.as_str() == Some(seed),
        };
        let is_named = |seed: &str| params.iter().any(|(_, value)| names(value, seed));
        let seeds = self.seeds.iter().filter(|seed| !is_named(seed));
        let seeds: Vec<Value> = seeds.map(|seed| Value::from(*seed)).collect();
        if seeds.is_empty() {
            return false;
        }
        params.insert(repeats.to_owned(), Value::List(seeds));
        true
    }

    /// The same with `statistic`, as the search has it.
    pub fn reduce(&self, params: &mut Values, repeats: &str) {
        if self.repeat(params, repeats) && !params.contains_key("statistic") {
            params.insert("statistic".to_owned(), Value::from(self.statistic));
        }
    }
}
