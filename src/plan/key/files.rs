//! The content of files, folders and code that belong to a key.
//!
//! Each is read once by whoever makes keys, so that all keys of a run are of one version, however
//! often a file is edited meanwhile; [`super::Keys::changed`] says whether it still is that version.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use crate::plan::Step;
use crate::registry::Value;
use crate::store::Digest;
use crate::store::Stat;
use crate::store::is_executable;
use crate::store::names;

use super::Contents;
use super::KeyError;
use super::KeyRules;
use super::sinks::Part;
use super::sinks::Sink;
use super::tree::PatternError;
use super::tree::PatternMatches;

/// Files as they were when they were first read.
pub(super) struct Seen {
    files: Vec<SeenFile>,
    /// The folders that were looked into, as they were then: what comes to them or goes changes them.
    folders: Mutex<Vec<(PathBuf, Option<Stat>)>>,
}

struct SeenFile {
    /// In the project, or in the folder.
    name: String,
    path: PathBuf,
    digest: Digest,
    executable: bool,
    /// None where it could change without its times showing it.
    stat: Option<Stat>,
}

/// What a step reads of the project by name.
pub(super) enum Reads<'r> {
    /// What a parameter names: a file or a folder.
    Path(&'r str),
    /// Patterns of code.
    Code(Vec<&'r str>),
}

impl KeyRules {
    /// The content of the files that a parameter names.
    pub(super) fn files(
        &self,
        name: &str,
        value: &Value,
        contents: &mut dyn Contents,
        sink: &mut impl Sink,
    ) -> Result<(), KeyError> {
        let single = std::slice::from_ref(value);
        let values = value.as_list().unwrap_or(single);
        sink.part("files", name, Part::Number(values.len() as u64));
        for (index, one) in values.iter().enumerate() {
            let path = one.as_str().unwrap_or_default();
            let label = match one == value {
                true => name.to_owned(),
                false => format!("{name}.{index}"),
            };
            let seen = self.seen(&Reads::Path(path), contents)?;
            match &seen.files[..] {
                // What is not there is the kind's to complain about.
                [] if !self.tree.root().join(path).is_dir() => {
                    sink.part("file", &label, Part::Content(None));
                }
                files => {
                    for file in files {
                        let label = match file.name.as_str() {
                            "" => label.clone(),
                            inside => format!("{label}/{inside}"),
                        };
                        sink.part("file", &label, Part::Content(Some(file.digest)));
                    }
                }
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
        let patterns = texts(step, "code");
        if !patterns.is_empty() {
            for file in &self.seen(&Reads::Code(patterns), contents)?.files {
                sink.part("code", &file.name, Part::Content(Some(file.digest)));
                // Others have the keys that they had before this counted.
                if file.executable {
                    let name = format!("{} (executable)", file.name);
                    sink.part("code", &name, Part::Number(1));
                }
            }
        }
        for name in texts(step, "env") {
            let value = variable_digest(&self.secret, name);
            sink.part("env", name, Part::Content(value));
        }
        Ok(())
    }

    /// The variables of the environment that belong to the key of a step.
    pub(super) fn variables_of(&self, step: &Step) -> BTreeMap<String, Option<Digest>> {
        if !self.facts(step.kind).command {
            return BTreeMap::new();
        }
        let names = texts(step, "env").into_iter();
        names
            .map(|name| (name.to_owned(), variable_digest(&self.secret, name)))
            .collect()
    }

    /// The first file that belongs to the key of a step, other than those that it has as inputs, and
    /// is no longer what it was when keys first read it: edited, gone, or new in a folder or below a
    /// pattern. `digest` reads a file, as [`Contents::file`] does.
    ///
    /// # Errors
    /// Where one cannot be read.
    pub(super) fn changed_file(
        &self,
        step: &Step,
        digest: &mut dyn FnMut(&Path) -> io::Result<Digest>,
    ) -> Result<Option<PathBuf>, KeyError> {
        let facts = self.facts(step.kind);
        for (name, value) in step.params.iter() {
            if facts.paths.contains(&name.as_str()) {
                let values = value.as_list().unwrap_or(std::slice::from_ref(value));
                for path in values.iter().filter_map(Value::as_str) {
                    if let Some(path) = self.other(&Reads::Path(path), digest)? {
                        return Ok(Some(path));
                    }
                }
            }
        }
        let patterns = match facts.command {
            true => texts(step, "code"),
            false => Vec::new(),
        };
        match patterns.is_empty() {
            true => Ok(None),
            false => self.other(&Reads::Code(patterns), digest),
        }
    }

    /// The files that belong to the key of a step, other than those that it has as inputs, as far as keys
    /// have read them.
    pub(super) fn files_of(&self, step: &Step) -> Vec<PathBuf> {
        let facts = self.facts(step.kind);
        let paths = step
            .params
            .iter()
            .filter(|(name, _)| facts.paths.contains(&name.as_str()));
        let values = paths.flat_map(|(_, value)| {
            value
                .as_list()
                .unwrap_or(std::slice::from_ref(value))
                .iter()
        });
        let mut reads: Vec<Reads<'_>> = values.filter_map(Value::as_str).map(Reads::Path).collect();
        if facts.command {
            reads.push(Reads::Code(texts(step, "code")));
        }
        let known = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = reads.iter().filter_map(|reads| known.get(&reads.name()));
        seen.flat_map(|seen| seen.files.iter().map(|file| file.path.clone()))
            .collect()
    }

    /// The code of a step, as keys have read it.
    pub(super) fn code_of(&self, step: &Step) -> Vec<String> {
        let reads = Reads::Code(texts(step, "code"));
        let known = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = known.get(&reads.name());
        let files = seen.iter().flat_map(|seen| &seen.files);
        files.map(|file| file.name.clone()).collect()
    }

    /// The first file that is not what was seen of these; none where nothing was seen yet.
    fn other(
        &self,
        reads: &Reads<'_>,
        digest: &mut dyn FnMut(&Path) -> io::Result<Digest>,
    ) -> Result<Option<PathBuf>, KeyError> {
        let known = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(seen) = known.get(&reads.name()).cloned() else {
            return Ok(None);
        };
        drop(known);
        for file in &seen.files {
            if file.stat.is_some() && stat(&file.path) == file.stat {
                continue;
            }
            match digest(&file.path) {
                Ok(now) if now == file.digest && executable(&file.path) == file.executable => {}
                Err(error) if error.kind() != io::ErrorKind::NotFound && file.path.exists() => {
                    return Err(failed(&file.path, error));
                }
                _ => return Ok(Some(self.shown(&file.path))),
            }
        }
        let mut folders = seen
            .folders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let same =
            |(path, known): &(PathBuf, Option<Stat>)| known.is_some() && stat(path) == *known;
        if folders.iter().all(same) {
            return Ok(None);
        }
        let listed = self.listed(reads)?;
        // Nobody can tell what a program has written itself from what was added beside it, which it may have
        // read: either is another version than that of the keys.
        let before: BTreeSet<&Path> = seen.files.iter().map(|file| &*file.path).collect();
        let now: BTreeSet<&Path> = listed.files.iter().map(|(_, path)| &**path).collect();
        if let Some(path) = before.symmetric_difference(&now).next() {
            return Ok(Some(self.shown(path)));
        }
        // Something that does not count has changed there: a file of byte code, for example.
        folders = listed.settled_folders;
        *seen.folders.lock().unwrap_or_else(PoisonError::into_inner) = folders;
        Ok(None)
    }

    fn shown(&self, path: &Path) -> PathBuf {
        let root = self.tree.root();
        path.strip_prefix(root).unwrap_or(path).to_owned()
    }

    /// What these were when they were first read, which may be now.
    fn seen(&self, reads: &Reads<'_>, contents: &mut dyn Contents) -> Result<Arc<Seen>, KeyError> {
        let name = reads.name();
        // Held while files are read: others want the same ones.
        let mut known = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(&name) {
            return Ok(Arc::clone(known));
        }
        let listed = self.listed(reads)?;
        let mut files = Vec::with_capacity(listed.files.len());
        for (name, path) in listed.files {
            let before = stat(&path).filter(settled);
            let digest = contents.file(&path).map_err(|error| failed(&path, error))?;
            files.push(SeenFile {
                executable: executable(&path),
                stat: before.filter(|before| stat(&path) == Some(*before)),
                name,
                path,
                digest,
            });
        }
        let seen = Arc::new(Seen {
            files,
            folders: Mutex::new(listed.settled_folders),
        });
        known.insert(name, Arc::clone(&seen));
        Ok(seen)
    }

    fn listed(&self, reads: &Reads<'_>) -> Result<Listed, KeyError> {
        let (files, folders) = match reads {
            Reads::Path(path) => named(&self.tree.root().join(path))?,
            Reads::Code(patterns) => {
                let before = now();
                let matched = self
                    .tree
                    .matching(patterns)
                    .map_err(|trouble| match trouble {
                        PatternError::Reading { path, error } => failed(&path, error),
                        PatternError::Pattern { number, message } => {
                            let pattern = Path::new(patterns[number]);
                            failed(pattern, io::Error::other(message))
                        }
                    })?;
                let PatternMatches { files, folders, .. } = matched;
                let folders = folders.into_iter().map(|path| {
                    // As it was before anything was listed, or it is looked into again.
                    let stat = stat(&path).filter(|stat| settled_at(stat, before));
                    (path, stat)
                });
                (files, folders.collect())
            }
        };
        Ok(Listed {
            files,
            settled_folders: folders,
        })
    }
}

struct Listed {
    files: Vec<(String, PathBuf)>,
    settled_folders: Vec<(PathBuf, Option<Stat>)>,
}

impl Reads<'_> {
    /// Different for different ones: no path or pattern has these characters.
    fn name(&self) -> String {
        match self {
            Reads::Path(path) => format!("\0{path}"),
            Reads::Code(patterns) => patterns.join("\0"),
        }
    }
}

/// What a key has of a variable of this process's environment, made with a store's secret; none where it is not set.
pub fn variable_digest(secret: &[u8; 32], name: &str) -> Option<Digest> {
    let value = std::env::var_os(name)?;
    let mut hasher = blake3::Hasher::new_keyed(secret);
    hasher.update(name.as_bytes()).update(&[0]);
    hasher.update(value.as_encoded_bytes());
    Some(Digest::from_bytes(*hasher.finalize().as_bytes()))
}

/// The texts of a list parameter.
fn texts<'s>(step: &'s Step, name: &str) -> Vec<&'s str> {
    let list = step.params.get(name).and_then(Value::as_list);
    let list = list.unwrap_or_default().iter();
    list.filter_map(Value::as_str).collect()
}

