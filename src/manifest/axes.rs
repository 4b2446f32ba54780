//! Axes: the forms in which a manifest gives a name several values.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::registry::ParamType;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::closest;
use crate::text::did_you_mean;

use super::columns::Column;
use super::columns::Columns;
use super::columns::ValueId;
use super::fields;
use super::fields::Fields;
use super::node::Content;
use super::node::Entry;
use super::node::Node;

/// More values than this on one axis are a slip of the keyboard.
const MOST: i64 = 1_000_000;

/// A dimension of the grid.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub name: Arc<str>,
    pub place: Place,
    pub form: Form,
    pub choices: Vec<Choice>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    Values,
    Seeds,
    Zip,
    Variants,
}

/// One way to be on an axis: what it sets, and which axes exist only there.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    pub set: Vec<(usize, ValueId)>,
    pub axes: Vec<Axis>,
}

impl Axis {
    /// The columns that an axis gives coordinates, without those of its variants' own axes.
    pub fn columns(&self) -> Vec<usize> {
        let first = self.choices.first();
        match self.form {
            Form::Variants => {
                let first = first.and_then(|choice| choice.set.first());
                first.map(|(column, _)| *column).into_iter().collect()
            }
            _ => {
                let set = first
                    .map(|choice| choice.set.as_slice())
                    .unwrap_or_default();
                set.iter().map(|(column, _)| *column).collect()
            }
        }
    }

    /// How many cells it makes.
    pub fn size(&self) -> u64 {
        let sizes = self.choices.iter().map(|choice| product(&choice.axes));
        sizes.fold(0, u64::saturating_add)
    }
}

/// How many cells the axes make together.
pub(super) fn product(axes: &[Axis]) -> u64 {
    axes.iter().map(Axis::size).fold(1, u64::saturating_mul)
}

/// Reads axes into columns.
pub(super) struct Reader<'a> {
    pub columns: &'a mut Columns,
    /// Whether names must be declared by the pipeline.
    pub closed: bool,
    /// Axes that the profile gives.
    pub profile: &'a [Entry],
    /// Axes that the command line gives: stronger than the profile's.
    pub chosen: &'a [Entry],
    /// Parameters of the command line: they win over everything.
    pub forced: BTreeMap<&'a str, &'a Node>,
    /// How many seeds every seed axis has, from the command line.
    pub seeds: Option<u32>,
    /// Names that occurred as an axis or in variants.
    pub seen: Vec<String>,
    pub found: &'a mut Diagnostics,
}

impl<'a> Reader<'a> {
    /// All axes of an experiment.
    pub fn read(&mut self, node: Option<&'a Node>) -> Vec<Axis> {
        let mut axes = match node {
            Some(node) => self.axes(node),
            None => Vec::new(),
        };
        // What replaces nothing is an axis of its own.
        for entry in self.profile {
            if !self.seen.contains(&entry.key) {
                axes.extend(self.axis(entry));
            }
        }
        // A new name declares itself in a manifest only: here it is a slip of the keyboard.
        self.closed = true;
        for entry in self.chosen {
            if !self.seen.contains(&entry.key) {
                axes.extend(self.axis(entry));
            }
        }
        axes
    }

    fn axes(&mut self, node: &'a Node) -> Vec<Axis> {
        let entries = fields::map(node, "`axes`", self.found).unwrap_or_default();
        entries
            .iter()
            .filter_map(|entry| self.axis(entry))
            .collect()
    }

    fn axis(&mut self, entry: &'a Entry) -> Option<Axis> {
        let name = entry.key.as_str();
        if !fields::name(name, "an axis", &entry.key_place, self.found) {
            return None;
        }
        self.seen.push(name.to_owned());
        let axis = self.readable(entry);
        if axis.is_none() && self.columns.index(name).is_none() && !self.closed {
            // Known, so that what uses it is not told off for this.
            let poor = Column::new(name, ParamType::Any, entry.key_place.clone());
            self.columns.add(poor);
        }
        axis
    }

