//! What one source of a slot gives every cell of the stage that reads it: steps of another stage, or
//! files of the project.

use std::collections::HashMap;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::manifest::ABSENT;
use crate::manifest::Experiment;
use crate::manifest::Input as Source;
use crate::manifest::Origin;
use crate::manifest::ValueId;
use crate::plan::Cell;
use crate::plan::From;
use crate::plan::InputItem;
use crate::plan::kind_of::KindOf;
use crate::plan::projection::Projection;
use crate::plan::projection::TooMany;
use crate::plan::wiring;
use crate::plan::wiring::StageAxes;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::did_you_mean;

use super::Expansion;

/// What one source of a slot gives every cell of a stage.
pub(super) struct Read {
    /// By projected cell of the reading stage.
    pub(super) items: Vec<Vec<InputItem>>,
    pub(super) reduced: bool,
}

/// One source of a slot, for all cells of the stage that reads it.
pub(super) struct Reader<'r, 'e> {
    pub(super) expansion: &'r Expansion<'e>,
    pub(super) source: &'r Source,
    pub(super) axes: &'r StageAxes,
    pub(super) axes_of: &'r [Option<StageAxes>],
    pub(super) projection: &'r Projection,
    pub(super) kind_of: &'r KindOf,
    /// By kind of the reader and kind of the source.
    pub(super) outputs: &'r dyn Fn(u32, u32) -> Option<Arc<str>>,
}

impl Reader<'_, '_> {
    pub(super) fn read(&self, found: &mut Diagnostics) -> Result<Read, TooMany> {
        match &self.source.from {
            Origin::File(_) => Ok(self.files(found)),
            Origin::Stage { stage, .. } => Ok(self.steps(stage, found)),
        }
    }

    fn empty(&self, reduced: bool) -> Read {
        Read {
            items: vec![Vec::new(); self.projection.len()],
            reduced,
        }
    }

    /// Whether the source is read in a cell at all; says what is wrong with the condition.
    fn exists(&self, cell: usize, found: &mut Diagnostics) -> bool {
        let grid = &self.expansion.experiment.grid;
        match &self.source.when {
            None => true,
            Some(when) => when
                .holds(|name| grid.value(cell, name))
                .unwrap_or_else(|message| {
                    found.push(
                        Diagnostic::error(format!("`{}` is not a condition", when.text()))
                            .at(when.place(), message),
                    );
                    false
                }),
        }
    }

    fn files(&self, found: &mut Diagnostics) -> Read {
        let experiment = self.expansion.experiment;
        let mut read = self.empty(false);
        let Origin::File(template) = &self.source.from else {
            return read;
        };
        // Paths repeat: each is looked at once.
        let mut known: HashMap<String, Option<PathBuf>> = HashMap::new();
        let no_cell = Cell(Arc::from([]));
        for (index, first) in self.projection.first.iter().enumerate() {
            let cell = *first as usize;
            if self.kind_of.of[cell].is_none() || !self.exists(cell, found) {
                continue;
            }
            let text = match template.fill(&|name| experiment.grid.value(cell, name)) {
                Ok(Some(value)) => value.to_string(),
                Ok(None) => continue,
                Err(diagnostic) => {
                    found.push(diagnostic);
                    return read;
                }
            };
            let path =
                known
                    .entry(text)
                    .or_insert_with_key(|text| match project_file(experiment, text) {
                        Ok(path) => Some(path),
                        Err(problem) => {
                            found.push(Diagnostic::error(problem).at(&template.place, "read here"));
                            None
                        }
                    });
            if let Some(path) = path {
                read.items[index] = vec![InputItem {
                    cell: no_cell.clone(),
                    from: From::File { path: path.clone() },
                }];
            }
        }
        read
    }

