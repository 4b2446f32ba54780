//! `dvc.yaml` of DVC 3: stages, `foreach`, `matrix`, `vars`, `params.yaml`.
//!
//! DVC runs commands in the project's folder and tells stages apart by the paths that they read and
//! write. Here a program runs in a folder of its own, so it is given copies of its code, its inputs and
//! its parameters at the paths where it looks for them, and leaves its outputs at the paths where it
//! always did.
//!
//! | module | |
//! | --- | --- |
//! | `read`, `plots`, `entries` | the file as it is written, with places |
//! | `scope`, `interpolation` | what `${…}` names |
//! | `loops` | axes of `foreach` and `matrix` |
//! | `translate` | a file, stage by stage |
//! | `planned`, `translation` | a stage with its cells, and on its way |
//! | `located` | paths in all cells of a stage |
//! | `outputs`, `inputs`, `code`, `parameters`, `sections` | a stage: what it leaves and reads |
//! | `run`, `command`, `options`, `quotes` | what it runs |
//! | `wiring`, `reductions`, `conditions` | what reads what, in which cells |
//! | `draft`, `write` | what is written |

mod code;
mod command;
mod conditions;
mod draft;
mod entries;
mod filled;
mod inputs;
mod interpolation;
mod located;
mod loops;
mod options;
mod outputs;
mod parameters;
mod paths;
mod planned;
mod plots;
mod quotes;
mod read;
mod reductions;
mod run;
mod scope;
mod sections;
mod translate;
mod translation;
mod wiring;
mod write;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_yaml::Value as Yaml;

use crate::manifest::read_foreign;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::Source;
use crate::text::foreign_yaml;

use super::Imported;
use entries::remark;
use options::Spelling;
use planned::Project;
use scope::Scope;

/// Reads a `dvc.yaml` of the project at `root`, by its path from there, for an experiment of this name.
/// `pipeline` is the path of the pipeline's file from the manifest.
///
/// # Errors
/// What keeps the file from being read or understood at all.
pub(super) fn import(
    root: &Path,
    file: &str,
    name: &str,
    pipeline: &str,
) -> Result<Imported, Diagnostics> {
    let path = root.join(file);
    let text = fs::read_to_string(&path).map_err(|error| {
        let mut found = Diagnostics::new();
        found.push(Diagnostic::error(format!("cannot read `{file}`: {error}")));
        found
    })?;
    let source = Arc::new(Source {
        path: file.into(),
        text,
    });
    let mut found = Diagnostics::new();
    let node = read_foreign(&source)?;
    let read = read::file(&node, &mut found);
    if found.has_errors() {
        return Err(found);
    }
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let scope = Scope::read(&root.join(folder), Path::new(folder), &read, &mut found);
    let project = Project {
        root,
        folder: folder.to_owned(),
        spelling: spelling(root, &Place::start_of(&source), &mut found),
        folders: folders(&root.join(folder), folder),
    };
    let draft = match found.has_errors() {
        true => return Err(found),
        false => translate::translate(&project, &read, &scope, &mut found),
    };
    if found.has_errors() {
        return Err(found);
    }
    Ok(Imported {
        manifest: write::manifest(&draft, name, file, pipeline),
        pipeline: write::pipeline(&draft, name, file),
        stages: draft.stages.len(),
        remarks: found,
    })
}

/// The outputs that are folders, as `dvc.lock` has it.
fn folders(folder: &Path, shown: &str) -> BTreeSet<String> {
    let mut folders = BTreeSet::new();
    let text = fs::read_to_string(folder.join("dvc.lock")).unwrap_or_default();
    let lock = foreign_yaml(&text).unwrap_or_default();
    let stages = lock.get("stages").and_then(Yaml::as_mapping);
    for (_, stage) in stages.into_iter().flatten() {
        let outs = stage.get("outs").and_then(Yaml::as_sequence);
        for out in outs.into_iter().flatten() {
            let path = out.get("path").and_then(Yaml::as_str).unwrap_or_default();
            let sums = ["md5", "hash"]
                .iter()
                .filter_map(|name| out.get(*name)?.as_str());
            let is_folder =
                out.get("nfiles").is_some() || sums.into_iter().any(|sum| sum.ends_with(".dir"));
            if is_folder {
                folders.extend(paths::join(shown, path));
            }
        }
    }
    folders
}

/// What `.dvc/config` says of commands.
fn spelling(root: &Path, place: &Place, found: &mut Diagnostics) -> Spelling {
    let mut spelling = Spelling::default();
    let text = fs::read_to_string(root.join(".dvc/config")).unwrap_or_default();
    let mut section = "";
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        match (section, name.trim(), value.trim()) {
            ("parsing", "bool", value) => spelling.negated = value == "boolean_optional",
            ("parsing", "list", value) => spelling.repeated = value == "append",
            ("hydra", "enabled", "true" | "True") => remark(
                found,
                place,
                "Hydra composes no parameters",
                "`.dvc/config` has DVC write params.yaml from `conf/` before a run",
                "params.yaml is taken as it is: write it once, or see docs/coming-from/hydra.md",
            ),
            _ => {}
        }
    }
    spelling
}
