//! What `${…}` may name: the values of `params.yaml` and of `vars`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::manifest::Content;
use crate::manifest::Entry;
use crate::manifest::Node;
use crate::manifest::params_file;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::Source;

use super::entries::remark;
use super::interpolation::Way;
use super::interpolation::is_name;
use super::read::DvcFile;
use super::read::PARAMS;

/// Names that mean something else in `${…}` here.
const TAKEN: [&str; 26] = [
    "abs",
    "and",
    "ceil",
    "checkpoint",
    "defined",
    "else",
    "exp",
    "false",
    "floor",
    "if",
    "in",
    "is",
    "log",
    "max",
    "min",
    "none",
    "not",
    "or",
    "out",
    "range",
    "root",
    "round",
    "self",
    "sqrt",
    "true",
    "file",
];

/// A name with its value.
#[derive(Debug)]
pub(super) struct Known {
    pub value: Value,
    /// The name that it has here.
    pub name: String,
    /// Whether the manifest reads it from `params.yaml`; its value stands in the manifest otherwise.
    pub from_file: bool,
}

/// All names.
#[derive(Debug, Default)]
pub(super) struct Scope {
    names: BTreeMap<String, Known>,
    /// The names in `params.yaml`, in its order.
    pub in_file: Vec<String>,
}

impl Scope {
    /// Reads `params.yaml` and what `vars` names. `folder` is that of `dvc.yaml`, `shown` the same as people
    /// name it.
    pub(super) fn read(
        folder: &Path,
        shown: &Path,
        file: &DvcFile,
        found: &mut Diagnostics,
    ) -> Self {
        let mut scope = Scope::default();
        if folder.join(PARAMS).is_file()
            && let Some(node) = values_of(folder, shown, PARAMS, None, found)
        {
            for entry in node.as_map().unwrap_or_default() {
                scope.in_file.push(entry.key.clone());
                scope.add(entry, true);
                doubtful(&entry.value, true, found);
            }
        }
        for item in &file.vars {
            if let Some(name) = item.as_str() {
                scope.file(folder, shown, name, &item.place, found);
                continue;
            }
            for entry in item.as_map().unwrap_or_default() {
                scope.add(entry, false);
                doubtful(&entry.value, false, found);
            }
        }
        scope.rename();
        scope
    }

    /// `vars: [other.yaml, other.yaml:name,name]`
    fn file(
        &mut self,
        folder: &Path,
        shown: &Path,
        text: &str,
        place: &Place,
        found: &mut Diagnostics,
    ) {
        let (name, keys) = text.split_once(':').unwrap_or((text, ""));
        if name == PARAMS && keys.is_empty() {
            return;
        }
        let Some(node) = values_of(folder, shown, name, Some(place), found) else {
            return;
        };
        let wanted: Vec<&str> = keys.split(',').filter(|key| !key.is_empty()).collect();
        for entry in node.as_map().unwrap_or_default() {
            if wanted.is_empty() || wanted.contains(&entry.key.as_str()) {
                self.add(entry, false);
                doubtful(&entry.value, false, found);
            }
        }
        remark(
            found,
            place,
            format!("the manifest does not follow `{name}`"),
            "its values stand in the manifest now",
            format!("`params: {{file: {name}}}` of the manifest takes them from the file"),
        );
    }

    fn add(&mut self, entry: &Entry, from_file: bool) {
        let (name, value) = (entry.key.as_str(), entry.value.to_value());
        let (value, from_file) = match self.names.remove(name) {
            None => (value, from_file && is_plain(name)),
            Some(known) => (merged(known.value, value), false),
        };
        let known = Known {
            value,
            name: name.to_owned(),
            from_file,
        };
        self.names.insert(name.to_owned(), known);
    }

    /// Gives names to what cannot keep its own: none that another has.
    fn rename(&mut self) {
        let all: Vec<String> = self.names.keys().cloned().collect();
        for name in all.iter().filter(|name| !is_plain(name)) {
            let mut own = our_name(name);
            while self.has_name(&own) {
                own.push('_');
            }
            if let Some(known) = self.names.get_mut(name) {
                known.name = own;
            }
        }
    }

    /// All names, with what they stand for.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Known)> {
        self.names
            .iter()
            .map(|(name, known)| (name.as_str(), known))
    }

    /// What a first name stands for.
    pub(super) fn get(&self, name: &str) -> Option<&Known> {
        self.names.get(name)
    }

    /// The value that a way leads to.
    pub(super) fn value(&self, way: &Way) -> Option<&Value> {
        way.rest(1).value(&self.get(way.first())?.value)
    }

    /// The same as an expression of ours.
    pub(super) fn expression(&self, way: &Way) -> Option<String> {
        self.value(way)?;
        let known = self.get(way.first())?;
        Some(format!("{}{}", known.name, way.rest(1).behind()))
    }

    /// Whether a name is taken here.
    pub(super) fn has_name(&self, name: &str) -> bool {
        self.in_file.iter().any(|known| known == name)
            || self.names.values().any(|known| known.name == name)
    }
}

/// Whether a name of DVC's is one here.
fn is_plain(name: &str) -> bool {
    is_name(name) && !TAKEN.contains(&name)
}

/// A name of ours for one that is none: `batch-size` is `batch_size`.
pub(super) fn our_name(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let mut own: String = name.chars().map(letter).collect();
    if !own.starts_with(|c: char| c.is_ascii_alphabetic()) {
        own.insert_str(0, "p_");
    }
    if TAKEN.contains(&own.as_str()) {
        own.push('_');
    }
    own
}

