//! `sweepline runs`: which runs there were, and what people call them.

use std::collections::BTreeSet;
use std::io;
use std::io::Write;

use serde_json::Value as Json;
use serde_json::json;

use super::JSON_VERSION;
use super::args::RunsArgs;
use super::args::RunsChange;
use super::exit::Exit;
use super::known_manifests::KnownManifest;
use super::printer::Printer;
use super::reporter::duration;
use super::runs;
use super::stop::Stop;
use super::store_lock;
use crate::store::PastRun;
use crate::store::Store;
use crate::store::experiment_of;
use crate::store::without_changes;
use crate::text::list_of;

/// Lists runs, or names and tags one.
pub(super) fn runs(args: &RunsArgs, out: &mut Printer, err: &mut Printer) -> Result<Exit, Stop> {
    let store = runs::open(&args.project, err)?;
    if let Some(change) = &args.change {
        drop(store);
        return changed(args, change, err);
    }
    let of = args.experiment.as_deref();
    let all = store.runs(usize::MAX >> 1)?.into_iter();
    let all = all.filter(|run| {
        let own = experiment_of(&run.experiment);
        let same = |name: &str| {
            let plain = |text: &str| without_changes(text) == name;
            run.experiment == name || plain(&run.experiment) || plain(&own)
        };
        of.is_none_or(same) && args.tags.iter().all(|tag| run.tags.contains(tag))
    });
    let found: Vec<PastRun> = all.take(args.limit).collect();
    if args.json {
        let all: Vec<Json> = found.iter().map(as_json).collect();
        writeln!(out, "{}", json!({"version": JSON_VERSION, "runs": all}))?;
        return Ok(Exit::Success);
    }
    if found.is_empty() {
        writeln!(err, "no run fits")?;
        return Ok(Exit::Success);
    }
    print(&found, out)?;
    Ok(Exit::Success)
}

/// What is called so can be told from an id and from a step.
pub(super) fn fit_for_a_name(name: &str, err: &mut Printer) -> Result<(), Stop> {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "[]=,/".contains(c);
    if !name.is_empty() && !name.contains(odd) && !runs::looks_like_a_run(name) {
        return Ok(());
    }
    writeln!(err, "error: `{name}` cannot be the name of a run")?;
    let why = "letters, digits, `-`, `_` and `.`; it begins with no date and is not `latest` or `previous`";
    writeln!(err, "  = help: {why}")?;
    Err(Stop::Reported(Exit::Usage))
}

/// Whether no step has this name; says which it is.
pub(super) fn no_step(name: &str, is_step: bool, err: &mut Printer) -> Result<(), Stop> {
    if !is_step {
        return Ok(());
    }
    writeln!(
        err,
        "error: `{name}` is the name of a step, and cannot be that of a run"
    )?;
    writeln!(
        err,
        "  = help: `diff` would not know which is meant; take another one"
    )?;
    Err(Stop::Reported(Exit::Usage))
}

/// Whether no run has this name; says which has it.
pub(super) fn free_for_a_run(name: &str, store: &Store, err: &mut Printer) -> Result<(), Stop> {
    let Some(run) = store.run_named(name)? else {
        return Ok(());
    };
    writeln!(err, "error: `{name}` is the name of run {run}")?;
    let help = format!("`sweepline runs unname {name}` takes it away; or take another one");
    writeln!(err, "  = help: {help}")?;
    Err(Stop::Reported(Exit::Usage))
}

