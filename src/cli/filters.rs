//! `--only`, `--stage`, `--upto`, `--failed`: which steps a verb is about.

use std::io::Write;

use super::args::FilterArgs;
use super::exit::Exit;
use super::printer::Printer;
use super::project::Project;
use super::stop::Stop;
use crate::plan::Filter;
use crate::plan::SelectedSteps;
use crate::plan::Selection;
use crate::plan::StepId;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::plural;

/// The steps that the flags choose; none where they choose all.
pub(super) fn selection(
    project: &Project,
    args: &FilterArgs,
    err: &mut Printer,
) -> Result<Option<SelectedSteps>, Stop> {
    let selection = Selection {
        only: filters(&args.only, err)?,
        stages: names(&args.stage),
        upto: names(&args.upto),
        steps: match args.failed {
            true => Some(failed(project)?),
            false => None,
        },
        awaits_trials: project.awaits_trials(),
    };
    if selection.is_everything() {
        return Ok(None);
    }
    let chosen = project.plan.select(&selection);
    chosen.map(Some).or_else(|found| refuse(&found, err))
}

/// The steps of `--force`, and a word where none of a name is among the chosen ones.
pub(super) fn forced(
    project: &Project,
    names: &[String],
    selection: Option<&SelectedSteps>,
    err: &mut Printer,
) -> Result<Vec<StepId>, Stop> {
    let mut forced = Vec::new();
    for name in names {
        let steps = project.steps_named(std::slice::from_ref(name), err)?;
        if let Some(chosen) = selection
            && !steps.iter().any(|step| chosen.contains(*step))
        {
            let title = format!(
                "`--force {name}` forces nothing: no step of it is among those that are chosen"
            );
            let help = "`--only`, `--stage`, `--upto`, and `--failed` choose; give them so that it is, or leave them out";
            err.diagnostic(&Diagnostic::warning(title).help(help))?;
        }
        // Of one that does not run the known result is used.
        let chosen = |step: &StepId| selection.is_none_or(|chosen| chosen.contains(*step));
        forced.extend(steps.into_iter().filter(chosen));
    }
    Ok(forced)
}

/// The filters of `--only`.
pub(super) fn filters(texts: &[String], err: &mut Printer) -> Result<Vec<Filter>, Stop> {
    let mut filters = Vec::new();
    let mut found = Diagnostics::new();
    for text in texts {
        match Filter::read("--only", text) {
            Ok(filter) => filters.push(filter),
            Err(wrong) => found.extend(wrong),
        }
    }
    match found.has_errors() {
        true => refuse(&found, err),
        false => Ok(filters),
    }
}

/// Says what is wrong with the filters.
pub(super) fn refuse<T>(found: &Diagnostics, err: &mut Printer) -> Result<T, Stop> {
    err.diagnostics(found)?;
    let count = plural(found.errors(), "mistake");
    writeln!(err, "{count} on the command line: nothing was run")?;
    Err(Stop::Reported(Exit::Usage))
}

/// `fit,score` is two names.
fn names(given: &[String]) -> Vec<String> {
    let names = given.iter().flat_map(|names| names.split(','));
    let names = names.map(|name| name.trim().to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

/// The steps whose newest attempt failed.
fn failed(project: &Project) -> Result<std::collections::BTreeSet<String>, Stop> {
    let Some(store) = project.read_store()? else {
        return Ok(Default::default());
    };
    let outcomes = store.last_outcomes(&project.name())?.into_iter();
    let failed = outcomes.filter(|(_, outcome)| outcome == "failed");
    Ok(failed.map(|(step, _)| step).collect())
}
