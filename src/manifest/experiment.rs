//! One manifest, checked: the pipeline, its parameters' values, its grid of cells, its claims.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::claims::Known;
use crate::registry::Catalog;
use crate::registry::ParamType;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::Source;
use crate::text::did_you_mean;

use super::axes::Axis;
use super::axes::Form;
use super::axes::Reader;
use super::claims;
use super::claims::StatedClaim;
use super::columns::Column;
use super::columns::Columns;
use super::fields;
use super::fields::Fields;
use super::grid;
use super::grid::Grid;
use super::grid::Shaping;
use super::node::Entry;
use super::node::Node;
use super::overrides;
use super::overrides::Overrides;
use super::pipeline::Pipeline;
use super::project;
use super::yaml;

pub(super) const KEYS: [&str; 12] = [
    "experiment",
    "title",
    "doc",
    "pipeline",
    "stages",
    "params",
    "axes",
    "exclude",
    "include",
    "when",
    "profiles",
    "claims",
];

/// An experiment that was read and checked, as far as that goes without its cells.
#[derive(Debug)]
pub struct Experiment {
    /// As results are filed: `mapa`.
    pub name: String,
    pub title: Option<String>,
    /// The project's root, absolute.
    pub root: PathBuf,
    /// The manifest.
    pub source: Arc<Source>,
    pub pipeline: Pipeline,
    pub grid: Grid,
    /// Axes as the manifest names them, with their columns: those of a zip are several.
    pub axes: Vec<AxisInfo>,
    pub claims: Vec<StatedClaim>,
    pub profile: Option<String>,
    /// The changes of the command line as text; empty where there are none.
    pub overrides: String,
}

/// A named axis.
#[derive(Debug)]
pub struct AxisInfo {
    pub name: Arc<str>,
    pub place: Place,
    pub columns: Vec<usize>,
    /// Whether it is a replicate: `{seeds: n}`.
    pub seeds: bool,
    /// Whether it names variants.
    pub variants: bool,
}

/// What reading an experiment found: the experiment where it could be read at all, and everything
/// there is to say about it.
pub struct Reading {
    pub experiment: Option<Experiment>,
    pub found: Diagnostics,
}

impl Experiment {
    /// The axes with the values that cells have on them, for claims to name.
    pub fn known(&self) -> Known {
        claims::known(self.grid.columns())
    }

    /// Reads a manifest and its pipeline. Runs nothing.
    pub fn read(path: &Path, catalog: &Catalog, overrides: &Overrides) -> Reading {
        let mut found = Diagnostics::new();
        let root = project::project_root(path);
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let absolute = project::normal(&absolute);
        let experiment = match project::read(&root, &absolute, None) {
            Ok(source) => read(&source, &root, &absolute, catalog, overrides, &mut found),
            Err(diagnostic) => {
                found.push(diagnostic);
                None
            }
        };
        Reading { experiment, found }
    }

    /// The name of the folder of results: `mapa`, `mapa@quick`; with changes of the command line
    /// their digest, so that no two experiments share a folder.
    pub fn folder(&self) -> String {
        let mut folder = self.name.clone();
        if let Some(profile) = &self.profile {
            folder.push('@');
            folder.push_str(profile);
        }
        if !self.overrides.is_empty() {
            let digest = blake3::hash(self.overrides.as_bytes()).to_hex();
            folder.push('@');
            folder.push_str(&digest[..8]);
        }
        folder
    }

    /// The columns of a name that `over` may use; none where nobody knows it.
    pub fn reducible(&self, name: &str) -> Option<Vec<usize>> {
        let axis = self.axes.iter().find(|axis| &*axis.name == name);
        if let Some(axis) = axis {
            return Some(axis.columns.clone());
        }
        let column = self.grid.columns().index(name)?;
        Some(vec![column])
    }
}

