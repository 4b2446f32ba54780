//! Tables as files: JSON keeps everything, CSV what every other program reads.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;

use super::Column;
use super::Table;
use super::delimited::Delimited;
use super::delimited::Row;
use super::foreign::is_missing;
use super::records;

/// Why a file is no table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("the table is not readable as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("row {row} of the table has {got} values where its header has {columns} columns")]
    Ragged {
        /// Counted from one, without the header.
        row: usize,
        got: usize,
        columns: usize,
    },
    #[error("the table has two columns named `{0}`")]
    Repeated(String),
    #[error(
        "the table has no column `{name}`; it has {}",
        super::summary::quoted(known)
    )]
    NoColumn { name: String, known: Vec<String> },
    #[error("{0}")]
    Records(String),
    #[error("row {row} has two values of `{column}`")]
    TwoValues {
        /// Counted from one.
        row: usize,
        column: String,
    },
    #[error("row {row} holds a list in `{column}`, which is no value of a table")]
    Nested {
        /// Counted from one.
        row: usize,
        column: String,
    },
}

/// The JSON form of a table.
#[derive(Serialize, Deserialize)]
struct Document {
    columns: Vec<ColumnDocument>,
    rows: Vec<Vec<Json>>,
}

#[derive(Serialize, Deserialize)]
struct ColumnDocument {
    name: String,
    #[serde(default)]
    axis: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    label: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    unit: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    higher_is_better: Option<bool>,
}

impl Table {
    /// Reads what [`Table::to_json`] writes.
    pub fn from_json(text: &str) -> Result<Table, TableError> {
        let document: Document = serde_json::from_str(unmarked(text))?;
        let columns = document
            .columns
            .into_iter()
            .map(|column| Column {
                name: column.name,
                axis: column.axis,
                label: column.label,
                unit: column.unit,
                higher_is_better: column.higher_is_better,
                names: BTreeSet::new(),
            })
            .collect();
        Table {
            columns,
            rows: document.rows,
        }
        .checked()
    }

    /// Columns with their labels, units and directions, and the rows, as one JSON object.
    pub fn to_json(&self) -> String {
        let columns = self.columns.iter().map(|column| ColumnDocument {
            name: column.name.clone(),
            axis: column.axis,
            label: column.label.clone(),
            unit: column.unit.clone(),
            higher_is_better: column.higher_is_better,
        });
        let document = Document {
            columns: columns.collect(),
            rows: self.rows.clone(),
        };
        let mut text = serde_json::to_string_pretty(&document)
            .expect("keys are text and numbers are finite: JSON values hold no others");
        text.push('\n');
        text
    }

    /// Reads CSV with a header line. An empty field and a number that is not finite (`nan`,
    /// `inf`) are null; the columns named in `axes` are coordinates.
    pub fn from_csv(text: &str, axes: &[&str]) -> Result<Table, TableError> {
        let read = Delimited::read(unmarked(text), b',');
        match read.unclosed {
            Some(unclosed) => Err(TableError::Records(unclosed.to_string())),
            None => Table::of_rows(&read.rows, axes),
        }
    }

    /// The same of rows that were read, of which the first is the header.
    pub(super) fn of_rows(rows: &[Row], axes: &[&str]) -> Result<Table, TableError> {
        let Some((header, read)) = rows.split_first() else {
            return Ok(Table::default());
        };
        let columns = header.fields.iter().map(|name| Column {
            name: name.to_owned(),
            axis: axes.contains(&name),
            label: String::new(),
            unit: String::new(),
            higher_is_better: None,
            names: BTreeSet::new(),
        });
        let mut table = Table {
            columns: columns.collect(),
            rows: read
                .iter()
                .map(|row| row.fields.iter().map(typed).collect())
                .collect(),
        }
        .checked()?;
        for (at, column) in table.columns.iter().enumerate() {
            let fields = || read.iter().map(|row| row.fields[at].trim());
            let is_text = |row: &&Vec<Json>| row[at].is_string() && !is_missing(&row[at]);
            if table.rows.iter().any(|row| is_text(&row)) {
                let full = fields().filter(|field| !field.is_empty()).count();
                let numbers = table.rows.iter().filter(|row| row[at].is_number()).count();
                let mostly = 2 * numbers < full;
                for (row, field) in table.rows.iter_mut().zip(fields()) {
                    if changes_as_a_number(&row[at], field, mostly) {
                        row[at] = field.into();
                    }
                }
            }
            // `01` and `1` are two classes; 001 and 002 of a column that counts are numbers, as those beside 0.5 are.
            let named = fields().any(records::is_padded)
                && !records::is_step(&column.name)
                && !table.rows.iter().any(|row| row[at].is_f64());
            if named {
                for (row, field) in table.rows.iter_mut().zip(fields()) {
                    if row[at].is_number() {
                        row[at] = field.into();
                    }
                }
            }
        }
        Ok(table)
    }

    /// CSV with a header line, numbers at full precision, null as an empty field.
    pub fn to_csv(&self) -> String {
        let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
        let header = self.columns.iter().map(|column| column.name.as_str());
        let rows = self.rows.iter().map(|row| row.iter().map(field));
        let written = writer
            .write_record(header)
            .and_then(|()| {
                rows.into_iter()
                    .try_for_each(|row| writer.write_record(row))
            })
            .and_then(|()| Ok(writer.flush()?));
        written.expect("rows have one value per column and memory takes what is written");
        let bytes = writer.into_inner().expect("the writer was just flushed");
        String::from_utf8(bytes).expect("only text was written")
    }

