//! Names for print: what a figure calls columns and the values of axes.

use crate::map::SortedVecMap;
use crate::registry::ValueNames;
use crate::registry::params;
use crate::table::NamedAxes;
use crate::table::Naming;
use crate::table::NamingError;

use super::FigureInput;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Value;
    use crate::registry::Values;
    use crate::table::Table;

    fn map(key: &str, text: &str) -> Value {
        Value::Map(Values::from([(key.to_owned(), text.into())]))
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
}
