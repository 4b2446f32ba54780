//! The trials of a search: how many are known from results, and their record in the store.
//!
//! Which point a trial has follows from the search and from results alone; the record saves finding it
//! out again, and keeps what results do not say: which trials failed, and points that were kept when
//! the space was changed.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::io;
use std::io::Write;
use std::path::Path;

use serde::Deserialize;
use serde::Serialize;

use super::noted;
use super::previous_run::PreviousRun;
use super::printer::Printer;
use super::project::Project;
use super::stop::Stop;
use crate::manifest::Search;
use crate::plan::From;
use crate::plan::StepId;
use crate::plan::StepStatus;
use crate::search::Outcome;
use crate::search::Point;
use crate::search::Proposed;
use crate::search::Study;
use crate::stages;
use crate::stages::Results;
use crate::text::Diagnostic;
use crate::text::plural;

/// Beside the store's records: experiment → its search.
const FILE: &str = "searches.json";

/// How many trials are named.
const NAMED: usize = 5;

/// What is known of a search.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Record {
    /// The search but for its space and the number of trials.
    of: String,
    space: String,
    /// How many of the first points were proposed for an earlier space.
    kept: usize,
    points: Vec<Point>,
    /// Digest of the points and of the results that they were proposed from.
    seen: String,
    /// Keys of steps that failed: their trials have failed, whatever is made of them later.
    failed: BTreeSet<String>,
}

/// The state of a project's search.
#[derive(Clone, Debug, Default)]
pub(super) struct SearchState {
    /// How many of the first points are taken as they are.
    kept: usize,
    failed: BTreeSet<String>,
    seen: String,
    /// There are no more points in the space.
    exhausted: bool,
    /// Points of the record that the space of the manifest does not have, and why.
    pub fell_out: Vec<String>,
}

/// What decides proposals but for the space, as text.
fn definition(search: &Search) -> String {
    let objectives = search.objectives.iter();
    let objectives = objectives.map(|o| format!("{:?} {}.{}", o.direction, o.stage, o.column));
    let lag = match search.method.learns() {
        true => search.parallel,
        false => 0,
    };
    format!(
        "{} {}.{} {} seed {} lag {lag} {} {}",
        search.method.name(),
        Study::REVISION,
        search.method.revision(),
        serde_json::to_string(&search.params).unwrap_or_default(),
        search.seed,
        search.statistic.name(),
        objectives.collect::<Vec<_>>().join(", "),
    )
}

/// The points that earlier runs have come to; none where there was none of this search.
pub(super) fn recall(
    store: &Path,
    experiment: &str,
    search: &Search,
) -> Option<(Vec<Point>, SearchState)> {
    let record: Record = noted::all(store, FILE).remove(experiment)?;
    if record.of != definition(search) {
        return None;
    }
    let mut state = SearchState {
        kept: record.kept,
        failed: record.failed,
        seen: record.seen,
        ..SearchState::default()
    };
    let mut points = record.points;
    if record.space != search.space_text {
        points.retain(|point| match search.space.contains(point) {
            Ok(()) => true,
            Err(reason) => {
                let text = text_of(point);
                state.fell_out.push(format!("{text}: {reason}"));
                false
            }
        });
        state.kept = points.len();
        state.seen.clear();
    }
    Some((points, state))
}

fn text_of(point: &Point) -> String {
    let values = point.iter().map(|(name, value)| format!("{name}={value}"));
    values.collect::<Vec<_>>().join(",")
}

/// The search of a project as its results have it.
pub(super) struct Settled {
    pub points: Vec<Point>,
    pub exhausted: bool,
    seen: String,
}

/// The points that follow from what is known. The first `given` of the project's are taken as they are;
/// without it, all where nothing has changed since they were recorded.
pub(super) fn settle(
    project: &Project,
    given: Option<usize>,
) -> Result<Result<Settled, Diagnostic>, Stop> {
    settle_with(project, project.search.as_ref(), given)
}

