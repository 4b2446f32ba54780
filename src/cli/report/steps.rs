//! Steps and failures, as the page shows them.

use std::collections::BTreeMap;

use super::past::Past;
use crate::plan::From;
use crate::report::Diverged;
use crate::report::Failure;
use crate::report::State;
use crate::report::Step;
use crate::stages::Results;
use crate::store::Digest;

/// Every step of the plan, in plan order.
pub(super) fn steps(
    results: &Results<'_>,
    past: &Past,
    keys: &BTreeMap<String, Digest>,
) -> Vec<Step> {
    let steps = results.plan.steps.iter();
    steps
        .map(|step| {
            let name = step.to_string();
            let result = results.result(step.id);
            let span = past.log.times.get(&name);
            let state = match (result, span) {
                (Some(_), Some(_)) if !past.log.failed.contains_key(&name) => State::Ran,
                (Some(_), _) => State::Reused,
                (None, _) if past.log.failed.contains_key(&name) => State::Failed,
                (None, _) if past.log.skipped.contains_key(&name) => State::Skipped,
                (None, _) => State::Pending,
            };
            let timed = matches!(state, State::Ran | State::Failed);
            let span = span.filter(|_| timed);
            let mut after: Vec<usize> = step
                .inputs
                .iter()
                .flat_map(|input| &input.items)
                .filter_map(|item| match &item.from {
                    From::Step { step, .. } => Some(step.index()),
                    From::File { .. } => None,
                })
                .collect();
            after.sort_unstable();
            after.dedup();
            Step {
                stage: step.stage.to_string(),
                cell: step.cell.to_string(),
                state,
                start: span.map(|(start, _)| start.max(0.0)),
                seconds: span
                    .map(|(_, took)| *took)
                    .or(result.map(|result| result.seconds)),
                key: keys.get(&name).map(|key| key.to_hex()).unwrap_or_default(),
                after,
                name,
            }
        })
        .collect()
}

/// The failures of the last run that nothing has mended since.
pub(super) fn failures(results: &Results<'_>, past: &Past) -> Vec<Failure> {
    let steps = results.plan.steps.iter();
    let broken = steps.filter(|step| results.result(step.id).is_none());
    broken
        .filter_map(|step| {
            let name = step.to_string();
            let failed = past.log.failed.get(&name)?;
            Some(Failure {
                step: name,
                place: failed.place.clone(),
                message: [std::slice::from_ref(&failed.message), &failed.hints[..]]
                    .concat()
                    .join("\n"),
                log: failed.log.join("\n"),
            })
        })
        .collect()
}

/// The trainings that left the finite numbers, in this run or before.
pub(super) fn diverged(results: &Results<'_>) -> Vec<Diverged> {
    let steps = results.plan.steps.iter();
    let diverged = steps.filter_map(|step| {
        let how = results.result(step.id)?.diverged.clone()?;
        let step = step.to_string();
        Some(Diverged { step, how })
    });
    diverged.collect()
}
