//! Values as the files that programs read their parameters from: YAML, JSON, TOML, Python.

use std::fmt::Write;

use crate::registry::Value;

/// How a file of values is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Syntax {
    Json,
    Python,
    Toml,
    Yaml,
}

impl Syntax {
    /// By the ending of the file's name.
    fn of(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        Some(match ending.to_ascii_lowercase().as_str() {
            "json" => Syntax::Json,
            "py" => Syntax::Python,
            "toml" => Syntax::Toml,
            "yaml" | "yml" => Syntax::Yaml,
            _ => return None,
        })
    }
}

/// The content of a file: of a text that text, of other values what its ending asks for.
///
/// # Errors
/// What cannot be written so, in a few words.
pub(super) fn text(name: &str, value: &Value) -> Result<String, String> {
    if let Value::Str(text) = value {
        return Ok(text.clone());
    }
    let syntax = Syntax::of(name).ok_or_else(|| {
        format!(
            "`{name}` is {}: only .yaml, .json, .toml and .py files are written from values",
            value.type_name()
        )
    })?;
    let mut text = String::new();
    match (syntax, value) {
        (Syntax::Json | Syntax::Yaml, value) => {
            write_value(&mut text, value, syntax, 0)?;
            text.push('\n');
        }
        (Syntax::Python | Syntax::Toml, Value::Map(entries)) => {
            for (name, value) in entries {
                match syntax {
                    Syntax::Python if !is_name(name) => {
                        return Err(format!("`{name}` is no name of a variable in Python"));
                    }
                    Syntax::Python => text.push_str(name),
                    _ => text.push_str(&quoted(name)),
                }
                text.push_str(" = ");
                write_value(&mut text, value, syntax, 0)?;
                text.push('\n');
            }
        }
        (_, other) => {
            return Err(format!("`{name}` is {}, not a map", other.type_name()));
        }
    }
    Ok(text)
}

fn write_value(
    out: &mut String,
    value: &Value,
    syntax: Syntax,
    depth: usize,
) -> Result<(), String> {
    match value {
        Value::Null if syntax == Syntax::Toml => return Err("TOML has no null".to_owned()),
        Value::Null if syntax == Syntax::Python => out.push_str("None"),
        Value::Null => out.push_str("null"),
        Value::Bool(true) if syntax == Syntax::Python => out.push_str("True"),
        Value::Bool(false) if syntax == Syntax::Python => out.push_str("False"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Int(number) => _ = write!(out, "{number}"),
        Value::Float(number) => out.push_str(&float(*number)),
        Value::Str(text) => out.push_str(&quoted(text)),
        Value::List(items) => {
            let items = items.iter().map(|item| (None, item));
            write_items(out, ('[', ']'), items, syntax, depth)?;
        }
        Value::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(name, value)| (Some(name.as_str()), value));
            write_items(out, ('{', '}'), entries, syntax, depth)?;
        }
    }
    Ok(())
}

fn write_items<'v>(
    out: &mut String,
    (open, close): (char, char),
    items: impl ExactSizeIterator<Item = (Option<&'v str>, &'v Value)>,
    syntax: Syntax,
    depth: usize,
) -> Result<(), String> {
    // Tables of TOML within a line have to stay in it.
    let lines = syntax != Syntax::Toml && items.len() > 0;
    out.push(open);
    for (number, (name, value)) in items.enumerate() {
        if number > 0 {
            out.push(',');
        }
        match lines {
            true => _ = write!(out, "\n{:width$}", "", width = 2 * (depth + 1)),
            false if number > 0 => out.push(' '),
            false => {}
        }
        if let Some(name) = name {
            out.push_str(&quoted(name));
            out.push_str(if syntax == Syntax::Toml { " = " } else { ": " });
        }
        write_value(out, value, syntax, depth + 1)?;
    }
    if lines {
        _ = write!(out, "\n{:width$}", "", width = 2 * depth);
    }
    out.push(close);
    Ok(())
}

/// A number as every reader takes it for one: with a point and, before an exponent, a sign. PyYAML reads
/// `1e-5` as a text.
fn float(number: f64) -> String {
    let text = format!("{number:?}");
    match text.split_once('e') {
        None => text,
        Some((digits, exponent)) => {
            let point = if digits.contains('.') { "" } else { ".0" };
            let sign = if exponent.starts_with('-') { "" } else { "+" };
            format!("{digits}{point}e{sign}{exponent}")
        }
    }
}

/// A text in the quotes that all four have in common.
fn quoted(text: &str) -> String {
    let mut quoted = serde_json::to_string(text).expect("texts are JSON");
    // TOML wants it escaped; the others let it.
    if quoted.contains('\u{7f}') {
        quoted = quoted.replace('\u{7f}', "\\u007f");
    }
    quoted
}

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    let first = letters.next();
    first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(yaml: &str) -> Value {
        serde_yaml::from_str(yaml).expect("the test writes YAML")
    }

    const VALUES: &str = "{lr: 1e-5, big: 1.5e300, whole: 2.0, n: 3, on: true, none: null, \
                          text: \"a: 'b' # \\u007f\\n\", list: [1, [x]], empty: {}, map: {a-b: 0.1}}";

    #[test]
    fn yaml_and_json_say_the_same_numbers_to_every_reader() {
        for name in ["a.yaml", "b.YML", "c.json"] {
            let written = text(name, &value(VALUES)).expect("it can be written");
            assert_eq!(value(&written), value(VALUES), "{written}");
            assert!(written.contains("1.0e-5"), "{written}");
            assert!(written.contains("1.5e+300"), "{written}");
            let json: serde_json::Value = serde_json::from_str(&written).expect("it is JSON");
            assert_eq!(json["list"][1][0], "x");
        }
    }

    #[test]
    fn toml_and_python_are_assignments() {
        let values = VALUES.replace("none: null, ", "");
        let written = text("a.toml", &value(&values)).expect("it can be written");
        let read: toml_edit::Document<String> = written.parse().expect("it is TOML");
        assert_eq!(read["map"]["a-b"].as_float(), Some(0.1));
        assert_eq!(read["text"].as_str(), Some("a: 'b' # \u{7f}\n"));
        assert_eq!(read["lr"].as_float(), Some(1e-5));
        let written = text("a.py", &value("{a: true, b: null, c: {d: 1}}"));
        assert_eq!(
            written.as_deref(),
            Ok("a = True\nb = None\nc = {\n  \"d\": 1\n}\n")
        );
    }

    #[test]
    fn what_cannot_be_written_is_said() {
        let said = |name, yaml| text(name, &value(yaml)).expect_err("it cannot be written");
        assert_eq!(said("a.toml", "{a: [null]}"), "TOML has no null");
        assert_eq!(
            said("a.py", "{a-b: 1}"),
            "`a-b` is no name of a variable in Python"
        );
        assert_eq!(said("a.toml", "[1]"), "`a.toml` is a list, not a map");
        assert!(said("a.ini", "{a: 1}").starts_with("`a.ini` is a map: only"));
        assert_eq!(text("a.ini", &value("'[a]'")).as_deref(), Ok("[a]"));
    }
}
