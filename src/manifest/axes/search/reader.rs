//! A search as a manifest writes it.

use std::sync::Arc;

use crate::manifest::columns::ABSENT;
use crate::manifest::columns::ValueId;
use crate::manifest::fields;
use crate::manifest::fields::Fields;
use crate::manifest::node::Content;
use crate::manifest::node::Entry;
use crate::manifest::node::Node;
use crate::registry::Value;
use crate::search::Domain;
use crate::search::Point;
use crate::search::Proposed;
use crate::search::find;
use crate::text::Diagnostic;

use super::Search;
use super::TrialCell;
use super::fields::BUDGET;
use super::fields::wrong_value;
use super::has_budget;
use crate::manifest::axes::Axis;
use crate::manifest::axes::Choice;
use crate::manifest::axes::Form;
use crate::manifest::axes::MOST;
use crate::manifest::axes::forms::form_of;
use crate::manifest::axes::reader::Reader;

/// The keys of every search.
const KEYS: [&str; 7] = [
    "space",
    "trials",
    "minimize",
    "maximize",
    "statistic",
    "parallel",
    "seed",
];

/// Trials that are under way at once, where the manifest does not say.
const PARALLEL: usize = 4;

/// Whether this gives a search some of its keys anew, `{trials: 8}`, and is none itself.
pub(in crate::manifest::axes) fn changes(search: &Node, by: &Node) -> bool {
    let Some(method) = form_of(search).and_then(find) else {
        return false;
    };
    let own = method.params();
    let is_key = |name: &str| {
        let of_budget = name == BUDGET && has_budget(method);
        KEYS.contains(&name) || of_budget || own.iter().any(|param| param.name == name)
    };
    let changes = by.as_map().unwrap_or_default();
    !changes.is_empty() && changes.iter().all(|change| is_key(&change.key))
}

/// A search with some of its keys replaced, by one after another; none where it is no search.
pub(in crate::manifest::axes) fn changed(
    search: &Node,
    by: &[&Node],
) -> Option<(&'static str, Node)> {
    let method = find(form_of(search)?)?;
    let entries = search.as_map()?;
    let entry = entries.iter().find(|entry| entry.key == method.name())?;
    let mut node = entry.value.clone();
    let Content::Map(entries) = &mut node.content else {
        return None;
    };
    for change in by.iter().filter_map(|by| by.as_map()).flatten() {
        entries.retain(|entry| entry.key != change.key);
        entries.push(change.clone());
    }
    Some((method.name(), node))
}

