//! `params: {file: params.yaml}`: values of a YAML, JSON or TOML file, of which only those count that
//! stages use.

use std::path::Path;
use std::sync::Arc;

use toml_edit::Document;
use toml_edit::Item;
use toml_edit::Value as Toml;

use crate::manifest::node::Content;
use crate::manifest::node::Entry;
use crate::manifest::node::Node;
use crate::manifest::project;
use crate::manifest::project::Files;
use crate::manifest::yaml;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::Source;

/// Whether an entry of `params` names a file rather than gives a value.
pub(super) fn is_file(entry: &Entry) -> bool {
    entry.key == "file" && names_one(entry.value.as_str().unwrap_or_default())
}

/// Whether this is the name of a file that parameters can be in.
pub(crate) fn names_one(text: &str) -> bool {
    let endings = [".yaml", ".yml", ".json", ".toml"];
    endings.iter().any(|ending| text.ends_with(ending))
}

/// Refuses a list of files in place of one.
pub(super) fn refuse_several(params: &[Entry], found: &mut Diagnostics) {
    for entry in params.iter().filter(|entry| entry.key == "file") {
        let files = entry.value.as_list().unwrap_or_default();
        let names = |file: &Node| names_one(file.as_str().unwrap_or_default());
        if !files.is_empty() && files.iter().all(names) {
            found.push(
                Diagnostic::error("parameters come from one file")
                    .at(&entry.value.place, "a list")
                    .help("put what the others hold into it, or under `params`"),
            );
        }
    }
}

/// The values of the file that `params` names; none where it names none, or is no map.
pub(super) fn read(
    params: &[Entry],
    files: &Files<'_>,
    manifest: &Path,
    found: &mut Diagnostics,
) -> Vec<Entry> {
    let Some(named) = params.iter().find(|entry| is_file(entry)) else {
        return Vec::new();
    };
    let text = named.value.as_str().unwrap_or_default();
    let root = files.root;
    // Beside the manifest, as its pipeline, or in the project, as all else.
    let beside = project::normal(&manifest.parent().unwrap_or(root).join(text));
    let inside = project::normal(&root.join(text));
    let path = match beside.is_file() || !inside.starts_with(root) {
        true => beside,
        false => inside,
    };
    let source = match files.read(&path, Some(&named.value.place)) {
        Ok(source) => source,
        Err(diagnostic) => {
            found.push(diagnostic);
            return Vec::new();
        }
    };
    match values_of(&source) {
        Ok(node) => match node.content {
            Content::Map(entries) => entries,
            _ if node.is_null() => Vec::new(),
            _ => {
                found.push(
                    Diagnostic::error(format!("`{text}` holds no parameters"))
                        .at(&node.place, format!("this is {}", node.type_name()))
                        .help("a map of names and values is wanted"),
                );
                Vec::new()
            }
        },
        Err(problems) => {
            found.extend(problems);
            Vec::new()
        }
    }
}

/// What stands in the place of a value that is to be given, as Hydra and OmegaConf have it.
pub(crate) const MANDATORY: &str = "???";

/// The ways to such values, and their places.
pub(super) fn mandatory(entries: &[Entry], before: &str, ways: &mut Vec<(String, Place)>) {
    for entry in entries {
        let way = format!("{before}{}", entry.key);
        match &entry.value.content {
            Content::Map(inner) => mandatory(inner, &format!("{way}."), ways),
            _ if entry.value.as_str() == Some(MANDATORY) => {
                ways.push((way, entry.value.place.clone()));
            }
            _ => {}
        }
    }
}

/// The values of a file by its ending, TOML or else YAML, which JSON is too.
///
/// # Errors
/// What is wrong with its text.
pub(crate) fn values_of(source: &Arc<Source>) -> Result<Node, Diagnostics> {
    match source
        .path
        .extension()
        .is_some_and(|ending| ending == "toml")
    {
        true => toml(source).map_err(|wrong| {
            let mut all = Diagnostics::new();
            all.push(wrong);
            all
        }),
        false => yaml::read_foreign_values(source),
    }
}

fn toml(source: &Arc<Source>) -> Result<Node, Diagnostic> {
    let document = Document::parse(source.text.as_str()).map_err(|error| {
        let place = Place {
            source: Arc::clone(source),
            range: error.span().unwrap_or(0..0),
        };
        Diagnostic::error("this is not TOML").at(&place, error.message().trim())
    })?;
    Ok(table(document.as_table(), source))
}

fn table(table: &dyn toml_edit::TableLike, source: &Arc<Source>) -> Node {
    let entries = table.iter().map(|(key, item)| {
        let value = match item {
            Item::Value(value) => of_value(value, source),
            Item::Table(inner) => self::table(inner, source),
            Item::ArrayOfTables(items) => Node {
                place: place(source, items.span()),
                content: Content::List(items.iter().map(|one| self::table(one, source)).collect()),
            },
            Item::None => scalar(Value::Null, place(source, None)),
        };
        Entry {
            key: key.to_owned(),
            key_place: value.place.clone(),
            value,
        }
    });
    Node {
        place: place(source, None),
        content: Content::Map(entries.collect()),
    }
}

fn place(source: &Arc<Source>, range: Option<std::ops::Range<usize>>) -> Place {
    Place {
        source: Arc::clone(source),
        range: range.unwrap_or(0..0),
    }
}

fn scalar(value: Value, place: Place) -> Node {
    Node {
        place,
        content: Content::Scalar(value),
    }
}

fn of_value(value: &Toml, source: &Arc<Source>) -> Node {
    let place = place(source, value.span());
    match value {
        Toml::String(text) => scalar(Value::from(text.value().as_str()), place),
        Toml::Integer(number) => scalar(Value::Int(*number.value()), place),
        Toml::Float(number) => scalar(Value::Float(*number.value()), place),
        Toml::Boolean(truth) => scalar(Value::Bool(*truth.value()), place),
        Toml::Datetime(time) => scalar(Value::from(time.value().to_string().as_str()), place),
        Toml::Array(items) => Node {
            place,
            content: Content::List(items.iter().map(|one| of_value(one, source)).collect()),
        },
        Toml::InlineTable(inner) => Node {
            place,
            ..table(inner, source)
        },
    }
}
