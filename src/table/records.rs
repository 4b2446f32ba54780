//! What other programs write down as records, in whatever form: JSON as Python writes it, with `NaN`
//! in it, JSON lines, what pandas writes of a frame.
//!
//! A number that is not finite is the text that it was written as, so that who reads the records can
//! tell it from one that was left out.

use std::borrow::Cow;

use serde_json::Map;
use serde_json::Value as Json;

use crate::text::plural;

/// Names and values in their order.
pub(crate) type Record = Map<String, Json>;

/// What a column is called that counts what a program does; what says best where on a curve a row stands comes first.
const STEPS: [&str; 9] = [
    "iteration",
    "epoch",
    "step",
    "global_step",
    "iter",
    "batch",
    "round",
    "trial",
    "t",
];

/// Whether a column of this name counts epochs, steps or the like.
pub(crate) fn is_step(name: &str) -> bool {
    step_rank(name).is_some()
}

/// How well a column of this name says where on a curve a row stands, 0 the best; none for one that does not count.
pub(crate) fn step_rank(name: &str) -> Option<usize> {
    let name = name.to_ascii_lowercase();
    STEPS.iter().position(|known| *known == name)
}

/// What a JSON text holds.
#[derive(Debug, PartialEq)]
pub(crate) enum Document {
    /// One object, or anything else.
    One(Json),
    /// A row each, from JSON lines, a list of objects or a frame of pandas.
    Rows(Vec<Record>),
}

/// Reads a JSON document or JSON lines, and says what of them is odd and cannot be kept: a last line that is no JSON,
/// as a program leaves it that was stopped, or rows of a frame that are longer or shorter than its header. Who reads a
/// log may do without; a table is refused.
///
/// # Errors
/// What is wrong, in a few words.
pub(crate) fn json(text: &str) -> Result<(Document, Option<String>), String> {
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    let plain = as_json(text);
    let error = match serde_json::from_str::<Json>(&plain) {
        Ok(value) => {
            return Ok(match rows_of(&value) {
                Some((rows, odd)) => (Document::Rows(rows), odd),
                None => (Document::One(value), None),
            });
        }
        Err(error) => error,
    };
    let lines = plain.lines().enumerate();
    let mut lines = lines.filter(|(_, line)| !line.trim().is_empty()).peekable();
    let mut rows = Vec::new();
    while let Some((at, line)) = lines.next() {
        match serde_json::from_str::<Record>(line) {
            Ok(row) => rows.push(row),
            Err(_) if rows.is_empty() => break,
            Err(wrong) => {
                // It counts lines within the line.
                let said = wrong.to_string();
                let why = said.split(" at line ").next().unwrap_or_default();
                let (line, column) = (at + 1, wrong.column());
                let odd = format!("line {line} is not JSON, {why} in column {column}");
                return match lines.peek() {
                    None => Ok((Document::Rows(rows), Some(odd))),
                    Some(_) => Err(odd),
                };
            }
        }
    }
    match rows.is_empty() {
        true => Err(format!("not JSON, {error}")),
        false => Ok((Document::Rows(rows), None)),
    }
}

/// Words that stand for no finite number.
const NOT_FINITE: [&str; 12] = [
    "NaN",
    "nan",
    "NAN",
    "-NaN",
    "-nan",
    "Infinity",
    "-Infinity",
    "+Infinity",
    "inf",
    "-inf",
    "Inf",
    "-Inf",
];

/// Whether a text is a number that is not finite.
pub(crate) fn is_not_finite(text: &str) -> bool {
    NOT_FINITE.contains(&text.trim())
}

/// The record with what is in objects under names of its own, `a.b`. What a record says of a name
/// first is kept; names of which it says two things go to `doubled`.
pub(crate) fn flat(record: &Record, doubled: &mut Vec<String>) -> Record {
    fn add(record: &Record, before: &str, into: &mut Record, doubled: &mut Vec<String>) {
        for (name, value) in record {
            let name = format!("{before}{name}");
            match (value, into.get(&name)) {
                (Json::Object(inner), _) => add(inner, &format!("{name}."), into, doubled),
                (value, None) => _ = into.insert(name, value.clone()),
                (value, Some(first)) if first != value => doubled.push(name),
                (_, Some(_)) => {}
            }
        }
    }
    let mut result = Record::new();
    add(record, "", &mut result, doubled);
    result
}