fn settle_with(
    project: &Project,
    state: Option<&SearchState>,
    given: Option<usize>,
) -> Result<Result<Settled, Diagnostic>, Stop> {
    let experiment = &project.plan.experiment;
    let (Some(search), Some(state)) = (&experiment.search, state) else {
        return Ok(Ok(Settled {
            points: Vec::new(),
            exhausted: true,
            seen: String::new(),
        }));
    };
    let outcomes = match outcomes(project, state)? {
        Ok(outcomes) => outcomes,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let digest = |points: &[Point], outcomes: &[Option<Outcome>]| {
        let visible = match search.method.learns() {
            true => points.len().saturating_sub(search.parallel),
            false => 0,
        };
        let outcomes = &outcomes[..visible.min(outcomes.len())];
        let text = serde_json::to_string(points).unwrap_or_default();
        blake3::hash(format!("{} {text} {outcomes:?}", state.kept).as_bytes()).to_hex()
    };
    let unchanged = || digest(&search.points, &outcomes).as_str() == state.seen;
    let given = given.unwrap_or_else(|| match unchanged() {
        true => search.points.len(),
        false => state.kept,
    });
    let given = &search.points[..given.min(search.points.len())];
    let by_point: HashMap<String, &Option<Outcome>> =
        search.points.iter().map(text_of).zip(&outcomes).collect();
    let outcome = |point: &Point| by_point.get(&text_of(point)).copied().cloned().flatten();
    Ok(match search.study().propose(given, outcome) {
        Ok(Proposed { points, exhausted }) => {
            let outcomes: Vec<Option<Outcome>> = points.iter().map(outcome).collect();
            let seen = digest(&points, &outcomes).to_string();
            Ok(Settled {
                points,
                exhausted,
                seen,
            })
        }
        Err(error) => Err(Diagnostic::error(error.to_string()).at(&search.place, "searched here")),
    })
}

/// Whether a search goes on after a run.
pub(super) enum Grown {
    /// Further trials are known, or that there are none.
    On,
    /// Results that further trials depend on are not there.
    No,
    /// They are not what the manifest takes them for, which was said.
    Wrong,
}

/// Says how the search of a project goes on after a run of its trials.
pub(super) fn after_run(project: &Project, err: &mut Printer) -> Result<Grown, Stop> {
    let known = project.trials().map_or(0, |(known, _)| known);
    // What failed in this run was noted.
    let mut again = project.search.clone();
    let experiment = &project.plan.experiment;
    if let Some(search) = &experiment.search
        && let Some((_, state)) = recall(&project.store, &project.name(), search)
    {
        again = Some(state);
    }
    match settle_with(project, again.as_ref(), Some(known))? {
        Err(wrong) => {
            err.diagnostic(&wrong)?;
            Ok(Grown::Wrong)
        }
        Ok(settled) if settled.exhausted => {
            writeln!(
                err,
                "{}, which is all that the space has",
                plural(known, "trial")
            )?;
            Ok(Grown::On)
        }
        Ok(settled) if settled.points.len() > known => {
            writeln!(
                err,
                "{} known: going on to {}",
                plural(known, "trial"),
                settled.points.len()
            )?;
            Ok(Grown::On)
        }
        Ok(_) => Ok(Grown::No),
    }
}

/// What came of the trials of a project, from the results in its store.
fn outcomes(
    project: &Project,
    state: &SearchState,
) -> Result<Result<Vec<Option<Outcome>>, Diagnostic>, Stop> {
    let previous = PreviousRun::of(project)?;
    let statuses = previous.statuses(project);
    let failed = failed(project, &statuses, state);
    let results = statuses.into_iter().map(|status| match status {
        StepStatus::UpToDate { result, .. } => Some(result),
        _ => None,
    });
    let results = Results {
        plan: &project.plan,
        store: previous.store.as_ref(),
        by_step: results.collect(),
    };
    Ok(stages::outcomes(&results, |id| failed[id.index()]))
}

/// The steps that failed, and those that need them.
fn failed(project: &Project, statuses: &[StepStatus], state: &SearchState) -> Vec<bool> {
    let mut failed: Vec<bool> = Vec::with_capacity(statuses.len());
    for (step, status) in project.plan.steps.iter().zip(statuses) {
        let own = match status {
            StepStatus::UpToDate { key, .. } | StepStatus::Runs { key, .. } => {
                state.failed.contains(key.to_hex().as_str())
            }
            _ => false,
        };
        let needs = step.inputs.iter().filter(|input| !input.missing_allowed);
        let mut needs = needs.flat_map(|input| &input.items);
        let through = needs.any(|item| match item.from {
            From::Step { step: need, .. } => failed[need.index()],
            From::File { .. } => false,
        });
        failed.push(own || through);
    }
    failed
}

impl SearchState {
    /// Takes in what was settled.
    pub(super) fn update(&mut self, settled: &Settled) {
        self.exhausted = settled.exhausted;
        self.seen = settled.seen.clone();
    }
}

impl Project {
    /// How many trials are known, and how many more there may be.
    pub(super) fn trials(&self) -> Option<(usize, usize)> {
        let search = self.plan.experiment.search.as_ref()?;
        let known = search.points.len();
        let exhausted = self.search.as_ref().is_some_and(|state| state.exhausted);
        let more = match exhausted {
            true => 0,
            false => search.trials.saturating_sub(known),
        };
        Some((known, more))
    }

    /// Says which trials of an earlier space this one does not have.
    pub(super) fn tell_search(&self, err: &mut Printer) -> io::Result<()> {
        let fell_out = self.search.iter().flat_map(|state| &state.fell_out);
        let fell_out: Vec<&String> = fell_out.collect();
        if fell_out.is_empty() {
            return Ok(());
        }
        writeln!(
            err,
            "the space is another one: {} of it, without",
            plural(
                self.search.as_ref().map_or(0, |state| state.kept),
                "known trial"
            )
        )?;
        for (at, line) in fell_out.iter().enumerate() {
            if at == NAMED {
                return writeln!(err, "  and {} more", fell_out.len() - NAMED);
            }
            writeln!(err, "  {line}")?;
        }
        Ok(())
    }

    /// While trials are to come: the steps that say what comes of those that are known. All that
    /// is made of several trials waits for the last.
    pub(super) fn until_proposals(&self) -> Result<Option<Vec<StepId>>, Stop> {
        let Some((_, more)) = self.trials() else {
            return Ok(None);
        };
        let (Some(search), Some(state)) = (&self.plan.experiment.search, &self.search) else {
            return Ok(None);
        };
        if more == 0 {
            return Ok(None);
        }
        let previous = PreviousRun::of(self)?;
        let failed = failed(self, &previous.statuses(self), state);
        let objectives = search.objectives.iter();
        let ends = objectives
            .flat_map(|objective| stages::steps_of_trials(&self.plan, search, &objective.stage))
            .flatten()
            .filter(|id| !failed[id.index()]);
        Ok(Some(self.plan.needed_by(ends.collect()).ids()))
    }

    /// Keeps the trials of this run in the store, with the keys of steps that failed in it.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub(super) fn note_trials(&self, failed: &[String]) -> io::Result<()> {
        let (Some(search), Some(state)) = (&self.plan.experiment.search, &self.search) else {
            return Ok(());
        };
        let mut all = noted::all(&self.store, FILE);
        let record = Record {
            of: definition(search),
            space: search.space_text.clone(),
            kept: state.kept.min(search.points.len()),
            points: search.points.clone(),
            seen: state.seen.clone(),
            failed: state.failed.iter().chain(failed).cloned().collect(),
        };
        if all.get(&self.name()) == Some(&record) {
            return Ok(());
        }
        all.insert(self.name(), record);
        noted::write(&self.store, FILE, &all)
    }
}
