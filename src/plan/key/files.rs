//! The content of files, folders and code that belong to a key.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::PoisonError;

use crate::plan::Step;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::store::Digest;

use super::Contents;
use super::KeyError;
use super::KeyRules;
use super::sinks::Part;
use super::sinks::Sink;

/// Files by their names in the project.
pub(super) type CodeFiles = Arc<[(String, PathBuf)]>;

impl KeyRules {
    /// The content of the files that a parameter names.
    pub(super) fn files(
        &self,
        name: &str,
        value: &Value,
        contents: &mut dyn Contents,
        sink: &mut impl Sink,
    ) -> Result<(), KeyError> {
        let single = [value.clone()];
        let values = value.as_list().unwrap_or(&single);
        sink.part("files", name, Part::Number(values.len() as u64));
        for (index, value) in values.iter().enumerate() {
            let path = self.root.join(value.as_str().unwrap_or_default());
            let label = match value == &single[0] {
                true => name.to_owned(),
                false => format!("{name}.{index}"),
            };
            if path.is_dir() {
                for file in folder(&path)? {
                    let inside = file.strip_prefix(&path).unwrap_or(&file);
                    let label = format!("{label}/{}", inside.display());
                    let content = content(&file, contents)?;
                    sink.part("file", &label, Part::Content(Some(content)));
                }
            } else {
                // What is not there is the kind's to complain about.
                let there = path.exists();
                let content = there.then(|| content(&path, contents)).transpose()?;
                sink.part("file", &label, Part::Content(content));
            }
        }
        Ok(())
    }

    /// Code by content and the declared environment, of commands.
    pub(super) fn command(
        &self,
        step: &Step,
        contents: &mut dyn Contents,
        sink: &mut impl Sink,
    ) -> Result<(), KeyError> {
        let texts = |name: &str| {
            let list = step.params.get(name).and_then(Value::as_list);
            list.unwrap_or_default().iter().filter_map(Value::as_str)
        };
        for pattern in texts("code") {
            for (name, path) in self.matching(pattern)?.iter() {
                let content = content(path, contents)?;
                sink.part("code", name, Part::Content(Some(content)));
            }
        }
        for name in texts("env") {
            match std::env::var_os(name) {
                Some(value) => {
                    let mut hasher = blake3::Hasher::new_keyed(&self.secret);
                    hasher.update(name.as_bytes()).update(&[0]);
                    hasher.update(value.as_encoded_bytes());
                    let digest = Digest::from_bytes(*hasher.finalize().as_bytes());
                    sink.part("env", name, Part::Content(Some(digest)));
                }
                None => sink.part("env", name, Part::Content(None)),
            }
        }
        Ok(())
    }

    /// The files of the project that a pattern like `src/**/*.py` matches, sorted.
    fn matching(&self, pattern: &str) -> Result<CodeFiles, KeyError> {
        let mut known = self.code.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(pattern) {
            return Ok(Arc::clone(known));
        }
        let failed = |path: &Path, source: io::Error| KeyError {
            path: path.to_owned(),
            source,
        };
        let inside = ParamType::Path.conform(Value::from(pattern));
        inside.map_err(|wrong| failed(Path::new(pattern), io::Error::other(wrong.message)))?;
        let root = glob::Pattern::escape(&self.root.to_string_lossy());
        let paths = glob::glob(&format!("{root}/{pattern}"))
            .map_err(|error| failed(Path::new(pattern), io::Error::other(error.msg)))?;
        let mut files = Vec::new();
        for path in paths {
            let path = path.map_err(|error| {
                let path = error.path().to_owned();
                failed(&path, error.into())
            })?;
            if path.is_file() {
                let name = path.strip_prefix(&self.root).unwrap_or(&path);
                files.push((name.to_string_lossy().into_owned(), path.clone()));
            }
        }
        let files: CodeFiles = Arc::from(files);
        known.insert(pattern.to_owned(), Arc::clone(&files));
        Ok(files)
    }
}

fn content(path: &Path, contents: &mut dyn Contents) -> Result<Digest, KeyError> {
    contents.file(path).map_err(|source| KeyError {
        path: path.to_owned(),
        source,
    })
}

/// All files under a folder, sorted.
fn folder(path: &Path) -> Result<Vec<PathBuf>, KeyError> {
    let failed = |source| KeyError {
        path: path.to_owned(),
        source,
    };
    let mut files = Vec::new();
    let mut pending = vec![path.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // The type of a link is that of a link: a folder that leads back is not followed.
            match entry.file_type().map_err(failed)? {
                kind if kind.is_dir() => pending.push(entry.path()),
                _ => files.push(entry.path()),
            }
        }
    }
    files.retain(|file| file.is_file());
    files.sort();
    Ok(files)
}
