//! `sweepline ls`: the results of an experiment as one table.

use std::cmp::Ordering;
use std::io::Write;

use serde_json::Value as Json;

use super::args::LsArgs;
use super::args::TableFormat;
use super::columns;
use super::exit::Exit;
use super::inspect;
use super::project::Project;
use super::project::Stop;
use crate::table::Column;
use crate::table::Table;
use crate::table::display;
use crate::text::closest;

/// Prints the metrics of every step that is up to date, a row per cell.
pub fn ls(args: &LsArgs, out: &mut impl Write, err: &mut impl Write) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    let mut table = results(&project, args.stage.as_deref())?;
    if table.rows.is_empty() {
        writeln!(err, "no results yet")?;
        let manifest = args.experiment.manifest.display();
        writeln!(err, "  = help: `sweepline run {manifest}` makes them")?;
        return Ok(Exit::Success);
    }
    if let Some(only) = &args.only {
        keep_only(&mut table, only, err)?;
    }
    if let Some(sort) = &args.sort {
        sort_by(&mut table, sort, err)?;
    }
    let text = match args.format {
        TableFormat::Text => columns::aligned(&table),
        TableFormat::Csv => table.to_csv(),
        TableFormat::Json => objects(&table),
        TableFormat::Md => markdown(&table),
    };
    write!(out, "{text}")?;
    Ok(Exit::Success)
}

/// One table of all metrics; the first column is the stage.
fn results(project: &Project, stage: Option<&str>) -> Result<Table, Stop> {
    let store = project.read_store()?;
    let results = inspect::results(project, store.as_ref())?;
    let mut table = Table {
        columns: vec![Column::axis("stage")],
        rows: Vec::new(),
    };
    for name in results.measuring() {
        if stage.is_some_and(|wanted| wanted != name) {
            continue;
        }
        // An object that cannot be read is a damaged result, which a run heals.
        if let Ok(of_stage) = results.known_metrics(name) {
            append(&mut table, name, of_stage);
        }
    }
    Ok(table)
}

/// Adds the rows of a stage; columns are united by name.
fn append(table: &mut Table, stage: &str, rows: Table) {
    for column in &rows.columns {
        if table.column(&column.name).is_none() {
            // Axes stand before numbers.
            let at = match column.axis {
                true => table.columns.iter().filter(|column| column.axis).count(),
                false => table.columns.len(),
            };
            table.columns.insert(at, column.clone());
            for row in &mut table.rows {
                row.insert(at, Json::Null);
            }
        }
    }
    for row in &rows.rows {
        let value = |column: &Column| match column.name.as_str() {
            "stage" => Json::from(stage),
            name => rows.column(name).map_or(Json::Null, |at| row[at].clone()),
        };
        table.rows.push(table.columns.iter().map(value).collect());
    }
}

/// Keeps the rows with these coordinates: `latent=8,seed=0`.
fn keep_only(table: &mut Table, only: &str, err: &mut impl Write) -> Result<(), Stop> {
    for pair in only.split(',') {
        let Some((axis, value)) = pair.split_once('=') else {
            writeln!(
                err,
                "error: `--only {pair}` has no `=`\n  = help: write `--only latent=8`"
            )?;
            return Err(Stop::Said(Exit::Usage));
        };
        let at = column(table, axis.trim(), err)?;
        table.rows.retain(|row| display(&row[at]) == value.trim());
    }
    Ok(())
}

/// Sorts by a column, downwards where the name has a `-` in front; what is missing comes last.
fn sort_by(table: &mut Table, sort: &str, err: &mut impl Write) -> Result<(), Stop> {
    let (name, down) = match sort.strip_prefix('-') {
        Some(name) => (name, true),
        None => (sort, false),
    };
    let at = column(table, name, err)?;
    table
        .rows
        .sort_by(|a, b| match (a[at].as_f64(), b[at].as_f64()) {
            (Some(a), Some(b)) if down => b.total_cmp(&a),
            (Some(a), Some(b)) => a.total_cmp(&b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => {
                let order = display(&a[at]).cmp(&display(&b[at]));
                if down { order.reverse() } else { order }
            }
        });
    Ok(())
}

fn column(table: &Table, name: &str, err: &mut impl Write) -> Result<usize, Stop> {
    if let Some(at) = table.column(name) {
        return Ok(at);
    }
    writeln!(err, "error: the results have no column `{name}`")?;
    let known = table.columns.iter().map(|column| column.name.as_str());
    match closest(name, known.clone()) {
        Some(meant) => writeln!(err, "  = help: did you mean `{meant}`?")?,
        None => writeln!(
            err,
            "  = help: they have {}",
            known.collect::<Vec<_>>().join(", ")
        )?,
    }
    Err(Stop::Said(Exit::Usage))
}

/// A JSON array of one object per row.
fn objects(table: &Table) -> String {
    let rows = table.rows.iter().map(|row| {
        let names = table.columns.iter().map(|column| column.name.clone());
        names
            .zip(row.iter().cloned())
            .collect::<serde_json::Map<_, _>>()
    });
    let rows: Vec<_> = rows.collect();
    let text = serde_json::to_string_pretty(&rows);
    text.expect("rows of plain values are JSON") + "\n"
}

fn markdown(table: &Table) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(
        table
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect(),
    );
    text += &line(table.columns.iter().map(|_| "---".to_owned()).collect());
    for row in &table.rows {
        text += &line(
            row.iter()
                .map(|value| display(value).replace('|', "\\|"))
                .collect(),
        );
    }
    text
}
