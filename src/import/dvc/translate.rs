//! Stages of DVC to stages of ours: paths become inputs and outputs, values variables and files.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;

use super::code;
use super::command::Names;
use super::command::Script;
use super::command::Spelling;
use super::draft::Draft;
use super::draft::DraftFigure;
use super::draft::DraftOut;
use super::draft::DraftStage;
use super::draft::From;
use super::interpolation::Piece;
use super::interpolation::Turn;
use super::interpolation::Way;
use super::interpolation::pieces;
use super::interpolation::shown;
use super::loops;
use super::loops::Axis;
use super::loops::StageLoop;
use super::paths;
use super::read::DvcFile;
use super::read::OutKind;
use super::read::Plot;
use super::read::StageEntry;
use super::read::Text;
use super::read::remark;
use super::scope::PARAMS;
use super::scope::Scope;
use super::wiring::Wiring;

/// What an import knows of the project.
pub(super) struct Project<'p> {
    pub root: &'p Path,
    /// The folder of `dvc.yaml`, from the project's.
    pub folder: String,
    pub spelling: Spelling,
    /// Outputs that are folders, as `dvc.lock` has it.
    pub folders: BTreeSet<String>,
}

/// A stage with its cells.
pub(super) struct Planned<'f> {
    pub entry: &'f StageEntry,
    pub name: String,
    pub loops: Vec<StageLoop>,
    /// For each loop the position among the values of its axis.
    pub cells: Vec<Vec<usize>>,
    pub outs: Vec<PlannedOut>,
    /// Its outputs are files of the project: it does not run.
    pub frozen: bool,
}

/// An output of all cells.
pub(super) struct PlannedOut {
    pub name: String,
    pub path: Located,
    pub kind: OutKind,
    pub plot: Plot,
    pub is_folder: bool,
}

/// A path in all cells.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Located {
    pub cells: Vec<String>,
    /// With `${…}` of ours.
    pub template: String,
}

/// What names stand for in a stage.
pub(super) struct StageNames<'n> {
    pub scope: &'n Scope,
    pub axes: &'n [Axis],
    pub loops: &'n [StageLoop],
    pub cells: &'n [Vec<usize>],
}

impl StageNames<'_> {
    /// The loop that a way begins with, and how many turns that takes.
    fn of_loop(&self, way: &Way) -> Option<(usize, usize)> {
        if way.first() != "item" {
            return None;
        }
        if let Some(foreach) = self.loops.iter().position(|one| one.dvc.is_none()) {
            return Some((foreach, 1));
        }
        let Some(Turn::Key(axis)) = way.0.get(1) else {
            return None;
        };
        let number = self
            .loops
            .iter()
            .position(|one| one.dvc.as_ref() == Some(axis))?;
        Some((number, 2))
    }

    /// The value of a way in a cell.
    fn value(&self, way: &Way, cell: &[usize]) -> Option<Value> {
        if let Some((number, turns)) = self.of_loop(way) {
            return way
                .rest(turns)
                .value(&self.loops[number].values[cell[number]])
                .cloned();
        }
        if way.written() == "key" && !self.loops.is_empty() {
            let labels = self.loops.iter().zip(cell);
            let labels = labels.map(|(one, at)| shown(&self.axes[one.axis].labels[*at]));
            return Some(Value::Str(labels.collect::<Vec<_>>().join("-")));
        }
        self.scope.value(way).cloned()
    }
}

impl Names for StageNames<'_> {
    fn expression(&self, way: &Way) -> Option<String> {
        if let Some((number, turns)) = self.of_loop(way) {
            let axis = &self.axes[self.loops[number].axis];
            let rest = way.rest(turns);
            return match &self.loops[number].container {
                None => rest.0.is_empty().then(|| axis.name.clone()),
                Some(container) => Some(format!("{container}[{}]{}", axis.name, rest.behind())),
            };
        }
        if way.written() == "key" && !self.loops.is_empty() {
            let names = self
                .loops
                .iter()
                .map(|one| self.axes[one.axis].name.as_str());
            return Some(names.collect::<Vec<_>>().join(" ~ '-' ~ "));
        }
        self.scope.expression(way)
    }

    fn values(&self, way: &Way) -> Vec<Value> {
        let values = self.cells.iter().map(|cell| self.value(way, cell));
        values.map(Option::unwrap_or_default).collect()
    }
}

