//! What figures, tables and selections of trials take of the search of their experiment.

use super::Fields;
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
    /// Its parameters that are axes of the rows, without that of the budget.
    pub parameters: Vec<&'s str>,
    /// The axis of the budget, where most trials get a part of it.
    pub budget: Option<&'s str>,
    /// All of the budget.
    pub whole: Option<u64>,
}

impl Searched<'_> {
    /// Fills `direction` as the search has it for the column that `column` names, where nothing is given.
    pub fn direct(&self, params: &mut Values, column: &str, direction: &str) {
        let Some(name) = params.get(column).and_then(Value::as_str) else {
            return;
        };
        if let Some(way) = self.way(name)
            && !params.contains_key(direction)
        {
            params.insert(direction.to_owned(), Value::from(way));
        }
    }

    fn way(&self, name: &str) -> Option<&'static str> {
        let mut ways = self.objectives.iter().filter(|(known, _)| *known == name);
        // Objectives of one name in two stages may go two ways.
        match (ways.next(), ways.next()) {
            (Some((_, way)), None) => Some(*way),
            _ => None,
        }
    }

    /// Fills `directions` for those of the columns that `columns` lists which the search optimises and the manifest
    /// says nothing of. Where there is one, repetitions are those of the search, as [`Searched::reduce`] has them.
    pub fn compare(&self, params: &mut Values, columns: &str, repeats: &str) {
        let Some(Value::List(names)) = params.get(columns) else {
            return;
        };
        let names = names.iter().filter_map(Value::as_str);
        let ways = names.filter_map(|name| Some((name.to_owned(), self.way(name)?)));
        let ways: Vec<(String, &str)> = ways.collect();
        if ways.is_empty() {
            return;
        }
        let mut directions = match params.get("directions") {
            Some(Value::Map(given)) => given.clone(),
            _ => Fields::new(),
        };
        for (name, way) in ways {
            if !directions.contains_key(&name) {
                directions.insert(name, Value::from(way));
            }
        }
        params.insert("directions".to_owned(), Value::Map(directions));
        self.reduce(params, repeats);
    }

    /// Fills `budget` with the axis of the budget, where no other parameter names it.
    pub fn spend(&self, params: &mut Values, budget: &str) {
        if let Some(axis) = self.budget
            && !params.contains_key(budget)
            && !is_named(params, axis)
        {
            params.insert(budget.to_owned(), Value::from(axis));
        }
    }

    /// Fills `whole` with all of the budget, where `budget` names its axis.
    pub fn all_of(&self, params: &mut Values, budget: &str, whole: &str) {
        let named = params.get(budget).and_then(Value::as_str);
        if let Some(amount) = self
            .whole
            .filter(|_| self.budget.is_some() && named == self.budget)
            && !params.contains_key(whole)
        {
            params.insert(whole.to_owned(), Value::Float(amount as f64));
        }
    }

    /// Fills `parameters`, the axes that tell trials apart, with those of the search that no other parameter names.
    pub fn tell_apart(&self, params: &mut Values, parameters: &str) {
        let own = self.parameters.iter().filter(|own| !is_named(params, own));
        let own: Vec<Value> = own.map(|own| Value::from(*own)).collect();
        if !own.is_empty() && !params.contains_key(parameters) {
            params.insert(parameters.to_owned(), Value::List(own));
        }
    }

    /// Fills `repeats`, the axes along which rows are repetitions of a trial, with the seeds that no other
    /// parameter names. Whether it has any.
    pub fn repeat(&self, params: &mut Values, repeats: &str) -> bool {
        if params.contains_key(repeats) {
            return true;
        }
        let seeds = self.seeds.iter().filter(|seed| !is_named(params, seed));
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

/// Parameters whose texts are for people, and name no column.
const TEXTS: [&str; 3] = ["title", "x_label", "y_label"];

/// Whether a parameter names this axis.
fn is_named(params: &Values, axis: &str) -> bool {
    let names = |value: &Value| match value {
        Value::List(list) => list.iter().any(|value| value.as_str() == Some(axis)),
        value => value.as_str() == Some(axis),
    };
    let mut named = params
        .iter()
        .filter(|(name, _)| !TEXTS.contains(&name.as_str()));
    named.any(|(_, value)| names(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEARCH: Searched<'static> = Searched {
        objectives: Vec::new(),
        seeds: Vec::new(),
        statistic: "median",
        parameters: Vec::new(),
        budget: Some("epochs"),
        whole: Some(9),
    };

    fn values(yaml: &str) -> Values {
        serde_yaml::from_str(yaml).expect("a map")
    }

    #[test]
    fn columns_that_the_search_optimises_have_its_directions() {
        let search = Searched {
            objectives: vec![("loss", "minimize"), ("acc", "maximize")],
            seeds: vec!["seed"],
            ..SEARCH
        };
        let told = |yaml: &str| {
            let mut params = values(yaml);
            search.compare(&mut params, "values", "replicate");
            params
        };
        assert_eq!(
            told("{values: [loss, acc, size], directions: {size: minimize, acc: minimize}}"),
            values(
                "{values: [loss, acc, size], directions: {size: minimize, acc: minimize, loss: minimize}, \
                 replicate: [seed], statistic: median}"
            )
        );
        // What it does not optimise is compared as it comes.
        let others = "{values: [size, speed]}";
        assert_eq!(told(others), values(others));
    }

    #[test]
    fn trials_are_told_apart_by_what_no_other_parameter_names() {
        let search = Searched {
            parameters: vec!["lr", "width"],
            ..SEARCH
        };
        let mut params = values("{x: epochs, color: width}");
        search.tell_apart(&mut params, "parameters");
        search.all_of(&mut params, "x", "whole");
        let told = "{x: epochs, color: width, parameters: [lr], whole: 9.0}";
        assert_eq!(params, values(told));
        let mut along_others = values("{x: trial, parameters: [k]}");
        search.tell_apart(&mut along_others, "parameters");
        search.all_of(&mut along_others, "x", "whole");
        assert_eq!(along_others, values("{x: trial, parameters: [k]}"));
    }

    #[test]
    fn a_budget_that_is_drawn_along_is_no_budget_of_trials() {
        let told = |yaml: &str| {
            let mut params = values(yaml);
            SEARCH.spend(&mut params, "budget");
            params
                .get("budget")
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        assert_eq!(told("{x: trial, title: epochs}").as_deref(), Some("epochs"));
        assert_eq!(told("{x: epochs}"), None);
        assert_eq!(told("{budget: steps}").as_deref(), Some("steps"));
    }
}
