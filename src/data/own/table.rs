//! The fields of a CSV file, and whether its first line names the columns.

use ::csv::StringRecord;

use super::wrong;
use crate::data::FormatError;
use crate::data::source;
use crate::table::delimited;
use crate::table::delimited::Delimited;
use crate::table::delimited::Row;

/// The fields of a file.
pub(super) struct Table {
    /// Whether the file names the columns.
    pub header: bool,
    pub names: Vec<String>,
    pub rows: Vec<StringRecord>,
    /// The line of each row.
    pub lines: Vec<usize>,
}

/// What is no number and says that there is none.
pub(super) fn is_missing(field: &str) -> bool {
    matches!(
        field.to_ascii_lowercase().as_str(),
        "" | "na" | "n/a" | "nan" | "null" | "none" | "?"
    )
}

pub(super) fn number(field: &str) -> Option<f64> {
    match is_missing(field) {
        true => Some(f64::NAN),
        false => field.parse().ok(),
    }
}

/// What Python, R and JSON call true and false: 1 and 0.
pub(super) fn truth(field: &str) -> Option<f64> {
    match field {
        "True" | "TRUE" | "true" => Some(1.0),
        "False" | "FALSE" | "false" => Some(0.0),
        _ => None,
    }
}

/// Whether a line counts columns from 0, as pandas names those without names; before them may be the empty
/// name of a column that numbers the rows.
fn counts_columns(line: &StringRecord) -> bool {
    let unnamed = usize::from(line[0].is_empty());
    let mut names = line.iter().skip(unnamed).enumerate();
    line.len() > unnamed && names.all(|(at, name)| name == at.to_string())
}

/// Whether the first line names the columns, where the manifest does not say it.
fn is_header(first: &StringRecord, log: &dyn Fn(&str)) -> bool {
    let is_number = |field: &str| number(field).is_some_and(f64::is_finite);
    match counts_columns(first) {
        false => !first.iter().any(is_number),
        // A first observation 0 or 0,1 is likely; one that counts on, or begins with nothing, is not.
        true if first.len() >= 3 || first[0].is_empty() => {
            log(
                "the first line counts the columns from 0 and is taken for their header: \
                 `header: false` makes an observation of it",
            );
            true
        }
        true => {
            log(
                "the first line counts the columns from 0 and is taken for an observation: \
                 `header: true` makes it their header",
            );
            false
        }
    }
}

impl Table {
    /// Reads a table whose fields are separated by this, with or without a header; what is not said is told from
    /// the first line.
    pub(super) fn read(
        bytes: &[u8],
        separator: Option<u8>,
        header: Option<bool>,
        log: &dyn Fn(&str),
    ) -> Result<Self, FormatError> {
        let text = source::text(bytes)?;
        let (read, passed_over) = Delimited::told(text, separator, header);
        if passed_over > 0 {
            log(&format!(
                "comments above the table are passed over: {passed_over}"
            ));
        }
        if let Some(unclosed) = read.unclosed {
            let why = "quotes open here that are not closed".to_owned();
            let line = unclosed.line;
            return Err(FormatError::Line { line, why });
        }
        let trimmed = read.rows.into_iter().map(|Row { mut fields, line }| {
            fields.trim();
            (fields, line)
        });
        let (mut rows, mut lines): (Vec<StringRecord>, Vec<usize>) = trimmed.unzip();
        let Some(first) = rows.first() else {
            return Err(wrong("it", "is empty"));
        };
        let header = header.unwrap_or_else(|| is_header(first, log));
        let names: Vec<String> = match header {
            true => first.iter().map(str::to_owned).collect(),
            false => (1..=first.len()).map(|number| number.to_string()).collect(),
        };
        for (at, name) in names.iter().enumerate() {
            if names[..at].contains(name) {
                return Err(wrong(format!("the column `{name}`"), "is there twice"));
            }
        }
        if header {
            rows.remove(0);
            lines.remove(0);
        }
        for (row, line) in rows.iter().zip(&lines) {
            if row.len() != names.len() {
                return Err(FormatError::Line {
                    line: *line,
                    why: format!(
                        "it has {} fields, the first line {}",
                        row.len(),
                        names.len()
                    ),
                });
            }
        }
        Ok(Table {
            header,
            names,
            rows,
            lines,
        })
    }

    /// Whether a column without a name numbers the rows, as pandas writes them.
    pub(super) fn numbers_rows(&self, at: usize) -> bool {
        delimited::number_rows(&self.names[at], self.rows.iter().map(|row| &row[at]))
    }

    /// Whether a column has neither a name nor a value: each line ends in a separator.
    pub(super) fn holds_nothing(&self, at: usize) -> bool {
        let mut fields = self.rows.iter().map(|row| row[at].trim());
        self.header && self.names[at].trim().is_empty() && fields.all(str::is_empty)
    }

    pub(super) fn position(&self, name: &str) -> Result<usize, FormatError> {
        let at = self.names.iter().position(|known| known == name);
        // The `#` of a first line that is a comment to others.
        let at = at.or_else(|| {
            let bare = name.strip_prefix('#')?.trim_start();
            self.names.iter().position(|known| known == bare)
        });
        let remedy = match self.is_in_first_line(name) {
            true => "; its first line has this name: `header: true` takes the names from there",
            false => "",
        };
        at.ok_or_else(|| FormatError::Lacks {
            what: format!("column `{name}`: it has {}{remedy}", self.names.join(", ")),
        })
    }

    /// Whether a name is in a first line that was taken for an observation.
    fn is_in_first_line(&self, name: &str) -> bool {
        let first = self.rows.first().filter(|_| !self.header);
        first.is_some_and(|first| first.iter().any(|field| field == name))
    }
}
