//! The columns that rows will have, as far as the kinds of the steps that make them say.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use crate::registry::ArtifactType;
use crate::registry::Columns;
use crate::registry::Outputs;
use crate::registry::Value;

use super::AXES;
use super::From;
use super::Input;
use super::InputItem;
use super::SEARCHED;
use super::Step;

/// The output that is read where a whole step is.
pub(super) const METRICS: &str = "metrics";

/// What is known of the columns that steps leave and read.
pub struct KnownColumns<'s> {
    steps: &'s [Arc<Step>],
    /// Of tables, which are made of others.
    tables: RefCell<HashMap<(usize, String), Columns>>,
}

impl<'s> KnownColumns<'s> {
    pub(super) fn new(steps: &'s [Arc<Step>]) -> Self {
        KnownColumns {
            steps,
            tables: RefCell::default(),
        }
    }

    /// Those of what a slot of a step reads, beside one another or stacked, with the axes of their cells.
    pub fn read(&self, step: &Step, slot: &str) -> Columns {
        self.of_items(step, slot, true)
    }

    /// The same without the axes of the cells.
    pub(super) fn made(&self, step: &Step, slot: &str) -> Columns {
        self.of_items(step, slot, false)
    }

    fn of_items(&self, step: &Step, slot: &str, with_cells: bool) -> Columns {
        let mut all = Columns::default();
        let mut alike = HashSet::new();
        for item in items(&step.inputs, slot) {
            let From::Step { step: made, output } = &item.from else {
                return Columns::unknown();
            };
            let made = &self.steps[made.index()];
            let output = output.as_deref().unwrap_or(METRICS);
            if with_cells {
                for (axis, _) in item.cell.iter() {
                    if !all.axes.names.contains(axis) {
                        all.axes.names.insert(axis.to_owned());
                    }
                }
            }
            describe(&mut all, item.description());
            // Thousands of cells of a stage leave the same numbers.
            let like = (&*made.stage, made.kind.name(), output);
            if alike.contains(&like) {
                continue;
            }
            if type_of(made, output).is_some_and(|ty| ty != ArtifactType::Table) {
                alike.insert(like);
            }
            all.add(&self.output(made, output));
        }
        all
    }

    /// Those of an output of a step, of which the axes of its cell are none.
    pub fn output(&self, step: &Step, output: &str) -> Columns {
        let place = (step.id.index(), output.to_owned());
        if let Some(known) = self.tables.borrow().get(&place) {
            return known.clone();
        }
        let columns = self.find(step, output);
        self.tables.borrow_mut().insert(place, columns.clone());
        columns
    }

    fn find(&self, step: &Step, output: &str) -> Columns {
        let ty = type_of(step, output);
        if let (None, Outputs::PassedOn { slot, .. }) = (ty, step.kind.outputs()) {
            let mut all = Columns::default();
            for item in items(&step.inputs, slot) {
                all.add(&match &item.from {
                    From::Step { step, .. } => self.output(&self.steps[step.index()], output),
                    From::File { .. } => Columns::unknown(),
                });
            }
            return all;
        }
        let rows = |slot: &str| self.read(step, slot);
        let mut columns = step.kind.columns(output, &step.params, &rows);
        // Their rows are told apart by their cells alone.
        if matches!(ty, Some(ArtifactType::Metrics | ArtifactType::Curve)) {
            columns.axes = Default::default();
        }
        let described = step.described.as_ref().and_then(|said| said.get(output));
        describe(&mut columns, described);
        // The curves of several cells may be one that tells them apart.
        if let (Some(ArtifactType::Curve), Some(Value::Map(said))) = (ty, described)
            && let Some(Value::List(axes)) = said.get(AXES)
        {
            let axes = axes.iter().filter_map(Value::as_str);
            columns.axes.names.extend(axes.map(str::to_owned));
        }
        columns
    }
}

fn items<'i>(inputs: &'i [Input], slot: &str) -> impl Iterator<Item = &'i InputItem> {
    let inputs = inputs.iter().filter(move |input| *input.slot == *slot);
    inputs.flat_map(|input| &input.items)
}

/// The type of an output of the step's own.
fn type_of(step: &Step, output: &str) -> Option<ArtifactType> {
    let mut outputs = step.outputs().into_iter();
    let found = outputs.find(|(name, _)| *name == *output);
    found.map(|(_, ty)| ty)
}

/// Adds the numbers that a manifest says something of.
fn describe(columns: &mut Columns, described: Option<&Value>) {
    let Some(Value::Map(said)) = described else {
        return;
    };
    for (key, names) in said {
        let Value::Map(names) = names else { continue };
        // What a search asks for need not be there.
        if key == SEARCHED {
            continue;
        }
        for (name, _) in names {
            if !columns.numbers.names.contains(name) {
                columns.numbers.names.insert(name.clone());
            }
        }
    }
}
