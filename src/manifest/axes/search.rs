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
use crate::registry::Value;
use crate::registry::Values;
use crate::registry::choices;
use crate::search::Direction;
use crate::search::Halving;
use crate::search::Method;
use crate::search::Point;
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

/// What searches with a budget have beside: the name of the parameter.
const BUDGET: &str = "budget";

/// Whether a method gives most trials a part of the budget.
pub(in crate::manifest) fn has_budget(method: &dyn Method) -> bool {
    method.params().iter().any(|param| param.name == "factor")
}

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

/// A parameter of which most trials of a search get a part: epochs, updates.
#[derive(Clone, Debug)]
pub struct Budget {
    pub name: String,
    pub column: usize,
    /// How much there is at each rung, and who goes on to the next.
    pub halving: Halving,
    /// All of it.
    pub whole: Value,
}

/// A trial at a rung: what stands at its place on the axis of the search.
#[derive(Clone, Debug)]
pub struct TrialCell {
    pub trial: usize,
    /// 0 where there is no budget.
    pub rung: usize,
    /// On the columns of the parameters, then on that of the budget.
    pub coordinates: Vec<ValueId>,
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
    /// The columns of the parameters, in the order of the space, then that of the budget.
    pub columns: Vec<usize>,
    pub budget: Option<Budget>,
    /// Parameters that decide whether others are there.
    pub deciding: Vec<String>,
    /// The trials that are known.
    pub points: Vec<Point>,
    /// The trials with all rungs that they have come to.
    pub cells: Vec<TrialCell>,
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
            halving: self.budget.as_ref().map(|budget| &budget.halving),
        }
    }

    /// By trial: the highest rung that it has come to.
    pub fn highest(&self) -> Vec<usize> {
        let mut highest = vec![0; self.points.len()];
        for cell in &self.cells {
            highest[cell.trial] = highest[cell.trial].max(cell.rung);
        }
        highest
    }

    /// Whether results change which points are proposed.
    pub fn looks_back(&self) -> bool {
        self.method.looks_back(&self.params, self.trials)
    }

    /// The names of the parameters, without that of the budget.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.space
            .parameters()
            .iter()
            .map(|parameter| parameter.name.as_str())
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
    let is_key = |name: &str| {
        let of_budget = name == BUDGET && has_budget(method);
        KEYS.contains(&name) || of_budget || own.iter().any(|param| param.name == name)
    };
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
        let proposed = match self.proposed {
            Some(proposed) => Ok(proposed.clone()),
            None => search.study().propose(&[], |_, _| None),
        };
        let mut proposed = match proposed {
            Ok(proposed) => proposed,
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
        proposed.points.truncate(search.trials);
        let mut choices = Vec::with_capacity(proposed.points.len());
        for (trial, point) in proposed.points.iter().enumerate() {
            let of_point = self.coordinates(&search, point);
            let highest = proposed.highest.get(trial).copied().unwrap_or_default();
            let rungs = match &search.budget {
                None => 0..=0,
                Some(budget) => {
                    let (_, first) = budget.halving.place(trial);
                    first..=highest.clamp(first, budget.halving.last())
                }
            };
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
                choices.push(Choice {
                    set: search
                        .columns
                        .iter()
                        .copied()
                        .zip(coordinates.clone())
                        .collect(),
                    axes: Vec::new(),
                });
                search.cells.push(TrialCell {
                    trial,
                    rung,
                    coordinates,
                });
            }
        }
        search.points = proposed.points;
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
        let names = search.parameters();
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

    /// The parameter that is the budget, and its rungs.
    fn budget(
        &mut self,
        method: &dyn Method,
        params: Option<&Values>,
        fields: &Fields<'_>,
        what: &str,
        node: &Node,
    ) -> Option<Budget> {
        let Some(given) = fields.get(BUDGET) else {
            self.found.push(
                Diagnostic::error(format!("{what} has no `{BUDGET}`"))
                    .at(&node.place, "of which parameter do most trials get a part?")
                    .help("for example `budget: epochs`, with the most and the least of it: `min: 1, max: 27`"),
            );
            return None;
        };
        let name = fields::text(given, &format!("`{BUDGET}`"), self.found)?;
        if !self.nameable(name, "a parameter", &given.place) {
            return None;
        }
        if let Some(space) = fields.get("space").and_then(Node::as_map)
            && let Some(searched) = space.iter().find(|entry| entry.key == name)
        {
            self.found.push(
                Diagnostic::error(format!("`{name}` is the budget, and it is searched"))
                    .at(&searched.key_place, "searched here")
                    .also(&given.place, "the budget here"),
            );
            return None;
        }
        self.seen.push(name.to_owned());
        let column = self.column(name, &given.place)?;
        // A value of the command line is all that any trial gets.
        let forced = self.forced.get(name).copied();
        let mut values = params?.clone();
        if let Some(forced) = forced {
            let amount = fields::whole(forced, &format!("`{name}`"), 1, i64::MAX, self.found)?;
            for end in ["min", "max"] {
                values.insert(end.to_owned(), Value::Int(amount));
            }
        }
        let halving = match method.halving(&values) {
            Ok(halving) => halving?,
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
        let ty = self.columns.get(column).ty.clone();
        let conform = |amount: u64| ty.conform(Value::Int(amount as i64));
        let mut whole = None;
        for amount in halving.budgets() {
            match conform(*amount) {
                Ok(value) => whole = Some(value),
                Err(mismatch) => {
                    let key = if *amount == halving.budgets()[0] {
                        "min"
                    } else {
                        "max"
                    };
                    let place = fields.get(key).map_or(&given.place, |node| &node.place);
                    self.found.push(
                        Diagnostic::error(format!("`{name}` cannot be {amount}"))
                            .at(place, mismatch.message)
                            .maybe_help(mismatch.help),
                    );
                    return None;
                }
            }
        }
        Some(Budget {
            name: name.to_owned(),
            column,
            halving,
            whole: whole?,
        })
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
        if let [first, second, ..] = &objectives[..]
            && has_budget(method)
        {
            self.found.push(
                Diagnostic::error(format!("{what} has several objectives"))
                    .at(&second.place, "the second")
                    .also(&first.place, "the first")
                    .help("who is promoted is decided by one number; `tpe` takes several"),
            );
            return None;
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
