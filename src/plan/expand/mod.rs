//! One stage after another becomes steps. Cells are projected on the axes of the stage; templates
//! are filled in once for every distinct projection; steps that are equal are one.

mod reading;
mod slots;
mod summary;

use std::sync::Arc;

use foldhash::HashMap;
use foldhash::HashMapExt;
use rayon::prelude::*;

use crate::manifest::Experiment;
use crate::manifest::Stage;
use crate::registry::Values;
use crate::text::Diagnostic;
use crate::text::Diagnostics;

use reading::Reader;
use slots::gather;
use slots::slot_order;

use super::Step;
use super::StepId;
use super::equal::Fingerprint;
use super::equal::Pantry;
use super::equal::fingerprint;
use super::kind_of::KindOf;
use super::kinds::StageKinds;
use super::params::Recipe;
use super::projection::Projection;
use super::projection::Projections;
use super::projection::TooMany;
use super::wiring;
use super::wiring::StageAxes;

/// Fewer combinations of values are not worth waking other threads.
const MANY: usize = 256;

/// The steps so far.
pub(super) struct Expansion<'e> {
    experiment: &'e Experiment,
    steps: Vec<Arc<Step>>,
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

    pub fn into_steps(self) -> Vec<Arc<Step>> {
        self.steps
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
        self.steps.reserve(projection.len());
        self.known.reserve(projection.len());
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
                self.steps.push(Arc::new(step));
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
        // By distinct combination of values: a cell that has it, and the kind of stage there.
        let mut first: Vec<Option<(usize, usize)>> = vec![None; own.len()];
        for cell in &projection.first {
            let cell = *cell as usize;
            if let Some(kind) = kind_of.of[cell] {
                first[own.of[cell] as usize].get_or_insert((cell, kind as usize));
            }
        }
        let silent = |known: &Option<(usize, usize)>| {
            let (cell, kind) = (*known)?;
            recipes[kind].make_silently(&|name| grid.value(cell, name))
        };
        let silently: Vec<Option<Values>> = match first.len() < MANY {
            true => first.iter().map(silent).collect(),
            false => first.par_iter().map(silent).collect(),
        };
        let mut made = Vec::with_capacity(first.len());
        self.pantry.expect(first.len());
        for (known, values) in first.into_iter().zip(silently) {
            let values = match (known, values) {
                // What there is to say is said in the order of cells.
                (Some((cell, kind)), None) => recipes[kind].make(
                    &|name| grid.value(cell, name),
                    &|name| grid.value_place(cell, name).cloned(),
                    found,
                ),
                (_, values) => values,
            };
            made.push(values.map(|values| self.pantry.keep(values)));
        }
        let cells = projection.first.iter().map(|cell| *cell as usize);
        let of = |cell: usize| made[own.of[cell] as usize].clone();
        Ok(cells
            .map(|cell| kind_of.of[cell].and_then(|_| of(cell)))
            .collect())
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

    fn expanded(&self, name: &str) -> Option<&Expanded> {
        let index = self.experiment.pipeline.position(name)?;
        self.stages[index].as_ref()
    }
}