/// Says of names that nothing is known of.
fn check_names(text: &Text, names: &StageNames<'_>, found: &mut Diagnostics) -> bool {
    let mut good = true;
    for piece in pieces(&text.text) {
        let Piece::Hole(way) = piece else { continue };
        let known = names
            .cells
            .iter()
            .all(|cell| names.value(&way, cell).is_some());
        if !known || names.expression(&way).is_none() {
            let written = format!("${{{}}}", way.written());
            let place = match text.place.text().find(&written) {
                Some(at) => text.place.part(at..at + written.len()),
                None => text.place.clone(),
            };
            found.push(
                Diagnostic::error(format!("`{written}` is not known"))
                    .at(&place, "neither in params.yaml nor under `vars`"),
            );
            good = false;
        }
    }
    good
}

/// A path of the project, in all cells of a stage; says so where it is none.
pub(super) fn locate(
    folder: &str,
    wdir: Option<&Text>,
    path: &Text,
    names: &StageNames<'_>,
    found: &mut Diagnostics,
) -> Option<Located> {
    let known = check_names(path, names, found);
    if !wdir.is_none_or(|wdir| check_names(wdir, names, found)) || !known {
        return None;
    }
    let wdir = wdir.map_or("", |wdir| wdir.text.as_str());
    let filled = |text: &str, with: &dyn Fn(&Way) -> String| -> String {
        let parts = pieces(text).into_iter().map(|piece| match piece {
            Piece::Literal(text) => text,
            Piece::Hole(way) => with(&way),
        });
        parts.collect()
    };
    let whole = |with: &dyn Fn(&Way) -> String| -> Option<String> {
        let folder = paths::join(folder, &filled(wdir, with))?;
        paths::join(&folder, &filled(&path.text, with))
    };
    let mut cells = Vec::new();
    for cell in names.cells {
        let value = |way: &Way| shown(&names.value(way, cell).unwrap_or_default());
        match whole(&value) {
            Some(path) => cells.push(path),
            None => {
                let written = value_of(&path.text, &value);
                remark(
                    found,
                    &path.place,
                    format!("`{written}` is left out"),
                    "not in the project",
                    "copy it into the project, or have the program fetch it",
                );
                return None;
            }
        }
    }
    // Expressions may have strokes in them, so they come last.
    let ways = std::cell::RefCell::new(Vec::new());
    let marked = whole(&|way: &Way| {
        let mut ways = ways.borrow_mut();
        ways.push(way.clone());
        format!("\u{1}{}\u{2}", ways.len() - 1)
    });
    let ways = ways.into_inner();
    let fill = |with: &dyn Fn(&Way) -> String| {
        let mut text = marked.clone().unwrap_or_default();
        text = text.replace("${", "$${");
        for (number, way) in ways.iter().enumerate() {
            text = text.replace(&format!("\u{1}{number}\u{2}"), &with(way));
        }
        text
    };
    let same = names.cells.iter().zip(&cells).all(|(cell, path)| {
        fill(&|way| shown(&names.value(way, cell).unwrap_or_default())) == *path
    });
    let expression = |way: &Way| format!("${{{}}}", names.expression(way).unwrap_or_default());
    let constant = cells.windows(2).all(|pair| pair[0] == pair[1]);
    let template = match (same, constant) {
        (true, _) => fill(&expression),
        // A value with `..` or the like in it: the path as it is.
        (false, true) => cells.first().cloned().unwrap_or_default(),
        (false, false) => {
            remark(
                found,
                &path.place,
                format!("`{}` is left out", path.text),
                "paths with `..` in values that differ by cell are not followed",
                "write the path out",
            );
            return None;
        }
    };
    Some(Located { cells, template })
}

fn value_of(text: &str, with: &dyn Fn(&Way) -> String) -> String {
    let parts = pieces(text).into_iter().map(|piece| match piece {
        Piece::Literal(text) => text,
        Piece::Hole(way) => with(&way),
    });
    parts.collect()
}

/// Every path is compared with every output: more stages than this are nobody's pipeline.
const MOST: usize = 5_000;

