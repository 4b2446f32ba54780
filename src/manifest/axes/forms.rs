//! The forms of an axis that give one name its values, or several in step: lists, seeds, ranges, `zip`.

use std::collections::HashMap;
use std::sync::Arc;

use crate::manifest::columns::ValueId;
use crate::manifest::fields;
use crate::manifest::fields::Fields;
use crate::manifest::node::Content;
use crate::manifest::node::Entry;
use crate::manifest::node::Node;
use crate::registry::Value;
use crate::search;
use crate::text::Diagnostic;
use crate::text::Place;
use crate::text::closest;
use crate::text::plural;

use super::Axis;
use super::Choice;
use super::Form;
use super::MOST;
use super::Replicates;
use super::files;
use super::files::Unmatched;
use super::numbers::numbers;
use super::reader::Reader;

/// The forms that are no search.
const FORMS: [&str; 7] = [
    "glob", "linspace", "logspace", "range", "rows", "seeds", "zip",
];

/// All forms: searches are named by their methods.
pub(super) fn forms() -> impl Iterator<Item = &'static str> {
    let methods = search::ALL.iter().map(|method| method.name());
    FORMS.into_iter().chain(methods)
}

/// Which form of an axis a map has: one of [`forms`], or `variants`.
pub(super) fn form_of(node: &Node) -> Option<&'static str> {
    let entries = node.as_map()?;
    for entry in entries {
        if let Some(form) = forms().find(|form| *form == entry.key) {
            return Some(form);
        }
    }
    let variant = |entry: &Entry| entry.value.is_null() || entry.value.as_map().is_some();
    let misspelt = entries.len() == 1
        && entries.iter().any(|entry| {
            let inner = entry.value.as_map().unwrap_or_default();
            let close = closest(&entry.key, forms()).is_some();
            let keys = ["from", "to", "count", "step", "space", "trials"];
            let has = |name: &str| inner.iter().any(|key| key.key == name);
            // A method that there is not is no variant that sets a parameter `space`.
            (close && keys.into_iter().any(has)) || (has("space") && has("trials"))
        });
    (!entries.is_empty() && entries.iter().all(variant) && !misspelt).then_some("variants")
}

impl<'a> Reader<'a> {
    pub(super) fn list(&mut self, entry: &'a Entry, items: &[&Node]) -> Option<Axis> {
        let column = self.column(&entry.key, &entry.key_place)?;
        if items.is_empty() {
            self.found.push(
                Diagnostic::error(format!("axis `{}` has no values", entry.key))
                    .at(&entry.value.place, "an empty list makes no cell"),
            );
        }
        self.alike(column, items);
        if let Content::List(before) = &entry.value.content {
            self.in_place_of_numbers(column, before, items);
        }
        let mut values = Vec::with_capacity(items.len());
        let mut places: HashMap<ValueId, &Place> = HashMap::new();
        for item in items {
            let Some(value) = self.value(column, item) else {
                continue;
            };
            let known = self.columns.get(column).known_as(value);
            if let Some(first) = places.insert(known, &item.place) {
                self.found.push(
                    Diagnostic::warning(format!("axis `{}` has a value twice", entry.key))
                        .at(&item.place, "again here")
                        .also(first, "first here"),
                );
                continue;
            }
            values.push(value);
        }
        Some(self.of_values(entry, column, values))
    }

    /// An axis whose choices are values of one column.
    fn of_values(&mut self, entry: &Entry, column: usize, values: Vec<ValueId>) -> Axis {
        self.columns.get_mut(column).axis = true;
        let choice = |value| Choice {
            set: vec![(column, value)],
            axes: Vec::new(),
        };
        Axis {
            name: Arc::from(entry.key.as_str()),
            place: entry.key_place.clone(),
            form: Form::Values,
            choices: values.into_iter().map(choice).collect(),
        }
    }

