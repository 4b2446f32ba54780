//! The trials of a search: how many are known from results, and their record in the store.
//!
//! Which point a trial has follows from the search and from results alone; the record saves finding it
//! out again, and keeps what results do not say: which trials failed, and points that were kept when
//! the space was changed.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::io;
use std::io::Write;
use std::path::Path;

use serde::Deserialize;
use serde::Serialize;

use super::noted;
use super::noted::Damaged;
use super::previous_run::PreviousRun;
use super::printer::Printer;
use super::project::Project;
use super::stop::Stop;
use crate::manifest::Objective;
use crate::manifest::Search;
use crate::manifest::TrialCell;
use crate::plan::From;
use crate::plan::Step;
use crate::plan::StepId;
use crate::plan::StepStatus;
use crate::search::Outcome;
use crate::search::Point;
use crate::search::Proposed;
use crate::search::Study;
use crate::search::outside::Program;
use crate::search::pareto;
use crate::stages;
use crate::stages::Odd;
use crate::stages::Outcomes;
use crate::stages::Results;
use crate::text::Diagnostic;
use crate::text::plural;

/// Beside the store's records: experiment → its search.
pub(super) const FILE: &str = "searches.json";

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
    /// By trial: the highest rung that it has come to.
    #[serde(default)]
    highest: Vec<usize>,
    /// The program that proposes has no more.
    #[serde(default)]
    exhausted: bool,
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
    /// Promotions wait for results.
    undecided: bool,
    tally: Tally,
    /// Points of the record that the space of the manifest does not have, and why.
    pub fell_out: Vec<String>,
}

/// What came of the trials so far.
#[derive(Clone, Debug, Default)]
struct Tally {
    /// With the whole budget, and a number.
    ended: usize,
    /// Not promoted.
    stopped: usize,
    failed: usize,
    /// By the first objective, of those with the most of the budget: the trial, and its cost.
    best: Option<(usize, f64)>,
    /// With several objectives: the trials that none is better than in all of them.
    front: Vec<usize>,
}

impl Tally {
    fn of(search: &Search, outcomes: &[Option<Outcome>], proposed: &Proposed) -> Tally {
        let mut tally = Tally::default();
        let last = search
            .budget
            .as_ref()
            .map_or(0, |budget| budget.halving.last());
        let mut best: Option<(usize, usize, f64)> = None;
        let mut finished: Vec<(usize, &[f64])> = Vec::new();
        for (cell, outcome) in search.cells.iter().zip(outcomes) {
            let Some(outcome) = outcome else { continue };
            let highest = proposed
                .highest
                .get(cell.trial)
                .copied()
                .unwrap_or_default();
            let is_end = cell.rung == highest;
            match outcome.costs() {
                None => tally.failed += usize::from(!outcome.is_running()),
                Some(costs) => {
                    finished.push((cell.trial, costs));
                    tally.ended += usize::from(is_end && cell.rung == last);
                    tally.stopped += usize::from(is_end && cell.rung < last && !proposed.undecided);
                    let better = best.is_none_or(|(rung, _, cost)| {
                        cell.rung > rung || (cell.rung == rung && costs[0] < cost)
                    });
                    if better {
                        best = Some((cell.rung, cell.trial, costs[0]));
                    }
                }
            }
        }
        if search.objectives.len() > 1 {
            let costs: Vec<&[f64]> = finished.iter().map(|(_, costs)| *costs).collect();
            let ranks = pareto::ranks(&costs);
            let front = finished.iter().zip(ranks).filter(|(_, rank)| *rank == 0);
            tally.front = front.map(|((trial, _), _)| *trial).collect();
        }
        tally.best = best.map(|(_, trial, cost)| (trial, cost));
        tally
    }

