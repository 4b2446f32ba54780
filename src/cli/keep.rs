//! `sweepline log` and `verify`: what the store keeps.

use std::io::Write;

use super::args::LogArgs;
use super::args::ProjectArgs;
use super::exit::Exit;
use super::grounds;
use super::printer::Printer;
use super::project::Project;
use super::project::Stop;
use super::runs;
use super::waiting;
use crate::text::plural;
use crate::text::said;

/// Prints the log of a step's last attempt.
pub fn log(args: &LogArgs, out: &mut Printer, err: &mut Printer) -> Result<Exit, Stop> {
    let project = Project::open(&args.step.experiment, err)?;
    let step = project.step(&args.step.step, err)?.to_string();
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
    match args.raw {
        true => out.raw(last.log.as_bytes())?,
        false => write!(out, "{}", said(&last.log))?,
    }
    writeln!(
        err,
        "attempt {} of run {}: {} after {:.1} s",
        last.number, last.run, last.outcome, last.seconds
    )?;
    if let Some(message) = &last.message {
        writeln!(err, "{}\n  --> {}", said(message), last.place)?;
    }
    for hint in &last.hints {
        writeln!(err, "  = help: {hint}")?;
    }
    Ok(Exit::Success)
}

/// Rereads every object.
pub fn verify(args: &ProjectArgs, err: &mut Printer) -> Result<Exit, Stop> {
    let (outputs, folder) = runs::folders(args, err)?;
    if !folder.is_dir() {
        runs::open(args, err)?;
    }
    let store = waiting::open(&folder, true, || true)?;
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
    let disturbed = grounds::tell_all_disturbed(&outputs, &store, err)?;
    if disturbed > 0 && verified.damaged.is_empty() && verified.missing.is_empty() {
        return Ok(Exit::Failed);
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