/// Values over others: within maps, those that are not given stay.
fn merged(known: Value, given: Value) -> Value {
    match (known, given) {
        (Value::Map(mut known), Value::Map(given)) => {
            for (name, value) in given {
                let value = match known.get(&name) {
                    Some(before) => merged(before.clone(), value),
                    None => value,
                };
                known.insert(name, value);
            }
            Value::Map(known)
        }
        (_, given) => given,
    }
}

/// The values of a YAML, JSON or TOML file.
fn values_of(
    folder: &Path,
    shown: &Path,
    name: &str,
    place: Option<&Place>,
    found: &mut Diagnostics,
) -> Option<Node> {
    let mut wrong = |title: String, help: &str| {
        let error = Diagnostic::error(title);
        let error = error.maybe_help((!help.is_empty()).then(|| help.to_owned()));
        found.push(match place {
            Some(place) => error.at(place, "values are wanted from it"),
            None => error,
        });
        None
    };
    let shown = shown.join(name);
    if !params_file::names_one(name) {
        let title = format!("the values of `{}` are not read", shown.display());
        return wrong(
            title,
            "put them into a YAML, JSON or TOML file, and name that under `vars`",
        );
    }
    let text = match fs::read_to_string(folder.join(name)) {
        Ok(text) => text,
        Err(error) => return wrong(format!("cannot read `{}`: {error}", shown.display()), ""),
    };
    let source = Arc::new(Source { path: shown, text });
    match params_file::values_of(&source) {
        Ok(node) => Some(node),
        Err(problems) => {
            found.extend(problems);
            None
        }
    }
}

/// Values that Python's yaml or DVC reads in another way than this program does. Where programs read the file
/// themselves, what Python's yaml alone takes for something else counts as well.
pub(super) fn doubtful(node: &Node, read_by_programs: bool, found: &mut Diagnostics) {
    for item in node.as_list().unwrap_or_default() {
        doubtful(item, read_by_programs, found);
    }
    for entry in node.as_map().unwrap_or_default() {
        doubtful(&entry.value, read_by_programs, found);
    }
    let written = node.place.text();
    if let Content::Scalar(Value::Float(number)) = &node.content
        && !number.is_finite()
    {
        remark(
            found,
            &node.place,
            format!("`{}` is nothing that a parameter can be", written.trim()),
            "a stage that uses it does not pass `check`",
            "in quotes it is a text, which `float(…)` of Python reads",
        );
    }
    let Some(text) = node.as_str().filter(|text| *text == written) else {
        return;
    };
    if let Some((label, help)) = number_of_others(text) {
        remark(
            found,
            &node.place,
            format!("`{text}` is a text here"),
            label,
            help,
        );
        return;
    }
    if !read_by_programs {
        return;
    }
    let truth = ["yes", "no", "on", "off"].contains(&text.to_ascii_lowercase().as_str());
    let date = {
        let parts: Vec<&str> = text.split('-').collect();
        let digits = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
        matches!(parts[..], [year, month, day] if year.len() == 4 && !month.is_empty() && !day.is_empty())
            && parts.iter().all(digits)
    };
    let base = text.contains(':')
        && text
            .split(':')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    if truth || date || base {
        let what = match (truth, date) {
            (true, _) => "a truth value",
            (_, true) => "a date",
            _ => "a number",
        };
        remark(
            found,
            &node.place,
            format!("`{text}` is a text here"),
            format!("Python's yaml takes it for {what}"),
            match truth {
                true => "write `true` or `false`",
                false => "programs get the text, in quotes",
            },
        );
    }
}

/// What others take for a number: with strokes between its digits, or a zero before them.
fn number_of_others(text: &str) -> Option<(String, String)> {
    let (sign, plain) = match text.strip_prefix(['-', '+']) {
        Some(plain) => (text.trim_end_matches(plain).trim_start_matches('+'), plain),
        None => ("", text),
    };
    if !plain.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let digits = plain.replace('_', "");
    let decimal = |c: char| c.is_ascii_digit();
    let whole = digits.chars().all(decimal);
    if whole && digits.starts_with('0') && digits.len() > 1 {
        let own = digits.trim_start_matches('0');
        let dvc = if own.is_empty() { "0" } else { own };
        let label = match u64::from_str_radix(&digits, 8) {
            Ok(python) => format!("Python's yaml takes it for {sign}{python}, DVC for {sign}{dvc}"),
            Err(_) => format!("DVC takes it for {sign}{dvc}"),
        };
        return Some((
            label,
            "write the number that is meant, or quotes around it".to_owned(),
        ));
    }
    let mut parts = digits.splitn(2, '.');
    let fraction = parts.all(|part| part.chars().all(decimal));
    let number = fraction || digits.parse::<f64>().is_ok();
    (number && plain.contains('_')).then(|| {
        let label = format!("Python's yaml and DVC take it for {sign}{digits}");
        (label, format!("write `{sign}{digits}`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_yaml_as_python_reads_it_are_told() {
        let said = |text: &str| number_of_others(text).map(|(label, _)| label);
        let both = |number: &str| Some(format!("Python's yaml and DVC take it for {number}"));
        assert_eq!(said("1_000"), both("1000"));
        assert_eq!(said("+1_000.5"), both("1000.5"));
        assert_eq!(said("-1_0e-3"), both("-10e-3"));
        assert_eq!(
            said("-010").as_deref(),
            Some("Python's yaml takes it for -8, DVC for -10")
        );
        assert_eq!(said("09").as_deref(), Some("DVC takes it for 9"));
        for text in [
            "a_1", "1.2.3", "2024_a", "1-2", "", "-", "0", "v010", "12:30",
        ] {
            assert_eq!(said(text), None, "{text}");
        }
    }
}
