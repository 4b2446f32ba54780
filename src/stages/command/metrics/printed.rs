//! The numbers among the lines of standard output; the last one of a name counts.

use std::collections::BTreeMap;
use std::collections::HashSet;

use serde_json::Value as Json;

use super::Numbers;
use super::read;
use super::words::Words;
use super::words::so_far;
use crate::engine::JobError;
use crate::stages::command::outputs::Declared;
use crate::table::Table;
use crate::table::records::Record;
use crate::text::in_one_line;
use crate::text::plural;

/// So much of a line is shown in a warning.
const SHOWN: usize = 100;

/// Hears what a program prints.
#[derive(Default)]
pub(in crate::stages::command) struct PrintedMetrics {
    numbers: Numbers,
    listening: bool,
    /// What is printed row by row, where it is to be a curve: a row ends where a name comes again.
    rows: Option<Vec<Record>>,
    /// Numbers that were left out, by name: as they are written, in which line.
    left_out: BTreeMap<String, (String, String)>,
}

impl PrintedMetrics {
    /// Listens where metrics or a curve are to come from standard output.
    pub(in crate::stages::command) fn new(declared: &Declared) -> Self {
        let spec = declared.metrics.as_ref();
        PrintedMetrics {
            numbers: Numbers::default(),
            listening: spec.is_some_and(|spec| spec.file().is_none()),
            rows: declared.printed_curve().map(|_| Vec::new()),
            left_out: BTreeMap::new(),
        }
    }

    /// The curve of a text, as of what is printed, and what was left out.
    pub(in crate::stages::command) fn curve_of(
        text: &str,
    ) -> Result<(String, Option<String>), JobError> {
        let mut heard = PrintedMetrics {
            rows: Some(Vec::new()),
            ..PrintedMetrics::default()
        };
        text.lines().for_each(|line| heard.line(line));
        Ok((heard.curve()?, heard.remark()))
    }

    /// Whether any number that is printed counts.
    pub(in crate::stages::command) fn hears(&self) -> bool {
        self.listening || self.rows.is_some()
    }

    /// Hears a line, which may be anything: only numbers count.
    pub(in crate::stages::command) fn line(&mut self, line: &str) {
        let words = Words::of(line);
        for (name, written) in words.left_out() {
            let place = (written.to_owned(), line.trim().to_owned());
            self.left_out.insert(name.to_owned(), place);
        }
        for (name, value) in words.numbers() {
            self.left_out.remove(name);
            let value = so_far(name, value);
            let number = read::number(value);
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

    /// What to say of numbers that were left out: where an earlier one of the name stands in their place, and of shares.
    pub(in crate::stages::command) fn remark(&self) -> Option<String> {
        let rows = self.rows.iter().flatten();
        let names = rows
            .flat_map(Record::keys)
            .chain(self.numbers.values.keys());
        let names: HashSet<&String> = names.collect();
        let left_out = self.left_out.iter();
        let mut left_out = left_out
            .filter(|(name, (written, _))| names.contains(name) || written.ends_with('%'))
            .map(|(_, place)| place);
        let (written, line) = left_out.next()?;
        let line: String = line.chars().take(SHOWN).collect();
        let more = match left_out.count() {
            0 => String::new(),
            more => format!(", and so {}", plural(more, "further number")),
        };
        Some(format!(
            "`{written}` is left out of the line `{}`{more}: a number is a word of its own, `name=0.5`, once in a line",
            in_one_line(&line)
        ))
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
        assert_eq!(heard.remarks.len(), 0);
        assert!(new().curve().is_err());
        assert!(new().numbers().is_err());
    }
    #[test]
    fn an_older_number_stands_for_no_newer_one_without_a_word() {
        let remark = |lines: &[&str]| {
            let mut said = PrintedMetrics {
                listening: true,
                ..PrintedMetrics::default()
            };
            lines.iter().for_each(|line| said.line(line));
            said.remark()
        };
        let told = remark(&["acc=0.5 t=3s", "epoch 2 acc=93%"]).expect("one is left out");
        assert!(
            told.starts_with("`acc=93%` is left out of the line `epoch 2 acc=93%`:"),
            "{told}"
        );
        assert!(remark(&["loss=0.5", "best loss = 0.4"]).is_some());
        assert_eq!(
            remark(&["acc=93%", "acc=0.93", "t=3s", "day=2026-01-01"]),
            None
        );
    }
}
