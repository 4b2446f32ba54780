//! Inputs under names that programs can work with: the store names files by digest, but programs
//! look at endings. So every slot gets links with the artifact's own file names.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
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

/// What the program is to find, by path.
#[derive(Default)]
struct Layout {
    links: BTreeMap<PathBuf, PathBuf>,
    lists: BTreeMap<PathBuf, String>,
    folders: BTreeSet<PathBuf>,
}

/// Lays every bound slot out in the scratch folder and says where each is.
pub(super) fn lay_out(job: &Job<'_>) -> Result<BTreeMap<String, PathBuf>, JobError> {
    let folder = job.scratch.join(scratch::LINKS);
    let mut places = BTreeMap::new();
    let mut layout = Layout::default();
    for (input, wired) in job.inputs.iter().zip(&job.step.inputs) {
        let slot = folder.join(&input.slot);
        let place = match &input.items[..] {
            [] if !wired.reduced => continue,
            [item] if !wired.reduced && wired.items.len() == 1 => layout.item(item, &slot)?,
            items => {
                layout.items(items, wired.reduced, &slot)?;
                slot
            }
        };
        places.insert(input.slot.clone(), place);
    }
    layout.settle(&folder)?;
    Ok(places)
}

impl Layout {
    /// Several items: a folder each, and a list of what they are.
    fn items(&mut self, items: &[JobItem], reduced: bool, slot: &Path) -> Result<(), JobError> {
        let mut list = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let folder = slot.join(number.to_string());
            self.item(item, &folder)?;
            let files = files_of(item).map(|(name, _)| format!("{number}/{name}"));
            let files: Vec<String> = files.collect();
            // Only what the key knows: coordinates belong to it where axes are reduced, names of
            // stages never do.
            list.push(match reduced {
                true => json!({"cell": cell(item), "diverged": item.diverged, "files": files}),
                false => json!({"diverged": item.diverged, "files": files}),
            });
        }
        let mut text = serde_json::to_string_pretty(&list).expect("a list of plain data is JSON");
        text.push('\n');
        self.lists.insert(slot.join("items.json"), text);
        Ok(())
    }

    /// The files of an item below a folder: the one file, or the folder of several.
    fn item(&mut self, item: &JobItem, folder: &Path) -> Result<PathBuf, JobError> {
        let mut paths = Vec::new();
        for (name, target) in files_of(item) {
            let path = folder.join(name);
            // The folder of the link is another one.
            let target = std::path::absolute(target).map_err(|e| cannot("find", target, &e))?;
            self.links.insert(path.clone(), target);
            paths.push(path);
        }
        self.folders.insert(folder.to_owned());
        Ok(match (paths.pop(), paths.is_empty()) {
            (Some(only), true) => only,
            _ => folder.to_owned(),
        })
    }

    /// Brings a folder to this, whatever it holds: links that are right already stay.
    fn settle(&self, folder: &Path) -> Result<(), JobError> {
        let mut right = BTreeSet::new();
        if let Err(error) = self.sweep(folder, &mut right) {
            right.clear();
            if error.kind() != io::ErrorKind::NotFound {
                scratch::remove(folder).map_err(|error| cannot("remove", folder, &error))?;
            }
        }
        for folder in &self.folders {
            make_folder(folder)?;
        }
        for (path, target) in self.links.iter().filter(|(path, _)| !right.contains(*path)) {
            make_parent(path)?;
            symlink(target, path).map_err(|error| cannot("link", path, &error))?;
        }
        for (path, text) in &self.lists {
            make_parent(path)?;
            fs::write(path, text).map_err(|error| cannot("write", path, &error))?;
        }
        Ok(())
    }

    /// Removes from a folder what is not to be there, and notes the links that are right.
    fn sweep(&self, folder: &Path, right: &mut BTreeSet<PathBuf>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            let wanted = self.folders.range(path.clone()..).next();
            if kind.is_symlink() && self.links.get(&path) == Some(&fs::read_link(&path)?) {
                right.insert(path);
            } else if kind.is_dir() && wanted.is_some_and(|folder| folder.starts_with(&path)) {
                self.sweep(&path, right)?;
            } else {
                scratch::remove(&path)?;
            }
        }
        Ok(())
    }
}

fn make_parent(path: &Path) -> Result<(), JobError> {
    path.parent().map_or(Ok(()), make_folder)
}

fn files_of(item: &JobItem) -> impl Iterator<Item = (&String, &PathBuf)> {
    let artifacts = item.outputs.values();
    artifacts.flat_map(|artifact: &JobArtifact| &artifact.paths)
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
                layout.folders.extend(path.parent().map(Path::to_owned));
                layout.links.insert(path, target.into());
            }
            for (path, text) in lists {
                layout.lists.insert(folder.join(path), (*text).to_owned());
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
