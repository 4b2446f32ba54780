//! What leaves cells out.

use std::fmt::Write;

use crate::manifest::columns::ABSENT;
use crate::manifest::columns::ValueId;
use crate::manifest::expression::Expression;
use crate::registry::Value;
use crate::text::Diagnostic;

use super::Grid;

/// What leaves cells out.
#[derive(Debug)]
pub(super) enum Filter {
    /// Cells for which a condition does or does not hold.
    Condition { expression: Expression, keeps: bool },
    /// Cells with one of the values on each of the columns; a null is no value.
    Values(Vec<(usize, Vec<Value>)>),
    /// Replicates that only part of the cells have.
    Replicates {
        column: usize,
        /// The first of each part, and the cells of it.
        parts: Vec<(i64, Vec<Coordinates>)>,
    },
}

/// By column the values of which a cell has one.
pub(super) type Coordinates = Vec<(usize, Vec<ValueId>)>;

impl Filter {
    /// The columns whose coordinates decide whether a cell stays.
    pub(super) fn columns(&self, grid: &Grid) -> Vec<usize> {
        match self {
            Filter::Condition { expression, .. } => {
                let ways = expression.ways();
                grid.axes_of(ways.iter().map(|way| &**way))
            }
            _ => self.reads(grid),
        }
    }

    /// The columns at which it looks.
    pub(super) fn reads(&self, grid: &Grid) -> Vec<usize> {
        match self {
            Filter::Condition { expression, .. } => {
                let names = expression.names().iter();
                names.filter_map(|name| grid.columns.index(name)).collect()
            }
            Filter::Values(wanted) => wanted.iter().map(|(column, _)| *column).collect(),
            Filter::Replicates { column, .. } => vec![*column],
        }
    }

    /// What it leaves out, whatever else the manifest has.
    pub(super) fn text(&self, grid: &Grid) -> String {
        let column = |index: &usize| grid.columns.get(*index);
        match self {
            Filter::Condition { expression, keeps } => format!("{keeps}: {expression:?}"),
            Filter::Values(wanted) => {
                let wanted = wanted.iter();
                let wanted = wanted.map(|(at, values)| format!("{}={values:?}", column(at).name));
                wanted.collect::<Vec<_>>().join(",")
            }
            Filter::Replicates { column: at, parts } => {
                let mut text = column(at).name.to_string();
                for (first, cells) in parts {
                    let _ = write!(text, " from {first}");
                    for (at, ids) in cells.iter().flatten() {
                        let values: Vec<_> = ids.iter().map(|id| column(at).value(*id)).collect();
                        let _ = write!(text, " {}={values:?}", column(at).name);
                    }
                }
                text
            }
        }
    }

    /// Whether a cell stays.
    ///
    /// # Errors
    /// What is wrong with the condition.
    pub(super) fn keeps(&self, grid: &Grid, cell: usize) -> Result<bool, Diagnostic> {
        match self {
            Filter::Condition { expression, keeps } => {
                let holds = expression.holds(|name| grid.value(cell, name));
                holds
                    .map(|holds| holds == *keeps)
                    .map_err(|message| no_condition(expression, message))
            }
            Filter::Replicates { column, parts } => {
                let replicate = grid
                    .columns
                    .get(*column)
                    .value(grid.value_id(cell, *column));
                let replicate = replicate.and_then(Value::as_int).unwrap_or(0);
                let part = parts.iter().rfind(|(from, _)| *from <= replicate);
                let has = |(column, ids): &(usize, Vec<ValueId>)| {
                    let id = grid.value_id(cell, *column);
                    let known = grid.columns.get(*column).known_as(id);
                    id == ABSENT || ids.contains(&known)
                };
                Ok(part.is_none_or(|(_, cells)| cells.iter().any(|at| at.iter().all(has))))
            }
            Filter::Values(wanted) => Ok(!wanted.iter().all(|(column, values)| {
                let id = grid.value_id(cell, *column);
                let known = grid.columns.get(*column);
                values.iter().any(|value| match value {
                    Value::Null => id == ABSENT,
                    value => id != ABSENT && known.id_of(value) == Some(known.known_as(id)),
                })
            })),
        }
    }
}

fn no_condition(expression: &Expression, message: String) -> Diagnostic {
    Diagnostic::error(format!("`{}` is not a condition", expression.text()))
        .at(expression.place(), message)
}