impl Reader<'_> {
    pub(in crate::manifest::axes) fn search(
        &mut self,
        entry: &Entry,
        method: &str,
        node: &Node,
    ) -> Option<Axis> {
        let method = find(method)?;
        if let Some(other) = &self.search {
            self.found.push(
                Diagnostic::error("two searches in one experiment")
                    .at(&entry.key_place, "the second")
                    .also(&other.place, "the first")
                    .help("one search may have any number of parameters under `space`"),
            );
            return None;
        }
        let what = format!("`{}`", method.name());
        let own = method.params();
        let mut keys: Vec<&str> = KEYS
            .into_iter()
            .chain(own.iter().map(|param| param.name))
            .collect();
        if has_budget(method) {
            keys.push(BUDGET);
        }
        let fields = Fields::of(node, &what, &keys, self.found)?;
        // What is wrong with one key does not hide what is wrong with another.
        let params = self.method_params(method, &fields, &what, node);
        let trials = self.trials(method, &fields, &what, node);
        let parallel = fields
            .get("parallel")
            .map_or(Some(PARALLEL as i64), |node| {
                fields::whole(node, "`parallel`", 1, MOST, self.found)
            });
        let seed = fields.get("seed").map_or(Some(0), |node| {
            fields::whole(node, "`seed`", 0, i64::MAX, self.found)
        });
        let statistic = self.statistic(&fields);
        let objectives = self.objectives(method, &fields, &what, node);
        let space = self.space(&fields, &what, node);
        let budget = match has_budget(method) {
            true => Some(self.budget(method, params.as_ref(), &fields, &what, node)),
            false => None,
        };
        let (space, mut columns, space_text) = space?;
        let budget = match budget {
            Some(budget) => Some(budget?),
            None => None,
        };
        columns.extend(budget.as_ref().map(|budget| budget.column));
        let mut search = Search {
            name: Arc::from(entry.key.as_str()),
            place: entry.key_place.clone(),
            method,
            params: params?,
            space,
            space_text,
            trials: trials?,
            seed: seed? as u64,
            parallel: parallel? as usize,
            objectives: objectives?,
            statistic: statistic?,
            columns,
            budget,
            deciding: std::mem::take(&mut self.deciding),
            points: Vec::new(),
            cells: Vec::new(),
        };
        self.tell_who_never_has_all(&search, &fields, node);
        let proposed = match self.proposed {
            Some(proposed) => Ok(proposed.clone()),
            None => search.study().propose(&[], |_, _| None),
        };
        let proposed = match proposed {
            Ok(proposed) => proposed,
            Err(error) => {
                self.found.push(wrong_value(error, &fields, node));
                return None;
            }
        };
        let choices = self.place(&mut search, proposed);
        self.search = Some(search);
        Some(Axis {
            name: Arc::from(entry.key.as_str()),
            place: entry.key_place.clone(),
            form: Form::Search,
            choices,
        })
    }

    /// Gives a search its trials, each at the rungs that it has come to.
    fn place(&mut self, search: &mut Search, proposed: Proposed) -> Vec<Choice> {
        let mut choices = Vec::with_capacity(proposed.points.len());
        for (trial, point) in proposed.points.iter().enumerate() {
            let of_point = self.coordinates(search, point);
            let highest = proposed.highest.get(trial).copied().unwrap_or_default();
            let rungs = match &search.budget {
                None => 0..=0,
                Some(budget) => {
                    let (_, first) = budget.halving.place(trial);
                    first..=highest.clamp(first, budget.halving.last())
                }
            };
            let refused = proposed.refused.contains(point);
            for rung in rungs {
                let mut coordinates = of_point.clone();
                if let Some(budget) = &search.budget {
                    let amount = budget.halving.budgets()[rung];
                    let column = self.columns.get_mut(budget.column);
                    let amount = Value::Int(amount as i64);
                    let amount = column.ty.conform(amount.clone()).unwrap_or(amount);
                    let place = column.place.clone();
                    coordinates.push(column.intern(amount, &place));
                }
                let columns = search.columns.iter().copied();
                let set = columns.zip(coordinates.clone()).collect();
                let axes = Vec::new();
                choices.extend((!refused).then_some(Choice { set, axes }));
                search.cells.push(TrialCell {
                    trial,
                    rung,
                    coordinates,
                    refused,
                });
            }
        }
        search.points = proposed.points;
        self.know_choices(search);
        for column in &search.columns {
            self.columns.get_mut(*column).axis = true;
        }
        choices
    }

    /// The coordinates of a point on the columns of a search.
    fn coordinates(&mut self, search: &Search, point: &Point) -> Vec<ValueId> {
        let names = search.parameters();
        let of = |(name, column): (&str, &usize)| match point.get(name) {
            Some(value) => self.coordinate(*column, value),
            None => ABSENT,
        };
        names.zip(&search.columns).map(of).collect()
    }

    fn coordinate(&mut self, column: usize, value: &Value) -> ValueId {
        let column = self.columns.get_mut(column);
        let value = column.canonical(value.clone());
        let place = column.place.clone();
        column.intern(value, &place)
    }

    /// What may still be proposed is known, in claims, `exclude` and filters: choices have a name, behind those
    /// that have been proposed.
    fn know_choices(&mut self, search: &Search) {
        for (parameter, column) in search.space.parameters().iter().zip(&search.columns) {
            if let Domain::Choice(choices) = &parameter.domain {
                for choice in choices {
                    self.coordinate(*column, choice);
                }
            }
            self.columns.get_mut(*column).searched = Some(parameter.domain.clone());
        }
    }

    /// A search that stands where there may be none.
    pub(in crate::manifest::axes) fn refuse_search(&mut self, axes: &[Axis]) {
        for axis in axes.iter().filter(|axis| axis.form == Form::Search) {
            self.found.push(
                Diagnostic::error(format!("the search `{}` belongs to a variant", axis.name))
                    .at(&axis.place, "searches stand directly under `axes`")
                    .help("the variant can be a parameter of the search: a list under `space`"),
            );
        }
    }
}
