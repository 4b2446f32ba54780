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
use crate::search::Domain;
use crate::text::Diagnostic;
use crate::text::Place;
use crate::text::closest;
use crate::text::did_you_mean;
use crate::text::list_of;

use super::expression::Expression;
use super::spelling::Spelling;

/// The value of a column in a cell; [`ABSENT`] where the cell has none.
pub type ValueId = u32;

/// What is said of `params: {file: samples.tsv}`.
pub(crate) const FILE_THAT_IS_NONE: &str = "`file` under `params` is a parameter: a file of parameters ends in `.yaml`, `.yml`, `.json` or `.toml`";

/// No value.
pub const ABSENT: ValueId = u32::MAX;

/// One name: a parameter, an axis, or both.
#[derive(Clone, Debug)]
pub struct Column {
    pub name: Arc<str>,
    pub ty: ParamType,
    /// Where it is declared, or first given values.
    pub place: Place,
    /// Whether its values are coordinates.
    pub axis: bool,
    /// Whether the command line or a profile says which values it has: `include` brings no others.
    pub(super) held: bool,
    /// Whether the manifest has an axis of this name that the command line or a profile may have taken away.
    pub(super) replaced: bool,
    /// What a search may give it.
    pub(super) searched: Option<Domain>,
    /// Its position in the rows of cells, where it is not the same in all of them.
    pub(super) position: Option<usize>,
    /// Its value where a cell sets none.
    pub(super) constant: ValueId,
    /// For a parameter that variants set: the columns of those variants.
    pub(super) governors: Vec<usize>,
    /// For a value within a parameter, `optim.lr`: that parameter, and the way from there.
    pub(super) within: Option<(usize, Vec<String>)>,
    values: Vec<Value>,
    /// Where each value was first written.
    places: Vec<Place>,
    known: HashMap<Value, ValueId>,
    /// Those that are not written as we would.
    spelled: HashMap<ValueId, Spelling>,
    /// Those that had another form, and so other keys, until a number became one value whatever gives it: the `1.0` of a
    /// `linspace`, in that form.
    former: HashMap<ValueId, Value>,
    /// By the number by which a value is known: its others, of other spellings.
    alike: HashMap<ValueId, Vec<ValueId>>,
    /// Of those with others, the coordinates.
    settled: Vec<ValueId>,
}

impl Column {
    pub(super) fn new(name: &str, ty: ParamType, place: Place) -> Self {
        Column {
            name: Arc::from(name),
            ty,
            place,
            axis: false,
            held: false,
            replaced: false,
            searched: None,
            position: None,
            constant: ABSENT,
            governors: Vec::new(),
            within: None,
            values: Vec::new(),
            places: Vec::new(),
            known: HashMap::new(),
            spelled: HashMap::new(),
            former: HashMap::new(),
            alike: HashMap::new(),
            settled: Vec::new(),
        }
    }

    /// A value that a search proposes, in canonical form.
    pub(super) fn canonical(&self, value: Value) -> Value {
        match self.ty {
            ParamType::Any => value.whole_numbers(),
            _ => self.ty.conform(value.clone()).unwrap_or(value),
        }
    }

    /// The number of a value, which must be in canonical form; of one that no list of the manifest gives, or that is
    /// written as its place says.
    pub(super) fn intern(&mut self, value: Value, place: &Place) -> ValueId {
        let spelling = Spelling::of_text(place.text(), &value);
        self.intern_as(value, place, spelling)
    }

    /// The number of a value, which must be in canonical form, and of how it is written: `1` and `1.0` are one
    /// value with two numbers.
    pub(super) fn intern_as(&mut self, value: Value, place: &Place, spelling: Spelling) -> ValueId {
        if value == Value::Null {
            return ABSENT;
        }
        let (value, spelling, former) = match self.ty.whole_numbers(&value) {
            Some(one) => {
                let spelling = spelling.in_value(&value).with_fractions("", &value);
                (one, spelling, Some(value))
            }
            None => (value, spelling, None),
        };
        let spelling = spelling.in_value(&value);
        let next = self.values.len() as ValueId;
        match self.known.entry(value) {
            Entry::Occupied(known) => {
                let plain = Spelling::default();
                let of = |id: &ValueId| self.spelled.get(id).unwrap_or(&plain);
                let alike = self.alike.get(known.get()).into_iter().flatten();
                let mut same = alike.copied();
                let same = match *of(known.get()) == spelling {
                    true => Some(*known.get()),
                    false => same.find(|id| *of(id) == spelling),
                };
                if let Some(same) = same {
                    if let Some(former) = former {
                        self.former.entry(same).or_insert(former);
                    }
                    return same;
                }
                self.alike.entry(*known.get()).or_default().push(next);
                self.values.push(known.key().clone());
            }
            Entry::Vacant(new) => {
                self.values.push(new.key().clone());
                new.insert(next);
            }
        }
        self.places.push(place.clone());
        if !spelling.is_empty() {
            self.spelled.insert(next, spelling);
        }
        if let Some(former) = former {
            self.former.insert(next, former);
        }
        next
    }

    /// The form that a value had formerly, where it was another one.
    pub fn former(&self, id: ValueId) -> Option<&Value> {
        self.former.get(&id)
    }

    /// Whether any of its values had another form.
    pub fn has_former(&self) -> bool {
        !self.former.is_empty()
    }

