//! The numbers among the lines of standard output; the last one of a name counts.

use serde_json::Value as Json;

use super::Numbers;
use super::pairs;
use super::read;
use crate::engine::JobError;
use crate::stages::command::outputs::Declared;
use crate::table::Table;
use crate::table::records;
use crate::table::records::Record;

/// Hears what a program prints.
#[derive(Default)]
pub(in crate::stages::command) struct PrintedMetrics {
    numbers: Numbers,
    listening: bool,
    /// What is printed row by row, where it is to be a curve: a row ends where a name comes again.
    rows: Option<Vec<Record>>,
}

impl PrintedMetrics {
    /// Listens where metrics or a curve are to come from standard output.
    pub(in crate::stages::command) fn new(declared: &Declared) -> Self {
        let spec = declared.metrics.as_ref();
        PrintedMetrics {
            numbers: Numbers::default(),
            listening: spec.is_some_and(|spec| spec.file().is_none()),
            rows: declared.printed_curve().map(|_| Vec::new()),
        }
    }

    /// The curve of a text, as of what is printed.
    pub(in crate::stages::command) fn curve_of(text: &str) -> Result<String, JobError> {
        let mut heard = PrintedMetrics {
            rows: Some(Vec::new()),
            ..PrintedMetrics::default()
        };
        text.lines().for_each(|line| heard.line(line));
        heard.curve()
    }

    /// Whether any number that is printed counts.
    pub(in crate::stages::command) fn hears(&self) -> bool {
        self.listening || self.rows.is_some()
    }

    /// Hears a line, which may be anything: only numbers count.
    pub(in crate::stages::command) fn line(&mut self, line: &str) {
        for (name, value) in pairs(line) {
            // `epoch=3/10` says how far a program is.
            let value = match value.split_once('/') {
                Some((done, all)) if records::is_step(name) && all.parse::<f64>().is_ok() => done,
                _ => value,
            };
            let number = read::number(value);
            if number.is_none() && !records::is_too_large(value) {
                continue;
            }
            if self.listening {
                self.numbers.add(name, value.into());
            }
            if let Some(rows) = &mut self.rows {
                if rows.last().is_none_or(|row| row.contains_key(name)) {
                    rows.push(Record::new());
                }
                let number = match number {
                    Some(read::Number::Finite(number)) => number,
                    _ => Json::Null,
                };
                if let Some(row) = rows.last_mut() {
                    row.insert(name.to_owned(), number);
                }
            }
        }
    }

    /// The rows that were printed, as CSV.
    pub(in crate::stages::command) fn curve(&self) -> Result<String, JobError> {
        let rows = self.rows.as_deref().unwrap_or_default();
        if rows.is_empty() {
            return Err(JobError::failed("no line is a point of a curve")
                .hint("a line `epoch=1 loss=0.25` is one"));
        }
        let text = serde_json::to_string(rows).expect("plain data is JSON");
        let table = Table::read(&text, Some(&[]));
        let table = table.map_err(|error| JobError::failed(error.to_string()))?;
        Ok(table.to_csv())
    }

    /// What was heard.
    pub(in crate::stages::command) fn numbers(mut self) -> Result<Numbers, JobError> {
        // A number that was printed again and again is remarked once.
        self.numbers.remarks.sort();
        self.numbers.remarks.dedup();
        match self.numbers.values.is_empty() {
            true => Err(JobError::failed("no line of standard output is a metric")
                .hint("a line `loss=0.25` reports the number `loss`")),
            false => Ok(self.numbers),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_of_a_name_counts_and_rows_are_a_curve() {
        let new = || PrintedMetrics {
            listening: true,
            rows: Some(Vec::new()),
            ..PrintedMetrics::default()
        };
        let mut said = new();
        for line in [
            "starts",
            "epoch=1/2 loss=9",
            "epoch 1: a=b",
            "epoch=2/2, loss=0.25",
            "n = 3",
            "gap=nan",
            "loss=3/4",
            "path=/tmp/x",
        ] {
            said.line(line);
        }
        assert_eq!(
            said.curve().expect("two rows"),
            "epoch,loss,n,gap\n1,9,,\n2,0.25,3,\n"
        );
        let heard = said.numbers().expect("four");
        let values = serde_json::to_string(&heard.values).expect("JSON");
        assert_eq!(values, r#"{"epoch":2,"loss":0.25,"n":3,"gap":null}"#);
        assert_eq!(heard.nan, ["gap"]);
        assert!(new().curve().is_err());
        assert!(new().numbers().is_err());
    }
}
