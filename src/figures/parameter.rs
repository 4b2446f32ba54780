//! Axes of searched parameters, each with a scale of its own.

use serde_json::Value as Json;

use crate::registry::Names;
use crate::search::spread_by_ratios;
use crate::table::display;

use super::scale::Scale;
use super::scale::ScaleKind;

/// The scale of a parameter's values: categories in the order of the alphabet, numbers on the
/// logarithm where the list names the parameter or, without a list, where they look like it.
pub(super) fn scale(name: &str, mut values: Vec<Json>, log: Option<&Names>) -> Scale {
    values.retain(|value| !value.is_null());
    let numbers: Option<Vec<f64>> = values.iter().map(Json::as_f64).collect();
    let kind = match (numbers, log) {
        (None, _) => {
            values.sort_by_cached_key(display);
            ScaleKind::Category
        }
        (Some(_), Some(log)) if log.0.iter().any(|known| known == name) => ScaleKind::Log,
        (Some(numbers), None) if spread_by_ratios(&numbers) => ScaleKind::Log,
        _ => ScaleKind::Linear,
    };
    Scale::of_coordinates(kind, &values, None)
}
