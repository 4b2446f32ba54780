//! The two sinks of the traversal: the message whose digest is the key, and its parts for people.

use std::collections::HashMap;

use crate::plan::InputItem;
use crate::registry::Value;
use crate::store::Digest;
use crate::store::KeyParts;

/// A part's value.
pub(super) enum Part<'p> {
    Text(&'p str),
    Number(u64),
    Value(&'p Value),
    Content(Option<Digest>),
}

/// What the traversal of a step is fed to.
pub(super) trait Sink {
    fn part(&mut self, group: &'static str, name: &str, value: Part<'_>);
    /// An item of a slot: its position among several, its coordinates in a reduction.
    fn item(
        &mut self,
        slot: &str,
        position: Option<usize>,
        item: Option<&InputItem>,
        content: Option<Digest>,
    );
}

/// The message whose digest is the key. Everything is preceded by its length or a tag, so that no
/// two traversals make one message.
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Bytes {
    fn text(&mut self, text: &str) {
        self.0.extend_from_slice(&(text.len() as u32).to_le_bytes());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn content(&mut self, content: Option<Digest>) {
        match content {
            Some(digest) => {
                self.0.push(b'd');
                self.0.extend_from_slice(digest.as_bytes());
            }
            None => self.0.push(b'0'),
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.0.push(b'n'),
            Value::Bool(value) => self.0.extend_from_slice(&[b'b', u8::from(*value)]),
            Value::Int(value) => {
                self.0.push(b'i');
                self.0.extend_from_slice(&value.to_le_bytes());
            }
            Value::Float(value) => {
                self.0.push(b'f');
                self.0.extend_from_slice(&value.to_bits().to_le_bytes());
            }
            Value::Str(value) => {
                self.0.push(b's');
                self.text(value);
            }
            Value::List(values) => {
                self.0.push(b'l');
                self.0
                    .extend_from_slice(&(values.len() as u32).to_le_bytes());
                values.iter().for_each(|value| self.value(value));
            }
            Value::Map(values) => {
                self.0.push(b'm');
                self.0
                    .extend_from_slice(&(values.len() as u32).to_le_bytes());
                for (key, value) in values {
                    self.text(key);
                    self.value(value);
                }
            }
        }
    }
}

impl Sink for Bytes {
    fn part(&mut self, group: &'static str, name: &str, value: Part<'_>) {
        self.text(group);
        self.text(name);
        match value {
            Part::Text(text) => {
                self.0.push(b't');
                self.text(text);
            }
            Part::Number(number) => {
                self.0.push(b'u');
                self.0.extend_from_slice(&number.to_le_bytes());
            }
            Part::Value(value) => self.value(value),
            Part::Content(content) => self.content(content),
        }
    }

    fn item(
        &mut self,
        _slot: &str,
        _position: Option<usize>,
        item: Option<&InputItem>,
        content: Option<Digest>,
    ) {
        // Slot and position are known from the number of items before.
        match item {
            Some(item) => {
                self.0.push(b'c');
                self.0
                    .extend_from_slice(&(item.cell.0.len() as u32).to_le_bytes());
                for (axis, value) in item.cell.iter() {
                    self.text(axis);
                    self.value(value);
                }
            }
            None => self.0.push(b'-'),
        }
        self.content(content);
    }
}

/// The parts by name, for people.
#[derive(Default)]
pub(super) struct Explanation {
    parts: KeyParts,
    /// By reduced slot: the message of its coordinates in their order, which the parts by name
    /// would lose.
    orders: HashMap<String, Bytes>,
}

impl Explanation {
    pub(super) fn finish(mut self) -> KeyParts {
        for (slot, order) in self.orders {
            let digest = Digest::of(&order.0).short();
            self.parts.insert(format!("input.{slot}.order"), digest);
        }
        self.parts
    }
}

impl Sink for Explanation {
    fn part(&mut self, group: &'static str, name: &str, value: Part<'_>) {
        let text = match value {
            Part::Text(text) => text.to_owned(),
            Part::Number(number) => number.to_string(),
            // Text as it is, everything else in a form that tells `1` from `1.0` from `"1"`.
            Part::Value(value) => serde_json::to_string(value).unwrap_or_default(),
            Part::Content(content) => content.map_or("missing".to_owned(), Digest::to_hex),
        };
        self.parts.insert(format!("{group}.{name}"), text);
    }

    fn item(
        &mut self,
        slot: &str,
        position: Option<usize>,
        item: Option<&InputItem>,
        content: Option<Digest>,
    ) {
        let name = match (item, position) {
            (Some(item), _) => {
                let mut order = Bytes(Vec::new());
                for (axis, value) in item.cell.iter() {
                    order.text(axis);
                    order.value(value);
                }
                if position.is_some() {
                    let all = self.orders.entry(slot.to_owned());
                    all.or_insert_with(|| Bytes(Vec::new())).0.extend(order.0);
                }
                format!("input.{slot}[{}]", item.cell)
            }
            (None, Some(position)) => format!("input.{slot}.{position}"),
            (None, None) => format!("input.{slot}"),
        };
        // Two stages of a union may have one cell.
        let mut unique = name.clone();
        let mut number = 2;
        while self.parts.contains_key(&unique) {
            unique = format!("{name}#{number}");
            number += 1;
        }
        let text = content.map_or("missing".to_owned(), Digest::to_hex);
        self.parts.insert(unique, text);
    }
}