fn read(
    source: &Arc<Source>,
    root: &Path,
    path: &Path,
    catalog: &Catalog,
    changes: &Overrides,
    found: &mut Diagnostics,
) -> Option<Experiment> {
    let node = match yaml::read(source) {
        Ok(node) => node,
        Err(problems) => {
            found.extend(problems);
            return None;
        }
    };
    if node.is_null() {
        found.push(
            Diagnostic::error("the manifest is empty")
                .at(&Place::start_of(source), "nothing here")
                .help("it needs `experiment`, `pipeline` and `axes`"),
        );
        return None;
    }
    let manifest = Fields::of(&node, "a manifest", &KEYS, found)?;
    let name = experiment_name(&manifest, &node, path, found);
    let title = manifest
        .get("title")
        .and_then(|node| fields::text(node, "`title`", found));
    let pipeline = pipeline(&manifest, &node, &name, root, path, catalog, found)?;
    let profile = profile(&manifest, changes, found);
    let forced = overrides::entries(&changes.params, "-p", found);
    let chosen = overrides::entries(&changes.axes, "--axis", found);
    let profile_axes = profile.as_ref().and_then(|fields| fields.get("axes"));
    let profile_axes = profile_axes.and_then(|node| fields::map(node, "`axes`", found));
    let mut columns = declared(&pipeline);
    let layers = [
        manifest.get("params"),
        profile.as_ref().and_then(|fields| fields.get("params")),
    ];
    let layers: Vec<&[Entry]> = layers
        .into_iter()
        .flatten()
        .filter_map(|node| fields::map(node, "`params`", found))
        .collect();
    for entry in layers.iter().copied().flatten() {
        constant(entry, pipeline.inline, &mut columns, found);
    }
    let mut reader = Reader {
        columns: &mut columns,
        closed: !pipeline.inline,
        profile: profile_axes.unwrap_or_default(),
        chosen: &chosen,
        forced: forced
            .iter()
            .map(|entry| (entry.key.as_str(), &entry.value))
            .collect(),
        seeds: changes.seeds,
        seen: Vec::new(),
        found,
    };
    let axes = reader.read(manifest.get("axes"));
    let seen = std::mem::take(&mut reader.seen);
    for entry in &forced {
        if !seen.contains(&entry.key) {
            // A new name declares itself in a manifest only: here it is a slip of the keyboard.
            constant(entry, false, &mut columns, found);
        }
    }
    collisions(&axes, &columns, found);
    let top: Vec<&Axis> = axes.iter().collect();
    for entry in layers.iter().copied().flatten() {
        shadowed(entry, &top, found);
    }
    let shaping = Shaping {
        exclude: manifest.get("exclude"),
        include: manifest.get("include"),
        when: manifest.get("when"),
    };
    let place = manifest
        .entry("axes")
        .map_or(&node.place, |entry| &entry.key_place);
    let infos = infos(&axes);
    let grid = grid::build(columns, &axes, &shaping, place, found)?;
    let context = claims::Context {
        columns: grid.columns(),
        pipeline: &pipeline,
        as_written: changes.profile.is_none() && changes.text().is_empty(),
    };
    let claims = manifest.get("claims");
    let claims = claims.map(|node| claims::read(node, &context, found));
    Some(Experiment {
        name,
        title: title.map(str::to_owned),
        root: root.to_owned(),
        source: Arc::clone(source),
        pipeline,
        grid,
        axes: infos,
        claims: claims.unwrap_or_default(),
        profile: changes.profile.clone(),
        overrides: changes.text(),
    })
}

