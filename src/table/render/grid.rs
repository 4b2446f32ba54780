//! The rows and columns of a printed table, with the best and second-best values marked.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::Layout;
use super::digits::Digits;
use super::digits::Precision;
use crate::table::Column;
use crate::table::Estimate;
use crate::table::IntervalKind;
use crate::table::Summary;
use crate::table::SummaryError;

/// A printed table before it is text.
pub(super) struct Grid<'a> {
    /// The axes that name rows.
    pub row_axes: Vec<&'a Column>,
    /// The axis whose values are columns.
    pub pivot: Option<&'a Column>,
    /// Columns of values, metric by metric.
    pub heads: Vec<Head<'a>>,
    pub rows: Vec<Row<'a>>,
    /// The axes within whose values the best is sought.
    pub held: Vec<&'a Column>,
    /// By metric, how its numbers are cut.
    precision: Vec<(&'a str, Precision)>,
    pub interval: IntervalKind,
}

pub(super) struct Head<'a> {
    pub metric: &'a Column,
    /// The value of the pivot axis.
    pub at: Option<&'a Json>,
}

pub(super) struct Row<'a> {
    pub at: Vec<&'a Json>,
    /// One per head; none where the group does not exist.
    pub cells: Vec<Option<Cell<'a>>>,
}

pub(super) struct Cell<'a> {
    pub estimate: &'a Estimate,
    pub place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Best,
    Second,
    Other,
}

impl<'a> Grid<'a> {
    pub(super) fn new(summary: &'a Summary, layout: &Layout) -> Result<Self, SummaryError> {
        let axis = |name: &String| {
            let position = summary.by.iter().position(|column| column.name == *name);
            position.ok_or_else(|| SummaryError::NoColumn {
                name: name.clone(),
                known: summary.by.iter().map(|c| c.name.clone()).collect(),
            })
        };
        let pivot = layout.columns.as_ref().map(axis).transpose()?;
        let compare = layout
            .compare
            .iter()
            .map(axis)
            .collect::<Result<Vec<_>, _>>()?;
        let held: Vec<usize> = (0..summary.by.len())
            .filter(|i| match compare.is_empty() {
                true => *i == 0 && summary.by.len() > 1,
                false => !compare.contains(i),
            })
            .collect();
        let precision: Vec<Precision> = (0..summary.metrics.len())
            .map(|m| {
                let estimates = summary.groups.iter().map(|group| &group.estimates[m]);
                Precision::of_column(estimates, layout.digits)
            })
            .collect();
        let places = places(summary, &held, &precision);

        let mut pivot_values: Vec<&Json> = Vec::new();
        let mut pivot_places: HashMap<&Json, usize> = HashMap::new();
        for at in pivot
            .iter()
            .flat_map(|&i| summary.groups.iter().map(move |group| &group.at[i]))
        {
            pivot_places.entry(at).or_insert_with(|| {
                pivot_values.push(at);
                pivot_values.len() - 1
            });
        }
        let mut heads = Vec::new();
        for metric in &summary.metrics {
            match pivot {
                None => heads.push(Head { metric, at: None }),
                Some(_) => heads.extend(pivot_values.iter().map(|at| Head {
                    metric,
                    at: Some(at),
                })),
            }
        }

        let row_positions: Vec<usize> = (0..summary.by.len())
            .filter(|i| Some(*i) != pivot)
            .collect();
        let mut rows: Vec<Row> = Vec::new();
        let mut known: HashMap<Vec<&Json>, usize> = HashMap::new();
        for (g, group) in summary.groups.iter().enumerate() {
            let at: Vec<&Json> = row_positions.iter().map(|&i| &group.at[i]).collect();
            let row = *known.entry(at).or_insert_with_key(|at| {
                let cells = heads.iter().map(|_| None).collect();
                let at = at.clone();
                rows.push(Row { at, cells });
                rows.len() - 1
            });
            let column = pivot.map_or(0, |pivot| pivot_places[&group.at[pivot]]);
            let width = pivot.map_or(1, |_| pivot_values.len());
            for (m, estimate) in group.estimates.iter().enumerate() {
                rows[row].cells[m * width + column] = Some(Cell {
                    estimate,
                    place: places[g][m],
                });
            }
        }
        // Rows of one block stand together, whatever order the groups came in.
        let mut blocks: HashMap<Option<&Json>, usize> = HashMap::new();
        for row in &rows {
            let next = blocks.len();
            blocks.entry(row.at.first().copied()).or_insert(next);
        }
        rows.sort_by_key(|row| blocks[&row.at.first().copied()]);
        Ok(Grid {
            row_axes: row_positions.iter().map(|&i| &summary.by[i]).collect(),
            pivot: pivot.map(|i| &summary.by[i]),
            heads,
            rows,
            held: held.iter().map(|&i| &summary.by[i]).collect(),
            precision: summary
                .metrics
                .iter()
                .map(|metric| metric.name.as_str())
                .zip(precision)
                .collect(),
            interval: summary.interval,
        })
    }

