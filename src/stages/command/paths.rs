//! The paths that a command is told: the project, its inputs, its outputs.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::engine::JobError;
use crate::engine::Link;
use crate::store::copy_file;
use crate::text::ShowPath;
use crate::text::variable;

/// What `${root}`, `${in.x}` and `${out.x}` stand for in one attempt.
#[derive(Debug)]
pub(super) struct Paths {
    pub root: PathBuf,
    /// What an attempt leaves for the next one, where the program asks for it.
    pub checkpoint: Option<PathBuf>,
    /// By slot; a slot that is bound in other cells only is not there.
    pub inputs: BTreeMap<String, PathBuf>,
    pub outputs: BTreeMap<String, PathBuf>,
}

impl Paths {
    /// The path of `root`, `in.x` or `out.x`; none for another name.
    fn get(&self, name: &str) -> Option<Result<&Path, JobError>> {
        let (known, slot) = match name.split_once('.') {
            None if name == "root" => return Some(Ok(&self.root)),
            None if name == "checkpoint" => return self.checkpoint.as_deref().map(Ok),
            Some(("in", slot)) => (&self.inputs, slot),
            Some(("out", slot)) => (&self.outputs, slot),
            _ => return None,
        };
        let path = known.get(slot).map(PathBuf::as_path);
        Some(path.ok_or_else(|| {
            JobError::failed(format!("`${{{name}}}` has no path here"))
                .hint("it is not bound in this cell")
        }))
    }

    /// An argument with its paths filled in.
    pub(super) fn fill(&self, text: &str) -> Result<String, JobError> {
        replace(text, |name| {
            Ok(match self.get(name) {
                Some(path) => Some(text_of(path?)?),
                None => None,
            })
        })
    }

    /// The same paths as environment variables: `root`, `in_x`, `out_x`.
    pub(super) fn variables(&self) -> Vec<(String, PathBuf)> {
        let inputs = self.inputs.iter().map(|(name, path)| ("in", name, path));
        let outputs = self.outputs.iter().map(|(name, path)| ("out", name, path));
        let mut all = vec![("root".to_owned(), self.root.clone())];
        all.extend(
            self.checkpoint
                .iter()
                .map(|path| ("checkpoint".to_owned(), path.clone())),
        );
        for (side, name, path) in inputs.chain(outputs) {
            all.push((variable(&format!("{side}.{name}")), path.clone()));
        }
        all
    }
}

/// A path as an argument.
fn text_of(path: &Path) -> Result<String, JobError> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        let shown = path.shown();
        let wrong = format!("`{shown}` cannot be an argument: it is no text (UTF-8)");
        JobError::failed(wrong).hint("in a shell text it can: `run: |` with \"${in.x}\"")
    })
}

/// A shell text with `${in.x}` as `${in_x}`: shells know no dots in names. Only names change, so
/// nothing of a value or path is ever read as shell code.
pub(super) fn for_shell(text: &str) -> String {
    let replaced = replace(text, |name| {
        let path = name.starts_with("in.") || name.starts_with("out.");
        Ok(path.then(|| format!("${{{}}}", variable(name))))
    });
    replaced.unwrap_or_else(|_| text.to_owned())
}

/// A text without paths, as it was meant: `$${` is a literal `${`.
pub(super) fn plain(text: &str) -> String {
    text.replace("$${", "${")
}

/// Whether two paths of a program's folder are one, or one is in the other.
pub(super) fn meet(one: &str, other: &str) -> bool {
    let inside = |outer: &str, inner: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    inside(one, other) || inside(other, one)
}

/// Replaces every `${name}` for which there is something else; `$${` is a literal `${`.
fn replace(
    text: &str,
    with: impl Fn(&str) -> Result<Option<String>, JobError>,
) -> Result<String, JobError> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, hole) = rest.split_at(at);
        if let Some(before) = before.strip_suffix('$') {
            result.push_str(before);
            result.push_str("${");
            rest = &hole[2..];
            continue;
        }
        result.push_str(before);
        let Some(end) = hole.find('}') else {
            rest = hole;
            break;
        };
        match with(hole[2..end].trim())? {
            Some(other) => {
                result.push_str(&other);
                rest = &hole[end + 1..];
            }
            None => {
                result.push_str("${");
                rest = &hole[2..];
            }
        }
    }
    result.push_str(rest);
    Ok(result)
}

/// Makes a folder with those above it.
pub(super) fn make_folder(path: &Path) -> Result<(), JobError> {
    fs::create_dir_all(path).map_err(|error| cannot("create", path, &error))
}

/// The system refused; another attempt may succeed.
pub(super) fn cannot(what: &str, path: &Path, error: &io::Error) -> JobError {
    JobError::Transient {
        message: format!("cannot {what} {}: {error}", path.shown()),
    }
}

/// Copies a file. A step that is to end does not wait until all of a large one is there.
///
/// # Errors
/// Where it cannot be copied, or the step is to end.
pub(super) fn copy_heard(from: &Path, to: &Path, link: &dyn Link) -> Result<(), JobError> {
    let copied = copy_file(from, to, &|_| !link.cancelled());
    copied.map_err(|error| cannot_or_cancelled("copy", from, &error, link))
}

/// What became of something that is left half done where the step is to end.
pub(super) fn cannot_or_cancelled(
    what: &str,
    path: &Path,
    error: &io::Error,
    link: &dyn Link,
) -> JobError {
    match link.cancelled() {
        true => JobError::Cancelled,
        false => cannot(what, path, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths() -> Paths {
        Paths {
            root: "/project".into(),
            checkpoint: None,
            inputs: BTreeMap::from([("my-data".to_owned(), "/s/in/a.csv".into())]),
            outputs: BTreeMap::from([("model".to_owned(), "/s/made/m.pt".into())]),
        }
    }

    #[test]
    fn arguments_take_paths_and_keep_everything_else() {
        let filled =
            paths().fill("--x=${in.my-data}:${ out.model } ${root}/a $${in.my-data} ${ $(b) ${");
        assert_eq!(
            filled.expect("all are bound"),
            "--x=/s/in/a.csv:/s/made/m.pt /project/a ${in.my-data} ${ $(b) ${"
        );
        assert!(paths().fill("${in.other}").is_err());
    }

    #[test]
    fn shells_get_names_they_can_read() {
        assert_eq!(
            for_shell("cat \"${in.my-data}\" $x ${lr} $${x:-y} > ${out.model}"),
            "cat \"${in_my_data}\" $x ${lr} ${x:-y} > ${out_model}"
        );
        let names: Vec<String> = paths().variables().into_iter().map(|(n, _)| n).collect();
        assert_eq!(names, ["root", "in_my_data", "out_model"]);
    }
}