    fn checked(self) -> Result<Table, TableError> {
        if let Some(name) = self.named_twice() {
            return Err(TableError::Repeated(name.to_owned()));
        }
        for (i, row) in self.rows.iter().enumerate() {
            if row.len() != self.columns.len() {
                return Err(TableError::Ragged {
                    row: i + 1,
                    got: row.len(),
                    columns: self.columns.len(),
                });
            }
        }
        Ok(self)
    }
}

/// The text without a mark of byte order, which is no letter.
pub(super) fn unmarked(text: &str) -> &str {
    text.trim_start_matches('\u{feff}')
}

/// Whether a field that was read as a number, or as none, is a name among names: `7e10342` of a commit, `nan` of a
/// pupil. With a power of ten only where most are: it may as well be a number among remarks.
fn changes_as_a_number(value: &Json, field: &str, mostly_texts: bool) -> bool {
    match value {
        Json::Null => !field.is_empty(),
        Json::Number(number) => {
            mostly_texts && field.contains(['e', 'E']) && number.to_string() != field
        }
        _ => false,
    }
}

/// The value a field writes: as narrow as its text allows.
fn typed(field: &str) -> Json {
    let trimmed = field.trim();
    match trimmed {
        "" => return Json::Null,
        "true" => return Json::Bool(true),
        "false" => return Json::Bool(false),
        _ => {}
    }
    if let Ok(whole) = trimmed.parse::<i64>() {
        return whole.into();
    }
    if let Ok(whole) = trimmed.parse::<u64>() {
        return whole.into();
    }
    // As a number it would be another one.
    let digits = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return field.into();
    }
    match trimmed.parse::<f64>() {
        // `from_f64` answers none for what is not finite.
        Ok(number) => serde_json::Number::from_f64(number).map_or(Json::Null, Json::Number),
        Err(_) => field.into(),
    }
}

/// The field of a value; numbers as the shortest text that reads back as the same.
fn field(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: &str = "method,seed,kl\nvae,0,0.1\niwae,1,\n\"a, b\",2,1e-7\n";

    #[test]
    fn csv_reads_back_as_it_was() {
        let table = Table::from_csv(CSV, &["method", "seed"]).unwrap();
        assert!(table.columns[0].axis && !table.columns[2].axis);
        let marked = format!("\u{feff}{CSV}");
        assert_eq!(
            Table::from_csv(&marked, &["method", "seed"]).unwrap(),
            table
        );
        assert_eq!(table.rows[1][2], Json::Null);
        let again = Table::from_csv(&table.to_csv(), &["method", "seed"]).unwrap();
        assert_eq!(again, table);
    }

    #[test]
    fn json_keeps_units_and_directions() {
        let mut table = Table::from_csv(CSV, &["method", "seed"]).unwrap();
        table.columns[2].unit = "nats".to_owned();
        table.columns[2].higher_is_better = Some(false);
        assert_eq!(Table::from_json(&table.to_json()).unwrap(), table);
    }

    #[test]
    fn a_diverged_number_is_missing() {
        let table = Table::from_csv("kl\nnan\ninf\n1.5\n", &[]).unwrap();
        assert_eq!(table.rows[0][0], Json::Null);
        assert_eq!(table.rows[1][0], Json::Null);
        assert_eq!(table.rows[2][0], Json::from(1.5));
    }

    #[test]
    fn zeros_before_digits_are_part_of_a_name() {
        let text = "class,epoch,n,f1\n01,001,02,0.5\n1,002,0.5,0.7\n10,010,3,\n,011,,\n";
        let table = Table::from_csv(text, &[]).unwrap();
        let wanted = "class,epoch,n,f1\n01,1,2,0.5\n1,2,0.5,0.7\n10,10,3,\n,11,,\n";
        assert_eq!(table.to_csv(), wanted);
        assert!(table.rows[1][0].is_string() && table.rows[3][0].is_null());
    }

    #[test]
    fn whole_numbers_of_any_length_are_numbers_where_some_are_asked_for() {
        let text = "n,id,reads\n18446744073709551615,123456789012345678901,5\n3,00000000000000000000007,602214076000000000000000\n";
        let table = Table::read(text, Some(&[])).unwrap();
        assert_eq!(table.rows[0][0], u64::MAX);
        assert_eq!(table.rows[1][2], 602_214_076_000_000_000_000_000.0);
        // Alone they are as they are written.
        assert_eq!(table.rows[0][1], "123456789012345678901");
        assert_eq!(table.number(0, 1), Some(123_456_789_012_345_678_901.0));
        assert_eq!(table.number(1, 1), None);
    }

    #[test]
    fn names_that_look_like_numbers_stay_names() {
        let text = "commit,pupil,kl\na1b2c3d,nan,1.50e-3\n7e10342,Bo,nan\n6e91234,Al,NA\nc0ffee0,,failed\n1e5,Cy,2\nbeef111,Di,3\n";
        let table = Table::from_csv(text, &["commit", "pupil"]).unwrap();
        let commits: Vec<&Json> = table.rows.iter().map(|row| &row[0]).collect();
        assert_eq!(
            commits,
            ["a1b2c3d", "7e10342", "6e91234", "c0ffee0", "1e5", "beef111"]
        );
        assert_eq!(table.rows[0][1], "nan");
        assert_eq!(table.rows[3][1], Json::Null);
        // Numbers with remarks among them stay numbers.
        assert_eq!(table.rows[0][2], 1.5e-3);
        assert_eq!(table.number(1, 2), None);
    }

    #[test]
    fn a_short_row_is_refused_by_its_number() {
        let error = Table::from_csv("a,b\n1,2\n3\n", &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "row 2 of the table has 1 values where its header has 2 columns"
        );
    }

    #[test]
    fn a_table_without_rows_keeps_its_header() {
        let table = Table::from_csv("a,b\n", &[]).unwrap();
        assert_eq!(table.to_csv(), "a,b\n");
    }
}
