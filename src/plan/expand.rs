//! One stage after another becomes steps. Cells are projected on the axes of the stage; templates
//! are filled in once for every distinct projection; steps that are equal are one.

use std::collections::HashMap;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::manifest::Binding;
use crate::manifest::Experiment;
use crate::manifest::Input as Source;
use crate::manifest::Origin;
use crate::manifest::Stage;
use crate::manifest::ValueId;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::registry::Values;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;

use super::Cell;
use super::From;
use super::Input;
use super::InputItem;
use super::Step;
use super::StepId;
use super::build::KindOf;
use super::build::StageSummary;
use super::equal::Fingerprint;
use super::equal::Pantry;
use super::equal::fingerprint;
use super::kinds;
use super::kinds::StageKinds;
use super::params::Recipe;
use super::projection::Projection;
use super::projection::Projections;
use super::projection::TooMany;
use super::wiring;
use super::wiring::StageAxes;

/// The steps so far.
pub(super) struct Expansion<'e> {
    experiment: &'e Experiment,
    steps: Vec<Step>,
    /// Equal steps are one.
    known: HashMap<Fingerprint, StepId>,
    buffer: Vec<u8>,
    pantry: Pantry,
    /// By stage index.
    stages: Vec<Option<Expanded>>,
}

/// A stage that has its steps.
struct Expanded {
    projection: Arc<Projection>,
    /// By projected cell: its step, and the index of its kind; none where the stage does not
    /// exist.
    steps: Vec<Option<(StepId, u32)>>,
    /// The steps that were new with this stage.
    own: Vec<StepId>,
}

/// What one source of a slot gives every cell of a stage.
struct Read {
    /// By projected cell of the reading stage.
    items: Vec<Vec<InputItem>>,
    reduced: bool,
}

impl<'e> Expansion<'e> {
    pub fn new(experiment: &'e Experiment) -> Self {
        let mut stages = Vec::new();
        stages.resize_with(experiment.pipeline.stages.len(), || None);
        Expansion {
            experiment,
            steps: Vec::new(),
            known: HashMap::new(),
            buffer: Vec::new(),
            pantry: Pantry::default(),
            stages,
        }
    }

