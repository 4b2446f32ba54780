//! Where the files of a step belong in a view.

use std::collections::HashSet;

use crate::plan::Step;
use crate::registry::ArtifactType;
use crate::store::Artifact;
use crate::store::Digest;
use crate::store::Object;
use crate::store::Other;
use crate::store::StepResult;
use crate::store::names;

use crate::engine::names::ending;
use crate::engine::names::file_name;
use crate::engine::names::file_path;

use super::NewResult;

/// A place in the view.
pub(super) struct Place {
    pub path: String,
    pub what: Wanted,
}

/// What is to be at a place.
pub(super) enum Wanted {
    File { object: Object, copied: bool },
    Other(Other),
}

impl Wanted {
    pub(super) fn object(&self) -> Option<Object> {
        match self {
            Wanted::File { object, .. } => Some(*object),
            Wanted::Other(_) => None,
        }
    }

    pub(super) fn content(&self) -> Digest {
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

/// The files of a step in the human view: path below its folder, and content.
pub fn shown_files(step: &Step, result: &StepResult) -> Vec<(String, Object)> {
    let places = places(step, result).into_iter();
    let files = places.filter_map(|place| match place.what {
        Wanted::File { object, .. } => Some((place.path, object)),
        Wanted::Other(_) => None,
    });
    files.collect()
}

/// The folder of a step's files in the view that are neither tables nor figures.
pub fn cell_folder(step: &Step) -> String {
    let stage = file_name(&step.stage);
    match step.cell.0.is_empty() {
        true => format!("cells/{stage}"),
        false => format!("cells/{stage}/{}", file_name(&step.cell.to_string())),
    }
}

/// Where the files of a step belong.
pub(super) fn places(step: &Step, result: &StepResult) -> Vec<Place> {
    let mut places = Vec::new();
    let mut taken = Taken::default();
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
    let cell = cell_folder(step);
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
            let folder = taken.choose(folder.clone(), |nth| format!("{folder}{nth}"));
            places.extend(contents(&folder, artifact, copied));
            continue;
        }
        if let Some(own) = &artifact.folder {
            let (own, output) = (file_name(own), file_name(output));
            let long = |nth: &str| format!("{cell}/{output}{nth}/{own}");
            let folder = taken.choose(format!("{cell}/{own}"), long);
            places.extend(contents(&folder, artifact, copied));
            continue;
        }
        for (file, object) in &artifact.files {
            let ending = ending(file);
            let path = match printed {
                Some(folder) => {
                    let name = format!("{folder}/{}", file_name(&name));
                    let file = file_name(file);
                    let long = |nth: &str| format!("{name}{nth}.{file}");
                    taken.choose(format!("{name}.{}", file_name(ending)), long)
                }
                None => {
                    let (output, file) = (file_name(output), file_path(file));
                    let long = |nth: &str| format!("{cell}/{output}{nth}/{file}");
                    taken.choose(format!("{cell}/{file}"), long)
                }
            };
            let object = *object;
            places.push(Place {
                path,
                what: Wanted::File { object, copied },
            });
        }
    }
    places
}

/// The places of a step's files and folders.
#[derive(Default)]
struct Taken {
    places: HashSet<String>,
    /// The folders above them.
    above: HashSet<String>,
}

impl Taken {
    /// A place that is no other's, nor within one or around one. Of two, the second is put into a folder with the name of
    /// its output; where that is taken as well, with a number behind it.
    fn choose(&mut self, short: String, long: impl Fn(&str) -> String) -> String {
        let mut path = short;
        let mut number = 1;
        while !self.is_free(&path) {
            let nth = match number {
                1 => String::new(),
                number => format!("~{number}"),
            };
            path = long(&nth);
            number += 1;
        }
        self.above.extend(above(&path).map(str::to_owned));
        self.places.insert(path.clone());
        path
    }

    fn is_free(&self, path: &str) -> bool {
        let is_within = above(path).any(|folder| self.places.contains(folder));
        !is_within && !self.places.contains(path) && !self.above.contains(path)
    }
}

/// The folders that a path is in.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
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

/// Of everything that decides what the view holds.
pub(super) fn digest(steps: usize, known: &[NewResult]) -> Digest {
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
