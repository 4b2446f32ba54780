//! What stands in a `dvc.yaml`, by its kind: texts, lists, maps, and what is none where one is wanted.

use crate::manifest::Entry;
use crate::manifest::Node;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::closest;

/// A text with its place.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub text: String,
    pub place: Place,
}

/// What cannot be done here, at its place.
pub(super) fn remark(
    found: &mut Diagnostics,
    place: &Place,
    title: impl Into<String>,
    label: impl Into<String>,
    help: impl Into<String>,
) {
    let help = help.into();
    let help = (!help.is_empty()).then_some(help);
    found.push(Diagnostic::warning(title).at(place, label).maybe_help(help));
}

pub(super) fn unknown(key: &str, place: &Place, known: &[&str], found: &mut Diagnostics) {
    let meant = closest(key, known.iter().copied());
    let help = meant.map(|meant| format!("did you mean `{meant}`?"));
    remark(
        found,
        place,
        format!("`{key}` is left out"),
        "no key of dvc.yaml that is known here",
        help.unwrap_or_default(),
    );
}

pub(super) fn items<'n>(entry: &'n Entry, found: &mut Diagnostics) -> &'n [Node] {
    match entry.value.as_list() {
        Some(items) => items,
        None if entry.value.is_null() => &[],
        None => {
            wrong(entry, "a list", found);
            &[]
        }
    }
}

pub(super) fn map<'n>(entry: &'n Entry, found: &mut Diagnostics) -> &'n [Entry] {
    match entry.value.as_map() {
        Some(entries) => entries,
        None if entry.value.is_null() => &[],
        None => {
            wrong(entry, "a map", found);
            &[]
        }
    }
}

pub(super) fn wrong(entry: &Entry, wanted: &str, found: &mut Diagnostics) {
    let what = entry.value.type_name();
    found.push(
        Diagnostic::error(format!("`{}` is {wanted}", entry.key))
            .at(&entry.value.place, format!("this is {what}")),
    );
}

/// A scalar as text: a name such as `2020` is one.
pub(super) fn text(node: &Node) -> Option<Text> {
    let text = match node.to_value() {
        Value::Null | Value::List(_) | Value::Map(_) => return None,
        Value::Str(text) => text,
        other => other.to_string(),
    };
    let place = node.place.clone();
    Some(Text { text, place })
}

pub(super) fn truth(entry: &Entry, found: &mut Diagnostics) -> bool {
    entry.value.to_value().as_bool().unwrap_or_else(|| {
        wrong(entry, "`true` or `false`", found);
        false
    })
}
