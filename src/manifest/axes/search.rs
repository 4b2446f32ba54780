//! An axis whose values are proposed trial by trial: `{tpe: {space: …, trials: 64, minimize: score.loss}}`.

use std::sync::Arc;

use crate::manifest::columns::ABSENT;
use crate::manifest::columns::ValueId;
use crate::manifest::fields;
use crate::manifest::fields::Fields;
use crate::manifest::node::Content;
use crate::manifest::node::Entry;
use crate::manifest::node::Node;
use crate::registry::Default;
use crate::registry::ParamType;
use crate::registry::ParamValue;
use crate::registry::Values;
use crate::registry::choices;
use crate::search::Direction;
use crate::search::Method;
use crate::search::Point;
use crate::search::Proposed;
use crate::search::Space;
use crate::search::Study;
use crate::search::find;
use crate::text::Diagnostic;
use crate::text::Place;

use super::Axis;
use super::Choice;
use super::Form;
use super::MOST;
use super::forms::form_of;
use super::reader::Reader;

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

choices! {
    /// What makes one number of the replicates of a trial.
    pub enum Statistic {
        /// Their mean.
        Mean = "mean",
        /// Their median.
        Median = "median",
        /// The smallest.
        Min = "min",
        /// The largest.
        Max = "max",
    }
}

/// One number to optimise: `score.loss`.
#[derive(Clone, Debug)]
pub struct Objective {
    pub stage: String,
    pub column: String,
    pub direction: Direction,
    /// Where the manifest names it.
    pub place: Place,
}

/// A search as the manifest has it, with the trials that are known.
#[derive(Clone)]
pub struct Search {
    /// The name of its axis.
    pub name: Arc<str>,
    pub place: Place,
    pub method: &'static dyn Method,
    /// The method's own parameters.
    pub params: Values,
    pub space: Space,
    /// What the space is, as text: two that are equal are one.
    pub space_text: String,
    pub trials: usize,
    pub seed: u64,
    pub parallel: usize,
    /// None only where the method needs none.
    pub objectives: Vec<Objective>,
    pub statistic: Statistic,
    /// The columns of the parameters, in the order of the space.
    pub columns: Vec<usize>,
    /// Parameters that decide whether others are there.
    pub deciding: Vec<String>,
    /// The trials that are known.
    pub points: Vec<Point>,
    /// By trial: its coordinates on the columns.
    pub coordinates: Vec<Vec<ValueId>>,
}

impl std::fmt::Debug for Search {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: {} of {}",
            self.name,
            self.method.name(),
            self.trials
        )
    }
}

impl Search {
    pub fn study(&self) -> Study<'_> {
        Study {
            method: self.method,
            params: &self.params,
            space: &self.space,
            trials: self.trials,
            seed: self.seed,
            parallel: self.parallel,
        }
    }
}

/// A search with some of its keys replaced; none where this is not meant.
pub(super) fn changed(search: &Node, by: &Node) -> Option<(&'static str, Node)> {
    let method = find(form_of(search)?)?;
    let inside = |node: &Node| {
        let entries = node.as_map()?;
        let entry = entries.iter().find(|entry| entry.key == method.name())?;
        Some(entry.value.clone())
    };
    let own = method.params();
    let is_key = |name: &str| KEYS.contains(&name) || own.iter().any(|param| param.name == name);
    let changes = by.as_map().filter(|changes| !changes.is_empty())?;
    if !changes.iter().all(|change| is_key(&change.key)) {
        return None;
    }
    let mut node = inside(search)?;
    let Content::Map(entries) = &mut node.content else {
        return None;
    };
    for change in changes {
        entries.retain(|entry| entry.key != change.key);
        entries.push(change.clone());
    }
    Some((method.name(), node))
}

