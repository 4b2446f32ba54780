//! Names for print: what tables and figures call columns and the values of axes.

use super::Table;
use super::display;

impl Table {
    /// Gives columns their labels, and values of axes their names, where there are any.
    pub fn call<'a>(
        &mut self,
        label: impl Fn(&str) -> Option<&'a str>,
        name: impl Fn(&str) -> Option<&'a str>,
    ) {
        for (i, column) in self.columns.iter_mut().enumerate() {
            if let Some(label) = label(&column.name) {
                column.label = label.to_owned();
            }
            for row in self.rows.iter_mut().filter(|_| column.axis) {
                if let Some(name) = name(&display(&row[i])) {
                    row[i] = name.into();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_of_axes_have_names() {
        let mut table = Table::from_csv("beta,one\n1,1\n2,2\n", &["beta"]).unwrap();
        table.call(
            |column| (column == "beta").then_some("β"),
            |value| (value == "1").then_some("plain"),
        );
        assert_eq!(table.columns[0].title(), "β");
        assert_eq!(table.to_csv(), "beta,one\nplain,1\n2,2\n");
    }
}
