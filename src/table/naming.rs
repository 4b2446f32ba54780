//! Names for print: what tables and figures call columns and the values of axes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::Table;
use super::display;

/// Names by what they are names of.
type Names = BTreeMap<String, String>;

/// Why values cannot be called as asked.
#[derive(Debug, thiserror::Error)]
pub enum NamingError {
    #[error(
        "`{first}` and `{second}` of `{axis}` would both be called `{name}`: give each a name of its own under `names`"
    )]
    Shared {
        axis: String,
        first: String,
        second: String,
        name: String,
    },
    #[error(
        "`{first}` and `{second}` have numbers that `names` calls something else, and others that it does not: say \
         which is meant, `names: {{{first}: {{…}}}}`"
    )]
    WhichAxis { first: String, second: String },
}

/// The names that values have, by axis and value: found for all that is shown together.
#[derive(Debug, Default)]
pub struct Naming(BTreeMap<String, Names>);

/// The values of axes that are to be named.
#[derive(Debug, Default)]
pub struct NamedAxes(BTreeMap<String, BTreeSet<(String, bool)>>);

impl NamedAxes {
    /// Adds a value of an axis.
    pub fn add(&mut self, axis: &str, value: &Json) {
        let value = (display(value), value.is_number());
        match self.0.get_mut(axis) {
            Some(values) => _ = values.insert(value),
            None => _ = self.0.insert(axis.to_owned(), BTreeSet::from([value])),
        }
    }

    /// Adds the axes of a table but those that are not shown.
    pub fn add_table(&mut self, table: &Table, hidden: &[String]) {
        for (i, column) in table.columns.iter().enumerate() {
            let shown = column.axis && !hidden.contains(&column.name);
            for row in table.rows.iter().filter(|_| shown) {
                self.add(&column.name, &row[i]);
            }
        }
    }
}

impl Naming {
    /// What each value is called, by names of the values of any axis and of those of one. `{1: shallow}` of a depth
    /// is no name of an epoch: numbers are named on axes all of whose numbers have names, or else on the one that
    /// has any.
    ///
    /// # Errors
    /// Where two values would have one name, so that results would be taken for repetitions that are none, or
    /// where the axis is not clear.
    pub fn new(
        anywhere: &Names,
        within: &BTreeMap<String, Names>,
        axes: &NamedAxes,
    ) -> Result<Self, NamingError> {
        let mut by_axis = BTreeMap::new();
        let mut partly: Vec<(&str, Vec<&str>)> = Vec::new();
        let mut wholly = false;
        for (axis, values) in &axes.0 {
            let mut own = within.get(axis).cloned().unwrap_or_default();
            let mut numbers = Vec::new();
            let mut all = true;
            for (value, is_number) in values.iter().filter(|(value, _)| !own.contains_key(value)) {
                match (anywhere.get(value), is_number) {
                    (Some(_), true) => numbers.push(value.as_str()),
                    (None, true) => all = false,
                    (Some(_), false) | (None, false) => {}
                }
            }
            let texts = values.iter().filter(|(_, is_number)| !is_number);
            let named = texts.map(|(value, _)| value.as_str());
            let named: Vec<&str> = match all {
                true => named.chain(numbers.iter().copied()).collect(),
                false => named.collect(),
            };
            wholly |= all && !numbers.is_empty();
            for value in named {
                if let Some(name) = anywhere.get(value) {
                    own.entry(value.to_owned()).or_insert_with(|| name.clone());
                }
            }
            if !all && !numbers.is_empty() {
                partly.push((axis, numbers));
            }
            by_axis.insert(axis.clone(), own);
        }
        match &partly[..] {
            [(axis, numbers)] if !wholly => {
                let own = by_axis.entry((*axis).to_owned()).or_default();
                let named = numbers.iter().map(|value| (*value).to_owned());
                own.extend(named.map(|value| (value.clone(), anywhere[&value].clone())));
            }
            [(first, _), (second, _), ..] if !wholly => {
                return Err(NamingError::WhichAxis {
                    first: (*first).to_owned(),
                    second: (*second).to_owned(),
                });
            }
            _ => {}
        }
        let naming = Naming(by_axis);
        naming.check(axes)?;
        Ok(naming)
    }

