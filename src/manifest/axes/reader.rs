//! From the nodes of a manifest, a profile and the command line to axes and their columns.

use std::collections::BTreeMap;

use crate::manifest::columns::ABSENT;
use crate::manifest::columns::Column;
use crate::manifest::columns::Columns;
use crate::manifest::columns::ValueId;
use crate::manifest::fields;
use crate::manifest::node::Content;
use crate::manifest::node::Entry;
use crate::manifest::node::Node;
use crate::manifest::project::Files;
use crate::manifest::spelling::Spelling;
use crate::registry::ParamType;
use crate::search::Proposed;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::did_you_mean;

use super::Axis;
use super::Form;
use super::forms::form_of;
use super::forms::forms;
use super::search;
use super::search::Search;

/// Reads axes into columns.
pub(in crate::manifest) struct Reader<'a> {
    pub columns: &'a mut Columns,
    /// Of the project.
    pub files: &'a Files<'a>,
    /// Whether the manifest has stages of its own, where a name declares itself.
    pub inline: bool,
    /// Whether names must be declared.
    pub closed: bool,
    /// Axes that the profile gives.
    pub profile: &'a [Entry],
    /// Axes that the command line gives: stronger than the profile's.
    pub chosen: &'a [Entry],
    /// Parameters of the command line: they win over everything.
    pub forced: BTreeMap<&'a str, &'a Node>,
    /// How many seeds every seed axis has, from the command line.
    pub seeds: Option<u32>,
    /// How many replicates the claims are known to need.
    pub replicates: Option<u32>,
    /// The trials of the search that earlier runs have come to.
    pub proposed: Option<&'a Proposed>,
    /// The search, once its axis is read: there is one at most.
    pub search: Option<Search>,
    /// Parameters of the search that decide whether others are there.
    pub deciding: Vec<String>,
    /// Names that occurred as an axis or in variants.
    pub seen: Vec<String>,
    /// Those that have an axis of their own.
    pub own: Vec<String>,
    /// Where those stand that an axis of another name gives values: in `zip`, a variant, a search.
    pub parts: Vec<(String, Place)>,
    /// Those that a variant sets: cells of other variants have the parameter's value.
    pub set: Vec<String>,
    /// The names of axes of the manifest in whose place the command line or a profile gives others.
    pub replaced: Vec<(String, Place)>,
    pub found: &'a mut Diagnostics,
}

impl<'a> Reader<'a> {
    /// All axes of an experiment.
    pub(crate) fn read(&mut self, node: Option<&'a Node>) -> Vec<Axis> {
        let mut axes = match node {
            Some(node) => self.axes(node),
            None => Vec::new(),
        };
        // What replaces nothing is an axis of its own.
        for entry in self.profile {
            match self.seen.contains(&entry.key) {
                true => self.part_of_an_axis(entry),
                false => axes.extend(self.axis(entry)),
            }
        }
        // A new name declares itself in a manifest only: here it is a slip of the keyboard.
        self.closed = true;
        for entry in self.chosen {
            match self.seen.contains(&entry.key) {
                true => self.part_of_an_axis(entry),
                false => axes.extend(self.axis(entry)),
            }
        }
        // What `exclude`, `include` and conditions say of an axis that is no more is no slip.
        for (name, place) in std::mem::take(&mut self.replaced) {
            // One within a parameter has the parameter's value where it is no axis.
            if self.columns.index(&name).is_some() || !name.contains('.') {
                let gone = Column::new(&name, ParamType::Any, place);
                let column = self.columns.add(gone);
                self.columns.get_mut(column).replaced = true;
            }
        }
        axes
    }

    /// Refuses an axis in place of none: the name has its values from an axis of another name.
    fn part_of_an_axis(&mut self, entry: &Entry) {
        let name = &entry.key;
        if self.own.contains(name) {
            return;
        }
        let wrong = Diagnostic::error(format!("`{name}` has no axis of its own"))
            .at(&entry.key_place, "these values would not be taken");
        let part = self.parts.iter().find(|(part, _)| part == name);
        let wrong = match part {
            Some((_, place)) => wrong.also(place, "part of another axis"),
            None => wrong,
        };
        self.found.push(wrong.help(format!(
            "give the whole of that axis, or one value to all cells: `-p {name}=…`"
        )));
    }

    /// Notes a name that an axis of another name gives values.
    pub(super) fn part(&mut self, name: &str, place: &Place) {
        self.seen.push(name.to_owned());
        self.parts.push((name.to_owned(), place.clone()));
    }

