//! Values of a name that nobody declared keep the type in which each was written. So two of them may
//! look like one, and text may look like the numbers beside it.

use std::collections::HashMap;

use crate::manifest::node::Content;
use crate::manifest::node::Node;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::text::Diagnostic;

use super::reader::Reader;

impl Reader<'_> {
    /// Says what no reader of the manifest could tell apart.
    pub(super) fn alike(&mut self, column: usize, items: &[&Node]) {
        let column = self.columns.get(column);
        if column.ty != ParamType::Any {
            return;
        }
        let scalars = items.iter().filter_map(|node| {
            let value = scalar(node).filter(|value| **value != Value::Null)?;
            Some((*node, value))
        });
        let number = |value: &Value| value.as_float().is_some();
        let numbers = scalars.clone().any(|(_, value)| number(value));
        let truths = scalars.clone().any(|(_, value)| value.as_bool().is_some());
        let mut seen: HashMap<String, (&Node, &Value)> = HashMap::new();
        for (node, value) in scalars {
            let title = |what: &str| format!("axis `{}` has {what}", column.name);
            if let Some((beside, meant)) = meant(value, numbers, truths) {
                self.found.push(
                    Diagnostic::error(title(&format!("text beside {beside}")))
                        .at(&node.place, "this is text")
                        .help(format!("write `{meant}`")),
                );
                continue;
            }
            // `1` and `1.0` are one number.
            let same = match value.as_float() {
                Some(number) => (number + 0.0).to_string(),
                None => value.to_string(),
            };
            match seen.get(&same) {
                // Two ways to write one number are one value.
                Some((_, known)) if number(known) && number(value) => {}
                Some((first, known)) if *known != value => self.found.push(
                    Diagnostic::error(title("one value in two forms"))
                        .at(&node.place, format!("{} here", value.type_name()))
                        .also(&first.place, format!("{} here", known.type_name()))
                        .help("keep one of them, or declare the type of the axis under `params`"),
                ),
                Some(_) => {}
                None => _ = seen.insert(same, (node, value)),
            }
        }
    }

    /// Says which texts that look like numbers take the place of a list of nothing but numbers.
    pub(super) fn in_place_of_numbers(&mut self, column: usize, before: &[Node], items: &[&Node]) {
        let column = self.columns.get(column);
        let number = |node: &Node| scalar(node).is_some_and(|value| value.as_float().is_some());
        if column.ty != ParamType::Any || before.is_empty() || !before.iter().all(number) {
            return;
        }
        let told = items.iter().any(|node| number(node));
        for node in items {
            let Some(Value::Str(text)) = scalar(node) else {
                continue;
            };
            let help = match meant_number(text) {
                Some(_) if told => continue,
                Some(meant) => format!("write `{meant}`"),
                None if is_quoted(node) || !resembles_a_number(text) => continue,
                None => quoted(text),
            };
            self.found.push(
                Diagnostic::error(format!("axis `{}` is of numbers", column.name))
                    .at(&node.place, "this is text")
                    .help(help),
            );
        }
    }
}

/// Whether a text may be a number with a slip in it, `0.l`, or one of those that are none: `gamma: 0.1`
/// may well become `scale`.
fn resembles_a_number(text: &str) -> bool {
    let text = text.trim_start_matches(['+', '-']);
    let digits = text.strip_prefix('.').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
        || ["nan", "inf", "infinity"].contains(&digits.to_ascii_lowercase().as_str())
}

fn is_quoted(node: &Node) -> bool {
    node.place.text().starts_with(['"', '\''])
}

fn scalar(node: &Node) -> Option<&Value> {
    match &node.content {
        Content::Scalar(value) => Some(value),
        _ => None,
    }
}

/// What is wrong with a value that takes the place of another: of a profile, of the command line.
pub(in crate::manifest) fn in_place_of(
    before: &Value,
    name: &str,
    node: &Node,
) -> Option<Diagnostic> {
    let value = scalar(node)?;
    let (numbers, truths) = (before.as_float().is_some(), before.as_bool().is_some());
    let help = match (meant(value, numbers, truths), value) {
        (Some((_, meant)), _) => format!("write `{meant}`"),
        (None, Value::Str(text))
            if (numbers && (resembles_a_number(text) || meant_truth(text).is_some()))
                && !is_quoted(node) =>
        {
            quoted(text)
        }
        _ => return None,
    };
    let title = format!("`{name}` is {}, and becomes text", before.type_name());
    Some(
        Diagnostic::error(title)
            .at(&node.place, "this is text")
            .help(help),
    )
}

/// What a text was meant as that stands beside numbers, or beside true and false.
fn meant(value: &Value, numbers: bool, truths: bool) -> Option<(&'static str, String)> {
    let Value::Str(text) = value else {
        return None;
    };
    let number = meant_number(text).filter(|_| numbers);
    let truth = || meant_truth(text).filter(|_| truths);
    match number {
        Some(number) => Some(("numbers", number)),
        None => truth().map(|truth| ("true and false", truth)),
    }
}

/// What helps where an unquoted text stands for a number.
fn quoted(text: &str) -> String {
    match text.parse::<f64>() {
        // `nan` and `inf`, as YAML does not read them.
        Ok(_) => "numbers of manifests are finite".to_owned(),
        Err(_) => format!("what is meant as text is put in quotes: `\"{text}\"`"),
    }
}

/// The number that a text stands for elsewhere: quoted, with separators, or as YAML 1.1 had it.
fn meant_number(text: &str) -> Option<String> {
    let text = text.trim();
    if !text.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let plain: String = text
        .chars()
        .filter(|c| !matches!(c, '_' | ',' | '\'' | ' '))
        .collect();
    if plain.parse::<f64>().is_ok() {
        let digits = plain.trim_start_matches('0');
        let whole = digits.starts_with(|c: char| c.is_ascii_digit());
        return Some(if whole { digits.to_owned() } else { plain });
    }
    // Minutes and seconds were a number in YAML 1.1.
    let parts: Vec<&str> = text.split(':').collect();
    let minutes = parts.len() > 1 && parts.iter().all(|part| part.parse::<u32>().is_ok());
    minutes.then(|| {
        let parts = parts.iter().filter_map(|part| part.parse::<u64>().ok());
        parts
            .fold(0_u64, |sum, part| {
                sum.saturating_mul(60).saturating_add(part)
            })
            .to_string()
    })
}

/// The truth value that a text stands for elsewhere.
fn meant_truth(text: &str) -> Option<String> {
    let truth = match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" | "true" => true,
        "no" | "off" | "n" | "false" => false,
        _ => return None,
    };
    Some(truth.to_string())
}
