//! `sweepline log`: what a step's last attempt wrote, or what it writes now.

use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::time::Duration;

use super::args::LogArgs;
use super::exit::Exit;
use super::printer::Printer;
use super::project::Project;
use super::runs;
use super::status;
use super::stop::Stop;
use crate::engine::Event;
use crate::engine::Timed;
use crate::store::Store;
use crate::text::said;

/// Prints the log of a step's last attempt.
pub(super) fn log(args: &LogArgs, out: &mut Printer, err: &mut Printer) -> Result<Exit, Stop> {
    let project = Project::open(&args.step.experiment, err)?;
    let step = project.step(&args.step.step, err)?.to_string();
    if let Some(store) = project.read_store()?
        && follow(args, &store, &project, &step, out, err)?
    {
        return Ok(Exit::Success);
    }
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

/// How long to sleep at the end of a file that may grow.
const PAUSE: Duration = Duration::from_millis(100);

/// Prints what a step that runs now has written, and goes on until it ends. Says false where it does
/// not run.
fn follow(
    args: &LogArgs,
    store: &Store,
    project: &Project,
    step: &str,
    out: &mut Printer,
    err: &mut Printer,
) -> Result<bool, Stop> {
    let Some(far) = status::under_way(Some(store), project, step)? else {
        return Ok(false);
    };
    let newest = store.runs(1000)?.into_iter();
    let mut newest = newest.filter(|run| run.experiment == project.name());
    let Some(run) = newest.next() else {
        return Ok(false);
    };
    let Ok(file) = File::open(runs::events_file(store, &run.run)) else {
        return Ok(false);
    };
    writeln!(err, "{far}")?;
    let mut file = BufReader::new(file);
    let mut line = Vec::new();
    let mut attempts = 0;
    // Asked before reading: what a run wrote before it died is all read after it was seen dead.
    let mut alive = store.writer().is_some();
    loop {
        file.read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\n") {
            out.flush()?;
            if args.no_follow || !alive {
                return Ok(true);
            }
            std::thread::sleep(PAUSE);
            alive = store.writer().is_some();
            continue;
        }
        let timed = serde_json::from_slice::<Timed>(&line);
        line.clear();
        let Ok(timed) = timed else {
            continue;
        };
        match timed.event {
            Event::StepLog {
                step: name, line, ..
            } if name == step => match args.raw {
                true => out.raw(format!("{line}\n").as_bytes())?,
                false => writeln!(out, "{}", said(&line))?,
            },
            Event::StepStarted { step: name, .. } if name == step => {
                attempts += 1;
                if attempts > 1 {
                    writeln!(err, "attempt {attempts}")?;
                }
            }
            Event::StepFailed {
                step: name,
                message,
                ..
            } if name == step => {
                out.flush()?;
                writeln!(err, "failed: {}", said(&message))?;
                return Ok(true);
            }
            Event::StepFinished { step: name, .. } | Event::StepCancelled { step: name, .. }
                if name == step =>
            {
                return Ok(true);
            }
            Event::RunFinished { .. } => return Ok(true),
            _ => {}
        }
    }
}
