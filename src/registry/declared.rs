//! Values for tests of whatever declares parameters.

use super::Default;
use super::Param;
use super::Value;
use super::Values;

/// Declared defaults, with these in their place.
pub(crate) fn values(params: Vec<Param>, given: &[(&str, Value)]) -> Values {
    let value = |param: &Param| {
        let given = given.iter().find(|(name, _)| *name == param.name);
        let value = match (given, &param.default) {
            (Some((_, value)), _) | (None, Default::Value(value)) => value.clone(),
            (None, _) => return None,
        };
        let value = param.ty.conform(value);
        Some(value.unwrap_or_else(|_| panic!("`{}` has another type", param.name)))
    };
    let pairs = params.iter().map(|p| (p.name.to_owned(), value(p)));
    pairs.filter_map(|(name, v)| Some((name, v?))).collect()
}
