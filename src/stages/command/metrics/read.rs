//! The numbers that a program left, from whatever it wrote: nothing that is odd in it fails a program
//! that has done its work.

use serde::Deserialize;
use serde_json::Value as Json;

use super::Format;
use super::words::Words;
use super::words::so_far;
use crate::stages::command::secrets::Secrets;
use crate::table::delimited::Delimited;
use crate::table::foreign;
use crate::table::records;
use crate::table::records::Document;
use crate::table::records::Record;
use crate::text::list_of;
use crate::text::plural;
use crate::text::too_deep_yaml;

/// Longer texts are reports, and no value of a table.
const LONGEST_TEXT: usize = 200;

/// What was read.
#[derive(Debug, Default)]
pub(in crate::stages::command) struct Numbers {
    /// By name: a number, text, or null where it is missing or not finite.
    pub values: Record,
    /// Those that were written as not a number.
    pub nan: Vec<String>,
    /// What was left out, for a warning.
    pub remarks: Vec<String>,
    /// Of so many rows the last was taken; 0 where there are no rows.
    pub rows: usize,
}

/// Reads a text; a form that is not said is told by the content.
///
/// # Errors
/// Where nothing of it is a metric.
pub(super) fn numbers(text: &str, format: Option<Format>) -> Result<Numbers, String> {
    let mut numbers = match format {
        Some(Format::Json) => json(text),
        Some(Format::Csv) => csv(text),
        Some(Format::Lines) => lines(text),
        Some(Format::Yaml) => yaml(text),
        None => by_content(text),
    }?;
    let is_text = |value: &Json| {
        value
            .as_str()
            .is_some_and(|text| !records::is_too_large(text))
    };
    // What is missing was to be a number.
    if numbers.values.values().all(is_text) {
        let texts: Vec<&String> = numbers.values.keys().collect();
        let mut why = match &texts[..] {
            [] => "there is no number".to_owned(),
            [only] => format!("there is no number, `{only}` is text"),
            all => format!("there is no number, {} are texts", list_of(all)),
        };
        for remark in numbers.remarks.drain(..) {
            why.push_str("; ");
            why.push_str(&remark);
        }
        return Err(why);
    }
    Ok(numbers)
}

/// Numbers of a file that is called nothing in particular.
fn by_content(text: &str) -> Result<Numbers, String> {
    if text.trim_start().starts_with(['{', '[']) {
        return json(text);
    }
    let found = lines(text)?;
    // YAML and CSV may have such words in their texts.
    if text.lines().any(|line| Words::of(line).is_pure()) {
        return Ok(found);
    }
    let has_number =
        |numbers: &Numbers| numbers.values.values().any(Json::is_number) || !numbers.nan.is_empty();
    let table = csv(text).ok().filter(has_number);
    let map = || yaml(text).ok().filter(has_number);
    Ok(table.or_else(map).unwrap_or(found))
}

fn json(text: &str) -> Result<Numbers, String> {
    match records::json(text)? {
        (Document::Rows(rows), odd) => beside(odd, last(&rows)),
        (Document::One(Json::Object(record)), _) => Ok(of_record(&record)),
        (Document::One(_), _) => Err("not an object `{\"name\": number}`".to_owned()),
    }
}

fn yaml(text: &str) -> Result<Numbers, String> {
    // What YAML writes beyond JSON becomes the words of Python.
    fn plain(value: serde_yaml::Value) -> Json {
        use serde_yaml::Value as Yaml;
        match value {
            Yaml::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => whole.into(),
                (None, Some(float)) if float.is_nan() => "NaN".into(),
                (None, Some(float)) if float.is_infinite() => "Infinity".into(),
                (None, Some(_)) if number.is_u64() => number.to_string().into(),
                (None, float) => Json::from(float),
            },
            Yaml::Bool(truth) => truth.into(),
            Yaml::String(text) => text.into(),
            Yaml::Null => Json::Null,
            Yaml::Sequence(items) => items.into_iter().map(plain).collect(),
            Yaml::Mapping(entries) => Json::Object(
                entries
                    .into_iter()
                    .map(|(key, value)| {
                        let key = match plain(key) {
                            Json::String(key) => key,
                            other => other.to_string(),
                        };
                        (key, plain(value))
                    })
                    .collect(),
            ),
            Yaml::Tagged(tagged) => plain(tagged.value),
        }
    }
    if let Some(line) = too_deep_yaml(text) {
        return Err(format!("nested too deeply in line {line}"));
    }
    let mut rows = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let value = serde_yaml::Value::deserialize(document);
        match plain(value.map_err(|error| format!("not YAML, {error}"))?) {
            Json::Array(items) => rows.extend(items),
            Json::Null => {}
            other => rows.push(other),
        }
    }
    let rows = rows.into_iter().map(|row| match row {
        Json::Object(record) => Ok(record),
        _ => Err("not a map `name: number`".to_owned()),
    });
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let mut numbers = last(&rows)?;
    if rows.len() > 1 {
        // No curve is read from YAML.
        numbers.rows = 0;
        let all = plural(rows.len(), "map");
        numbers.remarks.push(format!("the last of {all} is taken"));
    }
    Ok(numbers)
}

fn csv(text: &str) -> Result<Numbers, String> {
    let (read, odd) = Delimited::logged(text);
    let rows = read.records();
    let named = by_name(&rows).or_else(|| read.named_numbers());
    if let Some(record) = named {
        return beside(odd, Ok(of_record(&record)));
    }
    let mut numbers = beside(odd, last(&rows))?;
    let number = read.number_in_header();
    numbers.remarks.extend(number.map(foreign::no_header));
    Ok(numbers)
}

