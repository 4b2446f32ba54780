//! Every name of an experiment with its values: an axis is a parameter that takes several.
//!
//! Values are interned by column, so that cells are rows of small numbers, and two values are one
//! exactly where their numbers are.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use foldhash::HashMap;
use foldhash::HashMapExt;

use crate::registry::ParamType;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Place;
use crate::text::closest;
use crate::text::did_you_mean;
use crate::text::list_of;

use super::expression::Expression;

/// The value of a column in a cell; [`ABSENT`] where the cell has none.
pub type ValueId = u32;

/// Above this not every whole number is a float.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// No value.
pub const ABSENT: ValueId = u32::MAX;

/// One name: a parameter, an axis, or both.
#[derive(Debug)]
pub struct Column {
    pub name: Arc<str>,
    pub ty: ParamType,
    /// Where it is declared, or first given values.
    pub place: Place,
    /// Whether its values are coordinates.
    pub axis: bool,
    /// Its position in the rows of cells, where it is not the same in all of them.
    pub(super) position: Option<usize>,
    /// Its value where a cell sets none.
    pub(super) constant: ValueId,
    /// For a parameter that variants set: the columns of those variants.
    pub(super) governors: Vec<usize>,
    values: Vec<Value>,
    /// Where each value was first written.
    places: Vec<Place>,
    known: HashMap<Value, ValueId>,
}

impl Column {
    pub(super) fn new(name: &str, ty: ParamType, place: Place) -> Self {
        Column {
            name: Arc::from(name),
            ty,
            place,
            axis: false,
            position: None,
            constant: ABSENT,
            governors: Vec::new(),
            values: Vec::new(),
            places: Vec::new(),
            known: HashMap::new(),
        }
    }

    /// The number of a value, which must be in canonical form.
    pub(super) fn intern(&mut self, value: Value, place: &Place) -> ValueId {
        if value == Value::Null {
            return ABSENT;
        }
        let next = self.values.len() as ValueId;
        match self.known.entry(value) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                self.values.push(new.key().clone());
                self.places.push(place.clone());
                *new.insert(next)
            }
        }
    }

    /// The number of a value, which must be in canonical form; none where no cell has it.
    pub fn id_of(&self, value: &Value) -> Option<ValueId> {
        let known = |value: &Value| self.known.get(value).copied();
        // Without a declared type, `1` and `1.0` are two texts and one number.
        known(value).or_else(|| match value {
            Value::Int(whole) => known(&Value::Float(*whole as f64)),
            Value::Float(number) if number.fract() == 0.0 && number.abs() < EXACT => {
                known(&Value::Int(*number as i64))
            }
            _ => None,
        })
    }

    pub fn value(&self, id: ValueId) -> Option<&Value> {
        self.values.get(id as usize)
    }

    /// Its value where a cell sets none; [`ABSENT`] where there is none.
    pub fn constant(&self) -> ValueId {
        self.constant
    }

    /// Where a value was first written.
    pub fn place_of(&self, id: ValueId) -> Option<&Place> {
        self.places.get(id as usize)
    }

    /// A number as the manifest writes it, where that is another text than its own: `1e-3`.
    pub fn written(&self, id: ValueId) -> Option<&str> {
        let value = self.value(id)?;
        let number = value.as_float()?;
        let text = self.place_of(id)?.text().trim();
        let plain = text.trim_start_matches('+').replace('_', "");
        // A value of a range has the place of the range; an octal number is not read by `parse`.
        let same = plain.parse::<f64>().is_ok_and(|read| read == number);
        (same && text != value.to_string()).then_some(text)
    }

    /// All its values, in the order in which they were written.
    pub fn values(&self) -> &[Value] {
        &self.values
    }
}

/// All names of an experiment.
#[derive(Debug, Default)]
pub struct Columns {
    list: Vec<Column>,
    by_name: HashMap<Arc<str>, usize>,
}

impl Columns {
    pub fn get(&self, index: usize) -> &Column {
        &self.list[index]
    }

    pub(super) fn get_mut(&mut self, index: usize) -> &mut Column {
        &mut self.list[index]
    }

    pub fn index(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Column> {
        self.list.iter()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|column| &*column.name)
    }

    /// What is to be said of a name in an expression that is no column.
    pub fn undefined(&self, expression: &Expression, name: &str) -> Diagnostic {
        let place = expression.place();
        // The name itself rather than all of `${…}`, where quoting leaves it to be found.
        let place = match place.text().rfind(name) {
            Some(at) => place.part(at..at + name.len()),
            None => place.clone(),
        };
        let text = Value::Str(name.to_owned());
        let is_value = self
            .list
            .iter()
            .any(|column| column.known.contains_key(&text));
        let help = if is_value {
            Some(format!("text is quoted in expressions: '{name}'"))
        } else if self.list.is_empty() {
            Some(format!(
                "declare `{name}` under `params`, or give it values under `axes`"
            ))
        } else {
            did_you_mean(name, self.names(), "known names")
        };
        Diagnostic::error(format!("unknown name `{name}`"))
            .at(&place, "no such parameter or axis")
            .maybe_help(help)
    }

    /// What is to be said of a parameter that nobody declared. In a manifest with stages of its
    /// own names declare themselves, so that this can only be one of the command line.
    pub(super) fn undeclared(&self, name: &str, place: &Place, inline: bool) -> Diagnostic {
        let (who, how) = match inline {
            true => ("experiment", "declare it under `params:`"),
            false => ("pipeline", "declare it under the pipeline's `params:`"),
        };
        let help = match closest(name, self.names()) {
            Some(close) => format!("did you mean `{close}`?"),
            None if self.list.is_empty() => how.to_owned(),
            None => format!("it declares: {}; {how}", list_of(self.names())),
        };
        Diagnostic::error(format!("unknown parameter `{name}`"))
            .at(place, format!("the {who} declares no parameter `{name}`"))
            .help(help)
    }

    /// Adds a column; the known one where the name is known.
    pub(super) fn add(&mut self, column: Column) -> usize {
        if let Some(known) = self.index(&column.name) {
            return known;
        }
        let index = self.list.len();
        self.by_name.insert(Arc::clone(&column.name), index);
        self.list.push(column);
        index
    }

    /// The columns whose coordinates decide the value of this one: itself for an axis, variants
    /// for what they set, none for a constant.
    pub fn axes_of(&self, index: usize) -> &[usize] {
        &self.list[index].governors
    }

    /// Settles what decides what, once all axes are read.
    pub(super) fn settle(&mut self) {
        for index in 0..self.list.len() {
            if self.list[index].axis {
                self.list[index].governors = vec![index];
            }
        }
    }
}
