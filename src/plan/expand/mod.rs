//! One stage after another becomes steps. Cells are projected on the axes of the stage; templates
//! are filled in once for every distinct projection. Steps that are equal stand side by side, since each has its
//! own coordinates: one of them is computed, by its key.
//!
//! A stage is expanded again where cells were added to the grid: only its new cells become steps.

mod alike;
mod params;
mod reading;
mod slots;
mod summary;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::manifest::Experiment;
use crate::manifest::Stage;
use crate::registry::ArtifactType;
use crate::registry::Fields;
use crate::registry::Outputs;
use crate::registry::StageKind;
use crate::registry::Value;
use crate::registry::Values;
use crate::search::Direction;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::plural;

use alike::alike;
use reading::Pairs;
use reading::Reader;
use slots::gather;
use slots::slot_order;
pub(super) use summary::summary;

use super::AXES;
use super::Cell;
use super::Former;
use super::Input;
use super::OF_KIND;
use super::SEARCHED;
use super::Step;
use super::StepId;
use super::kind_of::KindOf;
use super::kinds::StageKinds;
use super::kinds::open_slots;
use super::known_columns::METRICS;
use super::params::ParamTemplate;
use super::projection::Projections;
use super::wiring;
use super::wiring::StageAxes;

/// More steps than a machine has memory to plan, at some kilobyte each: a slip in an axis is told rather
/// than met by the end of the process.
const MOST: usize = 5_000_000;

/// The steps so far.
pub(super) struct Expansion {
    pub steps: Vec<Arc<Step>>,
    /// By stage index.
    stages: Vec<Option<Expanded>>,
}

/// A stage that has its steps.
#[derive(Default)]
struct Expanded {
    /// How many full cells it has taken in.
    cells: usize,
    /// By projected cell: its step, and the index of its kind; none where the stage does not
    /// exist.
    steps: Vec<Option<(StepId, u32)>>,
    /// What reductions have read, by slot and source; kept where the plan grows.
    read: Vec<Vec<Pairs>>,
}

/// All that is known of a stage before it is expanded.
pub(super) struct Ready<'r> {
    pub experiment: &'r Experiment,
    /// Among the stages of the pipeline.
    pub index: usize,
    pub axes: &'r StageAxes,
    /// Of the stages before it.
    pub axes_of: &'r [Option<StageAxes>],
    pub kind_of: &'r KindOf,
    pub kinds: &'r StageKinds,
    /// The full cells in the order in which reductions read them; as they are numbered where none is
    /// given.
    pub order: Option<&'r [u32]>,
    /// Whether cells may be added later.
    pub grows: bool,
    /// Whether it makes no steps in this run.
    pub left_out: bool,
}

impl Ready<'_> {
    fn stage(&self) -> &Stage {
        &self.experiment.pipeline.stages[self.index]
    }
}

impl Expansion {
    pub(super) fn new(experiment: &Experiment) -> Self {
        let mut stages = Vec::new();
        stages.resize_with(experiment.pipeline.stages.len(), || None);
        Expansion {
            steps: Vec::new(),
            stages,
        }
    }

