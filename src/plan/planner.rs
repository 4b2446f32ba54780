//! One stage after another: its kinds, its axes, its steps.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::manifest::Experiment;
use crate::manifest::Stage;
use crate::registry::Catalog;
use crate::text::Diagnostic;
use crate::text::Diagnostics;

use super::StageSummary;
use super::expand::Expansion;
use super::expand::Ready;
use super::expand::summary;
use super::kind_of::KindFinder;
use super::kind_of::KindOf;
use super::kinds;
use super::kinds::StageKinds;
use super::open::OpenStages;
use super::params::ParamTemplate;
use super::projection::Projections;
use super::wiring;
use super::wiring::StageAxes;

/// What is known while stages are planned one after another.
pub(super) struct Planner {
    catalog: Catalog,
    /// The stages, each after those it reads.
    pub order: Vec<usize>,
    /// What is wrong with a name or value is not repeated for all that uses it.
    pub deep: bool,
    pub expansion: Expansion,
    /// Where cells may be added: which stages wait for the last of them.
    pub open: Option<OpenStages>,
    /// Names of stages that make no steps.
    left_out: LeftOut,
    projections: Projections,
    checked: Checked,
}

/// Names of stages that make no steps in an experiment that was changed for a run.
pub(super) type LeftOut = BTreeSet<Arc<str>>;

/// Stages that were checked, by stage index.
struct Checked {
    kinds: Vec<Option<StageKinds>>,
    axes: Vec<Option<StageAxes>>,
    /// The kinds of cells; once the stage is expanded kept only where more cells may be added.
    kinds_of: Vec<Option<KindOf>>,
}

impl Checked {
    fn new(stages: usize) -> Self {
        let mut checked = Checked {
            kinds: Vec::new(),
            axes: Vec::new(),
            kinds_of: Vec::new(),
        };
        checked.kinds.resize_with(stages, || None);
        checked.axes.resize_with(stages, || None);
        checked.kinds_of.resize_with(stages, || None);
        checked
    }

    fn ready<'r>(
        &'r self,
        index: usize,
        experiment: &'r Experiment,
        order: Option<&'r [u32]>,
        (grows, left_out): (bool, &LeftOut),
    ) -> Option<Ready<'r>> {
        Some(Ready {
            experiment,
            index,
            axes: self.axes[index].as_ref()?,
            axes_of: &self.axes,
            kind_of: self.kinds_of[index].as_ref()?,
            kinds: self.kinds[index].as_ref()?,
            order,
            grows,
            left_out: left_out.contains(&experiment.pipeline.stages[index].name),
        })
    }
}

impl Planner {
    pub(super) fn new(
        experiment: &Experiment,
        catalog: &Catalog,
        left_out: LeftOut,
        found: &mut Diagnostics,
    ) -> Self {
        let wiring = wiring::wire(experiment, found);
        let count = experiment.pipeline.stages.len();
        Planner {
            catalog: *catalog,
            // A stage that cannot be placed in an order still has its own mistakes.
            order: wiring.map_or((0..count).collect(), |wiring| wiring.order),
            projections: Projections::default(),
            deep: !found.has_errors(),
            expansion: Expansion::new(experiment),
            open: None,
            left_out,
            checked: Checked::new(count),
        }
    }

    /// Plans all stages, those that wait for more cells without their steps.
    pub(super) fn plan(
        &mut self,
        experiment: &Experiment,
        found: &mut Diagnostics,
    ) -> Vec<StageSummary> {
        let mut summaries = Vec::new();
        for stage in self.order.clone() {
            if found.are_enough() {
                break;
            }
            summaries.extend(self.stage(stage, experiment, found));
        }
        summaries
    }

    fn stage(
        &mut self,
        index: usize,
        experiment: &Experiment,
        found: &mut Diagnostics,
    ) -> Option<StageSummary> {
        let stage = &experiment.pipeline.stages[index];
        let finder = self.finder(stage, experiment);
        // Literal values and keys cannot be checked without a kind; slots neither.
        let kind_of = finder.find(&mut self.projections, found)?;
        let of_kind = kind_of.kinds.clone();
        let checked = &mut self.checked;
        let kinds = kinds::check(
            experiment,
            stage,
            of_kind,
            &self.catalog,
            &checked.kinds,
            found,
        );
        let reduces_all = kind_of.kinds.iter().any(|kind| kind.reduces_all());
        let axes = wiring::axes_of(experiment, stage, reduces_all, &checked.axes, found);
        let waits = self
            .open
            .as_mut()
            .is_some_and(|open| open.find(index, experiment, &axes, &checked.axes, &kind_of.kinds));
        checked.kinds[index] = Some(kinds);
        checked.axes[index] = Some(axes);
        checked.kinds_of[index] = Some(kind_of);
        self.expand(index, experiment, None, waits, found);
        let grows = self.open.is_some();
        let growth = (grows, &self.left_out);
        let ready = self.checked.ready(index, experiment, None, growth)?;
        let summary = self.deep.then(|| {
            let mut summary = summary(&ready);
            self.expansion
                .complete(&mut summary, &ready, &self.projections);
            summary
        });
        if !grows {
            self.checked.kinds_of[index] = None;
        }
        summary
    }

    fn finder<'f>(&self, stage: &'f Stage, experiment: &'f Experiment) -> KindFinder<'f> {
        KindFinder {
            stage,
            experiment,
            catalog: self.catalog,
            deep: self.deep,
        }
    }

