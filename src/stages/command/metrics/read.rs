//! The numbers that a program left, from whatever it wrote: nothing that is odd in it fails a program
//! that has done its work.

use serde::Deserialize;
use serde_json::Value as Json;

use super::Format;
use crate::table::records;
use crate::table::records::Document;
use crate::table::records::Record;
use crate::text::list_of;
use crate::text::plural;

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
    if !found.values.is_empty() {
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
        Document::Rows(rows) => last(&rows),
        Document::One(Json::Object(record)) => Ok(of_record(&record)),
        Document::One(_) => Err("not an object `{\"name\": number}`".to_owned()),
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
    let rows = records::csv(text)?;
    if let Some(record) = by_name(&rows) {
        return Ok(of_record(&record));
    }
    last(&rows)
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
        let pairs = super::pairs(line);
        if pairs.is_empty() {
            odd.push(format!("line {} is no `key=value`: {line}", index + 1));
        }
        for (name, value) in pairs {
            numbers.add(name, value.into());
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
mod tests {
    use super::*;

    /// Values, those that are not a number, and what was remarked.
    fn read(text: &str, format: Format) -> (String, String, usize) {
        let read = numbers(text, Some(format)).expect("there are numbers");
        let values = serde_json::to_string(&read.values).expect("numbers are JSON");
        (values, read.nan.join(","), read.remarks.len())
    }

    fn refused(text: &str, format: Format) -> String {
        numbers(text, Some(format)).expect_err("nothing of it is a metric")
    }

    #[test]
    fn every_format_gives_the_same_numbers() {
        let wanted = (
            r#"{"loss":0.25,"n":3,"gap":null}"#.to_owned(),
            "gap".to_owned(),
            0,
        );
        for (text, format) in [
            (r#"{"loss":0.25,"n":3,"gap":NaN}"#, Format::Json),
            (r#"{"loss":"0.25","n":3,"gap":"nan"}"#, Format::Json),
            ("loss,n,gap\n0.25,3,nan\n", Format::Csv),
            ("metric,value\nloss,0.25\nn,3\ngap,NaN\n", Format::Csv),
            (",0\nloss,0.25\nn,3\ngap,NaN\n", Format::Csv),
            ("# epoch 1\nloss=0.25\n n = 3\ngap=nan\n", Format::Lines),
            ("loss: 0.25\nn: 3\ngap: .nan\n", Format::Yaml),
            ("---\nloss: 0.25\nn: 3\ngap: .nan\n...\n---\n", Format::Yaml),
            (
                r#"{"loss":{"0":0.25},"n":{"0":3},"gap":{"0":NaN}}"#,
                Format::Json,
            ),
        ] {
            assert_eq!(read(text, format), wanted, "{text}");
        }
    }

    #[test]
    fn two_values_of_one_name_are_told() {
        let (values, _, remarks) = read(
            r#"{"a": {"b": 1, "c": 3}, "a.b": 2, "a.c": 3}"#,
            Format::Json,
        );
        assert_eq!(values, r#"{"a.b":1,"a.c":3}"#);
        assert_eq!(remarks, 1);
    }

    #[test]
    fn objects_are_flattened_texts_kept_and_lists_left_out_with_a_word() {
        let text = r#"{"test": {"f1": {"macro avg": 0.5}, "n": 3}, "model": "cnn", "ok": true,
                       "history": [1, 2], "confusion": [[1, 0], [0, 1]], "note": "a\nb"}"#;
        let (values, nan, remarks) = read(text, Format::Json);
        assert_eq!(
            values,
            r#"{"test.f1.macro avg":0.5,"test.n":3,"model":"cnn","ok":1}"#
        );
        assert_eq!((nan.as_str(), remarks), ("", 2));
    }

    #[test]
    fn of_several_rows_the_last_counts() {
        // Rows may be a curve, of which the caller knows; maps of YAML never are, and are remarked on.
        for (text, format, rows, remarks) in [
            ("epoch,loss\n1,0.5\n2,0.25\n", Format::Csv, 2, 0),
            (
                "{\"epoch\":1,\"loss\":0.5}\n{\"epoch\":2,\"loss\":0.25}\n",
                Format::Json,
                2,
                0,
            ),
            (r#"{"epoch":[1,2],"loss":[0.5,0.25]}"#, Format::Json, 2, 0),
            (
                "epoch: 1\nloss: 0.5\n---\nepoch: 2\nloss: 0.25\n",
                Format::Yaml,
                0,
                1,
            ),
            (
                "- {epoch: 1}\n- epoch: 2\n  loss: 0.25\n",
                Format::Yaml,
                0,
                1,
            ),
        ] {
            let read = numbers(text, Some(format)).expect("there are numbers");
            let values = serde_json::to_string(&read.values).expect("numbers are JSON");
            assert_eq!(values, r#"{"epoch":2,"loss":0.25}"#, "{text}");
            assert_eq!((read.rows, read.remarks.len()), (rows, remarks), "{text}");
        }
    }

    #[test]
    fn an_odd_value_fails_nothing() {
        let large = "12345678901234567890";
        let (values, _, remarks) = read(&format!(r#"{{"n": {large}, "a": 1}}"#), Format::Json);
        assert_eq!(values, format!(r#"{{"n":"{large}","a":1}}"#));
        assert_eq!(remarks, 1);
        assert_eq!(read("n,a\n1,2,3\n", Format::Csv).0, r#"{"n":1,"a":2}"#);
        assert_eq!(read("n,a\n1\n", Format::Csv).0, r#"{"n":1,"a":null}"#);
        let (values, _, remarks) = read("done!\na=1\nb=x\n", Format::Lines);
        assert_eq!((values.as_str(), remarks), (r#"{"a":1,"b":"x"}"#, 1));
        let (values, nan, remarks) = read(r#"{"a": -Infinity, "b": 1}"#, Format::Json);
        assert_eq!(
            (values.as_str(), nan.as_str(), remarks),
            (r#"{"a":null,"b":1}"#, "", 1)
        );
        assert_eq!(read("a=nan\na=1\n", Format::Lines).1, "");
        let (values, nan, remarks) = read(r#"{"norm": 1e400, "a": +1}"#, Format::Json);
        assert_eq!(
            (values.as_str(), nan.as_str(), remarks),
            (r#"{"norm":null,"a":1}"#, "", 1)
        );
    }

    #[test]
    fn whole_numbers_are_exact() {
        let large = r#"{"n":9007199254740993}"#;
        assert_eq!(read(large, Format::Json).0, large);
        assert_eq!(read("n\n9007199254740993\n", Format::Csv).0, large);
        assert_eq!(read("n: 9007199254740993\n", Format::Yaml).0, large);
    }

    #[test]
    fn a_file_without_an_ending_is_read_by_its_content() {
        for text in [
            "{\"loss\": 1.5}",
            "loss=1.5\n",
            "name,loss\na,1.5\n",
            "step\tloss\n1\t3\n2\t1.5\n",
            "loss: 1.5\nmore:\n  a: 1\n",
            "loss: 2\n---\nloss: 1.5\n",
            "- loss: 2\n- loss: 1.5\n",
        ] {
            let read = numbers(text, None).expect(text);
            assert_eq!(
                read.values.get("loss").and_then(Json::as_f64),
                Some(1.5),
                "{text}"
            );
        }
        for text in ["x,y\na,b\n", "done: yes\n", "trained\n3 epochs\n"] {
            let read = numbers(text, None);
            assert!(read.is_err(), "{text}: {read:?}");
        }
    }

    #[test]
    fn what_holds_no_metric_is_refused() {
        assert_eq!(
            refused("[1]", Format::Json),
            "not an object `{\"name\": number}`"
        );
        assert!(refused("x", Format::Json).starts_with("not JSON"));
        assert_eq!(refused("a\n", Format::Csv), "there is no row");
        assert_eq!(refused("\n", Format::Lines), "there is no number");
        assert!(refused("done\n", Format::Lines).ends_with("line 1 is no `key=value`: done"));
    }
}
