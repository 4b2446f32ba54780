//! Steps: the nodes of the expanded plan. The engine knows only these.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::manifest::Policy;
use crate::registry::ArtifactType;
use crate::registry::Outputs;
use crate::registry::StageKind;
use crate::registry::Value;
use crate::registry::Values;
use crate::text::Place;
use crate::text::in_one_line;

/// The key under which [`Step::described`] says which columns of a program's rows are axes.
pub const AXES: &str = "axes";

/// The key under which it says which way numbers are better that the search optimises, by name.
pub const SEARCHED: &str = "searched";

/// The key under which it says that the numbers are those of their kind, and not what a program calls so.
pub const OF_KIND: &str = "of kind";

/// A step of one plan; an index, dense from zero in topological order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct StepId(pub u32);

impl StepId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One point of the axes a stage depends on, in the order in which the axes were declared.
/// Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell(pub Arc<[(Arc<str>, Value)]>);

impl Cell {
    /// The value on this axis; none where the axis does not exist for the cell.
    pub fn get(&self, axis: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|(name, _)| &**name == axis)
            .map(|(_, value)| value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

/// `latent=8,seed=0`: how cells are named everywhere.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (axis, value)) in self.0.iter().enumerate() {
            let separator = if i == 0 { "" } else { "," };
            write!(f, "{separator}{axis}=")?;
            // The name is typed as it is shown, and a name is one line.
            match value {
                Value::Str(text) => f.write_str(&in_one_line(text))?,
                Value::List(_) | Value::Map(_) => {
                    f.write_str(&in_one_line(&value.to_string()))?;
                }
                plain => write!(f, "{plain}")?,
            }
        }
        Ok(())
    }
}

/// One unit of work: a stage at a cell, with everything resolved.
#[derive(Clone)]
pub struct Step {
    pub id: StepId,
    /// The stage's name in the pipeline; not part of the key.
    pub stage: Arc<str>,
    pub cell: Cell,
    pub kind: &'static dyn StageKind,
    /// Checked, with defaults filled in.
    pub params: Arc<Values>,
    /// The same for a program, with numbers as the manifest writes them, where that differs. Not in
    /// the key: `1` and `1.0` are one number.
    pub written: Option<Arc<Values>>,
    /// Where the key had other forms of the same numbers: results under that one are taken.
    pub former: Option<Arc<Former>>,
    /// Where this step has a part of the budget of the search: a step with more of it goes on where
    /// this one ends.
    pub part: Option<PartOfBudget>,
    /// One per slot that is bound, in the kind's order.
    pub inputs: Vec<Input>,
    /// By output: how its numbers are shown, as a program's manifest or the search says it.
    pub described: Option<Arc<Values>>,
    pub policy: Arc<Policy>,
    /// Where the stage stands in its pipeline file.
    pub place: Place,
}

impl Step {
    /// Whether a name means this step: a number is one value however it is written.
    pub fn is_called(&self, name: &str) -> bool {
        let rest = name.strip_prefix(&*self.stage);
        let Some(cell) = rest.and_then(|rest| rest.strip_prefix('[')?.strip_suffix(']')) else {
            return rest == Some("") && self.cell.0.is_empty();
        };
        let mut parts = cell.split(',');
        let same = self.cell.iter().all(|(axis, value)| {
            let part = parts.next();
            let written = part.and_then(|part| part.strip_prefix(axis)?.strip_prefix('='));
            written.is_some_and(|text| match value.as_float() {
                Some(number) => text.parse() == Ok(number),
                None => text == in_one_line(&value.to_string()),
            })
        });
        same && parts.next().is_none()
    }

    /// The same step under a number of another plan, in which the steps that it reads have numbers of
    /// their own.
    pub fn renumbered(&self, id: StepId, of: impl Fn(StepId) -> StepId) -> Step {
        let mut step = Step { id, ..self.clone() };
        for item in step.inputs.iter_mut().flat_map(|input| &mut input.items) {
            if let From::Step { step, .. } = &mut item.from {
                *step = of(*step);
            }
        }
        step
    }

