//! The numbers among the lines of standard output; the last one of a name counts.

use std::collections::BTreeMap;
use std::collections::HashMap;
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
    /// By name: what the lines begin with that give its numbers, as of [`Words::lead`].
    leads: HashMap<String, String>,
    left_out: BTreeMap<String, LeftOut>,
}

/// A number that was left out.
struct LeftOut {
    written: String,
    line: String,
    /// Whether it is told where nothing else has its name.
    is_told: bool,
}

impl PrintedMetrics {
    /// Listens where metrics or a curve are to come from standard output.
    pub(in crate::stages::command) fn new(declared: &Declared) -> Self {
        let spec = declared.metrics.as_ref();
        PrintedMetrics {
            numbers: Numbers::default(),
            listening: spec.is_some_and(|spec| spec.file().is_none()),
            rows: declared.printed_curve().map(|_| Vec::new()),
            leads: HashMap::new(),
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
        let lead = words.lead();
        let left_out = |written: &str, is_told| LeftOut {
            written: written.to_owned(),
            line: line.trim().to_owned(),
            is_told,
        };
        for (name, written, is_number) in words.left_out() {
            // Shares of memory and the like are everywhere; one that begins a line is a result.
            let is_told = is_number || (lead.is_empty() && written.ends_with('%'));
            self.left_out
                .insert(name.to_owned(), left_out(written, is_told));
        }
        for (name, value) in words.numbers() {
            let value = so_far(name, value);
            let number = read::number(value);
            match self.leads.get(name) {
                // `Best: loss=0.1` is no further one of the lines `loss=0.2`.
                Some(known) if !lead.is_empty() && *known != lead => {
                    let written = words.written(name);
                    self.left_out
                        .insert(name.to_owned(), left_out(written, false));
                    continue;
                }
                // `starts with best=inf`
                None if !lead.is_empty() && !matches!(number, Some(read::Number::Finite(_))) => {
                    continue;
                }
                _ => self.leads.insert(name.to_owned(), lead.clone()),
            };
            self.left_out.remove(name);
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

    /// What to say of numbers that were left out: where another one of the name stands in their place, or none although
    /// it could have been one.
    pub(in crate::stages::command) fn remark(&self) -> Option<String> {
        let rows = self.rows.iter().flatten();
        let names = rows
            .flat_map(Record::keys)
            .chain(self.numbers.values.keys());
        let names: HashSet<&String> = names.collect();
        let left_out = self.left_out.iter();
        let mut left_out = left_out
            .filter(|(name, left_out)| names.contains(name) || left_out.is_told)
            .map(|(_, left_out)| left_out);
        let LeftOut { written, line, .. } = left_out.next()?;
        let line: String = line.chars().take(SHOWN).collect();
        let more = match left_out.count() {
            0 => String::new(),
            more => format!(", and so {}", plural(more, "further number")),
        };
        Some(format!(
            "`{written}` is left out of the line `{}`{more}: a number is a word of its own, `name=0.5`, once in a line and in lines that begin alike",
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
        assert!(remark(&["epoch=1 train loss=0.8 val loss=0.7"]).is_some());
        assert_eq!(remark(&["loss=0.5", "gpu mem=45% used"]), None);
        assert_eq!(
            remark(&["acc=93%", "acc=0.93", "t=3s", "day=2026-01-01"]),
            None
        );
    }

    /// Lines of one kind give the numbers of a name: the first kind, or those that begin with a pair.
    #[test]
    fn what_else_a_program_says_is_no_later_result() {
        let values = |lines: &[&str]| {
            let mut said = PrintedMetrics {
                listening: true,
                rows: Some(Vec::new()),
                ..PrintedMetrics::default()
            };
            lines.iter().for_each(|line| said.line(line));
            let curve = said.curve().expect("there are rows");
            let numbers = said.numbers().expect("there are numbers");
            assert_eq!(numbers.nan, Vec::<String>::new());
            let values = serde_json::to_string(&numbers.values).expect("JSON");
            (values, curve.lines().count() - 1)
        };
        let best = [
            "epoch=9 loss=0.2",
            "epoch=10 loss=0.1 *",
            "Best: epoch=4 loss=0.05",
        ];
        assert_eq!(values(&best), (r#"{"epoch":10,"loss":0.1}"#.to_owned(), 2));
        let log = ["12:00:01 INFO loss=0.5", "12:00:09 INFO loss=0.4"];
        assert_eq!(values(&log), (r#"{"loss":0.4}"#.to_owned(), 2));
        let parts = ["train: loss=0.5", "valid: loss=0.7", "train: loss=0.3"];
        assert_eq!(values(&parts), (r#"{"loss":0.3}"#.to_owned(), 2));
        let config = ["Config: lr=0.1", "lr=0.001 loss=0.5"];
        assert_eq!(values(&config).0, r#"{"lr":0.001,"loss":0.5}"#);
        let odd = ["Starting: best=nan so far", "loss=0.5"];
        assert_eq!(values(&odd), (r#"{"loss":0.5}"#.to_owned(), 1));
    }
}
