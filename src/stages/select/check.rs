//! What can be said of selections before anything runs.

use std::collections::BTreeSet;
use std::collections::HashSet;
use std::sync::Arc;

use super::CANDIDATES;
use super::SCORES;
use super::Select;
use super::SelectParams;
use super::scored::scores_of;
use super::scored::unscored;
use super::without;
use crate::plan;
use crate::plan::Cell;
use crate::plan::InputItem;
use crate::plan::KnownColumns;
use crate::plan::Plan;
use crate::plan::Step;
use crate::registry::ArtifactType;
use crate::registry::ColumnNames;
use crate::registry::Entry;
use crate::registry::Outputs;
use crate::registry::Value;
use crate::stages::described;
use crate::stages::fitted;
use crate::stages::measure;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::did_you_mean;
use crate::text::list_of;

/// What is wrong with what selections choose by; warns where the score that chose a winner is reported of it.
pub fn check_selections(plan: &Plan) -> Diagnostics {
    let mut found = chosen_by(plan);
    let mut told = BTreeSet::new();
    for step in &plan.steps {
        let reports = ["table/", "figure/"]
            .iter()
            .any(|of| step.kind.name().starts_with(of));
        let items = step.inputs.iter().flat_map(|input| &input.items);
        for item in items.filter(|_| reports) {
            let plan::From::Step { step: from, .. } = item.from else {
                continue;
            };
            let selection = plan.step(from);
            let by = selection.params.get("by").and_then(Value::as_str);
            let Some(by) = by.filter(|_| selection.kind.name() == Select.name()) else {
                continue;
            };
            // Beside a number that had no say it is told apart.
            let alone = |value: Option<&Value>| match value {
                Some(Value::List(names)) => names.len() == 1 && names[0].as_str() == Some(by),
                Some(value) => value.as_str() == Some(by),
                None => false,
            };
            let mut params = ["values", "value", "y"].iter();
            let named = params.any(|param| alone(step.params.get(param)));
            if named && told.insert((step.stage.clone(), selection.stage.clone())) {
                found.push(
                    Diagnostic::warning(format!(
                        "`{}` reports nothing but the score by which `{}` was chosen",
                        step.stage, selection.stage
                    ))
                    .at(
                        &step.place,
                        format!("`{by}` of the winner says too much of it"),
                    )
                    .also(&selection.place, "the best of several by this score")
                    .help("report a number of data that had no say, as of a test split"),
                );
            }
        }
    }
    found
}

/// Numbers and axes that selections name and that their candidates will not have, each once for a stage.
fn chosen_by(plan: &Plan) -> Diagnostics {
    let mut found = Diagnostics::new();
    let known = plan.known_columns();
    for stage in &plan.stages {
        let steps = stage.steps.iter().map(|id| plan.step(*id));
        let selections: Vec<&Step> = steps
            .filter(|step| step.kind.name() == Select.name())
            .collect();
        let axes: Vec<ColumnNames> = selections
            .iter()
            .map(|step| known.read(step, CANDIDATES).axes)
            .collect();
        let mut told = BTreeSet::new();
        for (step, own) in selections.into_iter().zip(&axes) {
            let selection = Selection {
                plan,
                step,
                own,
                all: &axes,
            };
            for (what, wrong) in selection.wrong(&known) {
                if told.insert(what) {
                    found.push(wrong);
                }
            }
        }
    }
    found
}

/// A selection with the axes of its candidates, and of those of all cells of its stage.
struct Selection<'p> {
    plan: &'p Plan,
    step: &'p Step,
    own: &'p ColumnNames,
    all: &'p [ColumnNames],
}

