//! One manifest, checked: the pipeline, its parameters' values, its grid of cells, its claims.

mod nested;
mod overlaps;
pub(crate) mod params_file;
mod read;
mod searched;
mod values;

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::claims::KnownNames;
use crate::registry::Catalog;
use crate::registry::Value;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::Source;

use read::read;

use super::axes::Replicates;
use super::axes::Search;
use super::claims;
use super::claims::StatedClaim;
use super::grid::Grid;
use super::overrides::Overrides;
use super::pipeline::Pipeline;
use super::project;
use super::project::Files;
use super::project::ProjectFiles;

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
    /// The axis whose values are proposed.
    pub search: Option<Search>,
    pub claims: Vec<StatedClaim>,
    pub profile: Option<String>,
    /// The changes of the command line as text; empty where there are none.
    pub overrides: String,
    /// Whether it is the experiment as the manifest has it, without a profile or a change of the command line.
    pub as_written: bool,
    /// The files of the project that it led to.
    pub(super) files: ProjectFiles,
    /// Values that such a file leaves to be given, `???`, by the ways to them.
    pub(crate) mandatory: Vec<(String, Place)>,
}

/// A named axis.
#[derive(Debug)]
pub struct AxisInfo {
    pub name: Arc<str>,
    pub place: Place,
    pub columns: Vec<usize>,
    /// Whether it is a replicate: `{seeds: n}`.
    pub seeds: bool,
    /// How it grows until the claims are decided.
    pub on_demand: Option<Replicates>,
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
    /// Whether cells may be gone that a stage or a claim speaks of, which is no mistake then. In a search they may be
    /// to come.
    pub fn lacks_cells(&self) -> bool {
        !self.as_written && self.search.is_none()
    }

    /// The axes with the values that cells have on them, for claims to name.
    pub fn known(&self) -> KnownNames {
        claims::known(self.grid.columns(), self.search.as_ref())
    }

    /// Reads a manifest and its pipeline. Runs nothing.
    pub fn read(path: &Path, catalog: &Catalog, overrides: &Overrides) -> Reading {
        let root = project::project_root(path);
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let absolute = project::normal(&absolute);
        let files = Files::new(&root);
        let source = files.read(&absolute, None);
        let with = |overrides: &Overrides| {
            let mut found = Diagnostics::new();
            let experiment = match &source {
                Ok(source) => read(source, &files, &absolute, catalog, overrides, &mut found),
                Err(diagnostic) => {
                    found.push(diagnostic.clone());
                    None
                }
            };
            Reading { experiment, found }
        };
        let mut reading = with(overrides);
        let first = reading.experiment.as_ref();
        let first = first.filter(|_| overrides.proposed.is_none());
        match first.and_then(|first| first.drawn_again(&mut reading.found)) {
            None => reading,
            Some(proposed) => with(&Overrides {
                proposed: Some(proposed),
                ..overrides.clone()
            }),
        }
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

    /// The files that it was read from, manifest, pipelines, parameters, sheets, and the programs that propose.
    pub fn files(&self) -> BTreeSet<PathBuf> {
        let mut files = self.files.read.clone();
        files.extend(self.proposing());
        files
    }

    /// The files that its axes find by patterns.
    pub fn matched(&self) -> &BTreeSet<PathBuf> {
        &self.files.matched
    }

    /// The files of the project that the program of a search names: itself and its arguments.
    fn proposing(&self) -> impl Iterator<Item = PathBuf> {
        let run = self
            .search
            .as_ref()
            .and_then(|search| search.params.get("run"));
        let words = match run {
            Some(Value::List(words)) => &words[..],
            _ => &[],
        };
        let words = words.iter().filter_map(Value::as_str);
        let paths = words.flat_map(|text| text.split_whitespace().chain([text]));
        let paths = paths.map(|path| project::normal(&self.root.join(path)));
        paths.filter(|path| path.starts_with(&self.root) && path.is_file())
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
