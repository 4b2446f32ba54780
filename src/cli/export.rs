//! `sweepline export`: metrics and curves for other programs.

use std::fs;
use std::io;
use std::io::Write;

use serde_json::Value as Json;

use super::args::ExportArgs;
use super::args::ExportFormat;
use super::exit::Exit;
use super::exported::Exported;
use super::previous_run::PreviousRun;
use super::printer::Printer;
use super::project::Project;
use super::stop::Stop;
use super::written::make_folder;
use super::written::replace_file;
use crate::export;
use crate::export::File;
use crate::export::Log;
use crate::export::Logged;
use crate::export::Provenance;
use crate::manifest::Grid;
use crate::plan::Cell;
use crate::plan::Step;
use crate::registry::ArtifactType;
use crate::registry::Value;
use crate::stages::Results;
use crate::store::Digest;
use crate::store::PastRun;
use crate::table::Table;
use crate::text::Diagnostic;
use crate::text::ShowPath;
use crate::text::plural;

/// Writes what was measured in the form of another program. Runs nothing.
pub(super) fn export(args: &ExportArgs, err: &mut Printer) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    let previous = PreviousRun::of(&project)?;
    let results = previous.results(&project);
    let files = match args.to {
        ExportFormat::Csv => tables(&results, "csv", |_, table| Ok(table.to_csv().into_bytes()))?,
        ExportFormat::Arrow => {
            let provenance = provenance(&project, &results)?;
            tables(&results, "arrow", |stage, table| {
                let mut provenance = provenance.clone();
                provenance.push(("sweepline.stage".to_owned(), stage.to_owned()));
                export::to_arrow(table, &provenance).map_err(io::Error::other)
            })?
        }
        ExportFormat::Tensorboard => export::to_tensorboard(&log(&project, &results)?),
        ExportFormat::Mlflow => {
            let root = std::path::absolute(&args.dir)?;
            match log(&project, &results)? {
                log if log.cells.is_empty() => Vec::new(),
                log => export::to_mlflow(&log, &root.to_string_lossy()),
            }
        }
    };
    if files.is_empty() {
        let manifest = args.experiment.manifest.shown();
        writeln!(err, "nothing was measured yet")?;
        writeln!(err, "  = help: `sweepline run {manifest}` measures")?;
        return Ok(Exit::Failed);
    }
    let mut exported = Exported::of(&args.dir, args.to, &project.name());
    if let Some(first) = files
        .iter()
        .find(|file| !args.force && exported.is_foreign(file))
    {
        let path = args.dir.join(&first.0);
        writeln!(
            err,
            "error: `{}` is there, and no export of this experiment wrote it",
            path.shown()
        )?;
        writeln!(
            err,
            "  = help: name another folder, or say `--force` to overwrite it"
        )?;
        return Ok(Exit::Usage);
    }
    make_folder(&args.dir)?;
    exported.note(&files)?;
    for (path, bytes) in &files {
        let folder = path.ends_with('/');
        let path = args.dir.join(path);
        if folder {
            make_folder(&path)?;
            continue;
        }
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        replace_file(&path, bytes)?;
    }
    for kept in exported.remove_rest(&files)? {
        let path = args.dir.join(kept);
        let title = format!(
            "`{}` is of an earlier export, and others have written there",
            path.shown()
        );
        err.diagnostic(&Diagnostic::warning(title).help("it stays, and is shown beside these"))?;
    }
    let written = files.iter().filter(|(path, _)| !path.ends_with('/'));
    let count = plural(written.count(), "file");
    writeln!(err, "{count} in {}", args.dir.shown())?;
    let dir = args.dir.shown();
    match args.to {
        ExportFormat::Tensorboard => writeln!(err, "  `tensorboard --logdir {dir}` shows them")?,
        ExportFormat::Mlflow => {
            let target = "sqlite:///mlflow.db";
            writeln!(
                err,
                "  `mlflow migrate-filestore --source {dir} --target {target} && mlflow ui --backend-store-uri {target}` \
                 shows them; before MLflow 3.17 also `mlflow ui --backend-store-uri {dir}`"
            )?;
        }
        ExportFormat::Csv | ExportFormat::Arrow => {}
    }
    Ok(Exit::Success)
}

/// Two tables per stage where it leaves both: its numbers by cell, and its curves.
fn tables(
    results: &Results<'_>,
    ending: &str,
    form: impl Fn(&str, &Table) -> io::Result<Vec<u8>>,
) -> Result<Vec<File>, Stop> {
    let mut files = Vec::new();
    for stage in results.measuring() {
        let table = results.known_metrics(stage).map_err(io::Error::other)?;
        if !table.rows.is_empty() {
            files.push((format!("{stage}.{ending}"), form(stage, &table)?));
        }
    }
    for stage in &results.plan.stages {
        let table = results
            .known_curves(&stage.name)
            .map_err(io::Error::other)?;
        if !table.rows.is_empty() {
            files.push((
                format!("{}.curves.{ending}", stage.name),
                form(&stage.name, &table)?,
            ));
        }
    }
    Ok(files)
}