    /// `best so far fit.loss=0.012 in trial 7 (lr=0.1); 11 ended, 1 failed`; none where nothing has a
    /// number.
    fn line(&self, search: &Search) -> Option<String> {
        let (trial, cost) = self.best?;
        let objective = search.objectives.first()?;
        let value = objective.direction.cost(cost);
        let counts = [
            (self.ended, "ended"),
            (self.stopped, "stopped"),
            (self.failed, "failed"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(n, word)| format!("{n} {word}")).collect();
        let counts = match counts.is_empty() {
            true => String::new(),
            false => format!("; {}", counts.join(", ")),
        };
        if search.objectives.len() > 1 {
            let named: Vec<String> = self
                .front
                .iter()
                .take(NAMED)
                .map(usize::to_string)
                .collect();
            let more = match self.front.len() - named.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let front = plural(self.front.len(), "trial");
            let named = named.join(", ");
            return Some(format!(
                "the front so far has {front}, {named}{more}{counts}"
            ));
        }
        Some(format!(
            "best so far {}.{}={} in trial {trial} ({}){counts}",
            objective.stage,
            objective.column,
            short(value),
            text_of(search.points.get(trial)?),
        ))
    }
}

/// A number in six digits, by powers of ten where it is very small or large.
fn short(value: f64) -> String {
    let short: f64 = format!("{value:.5e}").parse().unwrap_or(value);
    match short.abs() {
        size if size == 0.0 || (1e-4..1e9).contains(&size) => short.to_string(),
        _ => format!("{short:e}"),
    }
}

/// What decides proposals but for the space, as text.
fn definition(search: &Search) -> String {
    let objectives = search.objectives.iter();
    let objectives = objectives.map(|o| format!("{:?} {}.{}", o.direction, o.stage, o.column));
    let lag = match search.looks_back() {
        true => search.parallel,
        false => 0,
    };
    let budget = search.budget.iter();
    let budget = budget.map(|budget| format!(" budget {}", budget.name));
    format!(
        "{} {}.{} {} seed {} lag {lag} {} {}{}",
        search.method.name(),
        Study::REVISION,
        search.method.revision(),
        serde_json::to_string(&search.params).unwrap_or_default(),
        search.seed,
        search.statistic.name(),
        objectives.collect::<Vec<_>>().join(", "),
        budget.collect::<String>(),
    )
}

/// What is lost with a damaged record.
pub(super) const LOST: &str = "trials are found again from results, but not which had failed, what an earlier space had, or what a program proposed";

/// The trials that earlier runs have come to; none where there was none of this search.
///
/// # Errors
/// Where their record is damaged.
pub(super) fn recall(
    store: &Path,
    experiment: &str,
    search: &Search,
) -> Result<Option<(Proposed, SearchState)>, Damaged> {
    let record: Option<Record> = noted::of(store, FILE, experiment)?;
    let Some(record) = record.filter(|record| record.of == definition(search)) else {
        return Ok(None);
    };
    let mut state = SearchState {
        kept: record.kept,
        failed: record.failed,
        seen: record.seen,
        exhausted: record.exhausted,
        ..SearchState::default()
    };
    let mut points = record.points;
    let mut highest = record.highest;
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
        state.exhausted = false;
        // Trials have other numbers, and are in other groups.
        highest.clear();
    }
    let proposed = Proposed {
        points,
        highest,
        ..Proposed::default()
    };
    Ok(Some((proposed, state)))
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
    program: Option<&Program<'_>>,
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
    let (outcomes, odd) = match outcomes(project, state)? {
        Ok(found) => (found.by_cell, found.odd),
        Err(wrong) => return Ok(Err(wrong)),
    };
    let by_cell: HashMap<(String, usize), &Option<Outcome>> = search
        .cells
        .iter()
        .map(|cell| (text_of(&search.points[cell.trial]), cell.rung))
        .zip(&outcomes)
        .collect();
    let outcome = |point: &Point, rung: usize| {
        let known = by_cell.get(&(text_of(point), rung)).copied();
        known.cloned().flatten()
    };
    // Of what they were proposed from.
    let digest = |points: &[Point]| {
        let visible = match search.looks_back() {
            true => points.len().saturating_sub(search.parallel),
            false => 0,
        };
        let rungs = search
            .budget
            .as_ref()
            .map_or(1, |b| b.halving.budgets().len());
        let of = |point| {
            (0..rungs)
                .map(|rung| outcome(point, rung))
                .collect::<Vec<_>>()
        };
        let outcomes: Vec<_> = points[..visible].iter().map(of).collect();
        let text = serde_json::to_string(points).unwrap_or_default();
        blake3::hash(format!("{} {text} {outcomes:?}", state.kept).as_bytes()).to_hex()
    };
    let unchanged = || digest(&search.points).as_str() == state.seen;
    let given = given.unwrap_or_else(|| match search.method.is_outside() || unchanged() {
        true => search.points.len(),
        false => state.kept,
    });
    let given = &search.points[..given.min(search.points.len())];
    let mut study = search.study();
    if let Some(program) = program.filter(|_| study.method.is_outside()) {
        study.method = program;
    }
    Ok(match study.propose(given, outcome) {
        Ok(proposed) => Ok(Settled {
            seen: digest(&proposed.points).to_string(),
            tally: Tally::of(search, &outcomes, &proposed),
            proposed,
            odd,
        }),
        Err(error) => Err(Diagnostic::error(error.why).at(&search.place, "searched here")),
    })
}

