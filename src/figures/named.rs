//! Names for print: what a figure calls columns and the values of axes.

use crate::map::SortedVecMap;
use crate::registry::params;
use crate::table::Table;

use super::FigureInput;

params! {
    /// What gives names.
    pub(super) struct Named {
        /// by column, its name in the figure: `{beta: '\beta'}`
        labels: Option<SortedVecMap<String>>;
        /// by value of an axis, its name in the figure: `{iwae: IWAE}`
        names: Option<SortedVecMap<String>>;
    }
}

impl Named {
    fn label(&self, column: &str) -> Option<&str> {
        self.labels.as_ref()?.get(column).map(String::as_str)
    }

    fn name(&self, value: &str) -> Option<&str> {
        self.names.as_ref()?.get(value).map(String::as_str)
    }
}

/// The input under the names that the parameters give; none where they give none.
pub(super) fn apply(input: &FigureInput, given: &Named) -> Option<FigureInput> {
    given.labels.as_ref().or(given.names.as_ref())?;
    let mut named = input.clone();
    let rename = |table: &mut Table| {
        table.call(|column| given.label(column), |value| given.name(value));
    };
    rename(&mut named.table);
    if let Some(points) = &mut named.points {
        rename(points);
    }
    for (name, value) in named.images.iter_mut().flat_map(|(at, _)| at) {
        if let Some(shown) = given.name(value) {
            *value = shown.to_owned();
        }
        if let Some(label) = given.label(name) {
            *name = label.to_owned();
        }
    }
    Some(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Value;
    use crate::registry::Values;

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
        let named = apply(&input, &given).unwrap();
        assert_eq!(named.table.columns[0].title(), "objective");
        assert_eq!(named.table.to_csv(), "method,kl\nIWAE,1\nvae,2\n");
        assert_eq!(named.images[0].0[0], ("objective".into(), "IWAE".into()));
        let none = Named::read(&Values::new()).unwrap();
        assert!(apply(&input, &none).is_none());
    }
}
