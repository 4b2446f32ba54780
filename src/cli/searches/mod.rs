//! The trials of a search: how many are known from results, and their record in the store.
//!
//! Which point a trial has follows from the search and from results alone; the record saves finding it
//! out again, and keeps what results do not say: which trials failed, and points that were kept when
//! the space was changed.

mod going_on;
mod growing;
mod json;
mod record;
mod refused;
mod said;
mod shared;
mod tally;
mod waiting;

use std::collections::BTreeSet;
use std::collections::HashMap;

use super::previous_run::PreviousRun;
use super::project::Project;
use super::stop::Stop;
use crate::plan::From;
use crate::plan::StepStatus;
use crate::search::Method;
use crate::search::Outcome;
use crate::search::Point;
use crate::search::Proposed;
use crate::stages;
use crate::stages::Odd;
use crate::stages::Outcomes;
use crate::stages::Results;
use crate::text::Diagnostic;

pub(super) use going_on::Grown;
pub(super) use going_on::after_run;
pub(super) use growing::GrowingTrials;
pub(super) use growing::News;
pub(super) use record::FILE;
pub(super) use record::LOST;
pub(super) use record::recall;
pub(super) use refused::Refused;
pub(super) use refused::refused;
pub(super) use refused::told;
pub(super) use refused::wrong_at_corners;
use tally::Tally;

/// How many trials are named.
const NAMED: usize = 5;

/// Of each digest.
const DIGITS: usize = 8;

/// The state of a project's search.
#[derive(Clone, Debug, Default)]
pub(super) struct SearchState {
    /// How many of the first points are taken as they are.
    kept: usize,
    failed: BTreeSet<String>,
    /// Of each point, in [`DIGITS`], what it was proposed from.
    seen: String,
    /// There are no more points in the space.
    exhausted: bool,
    /// Promotions wait for results.
    undecided: bool,
    tally: Tally,
    /// Points of the record that the space of the manifest does not have, and why.
    pub fell_out: Vec<String>,
}

fn text_of(point: &Point) -> String {
    let values = point.iter().map(|(name, value)| format!("{name}={value}"));
    values.collect::<Vec<_>>().join(",")
}

/// The search of a project as its results have it.
pub(super) struct Settled {
    pub proposed: Proposed,
    /// Results without the number that others have.
    odd: Vec<Odd>,
    tally: Tally,
    seen: String,
}

/// The points that follow from what is known; no program is asked. The first `given` of the project's are taken as they are;
/// without it, all where nothing has changed since they were recorded.
pub(super) fn settle(
    project: &Project,
    given: Option<usize>,
) -> Result<Result<Settled, Diagnostic>, Stop> {
    settle_with(project, project.search.as_ref(), given, None)
}

