//! Where an experiment may write: never into a folder that is somebody else's.

use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;

use super::printer::Printer;
use super::project::Project;
use crate::engine;
use crate::engine::Disturbed;
use crate::engine::ViewOwner;
use crate::engine::view_owner;
use crate::plan::Step;
use crate::plan::StepStatus;
use crate::store::HARMLESS;
use crate::store::StepResult;
use crate::store::Store;
use crate::store::real_path;
use crate::text::Diagnostic;
use crate::text::ShowPath;
use crate::text::foreign_yaml;
use crate::text::plural;

/// What may lie in a folder of results without the view's memory: written by other verbs.
pub(super) const OTHERS: [&str; 7] = [
    "claims.json",
    "claims.csv",
    "claims.md",
    "claims.tex",
    "claims.values.tex",
    "values.tex",
    "report.html",
];

/// The folders in which a project commits what its paper shows: a clone has nothing else of the results. What differs
/// there from the results is kept under another name, and what is of no step stays.
const COMMITTED: [&str; 2] = ["figures", "tables"];

/// Whether an entry may be in a folder of results that no view remembers.
fn may_be_committed(name: &str) -> bool {
    if HARMLESS.contains(&name) {
        return true;
    }
    let other = name.strip_prefix(".new-").unwrap_or(name);
    let (other, _) = other.split_once(".kept-").unwrap_or((other, ""));
    name == engine::NEW_MEMORY || OTHERS.contains(&other) || COMMITTED.contains(&other)
}

/// Why an experiment may not write its results where it would.
pub(super) fn refused(project: &Project) -> Option<Diagnostic> {
    let view = &project.view;
    let entries = fs::read_dir(view).ok();
    let shown = view.strip_prefix(&project.plan.experiment.root);
    let shown = shown.unwrap_or(view).shown();
    if fs::symlink_metadata(view).is_ok() && !view.is_dir() {
        let title = format!("`{shown}` is not a folder: the results would go there");
        let help = "name another folder by `--outputs`, or give the experiment another name";
        return Some(Diagnostic::error(title).help(help));
    }
    match view_owner(view) {
        ViewOwner::Unmarked => {
            let names = entries.into_iter().flatten().flatten();
            let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
            let first = names.filter(|name| !may_be_committed(name)).min()?;
            let title = format!("`{shown}` is not a folder of results: it holds `{first}`");
            Some(
                Diagnostic::error(title)
                    .help(format!(
                        "the results of `{}` would go there",
                        project.plan.experiment.name
                    ))
                    .help(
                        "name another folder by `--outputs`, or give the experiment another name",
                    ),
            )
        }
        // A link to a manifest is that manifest.
        ViewOwner::Manifest(other)
            if other.is_file() && real_path(&other) != real_path(&project.manifest) =>
        {
            if !names_experiment(&other, &project.plan.experiment.name) {
                return None;
            }
            let title = format!(
                "`{shown}` has the results of another manifest with `experiment: {}`",
                project.plan.experiment.name
            );
            Some(
                Diagnostic::error(title)
                    .help(format!("that is `{}`", other.shown()))
                    .help("give one of them another name, or name another folder by `--outputs`"),
            )
        }
        ViewOwner::Manifest(_) => None,
    }
}

/// A warning of another manifest beside this one that has the same experiment: they would share a folder.
pub(super) fn twin(project: &Project) -> Option<Diagnostic> {
    let own = &project.manifest;
    let name = &project.plan.experiment.name;
    // Where experiments belong; elsewhere there are copies to try something.
    let folder = own
        .parent()
        .filter(|folder| folder.ends_with("manifests"))?;
    let entries = fs::read_dir(folder).ok()?.flatten();
    let mut others: Vec<_> = entries.map(|entry| entry.path()).collect();
    others.sort();
    let other = others.into_iter().find(|path| {
        let ending = path.extension();
        let yaml = ending.is_some_and(|ending| ending == "yaml" || ending == "yml");
        // Only what can be read and says so.
        let line = format!("experiment: {name}");
        let says = |text: String| text.lines().any(|read| read.trim_end() == line);
        yaml && real_path(path) != real_path(own) && fs::read_to_string(path).is_ok_and(says)
    })?;
    let shown = other.strip_prefix(&project.plan.experiment.root);
    let shown = shown.unwrap_or(&other).shown();
    let title = format!("`{shown}` has `experiment: {name}` as well");
    let help = "both would write to one folder, which `run` refuses: give one of them another name";
    Some(Diagnostic::warning(title).help(help))
}

