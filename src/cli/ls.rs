//! `sweepline ls`: the results of an experiment as one table.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::io::Write;

use serde_json::Value as Json;

use super::args::LsArgs;
use super::args::TableFormat;
use super::columns;
use super::exit::Exit;
use super::filters;
use super::previous_run::PreviousRun;
use super::printer;
use super::printer::Printer;
use super::project::Project;
use super::stop::Stop;
use crate::plan::Filter;
use crate::plan::Plan;
use crate::plan::Selection;
use crate::plan::StepStatus;
use crate::registry::Outputs;
use crate::registry::Value;
use crate::table::Column;
use crate::table::Table;
use crate::table::display;
use crate::text::Diagnostics;
use crate::text::ShowPath;
use crate::text::closest;
use crate::text::in_one_line;
use crate::text::list_of;

/// Prints the metrics of every step that is up to date, a row per cell.
pub(super) fn ls(args: &LsArgs, out: &mut Printer, err: &mut Printer) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    let stages = Selection {
        stages: args.stage.clone(),
        ..Selection::default()
    };
    if let Err(found) = project.plan.select(&stages) {
        return filters::refuse(&found, err);
    }
    let mut table = results(&project, &args.stage)?;
    let nothing = |out: &mut Printer| match args.format {
        TableFormat::Json => writeln!(out, "[]"),
        TableFormat::Csv => writeln!(out, "{}", table.columns[0].name),
        TableFormat::Table | TableFormat::Md => Ok(()),
    };
    if table.rows.is_empty() && !results(&project, &[])?.rows.is_empty() {
        let names: Vec<String> = args.stage.iter().map(|name| format!("`{name}`")).collect();
        let view = project.view.strip_prefix(&project.plan.experiment.root);
        let view = view.unwrap_or(&project.view).shown();
        writeln!(err, "no numbers of {}", names.join(", "))?;
        for name in &args.stage {
            match candidates(&project.plan, name) {
                Some(stages) => writeln!(
                    err,
                    "  = help: `{name}` passes on one of its candidates; their numbers are those of {}",
                    list_of(stages)
                )?,
                None => writeln!(
                    err,
                    "  = help: they are listed of steps that have run; tables and figures are in `{view}`"
                )?,
            }
        }
        nothing(out)?;
        return Ok(Exit::Success);
    }
    if table.rows.is_empty() {
        let previous = PreviousRun::of(&project)?;
        let statuses = previous.left(&project);
        let is_made = |status: &StepStatus| matches!(status, StepStatus::UpToDate { .. });
        if statuses.iter().all(is_made) {
            writeln!(err, "no stage leaves numbers")?;
            writeln!(
                err,
                "  = help: `metrics` of a command names the file that has them"
            )?;
        } else {
            previous.tell_none(&args.experiment.manifest, err)?;
        }
        nothing(out)?;
        return Ok(Exit::Success);
    }
    keep_only(
        &mut table,
        &filters::filters(&args.only, err)?,
        &project.plan,
        err,
    )?;
    for sort in args.sort.iter().rev() {
        sort_by(&mut table, sort, err)?;
    }
    if !args.columns.is_empty() {
        choose(&mut table, &args.columns, err)?;
    }
    if table.rows.is_empty() {
        writeln!(err, "no result is left by the filters")?;
    }
    let text = match args.format {
        TableFormat::Table => columns::aligned(&table, printer::output_width()),
        TableFormat::Csv => table.to_csv(),
        TableFormat::Json => objects(&table),
        TableFormat::Md => markdown(&table),
    };
    write!(out, "{text}")?;
    Ok(Exit::Success)
}

/// One table of all metrics; the first column is the stage: `stage`, or `of_stage` beside an axis or number that
/// is called so.
fn results(project: &Project, stages: &[String]) -> Result<Table, Stop> {
    let previous = PreviousRun::of(project)?;
    let results = previous.results(project);
    let wanted = |name: &&str| stages.is_empty() || stages.iter().any(|wanted| wanted == name);
    let known = results.measuring().filter(wanted);
    // An object that cannot be read is a damaged result, which a run heals.
    let known = known.filter_map(|name| Some((name, results.known_metrics(name).ok()?)));
    let known: Vec<(&str, Table)> = known.collect();
    let mut first = "stage".to_owned();
    while known.iter().any(|(_, rows)| rows.column(&first).is_some()) {
        first.insert_str(0, "of_");
    }
    let mut table = Table {
        columns: vec![Column::axis(&first)],
        rows: Vec::new(),
    };
    for (name, rows) in known {
        append(&mut table, name, rows);
    }
    Ok(table)
}