    pub fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    /// Where the value of a name in a cell was written.
    pub fn value_place(&self, cell: usize, name: &str) -> Option<Place> {
        let grid = &self.experiment.grid;
        let column = grid.columns().index(name)?;
        let id = grid.value_id(cell, column);
        grid.columns().get(column).place_of(id).cloned()
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one call; all that is known of a stage"
    )]
    pub fn stage(
        &mut self,
        index: usize,
        axes: &StageAxes,
        axes_of: &[Option<StageAxes>],
        kind_of: &KindOf,
        kinds: &StageKinds,
        recipes: &mut [Recipe<'_>],
        projections: &mut Projections<'_>,
        found: &mut Diagnostics,
    ) -> Result<(), TooMany> {
        let experiment = self.experiment;
        let stage = &experiment.pipeline.stages[index];
        if !self.names_known(stage) {
            return Ok(());
        }
        let projection = projections.on(&axes.all)?;
        let params = self.params(stage, kind_of, &projection, recipes, projections, found)?;
        if found.has_errors() {
            return Ok(());
        }
        let mut reads = Vec::with_capacity(stage.inputs.len());
        for (at, binding) in stage.inputs.iter().enumerate() {
            let mut of_binding = Vec::with_capacity(binding.sources.len());
            for (number, source) in binding.sources.iter().enumerate() {
                let outputs = |kind: u32, source_kind: u32| -> Option<Arc<str>> {
                    let by_source = kinds.reads[kind as usize][at].get(number)?;
                    by_source.get(source_kind as usize).cloned().flatten()
                };
                let reader = Reader {
                    expansion: self,
                    source,
                    axes,
                    axes_of,
                    projection: &projection,
                    kind_of,
                    outputs: &outputs,
                };
                of_binding.push(reader.read(found)?);
            }
            reads.push(of_binding);
        }
        let mut expanded = Expanded {
            steps: Vec::with_capacity(projection.len()),
            projection: Arc::clone(&projection),
            own: Vec::new(),
        };
        let slots = slot_order(stage, kind_of);
        for cell in 0..projection.len() {
            let kind = kind_of.of[projection.first[cell] as usize];
            let (Some(kind), Some(params)) = (kind, &params[cell]) else {
                expanded.steps.push(None);
                continue;
            };
            let inputs = gather(
                stage,
                &slots[kind as usize],
                &mut reads,
                cell,
                kind_of.kinds[kind as usize],
            );
            let Some(inputs) = inputs else {
                expanded.steps.push(None);
                continue;
            };
            let step = Step {
                id: StepId(self.steps.len() as u32),
                stage: Arc::clone(&stage.name),
                cell: projection.cells[cell].clone(),
                kind: kind_of.kinds[kind as usize],
                params: Arc::clone(params),
                inputs,
                policy: Arc::clone(&stage.policy),
                place: stage.place.clone(),
            };
            let fingerprint = fingerprint(&step, &mut self.buffer);
            let id = *self.known.entry(fingerprint).or_insert(step.id);
            if id == step.id {
                self.steps.push(step);
                expanded.own.push(id);
            }
            expanded.steps.push(Some((id, kind)));
        }
        if expanded.steps.iter().all(Option::is_none) && !found.has_errors() {
            found.push(
                Diagnostic::warning(format!("stage `{}` exists in no cell", stage.name))
                    .at(&stage.place, "makes no step"),
            );
        }
        self.stages[index] = Some(expanded);
        Ok(())
    }

    /// The parameters of every projected cell.
    fn params(
        &mut self,
        stage: &Stage,
        kind_of: &KindOf,
        projection: &Projection,
        recipes: &mut [Recipe<'_>],
        projections: &mut Projections<'_>,
        found: &mut Diagnostics,
    ) -> Result<Vec<Option<Arc<Values>>>, TooMany> {
        let grid = &self.experiment.grid;
        let mut names = stage.uses.names();
        for argument in &stage.with {
            names.extend(argument.value.names());
        }
        names.extend(
            stage
                .when
                .iter()
                .flat_map(|when| when.names().iter().cloned()),
        );
        let columns = grid.axes_of(names.iter().map(|name| &**name));
        let own = projections.on(&columns)?;
        let mut made: Vec<Option<Option<Arc<Values>>>> = vec![None; own.len()];
        let mut params = Vec::with_capacity(projection.len());
        for first in &projection.first {
            let cell = *first as usize;
            let Some(kind) = kind_of.of[cell] else {
                params.push(None);
                continue;
            };
            let known = &mut made[own.of[cell] as usize];
            if known.is_none() {
                let lookup = |name: &str| grid.value(cell, name);
                let source_of = |name: &str| {
                    let column = grid.columns().index(name)?;
                    let id = grid.value_id(cell, column);
                    grid.columns().get(column).place_of(id).cloned()
                };
                let values = recipes[kind as usize].make(&lookup, &source_of, found);
                *known = Some(values.map(|values| self.pantry.keep(values)));
            }
            params.push(known.clone().flatten());
        }
        Ok(params)
    }

    fn names_known(&self, stage: &Stage) -> bool {
        let columns = self.experiment.grid.columns();
        let mut known = true;
        wiring::expressions(stage, &mut |expression| {
            let names = expression.names().iter();
            known &= names.into_iter().all(|name| columns.index(name).is_some());
        });
        known
    }

    pub fn summary(&self, index: usize, axes: &StageAxes, kinds: &StageKinds) -> StageSummary {
        let stage = &self.experiment.pipeline.stages[index];
        let columns = self.experiment.grid.columns();
        let expanded = self.stages[index].as_ref();
        let name = |column: &usize| Arc::clone(&columns.get(*column).name);
        let mut reads: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        let mut read_axes = Vec::new();
        for binding in &stage.inputs {
            for input in &binding.sources {
                if let Origin::Stage { stage: from, .. } = &input.from {
                    let read = (Arc::clone(from), Arc::clone(&binding.slot));
                    if !reads.contains(&read) {
                        reads.push(read);
                    }
                    let held = wiring::held(self.experiment, &input.at);
                    if let Some(source) = self.expanded(from) {
                        let axes = source.projection.columns().iter();
                        read_axes.extend(axes.filter(|axis| !held.contains(axis)).copied());
                    }
                }
            }
        }
        let read_axes = self.experiment.grid.ordered(read_axes);
        let reduced = read_axes.iter().filter(|axis| !axes.all.contains(axis));
        let cells = expanded.map_or(0, |stage| stage.steps.iter().flatten().count());
        StageSummary {
            name: Arc::clone(&stage.name),
            kinds: kinds.kinds.iter().map(|kind| kind.name()).collect(),
            axes: axes.all.iter().map(name).collect(),
            cells,
            steps: expanded.map(|stage| stage.own.clone()).unwrap_or_default(),
            reads,
            reduces: reduced.map(name).collect(),
            projection: expanded.map(|stage| Arc::clone(&stage.projection)),
            by_cell: expanded
                .map(|stage| {
                    stage
                        .steps
                        .iter()
                        .map(|step| step.map(|(id, _)| id))
                        .collect()
                })
                .unwrap_or_default(),
        }
    }

    fn expanded(&self, name: &str) -> Option<&Expanded> {
        let stages = &self.experiment.pipeline.stages;
        let index = stages.iter().position(|stage| *stage.name == *name)?;
        self.stages[index].as_ref()
    }
}

/// By kind: the bindings in the order of the kind's slots, without those it has no slot for.
fn slot_order(stage: &Stage, kind_of: &KindOf) -> Vec<Vec<usize>> {
    kind_of
        .kinds
        .iter()
        .map(|kind| {
            let slots = kind.inputs();
            let mut order: Vec<usize> = (0..stage.inputs.len()).collect();
            order.retain(|at| {
                let name = &*stage.inputs[*at].slot;
                kinds::open_slots(*kind) || slots.iter().any(|slot| slot.name == name)
            });
            // Slots that no kind declares, those of commands, come in the order of their names.
            order.sort_by_key(|at| {
                let name = &*stage.inputs[*at].slot;
                let known = slots.iter().position(|slot| slot.name == name);
                (known.unwrap_or(slots.len()), name.to_owned())
            });
            order
        })
        .collect()
}

/// The inputs of one step; none where something it cannot do without does not exist.
fn gather(
    stage: &Stage,
    order: &[usize],
    reads: &mut [Vec<Read>],
    cell: usize,
    kind: &dyn crate::registry::StageKind,
) -> Option<Vec<Input>> {
    let mut inputs = Vec::with_capacity(order.len());
    for at in order {
        let binding: &Binding = &stage.inputs[*at];
        let mut items = Vec::new();
        let mut reduced = false;
        for read in &mut reads[*at] {
            reduced |= read.reduced;
            let given = std::mem::take(&mut read.items[cell]);
            match items.is_empty() {
                true => items = given,
                false => items.extend(given),
            }
        }
        if items.is_empty() {
            let optional = kinds::slot_of(kind, &binding.slot).is_some_and(|slot| slot.optional);
            match optional {
                true => continue,
                false => return None,
            }
        }
        inputs.push(Input {
            slot: Arc::clone(&binding.slot),
            items,
            reduced,
            missing_allowed: stage.missing_allowed,
        });
    }
    Some(inputs)
}

/// One source of a slot, for all cells of the stage that reads it.
struct Reader<'r, 'e> {
    expansion: &'r Expansion<'e>,
    source: &'r Source,
    axes: &'r StageAxes,
    axes_of: &'r [Option<StageAxes>],
    projection: &'r Projection,
    kind_of: &'r KindOf,
    /// By kind of the reader and kind of the source.
    outputs: &'r dyn Fn(u32, u32) -> Option<Arc<str>>,
}

impl Reader<'_, '_> {
    fn read(&self, found: &mut Diagnostics) -> Result<Read, TooMany> {
        match &self.source.from {
            Origin::File(_) => Ok(self.files(found)),
            Origin::Stage { stage, .. } => Ok(self.steps(stage, found)),
        }
    }

    fn empty(&self, reduced: bool) -> Read {
        Read {
            items: vec![Vec::new(); self.projection.len()],
            reduced,
        }
    }

    /// Whether the source is read in a cell at all; says what is wrong with the condition.
    fn exists(&self, cell: usize, found: &mut Diagnostics) -> bool {
        let grid = &self.expansion.experiment.grid;
        match &self.source.when {
            None => true,
            Some(when) => when
                .holds(|name| grid.value(cell, name))
                .unwrap_or_else(|message| {
                    found.push(
                        Diagnostic::error(format!("`{}` is not a condition", when.text()))
                            .at(when.place(), message),
                    );
                    false
                }),
        }
    }

    fn files(&self, found: &mut Diagnostics) -> Read {
        let experiment = self.expansion.experiment;
        let mut read = self.empty(false);
        let Origin::File(template) = &self.source.from else {
            return read;
        };
        // Paths repeat: each is looked at once.
        let mut known: HashMap<String, Option<PathBuf>> = HashMap::new();
        let no_cell = Cell(Arc::from([]));
        for (index, first) in self.projection.first.iter().enumerate() {
            let cell = *first as usize;
            if self.kind_of.of[cell].is_none() || !self.exists(cell, found) {
                continue;
            }
            let text = match template.fill(&|name| experiment.grid.value(cell, name)) {
                Ok(Some(value)) => value.to_string(),
                Ok(None) => continue,
                Err(diagnostic) => {
                    found.push(diagnostic);
                    return read;
                }
            };
            let path =
                known
                    .entry(text)
                    .or_insert_with_key(|text| match project_file(experiment, text) {
                        Ok(path) => Some(path),
                        Err(problem) => {
                            found.push(Diagnostic::error(problem).at(&template.place, "read here"));
                            None
                        }
                    });
            if let Some(path) = path {
                read.items[index].push(InputItem {
                    cell: no_cell.clone(),
                    from: From::File { path: path.clone() },
                });
            }
        }
        read
    }

    fn steps(&self, name: &str, found: &mut Diagnostics) -> Read {
        let experiment = self.expansion.experiment;
        let grid = &experiment.grid;
        let stages = &experiment.pipeline.stages;
        let index = stages.iter().position(|stage| *stage.name == *name);
        let source = index.and_then(|index| {
            let axes = self.axes_of[index].as_ref()?;
            Some((axes, self.expansion.stages[index].as_ref()?))
        });
        let Some((axes, source)) = source else {
            return self.empty(false);
        };
        let held = wiring::held(experiment, &self.source.at);
        let free = axes.all.iter().filter(|axis| !held.contains(axis));
        let reduced = free.into_iter().any(|axis| !self.axes.all.contains(axis));
        let mut read = self.empty(reduced);
        let mut seen: HashSet<(u32, u32)> = HashSet::new();
        let cells: &mut dyn Iterator<Item = usize> = if reduced {
            &mut (0..grid.len())
        } else {
            // Without a reduction all full cells of a projected one read the same.
            &mut self.projection.first.iter().map(|cell| *cell as usize)
        };
        for cell in cells {
            let Some(kind) = self.kind_of.of[cell] else {
                continue;
            };
            let reader = self.projection.of[cell];
            let from = if self.source.at.is_empty() {
                source.projection.of[cell]
            } else {
                match self.held_cell(&source.projection, cell, found) {
                    Some(from) => from,
                    None => return read,
                }
            };
            if reduced && seen.contains(&(reader, from)) {
                continue;
            }
            let Some((step, source_kind)) = source.steps[from as usize] else {
                continue;
            };
            // Under a reduction a source is read where any of its full cells meets the condition.
            if !self.exists(cell, found) {
                continue;
            }
            seen.insert((reader, from));
            read.items[reader as usize].push(InputItem {
                cell: source.projection.cells[from as usize].clone(),
                from: From::Step {
                    step,
                    output: (self.outputs)(kind, source_kind),
                },
            });
        }
        read
    }

    /// The cell of the source with some axes held at given values.
    fn held_cell(
        &self,
        projection: &Projection,
        cell: usize,
        found: &mut Diagnostics,
    ) -> Option<u32> {
        let grid = &self.expansion.experiment.grid;
        let mut given: Vec<(usize, ValueId)> = Vec::new();
        for (name, _, template) in &self.source.at {
            let column = grid.columns().index(name)?;
            let known = grid.columns().get(column);
            let value = match template.fill(&|name| grid.value(cell, name)) {
                Ok(value) => value.unwrap_or(Value::Null),
                Err(diagnostic) => {
                    found.push(diagnostic);
                    return None;
                }
            };
            let id = match &value {
                Value::Null => Some(crate::manifest::ABSENT),
                value => {
                    let canonical = known.ty.conform(value.clone()).ok();
                    canonical.and_then(|value| known.id_of(&value))
                }
            };
            let Some(id) = id else {
                let values: Vec<String> = known.values().iter().map(Value::to_string).collect();
                let values = values.iter().map(String::as_str);
                found.push(
                    Diagnostic::error(format!("`{name}` is never `{value}`"))
                        .at(&template.place, "no such value")
                        .maybe_help(crate::text::did_you_mean(
                            &value.to_string(),
                            values,
                            "its values are",
                        )),
                );
                return None;
            };
            given.push((column, id));
        }
        let from = projection.find(grid, cell, &given);
        if from.is_none() {
            let cell = &projection.cells[projection.of[cell] as usize];
            found.push(Diagnostic::error("there is no such cell to read").at(
                &self.source.place,
                format!("for `{cell}` and the values of `at`"),
            ));
        }
        from
    }
}

/// The absolute path of a file of the project.
fn project_file(experiment: &Experiment, text: &str) -> Result<PathBuf, String> {
    let path = ParamType::Path.conform(Value::Str(text.to_owned()));
    path.map_err(|mismatch| mismatch.message)?;
    let path = experiment.root.join(text);
    if !path.exists() {
        return Err(format!("there is no file `{text}`"));
    }
    if !path.is_file() {
        return Err(format!("`{text}` is not a file"));
    }
    Ok(path)
}
