//! The kind of a stage in every cell: `uses` may depend on the cell.

use std::collections::HashSet;
use std::sync::Arc;

use crate::manifest::Experiment;
use crate::manifest::Expression;
use crate::manifest::Stage;
use crate::registry::Catalog;
use crate::registry::StageKind;
use crate::text::Diagnostic;
use crate::text::Diagnostics;

use super::kinds;
use super::projection::Projections;

/// The kind of every cell of a stage. Cells that are added to the grid are taken in by [`KindFinder::extend`].
pub(super) struct KindOf {
    pub kinds: Vec<&'static dyn StageKind>,
    /// None where all cells have the one kind.
    by_values: Option<ByValues>,
}

/// Kinds that depend on the cell.
#[derive(Default)]
struct ByValues {
    /// What decides.
    columns: Vec<usize>,
    /// By cell projected on these columns: the index of its kind, or [`NOWHERE`].
    by_projected: Vec<u32>,
    /// By full cell: the same.
    of: Vec<u32>,
}

/// The stage does not exist.
const NOWHERE: u32 = u32::MAX;

impl KindOf {
    /// The index of the kind in a full cell; none where the stage does not exist.
    pub(super) fn of(&self, cell: usize) -> Option<u32> {
        match &self.by_values {
            None => Some(0),
            Some(by_values) => Some(by_values.of[cell]).filter(|kind| *kind != NOWHERE),
        }
    }

    /// Forgets the last full cells and the kinds that only they had.
    pub(super) fn truncate(&mut self, cells: usize, projections: &Projections, kinds: usize) {
        self.kinds.truncate(kinds);
        if let Some(by_values) = &mut self.by_values {
            by_values.of.truncate(cells);
            let projection = projections.get(&by_values.columns);
            let kept = projection.map_or(0, |projection| projection.len());
            by_values.by_projected.truncate(kept);
        }
    }
}

/// Where kinds are found.
pub(super) struct KindFinder<'f> {
    pub stage: &'f Stage,
    pub experiment: &'f Experiment,
    pub catalog: Catalog,
    /// Whether to tell what depends on values of cells.
    pub deep: bool,
}

impl KindFinder<'_> {
    /// Finds the kind of every cell, and in which cells the stage exists.
    pub(super) fn find(
        &self,
        projections: &mut Projections,
        found: &mut Diagnostics,
    ) -> Option<KindOf> {
        let stage = self.stage;
        let grid = &self.experiment.grid;
        let literal = stage.uses.literal().and_then(|value| value.as_str());
        if let (Some(name), None) = (literal, &stage.when) {
            return match kinds::find(name, stage, &self.catalog) {
                Ok(kind) => Some(KindOf {
                    kinds: vec![kind],
                    by_values: None,
                }),
                Err(diagnostic) => {
                    found.push(diagnostic);
                    None
                }
            };
        }
        let mut names = stage.uses.names();
        names.extend(
            stage
                .when
                .iter()
                .flat_map(|when| when.names().iter().cloned()),
        );
        let known = |name: &Arc<str>| grid.columns().index(name).is_some();
        if !names.iter().all(known) {
            return None;
        }
        let mut ways = stage.uses.ways();
        ways.extend(stage.when.iter().flat_map(Expression::ways));
        let mut kind_of = KindOf {
            kinds: Vec::new(),
            by_values: Some(ByValues {
                columns: grid.axes_of(ways.iter().map(|way| &**way)),
                ..ByValues::default()
            }),
        };
        self.extend(&mut kind_of, projections, found)?;
        Some(kind_of)
    }

    /// Finds the kinds of the cells that the grid has beyond those that were looked at.
    pub(super) fn extend(
        &self,
        kind_of: &mut KindOf,
        projections: &mut Projections,
        found: &mut Diagnostics,
    ) -> Option<()> {
        let stage = self.stage;
        let grid = &self.experiment.grid;
        let KindOf { kinds, by_values } = kind_of;
        let Some(by_values) = by_values else {
            return Some(());
        };
        let projection = projections.on(grid, &by_values.columns);
        let mut unknown: HashSet<String> = HashSet::new();
        let mut broken = false;
        for first in &projection.first[by_values.by_projected.len()..] {
            let cell = *first as usize;
            let lookup = |name: &str| grid.value(cell, name);
            let exists = match &stage.when {
                None => true,
                Some(_) if broken => false,
                Some(when) => when.holds(lookup).unwrap_or_else(|message| {
                    found.push(
                        Diagnostic::error(format!("`{}` is not a condition", when.text()))
                            .at(when.place(), message),
                    );
                    broken = true;
                    false
                }),
            };
            if !exists {
                by_values.by_projected.push(NOWHERE);
                continue;
            }
            let name = match stage.uses.fill(&lookup) {
                Ok(Some(value)) => value.to_string(),
                Ok(None) => {
                    found.push(
                        Diagnostic::error(format!(
                            "stage `{}` has no kind in some cells",
                            stage.name
                        ))
                        .at(&stage.uses.place, "no value"),
                    );
                    return None;
                }
                Err(diagnostic) => {
                    found.push(diagnostic);
                    return None;
                }
            };
            let index = match kinds.iter().position(|kind| kind.name() == name) {
                Some(index) => index as u32,
                None => match kinds::find(&name, stage, &self.catalog) {
                    Ok(kind) => {
                        kinds.push(kind);
                        kinds.len() as u32 - 1
                    }
                    Err(diagnostic) => {
                        if unknown.insert(name) && self.deep {
                            found.push(self.with_values(diagnostic, cell));
                        }
                        NOWHERE
                    }
                },
            };
            by_values.by_projected.push(index);
        }
        if kinds.is_empty() && !unknown.is_empty() {
            return None;
        }
        let added = projection.of[by_values.of.len()..].iter();
        let added = added.map(|cell| by_values.by_projected[*cell as usize]);
        by_values.of.extend(added);
        Some(())
    }

    /// Where the values were written that make an unknown kind.
    fn with_values(&self, mut said: Diagnostic, cell: usize) -> Diagnostic {
        for used in self.stage.uses.names() {
            if let Some(place) = self.experiment.grid.value_place(cell, &used) {
                said = said.also(place, format!("`{used}` has its value here"));
            }
        }
        said
    }
}