    pub(super) fn form(
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
                let asked = self.seeds.map(i64::from);
                let on_demand = match given.as_map() {
                    Some(_) => Some(self.replicates(given)?),
                    None => None,
                };
                let count = match on_demand {
                    Some(replicates) => Some(i64::from(replicates.count(self.replicates))),
                    None => fields::whole(given, "`seeds`", 1, MOST, self.found),
                };
                let count = asked.or(count).unwrap_or(1).clamp(1, MOST);
                let seeds = (0..count).map(Value::Int).collect();
                let mut axis = self.computed(entry, seeds, &given.place)?;
                // Those that the command line asks for are all there are to be.
                axis.form = Form::Seeds(on_demand.filter(|_| asked.is_none()));
                Some(axis)
            }
            "range" | "linspace" | "logspace" => {
                let values = numbers(form, given, self.found)?;
                self.computed(entry, values, &given.place)
            }
            "glob" => {
                let files = self.files(entry, given)?;
                self.computed(entry, files, &given.place)
            }
            "rows" => {
                let members = self.sheet(given)?;
                self.zip(entry, &members)
            }
            "zip" => self.zip(entry, given),
            method => self.search(entry, method, given),
        }
    }

    /// The files of the project that patterns match, by their paths in it, sorted by pattern.
    fn files(&mut self, entry: &Entry, given: &Node) -> Option<Vec<Value>> {
        let nodes: Vec<&Node> = match &given.content {
            Content::List(items) => items.iter().collect(),
            _ => vec![given],
        };
        let mut files: Vec<Value> = Vec::new();
        for node in nodes {
            let ty = crate::registry::ParamType::Path;
            let pattern = fields::conform(node, &ty, "`glob`", self.found)?;
            let pattern = pattern.as_str().unwrap_or_default();
            let names = match files::matching(self.files.root, pattern) {
                Ok(names) => names,
                Err(Unmatched::Pattern(why)) => {
                    self.found.push(
                        Diagnostic::error(format!("`{pattern}` is no pattern"))
                            .at(&node.place, why),
                    );
                    return None;
                }
                Err(Unmatched::Unreadable(path, why)) => {
                    let title = format!("`{}` cannot be taken: {why}", path.display());
                    self.found
                        .push(Diagnostic::error(title).at(&node.place, "matches it"));
                    return None;
                }
            };
            if names.is_empty() {
                self.found.push(
                    Diagnostic::error(format!("axis `{}` has no files", entry.key))
                        .at(&node.place, "matches nothing")
                        .help("patterns are relative to the project's folder: `data/*.png`, `data/**/*.csv`"),
                );
                return None;
            }
            for name in names {
                self.files.matched(&name);
                let file = Value::Str(name);
                if !files.contains(&file) {
                    files.push(file);
                }
            }
        }
        Some(files)
    }

    /// An axis of values that no file lists.
    fn computed(&mut self, entry: &Entry, given: Vec<Value>, place: &Place) -> Option<Axis> {
        let column = self.column(&entry.key, &entry.key_place)?;
        let what = format!("`{}`", entry.key);
        let ty = self.columns.get(column).ty.clone();
        let mut values = Vec::with_capacity(given.len());
        for value in given {
            let node = Node {
                place: place.clone(),
                content: Content::Scalar(value),
            };
            // The first that does not fit speaks for all.
            let value = fields::conform(&node, &ty, &what, self.found)?;
            let value = self.columns.get_mut(column).intern(value, place);
            values.push(value);
        }
        Some(self.of_values(entry, column, values))
    }

    /// `{until: claims, max: 30, batch: 5}`
    fn replicates(&mut self, given: &Node) -> Option<Replicates> {
        let fields = Fields::of(given, "`seeds`", &["until", "max", "batch"], self.found)?;
        let until = fields
            .get("until")
            .map_or("nothing", |node| node.as_str().unwrap_or("other"));
        if until != "claims" {
            let at = fields.get("until").map_or(&given.place, |node| &node.place);
            self.found.push(
                Diagnostic::error("`seeds` has no `until: claims`")
                    .at(at, "until what?")
                    .help("`{until: claims, max: 30, batch: 5}`, or a number of seeds"),
            );
            return None;
        }
        let Some(max) = fields.get("max") else {
            self.found.push(
                Diagnostic::error("`seeds` has no `max`")
                    .at(&given.place, "at most how many?")
                    .help("`{until: claims, max: 30, batch: 5}`"),
            );
            return None;
        };
        let most = fields::whole(max, "`max`", 2, MOST, self.found)?;
        let batch = match fields.get("batch") {
            Some(batch) => fields::whole(batch, "`batch`", 1, most, self.found)?,
            None => most.min(5),
        };
        Some(Replicates {
            most: most as u32,
            batch: batch as u32,
        })
    }

    fn zip(&mut self, entry: &Entry, given: &Node) -> Option<Axis> {
        let members = fields::map(given, "`zip`", self.found)?;
        let mut choices: Vec<Choice> = Vec::new();
        let mut first: Option<(&Entry, usize)> = None;
        for member in members {
            if !self.nameable(&member.key, "an axis", &member.key_place) {
                return None;
            }
            self.part(&member.key, &member.key_place);
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
                            .at(&member.value.place, plural(items.len(), "value"))
                            .also(&before.value.place, plural(length, "value")),
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
            self.alike(column, &items.iter().collect::<Vec<_>>());
            for (choice, item) in choices.iter_mut().zip(items) {
                if let Some(value) = self.value_of(&member.key, column, item) {
                    choice.set.push((column, value));
                }
            }
            self.columns.get_mut(column).axis = true;
        }
        // Values that were refused are none of their choice.
        let whole = |choice: &Choice| choice.set.len() == members.len();
        if self.forced.is_empty() && choices.iter().all(whole) {
            self.once(entry, members, &mut choices);
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

    /// Keeps the first of choices that are the same, and says so.
    fn once(&mut self, entry: &Entry, members: &[Entry], choices: &mut Vec<Choice>) {
        let first = members.first().and_then(|member| member.value.as_list());
        let places: Vec<&Place> = first
            .iter()
            .flat_map(|items| items.iter())
            .map(|item| &item.place)
            .collect();
        let mut at = 0;
        let mut seen: HashMap<Vec<(usize, ValueId)>, &Place> = HashMap::new();
        choices.retain(|choice| {
            let place = places[at];
            at += 1;
            let known = choice
                .set
                .iter()
                .map(|(column, value)| (*column, self.columns.get(*column).known_as(*value)));
            let first = *seen.entry(known.collect()).or_insert(place);
            let again = !std::ptr::eq(first, place);
            if again {
                self.found.push(
                    Diagnostic::warning(format!("axis `{}` has the same values twice", entry.key))
                        .at(place, "again here")
                        .also(first, "first here"),
                );
            }
            !again
        });
    }
}
