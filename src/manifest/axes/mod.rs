//! Axes: the forms in which a manifest gives a name several values.

mod alike;
mod files;
mod forms;
mod numbers;
mod reader;
mod search;
mod sheet;
mod space;
mod variants;
mod within;

pub use search::{Budget, Objective, Search, Statistic, TrialCell};

pub(super) use search::has_budget;

pub(super) use alike::in_place_of;
pub(super) use reader::Reader;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use crate::registry::Value;
use crate::text::Place;

use super::columns::Columns;
use super::columns::ValueId;

/// More values than this on one axis are a slip of the keyboard.
const MOST: i64 = 1_000_000;

/// A dimension of the grid.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub name: Arc<str>,
    pub place: Place,
    pub form: Form,
    pub choices: Vec<Choice>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    Values,
    Seeds(Option<Replicates>),
    Zip,
    /// Trials: their points are proposed.
    Search,
    Variants,
}

/// Replicates on demand, `seeds: {until: claims, max: 30, batch: 5}`: more of them until the claims are
/// decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replicates {
    pub most: u32,
    /// How many there are at first, and how many more each time.
    pub batch: u32,
}

impl Replicates {
    /// How many there are, where so many are known to be needed.
    pub fn count(self, needed: Option<u32>) -> u32 {
        needed.unwrap_or(self.batch).clamp(self.batch, self.most)
    }
}

/// What earlier runs have come to of replicates on demand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReplicatesSoFar {
    pub count: u32,
    /// Where not all cells have all of them, in order.
    pub parts: Vec<PartOfReplicates>,
}

/// Replicates of a part of the cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartOfReplicates {
    /// The first of them; all that follow are, up to the next part.
    pub from: u32,
    /// Which cells: those that on each of the named axes have one of the values, of any entry.
    pub cells: Vec<BTreeMap<String, Vec<Value>>>,
}

/// One way to be on an axis: what it sets, and which axes exist only there.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    pub set: Vec<(usize, ValueId)>,
    pub axes: Vec<Axis>,
}

impl Axis {
    /// The columns that an axis gives coordinates, without those of its variants' own axes.
    pub(super) fn columns(&self) -> Vec<usize> {
        let first = self.choices.first();
        match self.form {
            Form::Variants => {
                let first = first.and_then(|choice| choice.set.first());
                first.map(|(column, _)| *column).into_iter().collect()
            }
            _ => {
                let set = first
                    .map(|choice| choice.set.as_slice())
                    .unwrap_or_default();
                set.iter().map(|(column, _)| *column).collect()
            }
        }
    }

    /// The same with those of its variants' own axes, and of theirs.
    pub(super) fn all_columns(&self) -> Vec<usize> {
        let mut columns = self.columns();
        let inner = self.choices.iter().flat_map(|choice| &choice.axes);
        columns.extend(inner.flat_map(Axis::all_columns));
        columns
    }

    /// How many cells it makes.
    pub(super) fn size(&self) -> u128 {
        let sizes = self.choices.iter().map(|choice| product(&choice.axes));
        sizes.fold(0, u128::saturating_add)
    }
}

/// Makes coordinates that are one value one, however they are written: cells have no two names on an axis.
pub(super) fn settle_coordinates(axes: &mut [Axis], columns: &mut Columns) {
    for axis in axes {
        for choice in &mut axis.choices {
            for (column, id) in &mut choice.set {
                let column = columns.get_mut(*column);
                if column.axis {
                    *id = column.coordinate(*id);
                }
            }
            settle_coordinates(&mut choice.axes, columns);
        }
    }
}

/// How many cells the axes make together.
pub(super) fn product(axes: &[Axis]) -> u128 {
    axes.iter().map(Axis::size).fold(1, u128::saturating_mul)
}
