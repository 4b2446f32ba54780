//! What a program leaves: declared files and folders are taken, others are named in a warning.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::folder;
use super::laid::Laid;
use super::laid::not_left;
use super::left;
use super::metrics;
use super::metrics::PrintedMetrics;
use super::others;
use super::params::CommandParams;
use super::paths::cannot;
use super::paths::cannot_or_cancelled;
use super::paths::make_folder;
use super::paths::plain;
use super::secrets::Secrets;
use crate::engine::Content;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::Link;
use crate::engine::StepOutput;
use crate::engine::process::Left;
use crate::registry::Value;
use crate::stages::artifacts;
use crate::stages::described;
use crate::store::copy_open;
use crate::store::names;
use crate::table::Table;
use crate::text::ShowPath;
use crate::text::did_you_mean;
use crate::text::in_one_line;
use crate::text::plural;

/// What the file of a stage's numbers is to its program.
const METRICS: &str = "its metrics";

/// What one stage declares.
pub(super) struct Declared {
    outputs: Vec<Output>,
    pub metrics: Option<metrics::Spec>,
    /// What stands under `metrics`, which may say how its numbers are shown.
    shown: Option<Value>,
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
    pub(super) fn read(name: &str, value: &Value) -> Result<Self, String> {
        let output = |file: &str, ty: Option<&str>| Output {
            name: name.to_owned(),
            file: plain(file),
            ty: ty.map(str::to_owned),
        };
        match value {
            Value::Str(file) => Ok(output(file, None)),
            Value::Map(fields) => {
                let known =
                    |key: &str| ["file", "type"].contains(&key) || described::is_description(key);
                if let Some(key) = fields.keys().find(|key| !known(key)) {
                    return Err(format!("`{name}` has an unknown key `{key}`"));
                }
                described::check(value).map_err(|wrong| format!("`{name}`: {wrong}"))?;
                let file = fields.get("file").and_then(Value::as_str);
                let file = file.ok_or_else(|| format!("`{name}` does not say which `file`"))?;
                match fields.get("type") {
                    None | Some(Value::Null) => Ok(output(file, None)),
                    Some(Value::Str(ty)) => Ok(output(file, Some(ty))),
                    Some(other) => Err(format!(
                        "the `type` of `{name}` is {}, not the name of one",
                        other.type_name()
                    )),
                }
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
    pub(super) fn read(params: &CommandParams) -> Result<Self, JobError> {
        let mut outputs = Vec::new();
        for (name, value) in params.outputs() {
            outputs.push(Output::read(name, value).map_err(JobError::failed)?);
        }
        let metrics = params.metrics.as_ref().map(metrics::Spec::read).transpose();
        Ok(Declared {
            outputs,
            shown: params.metrics.clone(),
            metrics: metrics.map_err(JobError::failed)?,
        })
    }

    /// The output that is the curve of what is printed.
    pub(super) fn printed_curve(&self) -> Option<&str> {
        let printed = self.outputs.iter().find(|output| output.is_printed());
        printed.map(|output| output.name.as_str())
    }

    /// The files in which a program's numbers grow.
    pub(super) fn grown(&self, work: &Path) -> Vec<PathBuf> {
        let metrics = self.metrics.iter().filter_map(metrics::Spec::file);
        let curves = self
            .outputs
            .iter()
            .filter(|output| output.ty.as_deref() == Some("curve") && !output.is_printed());
        let files = metrics.chain(curves.map(|output| &*output.file));
        let mut files: Vec<PathBuf> = files.map(|file| work.join(file)).collect();
        files.dedup();
        files
    }

    /// Makes the folders that outputs lie in, and says where each is to be written.
    pub(super) fn prepare(&self, work: &Path) -> Result<BTreeMap<String, PathBuf>, JobError> {
        let mut paths = BTreeMap::new();
        let metrics = self.metrics.iter().filter_map(metrics::Spec::file);
        let outputs = self.outputs.iter();
        let files = outputs.map(|output| (output.name.as_str(), output.file.as_str()));
        for (name, file) in files.chain(metrics.map(|file| ("metrics", file))) {
            let path = work.join(file);
            // A folder that is an output is the program's own to make.
            let mut folders = self.outputs.iter().filter(|output| output.is_folder());
            let within =
                folders.any(|folder| file != folder.file && file.starts_with(&folder.file));
            if let Some(parent) = path.parent().filter(|_| !within) {
                make_folder(parent)?;
            }
            paths.insert(name.to_owned(), path);
        }
        Ok(paths)
    }

    /// Sees to it that nothing still wrote to what is to be kept when the program had ended: it was ended, and what
    /// it had written is half of something.
    ///
    /// # Errors
    /// Where something did.
    pub(super) fn are_whole(&self, work: &Path, left: &[Left]) -> Result<(), JobError> {
        if left.is_empty() {
            return Ok(());
        }
        let outputs = self.outputs.iter();
        let outputs = outputs.map(|output| (&*output.file, output.what()));
        let metrics = self.metrics.iter().filter_map(metrics::Spec::file);
        let metrics = metrics.map(|file| (file, METRICS.to_owned()));
        for (file, what) in outputs.chain(metrics) {
            // Open files are known by their paths without links.
            let Ok(path) = work.join(file).canonicalize() else {
                continue;
            };
            if let Some(by) = left.iter().find(|left| left.writes_in(&path)) {
                let by = &by.name;
                return Err(JobError::failed(format!(
                    "`{file}`, {what}, was still open for writing when the program ended, by {by}: it may be half of what was to be"
                ))
                .hint("have the program wait for what it starts: `wait` in a shell, `a | tee file` for `a > >(tee file)`"));
            }
        }
        Ok(())
    }

    /// Takes what was declared and names what was not.
    pub(super) fn take(
        &self,
        job: &Job<'_>,
        work: &Path,
        laid: &Laid,
        said: PrintedMetrics,
        secrets: &Secrets,
    ) -> Result<StepOutput, JobError> {
        let mut produced = StepOutput::default();
        let mut taken = HashSet::new();
        // Of what links lead to, before anything is moved.
        let copies = job.scratch.join("copies");
        if let Some(remark) = said.remark() {
            job.link.warn(&format!("standard output: {remark}"));
        }
        for output in &self.outputs {
            let path = output.path(work);
            if output.is_printed() {
                produced.file(&output.name, artifacts::CURVE, said.curve()?);
                continue;
            }
            if laid.is_as_it_was(&path) {
                return Err(not_left(&output.file, &output.what()));
            }
            if output.is_folder() {
                let folder = folder::Folder::open(output, work, &path)?;
                let contents = folder.contents()?;
                if laid.are_as_they_were(&contents) {
                    return Err(not_left(&output.file, &output.what()));
                }
                produced.folder(&output.name, folder.name());
                for (name, content) in contents {
                    produced.file(&output.name, &name, content);
                }
            } else if output.ty.as_deref() == Some("metrics") {
                output.find(work, &path)?;
                let spec = metrics::Spec::of_file(&output.file);
                let numbers = spec.numbers_of(&path)?.without(secrets);
                self.take_numbers(job, &mut produced, &output.name, &spec, &numbers);
            } else {
                let content = match output.find(work, &path)? {
                    Found::Own => path.clone(),
                    Found::Linked => output.copy(&path, &copies, job.link)?,
                };
                let own = names::text_of(path.file_name().unwrap_or(path.as_os_str()));
                let name = known_name(output.ty.as_deref()).unwrap_or(&own);
                // Other bindings of the same file are read before it is moved.
                let content = match output.ty.as_deref() {
                    Some("curve") => curve(job, &path, &output.file)?,
                    _ => Content::Taken(content),
                };
                produced.file(&output.name, name, content);
            }
            taken.insert(path);
        }
        if let Some(spec) = &self.metrics {
            let numbers = match spec.file() {
                Some(file) => {
                    let path = work.join(file);
                    if laid.is_as_it_was(&path) {
                        return Err(not_left(file, METRICS));
                    }
                    taken.insert(path.clone());
                    spec.numbers_of(&path)?
                }
                None => said.numbers()?,
            };
            let numbers = numbers.without(secrets);
            self.take_numbers(job, &mut produced, "metrics", spec, &numbers);
        }
        others::warn_of_others(job, work, laid, &taken);
        Ok(produced)
    }

    /// Keeps numbers, and says what of them was odd.
    fn take_numbers(
        &self,
        job: &Job<'_>,
        produced: &mut StepOutput,
        name: &str,
        spec: &metrics::Spec,
        numbers: &metrics::Numbers,
    ) {
        for remark in &numbers.remarks {
            job.link.warn(&format!("`{name}`: {remark}"));
        }
        let all_rows = self.outputs.iter().any(|output| {
            output.name != name && spec.file() == Some(&output.file) && output.ty.is_some()
        });
        let known = |name: &str| numbers.values.contains_key(name);
        let shown = self.shown.iter();
        for (key, unknown) in shown.flat_map(|shown| described::unknown(shown, &known)) {
            let there = numbers.values.keys().map(String::as_str);
            let help = did_you_mean(unknown, there, "there are").unwrap_or_default();
            let unknown = in_one_line(unknown);
            job.link.warn(&format!(
                "`{name}`: `{key}` names `{unknown}`, which is none of them; {help}"
            ));
        }
        if numbers.rows > 1 && !all_rows {
            job.link.warn(&format!(
                "`{name}`: the last of {} is taken; all of them are a curve or a table where the file is declared \
                 under `out` too: `{{file: …, type: curve}}`",
                plural(numbers.rows, "row")
            ));
        }
        if let Some(how) = spec.diverged(numbers) {
            produced.diverged.get_or_insert(how);
        }
        produced.file(name, artifacts::METRICS, numbers.written());
    }
}

/// A curve in the one form that it has: CSV, of which every column is a number or text.
fn curve(job: &Job<'_>, path: &Path, file: &str) -> Result<Content, JobError> {
    let bytes = left::read(path).map_err(|error| cannot("read", path, &error))?;
    let text = String::from_utf8_lossy(&bytes);
    let text = metrics::without_colours(&text);
    // A log of `epoch=1 loss=0.5` has no header.
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty() && !line.starts_with('#'));
    if first.is_some_and(|line| !metrics::Words::of(line).values().is_empty()) {
        let (csv, remark) = PrintedMetrics::curve_of(&text)?;
        if let Some(remark) = remark {
            job.link.warn(&format!("the curve in `{file}`: {remark}"));
        }
        return Ok(Content::Bytes(csv.into_bytes()));
    }
    let (table, remarks) = Table::read_curve(&text)
        .map_err(|error| JobError::failed(format!("the curve in `{file}`: {error}")))?;
    for remark in remarks {
        job.link.warn(&format!("the curve in `{file}`: {remark}"));
    }
    Ok(Content::Bytes(table.to_csv().into_bytes()))
}

/// Whose a file is.
enum Found {
    /// The program's own: it can be moved.
    Own,
    /// A link leads to it, or to a folder that it is in.
    Linked,
}

impl Output {
    /// Whether a folder is declared: `out: {chunks: chunks/}`.
    pub(super) fn is_folder(&self) -> bool {
        self.file.ends_with('/')
    }

    /// A curve of what is printed: `out: {curve: {file: stdout, type: curve}}`.
    pub(super) fn is_printed(&self) -> bool {
        self.file == metrics::STDOUT && self.ty.as_deref() == Some("curve")
    }

    /// What it is to its program.
    fn what(&self) -> String {
        format!("its output `{}`", self.name)
    }

    /// Where it is to be, without the stroke that makes it a folder.
    fn path(&self, work: &Path) -> PathBuf {
        work.join(self.file.trim_end_matches('/'))
    }

    /// Sees to it that a file is there where one is declared.
    fn find(&self, work: &Path, path: &Path) -> Result<Found, JobError> {
        let Output { name, file, .. } = self;
        let found = self.metadata(path)?;
        if found.is_dir() {
            return Err(
                JobError::failed(format!("`{file}`, the output `{name}`, is a folder"))
                    .hint(format!("declare it as one: `{name}: {file}/`")),
            );
        }
        if !found.is_file() {
            let what = what_is(found.file_type());
            return Err(JobError::failed(format!(
                "`{file}`, the output `{name}`, is {what}, not a file"
            )));
        }
        Ok(match is_own(work, path)? {
            true => Found::Own,
            false => Found::Linked,
        })
    }

    /// What is there, seen through links.
    pub(super) fn metadata(&self, path: &Path) -> Result<fs::Metadata, JobError> {
        let Output { name, file, .. } = self;
        fs::metadata(path).map_err(|error| match fs::read_link(path) {
            Err(_) if error.kind() != io::ErrorKind::NotFound => JobError::failed(format!(
                "`{file}`, the output `{name}`, cannot be read: {error}"
            )),
            Ok(target) => JobError::failed(format!(
                "`{file}`, the output `{name}`, is a link to `{}`, which cannot be read: {error}",
                target.shown()
            )),
            Err(_) => JobError::failed(format!(
                "the program left no `{file}`, its output `{name}`"
            ))
            .hint("the program runs in a folder of its own; `${out.NAME}` is the path to write to"),
        })
    }

    /// A copy of what a link leads to, which is not ours to move.
    fn copy(&self, path: &Path, copies: &Path, link: &dyn Link) -> Result<PathBuf, JobError> {
        make_folder(copies)?;
        let copy = copies.join(&self.name);
        let copied = left::open(path).and_then(|(from, _)| {
            let to = fs::File::create(&copy)?;
            copy_open(&from, &to, &|_| !link.cancelled())
        });
        copied.map_err(|error| cannot_or_cancelled("copy", path, &error, link))?;
        Ok(copy)
    }
}

/// Whether no part of a path below a folder is a link.
pub(super) fn is_own(work: &Path, path: &Path) -> Result<bool, JobError> {
    for part in path.ancestors().take_while(|part| *part != work) {
        let found = fs::symlink_metadata(part).map_err(|error| cannot("read", part, &error))?;
        if found.is_symlink() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What something is that is neither a file nor a folder.
pub(super) fn what_is(kind: fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match kind {
        kind if kind.is_file() => "a file",
        kind if kind.is_dir() => "a folder",
        kind if kind.is_symlink() => "a link",
        kind if kind.is_fifo() => "a named pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
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
