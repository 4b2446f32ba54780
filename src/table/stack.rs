//! Tables one under another: what they share is one column, what one lacks is null.

use std::collections::HashMap;
use std::collections::HashSet;

use serde_json::Value as Json;

use super::Column;
use super::Table;

impl Table {
    /// The rows of all parts in their order. Columns of one name are one column, described as
    /// where it first appears; axes stand before measurements.
    pub fn stacked(parts: Vec<Table>) -> Table {
        let mut columns: Vec<Column> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for column in parts.iter().flat_map(|part| &part.columns) {
            let at = *known.entry(column.name.clone()).or_insert_with(|| {
                columns.push(column.clone());
                columns.len() - 1
            });
            columns[at].axis |= column.axis;
        }
        columns.sort_by_key(|column| !column.axis);
        let places: HashMap<&str, usize> = columns
            .iter()
            .enumerate()
            .map(|(at, column)| (column.name.as_str(), at))
            .collect();
        let mut rows = Vec::new();
        for part in parts {
            let at: Vec<usize> = part
                .columns
                .iter()
                .map(|column| places[column.name.as_str()])
                .collect();
            for row in part.rows {
                let mut values = vec![Json::Null; columns.len()];
                for (place, value) in at.iter().zip(row) {
                    values[*place] = value;
                }
                rows.push(values);
            }
        }
        let mut table = Table { columns, rows };
        table.unify_numbers();
        table
    }

    /// Writes whole numbers in one way where a column has one in two, 1 and 1.0: they are one value, to groups and
    /// to whatever is drawn.
    fn unify_numbers(&mut self) {
        // Above this not every whole number is a float.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let whole = |value: &Json| {
            let number = value.as_f64().filter(|_| value.is_f64())?;
            (number.fract() == 0.0 && number.abs() < EXACT).then_some(number as i64)
        };
        for at in 0..self.columns.len() {
            if !self.rows.iter().any(|row| whole(&row[at]).is_some()) {
                continue;
            }
            let known = self.rows.iter().filter_map(|row| row[at].as_i64());
            let known: HashSet<i64> = known.collect();
            for row in &mut self.rows {
                if let Some(number) = whole(&row[at]).filter(|number| known.contains(number)) {
                    row[at] = number.into();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_one_point_nought_are_one_value() {
        let parts = [
            "depth,y\n1,1\n2,3\n",
            "depth,y\n1.0,0.5\n2.5,2.0\n3.0,0.1\n",
        ];
        let parts = parts.map(|csv| Table::from_csv(csv, &["depth"]).unwrap());
        let stacked = Table::stacked(parts.into());
        assert_eq!(
            stacked.to_csv(),
            "depth,y\n1,1\n2,3\n1,0.5\n2.5,2.0\n3.0,0.1\n"
        );
    }

    #[test]
    fn what_one_table_lacks_is_null() {
        let parts = ["method,kl\nvae,1\n", "kl,samples,method\n2,5,iwae\n"];
        let parts = parts.map(|csv| Table::from_csv(csv, &["method", "samples"]).unwrap());
        let stacked = Table::stacked(parts.into());
        assert_eq!(stacked.to_csv(), "method,samples,kl\nvae,,1\niwae,5,2\n");
        assert!(stacked.columns[1].axis && !stacked.columns[2].axis);
    }
}
