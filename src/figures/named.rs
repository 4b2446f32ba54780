//! Names for print: what a figure calls columns and the values of axes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::map::SortedVecMap;
use crate::registry::Value;
use crate::registry::ValueNames;
use crate::registry::Values;
use crate::registry::params;
use crate::table::NamedAxes;
use crate::table::Naming;
use crate::table::NamingError;
use crate::table::display;
use crate::text::closest;

use super::FigureInput;
use super::markup;
use super::markup::Words;

params! {
    /// What gives names.
    pub(super) struct Named {
        /// by column, its name in the figure: `{beta: '\beta'}`
        labels: Option<SortedVecMap<String>>;
        /// by value of an axis, its name in the figure: `{iwae: IWAE}`; of one axis alone: `{depth: {1: shallow}}`
        names: Option<ValueNames>;
    }
}

/// The input under the names that the parameters give; none where they give none. The axes over which there
/// are repetitions are not shown.
///
/// # Errors
/// Where two values would have one name, or a name may be of several axes.
pub(super) fn apply(
    input: &FigureInput,
    given: &Named,
    replicate: &[String],
) -> Result<Option<FigureInput>, NamingError> {
    if given.labels.is_none() && given.names.is_none() {
        return Ok(None);
    }
    let mut named = input.clone();
    let mut axes = NamedAxes::default();
    for table in [Some(&named.table), named.points.as_ref()]
        .into_iter()
        .flatten()
    {
        axes.add_table(table, replicate);
    }
    for (axis, value) in named.images.iter().flat_map(|(at, _)| at) {
        axes.add(axis, &value.as_str().into());
    }
    let ValueNames { anywhere, within } = &given.names.clone().unwrap_or_default();
    let naming = Naming::new(anywhere, within, &axes)?;
    let label = |column: &str| given.labels.as_ref()?.get(column).map(String::as_str);
    for table in [Some(&mut named.table), named.points.as_mut()]
        .into_iter()
        .flatten()
    {
        table.label(label);
        naming.apply(table);
    }
    for (axis, value) in named.images.iter_mut().flat_map(|(at, _)| at) {
        if let Some(shown) = naming.name(axis, value) {
            *value = shown.to_owned();
        }
        if let Some(label) = label(axis) {
            *axis = label.to_owned();
        }
    }
    Ok(Some(named))
}

/// The texts of the data that could be taken for mathematics.
pub(super) fn words(input: &FigureInput) -> Words {
    let tables = [Some(&input.table), input.points.as_ref()];
    let cells = tables.into_iter().flatten().flat_map(|table| &table.rows);
    let cells = cells.flatten().filter_map(Json::as_str);
    let images = input.images.iter().flat_map(|(at, _)| at);
    let texts = cells.chain(images.map(|(_, value)| value.as_str()));
    let texts = texts.filter(|text| markup::could_be_mathematics(text));
    texts.map(str::to_owned).collect()
}

