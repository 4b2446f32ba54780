//! `sweepline export`: metrics and curves for other programs.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;

use super::args::ExportArgs;
use super::args::ExportFormat;
use super::exit::Exit;
use super::previous_run::PreviousRun;
use super::printer::Printer;
use super::project::Project;
use super::stop::Stop;
use crate::export;
use crate::export::File;
use crate::export::Log;
use crate::export::Logged;
use crate::plan::Cell;
use crate::registry::ArtifactType;
use crate::stages::Results;
use crate::store::Digest;
use crate::table::Table;
use crate::text::plural;

/// Columns of a curve that say where on it a row stands, the best first.
const POSITIONS: [&str; 2] = ["iteration", "epoch"];

/// Writes what was measured in the form of another program. Runs nothing.
pub(super) fn export(args: &ExportArgs, err: &mut Printer) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    let previous = PreviousRun::of(&project)?;
    let results = previous.results(&project);
    let files = match args.to {
        ExportFormat::Csv => tables(&results, "csv", |table| Ok(table.to_csv().into_bytes()))?,
        ExportFormat::Arrow => tables(&results, "arrow", |table| {
            export::to_arrow(table).map_err(io::Error::other)
        })?,
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
        let manifest = args.experiment.manifest.display();
        writeln!(err, "nothing was measured yet")?;
        writeln!(err, "  = help: `sweepline run {manifest}` measures")?;
        return Ok(Exit::Failed);
    }
    let mut memory = exported(&args.dir);
    if let Some(first) = files
        .iter()
        .find(|file| !args.force && foreign(&args.dir, file, &memory))
    {
        let path = args.dir.join(&first.0);
        writeln!(
            err,
            "error: `{}` is there, and no export wrote it",
            path.display()
        )?;
        writeln!(
            err,
            "  = help: name another folder, or say `--force` to overwrite it"
        )?;
        return Ok(Exit::Usage);
    }
    for (path, bytes) in &files {
        if !path.ends_with('/') {
            memory.insert(path.clone(), Digest::of(bytes).to_hex());
        }
    }
    fs::create_dir_all(&args.dir)?;
    // Before the files: what an export that dies has written is known to be its.
    fs::write(
        args.dir.join(MEMORY),
        serde_json::to_string(&memory).map_err(io::Error::other)?,
    )?;
    for (path, bytes) in &files {
        let folder = path.ends_with('/');
        let path = args.dir.join(path);
        if folder {
            fs::create_dir_all(&path)?;
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, bytes)?;
    }
    remove_older(&args.dir, &files, &memory)?;
    let written = files.iter().filter(|(path, _)| !path.ends_with('/'));
    let count = plural(written.count(), "file");
    writeln!(err, "{count} in {}", args.dir.display())?;
    let dir = args.dir.display();
    match args.to {
        ExportFormat::Tensorboard => writeln!(err, "  `tensorboard --logdir {dir}` shows them")?,
        ExportFormat::Mlflow => {
            writeln!(
                err,
                "  `mlflow ui --backend-store-uri {dir}` shows them; where it takes no files any more, \
                 `mlflow migrate-filestore --source {dir} --target sqlite:///mlflow.db` comes first, \
                 and the database is shown"
            )?;
        }
        ExportFormat::Csv | ExportFormat::Arrow => {}
    }
    Ok(Exit::Success)
}

/// What exports wrote into a folder: path below it → digest.
const MEMORY: &str = ".sweepline-export";

