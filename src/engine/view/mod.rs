//! The human view, `outputs/<experiment>/…`: tables and figures as copies with readable names,
//! everything else as links into the store.
//!
//! A thread of its own keeps it, beside the scheduling. It remembers which files it made, in
//! `.view`, so that a run that changes nothing touches nothing, and files that the plan no longer
//! makes can be told from the user's own. A file that is not as it was left is somebody's work: it
//! is kept aside, as `figure.svg.kept-<run>`, before anything takes its place.

mod added;
mod aside;
mod disturbed;
mod edits;
mod links;
mod memory;
mod places;
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
use crate::store::Other;
use crate::store::StepResult;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::names;
use crate::text::ShowPath;

use super::link::Message;
use super::options::Options;

pub use aside::kept_as;
pub use disturbed::Disturbed;
pub use disturbed::disturbed;
pub use disturbed::outdated;
pub use edits::keep_edits;
pub use memory::NEW_MEMORY;
pub use memory::ViewOwner;
pub use memory::shows as view_shows;
pub use memory::view_owner;
pub use places::cell_folder;
pub use places::shown_files;
pub use tidy::tidy_view;

use links::LinkFolder;
use links::link;
use memory::Files;
use memory::Stamp;
use memory::ViewFile;
use memory::ViewSummary;
use places::Place;
use places::Wanted;
use places::digest;
use places::places;

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

