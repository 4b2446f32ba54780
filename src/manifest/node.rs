//! A YAML file as a tree in which every value and every key has its place.

use crate::registry::Value;
use crate::text::Place;

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The value; of a map or list that spans lines, its first line.
    pub place: Place,
    pub content: Content,
}

/// What stands at a node.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Null, a truth value, a number or text.
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub key: String,
    pub key_place: Place,
    pub value: Node,
}

impl Node {
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.content, Content::Scalar(Value::Null))
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(value) => value.as_str(),
            _ => None,
        }
    }

    pub(crate) fn as_list(&self) -> Option<&[Node]> {
        match &self.content {
            Content::List(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_map(&self) -> Option<&[Entry]> {
        match &self.content {
            Content::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// What this is, in the words of messages.
    pub(crate) fn type_name(&self) -> &'static str {
        match &self.content {
            Content::Scalar(Value::Null) => "nothing",
            Content::Scalar(value) => value.type_name(),
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }

    /// The value without places.
    pub(crate) fn to_value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => Value::List(items.iter().map(Node::to_value).collect()),
            Content::Map(entries) => {
                let entries = entries.iter();
                let entries = entries.map(|entry| (entry.key.clone(), entry.value.to_value()));
                Value::Map(entries.collect())
            }
        }
    }

    /// The place of a part of the value; as deep as the way leads.
    pub(crate) fn place_of(&self, path: &[crate::registry::Part]) -> &Place {
        use crate::registry::Part;
        let Some((first, rest)) = path.split_first() else {
            return &self.place;
        };
        let child = match (first, &self.content) {
            (Part::Index(index), Content::List(items)) => items.get(*index),
            (Part::Key(key), Content::Map(entries)) => entries
                .iter()
                .find(|entry| entry.key == *key)
                .map(|entry| &entry.value),
            _ => None,
        };
        child.map_or(&self.place, |child| child.place_of(rest))
    }
}
