//! What a manifest says of the numbers that a program leaves: which way is better, their units and
//! labels. It only says how they are shown, so it is in the keys of those who show them and not in
//! the key of the program.

use std::sync::Arc;

use crate::plan;
use crate::registry::Value;
use crate::table::Column;

/// The keys that describe numbers, each a map from names.
pub(super) const KEYS: [&str; 3] = ["better", "labels", "units"];

/// Whether a key says how results are shown rather than what they are.
pub(super) fn is_description(key: &str) -> bool {
    KEYS.contains(&key)
}

/// What of a map describes numbers; none where nothing does.
pub(super) fn of(value: &Value) -> Option<Arc<Value>> {
    let Value::Map(fields) = value else {
        return None;
    };
    let described = fields.iter().filter(|(key, _)| is_description(key));
    let described: Vec<_> = described
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    (!described.is_empty()).then(|| Arc::new(Value::Map(described.into_iter().collect())))
}

/// The rest of a map: `{file: x}` is `x`, so that a description that is added changes nothing.
pub(super) fn without(value: &Value) -> Option<Value> {
    let Value::Map(fields) = value else {
        return None;
    };
    let left: Vec<_> = fields
        .iter()
        .filter(|(key, _)| !is_description(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Some(match &left[..] {
        [(key, file)] if key == "file" => file.clone(),
        _ => Value::Map(left.into_iter().collect()),
    })
}

/// Whether the descriptions among the keys of a map are such.
///
/// # Errors
/// What is wrong, in a few words.
pub(super) fn check(value: &Value) -> Result<(), String> {
    let Value::Map(fields) = value else {
        return Ok(());
    };
    for (key, names) in fields.iter().filter(|(key, _)| is_description(key)) {
        let Value::Map(names) = names else {
            let example = match key.as_str() {
                "better" => "{accuracy: higher}",
                "units" => "{time: s}",
                _ => "{accuracy: test accuracy}",
            };
            return Err(format!("`{key}` is a map: `{key}: {example}`"));
        };
        for (name, word) in names {
            match word.as_str() {
                None => {
                    let what = word.type_name();
                    return Err(format!("`{key}` of `{name}` is {what}, not text"));
                }
                Some("higher" | "lower") => {}
                Some(word) if key == "better" => {
                    let meant = match word {
                        "max" | "up" | "maximize" | "high" | "larger" | "greater" => "`higher`",
                        "min" | "down" | "minimize" | "low" | "smaller" | "less" => "`lower`",
                        _ => "`higher` or `lower`",
                    };
                    return Err(format!("better for `{name}` is {meant}, not `{word}`"));
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

/// The names that a map describes and that none of these numbers has, with the key that names each.
pub(super) fn unknown<'d>(
    value: &'d Value,
    known: &'d dyn Fn(&str) -> bool,
) -> impl Iterator<Item = (&'d str, &'d str)> {
    let fields = match value {
        Value::Map(fields) => Some(fields),
        _ => None,
    };
    let described = fields.into_iter().flatten();
    let described = described.filter(|(key, _)| is_description(key));
    let names = described.flat_map(|(key, names)| match names {
        Value::Map(names) => names
            .keys()
            .map(|name| (key.as_str(), name.as_str()))
            .collect(),
        _ => Vec::new(),
    });
    names.filter(move |(_, name)| !known(name))
}

/// What is said of one name under one of the keys.
fn said<'d>(described: &'d Value, key: &str, name: &str) -> Option<&'d str> {
    let Value::Map(fields) = described else {
        return None;
    };
    let Some(Value::Map(names)) = fields.get(key) else {
        return None;
    };
    names.get(name).and_then(Value::as_str)
}

/// Whether a column of this name is an axis, although it may hold numbers.
fn is_axis(described: &Value, name: &str) -> bool {
    let Value::Map(fields) = described else {
        return false;
    };
    let axes = fields.get(plan::AXES).and_then(|axes| match axes {
        Value::List(axes) => Some(axes),
        _ => None,
    });
    axes.is_some_and(|axes| axes.iter().any(|axis| axis.as_str() == Some(name)))
}

/// Which way is better for the number of this name, where that is said, or the search optimises it.
pub(super) fn higher_is_better(described: &Value, name: &str) -> Option<bool> {
    let said = |key| said(described, key, name);
    let word = said("better").or_else(|| said(plan::SEARCHED));
    word.map(|word| word == "higher")
}

/// Whether the numbers of an artifact are called as their kind calls them: what a program calls so need not be the same.
pub(super) fn is_of_kind(described: Option<&Value>) -> bool {
    match described {
        None => true,
        Some(Value::Map(fields)) => fields.contains_key(plan::OF_KIND),
        Some(_) => false,
    }
}

/// Puts what is said into the head of a column.
pub(super) fn describe(column: &mut Column, described: &Value) {
    let name = column.name.clone();
    column.axis |= is_axis(described, &name);
    if let Some(higher) = higher_is_better(described, &name) {
        column.higher_is_better = Some(higher);
    }
    if let Some(unit) = said(described, "units", &name) {
        column.unit = unit.to_owned();
    }
    if let Some(label) = said(described, "labels", &name) {
        column.label = label.to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_numbers_is_an_axis_where_that_is_said() {
        let axes = Value::List(vec!["lr".into(), "seed".into()]);
        let said = Value::Map([(plan::AXES.to_owned(), axes)].into_iter().collect());
        let [mut lr, mut loss] = ["lr", "loss"].map(|name| Column::metric(name, "", None));
        describe(&mut lr, &said);
        describe(&mut loss, &said);
        assert!(lr.axis && !loss.axis);
    }
}
