//! Which points of a search have cells: `exclude`, `when` and the conditions of what is optimised leave out others, which
//! are not proposed then.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::manifest::axes::Axis;
use crate::manifest::axes::Choice;
use crate::manifest::axes::Form;
use crate::manifest::axes::Search;
use crate::manifest::columns::ABSENT;
use crate::manifest::columns::ValueId;
use crate::manifest::expression::Expression;
use crate::registry::Value;
use crate::search::Condition;
use crate::search::Point;
use crate::text::Place;

use super::Grid;
use super::Rows;
use super::filter::Filter;

/// The cells that a point would have, made and judged one by one.
struct Cells {
    /// Without rows, but for the one that is judged.
    grid: Grid,
    /// The cells of the axes beside the search.
    beside: Vec<Vec<ValueId>>,
    /// Of each parameter the name, the column and the position in rows.
    parameters: Vec<(String, usize, usize)>,
    /// Where there is a budget, its parts at their position: there is a cell with each.
    parts: Vec<Option<(usize, ValueId)>>,
    /// By number that is optimised: where the stages are that it takes. There is a cell with each.
    stages: Vec<Vec<Filter>>,
}

/// A condition under which a stage is there.
#[derive(Clone, Debug)]
pub(in crate::manifest) struct Needed {
    pub text: String,
    pub place: Place,
}

/// Written at one place.
impl PartialEq for Needed {
    fn eq(&self, other: &Self) -> bool {
        let of = |needed: &Self| needed.place.range.clone();
        self.text == other.text && of(self) == of(other)
    }
}

impl Needed {
    pub(in crate::manifest) fn of(when: &Expression) -> Self {
        Needed {
            text: when.text().to_owned(),
            place: when.place().clone(),
        }
    }
}

impl Grid {
    /// Which points of a search have cells, and that as text; none where all have. `stages` has by number that is
    /// optimised the conditions of the stages that it takes.
    pub(in crate::manifest) fn points_with_cells(
        &self,
        axes: &[Axis],
        search: &Search,
        stages: &[Vec<Needed>],
    ) -> Option<(Condition, String)> {
        let read = |needed: &Needed| {
            let expression = Expression::read(&needed.text, &needed.place).ok()?;
            let keeps = true;
            Some(Filter::Condition { expression, keeps })
        };
        let stages = stages.iter();
        let stages: Vec<Vec<Filter>> = stages
            .map(|needed| needed.iter().filter_map(read).collect())
            .collect();
        let filters = self.filters.iter().map(|filter| &**filter);
        let filters: Vec<&Filter> = filters.chain(stages.iter().flatten()).collect();
        let looks = |filter: &&Filter| {
            let mut columns = filter.columns(self).into_iter();
            columns.any(|column| search.columns.contains(&column))
        };
        if !filters.iter().any(looks) {
            return None;
        }
        let mut cells = self.cells_beside(axes, search);
        let text = cells.text(&filters, search);
        cells.stages = stages;
        let cells = Mutex::new(cells);
        let condition = Condition::new(move |point: &Point| {
            let mut cells = cells.lock().unwrap_or_else(PoisonError::into_inner);
            cells.has(point)
        });
        Some((condition, text))
    }

    /// The cells without the search.
    fn cells_beside(&self, axes: &[Axis], search: &Search) -> Cells {
        let (mut columns, mut varying) = (self.columns.clone(), self.varying.clone());
        let mut places = Vec::with_capacity(search.columns.len());
        for index in &search.columns {
            // Where no trial has a cell, it has none.
            let position = *columns.get_mut(*index).position.get_or_insert_with(|| {
                varying.push(*index);
                varying.len() - 1
            });
            places.push((*index, position));
        }
        let mut grid = Grid {
            rows: Rows::new(varying.len()),
            columns,
            varying,
            overlays: self.overlays.clone(),
            filters: self.filters.clone(),
            written: 0,
        };
        let mut others = axes.to_vec();
        for axis in others.iter_mut().filter(|axis| axis.form == Form::Search) {
            axis.choices = vec![Choice {
                set: Vec::new(),
                axes: Vec::new(),
            }];
        }
        grid.add(&others);
        let beside = (0..grid.len()).map(|cell| grid.rows.get(cell).to_vec());
        let beside = beside.collect();
        grid.rows = Rows::new(grid.varying.len());
        let mut parts = vec![None];
        if let (Some(budget), Some((_, position))) = (&search.budget, places.last()) {
            let column = grid.columns.get_mut(budget.column);
            let place = column.place.clone();
            let amounts = budget.amounts.iter();
            let part = |amount: &Value| Some((*position, column.intern(amount.clone(), &place)));
            parts = amounts.map(part).collect();
        }
        let names = search.parameters().map(str::to_owned).zip(places);
        Cells {
            grid,
            beside,
            parameters: names.map(|(name, (at, place))| (name, at, place)).collect(),
            parts,
            stages: Vec::new(),
        }
    }
}

impl Cells {
    /// Whether a point has a cell for each number that is optimised, with each part of the budget.
    fn has(&mut self, point: &Point) -> bool {
        let mut set = Vec::with_capacity(self.parameters.len());
        for (name, column, position) in &self.parameters {
            let column = self.grid.columns.get_mut(*column);
            let value = point.get(name.as_str()).cloned().unwrap_or_default();
            let value = column.canonical(value);
            let place = column.place.clone();
            set.push((*position, column.intern(value, &place)));
        }
        let all: &[Filter] = &[];
        let stages: Vec<&[Filter]> = match self.stages.is_empty() {
            true => vec![all],
            false => self.stages.iter().map(Vec::as_slice).collect(),
        };
        let mut row = Vec::new();
        self.parts.iter().all(|part| {
            stages.iter().all(|stages| {
                self.beside.iter().any(|beside| {
                    row.clear();
                    row.extend_from_slice(beside);
                    for (position, value) in set.iter().chain(part) {
                        row[*position] = *value;
                    }
                    self.grid.would_keep(&mut row, stages)
                })
            })
        })
    }

    /// What decides, as text: the filters, and the values that what they look at has beside the search.
    fn text(&self, filters: &[&Filter], search: &Search) -> String {
        let mut text = String::new();
        let mut others = BTreeSet::new();
        for filter in filters {
            let _ = write!(text, " {}", filter.text(&self.grid));
            others.extend(filter.reads(&self.grid));
        }
        let is_searched = |column: &usize| search.columns.contains(column);
        for index in others.into_iter().filter(|column| !is_searched(column)) {
            let column = self.grid.columns.get(index);
            let id = |row: &Vec<ValueId>| match column.position.map(|position| row[position]) {
                Some(id) if id != ABSENT => id,
                _ => column.constant(),
            };
            let ids: BTreeSet<ValueId> = self.beside.iter().map(id).collect();
            let values: Vec<_> = ids.into_iter().map(|id| column.value(id)).collect();
            let _ = write!(text, " {}={values:?}", column.name);
        }
        text
    }
}

impl Grid {
    /// Whether a row stays, by what leaves out cells of this grid and by these.
    fn would_keep(&mut self, row: &mut [ValueId], others: &[Filter]) -> bool {
        self.lay_over(row);
        self.rows.push(row);
        let filters = self.filters.iter().map(Arc::as_ref);
        // What is wrong with a condition is told where the cells are made.
        let mut filters = filters.chain(others);
        let keeps = filters.all(|filter| filter.keeps(self, 0).unwrap_or(true));
        self.rows.truncate(0);
        keeps
    }
}