    fn readable(&mut self, entry: &'a Entry) -> Option<Axis> {
        let name = entry.key.as_str();
        let mut given = self.profile.iter().chain(self.chosen).rev();
        let replacement = given.find(|other| other.key == name);
        let replacement = replacement.map(|entry| &entry.value);
        let forced = self.forced.get(name).copied();
        let node = forced.or(replacement).unwrap_or(&entry.value);
        // A list of names in place of variants chooses among them.
        let original = form_of(&entry.value);
        if original == Some("variants") && form_of(node) != Some("variants") {
            let mut axis = self.variants(entry, &entry.value)?;
            self.choose(&mut axis, node);
            return Some(axis);
        }
        if forced.is_some() {
            return self.list(entry, &[node]);
        }
        match (&node.content, form_of(node)) {
            (Content::List(items), _) => {
                let items: Vec<&Node> = items.iter().collect();
                self.list(entry, &items)
            }
            (_, Some("variants")) => self.variants(entry, node),
            (Content::Map(inner), Some(form)) => self.form(entry, form, inner, node),
            (Content::Map(inner), None) => {
                let key = inner.first();
                let place = key.map_or(&node.place, |key| &key.key_place);
                let forms = FORMS.iter().copied();
                self.found.push(
                    Diagnostic::error(format!("`{name}` has no form of an axis"))
                        .at(place, "not a form of an axis")
                        .maybe_help(match key {
                            Some(key) => did_you_mean(&key.key, forms, "forms"),
                            None => Some("give it a list of values".to_owned()),
                        }),
                );
                None
            }
            (Content::Scalar(value), _) => {
                self.found.push(
                    Diagnostic::error(format!("axis `{name}` has one value"))
                        .at(&node.place, "an axis takes several")
                        .help(format!(
                            "write `[{value}]`, or put `{name}: {value}` under `params`"
                        )),
                );
                None
            }
        }
    }

    /// The column of a name; reports a name that nobody declared.
    fn column(&mut self, name: &str, place: &Place) -> Option<usize> {
        if let Some(index) = self.columns.index(name) {
            return Some(index);
        }
        if self.closed {
            self.found.push(
                Diagnostic::error(format!("unknown parameter `{name}`"))
                    .at(place, "the pipeline declares no such parameter")
                    .maybe_help(did_you_mean(name, self.columns.names(), "it declares")),
            );
            return None;
        }
        Some(
            self.columns
                .add(Column::new(name, ParamType::Any, place.clone())),
        )
    }

    /// The canonical value of a node on a column.
    fn value(&mut self, column: usize, node: &Node) -> Option<ValueId> {
        if node.is_null() {
            return Some(super::columns::ABSENT);
        }
        let known = self.columns.get(column);
        let what = format!("`{}`", known.name);
        let value = fields::conform(node, &known.ty.clone(), &what, self.found)?;
        Some(self.columns.get_mut(column).intern(value, &node.place))
    }

    /// The canonical value of a name that the command line may have forced.
    fn value_of(&mut self, name: &str, column: usize, node: &'a Node) -> Option<ValueId> {
        let node = self.forced.get(name).copied().unwrap_or(node);
        self.value(column, node)
    }

    fn list(&mut self, entry: &'a Entry, items: &[&Node]) -> Option<Axis> {
        let column = self.column(&entry.key, &entry.key_place)?;
        if items.is_empty() {
            self.found.push(
                Diagnostic::error(format!("axis `{}` has no values", entry.key))
                    .at(&entry.value.place, "an empty list makes no cell"),
            );
        }
        self.settle_type(column, items);
        let mut choices: Vec<Choice> = Vec::with_capacity(items.len());
        let mut places: std::collections::HashMap<ValueId, &Place> = Default::default();
        for item in items {
            let Some(value) = self.value(column, item) else {
                continue;
            };
            if let Some(first) = places.insert(value, &item.place) {
                self.found.push(
                    Diagnostic::warning(format!("axis `{}` has a value twice", entry.key))
                        .at(&item.place, "again here")
                        .also(first, "first here"),
                );
                continue;
            }
            choices.push(Choice {
                set: vec![(column, value)],
                axes: Vec::new(),
            });
        }
        self.columns.get_mut(column).axis = true;
        Some(Axis {
            name: Arc::from(entry.key.as_str()),
            place: entry.key_place.clone(),
            form: Form::Values,
            choices,
        })
    }

    /// The type of an undeclared name is that of its values: whole numbers beside others are
    /// numbers.
    fn settle_type(&mut self, column: usize, items: &[&Node]) {
        let column = self.columns.get_mut(column);
        if column.ty != ParamType::Any || column.is_bound() {
            return;
        }
        let number = |node: &&Node| match &node.content {
            Content::Scalar(value) => value.as_float().is_some(),
            _ => false,
        };
        let fraction = |node: &&Node| matches!(node.content, Content::Scalar(Value::Float(_)));
        if items.iter().all(number) && items.iter().any(fraction) {
            column.ty = ParamType::Float {
                min: None,
                max: None,
            };
        }
    }