/// Numbers with what is odd beside them, which fails a program only where it left nothing else.
fn beside(odd: Option<String>, numbers: Result<Numbers, String>) -> Result<Numbers, String> {
    let Some(odd) = odd else {
        return numbers;
    };
    let mut numbers = numbers.map_err(|_| odd.clone())?;
    let left_out = format!("{odd}; what cannot be read is left out");
    numbers.remarks.push(left_out);
    Ok(numbers)
}

/// `metric,value` with a row for each number.
fn by_name(rows: &[Record]) -> Option<Record> {
    let first = rows.first()?;
    let mut header = first.keys().map(|name| name.to_ascii_lowercase());
    let (name, value, none) = (header.next()?, header.next()?, header.next());
    let named = ["", "metric", "metrics", "name", "key", "index"].contains(&name.as_str());
    let valued = ["0", "value", "score"].contains(&value.as_str());
    if !named || !valued || none.is_some() {
        return None;
    }
    let pair = |row: &Record| {
        let mut values = row.values();
        let name = values.next()?.as_str()?;
        Some((name.to_owned(), values.next().cloned().unwrap_or_default()))
    };
    rows.iter().map(pair).collect()
}

/// Of several rows the last one: that is where a program ends.
fn last(rows: &[Record]) -> Result<Numbers, String> {
    let Some(row) = rows.last() else {
        return Err("there is no row".to_owned());
    };
    let mut numbers = of_record(row);
    numbers.rows = rows.len();
    Ok(numbers)
}

fn of_record(record: &Record) -> Numbers {
    let mut numbers = Numbers::default();
    let mut lists = Vec::new();
    let mut doubled = Vec::new();
    for (name, value) in records::flat(record, &mut doubled) {
        match value {
            Json::Array(_) => lists.push(name),
            value => numbers.add(&name, value),
        }
    }
    if !doubled.is_empty() {
        numbers.remarks.push(format!(
            "there are two values of {}, of which the first counts",
            list_of(&doubled)
        ));
    }
    if !lists.is_empty() {
        numbers.remarks.push(format!(
            "{} no number of a row and left out: lists are kept in a file under `out`",
            match lists.len() {
                1 => format!("{} is", list_of(&lists)),
                _ => format!("{} are", list_of(&lists)),
            }
        ));
    }
    numbers
}

fn lines(text: &str) -> Result<Numbers, String> {
    let mut numbers = Numbers::default();
    let mut odd = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let words = Words::of(line);
        let values = words.values();
        if values.is_empty() {
            odd.push(format!("line {} is no `key=value`: {line}", index + 1));
        }
        for (name, value) in values {
            numbers.add(name, so_far(name, value).into());
        }
    }
    let more = odd.len().saturating_sub(1);
    if let Some(first) = odd.into_iter().next() {
        numbers.remarks.push(match more {
            0 => first,
            more => format!("{first}, and {more} more"),
        });
    }
    Ok(numbers)
}

impl Numbers {
    /// The same where names of variables stand for their values: numbers are printed and shown to others.
    pub(in crate::stages::command) fn without(mut self, secrets: &Secrets) -> Self {
        let values = std::mem::take(&mut self.values);
        let values = values.into_iter().map(|(name, value)| {
            let value = match value {
                Json::String(text) => secrets.without(&text).into(),
                other => other,
            };
            (secrets.without(&name), value)
        });
        self.values = values.collect();
        for name in &mut self.nan {
            *name = secrets.without(name);
        }
        self
    }

    /// Takes a value under its name. The last of one name counts.
    pub(super) fn add(&mut self, name: &str, value: Json) {
        self.nan.retain(|known| known != name);
        let value = match value {
            Json::Bool(truth) => u8::from(truth).into(),
            Json::String(text) => match number(&text) {
                Some(Number::Nan) => {
                    self.nan.push(name.to_owned());
                    Json::Null
                }
                Some(Number::Infinite) => {
                    self.remarks
                        .push(format!("`{name}` is infinite, which is no number"));
                    Json::Null
                }
                Some(Number::Finite(number)) => number,
                None if foreign::is_missing(&Json::from(text.as_str())) => Json::Null,
                None if text.len() > LONGEST_TEXT || text.contains('\n') => {
                    self.remarks.push(format!(
                        "`{name}` is a long text and left out: texts are kept in a file under `out`"
                    ));
                    return;
                }
                None => {
                    if records::is_too_large(&text) {
                        self.remarks.push(format!(
                            "`{name}` has more digits than a whole number holds, and is kept as text"
                        ));
                    }
                    Json::String(text)
                }
            },
            other => other,
        };
        self.values.insert(name.to_owned(), value);
    }
}

/// A number as programs write it.
#[derive(Debug, PartialEq)]
pub(super) enum Number {
    /// Or null, where nothing is written.
    Finite(Json),
    Infinite,
    Nan,
}

/// What a text says; none where it is no number, or one that is not held.
pub(super) fn number(text: &str) -> Option<Number> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Number::Finite(Json::Null));
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Number::Finite(whole.into()));
    }
    if records::is_too_large(text) {
        return None;
    }
    let number = text.parse::<f64>().ok()?;
    Some(match number {
        number if number.is_nan() => Number::Nan,
        number if number.is_infinite() => Number::Infinite,
        number => Number::Finite(Json::from(number)),
    })
}

#[cfg(test)]
mod tests;
