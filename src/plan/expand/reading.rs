//! What one source of a slot gives every cell of the stage that reads it: steps of another stage, or
//! files of the project.

use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use foldhash::HashSet;

use crate::manifest::ABSENT;
use crate::manifest::Experiment;
use crate::manifest::Input as Source;
use crate::manifest::Numbers;
use crate::manifest::Origin;
use crate::manifest::ValueId;
use crate::plan::Cell;
use crate::plan::From;
use crate::plan::InputItem;
use crate::plan::projection::Projection;
use crate::plan::projection::Projections;
use crate::plan::wiring;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Level;
use crate::text::did_you_mean;

use super::Expansion;
use super::Ready;

/// A projected cell that reads, and the projected cell that it reads.
pub(super) type Pairs = HashSet<(u32, u32)>;

/// What one source of a slot gives the new cells of a stage.
pub(super) struct Read {
    /// By projected cell of the reading stage, the first new one first.
    pub(super) items: Vec<Vec<InputItem>>,
    pub(super) reduced: bool,
    /// What a reduction has read.
    pub(super) pairs: Pairs,
}

/// One source of a slot, for the new cells of the stage that reads it.
pub(super) struct Reader<'r> {
    pub(super) ready: &'r Ready<'r>,
    pub(super) expansion: &'r Expansion,
    pub(super) projections: &'r Projections,
    pub(super) source: &'r Source,
    pub(super) projection: &'r Projection,
    /// The first projected cell that is new.
    pub(super) from: usize,
    /// The first full cell that is new.
    pub(super) cells: usize,
    /// What a reduction has read before.
    pub(super) known: Option<&'r Pairs>,
    /// By kind of the reader and kind of the source.
    pub(super) outputs: &'r dyn Fn(u32, u32) -> Option<Arc<str>>,
}