/// The text with what Python, R and others write beyond JSON in quotes: numbers that are not finite or too large
/// to be, whole numbers with more digits than are held; and other numbers, `+1`, `.5`, as JSON has them.
fn as_json(text: &str) -> Cow<'_, str> {
    let mut result = String::new();
    let mut kept = 0;
    for word in outside_texts(text) {
        let Some(number) = beyond_json(word) else {
            continue;
        };
        // Words are parts of the text, so that the distance between the two is their place.
        let at = word.as_ptr() as usize - text.as_ptr() as usize;
        result.push_str(&text[kept..at]);
        result.push_str(&number);
        kept = at + word.len();
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    result.push_str(&text[kept..]);
    Cow::Owned(result)
}

/// What stands in JSON for a number that is none of it; none for all other words.
fn beyond_json(word: &str) -> Option<String> {
    if NOT_FINITE.contains(&word) || is_too_large(word) || is_padded(word) {
        return Some(format!("\"{word}\""));
    }
    let number: f64 = word.parse().ok()?;
    match number {
        number if number.is_nan() => Some("\"NaN\"".to_owned()),
        f64::INFINITY => Some("\"Infinity\"".to_owned()),
        f64::NEG_INFINITY => Some("\"-Infinity\"".to_owned()),
        _ if serde_json::from_str::<f64>(word).is_ok() => None,
        number => Some(match word.parse::<i64>() {
            Ok(whole) => whole.to_string(),
            Err(_) => Json::from(number).to_string(),
        }),
    }
}

