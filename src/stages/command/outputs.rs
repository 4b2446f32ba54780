//! What a program leaves: declared files and folders are taken, others are named in a warning.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::metrics;
use super::metrics::Said;
use super::paths::cannot;
use super::paths::make_folder;
use super::paths::plain;
use crate::engine::Content;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::Produced;
use crate::registry::Value;
use crate::stages::artifacts;

/// So many undeclared files are named.
const NAMED: usize = 5;

/// What one stage declares.
pub(super) struct Declared {
    outputs: Vec<Output>,
    pub metrics: Option<metrics::Spec>,
}

/// One output: a file or folder below the program's folder, and what it is.
#[derive(Debug, PartialEq)]
pub(super) struct Output {
    pub name: String,
    pub file: String,
    pub ty: Option<String>,
}

impl Output {
    /// From `out: {name: file}` or `out: {name: {file: …, type: …}}`.
    ///
    /// # Errors
    /// What is wrong, in a few words.
    pub fn read(name: &str, value: &Value) -> Result<Self, String> {
        let output = |file: &str, ty: Option<&str>| Output {
            name: name.to_owned(),
            file: plain(file),
            ty: ty.map(str::to_owned),
        };
        match value {
            Value::Str(file) => Ok(output(file, None)),
            Value::Map(fields) => {
                if let Some(key) = fields
                    .keys()
                    .find(|key| !["file", "type"].contains(&&***key))
                {
                    return Err(format!("`{name}` has an unknown key `{key}`"));
                }
                let file = fields.get("file").and_then(Value::as_str);
                let file = file.ok_or_else(|| format!("`{name}` does not say which `file`"))?;
                Ok(output(file, fields.get("type").and_then(Value::as_str)))
            }
            other => Err(format!(
                "`{name}` is {}, not the name of a file",
                other.type_name()
            )),
        }
    }
}

impl Declared {
    /// What the step's parameters declare.
    pub fn read(job: &Job<'_>) -> Result<Self, JobError> {
        let mut outputs = Vec::new();
        if let Some(Value::Map(out)) = job.param("out") {
            for (name, value) in out {
                outputs.push(Output::read(name, value).map_err(JobError::failed)?);
            }
        }
        let metrics = job.param("metrics").map(metrics::Spec::read).transpose();
        Ok(Declared {
            outputs,
            metrics: metrics.map_err(JobError::failed)?,
        })
    }

    /// Makes the folders that outputs lie in, and says where each is to be written.
    pub fn prepare(&self, work: &Path) -> Result<BTreeMap<String, PathBuf>, JobError> {
        let mut paths = BTreeMap::new();
        let metrics = self.metrics.iter().filter_map(metrics::Spec::file);
        let outputs = self.outputs.iter();
        let files = outputs.map(|output| (output.name.as_str(), output.file.as_str()));
        for (name, file) in files.chain(metrics.map(|file| ("metrics", file))) {
            let path = work.join(file);
            if let Some(parent) = path.parent() {
                make_folder(parent)?;
            }
            paths.insert(name.to_owned(), path);
        }
        Ok(paths)
    }

    /// Takes what was declared and names what was not.
    pub fn take(&self, job: &Job<'_>, work: &Path, said: Said) -> Result<Produced, JobError> {
        let mut produced = Produced::default();
        let mut taken = BTreeSet::new();
        for output in &self.outputs {
            let path = work.join(&output.file);
            let files = files_at(output, &path)?;
            match (output.ty.as_deref(), &files[..]) {
                (Some("metrics"), [(_, only)]) => {
                    let spec = metrics::Spec::of_file(&output.file);
                    let content = spec.numbers_of(only)?;
                    produced.file(&output.name, artifacts::METRICS, content);
                }
                _ => {
                    for (name, path) in &files {
                        let name = match (known_name(output.ty.as_deref()), files.len()) {
                            (Some(known), 1) => known,
                            _ => name,
                        };
                        produced.file(&output.name, name, content(path)?);
                    }
                }
            }
            taken.extend(files.into_iter().map(|(_, path)| path));
        }
        if let Some(spec) = &self.metrics {
            let numbers = match spec.file() {
                Some(file) => {
                    let path = work.join(file);
                    taken.insert(path.clone());
                    spec.numbers_of(&path)?
                }
                None => said.numbers()?,
            };
            produced.file("metrics", artifacts::METRICS, numbers);
        }
        warn_of_others(job, work, &taken);
        Ok(produced)
    }
}

/// The file name by which stages know an artifact of this type.
fn known_name(ty: Option<&str>) -> Option<&'static str> {
    Some(match ty? {
        "arrays" => artifacts::ARRAYS,
        "curve" => artifacts::CURVE,
        "dataset" => artifacts::DATA,
        "images" => artifacts::IMAGES,
        "model" => artifacts::MODEL,
        _ => return None,
    })
}

/// The files of an output with their names in the artifact.
fn files_at(output: &Output, path: &Path) -> Result<Vec<(String, PathBuf)>, JobError> {
    let Output { name, file, .. } = output;
    // Of what a link leads to.
    let Ok(found) = fs::metadata(path) else {
        return Err(
            JobError::failed(format!("the program left no `{file}`, its output `{name}`")).hint(
                "the program runs in a folder of its own; `${out.NAME}` is the path to write to",
            ),
        );
    };
    if found.is_file() {
        let own = path.file_name().unwrap_or(path.as_os_str());
        return Ok(vec![(own.to_string_lossy().into_owned(), path.to_owned())]);
    }
    if !found.is_dir() {
        return Err(JobError::failed(format!(
            "`{file}`, the output `{name}`, is neither a file nor a folder"
        )));
    }
    let mut files = Vec::new();
    walk(path, &mut files).map_err(|error| cannot("read", path, &error))?;
    files.sort();
    if files.is_empty() {
        return Err(JobError::failed(format!(
            "`{file}`, the output `{name}`, is an empty folder"
        )));
    }
    let named = files.into_iter().map(|file| {
        let inside = file.strip_prefix(path).unwrap_or(&file);
        (inside.to_string_lossy().into_owned(), file)
    });
    Ok(named.collect())
}

/// All files below a folder; links to folders are not followed.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => walk(&entry.path(), files)?,
            false => files.push(entry.path()),
        }
    }
    Ok(())
}

fn content(path: &Path) -> Result<Content, JobError> {
    let found = fs::metadata(path).map_err(|error| cannot("read", path, &error))?;
    if !found.is_file() {
        return Err(JobError::failed(format!(
            "`{}` is neither a file nor a folder",
            path.display()
        )));
    }
    Ok(Content::Taken(path.to_owned()))
}

fn warn_of_others(job: &Job<'_>, work: &Path, taken: &BTreeSet<PathBuf>) {
    let mut files = Vec::new();
    if walk(work, &mut files).is_err() {
        // What cannot be read is nobody's result.
        return;
    }
    let mut others: Vec<String> = files
        .iter()
        .filter(|file| !taken.contains(*file))
        .map(|file| {
            let inside = file.strip_prefix(work).unwrap_or(file);
            format!("`{}`", inside.display())
        })
        .collect();
    if others.is_empty() {
        return;
    }
    others.sort();
    let more = match others.len().checked_sub(NAMED) {
        Some(more) if more > 0 => format!(" and {more} more"),
        _ => String::new(),
    };
    others.truncate(NAMED);
    let others = others.join(", ");
    job.link
        .warn(&format!("{others}{more}: not under `out`, so not kept"));
}
