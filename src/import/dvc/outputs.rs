//! What a stage leaves: its outputs, numbers and plots; whether an output is a folder, and what is frozen.

use std::collections::BTreeMap;

use crate::registry::Value;
use crate::text::Diagnostics;

use super::draft::Draft;
use super::draft::DraftFigure;
use super::draft::DraftOut;
use super::draft::DraftStage;
use super::entries::Text;
use super::entries::remark;
use super::located::StageNames;
use super::located::bare;
use super::located::locate;
use super::loops::Axis;
use super::paths;
use super::planned::Planned;
use super::planned::PlannedOut;
use super::planned::Project;
use super::plots::OutKind;
use super::read::DvcFile;
use super::read::StageEntry;
use super::scope::Scope;
use super::translation::Translation;

pub(super) fn outs(
    project: &Project<'_>,
    stage: &Planned<'_>,
    scope: &Scope,
    axes: &[Axis],
    file: &DvcFile,
    found: &mut Diagnostics,
) -> Vec<PlannedOut> {
    let names = StageNames {
        scope,
        axes,
        loops: &stage.loops,
        cells: &stage.cells,
    };
    let mut outs: Vec<PlannedOut> = Vec::new();
    for out in &stage.entry.outs {
        let wdir = stage.entry.wdir.as_ref();
        let Some(path) = locate(&project.folder, wdir, &out.path, &names, found) else {
            continue;
        };
        let first = path.cells.first().cloned().unwrap_or_default();
        let mut plot = out.plot.clone();
        let mut kind = out.kind;
        let mut place = &out.path.place;
        let is_own = |of: &Text| paths::join(&project.folder, &of.text).as_ref() == Some(&first);
        let mut drawn = file.plots.iter().filter(|(of, _)| is_own(of));
        if let Some((of, own)) = drawn.next() {
            (plot, place) = (own.clone(), &of.place);
            kind = match kind {
                OutKind::Plain => OutKind::Plots,
                other => other,
            };
        }
        for (of, _) in drawn {
            let title = format!("a second plot of `{first}` is left out");
            remark(found, &of.place, title, "its first one is drawn", "");
        }
        let is_folder = is_folder(project, stage.entry, &first, &out.path, file, found);
        let name = paths::unique(&paths::name(&bare(&out.path.text)), &|name| {
            name == "metrics" || outs.iter().any(|out| out.name == name)
        });
        outs.push(PlannedOut {
            name,
            place: place.clone(),
            path,
            kind,
            plot,
            is_folder,
        });
    }
    outs
}

