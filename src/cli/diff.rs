//! `sweepline diff`: which parts of the keys and which metrics differ, of two cells or two runs.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::io::Write;
use std::sync::Arc;

use serde_json::Value as Json;
use serde_json::json;

use super::JSON_VERSION;
use super::args::DiffArgs;
use super::columns;
use super::exit::Exit;
use super::previous_run::PreviousRun;
use super::printer;
use super::printer::Printer;
use super::project::Project;
use super::run_state::stage_of;
use super::runs;
use super::runs::Left;
use super::show::metrics;
use super::step_status::change_lines;
use super::stop::Stop;
use crate::plan::Change;
use crate::plan::History;
use crate::plan::StepStatus;
use crate::plan::changes;
use crate::store::Digest;
use crate::store::KeyParts;
use crate::store::Store;
use crate::table::Column;
use crate::table::Table;
use crate::text::ShowPath;
use crate::text::in_one_line;
use crate::text::plural;

/// More rows of metrics than this are counted; `--json` has all.
const ROWS: usize = 40;

/// How many steps of a group are named.
const NAMED: usize = 3;

/// Compares two steps, or two runs.
pub(super) fn diff(args: &DiffArgs, out: &mut Printer, err: &mut Printer) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    let previous = PreviousRun::of(&project)?;
    let Some(store) = &previous.store else {
        writeln!(
            err,
            "error: nothing was run yet, so there is nothing to compare"
        )?;
        return Err(Stop::Reported(Exit::Usage));
    };
    let named = [args.first.as_str(), args.second.as_str()];
    let is_step = |name: &str| {
        project
            .plan
            .steps
            .iter()
            .any(|step| step.to_string() == name)
    };
    let steps = named.map(is_step);
    let is_run = |name| runs::names_a_run(store, name);
    let known = [is_run(named[0])?, is_run(named[1])?];
    // What is both is what the other is: a step, where that is both as well.
    let are_steps = steps == [true; 2];
    let are_runs = known == [true; 2] && !are_steps;
    // One that is neither is told as what the other is.
    let unknown = steps == [false; 2] && known != [false; 2];
    if let ([true, false], [false, true]) | ([false, true], [true, false]) = (steps, known) {
        let step = usize::from(steps[1]);
        writeln!(
            err,
            "error: `{}` is a step, and `{}` is a run",
            named[step],
            named[1 - step]
        )?;
        writeln!(err, "  = help: two steps are compared, or two runs")?;
        return Err(Stop::Reported(Exit::Usage));
    }
    if are_runs || unknown {
        let name = project.name();
        let first = runs::find(store, Some(&name), named[0], err)?.run;
        let second = runs::find(store, Some(&name), named[1], err)?.run;
        let differences = of_runs(store, &first, &second)?;
        match args.json {
            true => writeln!(out, "{}", differences.json())?,
            false => differences.print(out)?,
        }
        return Ok(Exit::Success);
    }
    let statuses = previous.statuses(&project);
    let mut sides = Vec::new();
    for name in named {
        let step = project.step(name, err)?;
        let (parts, result) = match &statuses[step.id.index()] {
            StepStatus::UpToDate { key, result } => {
                let parts = store.parts(*key)?.unwrap_or_default();
                (Some(parts), Some(Arc::clone(result)))
            }
            _ => (previous.last(name), None),
        };
        let Some(parts) = parts else {
            writeln!(err, "error: `{name}` has not run yet")?;
            let manifest = args.experiment.manifest.shown();
            writeln!(err, "  = help: `sweepline run {manifest}` makes it")?;
            return Err(Stop::Reported(Exit::Usage));
        };
        if result.is_none() {
            writeln!(err, "`{name}` is not up to date: its last key is compared")?;
        }
        let metrics = result.and_then(|result| metrics(store, &result));
        sides.push((parts, metrics.unwrap_or_default()));
    }
    let [(old, was), (new, is)] = &sides[..] else {
        unreachable!("BUG: two names make two sides");
    };
    let changed = changes(old, new);
    let rows = compared(named[1], was, is);
    if args.json {
        let metrics = rows.iter().map(Row::json).collect::<Vec<_>>();
        let differences = json!({
            "version": JSON_VERSION, "first": named[0], "second": named[1],
            "changes": changed, "metrics": metrics,
        });
        writeln!(out, "{differences}")?;
        return Ok(Exit::Success);
    }
    writeln!(out, "{} → {}", named[0], named[1])?;
    for change in &changed {
        writeln!(out, "  {}", change.in_full())?;
    }
    let same = old
        .iter()
        .filter(|(name, value)| new.get(*name) == Some(*value));
    writeln!(
        out,
        "  {} of the keys the same",
        plural(same.count(), "part")
    )?;
    print_rows(&rows, false, out)?;
    Ok(Exit::Success)
}

