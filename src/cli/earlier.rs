//! What lies in the folder of results from an earlier run, of steps that have no result now.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::io;
use std::path::Path;

use super::printer::Printer;
use super::values::entries;
use crate::engine::cell_folder;
use crate::engine::file_name;
use crate::registry::ArtifactType;
use crate::stages::Results;
use crate::text::Diagnostic;
use crate::text::plural;

/// How many files are named.
const NAMED: usize = 4;

/// Says which tables, figures and cells are of an earlier run: of steps that failed now, or that were not asked for.
///
/// # Errors
/// A folder that cannot be read, or a terminal that is gone.
pub(super) fn after_run(view: &Path, results: &Results<'_>, err: &mut Printer) -> io::Result<()> {
    let steps = &results.plan.steps;
    if steps.iter().all(|step| results.result(step.id).is_some()) {
        return Ok(());
    }
    let mut files = cells(view, results);
    files.extend(printed(view, results)?);
    warn(&files, err)
}

fn warn(files: &[String], err: &mut Printer) -> io::Result<()> {
    let named: Vec<&str> = files.iter().take(NAMED).map(String::as_str).collect();
    let (Some((last, before)), more) = (named.split_last(), files.len() - named.len()) else {
        return Ok(());
    };
    let title = match (more, before) {
        (0, []) if last.starts_with('`') => format!("{last} is of an earlier run"),
        (0, []) => format!("{last} are of an earlier run"),
        (0, before) => format!("{} and {last} are of an earlier run", before.join(", ")),
        (more, before) => {
            let all = before.join(", ");
            format!("{all}, {last} and {more} more are of an earlier run")
        }
    };
    let help =
        "the steps that left them have no result now: what they show need not go with the rest";
    err.diagnostic(&Diagnostic::warning(title).help(help))
}

/// Files of tables and figures, below the view.
fn printed(view: &Path, results: &Results<'_>) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    let printed = results.plan.steps.iter().filter(|step| {
        let mut outputs = step.outputs().into_iter();
        outputs.any(|(_, kind)| matches!(kind, ArtifactType::Table | ArtifactType::Figure))
    });
    let known = printed.map(|step| {
        let known = results.result(step.id).is_some();
        (file_name(&step.to_string()), known)
    });
    let known: HashMap<String, bool> = known.collect();
    for folder in ["figures", "tables"] {
        for path in entries(&view.join(folder))? {
            let Some(file) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            // The name of a step may have dots: the longest is meant.
            let mut dots = file.rmatch_indices('.');
            let of_step = known
                .get(file)
                .or_else(|| dots.find_map(|(dot, _)| known.get(&file[..dot])));
            // What was kept aside is somebody's work.
            if of_step == Some(&false) && !file.contains(".kept-") {
                files.push(format!("`{folder}/{file}`"));
            }
        }
    }
    Ok(files)
}

/// Folders of cells, below the view; of a stage with several of them their number.
fn cells(view: &Path, results: &Results<'_>) -> Vec<String> {
    let mut by_stage: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let steps = results.plan.steps.iter();
    for step in steps.filter(|step| results.result(step.id).is_none()) {
        let folder = cell_folder(step);
        if view.join(&folder).is_dir() {
            by_stage.entry(&step.stage).or_default().push(folder);
        }
    }
    let said = by_stage
        .into_iter()
        .map(|(stage, folders)| match &folders[..] {
            [only] => format!("`{only}`"),
            folders => {
                let cells = plural(folders.len(), "cell");
                format!("{cells} below `cells/{}`", file_name(stage))
            }
        });
    said.collect()
}
