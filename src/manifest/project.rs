//! The project: the folder that paths are relative to and may not leave.
//!
//! It is the nearest folder above a manifest that holds `sweepline.toml`; where there is none, the
//! nearest that holds `manifests/`, `Cargo.toml` or `.git`; else the manifest's own folder.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::text::Diagnostic;
use crate::text::Place;
use crate::text::Source;
use crate::text::closest;

/// The file that marks the root of a project and holds its settings.
pub const SETTINGS: &str = "sweepline.toml";

/// The root of the project that a manifest belongs to, as an absolute path.
pub fn project_root(manifest: &Path) -> PathBuf {
    let absolute = absolute(manifest);
    root_around(absolute.parent().unwrap_or(Path::new("/")))
}

/// The root of the project that a folder belongs to, as an absolute path.
pub fn root_around(folder: &Path) -> PathBuf {
    let folder = absolute(folder);
    let marked = |folder: &&Path| folder.join(SETTINGS).is_file();
    let looks_like_one = |folder: &&Path| {
        folder.join("manifests").is_dir()
            || folder.join("Cargo.toml").is_file()
            || folder.join(".git").exists()
    };
    let mut above = folder.ancestors();
    let root = above
        .find(marked)
        .or_else(|| folder.ancestors().find(looks_like_one));
    root.unwrap_or(&folder).to_owned()
}

/// A path from the root of the file system, without `.` and `..`.
pub fn absolute(path: &Path) -> PathBuf {
    normal(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}

/// The path without `.` and `..`, as text alone: links are not followed.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

/// The files of a project that a manifest leads to, each noted as it is asked for: whoever wants an experiment
/// elsewhere needs them all.
pub(super) struct Files<'r> {
    pub root: &'r Path,
    noted: RefCell<ProjectFiles>,
}

/// The same by their ways from the root.
#[derive(Clone, Debug, Default)]
pub(super) struct ProjectFiles {
    /// Those of which the manifest is made: itself, pipelines, parameters, sheets.
    pub read: BTreeSet<PathBuf>,
    /// Those that it names by a pattern, whatever is in them.
    pub matched: BTreeSet<PathBuf>,
}

impl<'r> Files<'r> {
    pub(super) fn new(root: &'r Path) -> Self {
        Files {
            root,
            noted: RefCell::default(),
        }
    }

    /// Reads a text file of the project. `asked` is where a manifest names it.
    ///
    /// # Errors
    /// Where it leaves the project, is not there, or is not text.
    pub(super) fn read(
        &self,
        path: &Path,
        asked: Option<&Place>,
    ) -> Result<Arc<Source>, Diagnostic> {
        let source = read(self.root, path, asked)?;
        self.noted.borrow_mut().read.insert(source.path.clone());
        Ok(source)
    }

    /// Notes a file that a pattern matches.
    pub(super) fn matched(&self, path: &str) {
        self.noted.borrow_mut().matched.insert(path.into());
    }

    pub(super) fn noted(&self) -> ProjectFiles {
        self.noted.borrow().clone()
    }
}

fn read(root: &Path, path: &Path, asked: Option<&Place>) -> Result<Arc<Source>, Diagnostic> {
    let shown = path.strip_prefix(root).unwrap_or(path);
    let place = |wrong: Diagnostic, label: &str| match asked {
        Some(place) => wrong.at(place, label),
        None => wrong,
    };
    if asked.is_some() && !path.starts_with(root) {
        let wrong = Diagnostic::error("a path leaves the project");
        return Err(place(wrong, "outside the folder of the project")
            .help("copy the file into the project"));
    }
    match fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Arc::new(Source {
                path: shown.to_owned(),
                // A mark of byte order is no part of the text.
                text: text
                    .strip_prefix('\u{feff}')
                    .map(str::to_owned)
                    .unwrap_or(text),
            })),
            Err(_) => Err(place(
                Diagnostic::error(format!("`{}` is not UTF-8 text", shown.display())),
                "not text",
            )),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let wrong = Diagnostic::error(format!("there is no file `{}`", shown.display()));
            Err(place(wrong, "not there").maybe_help(match asked {
                Some(_) => neighbour(root, path),
                None => manifest(root, path).or_else(|| neighbour(root, path)),
            }))
        }
        Err(_) if path.is_dir() => {
            let wrong = Diagnostic::error(format!("`{}` is a folder", shown.display()));
            Err(place(wrong, "a file is wanted"))
        }
        Err(error) => Err(place(
            Diagnostic::error(format!("`{}` cannot be read: {error}", shown.display())),
            "cannot be read",
        )),
    }
}

/// The manifest that a missing one is meant to be, where only its folder or its ending lacks.
fn manifest(root: &Path, path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let names = [wanted.to_owned(), format!("{wanted}.yaml")];
    let mut files = names
        .map(|name| Path::new("manifests").join(name))
        .into_iter();
    let meant = files.find(|file| root.join(file).is_file())?;
    Some(format!("did you mean `{}`?", meant.display()))
}

/// The file beside a missing one that has nearly its name.
fn neighbour(root: &Path, path: &Path) -> Option<String> {
    let folder = path.parent()?;
    let wanted = path.file_name()?.to_str()?;
    let names: Vec<String> = fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let close = closest(wanted, names.iter().map(String::as_str))?;
    let close = folder.join(close);
    let close = close.strip_prefix(root).unwrap_or(&close);
    Some(format!("did you mean `{}`?", close.display()))
}
