//! The grid seen through some of its axes: full cells that agree on them are one cell.

use std::hash::BuildHasher;
use std::hash::Hasher;
use std::sync::Arc;

use foldhash::HashMap;
use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::manifest::Grid;
use crate::manifest::ValueId;

use super::Cell;

/// All cells of a grid projected on some columns. Shared by all stages with the same axes. Where the grid
/// grows, so can its projections: cells keep their numbers.
#[derive(Clone, Debug)]
pub(super) struct Projection {
    columns: Vec<usize>,
    /// By full cell: its projected cell.
    pub of: Vec<u32>,
    /// By projected cell: the first full cell that falls on it.
    pub first: Vec<u32>,
    /// By projected cell: its coordinates.
    pub cells: Vec<Cell>,
    /// The projected cells by the numbers of their values, which the grid has.
    known: HashTable<u32>,
}

impl Projection {
    fn new(grid: &Grid, columns: &[usize]) -> Self {
        let mut projection = Projection {
            columns: columns.to_vec(),
            of: Vec::with_capacity(grid.len()),
            first: Vec::new(),
            cells: Vec::new(),
            known: HashTable::new(),
        };
        projection.extend(grid);
        projection
    }

    /// Takes in the cells that the grid has beyond those that were projected.
    fn extend(&mut self, grid: &Grid) {
        for cell in self.of.len()..grid.len() {
            let of_cell = |column| grid.coordinate(cell, column);
            let index = self.position(grid, of_cell).unwrap_or_else(|| {
                let next = self.first.len() as u32;
                self.first.push(cell as u32);
                self.cells.push(self.coordinates(grid, cell));
                let (columns, first) = (&self.columns, &self.first);
                let hash_of =
                    |index: &u32| hash(columns, |column| coordinate(grid, first, *index, column));
                self.known
                    .insert_unique(hash(columns, of_cell), next, hash_of);
                next
            });
            self.of.push(index);
        }
    }

    /// Forgets the last full cells, so that so many are left.
    fn truncate(&mut self, cells: usize) {
        self.of.truncate(cells);
        let kept = self
            .first
            .partition_point(|first| (*first as usize) < cells);
        self.first.truncate(kept);
        self.cells.truncate(kept);
        self.known.retain(|index| (*index as usize) < kept);
    }

    fn coordinates(&self, grid: &Grid, cell: usize) -> Cell {
        let coordinates = self.columns.iter().filter_map(|column| {
            let known = grid.columns().get(*column);
            let value = known.value(grid.coordinate(cell, *column))?;
            Some((Arc::clone(&known.name), value.clone()))
        });
        Cell(coordinates.collect())
    }

    /// How many projected cells there are.
    pub(super) fn len(&self) -> usize {
        self.first.len()
    }

    /// The projected cell with the coordinates of a full cell but for some that are given.
    pub(super) fn find(&self, grid: &Grid, cell: usize, given: &[(usize, ValueId)]) -> Option<u32> {
        self.position(grid, |column| {
            let held = given.iter().find(|(held, _)| *held == column);
            held.map_or_else(|| grid.coordinate(cell, column), |(_, value)| *value)
        })
    }

    /// The projected cell with these coordinates.
    fn position(&self, grid: &Grid, wanted: impl Fn(usize) -> ValueId) -> Option<u32> {
        let same = |index: &u32| {
            let mut columns = self.columns.iter();
            columns.all(|column| coordinate(grid, &self.first, *index, *column) == wanted(*column))
        };
        self.known.find(hash(&self.columns, &wanted), same).copied()
    }
}

/// The coordinate of a projected cell on one of its columns.
fn coordinate(grid: &Grid, first: &[u32], index: u32, column: usize) -> ValueId {
    grid.coordinate(first[index as usize] as usize, column)
}

fn hash(columns: &[usize], coordinate: impl Fn(usize) -> ValueId) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    for column in columns {
        hasher.write_u32(coordinate(*column));
    }
    hasher.finish()
}

/// Projections by their columns, each made once.
#[derive(Default)]
pub(super) struct Projections {
    made: HashMap<Vec<usize>, Arc<Projection>>,
}

impl Projections {
    pub(super) fn on(&mut self, grid: &Grid, columns: &[usize]) -> Arc<Projection> {
        if let Some(made) = self.made.get(columns) {
            return Arc::clone(made);
        }
        let made = Arc::new(Projection::new(grid, columns));
        self.made.insert(columns.to_vec(), Arc::clone(&made));
        made
    }

    /// What was made on these columns.
    pub(super) fn get(&self, columns: &[usize]) -> Option<&Arc<Projection>> {
        self.made.get(columns)
    }

    /// Takes in the cells that were added to the grid. Projections that are held elsewhere are copied.
    pub(super) fn extend(&mut self, grid: &Grid) {
        for projection in self.made.values_mut() {
            Arc::make_mut(projection).extend(grid);
        }
    }

    /// Forgets the last full cells, so that so many are left.
    pub(super) fn truncate(&mut self, cells: usize) {
        for projection in self.made.values_mut() {
            Arc::make_mut(projection).truncate(cells);
        }
    }
}
