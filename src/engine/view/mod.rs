//! The human view, `outputs/<experiment>/…`: tables and figures as copies with readable names,
//! everything else as links into the store.
//!
//! A thread of its own keeps it, beside the scheduling. It remembers which files it made, in
//! `.view`, so that a run that changes nothing touches nothing, and files that the plan no longer
//! makes can be told from the user's own. A file that is not as it was left is somebody's work: it
//! is kept aside, as `figure.svg.kept-<run>`, before anything takes its place.

mod disturbed;
mod links;
mod memory;
mod tidy;

use std::collections::HashSet;
use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::Sender;
use std::time::Duration;
use std::time::Instant;

use crate::plan::Step;
use crate::registry::ArtifactType;
use crate::store::Artifact;
use crate::store::Digest;
use crate::store::Object;
use crate::store::Other;
use crate::store::StepResult;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::names;
use crate::text::ShowPath;

use super::link::Message;
use super::names::ending;
use super::names::file_name;
use super::names::file_path;
use super::options::Options;

pub use disturbed::disturbed;
pub use memory::NEW_MEMORY;
pub use memory::ViewOwner;
pub use memory::view_owner;
pub use tidy::tidy_view;

use links::LinkFolder;
use memory::Files;
use memory::Stamp;
use memory::ViewFile;
use memory::ViewSummary;

/// What the view is told.
pub(super) enum ViewMessage {
    Results(Vec<NewResult>),
    /// The names of all steps, in plan order: the last message.
    Planned(Vec<Arc<str>>),
}

/// A result that came to be known.
pub(super) struct NewResult {
    pub step: Arc<Step>,
    pub name: Arc<str>,
    pub result: Arc<StepResult>,
    /// Whether this run made it.
    pub fresh: bool,
}

/// A place in the view.
struct Place {
    path: String,
    what: Wanted,
}

/// What is to be at a place.
enum Wanted {
    File { object: Object, copied: bool },
    Other(Other),
}

impl Wanted {
    fn object(&self) -> Option<Object> {
        match self {
            Wanted::File { object, .. } => Some(*object),
            Wanted::Other(_) => None,
        }
    }

    fn content(&self) -> Digest {
        match self {
            // Executable or not is another content as well: another file of the store.
            Wanted::File { object, .. } if object.executable => {
                let mut both = object.digest.as_bytes().to_vec();
                both.extend(b".x");
                Digest::of(&both)
            }
            Wanted::File { object, .. } => object.digest,
            Wanted::Other(Other::Folder) => Digest::of(b""),
            Wanted::Other(Other::Link(target)) => Digest::of(target.as_bytes()),
        }
    }
}

/// Up to so many links, what they are in is looked at in a run that changes nothing.
const LOOKED_AT: usize = 2_000;

/// What was seen when a run began holds so long.
const GLANCE: Duration = Duration::from_secs(1);

pub(super) struct View<'a> {
    folder: &'a Path,
    store: &'a Store,
    /// None until something changes.
    files: Option<Files>,
    /// What this run looked at.
    current: HashSet<String>,
    /// Folders that are there.
    folders: HashSet<PathBuf>,
    /// The manifest that the view belongs to.
    manifest: &'a Path,
    /// The run, after which files are named that are kept aside.
    run: &'a str,
    sender: &'a Sender<Message>,
}

/// Keeps a view until the last message; what goes wrong becomes warnings.
pub(super) fn keep(
    folder: &Path,
    store: &Store,
    (options, run): (&Options, &str),
    messages: Receiver<ViewMessage>,
    sender: &Sender<Message>,
) {
    let mut view = View {
        folder,
        store,
        files: None,
        current: HashSet::new(),
        folders: HashSet::new(),
        manifest: &options.manifest,
        run,
        sender,
    };
    if let Err(error) = view.follow(messages) {
        let message = format!("`{}` is not up to date: {error}", folder.shown());
        // The engine listens until this thread has ended.
        let _ = sender.send(Message::Warning { id: None, message });
    }
}

