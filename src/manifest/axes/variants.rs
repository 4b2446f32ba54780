//! Variants: an axis of names, each of which sets parameters and may have axes of its own.

use std::sync::Arc;

use crate::manifest::columns::Column;
use crate::manifest::fields;
use crate::manifest::node::Content;
use crate::manifest::node::Entry;
use crate::manifest::node::Node;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::did_you_mean;

use super::Axis;
use super::Choice;
use super::Form;
use super::reader::Reader;

impl<'a> Reader<'a> {
    pub(super) fn variants(&mut self, entry: &'a Entry, node: &'a Node) -> Option<Axis> {
        // A label needs no declaration: it names what its variants set.
        let column = match self.columns.index(&entry.key) {
            Some(column) => column,
            None => {
                let label = Column::new(&entry.key, ParamType::Str, entry.key_place.clone());
                self.columns.add(label)
            }
        };
        self.columns.get_mut(column).axis = true;
        let mut choices = Vec::new();
        for variant in fields::map(node, "an axis", self.found).unwrap_or_default() {
            let name = Node {
                place: variant.key_place.clone(),
                content: Content::Scalar(Value::Str(variant.key.clone())),
            };
            let mut choice = Choice::default();
            if let Some(value) = self.value(column, &name) {
                choice.set.push((column, value));
            }
            let what = format!("variant `{}`", variant.key);
            for part in fields::map(&variant.value, &what, self.found).unwrap_or_default() {
                if part.key == "axes" {
                    choice.axes = self.axes(&part.value);
                    self.refuse_search(&choice.axes);
                    continue;
                }
                if !self.nameable(&part.key, "a parameter", &part.key_place) {
                    continue;
                }
                self.part(&part.key, &part.key_place);
                self.set.push(part.key.clone());
                let Some(set) = self.column(&part.key, &part.key_place) else {
                    continue;
                };
                if let Some(value) = self.value_of(&part.key, set, &part.value) {
                    choice.set.push((set, value));
                    let governors = &mut self.columns.get_mut(set).governors;
                    if !governors.contains(&column) {
                        governors.push(column);
                    }
                }
            }
            choices.push(choice);
        }
        Some(Axis {
            name: Arc::from(entry.key.as_str()),
            place: entry.key_place.clone(),
            form: Form::Variants,
            choices,
        })
    }

    /// Keeps the variants that a list names.
    pub(super) fn choose(&mut self, axis: &mut Axis, node: &Node) {
        let names: Vec<&Node> = match &node.content {
            Content::List(items) => items.iter().collect(),
            _ => vec![node],
        };
        let Some(column) = axis.columns().first().copied() else {
            return;
        };
        let column = self.columns.get(column);
        let mut chosen = Vec::new();
        for name in names {
            let value = name.to_value();
            let id = column.id_of(&value);
            let choice = axis
                .choices
                .iter()
                .find(|choice| choice.set.first().map(|(_, value)| *value) == id);
            match choice.filter(|_| id.is_some()) {
                Some(choice) => chosen.push(choice.clone()),
                None => {
                    let known = column.values().iter().filter_map(Value::as_str);
                    self.found.push(
                        Diagnostic::error(format!("`{}` has no variant `{value}`", axis.name))
                            .at(&name.place, "no such variant")
                            .maybe_help(did_you_mean(&value.to_string(), known, "variants")),
                    );
                }
            }
        }
        axis.choices = chosen;
    }
}
