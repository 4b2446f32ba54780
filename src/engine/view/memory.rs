//! What a view remembers of the files that it made, in `.view` beside them.

use std::collections::BTreeMap;
use std::fs;
use std::fs::File;
use std::io;
use std::io::BufRead;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::store::Digest;
use crate::store::Object;
use crate::store::Stat;
use crate::store::Store;
use crate::store::names;

use super::links::LinkFolder;
use super::links::Linked;

pub(super) const MEMORY: &str = ".view";

/// The same while it is written; a killed run may leave it, before there ever was a memory.
pub const NEW_MEMORY: &str = ".new-view";

/// A file of the view.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ViewFile {
    /// The step it belongs to.
    pub step: String,
    pub content: Digest,
    pub copied: bool,
    /// The file; none for an empty folder and for a link within a folder.
    #[serde(default)]
    pub object: Option<Object>,
    /// Where a link within a folder leads.
    #[serde(default)]
    pub link: Option<String>,
    /// Of a copy as it was written.
    #[serde(default)]
    pub stamp: Option<Stamp>,
}

impl ViewFile {
    /// Whether what was shown at a path is there, as far as that can be told without reading it.
    pub(super) fn stands(&self, path: &Path, store: &Store) -> bool {
        match (&self.object, &self.link) {
            (Some(_), _) if self.copied => self.is_untouched(path),
            (Some(object), _) => leads_to(path, object, store),
            (None, _) => Linked::of(path, self).stands(path),
        }
    }

    /// Whether a copy is as it was written.
    pub(super) fn is_untouched(&self, path: &Path) -> bool {
        self.stamp.is_some() && Stamp::of(path) == self.stamp
    }

    /// Whether nothing but what was shown is lost with what stands at a path; a file is read.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        let link = |target: &String| is_link_to(path, target);
        let content = self.object.map_or(self.content, |object| object.digest);
        self.link.as_ref().is_some_and(link) || holds(path, content)
    }
}

/// What tells an untouched copy without reading it: size in bytes, time of its content in nanoseconds since 1970,
/// which may be put back after an edit, its inode, and the time of the last change of any sort, which may not.
/// Earlier versions had the first two.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stamp(u64, i64, #[serde(default)] u64, #[serde(default)] i64);

impl Stamp {
    /// Of a plain file; none for anything else.
    pub(super) fn of(path: &Path) -> Option<Stamp> {
        let about = fs::symlink_metadata(path)
            .ok()
            .filter(fs::Metadata::is_file)?;
        let stat = Stat::of(&about);
        Some(Stamp(stat.size, stat.modified, stat.inode, stat.changed))
    }
}

/// What the view made, by path below its folder.
pub(super) type Files = BTreeMap<String, ViewFile>;

/// The first line of the memory. The second one has the folders that its links are in, which are all that a run
/// reads that changes nothing; the third one the [`Files`]. Earlier versions had no line of folders.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct ViewSummary {
    /// The digest of all results that were shown.
    pub results: String,
    /// The files that were copied.
    pub copies: Vec<(String, Option<Stamp>)>,
    /// How many links there are as well.
    pub linked: usize,
    /// The way from the view to the objects that they lead to.
    #[serde(default)]
    pub objects: String,
    /// The way from the view to the manifest that it belongs to.
    pub manifest: String,
}

/// Whose a folder of results is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViewOwner {
    /// No view was ever here.
    Unmarked,
    /// The view of this manifest; the folder itself for views that do not say.
    Manifest(PathBuf),
}

/// Whose the view in this folder is.
pub fn view_owner(folder: &Path) -> ViewOwner {
    if !folder.join(MEMORY).is_file() {
        return ViewOwner::Unmarked;
    }
    let manifest = shown(folder).unwrap_or_default().manifest;
    ViewOwner::Manifest(resolved(folder, Path::new(&names::name_of(&manifest))))
}

/// Whether the view in a folder shows results of this store, and not of another one that its project had or has as well.
/// One that an earlier version left does not say.
pub fn shows(folder: &Path, store: &Store) -> bool {
    let shown = shown(folder).unwrap_or_default();
    if shown.objects == way(folder, store.objects_folder()) {
        return true;
    }
    let objects = resolved(folder, Path::new(&names::name_of(&shown.objects)));
    let real = |path: &Path| path.canonicalize().ok();
    !shown.objects.is_empty()
        && real(&objects).is_some_and(|there| Some(there) == real(store.objects_folder()))
}

/// Marks a folder as that of a view, where it is not.
pub(super) fn mark(folder: &Path, manifest: &Path) -> io::Result<()> {
    if folder.join(MEMORY).is_file() {
        return Ok(());
    }
    let shown = ViewSummary {
        manifest: way(folder, manifest),
        ..ViewSummary::default()
    };
    save(folder, &shown, &[], &Files::new())
}

pub(super) fn shown(folder: &Path) -> Option<ViewSummary> {
    serde_json::from_str(&lines(folder).next()?).ok()
}

pub(super) fn folders(folder: &Path) -> Option<Vec<LinkFolder>> {
    serde_json::from_str(&lines(folder).nth(1)?).ok()
}

