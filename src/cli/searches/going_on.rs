//! How a search goes on from round to round.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::io::Write;

use super::SearchState;
use super::failed;
use super::record::recall;
use super::settle_with;
use crate::cli::previous_run::PreviousRun;
use crate::cli::printer::Printer;
use crate::cli::project::Project;
use crate::cli::stop::Stop;
use crate::engine::Summary;
use crate::manifest::Objective;
use crate::manifest::Search;
use crate::plan::StepId;
use crate::search::Method;
use crate::search::outside::Asking;
use crate::search::outside::Program;
use crate::search::outside::Redrawn;
use crate::stages;
use crate::stages::Odd;
use crate::text::Diagnostic;
use crate::text::plural;

/// Whether a search goes on after a run.
pub(in crate::cli) enum Grown {
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
pub(in crate::cli) fn after_run(
    project: &Project,
    last: bool,
    made: impl Fn(StepId) -> bool,
    program: &Program,
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
    let all = again.as_ref().is_some_and(|state| state.exhausted);
    // A program is asked for more only where a round follows and it has more.
    let asks = search.method.is_outside() && !last && !all;
    let asking = Asking {
        program,
        waits: true,
    };
    let asked = asks.then_some(&asking as &dyn Method);
    let settled = match settle_with(project, again.as_ref(), Some(known), asked)? {
        Ok(settled) => settled,
        Err(wrong) => {
            err.diagnostic(&wrong)?;
            return Ok(Grown::Wrong);
        }
    };
    for odd in told(project, search, &settled.odd, made) {
        err.diagnostic(&odd)?;
    }
    for why in [Redrawn::Again, Redrawn::LeftOut] {
        if let Some(said) = drawn_at_random(&program.redrawn(why), why) {
            err.diagnostic(&said.at(&search.place, "proposed here"))?;
        }
    }
    let line = settled.tally.line(search);
    if last {
        let all = (all || settled.proposed.exhausted) && known < search.trials;
        let all = all.then(|| format!("{}, {}", plural(known, "trial"), why_no_more(search)));
        let lines: Vec<String> = line.into_iter().chain(all).collect();
        return Ok(Grown::No((!lines.is_empty()).then(|| lines.join("\n"))));
    }
    let best = line.as_ref().map(|line| format!(", {line}"));
    let best = best.unwrap_or_default();
    let mut settled = settled.proposed;
    // A program is not asked twice.
    if asks {
        project.note_answers(&settled)?;
    }
    settled.exhausted |= all;
    let climbed = climbed(search, &settled.highest);
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
    } else if climbed.is_none() && !decided && (!settled.exhausted || settled.undecided) {
        return Ok(Grown::No(line));
    }
    Ok(Grown::On)
}

/// Why a search has fewer trials than it may have.
pub(super) fn why_no_more(search: &Search) -> &'static str {
    match search.method.is_outside() {
        true => "as many as it proposes",
        false => "which is all that the space has",
    }
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

/// What is said of trials for which a program proposed the point of another, or one that there is not.
fn drawn_at_random(trials: &[usize], why: Redrawn) -> Option<Diagnostic> {
    let (title, took, point) = match trials {
        [] => return None,
        [one] => (format!("trial {one} was proposed"), "it is", "a point"),
        many => {
            let named = many.iter().map(usize::to_string);
            let named: Vec<String> = named.collect();
            (
                format!("trials {} were proposed", named.join(", ")),
                "they are",
                "points",
            )
        }
    };
    let with = match why {
        Redrawn::Again => "the point of an earlier one".to_owned(),
        Redrawn::LeftOut => format!("{point} that conditions leave out"),
    };
    let title = format!("{title} with {with}: {took} drawn at random");
    Some(
        Diagnostic::warning(title)
            .help("a program that has no further point answers `{\"exhausted\": true}`"),
    )
}

/// Who is promoted that was not: `9 trials go on to epochs=3`.
pub(super) fn climbed(search: &Search, now: &[usize]) -> Option<String> {
    let budget = search.budget.as_ref()?;
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for (before, now) in search.highest().iter().zip(now) {
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

impl Project {
    /// While trials are to come: the steps that say what comes of those that are known. All that
    /// is made of several trials waits for the last.
    pub(in crate::cli) fn until_proposals(&self) -> Result<Option<Vec<StepId>>, Stop> {
        match (&self.plan.experiment.search, &self.search) {
            (Some(search), Some(state)) if self.awaits_trials() => {
                self.steps_of_known_trials(search, state).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Whether further trials are to come, or trials that are known may have more of the budget.
    pub(in crate::cli) fn awaits_trials(&self) -> bool {
        let undecided = self.search.as_ref().is_some_and(|state| state.undecided);
        self.trials().is_some_and(|(_, more)| more > 0 || undecided)
    }

    /// The steps that say what comes of the trials that are known, and what these need; without those of trials
    /// that have failed.
    pub(super) fn steps_of_known_trials(
        &self,
        search: &Search,
        state: &SearchState,
    ) -> Result<Vec<StepId>, Stop> {
        let previous = PreviousRun::of(self)?;
        let failed = failed(self, &previous.statuses(self), state);
        let ends = self.ends_of_trials(search).into_iter();
        let ends = ends.filter(|id| !failed[id.index()]);
        Ok(self.plan.needed_by(ends.collect()).ids())
    }

    /// Whether a program of the user's proposes trials.
    pub(in crate::cli) fn asks_a_program(&self) -> bool {
        let search = self.plan.experiment.search.as_ref();
        search.is_some_and(|search| search.method.is_outside())
    }

    /// Whether a step that measures a trial is one of these.
    pub(in crate::cli) fn has_trials_with(&self, is: impl FnMut(StepId) -> bool) -> bool {
        let search = self.plan.experiment.search.as_ref();
        let ends = search.map(|search| self.ends_of_trials(search));
        ends.into_iter().flatten().any(is)
    }

    /// Whether steps that a run has made have other keys by now: the manifest, or what it reads, was edited meanwhile.
    pub(in crate::cli) fn was_edited_since(&self, summary: &Summary) -> Result<bool, Stop> {
        let statuses = PreviousRun::of(self)?.statuses(self).into_iter();
        let mut made = statuses.zip(&summary.steps);
        Ok(made.any(|(status, step)| {
            let keys = status.key().zip(step.key);
            step.result.is_some() && keys.is_some_and(|(now, then)| now != then)
        }))
    }

    /// The steps that have what is optimised.
    pub(super) fn ends_of_trials(&self, search: &Search) -> Vec<StepId> {
        let objectives = search.objectives.iter();
        objectives
            .flat_map(|objective| stages::steps_of_trials(&self.plan, search, &objective.stage))
            .flatten()
            .collect()
    }

    /// Once no trial is to come: the steps of those that were stopped and that no further trials would have go
    /// on, in groups that are full.
    pub(in crate::cli) fn stopped_for_good(&self) -> Vec<StepId> {
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
}