/// The last run of the experiment.
fn last_run(project: &Project, results: &Results<'_>) -> Result<Option<PastRun>, Stop> {
    let runs = match results.store {
        Some(store) => store.runs(usize::from(u16::MAX))?,
        None => Vec::new(),
    };
    let name = project.name();
    Ok(runs.into_iter().find(|run| run.experiment == name))
}

/// Where the tables come from, as far as the same results say the same.
fn provenance(project: &Project, results: &Results<'_>) -> Result<Provenance, Stop> {
    let mut known = vec![
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("experiment", project.title()),
        ("command", format!("sweepline run {}", project.asked)),
    ];
    if let Some(run) = last_run(project, results)? {
        known.push(("run", run.run));
    }
    let root = &project.plan.experiment.root;
    let mut files = serde_json::Map::new();
    for path in project.plan.experiment.files() {
        if let Ok(bytes) = fs::read(root.join(&path)) {
            let digest = Digest::of(&bytes).to_hex();
            files.insert(path.to_string_lossy().into_owned(), digest.into());
        }
    }
    known.push(("files", serde_json::Value::Object(files).to_string()));
    let known = known.into_iter();
    Ok(known
        .map(|(name, text)| (format!("sweepline.{name}"), text))
        .collect())
}

/// Everything that was measured, cell by cell: curves first, then numbers at their ends.
fn log(project: &Project, results: &Results<'_>) -> Result<Log, Stop> {
    let last = last_run(project, results)?;
    let mut log = Log {
        experiment: project.title(),
        time: last.map_or(0.0, |run| run.started.floor()),
        cells: Vec::new(),
    };
    for (step, output) in results.outputs(ArtifactType::Curve) {
        let curve = results.curve(step, &output).map_err(io::Error::other)?;
        if let Some(curve) = curve {
            let cell = logged(&mut log, step, (project, results));
            cell.curve(&step.stage, &curve);
        }
    }
    for stage in results.measuring() {
        for step in results.steps(stage) {
            let numbers = results.numbers(step).map_err(io::Error::other)?;
            let Some(numbers) = numbers else {
                continue;
            };
            let cell = logged(&mut log, step, (project, results));
            let points = cell.series.iter().flat_map(|series| &series.points);
            let end = points.map(|(step, _)| *step).max().unwrap_or(0);
            for (name, value) in numbers {
                if let Some(value) = value.as_f64() {
                    // A curve keeps its own last point.
                    let mut name = format!("{stage}/{name}");
                    while cell.series.iter().any(|known| known.name == name) {
                        name.push_str(".final");
                    }
                    cell.series(&name).points.push((end, value));
                }
            }
        }
    }
    Ok(log)
}

/// The entry of a step's cell, which is new or known from another stage; with the step's parameters, and whether what it
/// left diverged.
fn logged<'l>(
    log: &'l mut Log,
    step: &Step,
    (project, results): (&Project, &Results<'_>),
) -> &'l mut Logged {
    let cell = &step.cell;
    let name = match cell.to_string() {
        name if name.is_empty() => "all".to_owned(),
        name => name,
    };
    let at = match log.cells.iter().position(|known| known.name == name) {
        Some(at) => at,
        None => {
            let values = cell.iter();
            let values = values.map(|(axis, value)| {
                let value = serde_json::to_value(value);
                (axis.to_owned(), value.unwrap_or_default())
            });
            log.cells.push(Logged {
                name,
                at: values.collect(),
                params: params(cell, &project.plan.experiment.grid),
                of_steps: Vec::new(),
                diverged: None,
                series: Vec::new(),
            });
            log.cells.len() - 1
        }
    };
    let logged = &mut log.cells[at];
    let diverged = results
        .result(step.id)
        .and_then(|result| result.diverged.as_ref());
    if let (None, Some(how)) = (&logged.diverged, diverged) {
        logged.diverged = Some(format!("{}: {how}", step.stage));
    }
    for (name, value) in step.params.iter() {
        let name = format!("{}/{name}", step.stage);
        if *value != Value::Null && !logged.of_steps.iter().any(|(known, _)| *known == name) {
            let value = serde_json::to_value(value).unwrap_or_default();
            logged.of_steps.push((name, value));
        }
    }
    logged
}

/// The parameters of the experiment that are no axes and have one value in a cell, however many points of the
/// grid it stands for.
fn params(cell: &Cell, grid: &Grid) -> Vec<(String, Json)> {
    let columns = grid.columns();
    let same = |point: &usize| {
        let mut coordinates = cell.iter();
        coordinates.all(|(axis, value)| grid.value(*point, axis) == Some(value))
    };
    let points: Vec<usize> = (0..grid.len()).filter(same).collect();
    let known = columns.iter().filter(|column| !column.axis);
    let known = known.filter_map(|column| {
        let mut values = points.iter().map(|point| grid.value(*point, &column.name));
        let value = values.next()??;
        let value = values.all(|other| other == Some(value)).then_some(value)?;
        let value = serde_json::to_value(value).ok()?;
        Some((column.name.to_string(), value))
    });
    known.collect()
}