/// A number of two sides that differs.
struct Row {
    step: String,
    metric: String,
    first: Json,
    second: Json,
}

impl Row {
    fn difference(&self) -> Json {
        match (self.first.as_f64(), self.second.as_f64()) {
            (Some(first), Some(second)) => json!(second - first),
            _ => Json::Null,
        }
    }

    fn json(&self) -> Json {
        json!({
            "step": self.step, "metric": self.metric, "first": self.first,
            "second": self.second, "difference": self.difference(),
        })
    }
}

/// The numbers that differ between two sets; those of one side alone are null on the other.
fn compared(step: &str, was: &[(String, Json)], is: &[(String, Json)]) -> Vec<Row> {
    let value = |side: &[(String, Json)], name: &str| {
        let found = side.iter().find(|(known, _)| known == name);
        found.map_or(Json::Null, |(_, value)| value.clone())
    };
    let mut names: Vec<&str> = was.iter().map(|(name, _)| name.as_str()).collect();
    for (name, _) in is {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let rows = names.into_iter().map(|name| Row {
        step: step.to_owned(),
        metric: name.to_owned(),
        first: value(was, name),
        second: value(is, name),
    });
    rows.filter(|row| row.first != row.second).collect()
}

fn print_rows(rows: &[Row], steps: bool, out: &mut Printer) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut columns = vec![Column::axis("metric")];
    if steps {
        columns.insert(0, Column::axis("step"));
    }
    for name in ["first", "second", "difference"] {
        columns.push(Column::metric(name, "", None));
    }
    let row = |row: &Row| {
        let mut cells = vec![Json::from(row.metric.as_str())];
        if steps {
            cells.insert(0, Json::from(row.step.as_str()));
        }
        cells.extend([row.first.clone(), row.second.clone(), row.difference()]);
        cells
    };
    let table = Table {
        columns,
        rows: rows.iter().take(ROWS).map(row).collect(),
    };
    write!(
        out,
        "\n{}",
        columns::aligned(&table, printer::output_width())
    )?;
    match rows.len().saturating_sub(ROWS) {
        0 => Ok(()),
        n => writeln!(out, "and {n} more; `--json` has all"),
    }
}

/// What differs between two runs.
struct Differences {
    first: String,
    second: String,
    only_first: Vec<String>,
    only_second: Vec<String>,
    same: usize,
    /// The steps of both with the same key and another result, as `--force` makes them.
    again: Vec<String>,
    /// The steps of both with another key, and what differs in it.
    differ: Vec<(String, Vec<Change>)>,
    /// By stage and changes: the steps. Without changes, it is that what they read differs.
    groups: Vec<(String, Vec<String>, Vec<String>)>,
    rows: Vec<Row>,
}

fn of_runs(store: &Store, first: &str, second: &str) -> Result<Differences, Stop> {
    let (was, is) = (runs::left(store, first)?, runs::left(store, second)?);
    let find: BTreeMap<&str, &Left> = is.iter().map(|left| (&*left.step, left)).collect();
    let known: BTreeSet<&str> = was.iter().map(|left| left.step.as_str()).collect();
    let only_first = was.iter().map(|left| &left.step);
    let only_first = only_first.filter(|step| !find.contains_key(step.as_str()));
    let only_second = is.iter().map(|left| &left.step);
    let only_second = only_second.filter(|step| !known.contains(step.as_str()));
    let mut differences = Differences {
        first: first.to_owned(),
        second: second.to_owned(),
        only_first: only_first.cloned().collect(),
        only_second: only_second.cloned().collect(),
        same: 0,
        again: Vec::new(),
        differ: Vec::new(),
        groups: Vec::new(),
        rows: Vec::new(),
    };
    let numbers = |left: &Left| -> Result<Vec<(String, Json)>, Stop> {
        let result = left.result(store)?;
        Ok(result
            .and_then(|result| metrics(store, &result))
            .unwrap_or_default())
    };
    for old in &was {
        let step = &old.step;
        let Some(new) = find.get(step.as_str()).copied() else {
            continue;
        };
        if old.key == new.key {
            match same_result(store, old, new)? {
                true => differences.same += 1,
                false => {
                    differences.again.push(step.clone());
                    let rows = compared(step, &numbers(old)?, &numbers(new)?);
                    differences.rows.extend(rows);
                }
            }
            continue;
        }
        let parts = |left: &Left| -> Result<KeyParts, Stop> {
            Ok(store.parts(left.key)?.unwrap_or_default())
        };
        let changed = changes(&parts(old)?, &parts(new)?);
        let follows = |change: &Change| {
            matches!(
                change,
                Change::Input {
                    old: Some(_),
                    new: Some(_),
                    ..
                } | Change::Order { .. }
            )
        };
        let lines: Vec<String> = match changed.iter().all(follows) {
            true => Vec::new(),
            false => change_lines(&changed),
        };
        differences.differ.push((step.clone(), changed));
        let stage = stage_of(step).to_owned();
        let groups = &mut differences.groups;
        match groups
            .iter_mut()
            .find(|(s, known, _)| *s == stage && *known == lines)
        {
            Some((_, _, steps)) => steps.push(step.clone()),
            None => groups.push((stage, lines, vec![step.clone()])),
        }
        let rows = compared(step, &numbers(old)?, &numbers(new)?);
        differences.rows.extend(rows);
    }
    Ok(differences)
}

