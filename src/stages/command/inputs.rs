//! Inputs under names that programs can work with: the store names files by digest, but programs
//! look at endings. So every slot gets links with the artifact's own file names. Files of the project are
//! copied where they are not large: what a program does to them is done to nobody's own file.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use serde_json::json;

use super::paths::cannot;
use super::paths::make_folder;
use crate::engine::Job;
use crate::engine::JobArtifact;
use crate::engine::JobError;
use crate::engine::JobItem;
use crate::engine::scratch;
use crate::store::Other;
use crate::store::names;
use crate::store::remove_all;
use crate::store::remove_tree;

/// Larger files and folders of the project are linked, file by file.
const LARGE: u64 = 64 << 20;

/// What the program is to find, by path.
#[derive(Default)]
struct Layout {
    /// What relative paths of the store are relative to.
    here: PathBuf,
    links: HashMap<PathBuf, PathBuf>,
    /// Copies of files of the project.
    copies: HashMap<PathBuf, PathBuf>,
    lists: BTreeMap<PathBuf, String>,
    /// With all that they are in, up to the one that everything is laid out in.
    folders: HashSet<PathBuf>,
}

/// Where inputs were laid out.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    /// By slot.
    pub places: BTreeMap<String, PathBuf>,
    /// By slot that reduces axes, where each item is: only of these does the key know the coordinates.
    pub items: BTreeMap<String, Vec<PathBuf>>,
}

/// Lays every bound slot out in the scratch folder and says where each is.
pub(super) fn lay_out(job: &Job<'_>) -> Result<Inputs, JobError> {
    let folder = job.scratch.join(scratch::LINKS);
    let mut inputs = Inputs::default();
    let mut layout = Layout {
        // The folder of a link is another one.
        here: std::env::current_dir().map_err(|e| cannot("find", Path::new("."), &e))?,
        ..Layout::default()
    };
    for (input, wired) in job.inputs.iter().zip(&job.step.inputs) {
        let slot = folder.join(&input.slot);
        let place = match &input.items[..] {
            [] if !wired.reduced => continue,
            [item] if !wired.reduced && wired.items.len() == 1 => layout.item(item, &slot)?.0,
            items => {
                let items = layout.items(items, wired.reduced, &slot)?;
                if wired.reduced {
                    inputs.items.insert(input.slot.clone(), items);
                }
                slot
            }
        };
        inputs.places.insert(input.slot.clone(), place);
    }
    layout.settle(&folder)?;
    Ok(inputs)
}

impl Layout {
    /// Several items: a folder each, and a list of what they are. Says where each is.
    fn items(
        &mut self,
        items: &[JobItem],
        reduced: bool,
        slot: &Path,
    ) -> Result<Vec<PathBuf>, JobError> {
        let mut places = Vec::new();
        let mut list = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let (place, files) = self.item(item, &slot.join(number.to_string()))?;
            let files = files.iter().map(|name| format!("{number}/{name}"));
            let files: Vec<String> = files.collect();
            places.push(place);
            // Only what the key knows: coordinates belong to it where axes are reduced, names of
            // stages never do.
            list.push(match reduced {
                true => json!({"cell": cell(item), "diverged": item.diverged, "files": files}),
                false => json!({"diverged": item.diverged, "files": files}),
            });
        }
        let mut text = serde_json::to_string_pretty(&list).expect("a list of plain data is JSON");
        text.push('\n');
        self.folder(slot);
        self.lists.insert(slot.join("items.json"), text);
        Ok(places)
    }

    /// Puts an item below a folder. Says where it is, the one file or the folder of several, and
    /// the names of all files in that folder.
    fn item(&mut self, item: &JobItem, folder: &Path) -> Result<(PathBuf, Vec<String>), JobError> {
        self.folder(folder);
        let mut files = Vec::new();
        let mut only = None;
        for (output, artifact) in &item.outputs {
            // Of several outputs, each folder keeps its own name.
            let own = artifact.artifact.folder.as_deref();
            let own = own.filter(|_| item.outputs.len() > 1);
            let place = match own {
                Some(own) if names::stays_inside(own) => folder.join(names::name_of(own)),
                Some(_) => folder.join(output),
                None => folder.to_owned(),
            };
            let named = match item.stage.is_empty() {
                true => self.own_file(artifact, &place)?,
                false => self.artifact(artifact, &place)?,
            };
            if item.outputs.len() == 1 && !artifact.artifact.is_folder() {
                only = named.first().map(|name| place.join(name));
            }
            let inside = place.strip_prefix(folder).unwrap_or(&place);
            files.extend(named.iter().map(|name| {
                let name = inside.join(name);
                name.to_string_lossy().into_owned()
            }));
        }
        Ok((only.unwrap_or_else(|| folder.to_owned()), files))
    }

    /// Puts an artifact into a folder and names its files.
    fn artifact(
        &mut self,
        artifact: &JobArtifact,
        folder: &Path,
    ) -> Result<Vec<PathBuf>, JobError> {
        let inside = |name: &str| match names::stays_inside(name) {
            true => Ok(PathBuf::from(names::name_of(name))),
            false => Err(JobError::failed(format!(
                "`{}` cannot be the name of an input",
                names::shown(name)
            ))),
        };
        self.folder(folder);
        let mut files = Vec::with_capacity(artifact.paths.len());
        for (name, target) in &artifact.paths {
            let name = inside(name)?;
            let target = self.here.join(target);
            self.link(folder.join(&name), target);
            files.push(name);
        }
        for (name, other) in &artifact.artifact.others {
            let path = folder.join(inside(name)?);
            match other {
                Other::Folder => self.folder(&path),
                Other::Link(target) => self.link(path, names::name_of(target).into()),
            }
        }
        Ok(files)
    }

    /// Puts a file of the project, or all files of a folder, into a folder and names them.
    fn own_file(
        &mut self,
        artifact: &JobArtifact,
        folder: &Path,
    ) -> Result<Vec<PathBuf>, JobError> {
        let files = self.artifact(artifact, folder)?;
        if artifact.artifact.size() > LARGE {
            return Ok(files);
        }
        for path in files.iter().map(|name| folder.join(name)) {
            if let Some(file) = self.links.remove(&path) {
                self.copies.insert(path, file);
            }
        }
        Ok(files)
    }

    fn link(&mut self, path: PathBuf, target: PathBuf) {
        if let Some(folder) = path.parent() {
            self.folder(folder);
        }
        self.links.insert(path, target);
    }

    fn folder(&mut self, folder: &Path) {
        for folder in folder.ancestors() {
            if self.folders.contains(folder) {
                break;
            }
            self.folders.insert(folder.to_owned());
        }
    }

    /// Brings a folder to this, whatever it holds: links that are right already stay.
    fn settle(&self, folder: &Path) -> Result<(), JobError> {
        let mut right = HashSet::new();
        if let Err(error) = self.sweep(folder, &mut right) {
            right.clear();
            if error.kind() != io::ErrorKind::NotFound {
                remove_tree(folder).map_err(|error| cannot("remove", folder, &error))?;
            }
        }
        let below = self.folders.iter().filter(|one| one.starts_with(folder));
        for folder in below {
            make_folder(folder)?;
        }
        for (path, target) in self.links.iter().filter(|(path, _)| !right.contains(*path)) {
            symlink(target, path).map_err(|error| cannot("link", path, &error))?;
        }
        for (path, file) in &self.copies {
            copy(file, path).map_err(|error| cannot("copy", file, &error))?;
        }
        for (path, text) in &self.lists {
            fs::write(path, text).map_err(|error| cannot("write", path, &error))?;
        }
        Ok(())
    }

    /// Removes from a folder what is not to be there, and notes the links that are right.
    fn sweep(&self, folder: &Path, right: &mut HashSet<PathBuf>) -> io::Result<()> {
        let mut wrong = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_symlink() && self.links.get(&path) == Some(&fs::read_link(&path)?) {
                right.insert(path);
            } else if kind.is_dir() && self.folders.contains(&path) {
                self.sweep(&path, right)?;
            } else {
                wrong.push(path);
            }
        }
        remove_all(&wrong)
    }
}

