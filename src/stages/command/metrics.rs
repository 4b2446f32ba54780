//! The numbers a program reports: a JSON object, a CSV file of one row, or `key=value` lines in a
//! file or on standard output. They become a metrics artifact as any other.

use std::fs;
use std::path::Path;

use serde_json::Map;
use serde_json::Value as Json;

use super::paths::plain;
use crate::engine::JobError;
use crate::registry::Value;

/// `metrics: stdout` takes them from the lines of standard output.
const STDOUT: &str = "stdout";

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Format {
    Json,
    Csv,
    Lines,
}

/// Where a stage says its numbers are.
#[derive(Debug, PartialEq)]
pub(super) struct Spec {
    /// None for standard output.
    file: Option<String>,
    /// None where ending and content tell.
    format: Option<Format>,
}

impl Spec {
    /// From `metrics: file`, `metrics: stdout` or `metrics: {file: …, format: …}`.
    ///
    /// # Errors
    /// What is wrong, in a few words.
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Str(file) if file == STDOUT => Ok(Spec {
                file: None,
                format: Some(Format::Lines),
            }),
            Value::Str(file) => Ok(Spec::of_file(&plain(file))),
            Value::Map(fields) => {
                if let Some(key) = fields
                    .keys()
                    .find(|key| !["file", "format"].contains(&&***key))
                {
                    return Err(format!("unknown key `{key}` beside `file` and `format`"));
                }
                let file = fields.get("file").and_then(Value::as_str);
                let mut spec = Spec::of_file(&plain(file.ok_or("no `file`")?));
                if let Some(format) = fields.get("format") {
                    spec.format = Some(match format.as_str() {
                        Some("json") => Format::Json,
                        Some("csv") => Format::Csv,
                        Some("lines") => Format::Lines,
                        _ => return Err("the format is `json`, `csv` or `lines`".to_owned()),
                    });
                }
                Ok(spec)
            }
            other => Err(format!("this is {}, not a file", other.type_name())),
        }
    }

    /// A file whose ending may say how it is written.
    pub(super) fn of_file(file: &str) -> Self {
        let ending = Path::new(file).extension().and_then(|e| e.to_str());
        Spec {
            file: Some(file.to_owned()),
            format: match ending {
                Some("json") => Some(Format::Json),
                Some("csv") => Some(Format::Csv),
                _ => None,
            },
        }
    }

    /// The file, relative to the program's folder; none for standard output.
    pub(super) fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The numbers in a file as `metrics.json`.
    pub(super) fn numbers_of(&self, path: &Path) -> Result<Vec<u8>, JobError> {
        let file = self.file.as_deref().unwrap_or_default();
        let bytes = fs::read(path).map_err(|error| match error.kind() {
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
        let format = self
            .format
            .unwrap_or_else(|| match text.trim_start().starts_with('{') {
                true => Format::Json,
                false => Format::Lines,
            });
        let numbers = match format {
            Format::Json => json(text),
            Format::Csv => csv(text),
            Format::Lines => lines(text),
        };
        numbers.map_err(broken).map(|numbers| written(&numbers))
    }
}

/// The numbers of a text in each of the formats, for tests that feed anything.
pub fn numbers_of_text(text: &str) -> [Option<Vec<u8>>; 3] {
    [json, csv, lines].map(|read: fn(&str) -> _| read(text).ok().map(|numbers| written(&numbers)))
}

fn written(numbers: &Map<String, Json>) -> Vec<u8> {
    let mut text = serde_json::to_string_pretty(numbers).expect("a map of numbers is JSON");
    text.push('\n');
    text.into_bytes()
}

fn some(numbers: Map<String, Json>) -> Result<Map<String, Json>, String> {
    match numbers.is_empty() {
        true => Err("there is no number".to_owned()),
        false => Ok(numbers),
    }
}

fn json(text: &str) -> Result<Map<String, Json>, String> {
    let value: Json = serde_json::from_str(text).map_err(|error| {
        let hint = match text.contains("NaN") || text.contains("Infinity") {
            true => "; what is no finite number is written `null` in JSON",
            false => "",
        };
        format!("not JSON, {error}{hint}")
    })?;
    if let Some(number) = outside_texts(text).find(|word| too_large(word)) {
        return Err(unheld(number));
    }
    let Json::Object(entries) = value else {
        return Err("not an object `{\"name\": number}`".to_owned());
    };
    let mut numbers = Map::new();
    for (name, value) in entries {
        let number = match value {
            Json::Number(_) | Json::Null => value,
            Json::Bool(value) => u8::from(value).into(),
            other => return Err(format!("`{name}` is not a number: {other}")),
        };
        numbers.insert(name, number);
    }
    some(numbers)
}

fn csv(text: &str) -> Result<Map<String, Json>, String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let rows: Result<Vec<_>, _> = reader.records().collect();
    let rows = rows.map_err(|error| error.to_string())?;
    let [row] = &rows[..] else {
        return Err(format!(
            "one row under the header is wanted and there are {}; a table is declared under `out`: \
             `{{file: …, type: table}}`",
            rows.len()
        ));
    };
    let mut numbers = Map::new();
    if let Some(number) = row.iter().find(|field| too_large(field)) {
        return Err(unheld(number));
    }
    for (name, field) in header.iter().zip(row) {
        let number = number(field).ok_or_else(|| format!("`{name}` is not a number: {field}"))?;
        numbers.insert(name.trim().to_owned(), number);
    }
    some(numbers)
}

