//! The numbers a program reports: a JSON object, a YAML map, CSV, or `key=value` lines in a file or on
//! standard output. They become a metrics artifact as any other.

mod kinds;
mod printed;
mod read;
mod words;

use std::borrow::Cow;
use std::path::Path;

use super::left;
use super::paths::plain;
use crate::engine::JobError;
use crate::registry::Value;
use crate::stages::described;
use crate::text::did_you_mean;
use crate::text::list_of;
use crate::text::said;
pub(super) use printed::PrintedMetrics;
pub(super) use read::Numbers;
pub(super) use words::Words;

/// `metrics: stdout` takes them from the lines of standard output.
pub(super) const STDOUT: &str = "stdout";

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Format {
    Json,
    Csv,
    Lines,
    Yaml,
}

/// What a number means that is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum NotANumber {
    /// The program left the finite numbers: none of what it left is a score.
    #[default]
    Diverged,
    /// This number alone is missing.
    Missing,
}

/// Where a stage says its numbers are.
#[derive(Debug, PartialEq)]
pub(super) struct Spec {
    /// None for standard output.
    file: Option<String>,
    /// None where ending and content tell.
    format: Option<Format>,
    nan: NotANumber,
}

impl Spec {
    /// From `metrics: file`, `metrics: stdout` or `metrics: {file: …, format: …, better: …}`.
    ///
    /// # Errors
    /// What is wrong, in a few words.
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Str(file) => Ok(Spec::of_file(&plain(file))),
            Value::Map(fields) => {
                const KEYS: [&str; 3] = ["file", "format", "nan"];
                let mut keys = fields.keys().map(String::as_str);
                let known = |key: &str| KEYS.contains(&key) || described::is_description(key);
                if let Some(key) = keys.find(|key| !known(key)) {
                    let all = KEYS.into_iter().chain(described::KEYS);
                    let help = did_you_mean(key, all, "keys are").unwrap_or_default();
                    return Err(format!("unknown key `{key}`; {help}"));
                }
                described::check(value)?;
                let file = fields.get("file").and_then(Value::as_str);
                let mut spec = Spec::of_file(&plain(file.ok_or("no `file`")?));
                if let Some(format) = fields.get("format") {
                    spec.format = Some(match format.as_str() {
                        Some("json" | "jsonl") => Format::Json,
                        Some("csv" | "tsv") => Format::Csv,
                        Some("lines") => Format::Lines,
                        Some("yaml") => Format::Yaml,
                        _ => {
                            return Err("the format is `json`, `csv`, `lines` or `yaml`".to_owned());
                        }
                    });
                }
                spec.nan = match fields.get("nan").map(Value::as_str) {
                    None | Some(Some("diverged")) => NotANumber::Diverged,
                    Some(Some("missing")) => NotANumber::Missing,
                    Some(_) => return Err("`nan` is `diverged` or `missing`".to_owned()),
                };
                Ok(spec)
            }
            other => Err(format!("this is {}, not a file", other.type_name())),
        }
    }

    /// A file whose ending may say how it is written; `stdout` is none.
    pub(super) fn of_file(file: &str) -> Self {
        let ending = Path::new(file).extension().and_then(|e| e.to_str());
        Spec {
            file: (file != STDOUT).then(|| file.to_owned()),
            format: match ending {
                Some("json" | "jsonl" | "ndjson") => Some(Format::Json),
                Some("csv" | "tsv") => Some(Format::Csv),
                Some("yaml" | "yml") => Some(Format::Yaml),
                _ => None,
            },
            nan: NotANumber::default(),
        }
    }

    /// The file, relative to the program's folder; none for standard output.
    pub(super) fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// What makes the results of a program those of one that diverged.
    pub(super) fn diverged(&self, numbers: &Numbers) -> Option<String> {
        if self.nan == NotANumber::Missing || numbers.nan.is_empty() {
            return None;
        }
        let are = if numbers.nan.len() == 1 { "is" } else { "are" };
        Some(format!("{} {are} not a number", list_of(&numbers.nan)))
    }

    /// The numbers in a file.
    pub(super) fn numbers_of(&self, path: &Path) -> Result<Numbers, JobError> {
        let file = self.file.as_deref().unwrap_or_default();
        let bytes = left::read(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                JobError::failed(format!("the program left no `{file}`, its metrics"))
                    .hint("`${out.metrics}` is the path to write to")
            }
            _ => JobError::failed(format!("the metrics in `{file}` cannot be read: {error}")),
        })?;
        let broken = |what: String| JobError::failed(format!("the metrics in `{file}`: {what}"));
        let text = String::from_utf8(bytes).map_err(|_| broken("no text in UTF-8".to_owned()))?;
        // A mark of byte order is no part of the text.
        let text = text.trim_start_matches('\u{feff}');
        let text = without_colours(text);
        read::numbers(&text, self.format).map_err(|what| {
            let error = broken(what);
            match with_comma(&text) {
                Some(number) => error.hint(format!(
                    "`{number}` has a comma; numbers have a point, `{}`, as `decimal=\".\"` of pandas writes it",
                    number.replace(',', ".")
                )),
                None => error,
            }
        })
    }
}