impl Reader<'_> {
    pub(super) fn read(&self, found: &mut Diagnostics) -> Read {
        match &self.source.from {
            Origin::File(_) => self.files(found),
            Origin::Stage { stage, .. } => self.steps(stage, found),
        }
    }

    fn empty(&self, reduced: bool) -> Read {
        Read {
            items: vec![Vec::new(); self.projection.len() - self.from],
            reduced,
            pairs: Pairs::default(),
        }
    }

    /// The first full cell of each new cell.
    fn first(&self) -> impl Iterator<Item = usize> + '_ {
        let first = self.projection.first[self.from..].iter();
        first.map(|cell| *cell as usize)
    }

    /// Whether the source is read in a cell at all; says what is wrong with the condition.
    fn exists(&self, cell: usize, found: &mut Diagnostics) -> bool {
        let grid = &self.ready.experiment.grid;
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
        let experiment = self.ready.experiment;
        let mut read = self.empty(false);
        let Origin::File(template) = &self.source.from else {
            return read;
        };
        // Paths repeat: each is looked at once.
        let mut known: HashMap<String, Option<PathBuf>> = HashMap::new();
        let no_cell = Cell(Arc::from([]));
        let no_stage: Arc<str> = Arc::from("");
        for (index, cell) in self.first().enumerate() {
            if self.ready.kind_of.of(cell).is_none() || !self.exists(cell, found) {
                continue;
            }
            // As the manifest writes numbers, `data/v1.0`, as a command names its paths.
            let grid = &experiment.grid;
            let lookup = |name: &str| grid.value(cell, name);
            let typed = |way: &str| grid.typed(cell, way);
            let written = |way: &str| grid.written(cell, way).map(Value::from);
            let text = match template.fill_with(&lookup, Numbers::written(&written, &typed)) {
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
                    stage: Arc::clone(&no_stage),
                    cell: no_cell.clone(),
                    from: From::File { path: path.clone() },
                    described: None,
                }];
            }
        }
        read
    }

    fn steps(&self, name: &str, found: &mut Diagnostics) -> Read {
        let experiment = self.ready.experiment;
        let grid = &experiment.grid;
        let index = experiment.pipeline.position(name);
        let source = index.and_then(|index| {
            let axes = self.ready.axes_of[index].as_ref()?;
            let projection = self.projections.get(&axes.all)?;
            Some((axes, projection, self.expansion.stages[index].as_ref()?))
        });
        let Some((axes, projection, source)) = source else {
            return self.empty(false);
        };
        let held = wiring::held(experiment, &self.source.at);
        let free = axes.all.iter().filter(|axis| !held.contains(axis));
        let own = &self.ready.axes.all;
        let reduced = free.into_iter().any(|axis| !own.contains(axis));
        let mut read = self.empty(reduced);
        let cells: &mut dyn Iterator<Item = usize> = match self.ready.order {
            // Without a reduction all full cells of a projected one read the same.
            _ if !reduced => &mut self.first(),
            Some(order) => &mut order[self.cells..].iter().map(|cell| *cell as usize),
            None => &mut (self.cells..grid.len()),
        };
        for cell in cells {
            let Some(kind) = self.ready.kind_of.of(cell) else {
                continue;
            };
            let reader = self.projection.of[cell];
            let from = if self.source.at.is_empty() {
                projection.of[cell]
            } else {
                match self.held_cell(projection, cell, found) {
                    Some(from) => from,
                    None if found.has_errors() => return read,
                    None => continue,
                }
            };
            let pair = (reader, from);
            if reduced
                && (read.pairs.contains(&pair)
                    || self.known.is_some_and(|known| known.contains(&pair)))
            {
                continue;
            }
            let Some((step, source_kind)) = source.steps[from as usize] else {
                continue;
            };
            // Under a reduction a source is read where any of its full cells meets the condition.
            if !self.exists(cell, found) {
                continue;
            }
            let Some(index) = (reader as usize).checked_sub(self.from) else {
                found.push(self.reduced_already(reader));
                return read;
            };
            let items = &mut read.items[index];
            match reduced {
                true => _ = read.pairs.insert(pair),
                // The one that it reads.
                false => items.reserve_exact(1),
            }
            items.push(InputItem {
                stage: Arc::clone(&self.expansion.steps[step.index()].stage),
                cell: projection.cells[from as usize].clone(),
                from: From::Step {
                    step,
                    output: (self.outputs)(kind, source_kind),
                },
                described: self.expansion.steps[step.index()].described.clone(),
            });
        }
        read
    }

    /// A group that has its step would have more members.
    fn reduced_already(&self, reader: u32) -> Diagnostic {
        let cell = &self.projection.cells[reader as usize];
        let stage = &self.ready.stage().name;
        Diagnostic::error(format!(
            "`{stage}[{cell}]` has its cells already, and would read more"
        ))
        .at(&self.source.place, "read here")
        .help("add all cells of a group at once, or open the axes that it reduces")
    }

    /// The cell of the source with some axes held at given values.
    fn held_cell(
        &self,
        projection: &Projection,
        cell: usize,
        found: &mut Diagnostics,
    ) -> Option<u32> {
        let grid = &self.ready.experiment.grid;
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
                let title = format!("`{name}` is never `{value}`");
                let gone = self.gone(title).at(&template.place, "no such value");
                let values: Vec<String> = known.values().iter().map(Value::to_string).collect();
                let values = values.iter().map(String::as_str);
                let meant = did_you_mean(&value.to_string(), values, "its values are");
                let meant = meant.filter(|_| gone.level == Level::Error);
                found.push(gone.maybe_help(meant));
                return None;
            };
            given.push((column, id));
        }
        let from = projection.find(grid, cell, &given);
        if from.is_none() {
            let cell = &projection.cells[projection.of[cell] as usize];
            found.push(self.gone("there is no such cell to read").at(
                &self.source.place,
                format!("for `{cell}` and the values of `at`"),
            ));
        }
        from
    }

    /// A cell that is read and is not there: a mistake, unless it may be so for this run alone.
    fn gone(&self, title: impl Into<String>) -> Diagnostic {
        match self.ready.experiment.lacks_cells() {
            true => Diagnostic::warning(title).help("nothing is read there in this run"),
            false => Diagnostic::error(title),
        }
    }
}

/// The absolute path of a file of the project.
fn project_file(experiment: &Experiment, text: &str) -> Result<PathBuf, String> {
    let path = ParamType::Path.conform(Value::Str(text.to_owned()));
    path.map_err(|mismatch| mismatch.message)?;
    let path = experiment.root.join(text);
    if !path.exists() {
        return Err(format!("there is no file or folder `{text}`"));
    }
    if path.is_dir() {
        let outputs = experiment.root.join("outputs").canonicalize();
        let holds = |outputs: &Path| path.canonicalize().is_ok_and(|at| outputs.starts_with(at));
        if text.trim_end_matches('/') == "." || outputs.is_ok_and(|outputs| holds(&outputs)) {
            return Err(format!(
                "`{text}` holds what runs write: name the folder with what is read"
            ));
        }
        return Ok(path);
    }
    if !path.is_file() {
        return Err(format!("`{text}` is not a file"));
    }
    Ok(path)
}