fn lines(text: &str) -> Result<Map<String, Json>, String> {
    let mut numbers = Map::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let at = index + 1;
        let (name, value) =
            pair(line).ok_or_else(|| format!("line {at} is no `key=value`: {line}"))?;
        if too_large(value) {
            return Err(format!("line {at}: {}", unheld(value)));
        }
        let number = number(value).ok_or_else(|| format!("line {at}: not a number: {value}"))?;
        numbers.insert(name.to_owned(), number);
    }
    some(numbers)
}

/// `name=value` with a name that could be a column.
fn pair(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let plain = |c: char| c.is_alphanumeric() || "_-./@".contains(c);
    let good = name.starts_with(char::is_alphabetic) && name.chars().all(plain);
    good.then_some((name, value))
}

/// A number as programs write it; null where it is not finite or left out.
fn number(text: &str) -> Option<Json> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Json::Null);
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    text.parse::<f64>().ok().map(Json::from)
}

/// Whether this is a whole number that would become another one.
fn too_large(text: &str) -> bool {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    whole && text.parse::<i64>().is_err()
}

fn unheld(number: &str) -> String {
    format!(
        "`{}` has more digits than a whole number holds; `1e20` is a number that need not be exact",
        number.trim()
    )
}

/// The words of a JSON document that are no texts.
fn outside_texts(json: &str) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    let mut inside = false;
    let ends = move |c: char| {
        if inside {
            inside = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            return true;
        }
        inside = c == '"';
        inside || matches!(c, ',' | ':' | '{' | '}' | '[' | ']') || c.is_whitespace()
    };
    json.split(ends)
}

/// The numbers among the lines of standard output; the last one of a name counts.
#[derive(Default)]
pub(super) struct PrintedMetrics {
    numbers: Map<String, Json>,
    listening: bool,
    /// What cannot be held, in the words of an error.
    refused: Option<String>,
}

impl PrintedMetrics {
    /// Listens where the metrics are to come from standard output.
    pub(super) fn new(spec: Option<&Spec>) -> Self {
        PrintedMetrics {
            numbers: Map::new(),
            refused: None,
            listening: spec.is_some_and(|spec| spec.file.is_none()),
        }
    }

    /// Hears a line, which may be anything.
    pub(super) fn line(&mut self, line: &str) {
        if self.listening
            && let Some((name, value)) = pair(line.trim_start_matches('\u{feff}'))
            && let Some(number) = number(value)
        {
            if too_large(value) {
                self.refused = Some(format!("the metric `{name}`: {}", unheld(value)));
            }
            self.numbers.insert(name.to_owned(), number);
        }
    }