fn settle_with(
    project: &Project,
    state: Option<&SearchState>,
    given: Option<usize>,
    program: Option<&dyn Method>,
) -> Result<Result<Settled, Diagnostic>, Stop> {
    let experiment = &project.plan.experiment;
    let (Some(search), Some(state)) = (&experiment.search, state) else {
        return Ok(Ok(Settled {
            proposed: Proposed {
                exhausted: true,
                ..Proposed::default()
            },
            odd: Vec::new(),
            seen: String::new(),
            tally: Tally::default(),
        }));
    };
    let Known { now, then } = match outcomes(project, state)? {
        Ok(known) => known,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let outcomes = &now.by_cell;
    let places: HashMap<(String, usize), usize> = search
        .cells
        .iter()
        .map(|cell| (text_of(&search.points[cell.trial]), cell.rung))
        .zip(0..)
        .collect();
    let of = |outcomes: &[Option<Outcome>], point: &Point, rung: usize| {
        let at = places.get(&(text_of(point), rung))?;
        outcomes[*at].clone()
    };
    let then = then.as_deref().unwrap_or(outcomes);
    let rungs = search
        .budget
        .as_ref()
        .map_or(1, |b| b.halving.budgets().len());
    let looks_back = search.looks_back();
    // Of what they were proposed from, point by point: each has the digests of those before it in its own, so
    // that the first of many points have the first of their digests.
    let digest = |points: &[Point]| {
        let mut all = blake3::Hasher::new();
        all.update(state.kept.to_string().as_bytes());
        let mut seen = String::with_capacity(points.len() * DIGITS);
        for (k, point) in points.iter().enumerate() {
            all.update(serde_json::to_string(point).unwrap_or_default().as_bytes());
            // What came of those before it, the digest has by now.
            if looks_back && let Some(visible) = k.checked_sub(search.parallel) {
                let known = (0..rungs).map(|rung| of(then, &points[visible], rung));
                all.update(format!("{:?}", known.collect::<Vec<_>>()).as_bytes());
            }
            seen.push_str(&all.finalize().to_hex()[..DIGITS]);
        }
        seen
    };
    let unchanged = || state.seen.starts_with(&digest(&search.points));
    let given = given.unwrap_or_else(|| match search.method.is_outside() || unchanged() {
        true => search.points.len(),
        false => state.kept,
    });
    let given = &search.points[..given.min(search.points.len())];
    let mut study = search.study();
    if let Some(program) = program.filter(|_| study.method.is_outside()) {
        study.method = program;
    }
    // Who was promoted stays so, and makes the cells of which the results are asked.
    let asked = match search.budget {
        Some(_) => then,
        None => outcomes,
    };
    let outcome = |point: &Point, rung: usize| of(asked, point, rung);
    Ok(match study.propose(given, outcome) {
        Ok(proposed) => Ok(Settled {
            seen: digest(&proposed.points),
            tally: Tally::of(search, &now, &proposed),
            proposed,
            odd: now.odd,
        }),
        Err(error) => Err(Diagnostic::error(error.why).at(&search.place, "searched here")),
    })
}

/// What came of the trials of a project.
struct Known {
    now: Outcomes,
    /// By cell, as it was when trials were proposed, where that is another: some that failed have a result now.
    then: Option<Vec<Option<Outcome>>>,
}

/// What came of the trials of a project, from the results in its store.
fn outcomes(project: &Project, state: &SearchState) -> Result<Result<Known, Diagnostic>, Stop> {
    let previous = PreviousRun::of(project)?;
    let statuses = previous.statuses(project);
    let failed = failed(project, &statuses, state);
    let ever = through(project, &statuses, |status| state.ever_failed(status));
    let results = statuses.into_iter().map(|status| match status {
        StepStatus::UpToDate { result, .. } => Some(result),
        _ => None,
    });
    let results = Results {
        plan: &project.plan,
        store: previous.store.as_ref(),
        by_step: results.collect(),
        open: Vec::new(),
    };
    let now = match stages::outcomes(&results, |id| failed[id.index()]) {
        Ok(now) => now,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let then = (ever != failed).then(|| stages::outcomes(&results, |id| ever[id.index()]));
    // Where no result has a number, nothing was learned from any.
    let then = then.and_then(Result::ok).map(|then| then.by_cell);
    Ok(Ok(Known { now, then }))
}

/// The steps of trials that have failed and have no result.
pub(super) fn failed_before(project: &Project) -> Result<Vec<bool>, Stop> {
    let Some(state) = &project.search else {
        return Ok(vec![false; project.plan.steps.len()]);
    };
    let previous = PreviousRun::of(project)?;
    Ok(failed(project, &previous.statuses(project), state))
}

/// How many steps have failed for good.
pub(super) fn failures(project: &Project) -> Result<usize, Stop> {
    let Some(state) = &project.search else {
        return Ok(0);
    };
    let statuses = PreviousRun::of(project)?.statuses(project);
    let has_failed = |status: &&StepStatus| state.has_failed(status);
    Ok(statuses.iter().filter(has_failed).count())
}

/// The steps that failed and have no result, and those that need them.
fn failed(project: &Project, statuses: &[StepStatus], state: &SearchState) -> Vec<bool> {
    through(project, statuses, |status| state.has_failed(status))
}

/// The steps of which something holds, and those that need them.
fn through(
    project: &Project,
    statuses: &[StepStatus],
    holds: impl Fn(&StepStatus) -> bool,
) -> Vec<bool> {
    let mut all: Vec<bool> = Vec::with_capacity(statuses.len());
    for (step, status) in project.plan.steps.iter().zip(statuses) {
        let needs = step.inputs.iter().filter(|input| !input.missing_allowed);
        let mut needs = needs.flat_map(|input| &input.items);
        let through = needs.any(|item| match item.from {
            From::Step { step: need, .. } => all[need.index()],
            From::File { .. } => false,
        });
        all.push(holds(status) || through);
    }
    all
}

impl SearchState {
    /// Whether no trial was proposed for this space yet.
    pub(super) fn is_new(&self) -> bool {
        self.seen.is_empty()
    }

    /// Whether a step has failed and has no result: who mends what it failed of finds its number among the others.
    fn has_failed(&self, status: &StepStatus) -> bool {
        matches!(status, StepStatus::Runs { .. }) && self.ever_failed(status)
    }

    /// Whether a step has failed, whatever was made of it later.
    fn ever_failed(&self, status: &StepStatus) -> bool {
        let key = status.key();
        key.is_some_and(|key| self.failed.contains(key.to_hex().as_str()))
    }

    /// Takes in what was settled.
    pub(super) fn update(&mut self, settled: &Settled) {
        // What a program has said once, it is not asked again.
        self.exhausted |= settled.proposed.exhausted;
        self.undecided = settled.proposed.undecided;
        self.tally = settled.tally.clone();
        self.seen = settled.seen.clone();
    }
}
