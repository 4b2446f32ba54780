//! The `${…}` in what a loop goes over.

use crate::manifest::Node;
use crate::registry::Value;

use super::interpolation::Piece;
use super::interpolation::Turn;
use super::interpolation::Way;
use super::interpolation::pieces;
use super::interpolation::shown;
use super::scope::Scope;

/// The way to the map that the values of a map are in, each under its own name.
pub(super) fn common(node: &Node) -> Option<Way> {
    let mut common: Option<Way> = None;
    for entry in node.as_map()? {
        let parts = pieces(entry.value.as_str()?);
        let [Piece::Hole(way)] = &parts[..] else {
            return None;
        };
        let (last, before) = way.0.split_last()?;
        let before = Way(before.to_vec());
        if *last != Turn::Key(entry.key.clone()) || before.0.is_empty() {
            return None;
        }
        if *common.get_or_insert_with(|| before.clone()) != before {
            return None;
        }
    }
    common
}

/// The first of the `${…}` in what is written.
pub(super) fn first_way(node: &Node) -> Option<Way> {
    let inner = node.as_list().unwrap_or_default().iter();
    let entries = node.as_map().unwrap_or_default().iter();
    let mut inner = inner.chain(entries.map(|entry| &entry.value));
    let mut own = pieces(node.as_str().unwrap_or_default()).into_iter();
    let own = own.find_map(|piece| match piece {
        Piece::Hole(way) => Some(way),
        Piece::Literal(_) => None,
    });
    own.or_else(|| inner.find_map(first_way))
}

/// Values of a loop with the `${…}` in them: those are read once.
pub(super) fn filled(value: Value, scope: &Scope) -> Value {
    match value {
        Value::Str(text) => match &pieces(&text)[..] {
            [Piece::Hole(way)] => scope.value(way).cloned().unwrap_or(Value::Str(text)),
            parts => {
                let parts = parts.iter().map(|part| match part {
                    Piece::Literal(text) => Some(text.clone()),
                    Piece::Hole(way) => scope.value(way).map(shown),
                });
                let filled: Option<String> = parts.collect();
                Value::Str(filled.unwrap_or(text))
            }
        },
        Value::List(items) => {
            Value::List(items.into_iter().map(|item| filled(item, scope)).collect())
        }
        Value::Map(entries) => {
            let entries = entries.into_iter();
            Value::Map(
                entries
                    .map(|(name, value)| (name, filled(value, scope)))
                    .collect(),
            )
        }
        other => other,
    }
}