/// Whether this is digits behind a zero: a name that a number would not keep, `01` of a class.
pub(super) fn is_padded(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
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

/// Whether this is a whole number that would become another one.
pub(crate) fn is_too_large(text: &str) -> bool {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    whole && text.parse::<i64>().is_err()
}

/// The rows that a value is, where it is rows: a list of objects, columns of one length (as Keras
/// keeps a history), or a frame of pandas in any of its orientations; and what of them is odd.
fn rows_of(value: &Json) -> Option<(Vec<Record>, Option<String>)> {
    let entries = match value {
        Json::Array(items) => return Some((objects(items)?, None)),
        Json::Object(entries) => entries,
        _ => return None,
    };
    let with_schema = || objects(entries.get("schema").and(entries.get("data"))?.as_array()?);
    split(entries).or_else(|| {
        let rows = with_schema().or_else(|| columns(entries));
        Some((rows.or_else(|| frame(entries, false))?, None))
    })
}

fn objects(items: &[Json]) -> Option<Vec<Record>> {
    let rows: Option<Vec<Record>> = items.iter().map(|item| item.as_object().cloned()).collect();
    rows.filter(|rows| !rows.is_empty())
}

/// `{"columns": […], "data": [[…], …]}`, and the first row of another length.
fn split(entries: &Record) -> Option<(Vec<Record>, Option<String>)> {
    let names = entries.get("columns")?.as_array()?;
    let names: Option<Vec<&str>> = names.iter().map(Json::as_str).collect();
    let names = names?;
    let rows = entries.get("data")?.as_array()?.iter().map(Json::as_array);
    let rows: Vec<&Vec<Json>> = rows.collect::<Option<_>>()?;
    let uneven = rows.iter().position(|row| row.len() != names.len());
    let odd = uneven.map(|at| {
        let values = plural(rows[at].len(), "value");
        format!(
            "row {} of `data` has {values}, `columns` {}",
            at + 1,
            names.len()
        )
    });
    let record = |row: &Vec<Json>| {
        let pairs = names.iter().zip(row);
        pairs
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect()
    };
    Some((rows.into_iter().map(record).collect(), odd))
}

/// `{"loss": [1, 0.5], "accuracy": [0.1, 0.2]}`
fn columns(entries: &Record) -> Option<Vec<Record>> {
    let lists: Option<Vec<&Vec<Json>>> = entries.values().map(Json::as_array).collect();
    let lists = lists?;
    let length = lists.first()?.len();
    let flat = |list: &&Vec<Json>| {
        list.len() == length
            && !list
                .iter()
                .any(|value| value.is_array() || value.is_object())
    };
    if length == 0 || !lists.iter().all(flat) {
        return None;
    }
    let row = |at: usize| {
        let names = entries.keys().zip(&lists);
        names
            .map(|(name, list)| (name.clone(), list[at].clone()))
            .collect()
    };
    Some((0..length).map(row).collect())
}

/// The rows of an object where rows are wanted: also those of a frame of pandas without a column that counts
/// them.
pub(crate) fn rows_of_frame(entries: &Record) -> Option<Vec<Record>> {
    frame(entries, true)
}

/// `{"loss": {"0": 1, "1": 0.5}, …}` or `{"0": {"loss": 1, …}, …}`. Numbers by class look the same:
/// several rows are rows only where a column counts them, or where they are `sure` to be.
fn frame(entries: &Record, sure: bool) -> Option<Vec<Record>> {
    let inner: Option<Vec<&Record>> = entries.values().map(Json::as_object).collect();
    let inner = inner?;
    let index: Vec<&String> = inner.first()?.keys().collect();
    // Rows that were taken out of a frame keep their numbers.
    let counts = |keys: &mut dyn Iterator<Item = &String>| {
        let numbers: Vec<Option<u64>> = keys.map(|key| key.parse().ok()).collect();
        numbers.iter().all(Option::is_some) && numbers.is_sorted()
    };
    let rows: Vec<Record> = if !index.is_empty()
        && inner.iter().all(|one| one.keys().eq(index.iter().copied()))
        && counts(&mut index.iter().copied())
    {
        let row = |at: &&String| {
            let names = entries.keys().zip(&inner);
            let value = |one: &&Record| one.get(*at).cloned().unwrap_or_default();
            names
                .map(|(name, one)| (name.clone(), value(one)))
                .collect()
        };
        index.iter().map(row).collect()
    } else if counts(&mut entries.keys()) {
        inner.into_iter().cloned().collect()
    } else {
        return None;
    };
    let counted = || {
        rows.first()
            .is_some_and(|row| row.keys().any(|name| is_step(name)))
    };
    (sure || rows.len() == 1 || counted()).then_some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> String {
        match json(text) {
            Ok((Document::Rows(rows), odd)) => {
                let rows = serde_json::to_string(&rows).expect("rows are JSON");
                odd.map_or(rows.clone(), |odd| format!("{rows}; {odd}"))
            }
            Ok((Document::One(value), _)) => format!("one {value}"),
            Err(error) => error,
        }
    }

    #[test]
    fn every_form_of_a_frame_is_its_rows() {
        let wanted = r#"[{"epoch":1,"loss":0.5},{"epoch":2,"loss":0.25}]"#;
        for text in [
            wanted,
            "{\"epoch\":1,\"loss\":0.5}\n\n{\"epoch\":2,\"loss\":0.25}\n",
            r#"{"epoch":{"0":1,"1":2},"loss":{"0":0.5,"1":0.25}}"#,
            r#"{"0":{"epoch":1,"loss":0.5},"1":{"epoch":2,"loss":0.25}}"#,
            r#"{"columns":["epoch","loss"],"index":[0,1],"data":[[1,0.5],[2,0.25]]}"#,
            r#"{"schema":{},"data":[{"epoch":1,"loss":0.5},{"epoch":2,"loss":0.25}]}"#,
            r#"{"epoch":[1,2],"loss":[0.5,0.25]}"#,
        ] {
            assert_eq!(rows(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_kept_is_told() {
        // The program was killed while it wrote.
        assert_eq!(
            rows("{\"a\":1}\n\n{\"a\":2}\n{\"a"),
            r#"[{"a":1},{"a":2}]; line 4 is not JSON, EOF while parsing a string in column 3"#
        );
        assert_eq!(
            rows(r#"{"columns":["a","b"],"data":[[1,2],[3],[4,5,6]]}"#),
            r#"[{"a":1,"b":2},{"a":3},{"a":4,"b":5}]; row 2 of `data` has 1 value, `columns` 2"#
        );
    }

    #[test]
    fn numbers_by_class_are_no_frame() {
        for one in [
            r#"{"f1":{"0":0.9,"1":0.8},"recall":{"0":0.9,"1":0.7}}"#,
            r#"{"0":{"f1":0.9},"1":{"f1":0.8}}"#,
            r#"{"loss":[1,2],"accuracy":0.5}"#,
            r#"{"a":[1,2],"b":[1]}"#,
        ] {
            assert_eq!(rows(one), format!("one {one}"));
        }
        assert_eq!(rows(r#"{"f1":{"0":0.9}}"#), r#"[{"f1":0.9}]"#);
    }

    #[test]
    fn what_python_writes_beyond_json_is_read() {
        assert_eq!(
            rows(r#"{"NaN": NaN, "a\"NaN": [-Infinity, 12345678901234567890], "b": "NaN"}"#),
            r#"one {"NaN":"NaN","a\"NaN":["-Infinity","12345678901234567890"],"b":"NaN"}"#
        );
        assert_eq!(
            rows(
                r#"{"a": 1e400, "b": [+1, +1.5, .5, -.5, 5., -1e400, 01], "c": 1e-400, "d": "+1"}"#
            ),
            r#"one {"a":"Infinity","b":[1,1.5,0.5,-0.5,5.0,"-Infinity","01"],"c":0.0,"d":"+1"}"#
        );
        assert!(rows(r#"{"a": +x}"#).starts_with("not JSON"));
        assert!(rows("loss: NaN").starts_with("not JSON"));
        assert!(rows("{\"a\": 1}\nx\n{\"a\": 2}").starts_with("line 2 is not JSON"));
    }
}