impl View<'_> {
    fn follow(&mut self, messages: Receiver<ViewMessage>) -> Result<(), StoreError> {
        // Beside the run, which may have nothing to do.
        let (began, seen) = (Instant::now(), self.standing());
        let mut known = Vec::new();
        let mut planned = Vec::new();
        for message in messages {
            match message {
                ViewMessage::Planned(names) => planned = names,
                ViewMessage::Results(results) => {
                    // Nothing is shown of what is gone.
                    self.store.still_there()?;
                    for news in results {
                        if news.fresh {
                            self.show(&news)?;
                        }
                        known.push(news);
                    }
                }
            }
        }
        known.sort_unstable_by_key(|news| news.step.id);
        let results = digest(planned.len(), &known).to_hex();
        if self.files.is_none() {
            let shown = match began.elapsed() < GLANCE {
                true => seen,
                false => self.standing(),
            };
            if shown.is_some_and(|shown| *shown == *results) {
                return Ok(());
            }
        }
        self.store.still_there()?;
        for news in known.iter().filter(|news| !news.fresh) {
            self.show(news)?;
        }
        self.clear_away(&planned, &known)?;
        self.save(results)
    }

    /// The digest of the results that were shown, if what was made then is there still. Where there are
    /// very many links they are not looked at.
    fn standing(&self) -> Option<String> {
        let copy = |(path, stamp): &(String, Option<Stamp>)| {
            stamp.is_some() && Stamp::of(&self.folder.join(names::name_of(path))) == *stamp
        };
        let links = |shown: &ViewSummary| match shown.linked {
            0 => true,
            many if many > LOOKED_AT => self.folder.join("cells").is_dir(),
            _ => memory::folders(self.folder)
                .is_some_and(|folders| links::stand(&folders, self.folder)),
        };
        let shown = memory::shown(self.folder)?;
        let stands = shown.manifest == memory::way(self.folder, self.manifest)
            && shown.objects == memory::way(self.folder, self.store.objects_folder())
            && shown.copies.iter().all(copy)
            && links(&shown);
        stands.then_some(shown.results)
    }

    /// Puts the files of a step where people look for them.
    fn show(&mut self, news: &NewResult) -> Result<(), StoreError> {
        for Place { path, what } in places(&news.step, &news.result) {
            let full = self.folder.join(names::name_of(&path));
            let failed = |error| StoreError::io("write", &full, error);
            let known = self.files().get(&path).cloned();
            let copied = matches!(what, Wanted::File { copied: true, .. });
            let object = what.object();
            let own = ViewFile {
                step: news.name.to_string(),
                content: what.content(),
                copied,
                object,
                link: match &what {
                    Wanted::Other(Other::Link(target)) => Some(target.clone()),
                    _ => None,
                },
                stamp: known.as_ref().and_then(|known| known.stamp),
            };
            let mut own = own;
            let same = known.as_ref() == Some(&own);
            if same && copied && !own.is_untouched(&full) && own.is_at(&full) {
                // Copied with its project, or put back by somebody.
                own.stamp = Stamp::of(&full);
            }
            if !same || !own.stands(&full, self.store) {
                self.clear_way(&full).map_err(failed)?;
                if !self.is_ours(&full, known.as_ref(), &own) {
                    self.keep_aside(&full).map_err(failed)?;
                }
                self.place(&full, &what).map_err(failed)?;
                own.stamp = Stamp::of(&full).filter(|_| copied);
            }
            // What was written through a link lay in the store until the result was made again.
            if let Some(damaged) = object.and_then(|object| self.store.take_damaged(&object)) {
                self.clear_way(&full).map_err(failed)?;
                self.keep_damaged(&damaged, &full).map_err(failed)?;
            }
            self.files().insert(path.clone(), own);
            self.current.insert(path);
        }
        Ok(())
    }

    /// Whether nothing is lost with what stands at a path: there is nothing, it is as we left it, or
    /// the same is to be there.
    fn is_ours(&self, path: &Path, known: Option<&ViewFile>, wanted: &ViewFile) -> bool {
        let Ok(about) = fs::symlink_metadata(path) else {
            return true;
        };
        if about.is_dir() {
            return wanted.object.is_none() && wanted.link.is_none();
        }
        (about.is_symlink() && memory::leads_into(path, self.store))
            || known.is_some_and(|own| own.is_at(path))
            || wanted.is_at(path)
    }

    /// Gives what stands at a path another name beside it.
    fn keep_aside(&self, path: &Path) -> io::Result<()> {
        let aside = self.name_aside(path);
        fs::rename(path, &aside)?;
        self.tell_kept(path, &aside);
        Ok(())
    }

    fn keep_damaged(&self, damaged: &Path, path: &Path) -> io::Result<()> {
        let aside = self.name_aside(path);
        if fs::rename(damaged, &aside).is_err() {
            fs::copy(damaged, &aside)?;
        }
        self.tell_kept(path, &aside);
        Ok(())
    }

    fn name_aside(&self, path: &Path) -> PathBuf {
        let mut aside = path.to_owned();
        aside.as_mut_os_string().push(format!(".kept-{}", self.run));
        while fs::symlink_metadata(&aside).is_ok() {
            aside.as_mut_os_string().push("+");
        }
        aside
    }

    fn tell_kept(&self, path: &Path, aside: &Path) {
        let aside = aside.file_name().unwrap_or_default().to_string_lossy();
        let path = path.shown();
        let message = format!("`{path}` was not the result; it is kept as `{aside}`");
        let _ = self.sender.send(Message::Warning { id: None, message });
    }

    /// Makes the folders that a path is in. What stands in the place of one goes as a file does: behind a link
    /// are somebody else's files.
    fn clear_way(&mut self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(self.folder);
        if self.folders.is_empty() {
            memory::mark(self.folder, self.manifest)?;
        }
        if self.folders.contains(folder) {
            return Ok(());
        }
        let inside = folder.strip_prefix(self.folder).unwrap_or(folder);
        if let Some(inside) = memory::in_the_way(self.folder, inside) {
            let full = self.folder.join(inside);
            let name = names::text_of(inside.as_os_str());
            let ours = self.files().get(&name).is_some_and(|own| own.is_at(&full));
            match ours || memory::leads_into(&full, self.store) {
                true => fs::remove_file(&full)?,
                false => self.keep_aside(&full)?,
            }
        }
        fs::create_dir_all(folder)?;
        self.folders.insert(folder.to_owned());
        Ok(())
    }

    fn place(&mut self, path: &Path, what: &Wanted) -> io::Result<()> {
        let folder = path.parent().unwrap_or(self.folder);
        let (source, target) = match what {
            Wanted::Other(Other::Folder) => return fs::create_dir_all(path),
            Wanted::Other(Other::Link(target)) => {
                (None, Some(PathBuf::from(names::name_of(target))))
            }
            Wanted::File { object, copied } => {
                let source = self.store.path(object);
                let target = (!copied).then(|| memory::way_to_object(folder, &source));
                (Some(source), target)
            }
        };
        if let Some(target) = &target {
            match link(target, path) {
                Ok(true) => return Ok(()),
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        // Whoever looks at the file sees the old one or the new one, never half of it.
        let mut name = std::ffi::OsString::from(format!(".new-{}-", self.run));
        name.push(path.file_name().unwrap_or_default());
        let new = folder.join(name);
        let _ = fs::remove_file(&new);
        let linked = match &target {
            Some(target) => link(target, &new)?,
            None => false,
        };
        if let Some(source) = source.filter(|_| !linked) {
            io::copy(&mut File::open(source)?, &mut File::create_new(&new)?)?;
        }
        fs::rename(new, path)
    }

    /// Removes what we made for steps that the plan no longer has, and former files of steps
    /// that now leave others. Steps without a result keep what they had.
    fn clear_away(&mut self, planned: &[Arc<str>], known: &[NewResult]) -> Result<(), StoreError> {
        let planned: HashSet<&str> = planned.iter().map(|name| &**name).collect();
        let known: HashSet<&str> = known.iter().map(|news| &*news.name).collect();
        let current = std::mem::take(&mut self.current);
        let stale = |(path, own): &(&String, &ViewFile)| {
            let step = own.step.as_str();
            !current.contains(*path) && (!planned.contains(step) || known.contains(step))
        };
        let files = self.files().iter().filter(stale);
        let stale: Vec<String> = files.map(|(path, _)| path.clone()).collect();
        for path in stale {
            let own = self.files().remove(&path);
            let path = PathBuf::from(names::name_of(&path));
            let full = self.folder.join(&path);
            let above = path.parent().unwrap_or(&path);
            if memory::in_the_way(self.folder, above).is_some() {
                continue;
            }
            // An empty folder goes as the others do, or stays if somebody uses it.
            let folder = full.is_dir() && !full.is_symlink();
            let ours = folder
                || own.is_some_and(|own| own.is_at(&full))
                || memory::leads_into(&full, self.store);
            if !ours && fs::symlink_metadata(&full).is_ok() {
                let path = full.shown();
                let message =
                    format!("`{path}` is no result any more; it was changed, so it stays");
                let _ = self.sender.send(Message::Warning { id: None, message });
                continue;
            }
            match fs::remove_file(&full) {
                Err(error) if !folder && error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::io("remove", &full, error));
                }
                _ => {}
            }
            // Folders go with their last file; those that hold other files stay.
            for folder in path.ancestors().skip(usize::from(!folder)) {
                let ours = !folder.as_os_str().is_empty();
                if !ours || fs::remove_dir(self.folder.join(folder)).is_err() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// What the view made. Without a memory everything is placed again, and nothing is removed.
    fn files(&mut self) -> &mut Files {
        if self.files.is_none() {
            self.files = memory::files(self.folder);
        }
        self.files.get_or_insert_default()
    }

    fn save(&mut self, results: String) -> Result<(), StoreError> {
        let (folder, manifest) = (self.folder, self.manifest);
        let objects = memory::way(folder, self.store.objects_folder());
        let files = self.files();
        if files.is_empty() && !folder.exists() {
            return Ok(());
        }
        let copies = files.iter().filter(|(_, own)| own.copied);
        let linked = files.len() - copies.clone().count();
        let shown = ViewSummary {
            results,
            copies: copies
                .map(|(path, own)| (path.clone(), own.stamp))
                .collect(),
            linked,
            objects,
            manifest: memory::way(folder, manifest),
        };
        let folders = match linked > LOOKED_AT {
            true => Vec::new(),
            false => LinkFolder::all(folder, files),
        };
        memory::save(folder, &shown, &folders, files)
            .map_err(|error| StoreError::io("write", folder, error))
    }
}

/// Of everything that decides what the view holds.
fn digest(steps: usize, known: &[NewResult]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(steps.to_le_bytes().as_slice());
    for news in known {
        hasher.update(news.name.as_bytes());
        hasher.update(news.step.kind.name().as_bytes());
        for object in news.result.objects() {
            hasher.update(object.digest.as_bytes());
        }
        // Where no plain files tell the rest.
        let artifacts = news.result.outputs.values();
        for artifact in artifacts.filter(|artifact| artifact.is_special()) {
            // Earlier versions showed pictures and tables in folders as links.
            hasher.update(b"copied");
            hasher.update(artifact.digest().as_bytes());
            hasher.update(artifact.folder.as_deref().unwrap_or_default().as_bytes());
        }
    }
    Digest::from_bytes(*hasher.finalize().as_bytes())
}

/// The files of a step in the human view: path below its folder, and content.
pub fn shown_files(step: &Step, result: &StepResult) -> Vec<(String, Object)> {
    let places = places(step, result).into_iter();
    let files = places.filter_map(|place| match place.what {
        Wanted::File { object, .. } => Some((place.path, object)),
        Wanted::Other(_) => None,
    });
    files.collect()
}

/// Where the files of a step belong.
fn places(step: &Step, result: &StepResult) -> Vec<Place> {
    let mut places = Vec::new();
    let mut taken = HashSet::new();
    let kinds = step.outputs();
    let kind_of = |output: &str| {
        let found = kinds.iter().find(|(name, _)| *name == output);
        found.map(|(_, kind)| *kind)
    };
    let printed = |output: &str| match kind_of(output) {
        Some(ArtifactType::Table) => Some("tables"),
        Some(ArtifactType::Figure) => Some("figures"),
        _ => None,
    };
    let several = result.outputs.keys().filter(|name| printed(name).is_some());
    let several = several.count() > 1;
    let mut cell = format!("cells/{}", file_name(&step.stage));
    if !step.cell.0.is_empty() {
        cell = format!("{cell}/{}", file_name(&step.cell.to_string()));
    }
    // Of two, the second is put into a folder with the name of its output.
    let mut choose = |short: String, long: String| {
        let path = if taken.contains(&short) { long } else { short };
        taken.insert(path.clone());
        path
    };
    for (output, artifact) in &result.outputs {
        let printed = printed(output);
        let copied = printed.is_some();
        let mut name = step.to_string();
        if several {
            name = format!("{name}.{output}");
        }
        if let (Some(_), Some(folder)) = (&artifact.folder, printed) {
            // A folder of pictures or tables.
            let folder = format!("{folder}/{}", file_name(&name));
            places.extend(contents(&choose(folder.clone(), folder), artifact, copied));
            continue;
        }
        if let Some(own) = &artifact.folder {
            let (own, output) = (file_name(own), file_name(output));
            let folder = choose(format!("{cell}/{own}"), format!("{cell}/{output}/{own}"));
            places.extend(contents(&folder, artifact, copied));
            continue;
        }
        for (file, object) in &artifact.files {
            let (short, long) = match printed {
                Some(folder) => {
                    let name = format!("{folder}/{}", file_name(&name));
                    (
                        format!("{name}.{}", file_name(ending(file))),
                        format!("{name}.{}", file_name(file)),
                    )
                }
                None => (
                    format!("{cell}/{}", file_path(file)),
                    format!("{cell}/{}/{}", file_name(output), file_path(file)),
                ),
            };
            let path = choose(short, long);
            let object = *object;
            places.push(Place {
                path,
                what: Wanted::File { object, copied },
            });
        }
    }
    places
}

/// A folder with what is in it, under the names that links in it know: files first, in order.
fn contents(folder: &str, artifact: &Artifact, copied: bool) -> Vec<Place> {
    let place = |name: &str| match names::stays_inside(name) {
        true => format!("{folder}/{name}"),
        false => format!("{folder}/{}", file_path(name)),
    };
    let files = artifact.files.iter().map(|(name, object)| Place {
        path: place(name),
        what: Wanted::File {
            object: *object,
            copied,
        },
    });
    let others = artifact.others.iter().map(|(name, other)| Place {
        path: place(name),
        what: Wanted::Other(other.clone()),
    });
    let mut places: Vec<Place> = files.chain(others).collect();
    if places.is_empty() {
        places.push(Place {
            path: folder.to_owned(),
            what: Wanted::Other(Other::Folder),
        });
    }
    places
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
