//! `sweepline log`, `verify` and `gc`: what the store keeps.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use super::args::GcArgs;
use super::args::StepArgs;
use super::args::StoreArgs;
use super::exit::Exit;
use super::project::Project;
use super::project::Stop;
use crate::store::Access;
use crate::store::Store;
use crate::text::plural;

/// Prints the log of a step's last attempt.
pub fn log(args: &StepArgs, out: &mut impl Write, err: &mut impl Write) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    let step = project.step(&args.step, err)?.to_string();
    let attempts = match project.read_store()? {
        Some(store) => store.attempts(&project.name(), &step)?,
        None => Vec::new(),
    };
    let Some(last) = attempts.last() else {
        writeln!(err, "`{step}` was never attempted in this experiment")?;
        writeln!(
            err,
            "  = help: its result may come from another one: `sweepline why` tells"
        )?;
        return Ok(Exit::Failed);
    };
    write!(out, "{}", last.log)?;
    writeln!(
        err,
        "attempt {} of run {}: {} after {:.1} s",
        last.number, last.run, last.outcome, last.seconds
    )?;
    if let Some(message) = &last.message {
        writeln!(err, "{message}\n  --> {}", last.place)?;
    }
    for hint in &last.hints {
        writeln!(err, "  = help: {hint}")?;
    }
    Ok(Exit::Success)
}

/// Rereads every object.
pub fn verify(args: &StoreArgs, err: &mut impl Write) -> Result<Exit, Stop> {
    let store = Store::open(&folder(args), Access::Write { wait: true })?;
    let verified = store.verify()?;
    writeln!(
        err,
        "{} read, {:.1} MB",
        plural(verified.objects, "object"),
        verified.bytes as f64 / 1e6
    )?;
    for digest in &verified.damaged {
        writeln!(err, "damaged: {digest}")?;
    }
    for digest in &verified.missing {
        writeln!(err, "missing: {digest}")?;
    }
    if verified.damaged.is_empty() && verified.missing.is_empty() {
        return Ok(Exit::Success);
    }
    writeln!(
        err,
        "  = help: the next `sweepline run` makes damaged results again"
    )?;
    Ok(Exit::Failed)
}

/// Removes what none of the named manifests needs.
pub fn gc(args: &GcArgs, err: &mut impl Write) -> Result<Exit, Stop> {
    let folder = folder(&args.store);
    let store = Store::open(&folder, Access::Write { wait: true })?;
    let kept = store.experiments()?.into_iter().filter(|name| {
        // Profiles and overrides of a kept experiment are kept with it.
        let plain = name.split('@').next().unwrap_or(name);
        args.keep.iter().any(|keep| keep == plain || keep == name)
    });
    let mut keep = HashSet::new();
    for name in kept {
        keep.extend(store.keys_of(&name)?.into_values());
    }
    let collected = store.gc(&keep, !args.yes)?;
    let verb = if args.yes { "removed" } else { "would remove" };
    writeln!(
        err,
        "{verb} {} and {}, {:.1} MB",
        plural(collected.records, "result"),
        plural(collected.objects, "object"),
        collected.bytes as f64 / 1e6
    )?;
    if !args.yes {
        writeln!(err, "  = help: `--yes` does it")?;
    }
    Ok(Exit::Success)
}

/// The store that the flags name, below the current folder.
fn folder(args: &StoreArgs) -> PathBuf {
    let outputs = args.outputs.as_deref().unwrap_or(Path::new("outputs"));
    args.store.clone().unwrap_or_else(|| outputs.join("store"))
}
