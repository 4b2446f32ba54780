//! The last lines of a run: what failed, grouped by what was wrong, then counts, then where
//! results are.

use std::io;
use std::io::Write;

use super::printer::Printer;
use super::project::Project;
use super::reporter::duration;
use super::rounds::Rounds;
use crate::engine::Failure;
use crate::engine::Summary;
use crate::text::ShowPath;
use crate::text::plural;
use crate::text::said_in_short;

/// How many steps of a group are named.
const NAMED: usize = 3;

/// Says what came of a run, with the `rounds` that it went on from; `best` of a search that has one.
pub(super) fn print(
    project: &Project,
    asked: &str,
    summary: &Summary,
    rounds: &Rounds,
    best: Option<&str>,
    err: &mut Printer,
) -> io::Result<()> {
    let totals = &summary.totals;
    let made = rounds.with(summary, None);
    let took = duration(made.seconds);
    failures(&summary.failures, err)?;
    let untouched =
        made.fetched + made.done + totals.failed + totals.skipped + totals.cancelled == 0;
    if untouched && totals.pending == 0 {
        let all = plural(totals.up_to_date, "step");
        writeln!(err, "all up to date: {all}, checked in {took}")?;
        return Ok(());
    }
    // What earlier rounds made is up to date in this one.
    let known = totals.up_to_date - totals.fetched;
    let counts = [
        (made.done, "done"),
        (made.fetched, "fetched"),
        (
            known.saturating_sub(rounds.done + rounds.fetched),
            "up to date",
        ),
        (totals.failed, "failed"),
        (totals.skipped, "skipped"),
        (totals.cancelled, "cancelled"),
        (totals.pending, "pending"),
        (totals.diverged, "diverged"),
    ];
    let said = counts.iter().filter(|(count, _)| *count > 0);
    let said: Vec<String> = said
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    writeln!(err, "{} in {took}", said.join(", "))?;
    if let Some(best) = best {
        writeln!(err, "{best}")?;
    }
    if summary.stopped {
        writeln!(err, "stopped; `run` again goes on from here")?;
    }
    if let Some(said) = project.go_on_without_failed(summary) {
        writeln!(err, "{said}")?;
    }
    if totals.pending > 0 {
        writeln!(
            err,
            "pending steps need what this run leaves out; `run` without a filter makes all"
        )?;
    }
    if let Some(first) = summary.failures.first() {
        writeln!(
            err,
            "`sweepline log {asked} '{}'` prints a log, `run --failed` tries again",
            first.step
        )?;
    }
    let view = project.view.strip_prefix(&project.plan.experiment.root);
    writeln!(err, "results in {}", view.unwrap_or(&project.view).shown())
}

/// Failures that say the same of the same place are one paragraph.
fn failures(failures: &[Failure], err: &mut Printer) -> io::Result<()> {
    let mut groups: Vec<(&Failure, Vec<&str>)> = Vec::new();
    for failure in failures {
        let same = |(first, _): &&mut (&Failure, Vec<&str>)| {
            (&first.message, &first.place) == (&failure.message, &failure.place)
        };
        match groups.iter_mut().find(same) {
            Some((_, steps)) => steps.push(&failure.step),
            None => groups.push((failure, vec![&failure.step])),
        }
    }
    if !groups.is_empty() {
        writeln!(err)?;
    }
    for (first, steps) in groups {
        match steps.as_slice() {
            [one] => writeln!(err, "failed {one}: {}", said_in_short(&first.message))?,
            steps => {
                let count = plural(steps.len(), "step");
                writeln!(err, "failed {count}: {}", said_in_short(&first.message))?;
                let named = steps[..steps.len().min(NAMED)].join(", ");
                let more = match steps.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    n => format!(", and {n} more"),
                };
                writeln!(err, "  {named}{more}")?;
            }
        }
        writeln!(err, "  --> {}", first.place)?;
        for hint in &first.hints {
            writeln!(err, "  = help: {hint}")?;
        }
    }
    Ok(())
}