    fn form(
        &mut self,
        entry: &'a Entry,
        form: &str,
        inner: &'a [Entry],
        node: &'a Node,
    ) -> Option<Axis> {
        if let Some(other) = inner.iter().find(|other| other.key != form) {
            self.found.push(
                Diagnostic::error(format!("axis `{}` has two forms", entry.key))
                    .at(&other.key_place, format!("beside `{form}`")),
            );
            return None;
        }
        let given = inner.first().map_or(node, |entry| &entry.value);
        match form {
            "seeds" => {
                let most = self.seeds.map(i64::from);
                let count = fields::whole(given, "`seeds`", 1, MOST, self.found);
                let count = most.or(count).unwrap_or(1).clamp(1, MOST);
                let seeds = (0..count).map(Value::Int).collect();
                let mut axis = self.computed(entry, seeds, &given.place)?;
                axis.form = Form::Seeds;
                Some(axis)
            }
            "range" | "linspace" | "logspace" => {
                let values = numbers(form, given, self.found)?;
                self.computed(entry, values, &given.place)
            }
            "zip" => self.zip(entry, given),
            search => {
                self.found.push(
                    Diagnostic::error(format!("`{search}` searches are not available yet"))
                        .at(&given.place, "not understood by this version")
                        .help("give the axis a list of values"),
                );
                self.column(&entry.key, &entry.key_place);
                None
            }
        }
    }

    /// An axis of values that no file lists.
    fn computed(&mut self, entry: &Entry, values: Vec<Value>, place: &Place) -> Option<Axis> {
        let column = self.column(&entry.key, &entry.key_place)?;
        let what = format!("`{}`", entry.key);
        let mut choices = Vec::with_capacity(values.len());
        for value in values {
            let node = Node {
                place: place.clone(),
                content: Content::Scalar(value),
            };
            let ty = self.columns.get(column).ty.clone();
            // The first that does not fit speaks for all.
            let value = fields::conform(&node, &ty, &what, self.found)?;
            let value = self.columns.get_mut(column).intern(value, place);
            choices.push(Choice {
                set: vec![(column, value)],
                axes: Vec::new(),
            });
        }
        self.columns.get_mut(column).axis = true;
        Some(Axis {
            name: Arc::from(entry.key.as_str()),
            place: entry.key_place.clone(),
            form: Form::Values,
            choices,
        })
    }

    fn zip(&mut self, entry: &'a Entry, given: &'a Node) -> Option<Axis> {
        let members = fields::map(given, "`zip`", self.found)?;
        let mut choices: Vec<Choice> = Vec::new();
        let mut first: Option<(&Entry, usize)> = None;
        for member in members {
            if !fields::name(&member.key, "an axis", &member.key_place, self.found) {
                return None;
            }
            self.seen.push(member.key.clone());
            let Some(items) = member.value.as_list() else {
                self.found.push(
                    Diagnostic::error(format!("`{}` is zipped, so it is a list", member.key)).at(
                        &member.value.place,
                        format!("this is {}", member.value.type_name()),
                    ),
                );
                return None;
            };
            match first {
                Some((before, length)) if length != items.len() => {
                    self.found.push(
                        Diagnostic::error("zipped lists have different lengths")
                            .at(
                                &member.value.place,
                                crate::text::plural(items.len(), "value"),
                            )
                            .also(&before.value.place, crate::text::plural(length, "value")),
                    );
                    return None;
                }
                Some(_) => {}
                None => {
                    first = Some((member, items.len()));
                    choices.resize_with(items.len(), Choice::default);
                }
            }
            let column = self.column(&member.key, &member.key_place)?;
            self.settle_type(column, &items.iter().collect::<Vec<_>>());
            for (choice, item) in choices.iter_mut().zip(items) {
                if let Some(value) = self.value_of(&member.key, column, item) {
                    choice.set.push((column, value));
                }
            }
            self.columns.get_mut(column).axis = true;
        }
        if choices.is_empty() {
            self.found.push(
                Diagnostic::error(format!("axis `{}` zips nothing", entry.key))
                    .at(&given.place, "no values"),
            );
        }
        Some(Axis {
            name: Arc::from(entry.key.as_str()),
            place: entry.key_place.clone(),
            form: Form::Zip,
            choices,
        })
    }

