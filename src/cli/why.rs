//! `sweepline why`: one step part by part, from the store alone.

use std::collections::BTreeSet;
use std::io;
use std::io::Write;

use serde_json::Value as Json;
use serde_json::json;

use super::JSON_VERSION;
use super::accept;
use super::args::WhyArgs;
use super::exit::Exit;
use super::previous_run::PreviousRun;
use super::printer::Printer;
use super::project::Project;
use super::remote;
use super::status;
use super::step_status::Line;
use super::step_status::changed;
use super::step_status::lines;
use super::step_status::word;
use super::stop::Stop;
use crate::plan::Change;
use crate::plan::From;
use crate::plan::History;
use crate::plan::Reason;
use crate::plan::Step;
use crate::plan::StepStatus;
use crate::text::in_one_line;
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
    if args.json {
        let state = under_way.as_ref().map_or(word(status), |_| "running");
        let object = as_json(&project, step, &previous, &statuses, state)?;
        writeln!(out, "{object}")?;
        return Ok(Exit::Success);
    }
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
                    writeln!(out, "  {}: {value}", in_one_line(part))?;
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
            if let Some(same) = unchanged(&previous, step, reasons) {
                writeln!(out, "  {} of its key unchanged", plural(same, "part"))?;
            }
        }
        StepStatus::MayRun { .. } => {
            for line in lines(&project, status) {
                print_line(&line, out)?;
            }
            print_causes(&causes(&project, step, &statuses), out)?;
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
    writeln!(out, "  {}", in_one_line(&line.text))?;
    match &line.place {
        Some(place) => writeln!(out, "    --> {place}"),
        None => Ok(()),
    }
}

/// Of how many parts of its last key nothing is said; none where it had none.
fn unchanged(previous: &PreviousRun, step: &Step, reasons: &[Reason]) -> Option<usize> {
    let old = previous.last(&step.to_string())?;
    Some(old.len().saturating_sub(reasons.len()))
}

/// Steps of one stage, further up, that run for the same reasons.
struct Cause<'p> {
    first: &'p Step,
    status: &'p StepStatus,
    lines: Vec<Line>,
    count: usize,
}

/// Why the steps run that it waits for: the first causes, each once.
fn causes<'p>(project: &'p Project, step: &Step, statuses: &'p [StepStatus]) -> Vec<Cause<'p>> {
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
    let mut causes: Vec<Cause<'_>> = Vec::new();
    for id in seen {
        let (first, status) = (project.plan.step(id), &statuses[id.index()]);
        if matches!(status, StepStatus::MayRun { .. }) {
            continue;
        }
        let lines = lines(project, status);
        let same =
            |known: &&mut Cause<'_>| known.first.stage == first.stage && known.lines == lines;
        match causes.iter_mut().find(same) {
            Some(known) => known.count += 1,
            None => causes.push(Cause {
                first,
                status,
                lines,
                count: 1,
            }),
        }
    }
    causes
}

fn print_causes(causes: &[Cause<'_>], out: &mut Printer) -> io::Result<()> {
    for cause in causes.iter().take(ROOTS) {
        let more = match cause.count {
            1 => "runs".to_owned(),
            n => format!("and {} more run", n - 1),
        };
        writeln!(out, "  {} {more}", cause.first)?;
        for line in &cause.lines {
            writeln!(out, "    {}", in_one_line(&line.text))?;
            if let Some(place) = &line.place {
                writeln!(out, "      --> {place}")?;
            }
        }
    }
    match causes.len().saturating_sub(ROOTS) {
        0 => Ok(()),
        n => writeln!(out, "  and {} further up", plural(n, "other cause")),
    }
}

/// The same for programs, with nothing counted or cut short.
fn as_json(
    project: &Project,
    step: &Step,
    previous: &PreviousRun,
    statuses: &[StepStatus],
    state: &str,
) -> Result<Json, Stop> {
    let status = &statuses[step.id.index()];
    let cell = step.cell.iter();
    let cell = cell.map(|(axis, value)| (axis.to_owned(), json!(value)));
    let texts = |lines: &[Line]| -> Vec<String> {
        let texts = lines.iter().map(|line| line.text.clone());
        texts.collect()
    };
    let causes = match status {
        StepStatus::MayRun { .. } => causes(project, step, statuses),
        _ => Vec::new(),
    };
    let causes = causes.iter().map(|cause| {
        json!({
            "step": cause.first.to_string(),
            "stage": &*cause.first.stage,
            "steps": cause.count,
            "reasons": texts(&cause.lines),
            "changes": changed(cause.status),
        })
    });
    let mut object = json!({
        "version": JSON_VERSION,
        "step": step.to_string(),
        "stage": &*step.stage,
        "cell": cell.collect::<serde_json::Map<_, _>>(),
        "kind": step.kind.name(),
        "place": step.place.to_string(),
        "state": state,
        "trial": project.trial_of(step),
        "key": null,
        "reasons": texts(&lines(project, status)),
        "changes": changed(status),
        "unchanged": null,
        "causes": causes.collect::<Vec<_>>(),
        "parts": null,
        "outputs": {},
        "accepted": null,
        "fetched": null,
        "environment": null,
    });
    match status {
        StepStatus::UpToDate { key, result } => {
            object["key"] = json!(key.to_hex());
            let outputs = result.outputs.iter().map(|(output, artifact)| {
                let about = json!({"digest": artifact.digest().to_hex(), "size": artifact.size()});
                (output.clone(), about)
            });
            object["outputs"] = outputs.collect::<serde_json::Map<_, _>>().into();
            if let Some(store) = &previous.store {
                object["parts"] = json!(store.parts(*key)?);
                object["accepted"] = json!(store.accepted(*key)?);
                object["fetched"] = json!(store.fetched(*key)?);
                object["environment"] = json!(store.environment(*key)?);
            }
        }
        StepStatus::Runs { key, reasons } => {
            object["key"] = json!(key.to_hex());
            object["unchanged"] = json!(unchanged(previous, step, reasons));
        }
        StepStatus::MayRun { .. } | StepStatus::Broken { .. } => {}
    }
    Ok(object)
}
