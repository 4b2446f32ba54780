//! Which steps of a plan a run may touch.
//!
//! A filter chooses full cells, and with them every step that some chosen cell falls on. What such
//! a step reads directly comes along. What it reduces does not: a reduction whose members were
//! left out, and are not known from before, is left pending, because a table of half its rows
//! looks like a table. That holds where members may be missing as well: those are the ones that failed.

use std::collections::BTreeSet;

use crate::manifest::Budget;
use crate::registry::Value;
use crate::search::Domain;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::did_you_mean;

use super::Filter;
use super::From;
use super::Plan;
use super::StepId;
use super::StepStatus;
use super::left_nothing;

/// What the command line asks for; without any of it, everything.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Cells that one of these chooses.
    pub only: Vec<Filter>,
    /// Steps of these stages alone.
    pub stages: Vec<String>,
    /// These stages and all that they need.
    pub upto: Vec<String>,
    /// These steps and what comes after them, by name.
    pub steps: Option<BTreeSet<String>>,
    /// Whether further trials of the search are to come: what only they may have is no slip.
    pub awaits_trials: bool,
}

impl Selection {
    pub fn is_everything(&self) -> bool {
        self.only.is_empty()
            && self.stages.is_empty()
            && self.upto.is_empty()
            && self.steps.is_none()
    }
}

/// The steps that a run may touch.
#[derive(Clone, Debug)]
pub struct SelectedSteps {
    chosen: Vec<bool>,
}

impl SelectedSteps {
    pub fn contains(&self, id: StepId) -> bool {
        self.chosen[id.index()]
    }

    /// In the order of the plan.
    pub fn ids(&self) -> Vec<StepId> {
        let all = (0..self.chosen.len()).map(|index| StepId(index as u32));
        all.filter(|id| self.contains(*id)).collect()
    }

