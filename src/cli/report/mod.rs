//! `sweepline report`: everything that an experiment left, as one page.
//!
//! The page is a fold of the plan, the records of the store and the events of the last run that
//! did anything; [`crate::report`] writes it down.

mod compared;
mod content;
mod made;
mod origin;
mod past;
mod steps;

use std::fs;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use super::accept;
use super::args::ReportArgs;
use super::claims;
use super::exit::Exit;
use super::kept;
use super::previous_run::PreviousRun;
use super::printer::Printer;
use super::project::Project;
use super::stop::Stop;
use super::written::make_folder;
use super::written::write_file;
use crate::plan::StepId;
use crate::report;
use crate::report::AcceptedResult;
use crate::report::Edge;
use crate::report::Report;
use crate::report::Stage;
use crate::stages::Results;
use crate::text::ShowPath;
use crate::text::plural;
use made::Beside;
use past::Past;
pub(super) use past::date;

/// Writes the page over the results that are there. Runs nothing.
pub(super) fn report(args: &ReportArgs, err: &mut Printer) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    let previous = PreviousRun::of(&project)?;
    let results = previous.results(&project);
    let known = results.by_step.iter().flatten().count();
    if known == 0 {
        previous.tell_none(&args.experiment.manifest, err)?;
        return Ok(Exit::Failed);
    }
    let missing = project.plan.steps.len() - known;
    if missing > 0 {
        let steps = plural(missing, "step");
        writeln!(err, "{steps} without a result: the report says which")?;
    }
    if let Some(path) = &args.out
        && !args.force
        && foreign(path)
    {
        return refuse(path, err);
    }
    let path = args.out.clone();
    if path.is_none() && !args.force {
        let page = project.view.join("report.html");
        if foreign(&page) {
            return refuse(&page, err);
        }
    }
    write(&project, &results, path, err)?;
    Ok(Exit::Success)
}

/// Writes the page, by default as `report.html` beside the results, and says where.
pub(super) fn write(
    project: &Project,
    results: &Results<'_>,
    path: Option<PathBuf>,
    err: &mut Printer,
) -> Result<(), Stop> {
    let path = path.unwrap_or_else(|| project.view.join("report.html"));
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let page = report::render(&gather(project, results, &path)?);
    let plain = fs::symlink_metadata(&path).is_ok_and(|about| about.is_file());
    if plain && fs::read(&path).is_ok_and(|page| report::is_edited(&page)) {
        kept::keep(&path, err)?;
    }
    write_file(&path, page)?;
    let shown = path.strip_prefix(&project.plan.experiment.root);
    writeln!(err, "report in {}", shown.unwrap_or(&path).shown())?;
    Ok(())
}

/// The page for a server that tells where the run stands; `results`: how many it has.
pub(super) fn live(project: &Project, results: &Results<'_>, count: usize) -> Result<String, Stop> {
    // As if it lay beside the results: the server has their files under the same names.
    let page = project.view.join("report.html");
    Ok(report::render_live(
        &gather(project, results, &page)?,
        count,
    ))
}

/// Whether the page of a run would take the place of a file that no report wrote; says so.
pub(super) fn refused(project: &Project, err: &mut Printer) -> Result<bool, Stop> {
    let page = project.view.join("report.html");
    let refused = foreign(&page);
    if refused {
        refuse(&page, err)?;
    }
    Ok(refused)
}

/// Whether a file is there that no report wrote.
fn foreign(path: &Path) -> bool {
    let Ok(about) = fs::metadata(path) else {
        return path.is_symlink();
    };
    if !about.is_file() {
        // A pipe or a device takes what it is given.
        return about.is_dir();
    }
    let mut start = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(4096).read_to_end(&mut start));
    read.is_err() || !String::from_utf8_lossy(&start).contains(report::MARK)
}

fn refuse(path: &Path, err: &mut Printer) -> Result<Exit, Stop> {
    let path = path.shown();
    writeln!(err, "error: `{path}` is there, and no report wrote it")?;
    writeln!(
        err,
        "  = help: name another file, or say `--force` to overwrite it"
    )?;
    Ok(Exit::Usage)
}

fn gather(project: &Project, results: &Results<'_>, page: &Path) -> Result<Report, Stop> {
    let plan = &project.plan;
    let past = match results.store {
        Some(store) => Past::read(store, &project.name())?,
        None => Past::default(),
    };
    let keys = match results.store {
        Some(store) => store.keys_of(&project.name())?,
        None => Default::default(),
    };
    let runs = match results.store {
        Some(store) => compared::runs(store, &project.name())?,
        None => Default::default(),
    };
    let accepted = accepted(project, results)?;
    let shown = content::Shown {
        project,
        results,
        accepted: &accepted,
        beside: Beside::of(project, page),
        keys: &keys,
    };
    let stages = plan.stages.iter().map(|stage| Stage {
        name: stage.name.to_string(),
        kind: stage.kinds.join(", "),
        axes: stage.axes.iter().map(ToString::to_string).collect(),
        steps: stage.steps.len(),
    });
    let edges = plan.stages.iter().flat_map(|stage| {
        let mut from: Vec<&str> = stage.reads.iter().map(|(from, _)| &**from).collect();
        from.sort_unstable();
        from.dedup();
        let edge = |from: &str| Edge {
            from: from.to_owned(),
            to: stage.name.to_string(),
        };
        from.into_iter().map(edge).collect::<Vec<_>>()
    });
    Ok(Report {
        title: plan.experiment.title.clone().unwrap_or_default(),
        experiment: project.title(),
        summary: {
            let lines = project.trials_line().into_iter().chain(project.best_line());
            lines.collect::<Vec<_>>().join("; ")
        },
        claims: match plan.experiment.claims.is_empty() {
            true => Vec::new(),
            false => claims::judged(&project.view, results).0.claims,
        },
        figures: content::figures(&shown)?,
        tables: content::tables(&shown)?,
        stages: stages.collect(),
        edges: edges.collect(),
        steps: steps::steps(results, &past, &keys),
        failures: steps::failures(results, &past),
        diverged: steps::diverged(results),
        accepted: {
            let accepted = accepted.into_iter().map(|(id, how)| AcceptedResult {
                step: plan.step(id).to_string(),
                how,
            });
            accepted.collect()
        },
        run: past.last_run(),
        runs,
        provenance: origin::provenance(project, results, &past),
    })
}

/// The results that somebody accepted. Nearly always there are none, and then no step is looked at.
fn accepted(project: &Project, results: &Results<'_>) -> Result<Vec<(StepId, String)>, Stop> {
    match results.store {
        Some(store) if store.any_accepted()? => {
            let previous = PreviousRun::of(project)?;
            let statuses = previous.statuses(project);
            accept::all(project, Some(store), &statuses)
        }
        _ => Ok(Vec::new()),
    }
}