    fn variants(&mut self, entry: &'a Entry, node: &'a Node) -> Option<Axis> {
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
                    continue;
                }
                if !fields::name(&part.key, "a parameter", &part.key_place, self.found) {
                    continue;
                }
                self.seen.push(part.key.clone());
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
    fn choose(&mut self, axis: &mut Axis, node: &Node) {
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

const FORMS: [&str; 9] = [
    "asha", "linspace", "logspace", "random", "range", "seeds", "sobol", "tpe", "zip",
];

/// Which form of an axis a map has: one of [`FORMS`], or `variants`.
fn form_of(node: &Node) -> Option<&'static str> {
    let entries = node.as_map()?;
    for entry in entries {
        if let Some(form) = FORMS.iter().find(|form| **form == entry.key) {
            return Some(form);
        }
    }
    let variant = |entry: &Entry| entry.value.is_null() || entry.value.as_map().is_some();
    let misspelt = entries.len() == 1
        && entries.iter().any(|entry| {
            let inner = entry.value.as_map().unwrap_or_default();
            let close = closest(&entry.key, FORMS).is_some();
            close
                && inner
                    .iter()
                    .any(|key| ["from", "to", "count", "step"].contains(&key.key.as_str()))
        });
    (!entries.is_empty() && entries.iter().all(variant) && !misspelt).then_some("variants")
}

/// The values of `range`, `linspace` and `logspace`: from the first to the last, both included.
fn numbers(form: &str, node: &Node, found: &mut Diagnostics) -> Option<Vec<Value>> {
    let third = if form == "range" { "step" } else { "count" };
    let number = ParamType::Float {
        min: None,
        max: None,
    };
    let parts: Vec<Option<&Node>> = match &node.content {
        Content::List(items) if (2..=3).contains(&items.len()) => {
            (0..3).map(|index| items.get(index)).collect()
        }
        Content::Map(_) => {
            let fields = Fields::of(node, &format!("`{form}`"), &["from", "to", third], found)?;
            ["from", "to", third].map(|key| fields.get(key)).to_vec()
        }
        _ => Vec::new(),
    };
    let [Some(from), Some(to), last] = parts[..] else {
        found.push(
            Diagnostic::error(format!("`{form}` is `[from, to, {third}]`"))
                .at(&node.place, "wrong form"),
        );
        return None;
    };
    let whole = [Some(from), Some(to), last]
        .into_iter()
        .flatten()
        .all(|node| matches!(node.content, Content::Scalar(Value::Int(_))));
    let mut float = |node: &Node| {
        let what = format!("`{form}`");
        fields::conform(node, &number, &what, found)?.as_float()
    };
    let (start, end) = (float(from)?, float(to)?);
    if form == "range" {
        let step = match last {
            Some(step) => float(step)?,
            None => 1.0,
        };
        let count = ((end - start) / step + 1e-9).floor();
        if !(count >= 0.0 && count < MOST as f64) {
            found.push(Diagnostic::error("`range` never ends or holds nothing").at(
                &node.place,
                format!("from {start} to {end} in steps of {step}"),
            ));
            return None;
        }
        let value = |index: i64| start + step * index as f64;
        let values = (0..=count as i64).map(|index| match whole {
            true => Value::Int(value(index) as i64),
            false => Value::Float(decimal(value(index))),
        });
        return Some(values.collect());
    }
    let Some(last) = last else {
        found.push(
            Diagnostic::error(format!("`{form}` is `[from, to, count]`"))
                .at(&node.place, "how many values?"),
        );
        return None;
    };
    let count = fields::whole(last, "`count`", 1, MOST, found)?;
    if form == "logspace" && !(start > 0.0 && end > 0.0) {
        found.push(
            Diagnostic::error("`logspace` is between numbers above 0")
                .at(&node.place, format!("from {start} to {end}"))
                .help("its ends are the values themselves, not exponents"),
        );
        return None;
    }
    let part = |index: i64| index as f64 / (count - 1).max(1) as f64;
    let values = (0..count).map(|index| {
        let value = match form {
            // The ends exactly as written.
            _ if index == 0 => start,
            _ if index == count - 1 => end,
            "linspace" => start + (end - start) * part(index),
            _ => (start.ln() + (end.ln() - start.ln()) * part(index)).exp(),
        };
        Value::Float(decimal(value))
    });
    Some(values.collect())
}

/// The number to 12 significant digits: 0.1 + 0.2 is meant to be 0.3, and names cells.
fn decimal(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}