/// A copy that is for reading.
fn copy(file: &Path, path: &Path) -> io::Result<()> {
    fs::copy(file, path)?;
    let mut permissions = fs::metadata(path)?.permissions();
    permissions.set_readonly(true);
    fs::set_permissions(path, permissions)
}

fn cell(item: &JobItem) -> serde_json::Map<String, serde_json::Value> {
    let pairs = item.cell.iter();
    pairs
        .map(|(axis, value)| (axis.to_owned(), json!(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything(folder: &Path) -> Vec<String> {
        let mut all = Vec::new();
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            match entry.file_type().expect("it is there").is_dir() {
                true => all.extend(everything(&path)),
                false => all.push(path.to_string_lossy().into_owned()),
            }
        }
        all.sort();
        all
    }

    /// One runner lays out the inputs of many steps in one folder, whatever programs do to it.
    #[test]
    fn a_folder_of_links_holds_what_the_next_step_wants_and_nothing_else() {
        let space = tempfile::tempdir().expect("a temporary folder");
        let folder = space.path().join("in");
        let layout = |links: &[(&str, &str)], lists: &[(&str, &str)]| {
            let mut layout = Layout::default();
            for (path, target) in links {
                let path = folder.join(path);
                layout.link(path, target.into());
            }
            for (path, text) in lists {
                let path = folder.join(path);
                layout.folder(path.parent().expect("it lies in a folder"));
                layout.lists.insert(path, (*text).to_owned());
            }
            layout
        };
        let steps = [
            layout(&[("data/a.csv", "/one"), ("model/m", "/two")], &[]),
            layout(&[("data/a.csv", "/one"), ("model/m", "/other")], &[]),
            layout(
                &[("data/0/a.csv", "/one"), ("data/1/a.csv", "/three")],
                &[("data/items.json", "[]")],
            ),
            layout(&[("data/1/a.csv", "/three")], &[("data/items.json", "[1]")]),
            layout(&[("data", "/a/file/where/a/folder/was")], &[]),
        ];
        let twice = steps.iter().flat_map(|step| [step, step]);
        for (i, step) in twice.enumerate() {
            step.settle(&folder).expect("it can be laid out");
            let files = step.links.keys().chain(step.lists.keys());
            let mut wanted: Vec<_> = files.map(|f| f.to_string_lossy().into_owned()).collect();
            wanted.sort();
            assert_eq!(everything(&folder), wanted);
            for (path, target) in &step.links {
                assert_eq!(fs::read_link(path).ok().as_ref(), Some(target));
            }
            for (path, text) in &step.lists {
                assert_eq!(fs::read_to_string(path).ok().as_ref(), Some(text));
            }
            fs::write(folder.join(format!("left by {i}")), "").expect("it is ours");
        }
    }
}