/// The stages among whose steps one that selects has chosen; none of a stage that makes something of its own.
fn candidates<'p>(plan: &'p Plan, stage: &str) -> Option<BTreeSet<&'p str>> {
    let stage = plan.stages.iter().find(|known| *known.name == *stage)?;
    let mut steps = stage.steps.iter().map(|id| plan.step(*id));
    let (slot, step) = steps.find_map(|step| match step.kind.outputs() {
        Outputs::PassedOn { slot, .. } => Some((slot, step)),
        _ => None,
    })?;
    let inputs = step.inputs.iter().filter(|input| *input.slot == *slot);
    let items = inputs.flat_map(|input| &input.items);
    Some(items.map(|item| &*item.stage).collect())
}

/// What the table of everything has columns of.
pub(super) fn column_names(project: &Project) -> Result<Vec<String>, Stop> {
    let table = results(project, &[])?;
    Ok(table
        .columns
        .into_iter()
        .map(|column| column.name)
        .collect())
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
        let of_row = table.columns[1..].iter().map(|column| {
            let at = rows.column(&column.name);
            at.map_or(Json::Null, |at| row[at].clone())
        });
        let values = [Json::from(stage)].into_iter().chain(of_row).collect();
        table.rows.push(values);
    }
}

/// Keeps the rows where some filter holds. The values of axes are those of the plan, whatever has run of it.
fn keep_only(
    table: &mut Table,
    only: &[Filter],
    plan: &Plan,
    err: &mut Printer,
) -> Result<(), Stop> {
    if only.is_empty() {
        return Ok(());
    }
    let mut found = Diagnostics::new();
    let names: Vec<String> = table.columns.iter().map(|c| c.name.clone()).collect();
    let rows: Vec<Vec<Option<Value>>> = table
        .rows
        .iter()
        .map(|row| row.iter().map(value).collect())
        .collect();
    for term in only.iter().flat_map(Filter::terms) {
        match table.column(&term.name) {
            None => found.push(term.unknown_name(names.iter().map(String::as_str))),
            // A bound that no result reaches is an answer, a value that no axis has is a slip.
            Some(at) if table.columns[at].axis => {
                let planned = plan
                    .steps
                    .iter()
                    .filter_map(|step| step.cell.get(&term.name));
                let values = rows.iter().filter_map(|row| row[at].as_ref());
                let absent = rows.iter().any(|row| row[at].is_none());
                term.unknown_values(values.chain(planned), absent, &mut found);
            }
            Some(_) => {}
        }
    }
    if found.has_errors() {
        return filters::refuse(&found, err);
    }
    let mut rows = rows.into_iter();
    table.rows.retain(|_| {
        let row = rows.next().unwrap_or_default();
        let value = |name: &str| {
            let at = names.iter().position(|known| known == name)?;
            row[at].as_ref()
        };
        only.iter().any(|filter| filter.holds(value))
    });
    Ok(())
}

fn value(json: &Json) -> Option<Value> {
    match json {
        Json::Null => None,
        other => serde_json::from_value(other.clone()).ok(),
    }
}

/// Keeps these columns, in this order.
fn choose(table: &mut Table, names: &[String], err: &mut Printer) -> Result<(), Stop> {
    let mut chosen = Vec::new();
    for name in names {
        chosen.push(column(table, name.trim(), err)?);
    }
    table.columns = chosen.iter().map(|at| table.columns[*at].clone()).collect();
    for row in &mut table.rows {
        *row = chosen.iter().map(|at| row[*at].clone()).collect();
    }
    Ok(())
}

/// Sorts by a column, downwards where the name has a `-` in front; what is missing comes last.
fn sort_by(table: &mut Table, sort: &str, err: &mut Printer) -> Result<(), Stop> {
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

fn column(table: &Table, name: &str, err: &mut Printer) -> Result<usize, Stop> {
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
    Err(Stop::Reported(Exit::Usage))
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
            .map(|column| markdown_cell(&column.name))
            .collect(),
    );
    text += &line(table.columns.iter().map(|_| "---".to_owned()).collect());
    for row in &table.rows {
        text += &line(
            row.iter()
                .map(|value| markdown_cell(&display(value)))
                .collect(),
        );
    }
    text
}

fn markdown_cell(text: &str) -> String {
    in_one_line(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_may_be_called_as_the_first_column_is_elsewhere() {
        let mut table = Table {
            columns: vec![Column::axis("of_stage")],
            rows: Vec::new(),
        };
        let rows = Table::from_csv("stage,loss\nearly,5\nlate,4\n", &["stage"]).unwrap();
        append(&mut table, "fit", rows);
        assert_eq!(
            table.to_csv(),
            "of_stage,stage,loss\nfit,early,5\nfit,late,4\n"
        );
    }
}
