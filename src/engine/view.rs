//! The human view, `outputs/<experiment>/…`: tables and figures as copies with readable names,
//! everything else as links into the store.
//!
//! A thread of its own keeps it, beside the scheduling. It remembers which files it made, in
//! `.view`, so that a run that changes nothing touches nothing, and files that the plan no longer
//! makes can be told from the user's own.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::Sender;

use serde::Deserialize;
use serde::Serialize;

use crate::plan::Step;
use crate::plan::StepId;
use crate::registry::ArtifactType;
use crate::registry::Outputs;
use crate::store::Digest;
use crate::store::Made;
use crate::store::Object;
use crate::store::Store;
use crate::store::StoreError;

use super::link::Message;
use super::names::ending;
use super::names::file_name;
use super::names::file_path;

/// A result that came to be known.
pub(super) struct News {
    pub id: StepId,
    pub made: Arc<Made>,
    /// Whether this run made it.
    pub fresh: bool,
}

/// A file of the view.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Own {
    /// The step it belongs to.
    step: String,
    content: Digest,
    copied: bool,
}

/// The view's memory: what it made, by path below the view's folder.
#[derive(Default, Serialize, Deserialize)]
struct Memory {
    /// Of all results that were shown: the same results need no second look.
    shown: String,
    files: BTreeMap<PathBuf, Own>,
}

pub(super) struct View<'a> {
    folder: &'a Path,
    steps: &'a [Step],
    names: &'a [String],
    store: &'a Store,
    memory: Memory,
    /// What this run looked at.
    current: HashSet<PathBuf>,
    /// Folders that are there.
    folders: HashSet<PathBuf>,
}

const MEMORY: &str = ".view";

/// Keeps a view until the sender of the news is gone; what goes wrong becomes warnings.
pub(super) fn keep(
    folder: &Path,
    steps: &[Step],
    names: &[String],
    store: &Store,
    news: Receiver<News>,
    sender: &Sender<Message>,
) {
    let mut view = View {
        folder,
        steps,
        names,
        store,
        memory: Memory::default(),
        current: HashSet::new(),
        folders: HashSet::new(),
    };
    if let Err(error) = view.follow(news) {
        let message = format!("`{}` is not up to date: {error}", folder.display());
        // The engine listens until this thread has ended.
        let _ = sender.send(Message::Warning { id: None, message });
    }
}

impl View<'_> {
    fn follow(&mut self, news: Receiver<News>) -> Result<(), StoreError> {
        let mut loaded = false;
        let mut known = Vec::new();
        let mut done = HashSet::new();
        for News { id, made, fresh } in news {
            if fresh {
                if !std::mem::replace(&mut loaded, true) {
                    self.load();
                }
                self.show(id, &made)?;
                done.insert(id);
            }
            known.push((id, made));
        }
        known.sort_unstable_by_key(|(id, _)| *id);
        let shown = self.digest(&known).to_hex();
        if !loaded {
            self.load();
        }
        if self.memory.shown == shown && self.undisturbed() {
            return Ok(());
        }
        for (id, made) in &known {
            if !done.contains(id) {
                self.show(*id, made)?;
            }
        }
        self.clear_away(&known)?;
        self.memory.shown = shown;
        self.save()
    }

    /// Of everything that decides what the view holds.
    fn digest(&self, known: &[(StepId, Arc<Made>)]) -> Digest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.steps.len().to_le_bytes().as_slice());
        for (id, made) in known {
            hasher.update(self.names[id.index()].as_bytes());
            hasher.update(self.steps[id.index()].kind.name().as_bytes());
            for object in made.objects() {
                hasher.update(object.digest.as_bytes());
            }
        }
        Digest::from_bytes(*hasher.finalize().as_bytes())
    }

    /// Whether what the view made seems to be there still. Links are not looked at one by one:
    /// deleting the whole folder has it made anew.
    fn undisturbed(&self) -> bool {
        let cells = self.memory.files.values().any(|own| !own.copied);
        let mut copies = self.memory.files.iter().filter(|(_, own)| own.copied);
        (!cells || self.folder.join("cells").is_dir())
            && copies.all(|(path, _)| self.folder.join(path).is_file())
    }

    /// Puts the files of a step where people look for them.
    fn show(&mut self, id: StepId, made: &Made) -> Result<(), StoreError> {
        let step = &self.steps[id.index()];
        for (path, object, copied) in places(step, made) {
            let own = Own {
                step: self.names[id.index()].clone(),
                content: object.digest,
                copied,
            };
            let full = self.folder.join(&path);
            let there = if copied {
                full.is_file()
            } else {
                full.is_symlink()
            };
            if !there || self.memory.files.get(&path) != Some(&own) {
                self.place(&full, &object, copied)
                    .map_err(|error| StoreError::io("write", &full, error))?;
            }
            self.memory.files.insert(path.clone(), own);
            self.current.insert(path);
        }
        Ok(())
    }

    fn place(&mut self, path: &Path, object: &Object, copied: bool) -> io::Result<()> {
        let folder = path.parent().unwrap_or(self.folder);
        if self.folders.insert(folder.to_owned()) {
            fs::create_dir_all(folder)?;
        }
        let source = self.store.path(object);
        // Whoever looks at the file sees the old one or the new one, never half of it.
        let mut name = std::ffi::OsString::from(".new-");
        name.push(path.file_name().unwrap_or_default());
        let new = folder.join(name);
        let _ = fs::remove_file(&new);
        let linked = !copied && link(&relative(folder, &source), &new)?;
        if !linked {
            io::copy(&mut File::open(source)?, &mut File::create(&new)?)?;
        }
        fs::rename(new, path)
    }

    /// Removes what we made for steps that the plan no longer has, and former files of steps
    /// that now leave others. Steps without a result keep what they had.
    fn clear_away(&mut self, known: &[(StepId, Arc<Made>)]) -> Result<(), StoreError> {
        let planned: HashSet<&str> = self.names.iter().map(String::as_str).collect();
        let known = known.iter().map(|(id, _)| self.names[id.index()].as_str());
        let known: HashSet<&str> = known.collect();
        let stale = |(path, own): &(&PathBuf, &Own)| {
            let step = own.step.as_str();
            !self.current.contains(*path) && (!planned.contains(step) || known.contains(step))
        };
        let files = self.memory.files.iter().filter(stale);
        let stale: Vec<PathBuf> = files.map(|(path, _)| path.clone()).collect();
        for path in stale {
            self.memory.files.remove(&path);
            let full = self.folder.join(&path);
            match fs::remove_file(&full) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::io("remove", &full, error));
                }
                _ => {}
            }
            // Folders go with their last file; those that hold other files stay.
            for folder in path.ancestors().skip(1) {
                let ours = !folder.as_os_str().is_empty();
                if !ours || fs::remove_dir(self.folder.join(folder)).is_err() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn load(&mut self) {
        let text = fs::read_to_string(self.folder.join(MEMORY));
        // Without a memory everything is placed again, and nothing is removed.
        self.memory = text
            .ok()
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
    }

    fn save(&self) -> Result<(), StoreError> {
        if self.memory.files.is_empty() && !self.folder.exists() {
            return Ok(());
        }
        let path = self.folder.join(MEMORY);
        let text = serde_json::to_string(&self.memory)
            .map_err(io::Error::from)
            .map_err(|error| StoreError::io("write", &path, error))?;
        let new = self.folder.join(".new-view");
        fs::write(&new, text)
            .and_then(|()| fs::rename(&new, &path))
            .map_err(|error| StoreError::io("write", &path, error))
    }
}

