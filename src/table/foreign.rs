//! Tables made elsewhere: CSV with a comment above its header, sweepline's own JSON, or records in any
//! of the forms of [`records`]. The content says which; a file's name does not.

use std::collections::HashSet;

use serde_json::Value as Json;

use super::Column;
use super::DIVERGED;
use super::Table;
use super::TableError;
use super::delimited::Delimited;
use super::files::unmarked;
use super::frame::long_whole;
use super::records;
use super::records::Document;
use super::records::Record;
use crate::text::in_one_line;
use crate::text::list_of;
use crate::text::plural;

impl Table {
    /// Reads a table in any of its forms. The columns named in `axes` are coordinates; where none
    /// are given, JSON keeps what it says of itself and else every column that holds text is one.
    ///
    /// # Errors
    /// Where the text is no table, or has no such column.
    pub fn read(text: &str, axes: Option<&[String]>) -> Result<Table, TableError> {
        Table::read_beside(text, axes, None)
    }

    /// Reads a curve in any of its forms, and says what of it is left out: columns that hold lists, which no curve
    /// shows, and where it ends early or is uneven, as a program leaves it that was stopped.
    ///
    /// # Errors
    /// Where the text is no table.
    pub fn read_curve(text: &str) -> Result<(Table, Vec<String>), TableError> {
        let mut remarks = Vec::new();
        let table = Table::read_beside(text, Some(&[]), Some(&mut remarks))?;
        Ok((table, remarks))
    }