fn exported(dir: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(dir.join(MEMORY)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Removes the event files of earlier exports beside new ones, which versions before had other names for:
/// TensorBoard would show their curves as well.
fn remove_older(dir: &Path, files: &[File], memory: &BTreeMap<String, String>) -> io::Result<()> {
    let folder_of = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let is_event =
        |path: &str| path.contains("/events.out.tfevents.") && path.ends_with(".sweepline");
    let new: Vec<&str> = files
        .iter()
        .map(|(path, _)| path.as_str())
        .filter(|path| is_event(path))
        .collect();
    let folders: BTreeSet<Option<String>> = new.iter().map(|path| folder_of(path)).collect();
    for (path, digest) in memory.iter().filter(|(path, _)| is_event(path)) {
        let full = dir.join(path);
        let older = !new.contains(&path.as_str()) && folders.contains(&folder_of(path));
        if older && fs::read(&full).is_ok_and(|there| Digest::of(&there).to_hex() == *digest) {
            fs::remove_file(full)?;
        }
    }
    Ok(())
}

/// Whether a file is there that no export wrote, or that was changed since, and that is other than
/// what is to be written.
fn foreign(dir: &Path, (path, bytes): &File, memory: &BTreeMap<String, String>) -> bool {
    let full = dir.join(path);
    let Ok(about) = fs::symlink_metadata(&full) else {
        return false;
    };
    if path.ends_with('/') {
        return !full.is_dir();
    }
    let there = match about.is_file() {
        true => fs::read(&full).ok(),
        false => None,
    };
    there.is_none_or(|there| {
        there != *bytes && memory.get(path) != Some(&Digest::of(&there).to_hex())
    })
}

/// Two tables per stage where it leaves both: its numbers by cell, and its curves.
fn tables(
    results: &Results<'_>,
    ending: &str,
    form: impl Fn(&Table) -> io::Result<Vec<u8>>,
) -> Result<Vec<File>, Stop> {
    let mut files = Vec::new();
    for stage in results.measuring() {
        let table = results.known_metrics(stage).map_err(io::Error::other)?;
        if !table.rows.is_empty() {
            files.push((format!("{stage}.{ending}"), form(&table)?));
        }
    }
    for stage in &results.plan.stages {
        let table = results
            .known_curves(&stage.name)
            .map_err(io::Error::other)?;
        if !table.rows.is_empty() {
            files.push((format!("{}.curves.{ending}", stage.name), form(&table)?));
        }
    }
    Ok(files)
}

/// Everything that was measured, cell by cell: curves first, then numbers at their ends.
fn log(project: &Project, results: &Results<'_>) -> Result<Log, Stop> {
    let runs = match results.store {
        Some(store) => store.runs(usize::from(u16::MAX))?,
        None => Vec::new(),
    };
    let name = project.name();
    let last = runs.into_iter().find(|run| run.experiment == name);
    let mut log = Log {
        experiment: name,
        time: last.map_or(0.0, |run| run.started.floor()),
        cells: Vec::new(),
    };
    for (step, output) in results.outputs(ArtifactType::Curve) {
        let curve = results.curve(step, &output).map_err(io::Error::other)?;
        if let Some(curve) = curve {
            take_curve(logged(&mut log, &step.cell), &step.stage, &curve);
        }
    }
    for stage in results.measuring() {
        for step in results.steps(stage) {
            let numbers = results.numbers(step).map_err(io::Error::other)?;
            let Some(numbers) = numbers else {
                continue;
            };
            let cell = logged(&mut log, &step.cell);
            let points = cell.series.iter().flat_map(|series| &series.points);
            let end = points.map(|(step, _)| *step).max().unwrap_or(0);
            for (name, value) in numbers {
                if let Some(value) = value.as_f64() {
                    let series = cell.series(&format!("{stage}/{name}"));
                    series.points.retain(|(step, _)| *step != end);
                    series.points.push((end, value));
                }
            }
        }
    }
    Ok(log)
}

/// The entry of a cell, which is new or known from another stage.
fn logged<'l>(log: &'l mut Log, cell: &Cell) -> &'l mut Logged {
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
                series: Vec::new(),
            });
            log.cells.len() - 1
        }
    };
    &mut log.cells[at]
}

fn take_curve(cell: &mut Logged, stage: &str, curve: &Table) {
    let position = POSITIONS.iter().find_map(|name| curve.column(name));
    for (at, column) in curve.columns.iter().enumerate() {
        if POSITIONS.contains(&column.name.as_str()) {
            continue;
        }
        let series = cell.series(&format!("{stage}/{}", column.name));
        for row in 0..curve.rows.len() {
            let step = match position {
                Some(position) => curve.number(row, position),
                None => Some(row as f64),
            };
            if let (Some(step), Some(value)) = (step, curve.number(row, at)) {
                series.points.push((step as i64, value));
            }
        }
    }
}