/// Where the files of a step belong: path below the view, content, and whether it is copied.
fn places(step: &Step, made: &Made) -> Vec<(PathBuf, Object, bool)> {
    let mut places = Vec::new();
    let mut taken = HashSet::new();
    let printed = |output: &str| match kind_of(step, output) {
        Some(ArtifactType::Table) => Some("tables"),
        Some(ArtifactType::Figure) => Some("figures"),
        _ => None,
    };
    let several = made.outputs.keys().filter(|name| printed(name).is_some());
    let several = several.count() > 1;
    let mut cell = PathBuf::from("cells").join(file_name(&step.stage));
    if !step.cell.0.is_empty() {
        cell.push(file_name(&step.cell.to_string()));
    }
    for (output, artifact) in &made.outputs {
        let folder = printed(output);
        for (file, object) in &artifact.files {
            let path = match folder {
                Some(folder) => {
                    let mut name = step.to_string();
                    if several {
                        name = format!("{name}.{output}");
                    }
                    let short = format!("{}.{}", file_name(&name), file_name(ending(file)));
                    let short = Path::new(folder).join(short);
                    if taken.contains(&short) {
                        let long = format!("{}.{}", file_name(&name), file_name(file));
                        Path::new(folder).join(long)
                    } else {
                        short
                    }
                }
                None => {
                    let short = cell.join(file_path(file));
                    if taken.contains(&short) {
                        cell.join(file_name(output)).join(file_path(file))
                    } else {
                        short
                    }
                }
            };
            taken.insert(path.clone());
            places.push((path, *object, folder.is_some()));
        }
    }
    places
}

fn kind_of(step: &Step, output: &str) -> Option<ArtifactType> {
    let declared = match step.kind.outputs() {
        Outputs::Fixed(outputs) => outputs,
        Outputs::PassedOn { own, .. } => own,
        Outputs::Declared => &[],
    };
    let found = declared.iter().find(|(name, _)| *name == output);
    found.map(|(_, kind)| *kind)
}

/// How to get from a folder to a file; absolute where they have nothing in common.
fn relative(folder: &Path, file: &Path) -> PathBuf {
    let (from, to) = match (absolute(folder), absolute(file)) {
        (Ok(from), Ok(to)) => (from, to),
        _ => return file.to_owned(),
    };
    let common = from.components().zip(to.components());
    let common = common.take_while(|(a, b)| a == b).count();
    if common <= 1 {
        return to;
    }
    let up = from.components().skip(common).map(|_| "..");
    let mut path: PathBuf = up.collect();
    path.extend(to.components().skip(common));
    path
}

fn absolute(path: &Path) -> io::Result<PathBuf> {
    std::path::absolute(path)
}

/// Makes a link and says that it did; where links need special rights, files are copied.
#[cfg(unix)]
fn link(target: &Path, path: &Path) -> io::Result<bool> {
    std::os::unix::fs::symlink(target, path).map(|()| true)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<bool> {
    Ok(false)
}
