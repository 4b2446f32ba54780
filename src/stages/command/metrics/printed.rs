//! The numbers among the lines of standard output; the last one of a name counts.

use super::Numbers;
use super::Spec;
use super::pair;
use super::read;
use crate::engine::JobError;
use crate::table::records;

/// Hears what a program prints.
#[derive(Default)]
pub(in crate::stages::command) struct PrintedMetrics {
    numbers: Numbers,
    listening: bool,
}

impl PrintedMetrics {
    /// Listens where the metrics are to come from standard output.
    pub(in crate::stages::command) fn new(spec: Option<&Spec>) -> Self {
        PrintedMetrics {
            numbers: Numbers::default(),
            listening: spec.is_some_and(|spec| spec.file().is_none()),
        }
    }

    /// Hears a line, which may be anything: only numbers count.
    pub(in crate::stages::command) fn line(&mut self, line: &str) {
        if self.listening
            && let Some((name, value)) = pair(line.trim_start_matches('\u{feff}'))
            && (read::number(value).is_some() || records::is_too_large(value))
        {
            self.numbers.add(name, value.into());
        }
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
    use crate::registry::Value;

    #[test]
    fn the_last_number_of_a_name_counts_and_other_lines_do_not() {
        let spec = Spec::read(&Value::from("stdout")).expect("this is one");
        let mut said = PrintedMetrics::new(Some(&spec));
        for line in [
            "loss=9",
            "epoch 1: a=b",
            "loss=0.25",
            "n=3",
            "gap=nan",
            "path=/tmp/x",
        ] {
            said.line(line);
        }
        let heard = said.numbers().expect("three");
        let values = serde_json::to_string(&heard.values).expect("JSON");
        assert_eq!(values, r#"{"loss":0.25,"n":3,"gap":null}"#);
        assert_eq!(heard.nan, ["gap"]);
        assert!(PrintedMetrics::new(Some(&spec)).numbers().is_err());
    }
}