/// Whether two runs had the same result under one key, as far as is known.
fn same_result(store: &Store, old: &Left, new: &Left) -> Result<bool, Stop> {
    if old.replaced.is_none() && new.replaced.is_none() {
        return Ok(true);
    }
    let digest = |left: &Left| -> Result<Option<Digest>, Stop> {
        Ok(match &left.replaced {
            Some(replaced) => Some(replaced.digest),
            None => left.result(store)?.map(|result| result.digest()),
        })
    };
    Ok(digest(old)? == digest(new)?)
}

impl Differences {
    fn print(&self, out: &mut Printer) -> io::Result<()> {
        writeln!(out, "{} → {}", self.first, self.second)?;
        let other: usize = self.groups.iter().map(|(_, _, steps)| steps.len()).sum();
        let mut counts = vec![format!("{} the same", plural(self.same, "step"))];
        counts.push(format!("{other} with another key"));
        if !self.again.is_empty() {
            let again = self.again.len();
            counts.push(format!("{again} with the same key and another result"));
        }
        for (only, which) in [(&self.only_first, "first"), (&self.only_second, "second")] {
            if !only.is_empty() {
                counts.push(format!("{} only in the {which}", only.len()));
            }
        }
        writeln!(out, "{}", counts.join(", "))?;
        if !self.again.is_empty() {
            writeln!(
                out,
                "\nmade again, with another result: {}",
                few(&self.again)
            )?;
        }
        for (stage, changed, steps) in &self.groups {
            if changed.is_empty() {
                continue;
            }
            match steps.as_slice() {
                [one] => writeln!(out, "\n{one}")?,
                steps => writeln!(
                    out,
                    "\n{stage}: {}\n  {}",
                    plural(steps.len(), "step"),
                    few(steps)
                )?,
            }
            for change in changed {
                writeln!(out, "  {}", in_one_line(change))?;
            }
        }
        let follow = self
            .groups
            .iter()
            .filter(|(_, changed, _)| changed.is_empty());
        let follow: Vec<String> = follow
            .map(|(stage, _, steps)| format!("{stage} ({})", steps.len()))
            .collect();
        if !follow.is_empty() {
            writeln!(
                out,
                "\nbecause what they read differs: {}",
                follow.join(", ")
            )?;
        }
        for (only, which) in [(&self.only_first, "first"), (&self.only_second, "second")] {
            if !only.is_empty() {
                writeln!(out, "\nonly in the {which}: {}", few(only))?;
            }
        }
        print_rows(&self.rows, true, out)
    }

    fn json(&self) -> Json {
        let differ = self.differ.iter().map(
            |(step, changes)| json!({"step": step, "stage": stage_of(step), "changes": changes}),
        );
        json!({
            "version": JSON_VERSION,
            "first": self.first, "second": self.second, "same": self.same,
            "again": self.again,
            "differ": differ.collect::<Vec<_>>(),
            "only_first": self.only_first, "only_second": self.only_second,
            "metrics": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
        })
    }
}

pub(super) fn few(steps: &[String]) -> String {
    let named = steps[..steps.len().min(NAMED)].join(", ");
    match steps.len().saturating_sub(NAMED) {
        0 => named,
        n => format!("{named}, and {n} more"),
    }
}