/// All of a file.
pub(super) fn translate(
    project: &Project<'_>,
    file: &DvcFile,
    scope: &Scope,
    found: &mut Diagnostics,
) -> Draft {
    let loops = loops::read(&file.stages, scope, found);
    if found.has_errors() {
        return Draft::default();
    }
    let (axes, constants) = (loops.axes, loops.constants);
    let mut all = 0_usize;
    for (entry, loops) in file.stages.iter().zip(&loops.stages) {
        all = all.saturating_add(loops::count(loops, &axes));
        if all > MOST {
            let title = format!("more than {MOST} stages with all repetitions");
            let said = Diagnostic::error(title).at(&entry.place, "too many with this one");
            found.push(said.help("split the file, or import a few: axes of the manifest multiply"));
            return Draft::default();
        }
    }
    let mut planned: Vec<Planned<'_>> = Vec::new();
    for (entry, loops) in file.stages.iter().zip(loops.stages) {
        let cells = loops::cells(&loops, &axes);
        let name = stage_name(entry, &planned, found);
        let mut stage = Planned {
            entry,
            name,
            loops,
            cells,
            outs: Vec::new(),
            frozen: false,
        };
        stage.outs = outs(project, &stage, scope, &axes, file, found);
        stage.frozen = frozen(project, &stage, found);
        planned.push(stage);
    }
    let wiring = Wiring::new(project, &planned, &axes);
    let mut draft = Draft {
        constants,
        ..Draft::default()
    };
    for (number, stage) in planned.iter().enumerate().filter(|(_, one)| !one.frozen) {
        let names = StageNames {
            scope,
            axes: &axes,
            loops: &stage.loops,
            cells: &stage.cells,
        };
        let own = Translation {
            project,
            wiring: &wiring,
            names: &names,
            number,
            stage,
        };
        own.translate(file, &mut draft, found);
    }
    let mentioned = draft.mentioned.iter().filter_map(|name| {
        // Names of ours, which are those of the file where they could be kept.
        let known = scope.all().find(|(_, known)| known.name == **name)?;
        (!known.1.from_file).then(|| (known.1.name.clone(), known.1.value.clone(), known.0))
    });
    for (name, value, written) in mentioned {
        if scope.in_file.iter().any(|known| known == written) {
            draft.params_copied(&name, written, found, file);
        }
        draft.constants.push((name, value));
    }
    let from_file = draft.mentioned.iter().any(|name| {
        let mut known = scope.all();
        known.any(|(_, known)| known.name == *name && known.from_file)
    });
    draft.params_file = from_file
        .then(|| paths::join(&project.folder, PARAMS))
        .flatten();
    draft.axes = axes;
    draft
}

impl Draft {
    fn params_copied(&self, name: &str, written: &str, found: &mut Diagnostics, file: &DvcFile) {
        let Some(first) = file.stages.first() else {
            return;
        };
        found.push(
            Diagnostic::warning(format!(
                "the manifest does not follow `{written}` of params.yaml"
            ))
            .at(
                &first.place,
                format!("its value stands in the manifest, as `{name}`"),
            )
            .help("names here have letters, digits and underscores, and some have a meaning"),
        );
    }
}

fn stage_name(entry: &StageEntry, others: &[Planned<'_>], found: &mut Diagnostics) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let name = entry.name.chars().map(|c| if plain(c) { c } else { '_' });
    let mut name: String = name.collect();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.insert_str(0, "stage_");
    }
    while others.iter().any(|other| other.name == name) {
        name.push('_');
    }
    if name != entry.name {
        remark(
            found,
            &entry.place,
            format!("`{}` is called `{name}`", entry.name),
            "names of stages have letters, digits, hyphens, and underscores",
            "",
        );
    }
    name
}

fn outs(
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
        for (of, drawn) in &file.plots {
            if paths::join(&project.folder, &of.text).as_ref() == Some(&first) {
                plot = drawn.clone();
                kind = match kind {
                    OutKind::Plain => OutKind::Plots,
                    other => other,
                };
            }
        }
        let is_folder = is_folder(project, stage.entry, &first, &out.path, file, found);
        let name = unique(&paths::name(&bare(&out.path.text)), &|name| {
            name == "metrics" || outs.iter().any(|out| out.name == name)
        });
        outs.push(PlannedOut {
            name,
            path,
            kind,
            plot,
            is_folder,
        });
    }
    outs
}