    fn steps(&self, name: &str, found: &mut Diagnostics) -> Read {
        let experiment = self.expansion.experiment;
        let grid = &experiment.grid;
        let index = experiment.pipeline.position(name);
        let source = index.and_then(|index| {
            let axes = self.axes_of[index].as_ref()?;
            Some((axes, self.expansion.stages[index].as_ref()?))
        });
        let Some((axes, source)) = source else {
            return self.empty(false);
        };
        let held = wiring::held(experiment, &self.source.at);
        let free = axes.all.iter().filter(|axis| !held.contains(axis));
        let reduced = free.into_iter().any(|axis| !self.axes.all.contains(axis));
        let mut read = self.empty(reduced);
        let mut seen: HashSet<(u32, u32)> = HashSet::new();
        let cells: &mut dyn Iterator<Item = usize> = if reduced {
            &mut (0..grid.len())
        } else {
            // Without a reduction all full cells of a projected one read the same.
            &mut self.projection.first.iter().map(|cell| *cell as usize)
        };
        for cell in cells {
            let Some(kind) = self.kind_of.of[cell] else {
                continue;
            };
            let reader = self.projection.of[cell];
            let from = if self.source.at.is_empty() {
                source.projection.of[cell]
            } else {
                match self.held_cell(&source.projection, cell, found) {
                    Some(from) => from,
                    None => return read,
                }
            };
            if reduced && seen.contains(&(reader, from)) {
                continue;
            }
            let Some((step, source_kind)) = source.steps[from as usize] else {
                continue;
            };
            // Under a reduction a source is read where any of its full cells meets the condition.
            if !self.exists(cell, found) {
                continue;
            }
            let items = &mut read.items[reader as usize];
            match reduced {
                true => _ = seen.insert((reader, from)),
                // The one that it reads.
                false => items.reserve_exact(1),
            }
            items.push(InputItem {
                cell: source.projection.cells[from as usize].clone(),
                from: From::Step {
                    step,
                    output: (self.outputs)(kind, source_kind),
                },
            });
        }
        read
    }

    /// The cell of the source with some axes held at given values.
    fn held_cell(
        &self,
        projection: &Projection,
        cell: usize,
        found: &mut Diagnostics,
    ) -> Option<u32> {
        let grid = &self.expansion.experiment.grid;
        let mut given: Vec<(usize, ValueId)> = Vec::new();
        for (name, _, template) in &self.source.at {
            let column = grid.columns().index(name)?;
            let known = grid.columns().get(column);
            let value = match template.fill(&|name| grid.value(cell, name)) {
                Ok(value) => value.unwrap_or(Value::Null),
                Err(diagnostic) => {
                    found.push(diagnostic);
                    return None;
                }
            };
            let id = match &value {
                Value::Null => Some(ABSENT),
                value => {
                    let canonical = known.ty.conform(value.clone()).ok();
                    canonical.and_then(|value| known.id_of(&value))
                }
            };
            let Some(id) = id else {
                let values: Vec<String> = known.values().iter().map(Value::to_string).collect();
                let values = values.iter().map(String::as_str);
                found.push(
                    Diagnostic::error(format!("`{name}` is never `{value}`"))
                        .at(&template.place, "no such value")
                        .maybe_help(did_you_mean(&value.to_string(), values, "its values are")),
                );
                return None;
            };
            given.push((column, id));
        }
        let from = projection.find(grid, cell, &given);
        if from.is_none() {
            let cell = &projection.cells[projection.of[cell] as usize];
            found.push(Diagnostic::error("there is no such cell to read").at(
                &self.source.place,
                format!("for `{cell}` and the values of `at`"),
            ));
        }
        from
    }
}

/// The absolute path of a file of the project.
fn project_file(experiment: &Experiment, text: &str) -> Result<PathBuf, String> {
    let path = ParamType::Path.conform(Value::Str(text.to_owned()));
    path.map_err(|mismatch| mismatch.message)?;
    let path = experiment.root.join(text);
    if !path.exists() {
        return Err(format!("there is no file `{text}`"));
    }
    if !path.is_file() {
        return Err(format!("`{text}` is not a file"));
    }
    Ok(path)
}