    /// Makes the steps of a stage in the cells that it has not taken in.
    pub(super) fn stage(
        &mut self,
        ready: &Ready<'_>,
        templates: &mut [ParamTemplate<'_>],
        projections: &mut Projections,
        found: &mut Diagnostics,
    ) {
        let Ready { kind_of, .. } = ready;
        let stage = ready.stage();
        if !names_known(ready.experiment, stage) {
            return;
        }
        let projection = projections.on(&ready.experiment.grid, &ready.axes.all);
        if ready.left_out {
            let expanded = self.stages[ready.index].get_or_insert_default();
            expanded.steps.resize(projection.len(), None);
            expanded.cells = ready.experiment.grid.len();
            return;
        }
        let expanded = self.stages[ready.index].as_ref();
        let from = expanded.map_or(0, |expanded| expanded.steps.len());
        if self.steps.len() + projection.len() - from > MOST {
            let cells = projection.len();
            let before = self.steps.len();
            found.push(
                Diagnostic::error("too many steps")
                    .at(
                        &stage.place,
                        format!("{cells} here after {before} of other stages, the most is {MOST}"),
                    )
                    .help("a stage has a step for every combination of the axes that it uses"),
            );
            return;
        }
        let params = self.params(ready, &projection, from, templates, projections, found);
        if found.has_errors() {
            return;
        }
        let mut reads = Vec::with_capacity(stage.inputs.len());
        for (at, binding) in stage.inputs.iter().enumerate() {
            let mut of_binding = Vec::with_capacity(binding.sources.len());
            for (number, source) in binding.sources.iter().enumerate() {
                let outputs = |kind: u32, source_kind: u32| -> Option<Arc<str>> {
                    let by_source = ready.kinds.reads[kind as usize][at].get(number)?;
                    by_source.get(source_kind as usize).cloned().flatten()
                };
                let expanded = self.stages[ready.index].as_ref();
                let reader = Reader {
                    ready,
                    expansion: self,
                    projections,
                    source,
                    projection: &projection,
                    from,
                    cells: expanded.map_or(0, |expanded| expanded.cells),
                    known: expanded.and_then(|expanded| expanded.read.get(at)?.get(number)),
                    outputs: &outputs,
                };
                of_binding.push(reader.read(found));
            }
            reads.push(of_binding);
        }
        let mut expanded = self.stages[ready.index].take().unwrap_or_default();
        let slots = slot_order(stage, kind_of);
        let shown = Shown {
            axes: axes(ready.experiment),
            better: better(ready.experiment, &stage.name),
        };
        let formerly_other: Arc<[Arc<str>]> =
            ready.experiment.grid.formerly_other().cloned().collect();
        // Cells that lack one of several inputs because of its condition: the input, and how many.
        let mut left_out: Option<(usize, usize)> = None;
        expanded.steps.reserve(projection.len() - from);
        self.steps.reserve(projection.len() - from);
        for cell in from..projection.len() {
            let kind = kind_of.of(projection.first[cell] as usize);
            let (Some(kind), Some(params)) = (kind, &params[cell - from]) else {
                expanded.steps.push(None);
                continue;
            };
            let inputs = gather(
                stage,
                &slots[kind as usize],
                &mut reads,
                cell - from,
                kind_of.kinds[kind as usize],
            );
            let step_kind = kind_of.kinds[kind as usize];
            let inputs = match inputs {
                Ok(inputs) => inputs,
                Err(missing) => {
                    let binding = &stage.inputs[missing.binding];
                    let conditional = binding.sources.iter().any(|source| source.when.is_some());
                    if missing.others && conditional && open_slots(step_kind) {
                        left_out.get_or_insert((missing.binding, 0)).1 += 1;
                    }
                    expanded.steps.push(None);
                    continue;
                }
            };
            let step = Step {
                id: StepId(self.steps.len() as u32),
                stage: Arc::clone(&stage.name),
                cell: projection.cells[cell].clone(),
                kind: step_kind,
                params: Arc::clone(&params.values),
                written: params.written.clone(),
                part: params.part.clone(),
                former: Former::of(params.former.as_ref(), &formerly_other, &inputs),
                described: described(
                    step_kind,
                    &params.values,
                    &inputs,
                    &shown,
                    &projection.cells[cell],
                ),
                inputs,
                policy: Arc::clone(&stage.policy),
                place: stage.place.clone(),
            };
            expanded.steps.push(Some((step.id, kind)));
            self.steps.push(Arc::new(step));
        }
        // Without a cell, before the first trials of a search, nothing is to be said of stages.
        let nowhere = !expanded.steps.is_empty() && expanded.steps.iter().all(Option::is_none);
        if from == 0 && nowhere && !found.has_errors() {
            found.push(
                Diagnostic::warning(format!("stage `{}` exists in no cell", stage.name))
                    .at(&stage.place, "makes no step"),
            );
        }
        if let Some((binding, cells)) = left_out.filter(|_| from == 0) {
            let binding = &stage.inputs[binding];
            let (name, slot) = (&stage.name, &binding.slot);
            let cells = plural(cells, "cell");
            found.push(
                Diagnostic::warning(format!("stage `{name}` does not exist in {cells}"))
                    .at(&binding.slot_place, format!("no `{slot}` is read there"))
                    .help("a program has all its inputs: where this is meant, `when` of the stage says so"),
            );
        }
        let there = |cell: usize| expanded.steps.get(cell).is_some_and(Option::is_some);
        let of_stage = (&*stage.name, &stage.place);
        let grid = &ready.experiment.grid;
        if let Some(wrong) = alike(grid, &ready.axes.all, &projection, of_stage, there) {
            found.push(wrong);
        }
        expanded.cells = ready.experiment.grid.len();
        if ready.grows {
            expanded.remember(reads);
        }
        self.stages[ready.index] = Some(expanded);
    }

    /// Forgets the last steps and full cells, so that so many are left.
    pub(super) fn truncate(
        &mut self,
        steps: usize,
        cells: usize,
        axes_of: &[Option<StageAxes>],
        projections: &Projections,
    ) {
        self.steps.truncate(steps);
        for (expanded, axes) in self.stages.iter_mut().zip(axes_of) {
            let (Some(known), Some(axes)) = (&mut *expanded, axes) else {
                continue;
            };
            let projected = projections
                .get(&axes.all)
                .map_or(0, |projection| projection.len());
            known.steps.truncate(projected);
            known.cells = known.cells.min(cells);
            for pairs in known.read.iter_mut().flatten() {
                pairs.retain(|(reader, _)| (*reader as usize) < projected);
            }
        }
    }

    /// Forgets a stage that was expanded for the first time.
    pub(super) fn forget(&mut self, index: usize) {
        self.stages[index] = None;
    }
}

impl Expanded {
    /// Keeps which pairs of cells were read, so that more of them are noticed.
    fn remember(&mut self, reads: Vec<Vec<reading::Read>>) {
        self.read.resize_with(reads.len(), Vec::new);
        for (known, reads) in self.read.iter_mut().zip(reads) {
            known.resize_with(reads.len(), Pairs::default);
            for (known, read) in known.iter_mut().zip(reads) {
                known.extend(read.pairs);
            }
        }
    }
}

/// What an experiment says of the numbers of a stage.
struct Shown {
    /// The names of its axes.
    axes: Vec<Value>,
    /// Which way those are better that its search optimises; none where it optimises none of the stage.
    better: Option<Value>,
}

/// What a step says of its outputs; one that passes on others says what they say. Columns of a program's rows
/// are axes where they are called as `axes` of the experiment are, also where they hold numbers; those of its curve
/// only where it has the curves of several cells, for else they may be measured along it, as a learning rate is.
fn described(
    kind: &dyn StageKind,
    params: &Values,
    inputs: &[Input],
    shown: &Shown,
    cell: &Cell,
) -> Option<Arc<Values>> {
    if let Outputs::PassedOn { slot, .. } = kind.outputs() {
        let input = inputs.iter().find(|input| *input.slot == *slot)?;
        return input.items.first()?.described.clone();
    }
    let described = kind.described(params);
    let mut described = match &shown.better {
        Some(better) => optimised(described, better),
        None => described?,
    };
    let axes = &shown.axes;
    if axes.is_empty() || !matches!(kind.outputs(), Outputs::Declared) {
        return Some(described);
    }
    let collected = |axis: &&Value| {
        let Some(axis) = axis.as_str().filter(|axis| cell.get(axis).is_none()) else {
            return false;
        };
        let mut items = inputs.iter().flat_map(|input| &input.items);
        items.any(|item| item.cell.get(axis).is_some())
    };
    for (output, ty) in kind.declared(params) {
        let axes: Vec<Value> = match ty {
            ArtifactType::Table => axes.clone(),
            ArtifactType::Curve => axes.iter().filter(collected).cloned().collect(),
            _ => continue,
        };
        if axes.is_empty() {
            continue;
        }
        if let Some(Value::Map(said)) = Arc::make_mut(&mut described).get_mut(&output) {
            said.insert(AXES.to_owned(), Value::List(axes));
        }
    }
    Some(described)
}

/// The same with which way numbers are better that the search optimises.
fn optimised(described: Option<Arc<Values>>, better: &Value) -> Arc<Values> {
    let of_kind = described.is_none();
    let mut described = described.unwrap_or_default();
    let of_outputs = Arc::make_mut(&mut described);
    if !of_outputs.contains_key(METRICS) {
        of_outputs.insert(METRICS.to_owned(), Value::Map(Fields::new()));
    }
    if let Some(Value::Map(said)) = of_outputs.get_mut(METRICS) {
        said.insert(SEARCHED.to_owned(), better.clone());
        if of_kind {
            said.insert(OF_KIND.to_owned(), Value::Bool(true));
        }
    }
    described
}

/// By name, which way numbers of a stage are better that the search optimises.
fn better(experiment: &Experiment, stage: &str) -> Option<Value> {
    let objectives = experiment.search.iter().flat_map(|it| &it.objectives);
    let of_stage = objectives.filter(|objective| *objective.stage == *stage);
    let better: Fields = of_stage
        .map(|objective| {
            let way = match objective.direction {
                Direction::Maximize => "higher",
                Direction::Minimize => "lower",
            };
            (objective.column.clone(), Value::from(way))
        })
        .collect();
    (!better.is_empty()).then_some(Value::Map(better))
}

/// The names of an experiment's axes, whatever their order.
fn axes(experiment: &Experiment) -> Vec<Value> {
    let grid = &experiment.grid;
    let names = grid.axes().map(|column| &*grid.columns().get(column).name);
    let names: BTreeSet<&str> = names.collect();
    names.into_iter().map(Value::from).collect()
}

/// Whether all names that the text of a stage uses are known.
fn names_known(experiment: &Experiment, stage: &Stage) -> bool {
    let columns = experiment.grid.columns();
    let mut known = true;
    wiring::expressions(stage, &mut |expression| {
        let names = expression.names().iter();
        known &= names.into_iter().all(|name| columns.index(name).is_some());
    });
    known
}
