//! Tables made elsewhere: CSV with a comment above its header, sweepline's own JSON, or a JSON list
//! of flat objects as most programs write it. The content says which; a file's name does not.

use serde_json::Value as Json;

use super::Column;
use super::Table;
use super::TableError;
use super::files::unmarked;

impl Table {
    /// Reads a table in any of its forms. The columns named in `axes` are coordinates; where none
    /// are given, JSON keeps what it says of itself and else every column that holds text is one.
    ///
    /// # Errors
    /// Where the text is no table, or has no such column.
    pub fn read(text: &str, axes: Option<&[String]>) -> Result<Table, TableError> {
        let text = unmarked(text);
        let (mut table, knows_axes) = match text.trim_start().chars().next() {
            Some('{') => (Table::from_json(text)?, true),
            Some('[') => (of_objects(serde_json::from_str(text)?)?, false),
            _ => (Table::from_csv(below_comments(text), &[])?, false),
        };
        match axes {
            Some(axes) => table.set_axes(axes)?,
            None if knows_axes => {}
            None => {
                for i in 0..table.columns.len() {
                    table.columns[i].axis = table.rows.iter().any(|row| row[i].is_string());
                }
            }
        }
        Ok(table)
    }

    /// Makes these columns, and no others, coordinates.
    fn set_axes(&mut self, axes: &[String]) -> Result<(), TableError> {
        for column in &mut self.columns {
            column.axis = false;
        }
        for name in axes {
            let position = self.position(name)?;
            self.columns[position].axis = true;
        }
        Ok(())
    }

    /// The position of a column that must be there.
    ///
    /// # Errors
    /// Where it is not, with the columns that are.
    pub fn position(&self, name: &str) -> Result<usize, TableError> {
        self.column(name).ok_or_else(|| TableError::NoColumn {
            name: name.to_owned(),
            known: self.columns.iter().map(|c| c.name.clone()).collect(),
        })
    }
}

/// What follows the lines that begin with `#` at the top.
fn below_comments(text: &str) -> &str {
    let mut rest = text;
    while rest.starts_with('#') {
        rest = rest.find('\n').map_or("", |end| &rest[end + 1..]);
    }
    rest
}

/// A row per object, a column per key in order of first appearance.
fn of_objects(rows: Vec<serde_json::Map<String, Json>>) -> Result<Table, TableError> {
    let mut names: Vec<String> = Vec::new();
    for (row, object) in rows.iter().enumerate() {
        for (name, value) in object {
            if value.is_array() || value.is_object() {
                return Err(TableError::Nested {
                    row: row + 1,
                    column: name.clone(),
                });
            }
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    let values = |object: &serde_json::Map<String, Json>| -> Vec<Json> {
        let values = names.iter().map(|name| object.get(name).cloned());
        values.map(Option::unwrap_or_default).collect()
    };
    Ok(Table {
        rows: rows.iter().map(values).collect(),
        columns: names
            .iter()
            .map(|name| Column::metric(name, "", None))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_rows_in_three_forms_are_one_table() {
        let csv = "# made by hand\n# twice\nmethod,kl\nvae,0.5\niwae,\n";
        let list = r#"[{"method": "vae", "kl": 0.5}, {"method": "iwae"}]"#;
        let own = Table::read(csv, None).unwrap().to_json();
        let tables = [csv, list, &own].map(|text| Table::read(text, None).unwrap());
        assert_eq!(tables[0], tables[1]);
        assert_eq!(tables[0], tables[2]);
        assert!(tables[0].columns[0].axis && !tables[0].columns[1].axis);
    }

    #[test]
    fn named_axes_replace_the_guess() {
        let axes = ["seed".to_owned()];
        let table = Table::read("method,seed,kl\nvae,0,1\n", Some(&axes)).unwrap();
        let axes: Vec<bool> = table.columns.iter().map(|column| column.axis).collect();
        assert_eq!(axes, [false, true, false]);
    }

    #[test]
    fn an_axis_that_is_no_column_is_refused_with_the_columns() {
        let error = Table::read("method,kl\n", Some(&["sed".to_owned()])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the table has no column `sed`; it has `method`, `kl`"
        );
    }

    #[test]
    fn an_object_within_a_row_is_refused_by_its_place() {
        let error = Table::read(r#"[{"kl": 1}, {"kl": {"mean": 1}}]"#, None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "row 2 holds a list or an object in `kl`, which is no value of a table"
        );
    }

    #[test]
    fn comments_alone_are_an_empty_table() {
        assert_eq!(Table::read("# nothing", None).unwrap(), Table::default());
    }
}
