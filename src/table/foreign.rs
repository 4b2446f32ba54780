//! Tables made elsewhere: CSV with a comment above its header, sweepline's own JSON, or records in any
//! of the forms of [`records`]. The content says which; a file's name does not.

use serde_json::Value as Json;

use super::Column;
use super::Table;
use super::TableError;
use super::files::unmarked;
use super::records;
use super::records::Document;
use super::records::Record;

impl Table {
    /// Reads a table in any of its forms. The columns named in `axes` are coordinates; where none
    /// are given, JSON keeps what it says of itself and else every column that holds text is one.
    ///
    /// # Errors
    /// Where the text is no table, or has no such column.
    pub fn read(text: &str, axes: Option<&[String]>) -> Result<Table, TableError> {
        let text = unmarked(text);
        let (mut table, knows_axes) = match text.trim_start().chars().next() {
            Some('{' | '[') => match Table::from_json(text) {
                Ok(table) => (table, true),
                Err(own) => match records::json(text) {
                    Ok(Document::Rows(rows)) => (of_objects(&rows)?, false),
                    Ok(Document::One(Json::Object(row))) if !row.contains_key("rows") => {
                        (of_objects(&[row])?, false)
                    }
                    Ok(Document::One(_)) => return Err(own),
                    Err(message) => return Err(TableError::Records(message)),
                },
            },
            _ => {
                let text = below_comments(text);
                (
                    Table::delimited(text, &[], records::separator(text))?.unnumbered(),
                    false,
                )
            }
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

    /// Without the column that numbers the rows, which pandas writes and does not name.
    fn unnumbered(mut self) -> Table {
        let unnamed = self
            .columns
            .first()
            .is_some_and(|first| first.name.is_empty());
        let mut numbers = self.rows.iter().enumerate();
        if unnamed
            && self.columns.len() > 1
            && numbers.all(|(at, row)| row[0].as_u64() == Some(at as u64))
        {
            self.columns.remove(0);
            for row in &mut self.rows {
                row.remove(0);
            }
        }
        self
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
fn of_objects(rows: &[Record]) -> Result<Table, TableError> {
    let mut names: Vec<String> = Vec::new();
    let mut flat = Vec::with_capacity(rows.len());
    for (row, object) in rows.iter().enumerate() {
        let object = records::flat(object);
        for (name, value) in &object {
            if value.is_array() {
                return Err(TableError::Nested {
                    row: row + 1,
                    column: name.clone(),
                });
            }
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        flat.push(object);
    }
    let values = |object: &Record| -> Vec<Json> {
        let values = names.iter().map(|name| match object.get(name) {
            // What is not finite is missing.
            Some(Json::String(text)) if records::is_not_finite(text) => Json::Null,
            value => value.cloned().unwrap_or_default(),
        });
        values.collect()
    };
    Ok(Table {
        rows: flat.iter().map(values).collect(),
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
    fn an_object_within_a_row_is_flattened_and_a_list_is_refused_by_its_place() {
        let table = Table::read(r#"[{"kl": {"mean": 1, "sd": NaN}}]"#, None).unwrap();
        assert_eq!(table.to_csv(), "kl.mean,kl.sd\n1,\n");
        let error = Table::read(r#"[{"kl": 1}, {"kl": {"all": [1]}}]"#, None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "row 2 holds a list in `kl.all`, which is no value of a table"
        );
    }

    #[test]
    fn what_pandas_and_loggers_write_is_the_same_table() {
        let wanted = "epoch,loss\n1,0.5\n2,\n";
        for text in [
            ",epoch,loss\n0,1,0.5\n1,2,nan\n",
            "epoch\tloss\n1\t0.5\n2\tNaN\n",
            "{\"epoch\":1,\"loss\":0.5}\n{\"epoch\":2,\"loss\":NaN}\n",
            r#"{"epoch":{"0":1,"1":2},"loss":{"0":0.5,"1":null}}"#,
        ] {
            let table = Table::read(text, None).unwrap();
            assert_eq!(table.to_csv(), wanted, "{text}");
        }
    }

    #[test]
    fn comments_alone_are_an_empty_table() {
        assert_eq!(Table::read("# nothing", None).unwrap(), Table::default());
    }
}
