//! Steps that are of all trials of a search, and so wait for the last of them.

use crate::cli::previous_run::PreviousRun;
use crate::cli::project::Project;
use crate::cli::stop::Stop;
use crate::engine::State;
use crate::engine::Summary;
use crate::plan::Cell;
use crate::plan::From;
use crate::plan::InputItem;
use crate::plan::SelectedSteps;
use crate::plan::StageSummary;
use crate::plan::StepId;
use crate::plan::StepStatus;
use crate::text::Diagnostic;
use crate::text::list_of;
use crate::text::plural;

impl Project {
    /// By step: whether it is made of several trials and not of all that are to come.
    pub(in crate::cli) fn waits_for_trials(&self, statuses: &[StepStatus]) -> Vec<bool> {
        let plan = &self.plan;
        let mut of_several = vec![false; plan.steps.len()];
        let search = plan.experiment.search.as_ref();
        let Some(search) = search.filter(|_| self.awaits_trials()) else {
            return of_several;
        };
        let columns = plan.experiment.grid.columns();
        let searched = search.columns.iter();
        let searched: Vec<&str> = searched.map(|at| &*columns.get(*at).name).collect();
        for step in &plan.steps {
            let is_of_several = |item: &InputItem, reduced: bool| {
                let mut names = searched.iter().filter(|_| reduced);
                let after = match item.from {
                    From::Step { step, .. } => of_several[step.index()],
                    From::File { .. } => false,
                };
                let has = |cell: &Cell, name: &str| cell.get(name).is_some();
                after || names.any(|name| has(&item.cell, name) && !has(&step.cell, name))
            };
            let mut inputs = step.inputs.iter();
            of_several[step.id.index()] = inputs.any(|input| {
                let mut items = input.items.iter();
                items.any(|item| is_of_several(item, input.reduced))
            });
        }
        for (waits, status) in of_several.iter_mut().zip(statuses) {
            *waits &= !matches!(status, StepStatus::UpToDate { .. });
        }
        of_several
    }

    /// The steps of a selection but for those that wait for further trials, and a word about these.
    pub(in crate::cli) fn without_waiting(
        &self,
        selection: &SelectedSteps,
    ) -> Result<(Vec<StepId>, Option<Diagnostic>), Stop> {
        let mut chosen = selection.ids();
        if !self.awaits_trials() {
            return Ok((chosen, None));
        }
        let waits = self.waits_for_trials(&PreviousRun::of(self)?.statuses(self));
        let waiting = chosen.iter().filter(|id| waits[id.index()]);
        let mut stages: Vec<&str> = waiting.map(|id| &*self.plan.step(*id).stage).collect();
        stages.dedup();
        let (known, more) = self.trials().unwrap_or_default();
        let told = (!stages.is_empty()).then(|| {
            let wait = if stages.len() == 1 { "waits" } else { "wait" };
            let there = match more {
                0 => "who is promoted is not decided".to_owned(),
                more => format!("{} known, up to {more} more", plural(known, "trial")),
            };
            let title = format!("{} {wait} for the last trial: {there}", list_of(&stages));
            Diagnostic::warning(title)
                .help("`sweepline run` without a filter goes on with the search")
        });
        chosen.retain(|id| !waits[id.index()]);
        Ok((chosen, told))
    }
    /// What to do where trials failed and what is made of all of them was left out for that; none where nothing was.
    pub(in crate::cli) fn go_on_without_failed(&self, summary: &Summary) -> Option<String> {
        let search = self.plan.experiment.search.as_ref()?;
        let searched: Vec<&str> = search.parameters().collect();
        let of_trials = |stage: &&StageSummary| {
            let mut steps = stage.steps.iter();
            let mut reduced = stage.reduces.iter();
            steps.any(|id| summary.steps[id.index()].state == State::Skipped)
                && reduced.any(|axis| searched.contains(&&**axis))
        };
        let stages = self.plan.stages.iter().filter(of_trials);
        let stages: Vec<&str> = stages.map(|stage| &*stage.name).collect();
        let (is, it) = match stages.len() {
            1 => ("is", "it is"),
            _ => ("are", "they are"),
        };
        (!stages.is_empty()).then(|| {
            let stages = list_of(stages);
            format!(
                "{stages} {is} of all trials: with `missing: allow` {it} of those that have results"
            )
        })
    }
}