fn experiment_name(
    manifest: &Fields<'_>,
    node: &Node,
    path: &Path,
    found: &mut Diagnostics,
) -> String {
    let stem = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or("experiment");
    let Some(given) = manifest.get("experiment") else {
        found.push(
            Diagnostic::error("a manifest has no `experiment`")
                .at(&node.place, "which name do its results have?")
                .help(format!("write `experiment: {stem}`")),
        );
        return stem.to_owned();
    };
    let Some(name) = fields::text(given, "`experiment`", found) else {
        return stem.to_owned();
    };
    // It names a folder, on every file system.
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
    if name.is_empty()
        || !name.chars().all(good)
        || name.starts_with(['.', '-'])
        || name.len() > 100
    {
        found.push(
            Diagnostic::error(format!("`{name}` cannot name an experiment")).at(
                &given.place,
                "names a folder: letters, digits, `-`, `_`, and `.`",
            ),
        );
    }
    name.to_owned()
}

fn pipeline(
    manifest: &Fields<'_>,
    node: &Node,
    name: &str,
    root: &Path,
    path: &Path,
    catalog: &Catalog,
    found: &mut Diagnostics,
) -> Option<Pipeline> {
    let stages = manifest.entry("stages");
    match (manifest.get("pipeline"), stages) {
        (Some(pipeline), Some(stages)) => {
            found.push(
                Diagnostic::error("a manifest has either `pipeline` or `stages`")
                    .at(&stages.key_place, "stages of its own")
                    .also(&pipeline.place, "and a pipeline"),
            );
            None
        }
        (None, None) => {
            found.push(
                Diagnostic::error("a manifest has neither `pipeline` nor `stages`")
                    .at(&node.place, "what is to be run?")
                    .help("for example `pipeline: ../pipelines/name.yaml`"),
            );
            None
        }
        (None, Some(stages)) => {
            let mut pipeline = Pipeline {
                name: Arc::from(name),
                params: Vec::new(),
                stages: Vec::new(),
                inline: true,
            };
            pipeline.read_stages(&stages.value, catalog, found);
            Some(pipeline)
        }
        (Some(node), None) if node.as_map().is_some() => {
            Pipeline::read(node, false, name, catalog, found)
        }
        (Some(node), None) => {
            let text = fields::text(node, "`pipeline`", found)?;
            let folder = path.parent().unwrap_or(root);
            let file = project::normal(&folder.join(text));
            match project::read(root, &file, Some(&node.place)) {
                Ok(source) => match yaml::read(&source) {
                    Ok(tree) => {
                        let stem = file.file_stem().and_then(|stem| stem.to_str());
                        Pipeline::read(&tree, true, stem.unwrap_or(name), catalog, found)
                    }
                    Err(problems) => {
                        found.extend(problems);
                        None
                    }
                },
                Err(diagnostic) => {
                    found.push(diagnostic);
                    None
                }
            }
        }
    }
}

/// The profile that is asked for. All profiles are checked for unknown keys.
fn profile<'n>(
    manifest: &Fields<'n>,
    changes: &Overrides,
    found: &mut Diagnostics,
) -> Option<Fields<'n>> {
    let mut chosen = None;
    let mut names = Vec::new();
    if let Some(node) = manifest.get("profiles") {
        for entry in fields::map(node, "`profiles`", found).unwrap_or_default() {
            names.push(entry.key.as_str());
            let what = format!("profile `{}`", entry.key);
            let fields = Fields::of(&entry.value, &what, &["doc", "params", "axes"], found);
            if changes.profile.as_deref() == Some(&entry.key) {
                chosen = fields;
            }
        }
    }
    if let Some(wanted) = &changes.profile
        && !names.contains(&wanted.as_str())
    {
        let help = match names.is_empty() {
            true => Some("the manifest has no profiles".to_owned()),
            false => did_you_mean(wanted, names, "profiles"),
        };
        found.push(Diagnostic::error(format!("unknown profile `{wanted}`")).maybe_help(help));
    }
    chosen
}

/// Columns of the parameters that the pipeline declares, with their defaults.
fn declared(pipeline: &Pipeline) -> Columns {
    let mut columns = Columns::default();
    for param in &pipeline.params {
        let mut column = Column::new(&param.name, param.ty.clone(), param.place.clone());
        if let Some(default) = &param.default {
            column.constant = column.intern(default.clone(), &param.place);
        }
        columns.add(column);
    }
    columns
}

