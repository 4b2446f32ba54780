//! `sweepline log`: what a step's last attempt wrote.

use std::io::Write;

use super::args::LogArgs;
use super::exit::Exit;
use super::printer::Printer;
use super::project::Project;
use super::stop::Stop;
use crate::text::said;

/// Prints the log of a step's last attempt.
pub(super) fn log(args: &LogArgs, out: &mut Printer, err: &mut Printer) -> Result<Exit, Stop> {
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