    /// Makes the steps of a stage in its new cells, unless it `waits`. Checks at least what is the same in
    /// all cells.
    fn expand(
        &mut self,
        index: usize,
        experiment: &Experiment,
        order: Option<&[u32]>,
        waits: bool,
        found: &mut Diagnostics,
    ) {
        let growth = (self.open.is_some(), &self.left_out);
        let Some(ready) = self.checked.ready(index, experiment, order, growth) else {
            return;
        };
        let stage = &experiment.pipeline.stages[index];
        let kinds = ready.kind_of.kinds.iter();
        let mut templates: Vec<ParamTemplate<'_>> = kinds
            .map(|kind| ParamTemplate::new(stage, *kind, found))
            .collect();
        if self.deep && !waits {
            self.expansion
                .stage(&ready, &mut templates, &mut self.projections, found);
        }
    }

    /// Takes in the cells that were added: makes the new steps of the stages that do not wait, or with an
    /// `order` of all cells, once no more come, the steps of those that do. Returns what
    /// [`Planner::restore`] needs.
    pub(super) fn grow(
        &mut self,
        experiment: &Experiment,
        order: Option<&[u32]>,
        found: &mut Diagnostics,
    ) -> Replaced {
        self.projections.extend(&experiment.grid);
        let mut more = false;
        for index in self.order.clone() {
            let finder = self.finder(&experiment.pipeline.stages[index], experiment);
            let checked = &mut self.checked;
            if let (Some(kind_of), Some(kinds)) =
                (&mut checked.kinds_of[index], &checked.kinds[index])
            {
                finder.extend(kind_of, &mut self.projections, found);
                more |= kind_of.kinds.len() > kinds.kinds.len();
            }
        }
        let replaced = match more && !found.has_errors() {
            true => Replaced(Some(self.check_again(experiment, found))),
            false => Replaced(None),
        };
        for index in self.order.clone() {
            if found.has_errors() {
                break;
            }
            let waits = self.open.as_ref().is_some_and(|open| open.wait[index]);
            if waits == order.is_some() {
                self.expand(index, experiment, order, false, found);
            }
        }
        replaced
    }

    /// Checks all stages again, of which some have kinds that no cell had before. Returns what was known
    /// before.
    fn check_again(
        &mut self,
        experiment: &Experiment,
        found: &mut Diagnostics,
    ) -> Vec<Option<StageKinds>> {
        let mut again = Checked::new(self.order.len());
        let axes = self.open.as_ref().map(|open| open.axes.clone());
        let mut open = OpenStages::new(axes.unwrap_or_default(), self.order.len());
        for index in self.order.clone() {
            let stage = &experiment.pipeline.stages[index];
            let Some(kind_of) = &self.checked.kinds_of[index] else {
                continue;
            };
            let of_kind = kind_of.kinds.clone();
            let kinds = kinds::check(
                experiment,
                stage,
                of_kind,
                &self.catalog,
                &again.kinds,
                found,
            );
            let reduces_all = kind_of.kinds.iter().any(|kind| kind.reduces_all());
            let axes = wiring::axes_of(experiment, stage, reduces_all, &again.axes, found);
            let waits = open.find(index, experiment, &axes, &again.axes, &kind_of.kinds);
            let known = self.checked.axes[index].as_ref();
            let waited = self.open.as_ref().is_some_and(|open| open.wait[index]);
            if known.is_none_or(|known| known.all != axes.all) || waits != waited {
                let title = format!("stage `{}` would reduce other axes", stage.name);
                found.push(Diagnostic::error(title).at(
                    &stage.uses.place,
                    "with a kind that no cell had when the plan was made",
                ));
            }
            again.kinds[index] = Some(kinds);
            again.axes[index] = Some(axes);
        }
        std::mem::replace(&mut self.checked.kinds, again.kinds)
    }

    /// Adds to the summaries, in the order of the stages, what they do not have yet.
    pub(super) fn complete(&self, experiment: &Experiment, summaries: &mut [StageSummary]) {
        for (index, summary) in self.order.iter().zip(summaries) {
            let growth = (true, &self.left_out);
            if let Some(ready) = self.checked.ready(*index, experiment, None, growth) {
                self.expansion.complete(summary, &ready, &self.projections);
            }
        }
    }

    /// Forgets cells that were added and what they brought.
    pub(super) fn restore(&mut self, replaced: Replaced, steps: usize, cells: usize) {
        let checked = &mut self.checked;
        if let Replaced(Some(kinds)) = replaced {
            checked.kinds = kinds;
        }
        self.projections.truncate(cells);
        for (kind_of, kinds) in checked.kinds_of.iter_mut().zip(&checked.kinds) {
            if let (Some(kind_of), Some(kinds)) = (kind_of, kinds) {
                kind_of.truncate(cells, &self.projections, kinds.kinds.len());
            }
        }
        let (axes, projections) = (&checked.axes, &self.projections);
        self.expansion.truncate(steps, cells, axes, projections);
        for (index, waits) in self.open.iter().flat_map(|open| &open.wait).enumerate() {
            if *waits {
                self.expansion.forget(index);
            }
        }
    }
}

/// What was known of the kinds of stages before some had more of them.
pub(super) struct Replaced(Option<Vec<Option<StageKinds>>>);
