//! Inputs under names that programs can work with: the store names files by digest, but programs
//! look at endings. So every slot gets links with the artifact's own file names.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use serde_json::json;

use super::paths::cannot;
use super::paths::make_folder;
use crate::engine::Job;
use crate::engine::JobArtifact;
use crate::engine::JobError;
use crate::engine::JobItem;

/// Lays every bound slot out under `folder` and says where each is.
pub(super) fn lay_out(job: &Job<'_>, folder: &Path) -> Result<BTreeMap<String, PathBuf>, JobError> {
    let mut places = BTreeMap::new();
    for (input, wired) in job.inputs.iter().zip(&job.step.inputs) {
        let slot = folder.join(&input.slot);
        let place = match &input.items[..] {
            [] if !wired.reduced => continue,
            [item] if !wired.reduced && wired.items.len() == 1 => link_item(item, &slot)?,
            items => {
                link_all(items, wired.reduced, &slot)?;
                slot
            }
        };
        places.insert(input.slot.clone(), place);
    }
    Ok(places)
}

/// Several items: a folder each, and a list of what they are.
fn link_all(items: &[JobItem], reduced: bool, slot: &Path) -> Result<(), JobError> {
    let mut list = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let folder = slot.join(number.to_string());
        link_item(item, &folder)?;
        let files = files_of(item).map(|(name, _)| format!("{number}/{name}"));
        let files: Vec<String> = files.collect();
        // Only what the key knows: coordinates belong to it where axes are reduced, names of
        // stages never do.
        list.push(match reduced {
            true => json!({"cell": cell(item), "diverged": item.diverged, "files": files}),
            false => json!({"diverged": item.diverged, "files": files}),
        });
    }
    make_folder(slot)?;
    let path = slot.join("items.json");
    let mut text = serde_json::to_string_pretty(&list).expect("a list of plain data is JSON");
    text.push('\n');
    fs::write(&path, text).map_err(|error| cannot("write", &path, &error))
}

fn cell(item: &JobItem) -> serde_json::Map<String, serde_json::Value> {
    let pairs = item.cell.iter();
    pairs
        .map(|(axis, value)| (axis.to_owned(), json!(value)))
        .collect()
}

fn files_of(item: &JobItem) -> impl Iterator<Item = (&String, &PathBuf)> {
    let artifacts = item.outputs.values();
    artifacts.flat_map(|artifact: &JobArtifact| &artifact.paths)
}

/// Links the files of an item below a folder: the one file, or the folder of several.
fn link_item(item: &JobItem, folder: &Path) -> Result<PathBuf, JobError> {
    make_folder(folder)?;
    let mut paths = Vec::new();
    for (name, target) in files_of(item) {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            make_folder(parent)?;
        }
        // The folder of the link is another one.
        let target = std::path::absolute(target).map_err(|e| cannot("find", target, &e))?;
        link(&target, &path).map_err(|error| cannot("link", &path, &error))?;
        paths.push(path);
    }
    Ok(match (paths.pop(), paths.is_empty()) {
        (Some(only), true) => only,
        _ => folder.to_owned(),
    })
}

#[cfg(unix)]
fn link(target: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn link(target: &Path, path: &Path) -> io::Result<()> {
    fs::copy(target, path).map(|_| ())
}