    /// [`Table::read`], with a place for what is left out, which is refused where there is none.
    fn read_beside(
        text: &str,
        axes: Option<&[String]>,
        mut remarks: Option<&mut Vec<String>>,
    ) -> Result<Table, TableError> {
        let text = unmarked(text);
        let is_curve = remarks.is_some();
        let mut odd = |what: Option<String>| match (what, &mut remarks) {
            (None, _) => Ok(()),
            (Some(what), Some(remarks)) => {
                remarks.push(format!("{what}; what cannot be read is left out"));
                Ok(())
            }
            (Some(what), None) => Err(TableError::Records(what)),
        };
        let (mut table, knows_axes, lists) = match text.trim_start().chars().next() {
            Some('{' | '[') => match Table::from_json(text) {
                Ok(table) => (table, true, Vec::new()),
                Err(own) => {
                    let rows = match records::json(text).map_err(TableError::Records)? {
                        (Document::Rows(rows), what) => {
                            odd(what)?;
                            rows
                        }
                        (Document::One(Json::Object(row)), _) if !row.contains_key("rows") => {
                            records::rows_of_frame(&row).unwrap_or_else(|| vec![row])
                        }
                        (Document::One(_), _) => return Err(own),
                    };
                    let (table, lists) = of_objects(&rows, is_curve)?;
                    (table, false, lists)
                }
            },
            _ => {
                let mut read = Delimited::below_comments(text);
                odd(match is_curve {
                    true => read.as_logged(),
                    false => read.unclosed.take().map(|error| error.to_string()),
                })?;
                let is_axis = |axes: &[String]| axes.iter().any(String::is_empty);
                if !axes.is_some_and(is_axis) {
                    read.without_numbers_of_rows();
                }
                if let (Some(number), Some(remarks)) = (read.number_in_header(), &mut remarks) {
                    remarks.push(no_header(number));
                }
                (Table::of_rows(&read.rows, &[])?, false, Vec::new())
            }
        };
        if let (Some(remarks), false) = (&mut remarks, lists.is_empty()) {
            remarks.push(format!("lists in {} are left out", list_of(&lists)));
        }
        if let Some(remarks) = &mut remarks {
            remarks.extend(table.numbers_alone());
        }
        if !knows_axes {
            table.as_meant(axes.unwrap_or_default());
        }
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

    /// What other programs write for a missing number is one, beside numbers; and which rows diverged is
    /// true or false, as they write that.
    fn as_meant(&mut self, axes: &[String]) {
        for at in 0..self.columns.len() {
            let name = &self.columns[at].name;
            let own: Vec<Json> = self.rows.iter().map(|row| row[at].clone()).collect();
            let meant: Option<Vec<Json>> = match name == DIVERGED {
                true => own.iter().map(truth).collect(),
                false if axes.contains(name) || !own.iter().any(Json::is_number) => None,
                false => own.iter().map(number).collect(),
            };
            let meant = meant.filter(|meant| long_stay_apart(&own, meant));
            for (row, value) in self.rows.iter_mut().zip(meant.into_iter().flatten()) {
                row[at] = value;
            }
        }
    }

    /// Of columns that hold numbers for the most part what is none is missing, and told: half a number, or what a program
    /// wrote that had failed.
    fn numbers_alone(&mut self) -> Option<String> {
        let mut texts = Vec::new();
        for (at, column) in self.columns.iter().enumerate() {
            let is_text = |value: &Json| {
                let text = value.as_str();
                text.is_some_and(|text| !is_missing(value) && text.trim().parse::<f64>().is_err())
            };
            let numbers = self.rows.iter().filter(|row| row[at].is_number()).count();
            if self.rows.iter().filter(|row| is_text(&row[at])).count() >= numbers {
                continue;
            }
            for row in &mut self.rows {
                let Json::String(text) = &row[at] else {
                    continue;
                };
                if is_text(&row[at]) {
                    texts.push(format!(
                        "`{}` in `{}`",
                        in_one_line(text.trim()),
                        column.name
                    ));
                }
                let number = text.trim().parse::<f64>().ok();
                row[at] = number.map_or(Json::Null, Json::from);
            }
        }
        let first = texts.first()?;
        Some(match texts.len() - 1 {
            0 => format!("{first} is no number and missing"),
            more => format!(
                "{first} is no number and missing, as {} are",
                plural(more, "further text")
            ),
        })
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

/// Whether names that are numbers of many digits are as many as numbers.
fn long_stay_apart(own: &[Json], meant: &[Json]) -> bool {
    let is_long = |value: &Json| {
        value
            .as_str()
            .and_then(|text| long_whole(text.trim()))
            .is_some()
    };
    let long = own.iter().zip(meant).filter(|(own, _)| is_long(own));
    let (own, meant): (HashSet<String>, HashSet<String>) = long
        .map(|(own, meant)| (own.to_string(), meant.to_string()))
        .unzip();
    own.len() == meant.len()
}

/// A number or none, as it is written: by R, pandas, spreadsheets, databases.
fn number(value: &Json) -> Option<Json> {
    match value {
        Json::Number(_) => Some(value.clone()),
        Json::String(text) if !is_missing(value) => long_whole(text.trim()).map(Json::from),
        value => is_missing(value).then_some(Json::Null),
    }
}

/// That a header is likely none.
pub(crate) fn no_header(number: &str) -> String {
    format!(
        "the first line is read as names, `{number}` among them: where it is none, write a header above it, `epoch,loss`"
    )
}

/// Whether a value says that there is none, as R, pandas, spreadsheets and databases write it.
pub(crate) fn is_missing(value: &Json) -> bool {
    const WORDS: [&str; 9] = [
        "NA", "N/A", "n/a", "<NA>", "#N/A", "NULL", "null", "None", "-",
    ];
    match value {
        Json::String(text) => WORDS.contains(&text.trim()),
        value => value.is_null(),
    }
}

/// True or false, as it is written: by Python, R, or as 1 and 0.
fn truth(value: &Json) -> Option<Json> {
    match value {
        Json::Bool(_) => Some(value.clone()),
        missing if is_missing(missing) => Some(Json::Null),
        Json::Number(number) => match number.as_f64() {
            Some(0.0) => Some(false.into()),
            Some(1.0) => Some(true.into()),
            _ => None,
        },
        Json::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" => Some(true.into()),
            "false" | "no" => Some(false.into()),
            _ => None,
        },
        _ => None,
    }
}

/// A row per object, a column per key in order of first appearance; and the columns that hold lists, which are left
/// out of a curve and refused else.
fn of_objects(rows: &[Record], is_curve: bool) -> Result<(Table, Vec<String>), TableError> {
    let mut names: Vec<String> = Vec::new();
    let mut lists: Vec<String> = Vec::new();
    let mut flat = Vec::with_capacity(rows.len());
    for (row, object) in rows.iter().enumerate() {
        let mut doubled = Vec::new();
        let mut object = records::flat(object, &mut doubled);
        if let Some(column) = doubled.pop() {
            return Err(TableError::TwoValues {
                row: row + 1,
                column,
            });
        }
        if is_curve {
            let held = object.iter().filter(|(_, value)| value.is_array());
            let new = held.filter(|(name, _)| !lists.contains(name));
            let new: Vec<String> = new.map(|(name, _)| name.clone()).collect();
            lists.extend(new);
            object.retain(|_, value| !value.is_array());
        }
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
    let table = Table {
        rows: flat.iter().map(values).collect(),
        columns: names
            .iter()
            .map(|name| Column::metric(name, "", None))
            .collect(),
    };
    Ok((table, lists))
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
    fn a_list_in_a_row_of_a_curve_is_left_out_and_named() {
        let text = "{\"epoch\": 1, \"by\": {\"class\": [1, 2]}}\n{\"epoch\": 2, \"loss\": 0.5}\n";
        let (curve, remarks) = Table::read_curve(text).unwrap();
        assert_eq!(curve.to_csv(), "epoch,loss\n1,\n2,0.5\n");
        assert_eq!(remarks, ["lists in `by.class` are left out"]);
    }

    #[test]
    fn a_log_that_grew_over_attempts_is_a_curve() {
        for (text, what) in [
            (
                "epoch,loss\n1,0.5\n2\n2,0.25\n",
                "line 3 has 1 field, the header 2;",
            ),
            (
                "epoch,loss\n1,0.5\nepoch,loss\n2,0.25\n",
                "the header comes again in line 3;",
            ),
        ] {
            let (curve, remarks) = Table::read_curve(text).unwrap();
            assert_eq!(curve.to_csv(), "epoch,loss\n1,0.5\n2,0.25\n");
            assert!(
                remarks.len() == 1 && remarks[0].starts_with(what),
                "{remarks:?}"
            );
        }
        let text = "phase,loss\ntrain,0.5\n2,nan\ntest,fail\ntest,0.2\ntest,NA\n";
        let (curve, remarks) = Table::read_curve(text).unwrap();
        assert_eq!(
            curve.to_csv(),
            "phase,loss\ntrain,0.5\n2,\ntest,\ntest,0.2\ntest,\n"
        );
        assert_eq!(remarks, ["`fail` in `loss` is no number and missing"]);
        let (_, remarks) = Table::read_curve("1,0.5\n2,0.25\n").unwrap();
        assert_eq!(remarks.len(), 1);
    }

    #[test]
    fn what_cannot_be_read_is_refused_in_a_table_and_told_of_a_curve() {
        for (text, rows, what) in [
            ("a,b\n1,2\n3,\"4\n5,6\n", 1, "quotes that open in line 3"),
            (
                "{\"a\": 1}\n{\"a\": 2,}\n",
                1,
                "line 2 is not JSON, trailing comma",
            ),
            (
                r#"{"columns": ["a", "b"], "data": [[1, 2], [3]]}"#,
                2,
                "row 2 of `data` has 1 value",
            ),
        ] {
            let error = Table::read(text, None).unwrap_err().to_string();
            assert!(error.starts_with(what), "{error}");
            let (curve, remarks) = Table::read_curve(text).unwrap();
            assert_eq!(curve.rows.len(), rows, "{text}");
            assert!(
                remarks.len() == 1 && remarks[0].starts_with(what),
                "{remarks:?}"
            );
        }
    }

    #[test]
    fn what_pandas_and_loggers_write_is_the_same_table() {
        let wanted = "epoch,loss\n1,0.5\n2,\n";
        for text in [
            ",epoch,loss\n0,1,0.5\n1,2,nan\n",
            ",epoch,loss\n0,1,0.5\n0,2,nan\n",
            "# of numpy\n# epoch,loss\n1,0.5\n2,nan\n",
            "epoch\tloss\n1\t0.5\n2\tNaN\n",
            "{\"epoch\":1,\"loss\":0.5}\n{\"epoch\":2,\"loss\":NaN}\n",
            r#"{"epoch":{"0":1,"1":2},"loss":{"0":0.5,"1":null}}"#,
        ] {
            let table = Table::read(text, None).unwrap();
            assert_eq!(table.to_csv(), wanted, "{text}");
        }
    }

    #[test]
    fn missing_numbers_are_those_of_other_programs() {
        let table = Table::read("m,kl\nNA,NA\nb,0.5\nNone,None\n", None).unwrap();
        assert_eq!(table.to_csv(), "m,kl\nNA,\nb,0.5\nNone,\n");
        assert!(table.columns[0].axis && !table.columns[1].axis);
        // Another text says that the column is none of numbers, and so does an axis.
        let text = "m,kl\na,1\nb,NA\nc,low\n";
        assert_eq!(Table::read(text, None).unwrap().to_csv(), text);
        let text = "kl\n1\nNA\n";
        let axis = ["kl".to_owned()];
        assert_eq!(Table::read(text, Some(&axis)).unwrap().to_csv(), text);
    }

    #[test]
    fn which_rows_diverged_is_known_however_it_is_written() {
        for (yes, no) in [
            ("True", "False"),
            ("TRUE", "FALSE"),
            ("1", "0"),
            ("1.0", "0.0"),
        ] {
            let text = format!("kl,diverged\n1,{yes}\n2,{no}\n3,\n");
            let table = Table::read(&text, None).unwrap();
            assert_eq!(
                [0, 1, 2].map(|row| table.diverged(row)),
                [true, false, false]
            );
        }
        // How many did is another number.
        let table = Table::read("kl,diverged\n1,3\n2,0\n", None).unwrap();
        assert_eq!(table.to_csv(), "kl,diverged\n1,3\n2,0\n");
    }

    #[test]
    fn comments_alone_are_an_empty_table() {
        assert_eq!(Table::read("# nothing", None).unwrap(), Table::default());
    }
}
