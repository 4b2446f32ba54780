//! What stands in a program's folder when it starts, for programs that look for files at fixed paths:
//! copies of its code, its inputs, files of values.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::thread;

use super::each;
use super::params::CommandParams;
use super::paths::Paths;
use super::paths::cannot;
use super::paths::copy_heard;
use super::paths::make_folder;
use super::paths::plain;
use super::placed;
use super::value_files;
use crate::engine::Content;
use crate::engine::Job;
use crate::engine::JobError;
use crate::registry::Value;
use crate::store::TICK;
use crate::store::names;
use crate::text::ShowPath;
use crate::text::in_one_line;

/// The paths that were laid out in a program's folder: they are no results of its own.
#[derive(Debug, Default)]
pub(super) struct Laid {
    /// With what tells whether they were changed.
    paths: HashMap<PathBuf, Option<placed::Stamp>>,
    /// Those that are copies of inputs.
    inputs: Vec<PathBuf>,
}

impl Laid {
    /// Puts an input, or an item of one, at its path.
    fn place(
        &mut self,
        job: &Job<'_>,
        input: &Path,
        work: &Path,
        name: &str,
    ) -> Result<(), JobError> {
        let path = work.join(name.trim_end_matches('/'));
        make_way(&path)?;
        let placed = placed::place(input, &path, job.link)?;
        if !placed.links.is_empty() {
            job.link.warn(&format!(
                "`{name}` is placed as links to files, which have {:.1} GiB: what passes over links (`find -type f`, \
                 `tar`, `cp -r`) does not see the files, `find -L`, `tar -h` and `cp -rL` do",
                placed.size as f64 / (1_u64 << 30) as f64
            ));
        }
        placed.all_links().for_each(|path| self.note(path.clone()));
        self.inputs
            .extend(placed.copies.iter().map(|(path, _)| path.clone()));
        self.paths.extend(placed.copies);
        Ok(())
    }

    /// Notes a file or a link that was laid out.
    fn note(&mut self, path: PathBuf) {
        let stamp = placed::stamp(&path);
        self.paths.insert(path, stamp);
    }

    /// Whether this was there when the program started.
    pub(super) fn contains(&self, path: &Path) -> bool {
        self.paths.contains_key(path)
    }

    /// Whether what is at a path is what was laid out there: the program has not written it.
    pub(super) fn is_as_it_was(&self, path: &Path) -> bool {
        let before = self.paths.get(path).copied().flatten();
        before.is_some_and(|before| placed::stamp(path) == Some(before))
    }

    /// Whether nothing in a folder is the program's own; an empty one may be.
    pub(super) fn are_as_they_were(&self, contents: &BTreeMap<String, Content>) -> bool {
        let is_old = |content: &Content| match content {
            Content::Taken(path) => self.is_as_it_was(path),
            _ => false,
        };
        !contents.is_empty() && contents.values().all(is_old)
    }

    /// Tells of inputs that the program has changed: elsewhere the next one would find them so.
    pub(super) fn warn_of_changes(&self, job: &Job<'_>, work: &Path) {
        let mut changed = self.inputs.iter().filter(|path| !self.is_as_it_was(path));
        let Some(first) = changed.next() else {
            return;
        };
        let inside = first.strip_prefix(work).unwrap_or(first).to_string_lossy();
        let more = match changed.count() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let inside = in_one_line(&inside);
        job.link.warn(&format!(
            "`{inside}`{more}: a copy of an input that the program changed or removed, which no other step sees; \
             what is to be kept is an output"
        ));
    }
}

/// Of an output, in which everything is as it was laid out.
pub(super) fn not_left(file: &str, what: &str) -> JobError {
    let pattern = without(file);
    JobError::failed(format!(
        "the program left no `{file}`, {what}: what is there is a copy of the project's, as it was when the program began"
    ))
    .hint(format!("`\"{pattern}\"` behind the patterns of `code` takes an old one out"))
}

/// The pattern that takes a file or a folder out of code.
pub(super) fn without(file: &str) -> String {
    format!("!{}", glob::Pattern::escape(file.trim_end_matches('/')))
}

/// Lays out what the stage declares; later ones stand in the place of copies of code.
pub(super) fn lay_out(
    job: &Job<'_>,
    params: &CommandParams,
    paths: &Paths,
    items: &BTreeMap<String, Vec<PathBuf>>,
    work: &Path,
) -> Result<Laid, JobError> {
    let mut laid = Laid::default();
    if params.copy_code.unwrap_or(false) {
        copy_code(job, work, &mut laid)?;
    }
    for (slot, path) in params.placed() {
        let Some(input) = paths.inputs.get(slot) else {
            // Bound in other cells only.
            continue;
        };
        let name = path.as_str().unwrap_or_default();
        let cells = job.inputs.iter().filter(|input| input.slot == *slot);
        let cells = cells.flat_map(|input| &input.items).map(|item| &item.cell);
        let each = items.get(slot).map(|items| {
            let declared = each::declared(params, name);
            (items, each::paths(name, cells, &declared))
        });
        match each {
            Some((items, Ok(Some(names)))) => {
                for (item, name) in items.iter().zip(&names) {
                    laid.place(job, item, work, name)?;
                }
            }
            Some((_, Err(wrong))) => {
                return Err(JobError::failed(format!("`{name}` under `place`: {wrong}")));
            }
            _ => laid.place(job, input, work, &plain(name))?,
        }
    }
    for (name, value) in params.value_files() {
        let path = work.join(name);
        make_way(&path)?;
        let text = value_files::text(name, &filled(value, paths)?).map_err(JobError::failed)?;
        fs::write(&path, text).map_err(|error| cannot("write", &path, &error))?;
        laid.note(path);
    }
    let mut outputs = paths.outputs.values();
    if outputs.any(|output| laid.paths.keys().any(|path| path.starts_with(output))) {
        // What is written there in the same moment would look as it was.
        thread::sleep(TICK);
    }
    Ok(laid)
}

/// Copies the files that the key has as code to their paths in the project.
fn copy_code(job: &Job<'_>, work: &Path, laid: &mut Laid) -> Result<(), JobError> {
    for name in job.code {
        let name = names::name_of(name);
        let (file, path) = (job.root.join(&name), work.join(&name));
        if laid.contains(&path) {
            continue;
        }
        make_way(&path)?;
        copy_heard(&file, &path, job.link)?;
        laid.note(path);
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
            path.shown()
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