/// A path without its `${…}`, for names.
pub(super) fn bare(path: &str) -> String {
    let literal = pieces(path).into_iter().filter_map(|piece| match piece {
        Piece::Literal(text) => Some(text),
        Piece::Hole(_) => None,
    });
    let text: String = literal.collect();
    // Nothing may be left of the last part: `models/${item}.pkl`.
    let mut parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
    while parts.len() > 1 {
        let stem = parts.last().and_then(|part| part.split('.').next());
        if stem.is_some_and(|stem| stem.contains(|c: char| c.is_ascii_alphabetic())) {
            break;
        }
        parts.pop();
    }
    parts.join("/")
}

/// A name that is not taken: with a number behind it where it is.
pub(super) fn unique(name: &str, taken: &dyn Fn(&str) -> bool) -> String {
    let mut names = (2..).map(|number| format!("{name}_{number}"));
    match taken(name) {
        false => name.to_owned(),
        true => names.find(|name| !taken(name)).unwrap_or_default(),
    }
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
fn frozen(project: &Project<'_>, stage: &Planned<'_>, found: &mut Diagnostics) -> bool {
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

/// One stage on its way.
struct Translation<'t> {
    project: &'t Project<'t>,
    wiring: &'t Wiring<'t>,
    names: &'t StageNames<'t>,
    number: usize,
    stage: &'t Planned<'t>,
}

impl Translation<'_> {
    fn translate(&self, file: &DvcFile, draft: &mut Draft, found: &mut Diagnostics) {
        let entry = self.stage.entry;
        let mut own = DraftStage {
            name: self.stage.name.clone(),
            never_reused: entry.always_changed,
            ..DraftStage::default()
        };
        let desc = entry.desc.iter().flat_map(|desc| desc.lines());
        own.comments.extend(desc.map(str::to_owned));
        own.when = self.wiring.condition(&self.stage.loops, None);
        self.outputs(file, &mut own, draft, found);
        self.deps(&mut own, found);
        let companions = self.code(&mut own, draft, found);
        self.params(&mut own, &companions, found);
        self.run(&mut own, found);
        own.note_names(draft, self.names);
        draft.stages.push(own);
    }

    /// The folder that the program runs in, from the project's.
    fn folder(&self, found: &mut Diagnostics) -> Option<Located> {
        let here = Text {
            text: ".".to_owned(),
            place: self.stage.entry.place.clone(),
        };
        let wdir = self.stage.entry.wdir.as_ref();
        locate(&self.project.folder, wdir, &here, self.names, found)
    }

    fn outputs(
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
                OutKind::Metrics if numbers => ty = Some("metrics"),
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
                OutKind::Plots if ["csv", "tsv"].contains(&ending) => {
                    if let (Some(x), [_, ..]) = (&out.plot.x, &out.plot.y[..]) {
                        ty = Some("table");
                        draft.figure(&own.name, out, x);
                    }
                }
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

    fn deps(&self, own: &mut DraftStage, found: &mut Diagnostics) {
        let entry = self.stage.entry;
        let mut located = Vec::new();
        for dep in &entry.deps {
            let wdir = entry.wdir.as_ref();
            let path = locate(&self.project.folder, wdir, dep, self.names, found);
            located.extend(path.map(|path| (dep, path)));
        }
        for params in &entry.params {
            let Some(file) = &params.file else { continue };
            let wdir = entry.wdir.as_ref();
            let path = locate(&self.project.folder, wdir, file, self.names, found);
            let Some(path) = path.filter(|path| !self.is_params(path)) else {
                continue;
            };
            if !params.keys.is_empty() {
                remark(
                    found,
                    &params.place,
                    format!("all of `{}` counts for `{}`", file.text, own.name),
                    "not only the keys that are named",
                    "`params: {file: …}` of the manifest takes single values from a file",
                );
            }
            located.push((file, path));
        }
        let folders: Vec<Located> = located.iter().map(|(_, path)| path.clone()).collect();
        for (dep, path) in located {
            // What is in a folder that is read whole comes with it.
            let inside = |other: &Located| {
                let mut pairs = path.cells.iter().zip(&other.cells);
                pairs.all(|(one, other)| paths::is_in(one, other))
            };
            let again = own.inputs.iter().any(|slot| slot.path == path.template);
            if self.is_params(&path) || again || folders.iter().any(inside) {
                continue;
            }
            self.wiring.read(self.number, dep, &path, own, found);
        }
    }

    /// Whether this is the file of parameters whose values the manifest has.
    fn is_params(&self, path: &Located) -> bool {
        let params = paths::join(&self.project.folder, PARAMS);
        path.cells.iter().all(|path| Some(path) == params.as_ref())
            && self.project.root.join(params.unwrap_or_default()).is_file()
    }

    /// Code that is declared, that the commands name, and that either reads.
    fn code(
        &self,
        own: &mut DraftStage,
        draft: &mut Draft,
        found: &mut Diagnostics,
    ) -> code::Companions {
        let root = self.project.root;
        let folder = self.folder(found);
        let folder = folder.and_then(|folder| folder.cells.first().cloned());
        let folder = folder.unwrap_or_default();
        let params = paths::join(&self.project.folder, PARAMS);
        let mut files: BTreeSet<String> = BTreeSet::new();
        files.extend(
            own.code
                .iter()
                .map(|path| path.trim_end_matches("/**").to_owned()),
        );
        for cell in &self.stage.cells {
            for cmd in &self.stage.entry.cmd {
                let value = |way: &Way| shown(&self.names.value(way, cell).unwrap_or_default());
                let text = value_of(&cmd.text, &value);
                for path in command_files(&text, root, &folder) {
                    let is_params = Some(&path) == params.as_ref();
                    if is_params || self.wiring.is_made(&path) || own.covers(&path) {
                        continue;
                    }
                    if files.insert(path.clone()) {
                        own.code.push(path);
                    }
                }
                for path in command_folders(&text, root, &folder) {
                    let made = self.wiring.is_around(&path) || self.wiring.is_made(&path);
                    if !made && !own.covers(&path) && code::is_small(&root.join(&path)) {
                        own.comments.push(format!(
                            "{path}/ is named in its command: it counts as code."
                        ));
                        own.code.push(format!("{path}/**"));
                    }
                }
            }
        }
        let files: Vec<String> = files.into_iter().collect();
        let companions = code::companions(root, &folder, &files);
        for path in &companions.imported {
            if !own.covers(path) && !self.wiring.is_made(path) {
                own.code.push(path.clone());
            }
        }
        for (by, path) in &companions.named {
            let known = own.covers(path) || Some(path) == params.as_ref();
            if known || self.wiring.is_made(path) || ["dvc.yaml", "dvc.lock"].contains(&&**path) {
                continue;
            }
            own.code.push(path.clone());
            own.comments
                .push(format!("{path} is named in {by}: it counts as code."));
        }
        if let Some(script) = &companions.asks_dvc
            && draft.asking.insert(script.clone())
        {
            remark(
                found,
                &self.stage.entry.place,
                format!("`{script}` asks DVC"),
                "DVC knows nothing of what runs here",
                format!(
                    "read `{PARAMS}` instead of `dvc.api.params_show()`; plain files instead of DVCLive"
                ),
            );
        }
        if companions.here {
            own.texts.push((".here".to_owned(), String::new()));
        }
        companions
    }

    /// The file of parameters, with what the stage names and what its code names.
    fn params(&self, own: &mut DraftStage, code: &code::Companions, found: &mut Diagnostics) {
        let scope = self.names.scope;
        let Some(path) = paths::join(&self.project.folder, PARAMS) else {
            return;
        };
        if scope.in_file.is_empty() {
            return;
        }
        let entry = self.stage.entry;
        let mut wanted: BTreeSet<&str> = BTreeSet::new();
        let mut all = false;
        for params in &entry.params {
            let main = params.file.as_ref().is_none_or(|file| {
                let wdir = entry.wdir.as_ref();
                let path = locate(&self.project.folder, wdir, file, self.names, found);
                path.is_some_and(|path| self.is_params(&path))
            });
            if !main {
                continue;
            }
            all |= params.file.is_some() && params.keys.is_empty();
            for key in &params.keys {
                let names = pieces(&key.text);
                let first = match names.first() {
                    Some(Piece::Literal(text)) if names.len() == 1 || text.contains('.') => {
                        Way::read(text)
                    }
                    // A name that differs by cell: all of the file.
                    _ => {
                        all |= check_names(key, self.names, found);
                        continue;
                    }
                };
                let first = first.first();
                match scope.in_file.iter().find(|known| *known == first) {
                    Some(known) => _ = wanted.insert(known),
                    None => remark(
                        found,
                        &key.place,
                        format!("`{}` is left out", key.text),
                        "not in params.yaml",
                        "",
                    ),
                }
            }
        }
        let wdir = entry.wdir.as_ref();
        for dep in &entry.deps {
            let path = locate(&self.project.folder, wdir, dep, self.names, found);
            all |= path.is_some_and(|path| self.is_params(&path));
        }
        let mut commands = entry.cmd.iter();
        let names_file = code.words.iter().any(|word| word.ends_with(PARAMS))
            || commands.any(|cmd| cmd.text.contains(PARAMS));
        if wanted.is_empty() && !all && !names_file {
            return;
        }
        let named = scope
            .in_file
            .iter()
            .filter(|name| code.words.contains(*name));
        let more: BTreeSet<&str> = named
            .map(String::as_str)
            .filter(|name| !wanted.contains(name))
            .collect();
        all |= wanted.is_empty() && more.is_empty();
        if !all && !more.is_empty() {
            let names = more.iter().copied().collect::<Vec<_>>().join(", ");
            own.comments.push(format!(
                "Of {PARAMS} its code names {names} too: values of these count as well."
            ));
        }
        let keys = scope.in_file.iter().map(String::as_str);
        let keys = keys.filter(|key| all || wanted.contains(key) || more.contains(key));
        let keys = keys.filter_map(|key| Some((key.to_owned(), scope.get(key)?.name.clone())));
        own.files.push((path, keys.collect()));
    }

    fn run(&self, own: &mut DraftStage, found: &mut Diagnostics) {
        let entry = self.stage.entry;
        let mut script = Script::default();
        let mut good = true;
        for cmd in &entry.cmd {
            good &= check_names(cmd, self.names, found);
        }
        if !good {
            return;
        }
        for cmd in &entry.cmd {
            let alone = entry.cmd.len() == 1;
            script.command(cmd, alone, self.names, self.project.spelling, found);
        }
        let environment = environment(&script, own);
        let mut head = String::new();
        if !environment.is_empty() {
            head.push_str("set +u\n");
        }
        for name in environment {
            let upper = name.to_uppercase();
            let secret = ["TOKEN", "SECRET", "PASSW", "_KEY", "CUDA_VISIBLE"];
            match secret.iter().any(|part| upper.contains(part)) {
                true => own.pass_env.push(name),
                false => own.env.push(name),
            }
        }
        let folder = self.folder(found).map(|folder| folder.template);
        if let Some(folder) = folder.filter(|folder| !folder.is_empty()) {
            let folder = match folder.contains("${") {
                // A shell reads names, not expressions.
                true => {
                    own.values.push(("wdir".to_owned(), folder));
                    "${wdir}".to_owned()
                }
                false => folder,
            };
            head.push_str(&format!("mkdir -p \"{folder}\"\ncd \"{folder}\"\n"));
        }
        let mut tail = String::new();
        if own.outs.is_empty() && own.metrics.is_none() {
            own.outs.push(DraftOut {
                name: "done".to_owned(),
                path: format!("{}.done", own.name),
                ty: None,
            });
            tail.push_str(": > \"${out.done}\"\n");
            own.comments
                .push("It leaves nothing; `done` says that it has run.".to_owned());
        }
        own.run = format!("{head}{}{tail}", script.text);
        own.values.extend(script.variables);
    }
}

/// The variables that commands read and do not set.
fn environment(script: &Script, own: &DraftStage) -> Vec<String> {
    const GIVEN: [&str; 16] = [
        "BASH",
        "HOME",
        "HOSTNAME",
        "IFS",
        "LANG",
        "LOGNAME",
        "OLDPWD",
        "OMP_NUM_THREADS",
        "PATH",
        "PWD",
        "RANDOM",
        "SECONDS",
        "SHELL",
        "TMPDIR",
        "UID",
        "USER",
    ];
    let sets = |name: &str| {
        let text = &script.text;
        text.contains(&format!("{name}="))
            || text.contains(&format!("for {name} in"))
            || text.contains(&format!("read {name}"))
            || text.contains(&format!("read -r {name}"))
    };
    let all = script.environment.iter();
    let unknown = all.filter(|name| !GIVEN.contains(&name.as_str()) && !sets(name));
    let known = |name: &str| {
        own.env
            .iter()
            .chain(&own.pass_env)
            .any(|known| known == name)
    };
    unknown.filter(|name| !known(name)).cloned().collect()
}

/// The files of the project that a command names.
fn command_files(text: &str, root: &Path, folder: &str) -> Vec<String> {
    let words = text.split(|c: char| c.is_whitespace() || "\"';|&()<>=,@".contains(c));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let mut files = Vec::new();
    for (number, word) in words.iter().enumerate() {
        let mut named = vec![(*word).to_owned()];
        if number > 0 && words[number - 1] == "-m" {
            let module = word.replace('.', "/");
            named.extend([format!("{module}.py"), format!("{module}/__main__.py")]);
        }
        for name in named {
            let path = paths::join(folder, &name);
            files.extend(path.filter(|path| !path.is_empty() && root.join(path).is_file()));
        }
    }
    files
}

/// The folders of the project that a command names.
fn command_folders(text: &str, root: &Path, folder: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| c.is_whitespace() || "\"';|&()<>=,@".contains(c));
    let paths = words.filter_map(|word| paths::join(folder, word));
    let inside = paths.filter(|path| !path.is_empty() && !path.starts_with('.'));
    inside.filter(|path| root.join(path).is_dir()).collect()
}