impl Selection<'_> {
    /// What is wrong, by the slot or parameter.
    fn wrong(&self, known: &KnownColumns) -> Vec<(&'static str, Diagnostic)> {
        let step = self.step;
        let Ok(params) = SelectParams::read(&step.params) else {
            return Vec::new();
        };
        let scored = step.inputs.iter().any(|input| *input.slot == *SCORES);
        let slot = if scored { SCORES } else { CANDIDATES };
        if let Some(unclear) = unclear(self.plan, step).filter(|_| !scored) {
            return vec![(CANDIDATES, unclear)];
        }
        let mut wrong = Vec::new();
        if scored {
            wrong.extend(self.unscored().map(|wrong| (SCORES, wrong)));
        }
        let scores = known.read(step, slot).numbers;
        if !scores.open && !scores.names.contains(&params.by) {
            let names = scores.names.iter().map(String::as_str);
            let error = Diagnostic::error(format!("the candidates report no `{}`", params.by));
            let label = format!("what `{step}` chooses by is a number of theirs");
            let help = did_you_mean(&params.by, names, "they report");
            wrong.push(("by", error.at(self.place("by"), label).maybe_help(help)));
        }
        let replicate = params.replicate.as_deref();
        if let Some(axis) = replicate {
            let lacks = self.lacks("replicate", axis);
            wrong.extend(lacks.map(|wrong| ("replicate", wrong)));
        }
        if let Some(axis) = params.budget.as_deref().filter(|_| self.says("budget")) {
            let lacks = self.lacks("budget", axis);
            wrong.extend(lacks.map(|wrong| ("budget", wrong)));
        }
        if params.order.is_none() {
            let slot = if scored { SCORES } else { CANDIDATES };
            wrong.extend(
                self.without_order(slot, &params.by)
                    .map(|wrong| ("order", wrong)),
            );
        }
        if let Some(axis) = &params.simplest {
            let lacks = self.lacks("simplest", axis);
            let lacks = lacks.filter(|_| self.no_cell_has(axis) || self.are_several(replicate));
            wrong.extend(lacks.map(|wrong| ("simplest", wrong)));
        }
        wrong
    }

    /// What to say where nobody says which scores are better.
    fn without_order(&self, slot: &str, by: &str) -> Option<Diagnostic> {
        let mut items = self.items(slot);
        let said = |item: &InputItem| described::higher_is_better(item.description()?, by);
        let known = measure(by).and_then(|measure| measure.higher_is_better);
        if known.is_some() || items.any(|item| said(item).is_some()) {
            return None;
        }
        Some(
            Diagnostic::warning(format!("it is not known which `{by}` is better"))
                .at(self.place("by"), "the largest is chosen")
                .help("say it: `order: max` or `order: min`"),
        )
    }

    /// Whether the manifest gives a parameter.
    fn says(&self, param: &str) -> bool {
        self.given(param).is_some()
    }

    /// Where the manifest gives a parameter.
    fn place(&self, param: &str) -> &Place {
        self.given(param).unwrap_or(&self.step.place)
    }

    fn given(&self, param: &str) -> Option<&Place> {
        let written = self.plan.experiment.pipeline.stages.iter();
        let written = written.filter(|written| written.name == self.step.stage);
        let mut given = written.flat_map(|stage| &stage.with);
        let given = given.find(|given| *given.name == *param);
        given.map(|given| &given.value.place)
    }

    /// What to say where no candidate has an axis.
    fn lacks(&self, param: &str, axis: &str) -> Option<Diagnostic> {
        if self.own.open || self.own.names.contains(axis) {
            return None;
        }
        let title = match self.no_cell_has(axis) {
            true => format!("no candidate has an axis `{axis}`"),
            false => format!("no candidate of `{}` has an axis `{axis}`", self.step),
        };
        let names = self.own.names.iter().map(String::as_str);
        Some(
            Diagnostic::error(title)
                .at(self.place(param), "candidates differ along an axis")
                .maybe_help(did_you_mean(axis, names, "their axes are")),
        )
    }

    fn no_cell_has(&self, axis: &str) -> bool {
        let mut all = self.all.iter();
        !all.any(|axes| axes.open || axes.names.contains(axis))
    }

    /// Whether there are several candidates, of which replicates are one.
    fn are_several(&self, replicate: Option<&str>) -> bool {
        let mut items = self.items(CANDIDATES);
        let name = |item: &InputItem| (Arc::clone(&item.stage), without(&item.cell, replicate));
        let first = items.next().map(name);
        items.any(|item| Some(name(item)) != first)
    }

    fn items(&self, slot: &str) -> impl Iterator<Item = &InputItem> {
        let inputs = self.step.inputs.iter();
        let inputs = inputs.filter(move |input| *input.slot == *slot);
        inputs.flat_map(|input| &input.items)
    }

    /// What to say of a candidate that has no score, or several.
    fn unscored(&self) -> Option<Diagnostic> {
        let candidates: Vec<&InputItem> = self.items(CANDIDATES).collect();
        let cells: Vec<&Cell> = candidates.iter().map(|item| &item.cell).collect();
        let scores: Vec<&Cell> = self.items(SCORES).map(|item| &item.cell).collect();
        let (at, own) = scores_of(&cells, &scores)
            .into_iter()
            .enumerate()
            .find(|(_, own)| own.len() != 1)?;
        let name = fitted::name_of(&candidates[at].stage, cells[at]);
        let (title, help) = unscored(&name, &own, &scores);
        Some(
            Diagnostic::error(title)
                .at(&self.step.place, "every candidate has one score")
                .help(help),
        )
    }
}

/// What is to be said of candidates that leave no metrics, or several of which none is called so.
fn unclear(plan: &Plan, step: &Step) -> Option<Diagnostic> {
    let items = step.inputs.iter().flat_map(|input| &input.items);
    // Thousands of cells of a stage leave the same outputs.
    let mut seen: HashSet<(&str, &str)> = HashSet::new();
    for item in items {
        let plan::From::Step { step: from, .. } = item.from else {
            continue;
        };
        let candidate = plan.step(from);
        if !seen.insert((&candidate.stage, candidate.kind.name())) {
            continue;
        }
        // What is passed on was looked at where it was made.
        if let Outputs::PassedOn { .. } = candidate.kind.outputs() {
            continue;
        }
        let outputs = candidate.outputs();
        let metrics = outputs
            .iter()
            .filter(|(_, ty)| *ty == ArtifactType::Metrics);
        let names: Vec<&str> = metrics.map(|(name, _)| &**name).collect();
        if names.len() == 1 || names.contains(&"metrics") {
            continue;
        }
        let stage = &candidate.stage;
        let title = match names.is_empty() {
            true => format!("`{stage}` leaves no metrics to choose by"),
            false => format!("`{stage}` leaves several metrics: {}", list_of(&names)),
        };
        return Some(
            Diagnostic::error(title)
                .at(&step.place, "chooses by a number of its candidates")
                .also(&candidate.place, "leaves the candidates")
                .help("the output of which it chooses is called `metrics`")
                .help(format!(
                    "where another output or stage has the number, `in: {{{SCORES}: {stage}.…}}` names it"
                )),
        );
    }
    None
}
