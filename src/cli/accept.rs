//! `sweepline accept`: a result that is there stands for the current one, and is shown as such for ever.

use std::io::Write;

use super::args::AcceptArgs;
use super::exit::Exit;
use super::previous_run::PreviousRun;
use super::printer::Printer;
use super::project::Project;
use super::stop::Stop;
use super::store_lock;
use crate::plan::Step;
use crate::plan::StepId;
use crate::plan::StepStatus;
use crate::registry::Outputs;
use crate::store::Accepted;
use crate::store::Digest;
use crate::store::StepResult;
use crate::store::Store;
use crate::text::list_of;
use crate::text::plural;

/// Accepts the last results of steps under the keys that they have now.
pub(super) fn accept(args: &AcceptArgs, err: &mut Printer) -> Result<Exit, Stop> {
    if args.because.trim().is_empty() {
        writeln!(
            err,
            "error: `--because` has to say why the result is still right"
        )?;
        return Ok(Exit::Usage);
    }
    let project = Project::open(&args.experiment, err)?;
    // In the order of the plan: what is accepted of a step decides the keys of those after it.
    let mut chosen: Vec<StepId> = project.steps_named(&args.steps, err)?;
    chosen.sort_unstable();
    chosen.dedup();
    let store = store_lock::open(&project.store, true, || true)?;
    let previous = PreviousRun::in_store(&project, Some(store))?;
    let Some(store) = &previous.store else {
        unreachable!("BUG: it was just opened")
    };
    let (mut taken, mut current) = (0, 0);
    let mut refused = Vec::new();
    let mut keys = Vec::new();
    for id in chosen {
        let step = &project.plan.steps[id.index()];
        let statuses = previous.statuses(&project);
        let key = match &statuses[id.index()] {
            StepStatus::UpToDate { .. } => {
                current += 1;
                continue;
            }
            StepStatus::Runs { key, .. } => *key,
            StepStatus::MayRun { after } => {
                let after = after.iter().map(|id| project.plan.step(*id).to_string());
                let after: Vec<String> = after.collect();
                refused.push((
                    step,
                    format!(
                        "it waits for {}: accept or run that first",
                        after.join(", ")
                    ),
                ));
                continue;
            }
            StepStatus::Broken { error } => {
                refused.push((step, error.to_string()));
                continue;
            }
        };
        let Some((instead, record)) = last(store, &project, step)? else {
            refused.push((step, "it has no result from before".to_owned()));
            continue;
        };
        let lacking = lacking(step, &record.result);
        if !lacking.is_empty() {
            let lacking = list_of(&lacking);
            refused.push((step, format!("its result has no {lacking}: run it")));
            continue;
        }
        let rules = project.rules();
        let parts = project.plan.parts(step, &rules, &previous, &statuses);
        store.accept(
            key,
            instead,
            args.because.trim(),
            step.kind.name(),
            &parts,
            &record.result,
        )?;
        keys.push((step.to_string(), Some(key)));
        taken += 1;
    }
    if !keys.is_empty() {
        let mut all = store.keys_of(&project.name())?;
        all.extend(
            keys.into_iter()
                .filter_map(|(name, key)| Some((name, key?))),
        );
        let all: Vec<(&str, Option<Digest>)> = all
            .iter()
            .map(|(name, key)| (name.as_str(), Some(*key)))
            .collect();
        store.set_keys(&project.name(), &all)?;
        store.sync()?;
    }
    for (step, why) in &refused {
        writeln!(err, "error: `{step}` is not accepted: {why}")?;
    }
    let already = match current {
        0 => String::new(),
        n => format!("; {n} up to date already"),
    };
    writeln!(err, "accepted {}{already}", plural(taken, "result"))?;
    Ok(match refused.is_empty() {
        true => Exit::Success,
        false => Exit::Failed,
    })
}

/// The result that a step had under its last key.
fn last(
    store: &Store,
    project: &Project,
    step: &Step,
) -> Result<Option<(Digest, crate::store::Record)>, Stop> {
    let keys = store.keys_of(&project.name())?;
    let Some(key) = keys.get(&step.to_string()).copied() else {
        return Ok(None);
    };
    Ok(store.record(key)?.map(|record| (key, record)))
}

/// The outputs that a program declares now and that a result from before lacks.
fn lacking(step: &Step, result: &StepResult) -> Vec<String> {
    if !matches!(step.kind.outputs(), Outputs::Declared) {
        return Vec::new();
    }
    let names = step.outputs().into_iter();
    let names = names.filter(|(name, _)| result.outputs.get(name).is_none());
    names.map(|(name, _)| name.into_owned()).collect()
}

/// `accepted on 2026-11-29 in place of key 0123…: a comment`; none where it was computed.
pub(super) fn told(store: Option<&Store>, key: Digest) -> Result<Option<String>, Stop> {
    let Some(store) = store else {
        return Ok(None);
    };
    Ok(store.accepted(key)?.map(|accepted| text(&accepted)))
}

/// The steps whose results were accepted, with what is said of each, in the order of the plan.
pub(super) fn all(
    project: &Project,
    store: Option<&Store>,
    statuses: &[StepStatus],
) -> Result<Vec<(StepId, String)>, Stop> {
    let mut all = Vec::new();
    for (step, status) in project.plan.steps.iter().zip(statuses) {
        if let StepStatus::UpToDate { key, .. } = status
            && let Some(told) = told(store, *key)?
        {
            all.push((step.id, told));
        }
    }
    Ok(all)
}

pub(super) fn text(accepted: &Accepted) -> String {
    let Accepted { made, reason, .. } = accepted;
    format!(
        "accepted, not computed under this key but under {}: {reason}",
        made.short()
    )
}
