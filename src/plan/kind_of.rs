//! The kind of a stage in every cell: `uses` may depend on the cell.

use std::collections::HashSet;
use std::sync::Arc;

use crate::manifest::Experiment;
use crate::manifest::Stage;
use crate::registry::Catalog;
use crate::registry::StageKind;
use crate::text::Diagnostic;
use crate::text::Diagnostics;

use super::kinds;
use super::projection::Projections;

/// The kind of every cell of a stage.
pub(super) struct KindOf {
    pub kinds: Vec<&'static dyn StageKind>,
    /// By full cell: the index of its kind; none where the stage does not exist.
    pub of: Vec<Option<u32>>,
}

/// Finds the kind of every cell, and in which cells the stage exists. What depends on values of
/// cells is told only where `deep`.
pub(super) fn kind_of(
    stage: &Stage,
    experiment: &Experiment,
    catalog: &Catalog,
    projections: &mut Projections<'_>,
    deep: bool,
    found: &mut Diagnostics,
) -> Option<KindOf> {
    let grid = &experiment.grid;
    let literal = stage.uses.literal().and_then(|value| value.as_str());
    if let (Some(name), None) = (literal, &stage.when) {
        return match kinds::find(name, stage, catalog) {
            Ok(kind) => Some(KindOf {
                kinds: vec![kind],
                of: vec![Some(0); grid.len()],
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
    let columns = grid.axes_of(names.iter().map(|name| &**name));
    let projection = projections.on(&columns).ok()?;
    let mut kinds: Vec<&'static dyn StageKind> = Vec::new();
    let mut unknown: HashSet<String> = HashSet::new();
    let mut by_cell = Vec::with_capacity(projection.len());
    let mut broken = false;
    for first in &projection.first {
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
            by_cell.push(None);
            continue;
        }
        let name = match stage.uses.fill(&lookup) {
            Ok(Some(value)) => value.to_string(),
            Ok(None) => {
                found.push(
                    Diagnostic::error(format!("stage `{}` has no kind in some cells", stage.name))
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
            Some(index) => index,
            None => match kinds::find(&name, stage, catalog) {
                Ok(kind) => {
                    kinds.push(kind);
                    kinds.len() - 1
                }
                Err(mut diagnostic) => {
                    if unknown.insert(name) && deep {
                        for used in stage.uses.names() {
                            if let Some(place) = grid.value_place(cell, &used) {
                                let label = format!("`{used}` has its value here");
                                diagnostic = diagnostic.also(place, label);
                            }
                        }
                        found.push(diagnostic);
                    }
                    by_cell.push(None);
                    continue;
                }
            },
        };
        by_cell.push(Some(index as u32));
    }
    if kinds.is_empty() && !unknown.is_empty() {
        return None;
    }
    Some(KindOf {
        kinds,
        of: projection
            .of
            .iter()
            .map(|cell| by_cell[*cell as usize])
            .collect(),
    })
}