/// Gives a parameter its value for all cells; where names are open, the first value declares one.
fn constant(entry: &Entry, open: bool, columns: &mut Columns, found: &mut Diagnostics) {
    let index = match columns.index(&entry.key) {
        Some(index) => index,
        None if open => {
            if !fields::name(&entry.key, "a parameter", &entry.key_place, found) {
                return;
            }
            columns.add(Column::new(
                &entry.key,
                ParamType::Any,
                entry.key_place.clone(),
            ))
        }
        None => {
            found.push(
                Diagnostic::error(format!("unknown parameter `{}`", entry.key))
                    .at(&entry.key_place, "the pipeline declares no such parameter")
                    .maybe_help(did_you_mean(&entry.key, columns.names(), "it declares")),
            );
            return;
        }
    };
    let column = columns.get_mut(index);
    let what = format!("`{}`", entry.key);
    if entry.value.is_null() {
        column.constant = super::columns::ABSENT;
    } else if let Some(value) = fields::conform(&entry.value, &column.ty.clone(), &what, found) {
        column.constant = column.intern(value, &entry.value.place);
    }
}

/// Names that two axes set in one cell.
fn collisions(axes: &[Axis], columns: &Columns, found: &mut Diagnostics) {
    fn all<'a>(axis: &'a Axis, into: &mut BTreeMap<usize, &'a Axis>) {
        for choice in &axis.choices {
            for (column, _) in &choice.set {
                into.insert(*column, axis);
            }
            for inner in &choice.axes {
                all(inner, into);
            }
        }
    }
    fn check(
        axes: &[Axis],
        outer: &BTreeMap<usize, &Axis>,
        columns: &Columns,
        found: &mut Diagnostics,
    ) {
        let mut taken = outer.clone();
        for axis in axes {
            let mut own = BTreeMap::new();
            all(axis, &mut own);
            for column in own.keys() {
                if let Some(other) = taken.get(column) {
                    let name = &columns.get(*column).name;
                    found.push(
                        Diagnostic::error(format!("two axes set `{name}`"))
                            .at(&axis.place, "here")
                            .also(&other.place, "and here"),
                    );
                }
            }
            for choice in &axis.choices {
                let set: BTreeMap<usize, &Axis> = choice
                    .set
                    .iter()
                    .map(|(column, _)| (*column, axis))
                    .collect();
                check(&choice.axes, &set, columns, found);
            }
            taken.extend(own);
        }
    }
    check(axes, &BTreeMap::new(), columns, found);
}

/// A value that is never used because an axis gives others.
fn shadowed(entry: &Entry, axes: &[&Axis], found: &mut Diagnostics) {
    let plain = |axis: &&&Axis| axis.form != Form::Variants && axis.form != Form::Zip;
    let axis = axes
        .iter()
        .filter(plain)
        .find(|axis| *axis.name == *entry.key);
    if let Some(axis) = axis {
        found.push(
            Diagnostic::warning(format!("the value of `{}` is never used", entry.key))
                .at(&entry.key_place, "given here")
                .also(&axis.place, "an axis gives it other values"),
        );
    }
}

fn infos(axes: &[Axis]) -> Vec<AxisInfo> {
    let mut infos: Vec<AxisInfo> = Vec::new();
    let mut pending: Vec<&Axis> = axes.iter().rev().collect();
    while let Some(axis) = pending.pop() {
        if !infos.iter().any(|info| info.name == axis.name) {
            infos.push(AxisInfo {
                name: Arc::clone(&axis.name),
                place: axis.place.clone(),
                columns: axis.columns(),
                seeds: axis.form == Form::Seeds,
                variants: axis.form == Form::Variants,
            });
        }
        for choice in axis.choices.iter().rev() {
            pending.extend(choice.axes.iter().rev());
        }
    }
    infos
}