impl DraftStage {
    /// Whether a path comes with the code or an input already.
    pub(super) fn covers(&self, path: &str) -> bool {
        let code = self.code.iter().any(|pattern| {
            pattern == path
                || pattern
                    .strip_suffix("/**")
                    .is_some_and(|folder| paths::is_in(path, folder))
        });
        let inputs = self.inputs.iter();
        code || inputs
            .map(|slot| slot.path.trim_end_matches('/'))
            .any(|known| known == path || paths::is_in(path, known))
    }

    /// Notes which names this stage mentions.
    fn note_names(&self, draft: &mut Draft, names: &StageNames<'_>) {
        let mut texts: Vec<&str> = vec![&self.run];
        let values = self.values.iter();
        texts.extend(values.clone().map(|(_, expression)| expression.as_str()));
        for slot in &self.inputs {
            texts.push(&slot.path);
            texts.extend(slot.sources.iter().filter_map(|source| match &source.from {
                From::File(path) => Some(path.as_str()),
                From::Stage(_) => None,
            }));
        }
        texts.extend(self.outs.iter().map(|out| out.path.as_str()));
        texts.extend(self.metrics.as_deref());
        texts.extend(self.code.iter().map(String::as_str));
        let holes = texts.iter().flat_map(|text| text.split("${").skip(1));
        let holes = holes.filter_map(|hole| hole.split('}').next());
        // An expression stands there without `${…}`.
        let bare = values.filter(|(_, expression)| !expression.contains("${"));
        let mut expressions: Vec<&str> = holes.collect();
        expressions.extend(bare.map(|(_, expression)| expression.as_str()));
        for (_, keys) in &self.files {
            expressions.extend(keys.iter().map(|(_, name)| name.as_str()));
        }
        let words = expressions
            .iter()
            .flat_map(|one| one.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
        let words: BTreeSet<&str> = words.collect();
        let known = names.scope.all().map(|(_, known)| &known.name);
        let known = known.filter(|name| words.contains(name.as_str()));
        draft.mentioned.extend(known.cloned());
        let constants = draft.constants.iter().map(|(name, _)| name);
        let constants = constants.filter(|name| words.contains(name.as_str()));
        let constants: Vec<String> = constants.cloned().collect();
        draft.mentioned.extend(constants);
    }
}

impl Draft {
    /// A line of a table that a stage leaves.
    fn figure(&mut self, stage: &str, out: &PlannedOut, x: &str) {
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
        self.figures.push(DraftFigure {
            name: format!("{stage}-{}", out.name),
            from: format!("{stage}.{}", out.name),
            with: with.into_iter().collect(),
        });
    }
}