pub(super) fn files(folder: &Path) -> Option<Files> {
    let mut lines = lines(folder).skip(1);
    serde_json::from_str(&lines.find(|line| line.starts_with('{'))?).ok()
}

/// The lines of the memory, read as they are asked for.
fn lines(folder: &Path) -> impl Iterator<Item = String> {
    let file = File::open(folder.join(MEMORY)).ok();
    let lines = file.map(|file| io::BufReader::new(file).lines());
    lines.into_iter().flatten().map_while(Result::ok)
}

pub(super) fn save(
    folder: &Path,
    shown: &ViewSummary,
    folders: &[LinkFolder],
    files: &Files,
) -> io::Result<()> {
    let mut text = serde_json::to_string(shown)?;
    text.push('\n');
    text.push_str(&serde_json::to_string(folders)?);
    text.push('\n');
    text.push_str(&serde_json::to_string(files)?);
    text.push('\n');
    fs::create_dir_all(folder)?;
    let new = folder.join(NEW_MEMORY);
    // It may be a link to somebody else's file.
    let _ = fs::remove_file(&new);
    fs::write(&new, text)?;
    fs::rename(&new, folder.join(MEMORY))
}

/// How to get from a folder to a file as text.
pub(super) fn way(folder: &Path, file: &Path) -> String {
    names::text_of(relative(folder, file).as_os_str())
}

/// How to get from a folder to a file; absolute where they have nothing in common.
pub(super) fn relative(folder: &Path, file: &Path) -> PathBuf {
    let absolute = |path: &Path| std::path::absolute(path);
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

/// How a link in a folder leads to an object: `..` leads up from where the folder really is.
pub(super) fn way_to_object(folder: &Path, object: &Path) -> PathBuf {
    let way = relative(folder, object);
    if folder.join(&way).exists() {
        return way;
    }
    match (folder.canonicalize(), object.canonicalize()) {
        (Ok(folder), Ok(object)) => relative(&folder, &object),
        _ => way,
    }
}

/// The first on the way from a view to a folder in it that is there and is none: a link, be it to a folder.
pub(super) fn in_the_way<'p>(view: &Path, inside: &'p Path) -> Option<&'p Path> {
    let mut all: Vec<&Path> = inside.ancestors().collect();
    // The last is the view itself.
    all.pop();
    let none =
        |path: &&&Path| fs::symlink_metadata(view.join(path)).is_ok_and(|about| !about.is_dir());
    all.iter().rev().find(none).copied()
}

/// Where a way from a folder leads, as text alone.
fn resolved(folder: &Path, way: &Path) -> PathBuf {
    let path = std::path::absolute(folder.join(way)).unwrap_or_default();
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            std::path::Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

/// Whether a link leads to an object.
pub(super) fn leads_to(path: &Path, object: &Object, store: &Store) -> bool {
    let Ok(target) = fs::read_link(path) else {
        return false;
    };
    let object = store.path(object);
    let folder = path.parent().unwrap_or(path);
    target == way_to_object(folder, &object)
        || match (fs::canonicalize(path), fs::canonicalize(object)) {
            (Ok(there), Ok(object)) => there == object,
            _ => false,
        }
}

/// Whether a link leads where a link within a folder is to lead.
pub(super) fn is_link_to(path: &Path, target: &str) -> bool {
    fs::read_link(path).is_ok_and(|found| found.as_os_str() == names::name_of(target))
}

/// Whether a link leads into the store, or to an object of another one that the project had: one that an earlier
/// run made.
pub(super) fn leads_into(path: &Path, store: &Store) -> bool {
    let Ok(target) = fs::read_link(path) else {
        return false;
    };
    store.is_like_an_object(&target) || leads_into_this(path, &target, store)
}

/// Whether a link with this text leads into this store and no other.
pub(super) fn leads_into_this(path: &Path, target: &Path, store: &Store) -> bool {
    let folder = path.parent().unwrap_or(path);
    let objects = std::path::absolute(store.objects_folder()).unwrap_or_default();
    resolved(folder, target).starts_with(&objects)
        || match (folder.canonicalize(), objects.canonicalize()) {
            (Ok(folder), Ok(objects)) => resolved(&folder, target).starts_with(objects),
            _ => false,
        }
}

/// Whether a plain file has this content, by reading it.
pub(super) fn holds(path: &Path, content: Digest) -> bool {
    let plain = fs::symlink_metadata(path).is_ok_and(|about| about.is_file());
    plain && fs::read(path).is_ok_and(|bytes| Digest::of(&bytes) == content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_an_earlier_version_is_read_and_its_copies_looked_at_again() {
        let space = tempfile::tempdir().expect("a temporary folder");
        let path = space.path().join("a.csv");
        fs::write(&path, "a").expect("it is ours");
        let now = Stamp::of(&path).expect("a file");
        let Stamp(size, modified, ..) = now;
        let earlier = format!("[{size},{modified}]");
        let earlier: Stamp = serde_json::from_str(&earlier).expect("it had these");
        assert_ne!(earlier, now);
        let text = serde_json::to_string(&now).expect("plain data");
        assert_eq!(serde_json::from_str::<Stamp>(&text).ok(), Some(now));
    }
}