fn changed(args: &RunsArgs, change: &RunsChange, err: &mut Printer) -> Result<Exit, Stop> {
    let (_, folder) = runs::folders(&args.project, err)?;
    let store = store_lock::open(&folder, true, || true)?;
    let manifest = args.project.manifest.clone();
    let of = manifest.and_then(|manifest| KnownManifest::named(manifest).experiment());
    let find = |run: &str, err: &mut Printer| {
        if of.is_none() {
            of_one_experiment(&store, run, err)?;
        }
        runs::find(&store, of.as_deref(), run, err)
    };
    match change {
        RunsChange::Name { run, name } => {
            fit_for_a_name(name, err)?;
            let found = find(run, err)?;
            let steps = store.keys_of(&found.experiment)?;
            no_step(name, steps.contains_key(name), err)?;
            let run = &found.run;
            let before = store.run_named(name)?.filter(|before| before != run);
            store.name_run(run, name)?;
            let run = shown(&found);
            match before {
                Some(before) => writeln!(err, "{run} is `{name}` now, which {before} was")?,
                None => writeln!(err, "{run} is `{name}`")?,
            }
        }
        RunsChange::Unname { name } => {
            let run = store.run_named(name)?;
            if !store.unname_run(name)? {
                writeln!(err, "error: no run is called `{name}`")?;
                return Ok(Exit::Usage);
            }
            let all = store.runs(usize::MAX >> 1)?;
            if let Some(found) = all.iter().find(|known| Some(&known.run) == run.as_ref()) {
                writeln!(err, "{} is not `{name}` any more", shown(found))?;
            }
        }
        RunsChange::Tag { run, tags } => {
            let found = find(run, err)?;
            store.tag_run(&found.run, tags, &[])?;
            writeln!(err, "{} is tagged {}", shown(&found), list_of(tags))?;
        }
        RunsChange::Untag { run, tags } => {
            let found = find(run, err)?;
            store.tag_run(&found.run, &[], tags)?;
            writeln!(err, "{} is not tagged {}", shown(&found), list_of(tags))?;
        }
    }
    store.sync()?;
    Ok(Exit::Success)
}

/// Whether it is said whose run is meant: `latest` and `previous` are of one experiment where `diff` takes them.
fn of_one_experiment(store: &Store, run: &str, err: &mut Printer) -> Result<(), Stop> {
    if !matches!(run, "latest" | "previous") {
        return Ok(());
    }
    let all = store.runs(usize::MAX >> 1)?;
    let names: BTreeSet<&str> = all.iter().map(|run| &*run.experiment).collect();
    if names.len() < 2 {
        return Ok(());
    }
    let names = list_of(names);
    writeln!(
        err,
        "error: `{run}` of which experiment? There are runs of {names}"
    )?;
    let help = "give the id of the run as `sweepline runs` lists it, or say whose: `sweepline runs --manifest FILE …`";
    writeln!(err, "  = help: {help}")?;
    Err(Stop::Reported(Exit::Usage))
}

fn shown(run: &PastRun) -> String {
    format!("{} of `{}`", run.run, run.experiment)
}

fn summary(run: &PastRun) -> Option<Json> {
    serde_json::from_str(run.summary.as_deref()?).ok()
}

/// How it ended: `23 done`, `22 done, 1 failed`.
fn ended(run: &PastRun) -> String {
    let Some(summary) = summary(run) else {
        return "not ended".to_owned();
    };
    let totals = summary.get("totals").unwrap_or(&summary);
    let count = |name: &str| totals.get(name).and_then(Json::as_u64).unwrap_or(0);
    let words = [
        ("done", "done"),
        ("up_to_date", "up to date"),
        ("diverged", "diverged"),
        ("failed", "failed"),
        ("skipped", "skipped"),
        ("cancelled", "cancelled"),
        ("pending", "pending"),
    ];
    let said = words.iter().filter(|(name, _)| count(name) > 0);
    let said: Vec<String> = said
        .map(|(name, word)| format!("{} {word}", count(name)))
        .collect();
    said.join(", ")
}

fn seconds(run: &PastRun) -> Option<f64> {
    summary(run)?.get("seconds")?.as_f64()
}

fn as_json(run: &PastRun) -> Json {
    json!({
        "run": run.run,
        "names": run.names,
        "tags": run.tags,
        "experiment": run.experiment,
        "command": run.command,
        "started": run.started,
        "seconds": seconds(run),
        "summary": summary(run),
    })
}

fn print(found: &[PastRun], out: &mut Printer) -> io::Result<()> {
    let tagged = found.iter().any(|run| !run.tags.is_empty());
    let named = found.iter().any(|run| !run.names.is_empty());
    let mut header = vec!["run"];
    header.extend(named.then_some("name"));
    header.extend(tagged.then_some("tags"));
    header.extend(["experiment", "took", "steps"]);
    let mut rows = vec![header.into_iter().map(str::to_owned).collect::<Vec<_>>()];
    for run in found {
        let mut row = vec![run.run.clone()];
        row.extend(named.then(|| run.names.join(", ")));
        row.extend(tagged.then(|| run.tags.join(", ")));
        row.push(run.experiment.clone());
        row.push(seconds(run).map_or("–".to_owned(), duration));
        row.push(ended(run));
        rows.push(row);
    }
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    for row in &rows {
        let cells = row.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}
