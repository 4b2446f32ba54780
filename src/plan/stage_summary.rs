//! A stage of a plan, with its steps.

use std::sync::Arc;

use super::StepId;
use super::projection::Projection;

/// A stage as the plan has it.
#[derive(Clone, Debug)]
pub struct StageSummary {
    pub name: Arc<str>,
    /// The names of its kinds: several where they depend on the cell.
    pub kinds: Vec<&'static str>,
    /// Its axes, in axis order.
    pub axes: Vec<Arc<str>>,
    /// Its steps, one for each cell in which it exists.
    pub steps: Vec<StepId>,
    /// The stages it reads, each once, and by which slots.
    pub reads: Vec<(Arc<str>, Arc<str>)>,
    /// The axes that it reduces, in axis order.
    pub reduces: Vec<Arc<str>>,
    /// By full cell: its projected cell; and by projected cell: its step.
    pub(super) projection: Option<Arc<Projection>>,
    pub(super) by_cell: Vec<Option<StepId>>,
}

impl StageSummary {
    /// The step on which a full cell of the grid falls.
    pub fn step_of(&self, cell: usize) -> Option<StepId> {
        let projected = *self.projection.as_ref()?.of.get(cell)?;
        *self.by_cell.get(projected as usize)?
    }
}