    /// Whether a search may give it a value that no trial has yet.
    pub(super) fn may_come_to(&self, value: &Value) -> bool {
        let domain = self.searched.as_ref();
        domain.is_some_and(|domain| domain.contains(value))
    }

    /// How a value is written.
    pub(super) fn spelling(&self, id: ValueId) -> Spelling {
        self.spelled.get(&id).cloned().unwrap_or_default()
    }

    /// The number by which a value is known, however it is written.
    pub(super) fn known_as(&self, id: ValueId) -> ValueId {
        match self.value(id).filter(|_| !self.alike.is_empty()) {
            Some(value) => self.known.get(value).copied().unwrap_or(id),
            None => id,
        }
    }

    /// The same of a value that is a coordinate: one value is one there, written as its axis first has it.
    pub(super) fn coordinate(&mut self, id: ValueId) -> ValueId {
        let known = self.known_as(id);
        let Some(mut alike) = self.alike.remove(&known) else {
            return known;
        };
        if !self.settled.contains(&known) {
            alike.retain(|other| *other != id);
            if known != id {
                alike.push(known);
            }
            self.settled.push(id);
            let value = self.values[id as usize].clone();
            self.known.insert(value, id);
            self.alike.insert(id, alike);
            return id;
        }
        self.alike.insert(known, alike);
        known
    }

    /// The number of a value, which must be in canonical form; none where no cell has it.
    pub fn id_of(&self, value: &Value) -> Option<ValueId> {
        let known = |value: &Value| self.known.get(value).copied();
        // Without a declared type, `1` and `1.0` are two texts and one number, also in lists and maps.
        known(value).or_else(|| match value {
            Value::Int(whole) => known(&Value::Float(*whole as f64)),
            Value::Float(_) | Value::List(_) | Value::Map(_) => {
                known(&value.clone().whole_numbers())
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

    /// A number as the manifest writes it, where that is another text than its own: `1e-3`. `way` leads to it
    /// within the value, `.lr` or `.rates[0]`, and is empty where the value is the number.
    pub fn written(&self, id: ValueId, way: &str) -> Option<&str> {
        self.spelled.get(&id)?.text(way)
    }

    /// A value, or what is within it by a way, with numbers such as `1.0` as the fractions that they are to
    /// programs; none where it has no such number.
    pub(super) fn typed(&self, id: ValueId, way: &str) -> Option<Value> {
        let plain = Spelling::default();
        let spelling = match self.spelled.get(&id) {
            None if !self.former.contains_key(&id) => return None,
            spelling => spelling.unwrap_or(&plain),
        };
        spelling.typed(self.value(id)?, &self.ty, way)
    }

    /// All its values, in the order in which they were written.
    pub fn values(&self) -> &[Value] {
        &self.values
    }
}

/// All names of an experiment.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    list: Vec<Column>,
    by_name: HashMap<Arc<str>, usize>,
    /// Whether stages stand in the manifest beside a pipeline, which declares the names of both.
    pub(super) beside: bool,
    /// Names that a file gives values which no parameter can have, with what is to be said where they are used.
    pub(super) refused: Vec<(String, Diagnostic)>,
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
        let base = name.split('.').next();
        let mut refused = self.refused.iter();
        if let Some((_, wrong)) = refused.find(|(refused, _)| Some(refused.as_str()) == base) {
            return wrong.clone().also(&place, "used here");
        }
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
            .maybe_help(self.file_that_is_none(name))
    }

    /// Where `params: {file: …}` reads as the value of a parameter called `file`, and may have been meant for more.
    fn file_that_is_none(&self, name: &str) -> Option<String> {
        let file = self.get(self.index("file")?);
        file.value(file.constant).and_then(Value::as_str)?;
        let other = !file.axis && closest(name, self.names()).is_none();
        other.then(|| FILE_THAT_IS_NONE.to_owned())
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
            .maybe_help((name == "file").then(|| FILE_THAT_IS_NONE.to_owned()))
            .maybe_help(self.beside.then(|| {
                "beside a pipeline, the names of `stages` are declared under the pipeline's `params:` as well".to_owned()
            }))
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

    /// The same of a value within a parameter by the way to it, `optim.lr`: of the axes over values there those
    /// over it, over what it is part of, or over a part of it.
    pub fn axes_of_way(&self, way: &str) -> Vec<usize> {
        let mut parts = way.split('.');
        let Some(base) = parts.next().and_then(|name| self.index(name)) else {
            return Vec::new();
        };
        let parts: Vec<&str> = parts.collect();
        let columns = self.list.iter();
        let mut within = columns
            .filter_map(|column| {
                let (_, way) = column.within.as_ref().filter(|(of, _)| *of == base)?;
                Some((column, way))
            })
            .peekable();
        if within.peek().is_none() {
            return self.axes_of(base).to_vec();
        }
        within
            .filter(|(_, way)| way.iter().zip(&parts).all(|(a, b)| a == b))
            .flat_map(|(column, _)| column.governors.clone())
            .collect()
    }

    /// Settles what decides what, once all axes are read.
    pub(super) fn settle(&mut self) {
        for index in 0..self.list.len() {
            if self.list[index].axis {
                self.list[index].governors = vec![index];
            }
        }
        // A parameter with values within it that axes set.
        for index in 0..self.list.len() {
            let Some((base, _)) = self.list[index].within else {
                continue;
            };
            for governor in self.list[index].governors.clone() {
                if !self.list[base].governors.contains(&governor) {
                    self.list[base].governors.push(governor);
                }
            }
        }
    }
}