/// Whether a manifest says that it is of this experiment; what cannot be read may be.
fn names_experiment(path: &Path, name: &str) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    let named = foreign_yaml(&text).and_then(|value| {
        let named = value.get("experiment")?.as_str()?;
        Some(named == name)
    });
    named.unwrap_or(true)
}

/// How many files are named that are not the results.
const NAMED: usize = 20;

/// Says which files of a folder of results are not the results any more, and which were added; answers how many of
/// the former. `results`: what steps have now, which a killed run may have shown already.
fn tell_disturbed<'r>(
    view: &Path,
    store: &Store,
    results: impl IntoIterator<Item = (&'r Step, &'r StepResult)>,
    err: &mut Printer,
) -> io::Result<usize> {
    let own = std::process::id();
    let settled = store.writer().is_none_or(|writer| writer.pid == own);
    let Disturbed { changed, added } = engine::disturbed(view, store, settled, results);
    tell(view, &changed, "not the result", err)?;
    if !changed.is_empty() {
        let keeps =
            "the next `sweepline run` that shows them keeps what is there under another name";
        writeln!(err, "  = help: {keeps}")?;
    }
    tell(view, &added, "no result", err)?;
    if !added.is_empty() {
        let leave =
            "runs leave it there; where a result needs its place it is kept under another name";
        writeln!(err, "  = help: {leave}")?;
    }
    Ok(changed.len())
}

/// Says which files of the folder of an experiment's results are not the results, which were added, and which show
/// another result than a step has that is up to date.
pub(super) fn tell_state(
    project: &Project,
    statuses: &[StepStatus],
    store: &Store,
    err: &mut Printer,
) -> io::Result<()> {
    let results = || {
        let steps = project.plan.steps.iter().zip(statuses);
        steps.filter_map(|(step, status)| match status {
            StepStatus::UpToDate { result, .. } => Some((&**step, &**result)),
            _ => None,
        })
    };
    tell_disturbed(&project.view, store, results(), err)?;
    // A run that goes on is about to show them.
    if store.writer().is_some() {
        return Ok(());
    }
    let outdated = engine::outdated(&project.view, store, results());
    let here = std::env::current_dir().unwrap_or_default();
    let view = project.view.strip_prefix(&here).unwrap_or(&project.view);
    let Some(first) = outdated.first() else {
        return Ok(());
    };
    let more = match outdated.len() - 1 {
        0 => "shows".to_owned(),
        more => format!("and {} show", plural(more, "other file")),
    };
    writeln!(
        err,
        "`{}` {more} another result than is up to date: the next `sweepline run` shows that",
        view.join(first).shown()
    )
}

fn tell(view: &Path, files: &[(String, &str)], what: &str, err: &mut Printer) -> io::Result<()> {
    let here = std::env::current_dir().unwrap_or_default();
    let shown = view.strip_prefix(&here).unwrap_or(view);
    for (path, why) in files.iter().take(NAMED) {
        let path = shown.join(path);
        writeln!(err, "`{}` is {what}: {why}", path.shown())?;
    }
    match files.len().saturating_sub(NAMED) {
        0 => Ok(()),
        more => writeln!(err, "and {more} more"),
    }
}

/// The same of every folder of results among the outputs.
pub(super) fn tell_all_disturbed(
    outputs: &Path,
    store: &Store,
    err: &mut Printer,
) -> io::Result<usize> {
    let entries = fs::read_dir(outputs).into_iter().flatten().flatten();
    let mut views: Vec<_> = entries.map(|entry| entry.path()).collect();
    views.sort();
    let mut count = 0;
    for view in views {
        // Of one of another store, that store's results tell.
        if engine::view_shows(&view, store) {
            count += tell_disturbed(&view, store, std::iter::empty(), err)?;
        }
    }
    Ok(count)
}

/// Says what lies in the store that stood in the place of results and that no folder of results shows.
pub(super) fn tell_kept_in_store(store: &Store, err: &mut Printer) -> io::Result<()> {
    let kept = store.damaged();
    let Some(folder) = kept.first().and_then(|path| path.parent()) else {
        return Ok(());
    };
    let here = std::env::current_dir().unwrap_or_default();
    let folder = folder.strip_prefix(&here).unwrap_or(folder).shown();
    let files = plural(kept.len(), "file");
    writeln!(
        err,
        "`{folder}` has {files} that stood in the place of results, and nothing shows them"
    )?;
    writeln!(
        err,
        "  = help: somebody may have written them: look at them, and remove what nobody misses"
    )
}