/// Whether a search goes on after a run.
pub(super) enum Grown {
    /// Further trials are known, or that there are none.
    On,
    /// This was the last round, or results that further trials depend on are not there. The best of
    /// the trials, where there is one.
    No(Option<String>),
    /// They are not what the manifest takes them for, which was said.
    Wrong,
}

/// Says how the search of a project goes on after a run of its trials, which made the results of the steps
/// that `made` tells. `last`: no round was to follow.
pub(super) fn after_run(
    project: &Project,
    last: bool,
    made: impl Fn(StepId) -> bool,
    err: &mut Printer,
) -> Result<Grown, Stop> {
    let experiment = &project.plan.experiment;
    let Some(search) = &experiment.search else {
        return Ok(Grown::No(None));
    };
    let known = search.points.len();
    // What failed in this run was noted.
    let recalled = recall(&project.store, &project.name(), search)
        .ok()
        .flatten();
    let again = recalled.map(|(_, state)| state).or(project.search.clone());
    let root = &experiment.root;
    // A program is asked for more only where a round follows.
    let program = Program { root };
    let program = Some(&program).filter(|_| !last);
    let settled = match settle_with(project, again.as_ref(), Some(known), program)? {
        Ok(settled) => settled,
        Err(wrong) => {
            err.diagnostic(&wrong)?;
            return Ok(Grown::Wrong);
        }
    };
    for odd in told(project, search, &settled.odd, made) {
        err.diagnostic(&odd)?;
    }
    let line = settled.tally.line(search);
    if last {
        return Ok(Grown::No(line));
    }
    let best = line.as_ref().map(|line| format!(", {line}"));
    let best = best.unwrap_or_default();
    let settled = settled.proposed;
    // A program is not asked twice.
    if search.method.is_outside() {
        project.note_answers(&settled)?;
    }
    let climbed = climbed(search, &settled);
    if let Some(climbed) = &climbed {
        writeln!(err, "{climbed}{best}")?;
    }
    let decided =
        project.search.as_ref().is_some_and(|state| state.undecided) && !settled.undecided;
    if settled.points.len() > known {
        let to = settled.points.len();
        let best = if climbed.is_none() { &best } else { "" };
        writeln!(
            err,
            "{} known: going on to {to}{best}",
            plural(known, "trial")
        )?;
    } else if settled.exhausted && !settled.undecided && climbed.is_none() {
        writeln!(
            err,
            "{}, which is all that the space has",
            plural(known, "trial")
        )?;
    } else if climbed.is_none() && !decided {
        return Ok(Grown::No(line));
    }
    Ok(Grown::On)
}

/// What is said of the results of a round that have no number although others have: once for an objective.
fn told(
    project: &Project,
    search: &Search,
    odd: &[Odd],
    made: impl Fn(StepId) -> bool,
) -> Vec<Diagnostic> {
    let objectives = search.objectives.iter().enumerate();
    let of = |(at, objective): (usize, &Objective)| {
        let new = odd
            .iter()
            .filter(|odd| odd.objective == at && made(odd.step));
        let new: Vec<&Odd> = new.collect();
        let [first, others @ ..] = new.as_slice() else {
            return None;
        };
        let step = project.plan.step(first.step);
        let more = match others.len() {
            0 => String::new(),
            n => format!(", and of {n} more"),
        };
        let said = Diagnostic::warning(format!("{} in the result of `{step}`{more}", first.why));
        Some(said.at(&objective.place, "such a trial counts as failed"))
    };
    objectives.filter_map(of).collect()
}