    /// Its own outputs with their types: those of its kind, or those that it declares. What it
    /// passes on of another step is not among them.
    pub fn outputs(&self) -> Vec<(Cow<'static, str>, ArtifactType)> {
        let named = |list: &[(&'static str, ArtifactType)]| {
            let list = list.iter();
            list.map(|(name, ty)| (Cow::Borrowed(*name), *ty)).collect()
        };
        match self.kind.outputs() {
            Outputs::Fixed(outputs) => named(outputs),
            Outputs::PassedOn { own, .. } => named(own),
            Outputs::Declared => {
                let declared = self.kind.declared(&self.params).into_iter();
                declared.map(|(name, ty)| (Cow::Owned(name), ty)).collect()
            }
        }
    }
}

/// `fit[latent=8,seed=0]`, or `summary` where there is no axis: how steps are named everywhere.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.cell.0.is_empty() {
            f.write_str(&self.stage)
        } else {
            write!(f, "{}[{}]", self.stage, self.cell)
        }
    }
}

/// Forms of numbers that keys had until `1` and `1.0` became one value whatever gives them.
#[derive(Debug)]
pub struct Former {
    /// The parameters, where one was another.
    params: Option<Arc<Values>>,
    /// The axes whose whole numbers were fractions.
    axes: Arc<[Arc<str>]>,
}

impl Former {
    /// What a step had; none where that is what it has.
    pub(super) fn of(
        params: Option<&Arc<Values>>,
        axes: &Arc<[Arc<str>]>,
        inputs: &[Input],
    ) -> Option<Arc<Former>> {
        let mut reduced = inputs.iter().filter(|input| input.reduced);
        let read = |input: &Input| {
            let mut cells = input.items.iter().map(|item| &item.cell);
            cells.any(|cell| formerly(cell, axes).is_some())
        };
        (params.is_some() || (!axes.is_empty() && reduced.any(read))).then(|| {
            Arc::new(Former {
                params: params.cloned(),
                axes: Arc::clone(axes),
            })
        })
    }

    /// The step with what its key had.
    pub(super) fn step(&self, step: &Step) -> Step {
        let mut step = step.clone();
        if let Some(params) = &self.params {
            step.params = Arc::clone(params);
        }
        let reduced = step.inputs.iter_mut().filter(|input| input.reduced);
        for item in reduced.flat_map(|input| &mut input.items) {
            if let Some(cell) = formerly(&item.cell, &self.axes) {
                item.cell = cell;
            }
        }
        step
    }
}

/// A cell with the whole numbers of these axes as fractions; none where it has no such number.
fn formerly(cell: &Cell, axes: &[Arc<str>]) -> Option<Cell> {
    let other = |(axis, value): &(Arc<str>, Value)| match value {
        Value::Int(whole) if axes.contains(axis) => Some(Value::Float(*whole as f64)),
        _ => None,
    };
    let any = cell.0.iter().any(|one| other(one).is_some());
    let one = |pair: &(Arc<str>, Value)| {
        let value = other(pair).unwrap_or_else(|| pair.1.clone());
        (Arc::clone(&pair.0), value)
    };
    any.then(|| Cell(cell.0.iter().map(one).collect()))
}

/// A part of a budget.
#[derive(Clone, Debug)]
pub struct PartOfBudget {
    pub amount: u64,
    /// The parameters with all of it.
    pub whole: Arc<Values>,
}

/// What one slot of a step reads.
#[derive(Clone, Debug)]
pub struct Input {
    pub slot: Arc<str>,
    /// In axis order. One item unless the slot was reduced or names several stages.
    pub items: Vec<InputItem>,
    /// Whether axes were reduced, so that the items' coordinates belong to the key.
    pub reduced: bool,
    /// Whether a failed member leaves the others usable.
    pub missing_allowed: bool,
}

/// One artifact that a step reads.
#[derive(Clone, Debug)]
pub struct InputItem {
    /// The stage that makes it; empty for a plain file.
    pub stage: Arc<str>,
    /// The cell of the step it comes from.
    pub cell: Cell,
    pub from: From,
    /// What the step it comes from says of its outputs: [`Step::described`].
    pub described: Option<Arc<Values>>,
}

impl InputItem {
    /// What is said of the output that is read; of its numbers, where a whole step is.
    pub fn description(&self) -> Option<&Value> {
        match &self.from {
            From::Step { output, .. } => {
                let output = output.as_deref().unwrap_or("metrics");
                self.described.as_ref()?.get(output)
            }
            From::File { .. } => None,
        }
    }
}

/// Where an input comes from.
#[derive(Clone, Debug)]
pub enum From {
    /// One output of a step, or all of them where the slot takes a whole step.
    Step {
        step: StepId,
        output: Option<Arc<str>>,
    },
    /// A plain file of the project, by absolute path.
    File { path: PathBuf },
}