/// A text of a program that takes what it writes to for a terminal.
pub(super) fn without_colours(text: &str) -> Cow<'_, str> {
    match text.contains('\u{1b}') {
        true => said(text),
        false => text.into(),
    }
}

/// A number with a comma for its point, as programs write it by the rules of some countries.
fn with_comma(text: &str) -> Option<&str> {
    let mut words = text.split(|c: char| c.is_whitespace() || ";=:\"{}[]".contains(c));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    words.find(|word| {
        let parts = word.trim_start_matches(['-', '+']).split_once(',');
        parts.is_some_and(|(whole, fraction)| digits(whole) && digits(fraction))
    })
}

/// The numbers of a text in each of the formats, for tests that feed anything.
pub fn numbers_of_text(text: &str) -> [Option<Vec<u8>>; 3] {
    [Format::Json, Format::Csv, Format::Lines].map(|format| {
        let numbers = read::numbers(text, Some(format)).ok();
        numbers.map(|numbers| numbers.written())
    })
}

impl Numbers {
    /// As `metrics.json`.
    pub(super) fn written(&self) -> Vec<u8> {
        let mut text = serde_json::to_string_pretty(&self.values).expect("plain data is JSON");
        text.push('\n');
        text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_say_how_a_file_is_written() {
        let read = |value| Spec::read(&value);
        assert_eq!(
            read(Value::from("a.csv")).map(|s| s.format),
            Ok(Some(Format::Csv))
        );
        assert_eq!(read(Value::from("scores")).map(|s| s.format), Ok(None));
        assert_eq!(read(Value::from("stdout")).map(|s| s.file), Ok(None));
        assert!(read(Value::Int(3)).is_err());
    }

    #[test]
    fn texts_alone_are_no_metrics() {
        let wrong = |text: &str, format| read::numbers(text, Some(format)).expect_err("no number");
        assert_eq!(
            wrong("loss;f1\n0,125;0,75\n", Format::Csv),
            "there is no number, `loss` and `f1` are texts"
        );
        let named = "{\"name\": \"tree\"}";
        assert_eq!(
            wrong(named, Format::Json),
            "there is no number, `name` is text"
        );
        assert_eq!(with_comma("loss;f1\n-0,125;0,75\n"), Some("-0,125"));
        assert_eq!(with_comma("{\"a\": \"1,5\"}"), Some("1,5"));
        assert_eq!(with_comma("name;kind\na,b;1,\n"), None);
        // A number that is missing, and one that no whole number holds, were meant as such.
        for text in [
            "{\"loss\": null}",
            "{\"loss\": \"NaN\"}",
            "{\"n\": 123456789012345678901}",
        ] {
            assert!(read::numbers(text, Some(Format::Json)).is_ok(), "{text}");
        }
    }
}