impl Reader<'_> {
    pub(super) fn search(&mut self, entry: &Entry, method: &str, node: &Node) -> Option<Axis> {
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
        if method.params().iter().any(|param| param.name == "eta") {
            self.found.push(
                Diagnostic::error(format!("{what} searches are not available yet"))
                    .at(&node.place, "not understood by this version")
                    .help(
                        "`tpe`, `random`, `sobol` and `halton` give every trial the whole budget",
                    ),
            );
            return None;
        }
        let own = method.params();
        let keys: Vec<&str> = KEYS
            .into_iter()
            .chain(own.iter().map(|param| param.name))
            .collect();
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
        let (space, columns, space_text) = space?;
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
            deciding: std::mem::take(&mut self.deciding),
            points: Vec::new(),
            coordinates: Vec::new(),
        };
        let proposed = match self.proposed {
            Some(points) => Ok(Proposed {
                points: points.iter().take(search.trials).cloned().collect(),
                exhausted: false,
            }),
            None => search.study().propose(&[], |_| None),
        };
        search.points = match proposed {
            Ok(proposed) => proposed.points,
            Err(error) => {
                let place = fields
                    .get(error.name)
                    .map_or(&node.place, |node| &node.place);
                self.found.push(
                    Diagnostic::error(format!("wrong value of `{}`", error.name))
                        .at(place, error.why),
                );
                return None;
            }
        };
        let mut choices = Vec::with_capacity(search.points.len());
        for point in &search.points {
            let coordinates = self.coordinates(&search, point);
            let set = search.columns.iter().copied().zip(coordinates.clone());
            choices.push(Choice {
                set: set.collect(),
                axes: Vec::new(),
            });
            search.coordinates.push(coordinates);
        }
        for column in &search.columns {
            self.columns.get_mut(*column).axis = true;
        }
        self.search = Some(search);
        Some(Axis {
            name: Arc::from(entry.key.as_str()),
            place: entry.key_place.clone(),
            form: Form::Search,
            choices,
        })
    }

    /// The coordinates of a point on the columns of a search.
    fn coordinates(&mut self, search: &Search, point: &Point) -> Vec<ValueId> {
        let names = search.space.parameters().iter().map(|p| p.name.as_str());
        let of = |(name, column): (&str, &usize)| {
            let Some(value) = point.get(name) else {
                return ABSENT;
            };
            let column = self.columns.get_mut(*column);
            let value = match column.ty {
                ParamType::Any => value.clone().whole_numbers(),
                _ => column.ty.conform(value.clone()).unwrap_or(value.clone()),
            };
            let place = column.place.clone();
            column.intern(value, &place)
        };
        names.zip(&search.columns).map(of).collect()
    }

    fn trials(
        &mut self,
        method: &dyn Method,
        fields: &Fields<'_>,
        what: &str,
        node: &Node,
    ) -> Option<usize> {
        let Some(given) = fields.get("trials") else {
            self.found.push(
                Diagnostic::error(format!("{what} has no `trials`"))
                    .at(&node.place, "how many points are to be tried?")
                    .help("for example `trials: 64`; more can be added later"),
            );
            return None;
        };
        let trials = fields::whole(given, "`trials`", 1, MOST, self.found)? as usize;
        match method.limit().filter(|limit| trials > *limit) {
            Some(limit) => {
                self.found.push(
                    Diagnostic::error(format!("{what} has no points for so many trials"))
                        .at(&given.place, format!("the most is {limit}")),
                );
                None
            }
            None => Some(trials),
        }
    }

    fn statistic(&mut self, fields: &Fields<'_>) -> Option<Statistic> {
        let Some(node) = fields.get("statistic") else {
            return Some(Statistic::Mean);
        };
        let value = fields::conform(node, &Statistic::ty(), "`statistic`", self.found)?;
        Statistic::of(&value)
    }

    /// The method's own parameters.
    fn method_params(
        &mut self,
        method: &dyn Method,
        fields: &Fields<'_>,
        what: &str,
        node: &Node,
    ) -> Option<Values> {
        let mut values = Values::new();
        let mut complete = true;
        for param in method.params() {
            let value = match (fields.get(param.name), param.default) {
                (Some(node), _) => {
                    let name = format!("`{}`", param.name);
                    let value = fields::conform(node, &param.ty, &name, self.found);
                    complete &= value.is_some();
                    value
                }
                (None, Default::Value(value)) => Some(value),
                (None, Default::Absent) => None,
                (None, Default::Required) => {
                    self.found.push(
                        Diagnostic::error(format!("{what} has no `{}`", param.name))
                            .at(&node.place, param.doc),
                    );
                    complete = false;
                    None
                }
            };
            if let Some(value) = value {
                values.insert(param.name.to_owned(), value);
            }
        }
        complete.then_some(values)
    }

    /// What `minimize` and `maximize` name.
    fn objectives(
        &mut self,
        method: &dyn Method,
        fields: &Fields<'_>,
        what: &str,
        node: &Node,
    ) -> Option<Vec<Objective>> {
        let mut objectives: Vec<Objective> = Vec::new();
        let directions = [
            ("minimize", Direction::Minimize),
            ("maximize", Direction::Maximize),
        ];
        for (key, direction) in directions {
            let Some(given) = fields.get(key) else {
                continue;
            };
            let named = given.as_list().unwrap_or(std::slice::from_ref(given));
            for node in named {
                let text = fields::text(node, &format!("`{key}`"), self.found)?;
                let Some((stage, column)) = text.split_once('.') else {
                    self.found.push(
                        Diagnostic::error(format!("`{text}` is not `stage.column`"))
                            .at(&node.place, "which number of which stage?")
                            .help("for example `score.loss`: the number `loss` that the stage `score` leaves"),
                    );
                    return None;
                };
                let objective = Objective {
                    stage: stage.to_owned(),
                    column: column.to_owned(),
                    direction,
                    place: node.place.clone(),
                };
                let same = |other: &&Objective| other.stage == stage && other.column == column;
                if let Some(other) = objectives.iter().find(same) {
                    self.found.push(
                        Diagnostic::error(format!("`{text}` is an objective twice"))
                            .at(&node.place, "again here")
                            .also(&other.place, "first here"),
                    );
                    return None;
                }
                objectives.push(objective);
            }
        }
        if objectives.is_empty() && method.learns() {
            self.found.push(
                Diagnostic::error(format!("{what} has nothing to optimise"))
                    .at(&node.place, "neither `minimize` nor `maximize`")
                    .help("for example `minimize: score.loss`"),
            );
            return None;
        }
        Some(objectives)
    }

    /// A search that stands where there may be none.
    pub(super) fn refuse_search(&mut self, axes: &[Axis]) {
        for axis in axes.iter().filter(|axis| axis.form == Form::Search) {
            self.found.push(
                Diagnostic::error(format!("the search `{}` belongs to a variant", axis.name))
                    .at(&axis.place, "searches stand directly under `axes`")
                    .help("the variant can be a parameter of the search: a list under `space`"),
            );
        }
    }
}
