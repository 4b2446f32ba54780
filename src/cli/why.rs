//! `sweepline why`: one step part by part, from the store alone.

use std::collections::BTreeSet;
use std::io;
use std::io::Write;

use super::accept;
use super::args::WhyArgs;
use super::exit::Exit;
use super::previous_run::PreviousRun;
use super::printer::Printer;
use super::project::Project;
use super::remote;
use super::status;
use super::step_status::Line;
use super::step_status::lines;
use super::step_status::word;
use super::stop::Stop;
use crate::plan::Change;
use crate::plan::From;
use crate::plan::History;
use crate::plan::Reason;
use crate::plan::Step;
use crate::plan::StepStatus;
use crate::text::plural;

/// More changed members of one reduction than this are counted.
const MEMBERS: usize = 12;

/// More reasons from further up than this are counted.
const ROOTS: usize = 6;

/// Explains one step.
pub(super) fn why(args: &WhyArgs, out: &mut Printer, err: &mut Printer) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    let step = project.step(&args.step, err)?;
    let previous = PreviousRun::of(&project)?;
    let statuses = previous.statuses(&project);
    let status = &statuses[step.id.index()];
    let under_way = status::under_way(previous.store.as_ref(), &project, &step.to_string())?;
    writeln!(
        out,
        "{step}: {}",
        under_way.as_deref().unwrap_or(word(status))
    )?;
    writeln!(out, "  --> {} ({})", step.place, step.kind.name())?;
    if let Some(trial) = project.trial_of(step) {
        writeln!(out, "  {trial}")?;
    }
    match status {
        StepStatus::UpToDate { key, result } => {
            writeln!(out, "  key {}", key.short())?;
            if let Some(accepted) = accept::told(previous.store.as_ref(), *key)? {
                writeln!(out, "  {accepted}")?;
            }
            if let Some(fetched) = remote::told(previous.store.as_ref(), *key)? {
                writeln!(out, "  {fetched}")?;
            }
            if let Some(store) = &previous.store
                && let Some(environment) = store.environment(*key)?
            {
                for line in environment.told(false) {
                    writeln!(out, "  {line}")?;
                }
            }
            if let Some(store) = &previous.store {
                let parts = store.parts(*key)?.unwrap_or_default();
                // What programs said was told above.
                let parts = parts
                    .iter()
                    .filter(|(part, _)| !part.starts_with("program."));
                for (part, value) in parts {
                    writeln!(out, "  {part}: {value}")?;
                }
            }
            for (output, artifact) in &result.outputs {
                writeln!(
                    out,
                    "  leaves {output}: {} ({} bytes)",
                    artifact.digest().short(),
                    artifact.size()
                )?;
            }
        }
        StepStatus::Runs { reasons, .. } => {
            match reasons[..] {
                [
                    Reason {
                        what: Change::New, ..
                    },
                ] if under_way.is_some() => writeln!(out, "  for the first time")?,
                _ => print_reasons(reasons, step, out)?,
            }
            if let Some(old) = previous.last(&step.to_string()) {
                let changed = reasons.len();
                let same = old.len().saturating_sub(changed);
                writeln!(out, "  {} of its key unchanged", plural(same, "part"))?;
            }
        }
        StepStatus::MayRun { .. } => {
            for line in lines(&project, status) {
                print_line(&line, out)?;
            }
            upstream(&project, step, &statuses, out)?;
        }
        StepStatus::Broken { .. } => {
            for line in lines(&project, status) {
                print_line(&line, out)?;
            }
        }
    }
    Ok(Exit::Success)
}

/// All reasons with old and new values.
fn print_reasons(reasons: &[Reason], step: &Step, out: &mut Printer) -> io::Result<()> {
    let is_member = |reason: &&Reason| matches!(&reason.what, Change::Input { slot, .. } if slot.contains(['[', '.']));
    let members = reasons.iter().filter(is_member).count();
    let mut shown = 0;
    for reason in reasons {
        if is_member(&reason) {
            shown += 1;
            if shown > MEMBERS {
                continue;
            }
        }
        let line = Line {
            text: reason.what.in_full(),
            // The place of the step itself stands above.
            place: reason
                .place
                .as_ref()
                .map(ToString::to_string)
                .filter(|place| *place != step.place.to_string()),
        };
        print_line(&line, out)?;
    }
    if members > MEMBERS {
        let more = plural(members - MEMBERS, "member");
        writeln!(out, "  and {more} of its reductions")?;
    }
    Ok(())
}

fn print_line(line: &Line, out: &mut Printer) -> io::Result<()> {
    writeln!(out, "  {}", line.text)?;
    match &line.place {
        Some(place) => writeln!(out, "    --> {place}"),
        None => Ok(()),
    }
}

/// Why the steps run that it waits for: the first causes, each once.
fn upstream(
    project: &Project,
    step: &Step,
    statuses: &[StepStatus],
    out: &mut Printer,
) -> io::Result<()> {
    let mut open = vec![step.id];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        for item in project.plan.step(id).inputs.iter().flat_map(|i| &i.items) {
            if let From::Step { step: need, .. } = item.from
                && !matches!(statuses[need.index()], StepStatus::UpToDate { .. })
                && seen.insert(need)
            {
                open.push(need);
            }
        }
    }
    let mut groups: Vec<(&Step, Vec<Line>, usize)> = Vec::new();
    for id in seen {
        let (need, status) = (project.plan.step(id), &statuses[id.index()]);
        if matches!(status, StepStatus::MayRun { .. }) {
            continue;
        }
        let lines = lines(project, status);
        let same = |(first, known, _): &&mut (&Step, Vec<Line>, usize)| {
            first.stage == need.stage && *known == lines
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.2 += 1,
            None => groups.push((need, lines, 1)),
        }
    }
    let hidden = groups.len().saturating_sub(ROOTS);
    for (need, lines, count) in groups.into_iter().take(ROOTS) {
        let more = match count {
            1 => "runs".to_owned(),
            n => format!("and {} more run", n - 1),
        };
        writeln!(out, "  {need} {more}")?;
        for line in lines {
            writeln!(out, "    {}", line.text)?;
            if let Some(place) = line.place {
                writeln!(out, "      --> {place}")?;
            }
        }
    }
    match hidden {
        0 => Ok(()),
        n => writeln!(out, "  and {} further up", plural(n, "other cause")),
    }
}