    pub fn len(&self) -> usize {
        self.chosen.iter().filter(|chosen| **chosen).count()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Plan {
    /// The steps that a selection comes to.
    ///
    /// # Errors
    /// Names and values that the experiment does not have, all of them; a selection for nothing.
    pub fn select(&self, selection: &Selection) -> Result<SelectedSteps, Diagnostics> {
        let mut found = Diagnostics::new();
        for stage in selection.stages.iter().chain(&selection.upto) {
            self.check_stage(stage, &mut found);
        }
        for term in selection.only.iter().flat_map(Filter::terms) {
            let grid = &self.experiment.grid;
            match grid.columns().index(&term.name) {
                Some(column) => {
                    let absent = (0..grid.len())
                        .any(|cell| grid.value_id(cell, column) == crate::manifest::ABSENT);
                    let values = grid.columns().get(column).values().iter();
                    let budget = self.budget().filter(|budget| budget.name == term.name);
                    let budget = budget.filter(|_| selection.awaits_trials);
                    let amounts = budget.iter().flat_map(|budget| &budget.amounts);
                    // An amount that no trial has come to yet.
                    let ahead = |amount: &&Value| !values.as_slice().contains(amount);
                    let amounts: Vec<&Value> = amounts.filter(ahead).collect();
                    // Nor one that a trial may have.
                    let searched = self.searched(&term.name);
                    let named = term.in_domain(searched.filter(|_| selection.awaits_trials));
                    let known = values.clone().chain(amounts).chain(&named);
                    term.unknown_values(known, absent, &mut found);
                }
                None => {
                    let axes = self.axes();
                    found.push(term.unknown_name(axes.iter().map(|axis| &**axis)));
                }
            }
        }
        if found.has_errors() {
            return Err(found);
        }
        let mut matched = vec![true; self.steps.len()];
        if !selection.only.is_empty() {
            both(&mut matched, &self.in_cells(&selection.only));
        }
        if !selection.stages.is_empty() {
            let named = |id: usize| {
                let stage = &*self.steps[id].stage;
                selection.stages.iter().any(|wanted| wanted == stage)
            };
            let named: Vec<bool> = (0..self.steps.len()).map(named).collect();
            both(&mut matched, &named);
        }
        if !selection.upto.is_empty() {
            let named = |id: &StepId| {
                let stage = &*self.steps[id.index()].stage;
                selection.upto.iter().any(|wanted| wanted == stage)
            };
            let all = self.steps.iter().map(|step| step.id);
            let ends: Vec<StepId> = all.filter(named).collect();
            both(&mut matched, &self.with_all_needs(ends));
        }
        if let Some(names) = &selection.steps {
            let named = |id: usize| names.contains(&self.steps[id].to_string());
            let named: Vec<bool> = (0..self.steps.len()).map(named).collect();
            both(&mut matched, &self.with_followers(named));
        }
        if !selection.only.is_empty() && !matched.contains(&true) {
            let mut terms = selection.only.iter().flat_map(Filter::terms);
            let budget = self.budget().filter(|_| selection.awaits_trials);
            let searched = terms
                .clone()
                .any(|term| selection.awaits_trials && self.searched(&term.name).is_some());
            let help = match budget.filter(|budget| terms.any(|term| term.name == budget.name)) {
                Some(budget) => format!(
                    "no trial has come to this `{}` yet: `run` without `--only` goes on with the search",
                    budget.name
                ),
                None if searched => {
                    "no trial has such values yet: `run` without `--only` goes on with the search"
                        .to_owned()
                }
                None => "each term has cells, but together they have none".to_owned(),
            };
            found.push(Diagnostic::error("no step is left").help(help));
            return Err(found);
        }
        // What a stage alone reads is left as it is.
        if selection.stages.is_empty() {
            self.add_direct_needs(&mut matched);
        }
        Ok(SelectedSteps { chosen: matched })
    }

    /// These steps and everything they need.
    pub fn needed_by(&self, ends: Vec<StepId>) -> SelectedSteps {
        SelectedSteps {
            chosen: self.with_all_needs(ends),
        }
    }

    /// What the search gives most trials a part of.
    fn budget(&self) -> Option<&Budget> {
        self.experiment.search.as_ref()?.budget.as_ref()
    }

    /// What the search may give a parameter; none where it is not searched.
    fn searched(&self, name: &str) -> Option<&Domain> {
        let search = self.experiment.search.as_ref()?;
        let mut parameters = search.space.parameters().iter();
        let parameter = parameters.find(|parameter| parameter.name == *name)?;
        Some(&parameter.domain)
    }

    fn check_stage(&self, stage: &str, found: &mut Diagnostics) {
        let mut stages = self.stages.iter().map(|stage| &*stage.name);
        if stages.any(|known| known == stage) {
            return;
        }
        let title = format!("no stage `{stage}` in `{}`", self.experiment.name);
        let stages = self.stages.iter().map(|stage| &*stage.name);
        let help = did_you_mean(stage, stages, "its stages are");
        found.push(Diagnostic::error(title).maybe_help(help));
    }

    /// The steps on which a full cell falls that some filter chooses.
    fn in_cells(&self, filters: &[Filter]) -> Vec<bool> {
        let grid = &self.experiment.grid;
        let mut matched = vec![false; self.steps.len()];
        for cell in 0..grid.len() {
            let value = |name: &str| grid.value(cell, name);
            if filters.iter().any(|filter| filter.holds(value)) {
                for stage in &self.stages {
                    if let Some(id) = stage.step_of(cell) {
                        matched[id.index()] = true;
                    }
                }
            }
        }
        matched
    }

    /// These steps and everything they need.
    fn with_all_needs(&self, mut open: Vec<StepId>) -> Vec<bool> {
        let mut chosen = vec![false; self.steps.len()];
        while let Some(id) = open.pop() {
            if !std::mem::replace(&mut chosen[id.index()], true) {
                open.extend(self.needs(id).map(|(need, _)| need));
            }
        }
        chosen
    }

    /// These steps and everything that needs them.
    fn with_followers(&self, mut chosen: Vec<bool>) -> Vec<bool> {
        // Needs come first in a plan.
        for step in &self.steps {
            let follows = self.needs(step.id).any(|(need, _)| chosen[need.index()]);
            chosen[step.id.index()] |= follows;
        }
        chosen
    }

    /// Adds what chosen steps read without reducing it, and all that this needs in turn.
    fn add_direct_needs(&self, chosen: &mut [bool]) {
        let mut open = Vec::new();
        for step in self.steps.iter().filter(|step| chosen[step.id.index()]) {
            let direct = self.needs(step.id).filter(|(_, reduced)| !reduced);
            open.extend(direct.map(|(need, _)| need));
        }
        open.retain(|need| !chosen[need.index()]);
        let added = self.with_all_needs(open);
        for (chosen, added) in chosen.iter_mut().zip(added) {
            *chosen |= added;
        }
    }

    /// The steps that a step reads, and whether it reduces them.
    fn needs(&self, id: StepId) -> impl Iterator<Item = (StepId, bool)> + '_ {
        let inputs = self.steps[id.index()].inputs.iter();
        inputs.flat_map(|input| {
            input.items.iter().filter_map(|item| match item.from {
                From::Step { step, .. } => Some((step, input.reduced)),
                From::File { .. } => None,
            })
        })
    }

    /// For every step of a selection that would have to wait for steps outside of it: the first
    /// of those and how many there are.
    pub fn pending(
        &self,
        selection: &SelectedSteps,
        statuses: &[StepStatus],
    ) -> Vec<Option<(StepId, usize)>> {
        let mut pending: Vec<Option<(StepId, usize)>> = vec![None; self.steps.len()];
        for step in &self.steps {
            if !selection.contains(step.id)
                || matches!(statuses[step.id.index()], StepStatus::UpToDate { .. })
            {
                continue;
            }
            let mut missing: Option<(StepId, usize)> = None;
            for input in &step.inputs {
                for item in &input.items {
                    let From::Step { step: need, .. } = item.from else {
                        continue;
                    };
                    // What failed may be missing, what was left out may not.
                    let comes = selection.contains(need)
                        || matches!(statuses[need.index()], StepStatus::UpToDate { .. })
                        || (input.missing_allowed && left_nothing(statuses, need));
                    if !comes || pending[need.index()].is_some() {
                        missing.get_or_insert((need, 0)).1 += 1;
                    }
                }
            }
            pending[step.id.index()] = missing;
        }
        pending
    }
}

fn both(matched: &mut [bool], also: &[bool]) {
    for (matched, also) in matched.iter_mut().zip(also) {
        *matched &= also;
    }
}