    /// What was heard, as `metrics.json`.
    pub(super) fn numbers(self) -> Result<Vec<u8>, JobError> {
        if let Some(refused) = self.refused {
            return Err(JobError::failed(refused));
        }
        match self.numbers.is_empty() {
            true => Err(JobError::failed("no line of standard output is a metric")
                .hint("a line `loss=0.25` reports the number `loss`")),
            false => Ok(written(&self.numbers)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(numbers: Result<Map<String, Json>, String>) -> String {
        match numbers {
            Ok(numbers) => serde_json::to_string(&numbers).expect("numbers are JSON"),
            Err(error) => error,
        }
    }

    #[test]
    fn every_format_gives_the_same_numbers() {
        let wanted = r#"{"loss":0.25,"n":3,"gap":null}"#;
        assert_eq!(shown(json(wanted)), wanted);
        assert_eq!(shown(csv("loss,n,gap\n0.25,3,\n")), wanted);
        assert_eq!(
            shown(lines("# epoch 1\nloss=0.25\n n = 3\ngap=nan\n")),
            wanted
        );
        let mut said = PrintedMetrics::new(Spec::read(&Value::from("stdout")).ok().as_ref());
        for line in ["loss=9", "epoch 1: a=b", "loss=0.25", "n=3", "gap=inf"] {
            said.line(line);
        }
        let heard: Json = serde_json::from_slice(&said.numbers().expect("three")).expect("JSON");
        assert_eq!(heard.to_string(), wanted);
    }

    #[test]
    fn what_is_no_number_is_named() {
        assert_eq!(
            shown(json(r#"{"a": {"b": 1}}"#)),
            r#"`a` is not a number: {"b":1}"#
        );
        assert_eq!(shown(json("[1]")), "not an object `{\"name\": number}`");
        assert!(shown(json(r#"{"a": NaN}"#)).ends_with("is written `null` in JSON"));
        assert_eq!(shown(csv("a\nx\n")), "`a` is not a number: x");
        assert!(shown(csv("a\n1\n2\n")).starts_with("one row under the header"));
        assert_eq!(shown(lines("a=1\nfoo\n")), "line 2 is no `key=value`: foo");
        assert_eq!(shown(lines("a=1\nb=x\n")), "line 2: not a number: x");
        assert_eq!(shown(lines("\n")), "there is no number");
        assert!(PrintedMetrics::default().numbers().is_err());
    }

    #[test]
    fn whole_numbers_are_exact_or_refused() {
        let large = r#"{"n":9007199254740993}"#;
        assert_eq!(shown(json(large)), large);
        assert_eq!(shown(csv("n\n9007199254740993\n")), large);
        let fine = r#"{"12345678901234567890": 1e20, "a\"2": -1}"#;
        assert!(json(fine).is_ok(), "a name and a float");
        let more = "has more digits than a whole number holds";
        for number in ["12345678901234567890", "-100000000000000000000"] {
            for refused in [
                json(&format!(r#"{{"a\"": 1, "n": {number}}}"#)),
                csv(&format!("n\n{number}\n")),
                lines(&format!("n={number}\n")),
            ] {
                assert!(shown(refused).contains(more), "{number}");
            }
            let mut said = PrintedMetrics::new(Spec::read(&Value::from("stdout")).ok().as_ref());
            said.line(&format!("n={number}"));
            assert!(said.numbers().is_err(), "{number}");
        }
    }

    #[test]
    fn endings_say_how_a_file_is_written() {
        let read = |value| Spec::read(&value);
        assert_eq!(
            read(Value::from("a.csv")).map(|s| s.format),
            Ok(Some(Format::Csv))
        );
        assert_eq!(read(Value::from("scores")).map(|s| s.format), Ok(None));
        assert!(read(Value::Int(3)).is_err());
    }
}
