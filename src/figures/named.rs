//! Names for print: what a figure calls columns and the values of axes.

use crate::registry::Param;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::registry::Values;
use crate::table::Table;

use super::FigureInput;

/// The parameters that give names.
pub(super) fn params() -> Vec<Param> {
    vec![
        Param::map(
            "labels",
            ParamType::Str,
            "by column, its name in the figure: `{beta: '\\beta'}`",
        )
        .optional(),
        Param::map(
            "names",
            ParamType::Str,
            "by value of an axis, its name in the figure: `{iwae: IWAE}`",
        )
        .optional(),
    ]
}

/// The input under the names that the parameters give; none where they give none.
pub(super) fn apply(input: &FigureInput, params: &Values) -> Option<FigureInput> {
    let map = |name: &str| match params.get(name) {
        Some(Value::Map(map)) => Some(map),
        _ => None,
    };
    let text = |name: &str, key: &str| map(name)?.get(key)?.as_str();
    map("labels").or(map("names"))?;
    let mut named = input.clone();
    let rename = |table: &mut Table| {
        table.call(
            |column| text("labels", column),
            |value| text("names", value),
        );
    };
    rename(&mut named.table);
    if let Some(points) = &mut named.points {
        rename(points);
    }
    for (name, value) in named.images.iter_mut().flat_map(|(at, _)| at) {
        if let Some(shown) = text("names", value) {
            *value = shown.to_owned();
        }
        if let Some(label) = text("labels", name) {
            *name = label.to_owned();
        }
    }
    Some(named)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let named = apply(&input, &params).unwrap();
        assert_eq!(named.table.columns[0].title(), "objective");
        assert_eq!(named.table.to_csv(), "method,kl\nIWAE,1\nvae,2\n");
        assert_eq!(named.images[0].0[0], ("objective".into(), "IWAE".into()));
        assert!(apply(&input, &Values::new()).is_none());
    }
}