    /// The power of ten that all numbers of a metric are divided by; 0 for none.
    pub(super) fn times(&self, metric: &Column) -> i32 {
        self.precision_of(metric)
            .map_or(0, |precision| precision.times)
    }

    fn precision_of(&self, metric: &Column) -> Option<&Precision> {
        let found = self.precision.iter().find(|(name, _)| *name == metric.name);
        found.map(|(_, precision)| precision)
    }

    /// The digits of a cell of a column, with what its power of ten has beyond the one that stands over the
    /// column.
    pub(super) fn digits(&self, metric: &Column, estimate: &Estimate) -> Option<Digits> {
        let digits = self.precision_of(metric)?.digits(estimate, self.interval)?;
        Some(Digits {
            times: digits.times - self.times(metric),
            ..digits
        })
    }

    /// Whether a row opens a new block of equal first values.
    pub(super) fn opens_block(&self, row: usize) -> bool {
        row == 0 || self.rows[row].at.first() != self.rows[row - 1].at.first()
    }
}

/// Best and second by the direction of the metric, among groups that agree on the held axes. Numbers
/// that are printed alike share their place. One that lacks a replicate is a mean over others, and has none.
fn places(summary: &Summary, held: &[usize], precision: &[Precision]) -> Vec<Vec<Place>> {
    let mut places = vec![vec![Place::Other; summary.metrics.len()]; summary.groups.len()];
    for (m, metric) in summary.metrics.iter().enumerate() {
        let Some(higher) = metric.higher_is_better else {
            continue;
        };
        let score = |g: usize| {
            let estimate = &summary.groups[g].estimates[m];
            let centre = precision[m].shown(estimate);
            let centre = centre.filter(|_| estimate.missing == 0);
            centre.map(|centre| if higher { -centre } else { centre })
        };
        let own: Vec<Option<f64>> = (0..summary.groups.len()).map(score).collect();
        let field = |g: usize| -> Vec<&Json> {
            let at = &summary.groups[g].at;
            held.iter().map(|&axis| &at[axis]).collect()
        };
        let mut rivals: HashMap<Vec<&Json>, Vec<f64>> = HashMap::new();
        for (g, score) in own.iter().enumerate() {
            rivals.entry(field(g)).or_default().extend(*score);
        }
        for scores in rivals.values_mut() {
            scores.sort_by(f64::total_cmp);
            scores.dedup();
        }
        for (g, own_places) in places.iter_mut().enumerate() {
            let scores = &rivals[&field(g)];
            // A value without rivals wins nothing.
            let Some(score) = own[g].filter(|_| scores.len() > 1) else {
                continue;
            };
            own_places[m] = match scores.iter().take(2).position(|other| *other == score) {
                Some(0) => Place::Best,
                Some(1) if scores.len() > 2 => Place::Second,
                _ => Place::Other,
            };
        }
    }
    places
}
