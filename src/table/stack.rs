//! Tables one under another: what they share is one column, what one lacks is null.

use std::collections::HashMap;

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
        Table { columns, rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_table_lacks_is_null() {
        let parts = ["method,kl\nvae,1\n", "kl,samples,method\n2,5,iwae\n"];
        let parts = parts.map(|csv| Table::from_csv(csv, &["method", "samples"]).unwrap());
        let stacked = Table::stacked(parts.into());
        assert_eq!(stacked.to_csv(), "method,samples,kl\nvae,,1\niwae,5,2\n");
        assert!(stacked.columns[1].axis && !stacked.columns[2].axis);
    }
}