/// Whether an output is a folder: as it is on the disk, as `dvc.lock` knows it, as it is written, as its
/// name looks.
fn is_folder(
    project: &Project<'_>,
    stage: &StageEntry,
    path: &str,
    written: &Text,
    file: &DvcFile,
    found: &mut Diagnostics,
) -> bool {
    let on_disk = project.root.join(path);
    if on_disk.exists() {
        return on_disk.is_dir();
    }
    if project.folders.contains(path) || written.text.ends_with('/') {
        return true;
    }
    // Something in it is read, or is a metrics file or plot of its own.
    let all = file.stages.iter().flat_map(|stage| &stage.deps);
    let all = all.chain(&file.metrics).map(|text| &text.text);
    let mut all = all.chain(file.plots.iter().map(|(path, _)| &path.text));
    if all.any(|other| paths::is_in(other.trim_start_matches("./"), &written.text)) {
        return true;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    if let Some((start, ending)) = name.rsplit_once('.') {
        return start.is_empty() || ["zarr", "savedmodel"].contains(&ending);
    }
    let is_redirected = |cmd: &Text| {
        let mut parts = cmd.text.split('>').skip(1);
        parts.any(|part| part.split_whitespace().next() == Some(written.text.as_str()))
    };
    if stage.cmd.iter().any(is_redirected) {
        return false;
    }
    remark(
        found,
        &written.place,
        format!("`{}` is taken for a folder", written.text),
        "neither the disk nor dvc.lock says what it is",
        "a file has no stroke behind its path under `out`",
    );
    true
}

/// Whether what a frozen stage leaves is there.
pub(super) fn frozen(project: &Project<'_>, stage: &Planned<'_>, found: &mut Diagnostics) -> bool {
    let Some(place) = &stage.entry.frozen else {
        return false;
    };
    let all = stage.outs.iter().flat_map(|out| &out.path.cells);
    let mut all = all.peekable();
    let there = all.peek().is_some() && all.all(|path| project.root.join(path).exists());
    let name = &stage.entry.name;
    match there {
        true => remark(
            found,
            place,
            format!("`{name}` is left out, as it is frozen"),
            "its outputs are read as files of the project",
            "",
        ),
        false => remark(
            found,
            place,
            format!("`{name}` runs as any other"),
            "a frozen stage keeps outputs that are not here",
            "`dvc pull` fetches them; import again then",
        ),
    }
    there
}

impl Translation<'_> {
    pub(super) fn outputs(
        &self,
        file: &DvcFile,
        own: &mut DraftStage,
        draft: &mut Draft,
        found: &mut Diagnostics,
    ) {
        for out in &self.stage.outs {
            let first = out
                .path
                .cells
                .first()
                .map(String::as_str)
                .unwrap_or_default();
            let ending = first.rsplit_once('.').map_or("", |(_, ending)| ending);
            let path = match out.is_folder {
                true => format!("{}/", out.path.template),
                false => out.path.template.clone(),
            };
            let numbers = ["json", "yaml", "yml", "csv", "tsv"].contains(&ending);
            let mut ty = None;
            match out.kind {
                OutKind::Metrics if numbers && own.metrics.is_none() => {
                    own.metrics = Some(path.clone());
                    if !self.wiring.is_read(self.number, &out.name) {
                        continue;
                    }
                }
                OutKind::Metrics if numbers => {
                    let (stage, output) = (&own.name, &out.name);
                    // What has the type is handed on as numbers, not as the file that the program left.
                    let help = match self.wiring.is_read(self.number, &out.name) {
                        true => "other stages read the file: it is kept as it is".to_owned(),
                        false => {
                            ty = Some("metrics");
                            format!(
                                "it is an output of the type `metrics`: `in: {{rows: {stage}.{output}}}`"
                            )
                        }
                    };
                    remark(
                        found,
                        &out.place,
                        format!("`ls` and the report do not have the numbers in `{first}`"),
                        format!("`{stage}` has a file of metrics already"),
                        help,
                    );
                }
                OutKind::Metrics if !out.is_folder => remark(
                    found,
                    &self.stage.entry.place,
                    format!("the numbers in `{first}` are not read"),
                    "only those of JSON, YAML and CSV are",
                    "the file is kept as an output",
                ),
                OutKind::Plots if ["png", "svg", "jpg", "jpeg"].contains(&ending) => {
                    ty = Some("figure");
                }
                OutKind::Plots if out.is_folder => remark(
                    found,
                    &out.place,
                    format!("`{first}` is not drawn"),
                    "it is taken for a folder",
                    "`{file: …, type: figure}` under `out` shows the pictures in a folder",
                ),
                OutKind::Plots => match (out.plot.undrawn(ending), &out.plot.x) {
                    (None, Some(x)) => {
                        ty = Some("table");
                        let axes = self.stage.loops.iter();
                        let axes = axes.map(|one| self.names.axes[one.axis].name.as_str());
                        let name = format!("{}-{}", own.name, out.name);
                        let name = paths::unique(&name, &|name| {
                            self.wiring.has_stage(name)
                                || draft.figures.iter().any(|figure| figure.name == name)
                        });
                        let from = format!("{}.{}", own.name, out.name);
                        draft.figure(name, from, out, x, &axes.collect::<Vec<_>>());
                    }
                    (why, _) => remark(
                        found,
                        &out.place,
                        format!("`{first}` is not drawn"),
                        why.unwrap_or_default(),
                        "it is kept as an output; `sweepline list figure` names what draws tables",
                    ),
                },
                _ => {}
            }
            own.outs.push(DraftOut {
                name: out.name.clone(),
                path,
                ty,
            });
        }
        for numbers in &file.metrics {
            let Some(path) = paths::join(&self.project.folder, &numbers.text) else {
                continue;
            };
            let is_own = |out: &PlannedOut| {
                out.path.cells.len() == 1
                    && (out.path.cells[0] == path
                        || (out.is_folder && paths::is_in(&path, &out.path.cells[0])))
            };
            if self.stage.outs.iter().any(is_own) {
                match &own.metrics {
                    None => own.metrics = Some(path),
                    Some(known) if *known == path => {}
                    Some(_) => remark(
                        found,
                        &numbers.place,
                        format!("the numbers in `{path}` are not read"),
                        format!("`{}` has a file of metrics already", own.name),
                        "a stage has one, and outputs of the type `metrics` beside it",
                    ),
                }
            }
        }
    }
}

impl Draft {
    /// A line of a table that a stage leaves.
    fn figure(&mut self, name: String, from: String, out: &PlannedOut, x: &str, axes: &[&str]) {
        let y: Vec<Value> = out.plot.y.iter().map(|y| Value::Str(y.clone())).collect();
        let mut with: BTreeMap<&'static str, Value> = BTreeMap::new();
        with.insert("x", Value::Str(x.to_owned()));
        with.insert(
            "y",
            match &y[..] {
                [only] => only.clone(),
                _ => Value::List(y),
            },
        );
        for (name, text) in &out.plot.texts {
            with.insert(name, Value::Str(text.clone()));
        }
        // Cells are told apart by colour and panel; several columns have the colours themselves. What is left
        // makes figures of its own.
        let apart: &[&'static str] = match out.plot.y.len() {
            1 => &["color", "facet"],
            _ => &["facet"],
        };
        for (name, axis) in apart.iter().zip(axes) {
            with.insert(name, Value::Str((*axis).to_owned()));
        }
        let over = &axes[..axes.len().min(apart.len())];
        let over = (over.len() < axes.len()).then(|| {
            let over = over.iter().map(|axis| (*axis).to_owned());
            over.collect()
        });
        self.figures.push(DraftFigure {
            name,
            from,
            over,
            with: with.into_iter().collect(),
        });
    }
}