/// What stands in front of the name of the run in that of a file which is being put into a view.
const NEW: &str = ".new-";

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
    /// The first thing that could not be shown; the rest is.
    failed: Option<StoreError>,
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
        failed: None,
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
                            self.show(&news);
                        }
                        known.push(news);
                    }
                }
            }
        }
        known.sort_unstable_by_key(|news| news.step.id);
        let results = digest(planned.len(), &known).to_hex();
        if self.files.is_none() && self.failed.is_none() {
            let shown = match began.elapsed() < GLANCE {
                true => seen,
                false => self.standing(),
            };
            if shown.is_some_and(|shown| *shown == *results) && !self.is_edited() {
                return Ok(());
            }
        }
        self.store.still_there()?;
        for news in known.iter().filter(|news| !news.fresh) {
            self.show(news);
        }
        self.all_damaged_aside();
        self.clear_away(&planned, &known);
        match self.failed.take() {
            None => self.save(results),
            // What is shown is known, and the next run tries the rest again.
            Some(error) => self.save(String::new()).and(Err(error)),
        }
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

    /// Puts the files of a step where people look for them. One that cannot be put there keeps no other away.
    fn show(&mut self, news: &NewResult) {
        for place in places(&news.step, &news.result) {
            self.current.insert(place.path.clone());
            let full = self.folder.join(names::name_of(&place.path));
            if let Err(error) = self.show_at(&full, place, &news.name) {
                let failed = StoreError::io("write", &full, error);
                self.failed.get_or_insert(failed);
            }
        }
    }

    fn show_at(&mut self, full: &Path, place: Place, step: &str) -> io::Result<()> {
        let Place { path, what } = place;
        let known = self.files().get(&path).cloned();
        let copied = matches!(what, Wanted::File { copied: true, .. });
        let object = what.object();
        let mut own = ViewFile {
            step: step.to_owned(),
            content: what.content(),
            copied,
            object,
            link: match &what {
                Wanted::Other(Other::Link(target)) => Some(target.clone()),
                _ => None,
            },
            stamp: known.as_ref().and_then(|known| known.stamp),
        };
        let same = known.as_ref() == Some(&own);
        if same && copied && !own.is_untouched(full) && own.is_at(full) {
            // Copied with its project, or put back by somebody.
            own.stamp = Stamp::of(full);
        }
        // What was shown there before may have been written to as well.
        let before = known.as_ref().and_then(|known| known.object);
        let mut objects = before.into_iter().chain(object);
        let aside = objects.try_for_each(|object| self.damaged_aside(full, &object));
        let put = aside.and_then(|()| match same && own.stands(full, self.store) {
            true => Ok(()),
            false => self.put(full, &what, known.as_ref(), &own),
        });
        if put.is_ok() && copied {
            own.stamp = Stamp::of(full);
        }
        // A link that leads where it led before is told until it is put right.
        if put.is_ok() || !copied {
            self.files().insert(path, own);
        }
        put
    }

    fn put(
        &mut self,
        full: &Path,
        what: &Wanted,
        known: Option<&ViewFile>,
        own: &ViewFile,
    ) -> io::Result<()> {
        self.clear_way(full)?;
        if !aside::is_ours(full, known, own, self.store) {
            self.keep_aside(full)?;
        } else {
            self.keep_edit(full)?;
        }
        self.place(full, what)
    }

    /// Gives what stands at a path another name beside it.
    fn keep_aside(&self, path: &Path) -> io::Result<()> {
        let aside = aside::name(path, self.run);
        fs::rename(path, &aside)?;
        self.tell_kept(path, &aside);
        Ok(())
    }

    /// The same for what somebody wrote through a link.
    fn keep_edit(&self, path: &Path) -> io::Result<()> {
        if let Some(aside) = aside::keep_edit(path, self.store, self.run)? {
            self.tell_kept(path, &aside);
        }
        Ok(())
    }

    fn tell_kept(&self, path: &Path, aside: &Path) {
        let message = kept_as(path, aside);
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
                true => {
                    self.keep_edit(&full)?;
                    fs::remove_file(&full)?;
                }
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
        let new = folder.join(format!("{NEW}{}", self.run));
        let _ = fs::remove_file(&new);
        let put = || {
            let linked = match &target {
                Some(target) => link(target, &new)?,
                None => false,
            };
            if let Some(source) = source.filter(|_| !linked) {
                io::copy(&mut File::open(source)?, &mut File::create_new(&new)?)?;
            }
            fs::rename(&new, path)
        };
        put().inspect_err(|_| {
            // Half a copy is nobody's, and a full disk has room again.
            let _ = fs::remove_file(&new);
        })
    }

    /// Removes what we made for steps that the plan no longer has, and former files of steps
    /// that now leave others. Steps without a result keep what they had.
    fn clear_away(&mut self, planned: &[Arc<str>], known: &[NewResult]) {
        let planned: HashSet<&str> = planned.iter().map(|name| &**name).collect();
        let known: HashSet<&str> = known.iter().map(|news| &*news.name).collect();
        let current = std::mem::take(&mut self.current);
        let stale = |(path, own): &(&String, &ViewFile)| {
            let step = own.step.as_str();
            !current.contains(*path) && (!planned.contains(step) || known.contains(step))
        };
        let files = self.files().iter().filter(stale);
        let stale: Vec<String> = files.map(|(path, _)| path.clone()).collect();
        for name in stale {
            let Some(own) = self.files().remove(&name) else {
                continue;
            };
            let path = PathBuf::from(names::name_of(&name));
            let full = self.folder.join(&path);
            let above = path.parent().unwrap_or(&path);
            if memory::in_the_way(self.folder, above).is_some() {
                continue;
            }
            // An empty folder goes as the others do, or stays if somebody uses it.
            let folder = full.is_dir() && !full.is_symlink();
            let ours = folder || own.is_at(&full) || memory::leads_into(&full, self.store);
            if !ours && fs::symlink_metadata(&full).is_ok() {
                let path = full.shown();
                let message =
                    format!("`{path}` is no result any more; it was changed, so it stays");
                let _ = self.sender.send(Message::Warning { id: None, message });
                continue;
            }
            let kept = self.keep_edit(&full);
            match kept.and_then(|()| fs::remove_file(&full)) {
                Err(error) if !folder && error.kind() != io::ErrorKind::NotFound => {
                    // The next run tries again.
                    self.files().insert(name, own);
                    let failed = StoreError::io("remove", &full, error);
                    self.failed.get_or_insert(failed);
                    continue;
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