    fn check(&self, axes: &NamedAxes) -> Result<(), NamingError> {
        for (axis, values) in &axes.0 {
            let mut shown: BTreeMap<&str, &str> = BTreeMap::new();
            for (value, _) in values {
                let name = self.name(axis, value).unwrap_or(value);
                if let Some(first) = shown.insert(name, value).filter(|first| first != value) {
                    return Err(NamingError::Shared {
                        axis: axis.clone(),
                        first: first.to_owned(),
                        second: value.clone(),
                        name: name.to_owned(),
                    });
                }
            }
        }
        Ok(())
    }

    /// The name of a value of an axis, if it has one.
    pub fn name(&self, axis: &str, value: &str) -> Option<&str> {
        self.0.get(axis)?.get(value).map(String::as_str)
    }

    /// Gives the values of a table's axes their names.
    pub fn apply(&self, table: &mut Table) {
        for (i, column) in table.columns.iter_mut().enumerate() {
            for row in table.rows.iter_mut().filter(|_| column.axis) {
                if let Some(name) = self.name(&column.name, &display(&row[i])) {
                    row[i] = name.into();
                }
            }
            // Of all tables that are shown together: one may lack a value.
            if let Some(names) = self.0.get(&column.name).filter(|_| column.axis) {
                column.names = names.values().cloned().collect();
            }
        }
    }
}

impl Table {
    /// Gives columns their labels, where there are any.
    pub fn label<'a>(&mut self, label: impl Fn(&str) -> Option<&'a str>) {
        for column in &mut self.columns {
            if let Some(label) = label(&column.name) {
                column.label = label.to_owned();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> Names {
        let pairs = pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
        pairs.collect()
    }

    fn named(csv: &str, anywhere: &[(&str, &str)]) -> Result<String, String> {
        named_within(csv, anywhere, &BTreeMap::new())
    }

    /// All columns but the last are axes.
    fn named_within(
        csv: &str,
        anywhere: &[(&str, &str)],
        within: &BTreeMap<String, Names>,
    ) -> Result<String, String> {
        let mut axes: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
        axes.pop();
        let mut table = Table::from_csv(csv, &axes).unwrap();
        let mut all = NamedAxes::default();
        all.add_table(&table, &["seed".to_owned()]);
        let naming = Naming::new(&map(anywhere), within, &all);
        naming.map_err(|error| error.to_string())?.apply(&mut table);
        Ok(table.to_csv())
    }

    #[test]
    fn only_values_of_axes_have_names() {
        let csv = named("beta,seed,one\n1,1,1\n2,0,2\n", &[("1", "plain")]);
        assert_eq!(csv.unwrap(), "beta,seed,one\nplain,1,1\n2,0,2\n");
        let mut table = Table::from_csv("beta\n1\n", &["beta"]).unwrap();
        table.label(|column| (column == "beta").then_some("β"));
        assert_eq!(table.columns[0].title(), "β");
    }

    #[test]
    fn two_values_of_an_axis_never_become_one() {
        let csv = "net,data,acc\nresnet18,a,1\nresnet50,a,2\nResNet,b,3\n";
        let error = named(csv, &[("resnet18", "net"), ("resnet50", "net")]).unwrap_err();
        assert!(
            error.contains("`resnet18` and `resnet50` of `net`"),
            "{error}"
        );
        let error = named(csv, &[("resnet18", "ResNet")]).unwrap_err();
        assert!(error.contains("both be called `ResNet`"), "{error}");
        // Of two axes it is one word for two things that nobody mixes up, and names may change places.
        let swapped = [
            ("resnet18", "resnet50"),
            ("resnet50", "resnet18"),
            ("a", "ResNet"),
        ];
        let csv = named(csv, &swapped).unwrap();
        assert!(
            csv.starts_with("net,data,acc\nresnet50,ResNet,1\nresnet18,"),
            "{csv}"
        );
    }

    #[test]
    fn the_numbers_of_one_axis_are_not_those_of_another() {
        let csv = "depth,epoch,loss\n1,1,9\n1,2,8\n2,1,7\n2,2,6\n2,3,5\n";
        let both = named(csv, &[("1", "shallow"), ("2", "deep")]).unwrap();
        assert!(both.ends_with("deep,2,6\ndeep,3,5\n"), "{both}");
        let error = named(csv, &[("1", "shallow")]).unwrap_err();
        assert!(error.contains("`depth` and `epoch`"), "{error}");
        let within = BTreeMap::from([("depth".to_owned(), map(&[("1", "shallow")]))]);
        let one = named_within(csv, &[], &within).unwrap();
        assert!(
            one.starts_with("depth,epoch,loss\nshallow,1,9\nshallow,2,8\n2,1,7\n"),
            "{one}"
        );
    }
}