fn failed(path: &Path, source: io::Error) -> KeyError {
    KeyError::File {
        path: path.to_owned(),
        source,
    }
}

fn stat(path: &Path) -> Option<Stat> {
    fs::metadata(path).ok().map(|found| Stat::of(&found))
}

fn executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| is_executable(&found))
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as i64)
}

/// Whether a change from now on would show: file systems keep time in steps of up to two seconds.
fn settled(stat: &Stat) -> bool {
    settled_at(stat, now())
}

fn settled_at(stat: &Stat, now: i64) -> bool {
    now.saturating_sub(stat.modified.max(stat.changed)) > 2_000_000_000
}

type Named = (Vec<(String, PathBuf)>, Vec<(PathBuf, Option<Stat>)>);

/// A file under the empty name; all files under a folder, sorted; nothing where nothing is.
fn named(path: &Path) -> Result<Named, KeyError> {
    if !path.is_dir() {
        let files = match path.exists() {
            true => vec![(String::new(), path.to_owned())],
            false => Vec::new(),
        };
        return Ok((files, Vec::new()));
    }
    let before = now();
    let mut files = Vec::new();
    let mut folders = Vec::new();
    let mut pending = vec![path.to_owned()];
    while let Some(folder) = pending.pop() {
        let failed = |error| failed(&folder, error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // The type of a link is that of a link: a folder that leads back is not followed.
            match entry.file_type().map_err(failed)? {
                kind if kind.is_dir() => pending.push(entry.path()),
                _ => files.push(entry.path()),
            }
        }
        let stat = stat(&folder).filter(|stat| settled_at(stat, before));
        folders.push((folder, stat));
    }
    files.retain(|file| file.is_file());
    files.sort();
    let files = files.into_iter().map(|file| {
        let inside = file.strip_prefix(path).unwrap_or(&file);
        (names::text_of(inside.as_os_str()), file.clone())
    });
    Ok((files.collect(), folders))
}
