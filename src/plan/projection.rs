//! The grid seen through some of its axes: full cells that agree on them are one cell.

use std::sync::Arc;

use foldhash::HashMap;
use foldhash::HashMapExt;

use crate::manifest::ABSENT;
use crate::manifest::Grid;
use crate::manifest::ValueId;

use super::Cell;

/// All cells of a grid projected on some columns. Shared by all stages with the same axes.
#[derive(Debug)]
pub(super) struct Projection {
    columns: Vec<usize>,
    strides: Vec<u128>,
    /// By full cell: its projected cell.
    pub of: Vec<u32>,
    /// By projected cell: the first full cell that falls on it.
    pub first: Vec<u32>,
    /// By projected cell: its coordinates.
    pub cells: Vec<Cell>,
    known: HashMap<u128, u32>,
}

/// The values of these axes have more combinations than can be numbered.
pub(super) struct TooMany;

impl Projection {
    pub fn new(grid: &Grid, columns: &[usize]) -> Result<Self, TooMany> {
        let mut strides = Vec::with_capacity(columns.len());
        let mut stride = 1_u128;
        for column in columns {
            strides.push(stride);
            let values = grid.columns().get(*column).values().len() as u128 + 1;
            stride = stride.checked_mul(values).ok_or(TooMany)?;
        }
        let mut projection = Projection {
            columns: columns.to_vec(),
            strides,
            of: Vec::with_capacity(grid.len()),
            first: Vec::new(),
            cells: Vec::new(),
            known: HashMap::new(),
        };
        for cell in 0..grid.len() {
            let code = projection.code(|column| grid.coordinate(cell, column));
            let next = projection.first.len() as u32;
            let index = *projection.known.entry(code).or_insert(next);
            if index == next {
                projection.first.push(cell as u32);
                let coordinates = columns.iter().filter_map(|column| {
                    let known = grid.columns().get(*column);
                    let value = known.value(grid.coordinate(cell, *column))?;
                    Some((Arc::clone(&known.name), value.clone()))
                });
                projection.cells.push(Cell(coordinates.collect()));
            }
            projection.of.push(index);
        }
        Ok(projection)
    }

    /// What it is projected on, in axis order.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// How many projected cells there are.
    pub fn len(&self) -> usize {
        self.first.len()
    }

    /// The projected cell with the coordinates of a full cell but for some that are given.
    pub fn find(&self, grid: &Grid, cell: usize, given: &[(usize, ValueId)]) -> Option<u32> {
        let code = self.code(|column| {
            let held = given.iter().find(|(held, _)| *held == column);
            held.map_or_else(|| grid.coordinate(cell, column), |(_, value)| *value)
        });
        self.known.get(&code).copied()
    }

    fn code(&self, coordinate: impl Fn(usize) -> ValueId) -> u128 {
        let digits = self.columns.iter().zip(&self.strides);
        let parts = digits.map(|(column, stride)| match coordinate(*column) {
            ABSENT => 0,
            value => (u128::from(value) + 1) * stride,
        });
        parts.sum()
    }
}

/// Projections by their columns, each made once.
pub(super) struct Projections<'g> {
    grid: &'g Grid,
    made: HashMap<Vec<usize>, Arc<Projection>>,
}

impl<'g> Projections<'g> {
    pub fn new(grid: &'g Grid) -> Self {
        Projections {
            grid,
            made: HashMap::new(),
        }
    }

    pub fn on(&mut self, columns: &[usize]) -> Result<Arc<Projection>, TooMany> {
        if let Some(made) = self.made.get(columns) {
            return Ok(Arc::clone(made));
        }
        let made = Arc::new(Projection::new(self.grid, columns)?);
        self.made.insert(columns.to_vec(), Arc::clone(&made));
        Ok(made)
    }
}