/// Labels of no column and names of no value, each as a sentence. A value that is not there may be one that this
/// run leaves out: of some names only those are told that are close to one that is there.
pub(super) fn idle(input: &FigureInput, given: &Named, params: &Values) -> Vec<String> {
    let mut columns: BTreeSet<&str> = BTreeSet::new();
    let mut axes: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let tables = [Some(&input.table), input.points.as_ref()];
    for table in tables.into_iter().flatten() {
        for (i, column) in table.columns.iter().enumerate() {
            columns.insert(&column.name);
            if column.axis {
                let values = table.rows.iter().map(|row| display(&row[i]));
                axes.entry(&column.name).or_default().extend(values);
            }
        }
    }
    for (axis, value) in input.images.iter().flat_map(|(at, _)| at) {
        columns.insert(axis);
        axes.entry(axis).or_default().insert(value.clone());
    }
    let meant = |name: &str, known: &mut dyn Iterator<Item = &str>| {
        let meant = closest(name, known);
        meant.map(|meant| format!(": did you mean `{meant}`?"))
    };
    let mut told = Vec::new();
    for (name, _) in given.labels.iter().flatten() {
        if !columns.contains(name.as_str()) {
            let meant = meant(name, &mut columns.iter().copied()).unwrap_or_default();
            told.push(format!("`labels` has `{name}`, which is no column{meant}"));
        }
    }
    let ValueNames { anywhere, within } = given.names.clone().unwrap_or_default();
    // Lines up the panels stand at values that no row need have.
    let mut marked = BTreeSet::new();
    for list in ["verticals", "spans"] {
        if let Some(Value::Map(map)) = params.get(list) {
            let ends = map.iter().flat_map(|(_, at)| match at {
                Value::List(ends) => ends.clone(),
                at => vec![at.clone()],
            });
            marked.extend(ends.map(|end| end.to_string()));
        }
    }
    let mut of_values = |names: &BTreeMap<String, String>, known: BTreeSet<&str>, of: &str| {
        let is_there = |name: &String| known.contains(name.as_str()) || marked.contains(name);
        let none = !names.keys().any(is_there);
        for name in names.keys().filter(|name| !is_there(name)) {
            let free = known
                .iter()
                .copied()
                .filter(|value| !names.contains_key(*value));
            let meant = meant(name, &mut { free });
            if none || meant.is_some() {
                let meant = meant.unwrap_or_default();
                told.push(format!(
                    "`names` has `{name}`, which is no value of {of}{meant}"
                ));
            }
        }
    };
    let all = axes.values().flatten().map(String::as_str);
    of_values(&anywhere, all.collect(), "an axis");
    for (axis, names) in &within {
        if let Some(values) = axes.get(axis.as_str()) {
            let values = values.iter().map(String::as_str).collect();
            of_values(names, values, &format!("`{axis}`"));
        }
    }
    for axis in within
        .keys()
        .filter(|axis| !axes.contains_key(axis.as_str()))
    {
        let meant = meant(axis, &mut axes.keys().copied()).unwrap_or_default();
        told.push(format!(
            "`names` has values of `{axis}`, which is no axis{meant}"
        ));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Fields;
    use crate::table::Table;

    fn map(key: &str, text: &str) -> Value {
        Value::Map(Fields::from([(key.to_owned(), text.into())]))
    }

    #[test]
    fn columns_and_values_are_called_as_asked() {
        let table = Table::from_csv("method,kl\niwae,1\nvae,2\n", &["method"]).unwrap();
        let input = FigureInput {
            table,
            images: vec![(vec![("method".into(), "iwae".into())], Default::default())],
            ..FigureInput::default()
        };
        let params = Values::from([
            ("labels".to_owned(), map("method", "objective")),
            ("names".to_owned(), map("iwae", "IWAE")),
        ]);
        let given = Named::read(&params).unwrap();
        let named = apply(&input, &given, &[]).unwrap().unwrap();
        assert_eq!(named.table.columns[0].title(), "objective");
        assert_eq!(named.table.to_csv(), "method,kl\nIWAE,1\nvae,2\n");
        assert_eq!(named.images[0].0[0], ("objective".into(), "IWAE".into()));
        let none = Named::read(&Values::new()).unwrap();
        assert!(apply(&input, &none, &[]).unwrap().is_none());
    }

    #[test]
    fn labels_of_no_column_and_names_of_no_value_are_told() {
        let table = Table::from_csv("method,kl\niwae,1\nvae,2\n", &["method"]).unwrap();
        let input = FigureInput {
            table,
            ..FigureInput::default()
        };
        let told = |params: &str| {
            let params: Values = serde_yaml::from_str(params).unwrap();
            idle(&input, &Named::read(&params).unwrap(), &params)
        };
        // A run may leave a value out.
        let fine = "{labels: {kl: KL}, names: {iwae: IWAE, other: Other}}";
        assert_eq!(told(fine), Vec::<String>::new());
        assert_eq!(
            told("{labels: {k: KL}, names: {iwae: IWAE, vea: VAE}}"),
            [
                "`labels` has `k`, which is no column: did you mean `kl`?",
                "`names` has `vea`, which is no value of an axis: did you mean `vae`?"
            ]
        );
        assert_eq!(
            told("{names: {method: {adam: Adam}, metod: {vae: VAE}}}"),
            [
                "`names` has `adam`, which is no value of `method`",
                "`names` has values of `metod`, which is no axis: did you mean `method`?"
            ]
        );
        let vertical = "{verticals: {end: other}, names: {other: Other}}";
        assert_eq!(told(vertical), Vec::<String>::new());
    }
}