    pub(super) fn axes(&mut self, node: &'a Node) -> Vec<Axis> {
        let entries = fields::map(node, "`axes`", self.found).unwrap_or_default();
        entries
            .iter()
            .filter_map(|entry| self.axis(entry))
            .collect()
    }

    fn axis(&mut self, entry: &'a Entry) -> Option<Axis> {
        let name = entry.key.as_str();
        if !self.nameable(name, "an axis", &entry.key_place) {
            return None;
        }
        self.seen.push(name.to_owned());
        self.own.push(name.to_owned());
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
        let mut node = &entry.value;
        let (mut among, mut changes) = (None, Vec::new());
        let given = self.profile.iter().chain(self.chosen);
        for given in given.filter(|other| other.key == name) {
            let given = &given.value;
            let variants = [form_of(node), form_of(given)].map(|form| form == Some("variants"));
            // Some keys of a search in place of others: `{trials: 8}`.
            if search::changes(node, given) {
                changes.push(given);
            } else if variants == [true, false] {
                // A list of names in place of variants chooses among them.
                among = Some(given);
            } else {
                (node, among) = (given, None);
                changes.clear();
            }
        }
        let forced = self.forced.get(name).copied();
        let among = forced
            .or(among)
            .filter(|_| form_of(node) == Some("variants"));
        let own = std::ptr::eq(node, &entry.value) && forced.is_none() && among.is_none();
        let axis = match (among, forced) {
            (Some(among), _) => {
                let mut axis = self.variants(entry, node)?;
                self.choose(&mut axis, among);
                axis
            }
            (None, Some(forced)) => self.list(entry, &[forced])?,
            (None, None) => match (&changes[..], search::changed(node, &changes)) {
                ([_, ..], Some((method, changed))) => self.search(entry, method, &changed)?,
                _ => self.formed(entry, node)?,
            },
        };
        let of_seeds = matches!(axis.form, Form::Seeds(_)) && self.seeds.is_some();
        if !own || of_seeds {
            self.replaced.extend(names_within(entry));
            for column in axis.columns() {
                self.columns.get_mut(column).held = true;
            }
        }
        Some(axis)
    }

    fn formed(&mut self, entry: &'a Entry, node: &'a Node) -> Option<Axis> {
        let name = entry.key.as_str();
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
                let forms = forms();
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
    pub(super) fn column(&mut self, name: &str, place: &Place) -> Option<usize> {
        if let Some(index) = self.columns.index(name) {
            return Some(index);
        }
        if self.closed {
            self.found
                .push(self.columns.undeclared(name, place, self.inline));
            return None;
        }
        Some(
            self.columns
                .add(Column::new(name, ParamType::Any, place.clone())),
        )
    }

    /// The canonical value of a node on a column.
    pub(super) fn value(&mut self, column: usize, node: &Node) -> Option<ValueId> {
        if node.is_null() {
            return Some(ABSENT);
        }
        let known = self.columns.get(column);
        let what = format!("`{}`", known.name);
        let value = fields::given(node, &known.ty.clone(), &what, self.found)?;
        let column = self.columns.get_mut(column);
        Some(column.intern_as(value, &node.place, Spelling::of(node)))
    }

    /// The canonical value of a name that the command line may have forced.
    pub(super) fn value_of(&mut self, name: &str, column: usize, node: &Node) -> Option<ValueId> {
        let forced = self.forced.get(name).copied();
        self.columns.get_mut(column).held |= forced.is_some();
        self.value(column, forced.unwrap_or(node))
    }
}

/// The names that an axis of the manifest gives values, in whatever form: its own, those of a `zip`, of a search, of
/// variants and of their axes.
fn names_within(axis: &Entry) -> Vec<(String, Place)> {
    let of = |entry: &Entry| (entry.key.clone(), entry.key_place.clone());
    let mut names = vec![of(axis)];
    let inner = axis.value.as_map().unwrap_or_default();
    let maps = inner
        .iter()
        .filter_map(|entry| Some((entry, entry.value.as_map()?)));
    for (entry, inner) in maps {
        let key = |name: &str| inner.iter().find(|entry| entry.key == name);
        let searched = key("space").and_then(|space| space.value.as_map());
        match (form_of(&axis.value), entry.key.as_str()) {
            (Some("variants"), _) => {
                let axes = key("axes").and_then(|axes| axes.value.as_map());
                names.extend(axes.unwrap_or_default().iter().flat_map(names_within));
            }
            (_, "zip") => names.extend(inner.iter().map(of)),
            _ => names.extend(searched.unwrap_or_default().iter().map(of)),
        }
    }
    names
}