/// Who is promoted that was not: `9 trials go on to epochs=3`.
fn climbed(search: &Search, now: &Proposed) -> Option<String> {
    let budget = search.budget.as_ref()?;
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for (before, now) in search.highest().iter().zip(&now.highest) {
        if now > before {
            *counts.entry(*now).or_default() += 1;
        }
    }
    let said = counts.into_iter().map(|(rung, count)| {
        let go = if count == 1 { "goes" } else { "go" };
        let amount = budget.halving.budgets()[rung];
        format!(
            "{} {go} on to {}={amount}",
            plural(count, "trial"),
            budget.name
        )
    });
    let said: Vec<String> = said.collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// What came of the trials of a project, from the results in its store.
fn outcomes(project: &Project, state: &SearchState) -> Result<Result<Outcomes, Diagnostic>, Stop> {
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
        // What a program has said once, it is not asked again.
        self.exhausted |= settled.proposed.exhausted;
        self.undecided = settled.proposed.undecided;
        self.tally = settled.tally.clone();
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

    /// How many trials are known, and how many are to come: `16 trials known, up to 48 more`; with a
    /// budget also at which rungs. None without a search.
    pub(super) fn trials_line(&self) -> Option<String> {
        let (known, more) = self.trials()?;
        let search = self.plan.experiment.search.as_ref()?;
        let more = match more {
            0 => String::new(),
            more => format!(", up to {more} more"),
        };
        let line = format!("{} known{more}", plural(known, "trial"));
        let Some(budget) = &search.budget else {
            return Some(line);
        };
        let open = self.search.as_ref().is_some_and(|state| state.undecided);
        let trials = if self.search.as_ref().is_some_and(|state| state.exhausted) {
            known
        } else {
            search.trials
        };
        let most = search.study().at_most(trials);
        let rungs = budget.halving.budgets().iter().zip(most).enumerate();
        let rungs = rungs.map(|(rung, (amount, most))| {
            let there = search.cells.iter().filter(|cell| cell.rung == rung).count();
            let to_come = match most.saturating_sub(there) {
                more if more > 0 && open => format!(" (up to {more} more)"),
                _ => String::new(),
            };
            format!("{there} at {}={amount}{to_come}", budget.name)
        });
        Some(format!("{line}: {}", rungs.collect::<Vec<_>>().join(", ")))
    }

    /// The best trial so far, and how the others ended; none where none has a number, or without a
    /// search.
    pub(super) fn best_line(&self) -> Option<String> {
        let search = self.plan.experiment.search.as_ref()?;
        self.search.as_ref()?.tally.line(search)
    }

    /// The same with what came of the cells of the search until now; promotions of this round are open.
    pub(super) fn best_of(&self, outcomes: &[Option<Outcome>]) -> Option<String> {
        let search = self.plan.experiment.search.as_ref()?;
        let proposed = Proposed {
            highest: search.highest(),
            undecided: self.search.as_ref().is_some_and(|state| state.undecided),
            ..Proposed::default()
        };
        Tally::of(search, outcomes, &proposed).line(search)
    }

    /// Which trials a step belongs to, and at which rung: `trial 7, promoted from epochs=1`; none where it
    /// is of all.
    pub(super) fn trial_of(&self, step: &Step) -> Option<String> {
        let search = self.plan.experiment.search.as_ref()?;
        let columns = self.plan.experiment.grid.columns();
        let coordinate = |column: &usize| step.cell.get(&columns.get(*column).name);
        search.columns.iter().find_map(coordinate)?;
        let is_here = |cell: &&TrialCell| {
            let mut at = search.columns.iter().zip(&cell.coordinates);
            at.all(|(column, id)| {
                coordinate(column)
                    .is_none_or(|value| columns.get(*column).value(*id) == Some(value))
            })
        };
        let cells: Vec<&TrialCell> = search.cells.iter().filter(is_here).collect();
        let trials: BTreeSet<usize> = cells.iter().map(|cell| cell.trial).collect();
        let [first, ..] = cells[..] else { return None };
        let named: Vec<String> = trials.iter().take(NAMED).map(usize::to_string).collect();
        let mut line = match (trials.len(), trials.len() - named.len()) {
            (1, _) => format!("trial {}", first.trial),
            (_, 0) => format!("trials {}", named.join(", ")),
            (_, more) => format!("trials {} and {more} more", named.join(", ")),
        };
        if let (1, Some(budget)) = (cells.len(), &search.budget) {
            let (group, begins) = budget.halving.place(first.trial);
            let amount =
                |rung: usize| format!("{}={}", budget.name, budget.halving.budgets()[rung]);
            line += &match first.rung > begins {
                true => format!(", promoted from {}", amount(first.rung - 1)),
                false => format!(", which begins with {}", amount(begins)),
            };
            line += &format!(", in group {group}");
        }
        Some(line)
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
        if more == 0 && !state.undecided {
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

    /// Once no trial is to come: the steps of those that were stopped and that no further trials would have go
    /// on, in groups that are full.
    pub(super) fn stopped_for_good(&self) -> Vec<StepId> {
        let plan = &self.plan;
        let Some((search, budget)) = plan
            .experiment
            .search
            .as_ref()
            .and_then(|search| Some((search, search.budget.as_ref()?)))
        else {
            return Vec::new();
        };
        let (halving, trials) = (&budget.halving, search.points.len());
        let stopped = search.highest().into_iter().enumerate();
        let stopped: Vec<bool> = stopped
            .map(|(trial, rung)| rung < halving.last() && halving.is_full(trial, trials))
            .collect();
        let mut found = Vec::new();
        for stage in &plan.stages {
            let steps = stages::steps_of_trials(plan, search, &stage.name);
            // Trials may share a training, each with its own part of the budget.
            let mut trainings: HashMap<String, (bool, Vec<StepId>)> = HashMap::new();
            for (cell, steps) in search.cells.iter().zip(steps) {
                for id in steps {
                    let step = plan.step(id);
                    if step.part.is_none() {
                        continue;
                    }
                    let others = step.cell.iter().filter(|(name, _)| *name != budget.name);
                    let others: Vec<String> = others.map(|at| format!("{at:?}")).collect();
                    let training = trainings
                        .entry(others.join(","))
                        .or_insert((true, Vec::new()));
                    training.0 &= stopped[cell.trial];
                    training.1.push(id);
                }
            }
            let all = trainings.into_values().filter(|(stopped, _)| *stopped);
            found.extend(all.flat_map(|(_, steps)| steps));
        }
        found
    }

    /// Keeps what a program has answered.
    fn note_answers(&self, proposed: &Proposed) -> io::Result<()> {
        let name = self.name();
        let Ok(Some(mut record)) = noted::of::<Record>(&self.store, FILE, &name) else {
            return Ok(());
        };
        record.points.clone_from(&proposed.points);
        record.exhausted = proposed.exhausted;
        noted::note(&self.store, FILE, &name, &record)
    }

    /// Keeps the trials of this run in the store, with the keys of steps that failed in it.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub(super) fn note_trials(&self, failed: &[String]) -> io::Result<()> {
        let (Some(search), Some(state)) = (&self.plan.experiment.search, &self.search) else {
            return Ok(());
        };
        let record = Record {
            of: definition(search),
            space: search.space_text.clone(),
            kept: state.kept.min(search.points.len()),
            points: search.points.clone(),
            highest: match search.budget {
                Some(_) => search.highest(),
                None => Vec::new(),
            },
            seen: state.seen.clone(),
            exhausted: state.exhausted && search.method.is_outside(),
            failed: state.failed.iter().chain(failed).cloned().collect(),
        };
        let name = self.name();
        match noted::of::<Record>(&self.store, FILE, &name) {
            Ok(Some(known)) if known == record => Ok(()),
            _ => noted::note(&self.store, FILE, &name, &record),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let said = [
            0.0,
            0.25,
            -123.456_789,
            2e-4,
            4.930_38e-32,
            -1.5e12,
            f64::INFINITY,
        ]
        .map(short);
        assert_eq!(
            said,
            [
                "0",
                "0.25",
                "-123.457",
                "0.0002",
                "4.93038e-32",
                "-1.5e12",
                "inf"
            ]
        );
    }
}
