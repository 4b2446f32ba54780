//! What stands in a program's folder when it starts, for programs that look for files at fixed paths:
//! copies of its code, its inputs, files of values.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use super::params::CommandParams;
use super::paths::Paths;
use super::paths::cannot;
use super::paths::make_folder;
use super::paths::plain;
use super::value_files;
use crate::engine::Job;
use crate::engine::JobError;
use crate::plan::PatternError;
use crate::plan::Tree;
use crate::registry::Value;
use crate::store::names;

/// The paths that were laid out in a program's folder: they are no results of its own.
#[derive(Debug, Default)]
pub(super) struct Laid(HashSet<PathBuf>);

impl Laid {
    /// Whether this was there when the program started.
    pub(super) fn contains(&self, path: &Path) -> bool {
        self.0.contains(path)
    }
}

/// Lays out what the stage declares; later ones stand in the place of copies of code.
///
/// `values` are the parameters by value: numbers in files are written in one way, as they are in keys.
pub(super) fn lay_out(
    job: &Job<'_>,
    params: &CommandParams,
    values: &CommandParams,
    paths: &Paths,
    work: &Path,
) -> Result<Laid, JobError> {
    let mut laid = Laid::default();
    if params.copy_code.unwrap_or(false) {
        copy_code(job, params, work, &mut laid)?;
    }
    for (slot, path) in params.placed() {
        let Some(input) = paths.inputs.get(slot) else {
            // Bound in other cells only.
            continue;
        };
        let name = plain(path.as_str().unwrap_or_default());
        let path = work.join(name.trim_end_matches('/'));
        make_way(&path)?;
        symlink(input, &path).map_err(|error| cannot("link", &path, &error))?;
        laid.0.insert(path);
    }
    for (name, value) in values.value_files() {
        let path = work.join(name);
        make_way(&path)?;
        let text = value_files::text(name, &filled(value, paths)?).map_err(JobError::failed)?;
        fs::write(&path, text).map_err(|error| cannot("write", &path, &error))?;
        laid.0.insert(path);
    }
    Ok(laid)
}

/// Copies the files that `code` matches to their paths in the project.
fn copy_code(
    job: &Job<'_>,
    params: &CommandParams,
    work: &Path,
    laid: &mut Laid,
) -> Result<(), JobError> {
    let patterns: Vec<&str> = params.code.iter().flatten().map(String::as_str).collect();
    let matched = Tree::new(job.root, &[]).matching(&patterns);
    let matched = matched.map_err(|error| match error {
        PatternError::Reading { path, error } => cannot("read", &path, &error),
        PatternError::Pattern { number, message } => {
            JobError::failed(format!("`{}`: {message}", patterns[number]))
        }
    })?;
    for (name, file) in matched.files {
        let path = work.join(names::name_of(&name));
        if laid.0.contains(&path) {
            continue;
        }
        make_way(&path)?;
        fs::copy(&file, &path).map_err(|error| cannot("copy", &file, &error))?;
        laid.0.insert(path);
    }
    Ok(())
}

/// Makes the folder of a path, and removes what stands there.
fn make_way(path: &Path) -> Result<(), JobError> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(JobError::failed(format!(
            "`{}` is taken: {error}",
            path.display()
        ))
        .hint("code or another input lies below this path")),
        _ => Ok(()),
    }
}

/// A value whose texts have their paths filled in.
fn filled(value: &Value, paths: &Paths) -> Result<Value, JobError> {
    Ok(match value {
        Value::Str(text) => Value::Str(paths.fill(text)?),
        Value::List(items) => {
            let items = items.iter().map(|item| filled(item, paths));
            Value::List(items.collect::<Result<_, _>>()?)
        }
        Value::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(name, value)| Ok((name.clone(), filled(value, paths)?)));
            Value::Map(entries.collect::<Result<_, JobError>>()?)
        }
        other => other.clone(),
    })
}
