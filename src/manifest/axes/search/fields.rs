//! The keys of a search.

use crate::manifest::fields;
use crate::manifest::fields::Fields;
use crate::manifest::node::Node;
use crate::registry::Default;
use crate::registry::ParamError;
use crate::registry::ParamValue;
use crate::registry::Value;
use crate::registry::Values;
use crate::search::Direction;
use crate::search::Method;
use crate::text::Diagnostic;

use super::Budget;
use super::Objective;
use super::Search;
use super::Statistic;
use super::has_budget;
use crate::manifest::axes::MOST;
use crate::manifest::axes::reader::Reader;

/// What searches with a budget have beside: the name of the parameter.
pub(super) const BUDGET: &str = "budget";

/// What a method says of the value of one of its keys, at its place.
pub(super) fn wrong_value(error: ParamError, fields: &Fields<'_>, search: &Node) -> Diagnostic {
    let place = fields
        .get(error.name)
        .map_or(&search.place, |node| &node.place);
    Diagnostic::error(format!("wrong value of `{}`", error.name)).at(place, error.why)
}

impl Reader<'_> {
    /// The parameter that is the budget, and its rungs.
    pub(super) fn budget(
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
        self.part(name, &given.place);
        let column = self.column(name, &given.place)?;
        // A value of the command line is all that any trial gets.
        let forced = self.forced.get(name).copied();
        self.columns.get_mut(column).held |= forced.is_some();
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
                self.found.push(wrong_value(error, fields, node));
                return None;
            }
        };
        let ty = self.columns.get(column).ty.clone();
        let conform = |amount: u64| ty.conform(Value::Int(amount as i64));
        let mut amounts = Vec::new();
        for amount in halving.budgets() {
            match conform(*amount) {
                Ok(value) => amounts.push(value),
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
            whole: amounts.last()?.clone(),
            amounts,
        })
    }

    /// Says where groups are so small that nobody comes to all of the budget.
    pub(super) fn tell_who_never_has_all(
        &mut self,
        search: &Search,
        fields: &Fields<'_>,
        node: &Node,
    ) {
        let Some(budget) = &search.budget else {
            return;
        };
        let most = search.study().at_most(search.trials);
        let Some(highest) = most.iter().rposition(|trials| *trials > 0) else {
            return;
        };
        let (halving, name) = (&budget.halving, &budget.name);
        if highest == halving.last() {
            return;
        }
        let amounts = halving.budgets();
        let (has, whole) = (amounts[highest], amounts[halving.last()]);
        let place = fields.get("group").map_or(&node.place, |node| &node.place);
        let title = format!("no trial comes to all of the budget, `{name}` = {whole}");
        let said = Diagnostic::warning(title)
            .at(
                place,
                format!("groups of so many promote none beyond {has}"),
            )
            .help(format!(
                "`group: {}` leaves one with all of it, as it does where nothing is given",
                halving.least_group()
            ));
        self.found.push(said);
    }

    pub(super) fn trials(
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

    pub(super) fn statistic(&mut self, fields: &Fields<'_>) -> Option<Statistic> {
        let Some(node) = fields.get("statistic") else {
            return Some(Statistic::Mean);
        };
        let value = fields::conform(node, &Statistic::ty(), "`statistic`", self.found)?;
        Statistic::of(&value)
    }

    /// The method's own parameters.
    pub(super) fn method_params(
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
    pub(super) fn objectives(
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
}
