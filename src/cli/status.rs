//! `sweepline status`: where an experiment stands, and the run that brings it there.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::io::Write;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use serde_json::json;

use super::JSON_VERSION;
use super::accept;
use super::args::StatusArgs;
use super::exit::Exit;
use super::output_folder;
use super::previous_run::PreviousRun;
use super::printer::Printer;
use super::project::Project;
use super::reporter::duration;
use super::reporter::time_left;
use super::run_state::RunState;
use super::run_state::Running;
use super::runs;
use super::stop::Stop;
use crate::plan::History;
use crate::plan::Step;
use crate::plan::StepStatus;
use crate::store::Holder;
use crate::store::PastRun;
use crate::store::Store;
use crate::text::plural;

/// In the order in which they are printed.
const STATES: [&str; 6] = ["done", "diverged", "stale", "new", "failed", "running"];

/// How many running or failed steps are named.
const NAMED: usize = 10;

/// Says how many steps of every stage are in which state.
pub(super) fn status(
    args: &StatusArgs,
    out: &mut Printer,
    err: &mut Printer,
) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    let previous = PreviousRun::of(&project)?;
    let statuses = previous.statuses(&project);
    previous.note_found(&project, &statuses);
    let (run, outcomes) = match &previous.store {
        Some(store) => (
            Watched::newest(store, &project)?,
            store.last_outcomes(&project.name())?,
        ),
        None => (None, BTreeMap::new()),
    };
    let running: BTreeSet<&str> = match &run {
        Some(run) if run.writer.is_some() => run.running().collect(),
        _ => BTreeSet::new(),
    };
    let state = |step: &Step| {
        let name = step.to_string();
        if running.contains(name.as_str()) {
            return "running";
        }
        match &statuses[step.id.index()] {
            StepStatus::UpToDate { result, .. } if result.diverged.is_some() => "diverged",
            StepStatus::UpToDate { .. } => "done",
            _ if outcomes.get(&name).is_some_and(|last| last == "failed") => "failed",
            _ if previous.last(&name).is_some() => "stale",
            _ => "new",
        }
    };
    let states: Vec<&str> = project.plan.steps.iter().map(|step| state(step)).collect();
    let accepted = accept::all(&project, previous.store.as_ref(), &statuses)?.into_iter();
    let accepted = accepted.map(|(id, told)| (project.plan.step(id).to_string(), told));
    let accepted: Vec<(String, String)> = accepted.collect();
    match args.json {
        true => print_json(&project, &states, run.as_ref(), &accepted, out)?,
        false => {
            table(&project, &states, out)?;
            named("diverged", &project, &states, out)?;
            named("failed", &project, &states, out)?;
            for (step, accepted) in &accepted {
                writeln!(out, "{step}: {accepted}")?;
            }
            if let Some(run) = &run {
                run.tell(out)?;
            }
            if running.is_empty()
                && let Some(store) = &previous.store
            {
                tell_left(store, out)?;
            }
        }
    }
    if let Some(trials) = project.trials_line().filter(|_| !args.json) {
        writeln!(out, "\n{trials}")?;
        let live = run.as_ref().is_some_and(|run| run.writer.is_some());
        let best = match live {
            true => project.best_line_of_run(),
            false => project.best_line(),
        };
        if let Some(best) = best {
            writeln!(out, "{best}")?;
        }
    }
    if let Some(store) = &previous.store {
        out.flush()?;
        output_folder::tell_state(&project, &statuses, store, err)?;
    }
    Ok(Exit::Success)
}

/// What a run that is gone has left with executors outside its process.
fn tell_left(store: &Store, out: &mut Printer) -> Result<(), Stop> {
    let mut left: BTreeMap<String, usize> = BTreeMap::new();
    for attempt in store.in_flight()? {
        *left.entry(attempt.executor).or_default() += 1;
    }
    for (executor, steps) in left {
        writeln!(
            out,
            "{} left in `{executor}`: the next run takes up what becomes of them",
            plural(steps, "step")
        )?;
    }
    Ok(())
}

/// Stages down, states across; only states that occur.
fn table(project: &Project, states: &[&str], out: &mut Printer) -> io::Result<()> {
    let shown: Vec<&str> = STATES
        .into_iter()
        .filter(|state| states.contains(state))
        .collect();
    let stages = &project.plan.stages;
    let names = stages.iter().map(|stage| stage.name.chars().count());
    let width = names.max().unwrap_or(0).max("stage".len());
    write!(out, "{:width$}", "stage")?;
    for state in &shown {
        write!(out, "  {state:>7}")?;
    }
    writeln!(out)?;
    for stage in stages.iter().filter(|stage| !stage.steps.is_empty()) {
        write!(out, "{:width$}", stage.name)?;
        for state in &shown {
            let ids = stage.steps.iter();
            let width = state.len().max(7);
            match ids.filter(|id| states[id.index()] == *state).count() {
                0 => write!(out, "  {:>width$}", "·")?,
                n => write!(out, "  {n:>width$}")?,
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

fn named(wanted: &str, project: &Project, states: &[&str], out: &mut Printer) -> io::Result<()> {
    let steps = project.plan.steps.iter().zip(states);
    let steps: Vec<&Step> = steps
        .filter(|(_, state)| **state == wanted)
        .map(|(step, _)| &**step)
        .collect();
    for step in steps.iter().take(NAMED) {
        writeln!(out, "{wanted} {step}")?;
    }
    match steps.len().saturating_sub(NAMED) {
        0 => Ok(()),
        n => writeln!(out, "and {n} more {wanted}"),
    }
}

fn print_json(
    project: &Project,
    states: &[&str],
    run: Option<&Watched>,
    accepted: &[(String, String)],
    out: &mut Printer,
) -> io::Result<()> {
    let accepted: serde_json::Map<_, _> = accepted
        .iter()
        .map(|(step, told)| (step.clone(), json!(told)))
        .collect();
    let steps = project.plan.steps.iter().zip(states);
    let steps: serde_json::Map<_, _> = steps
        .map(|(step, state)| (step.to_string(), json!(state)))
        .collect();
    let run = run.map(|run| {
        json!({
            "run": run.past.run,
            "command": run.past.command,
            "live": run.writer.is_some(),
            "finished": run.past.summary.is_some(),
            "settled": run.state.settled(),
            "selected": run.state.selected,
            "running": run.running().collect::<Vec<_>>(),
            "queued": run.state.queued.values().map(|queued| json!({
                "step": queued.step,
                "executor": queued.executor,
                "job": queued.job,
                "state": queued.state,
            })).collect::<Vec<_>>(),
            "failed": run.state.failed,
        })
    });
    writeln!(
        out,
        "{}",
        json!({
            "version": JSON_VERSION,
            "steps": steps,
            "accepted": accepted,
            "run": run,
            "search": project.search_json(),
        })
    )
}

/// How far a step is that runs now, and where:
/// `running for 12 s in run 20260722-140501-ab12, 3 %  loss 187.6`. None where it does not run.
pub(super) fn under_way(
    store: Option<&Store>,
    project: &Project,
    step: &str,
) -> Result<Option<String>, Stop> {
    let Some(store) = store else {
        return Ok(None);
    };
    let Some(run) = Watched::newest(store, project)?.filter(|run| run.writer.is_some()) else {
        return Ok(None);
    };
    let id = &run.past.run;
    if let Some(queued) = run.state.queued.values().find(|queued| queued.step == step) {
        let (executor, state) = (&queued.executor, &queued.state);
        let job = queued
            .job
            .as_ref()
            .map_or(String::new(), |job| format!(" as job {job}"));
        return Ok(Some(format!(
            "waits in {executor}{job} of run {id}: {state}"
        )));
    }
    let mut running = run.state.running.values();
    let running = running.find(|running| running.step == step);
    Ok(running.map(|running| {
        let lasts = duration(run.lasts(running));
        let far = far(running);
        let place = running.place.as_ref().map(|place| format!(" as {place}"));
        format!(
            "running for {lasts}{} in run {id}{far}",
            place.unwrap_or_default()
        )
    }))
}

/// `, 3 %  loss 187.6`; nothing where the step does not say.
fn far(running: &Running) -> String {
    match running.total {
        0 if running.note.is_empty() => String::new(),
        0 => format!(", {}", running.note),
        _ => {
            let percent = 100.0 * running.fraction();
            let far = format!(", {percent:.0} %  {}", running.note);
            far.trim_end().to_owned()
        }
    }
}

/// By queue: how many steps wait there, by what is said of them.
fn waiting(state: &RunState) -> BTreeMap<&str, String> {
    let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for queued in state.queued.values() {
        let said = match queued.state.is_empty() {
            true => "handed over",
            false => &queued.state,
        };
        *counts
            .entry(&queued.executor)
            .or_default()
            .entry(said)
            .or_default() += 1;
    }
    let told = counts.into_iter().map(|(executor, states)| {
        let said = states
            .into_iter()
            .map(|(state, count)| format!("{count} {state}"));
        (executor, said.collect::<Vec<_>>().join(", "))
    });
    told.collect()
}

/// A run as its events show it.
struct Watched {
    past: PastRun,
    /// Who runs it, if it still goes on.
    writer: Option<Holder>,
    state: RunState,
}

impl Watched {
    /// The newest run of an experiment.
    fn newest(store: &Store, project: &Project) -> Result<Option<Watched>, Stop> {
        // Asked first: a run that ends in between has written all its events.
        let writer = store.writer();
        let past = store.runs(1000)?.into_iter();
        let Some(past) = past
            .into_iter()
            .find(|run| run.experiment == project.name())
        else {
            return Ok(None);
        };
        let mut state = runs::state(store, &past.run)?;
        state.foresee(&project.plan, &store.durations(&project.name())?);
        // A run of part of the plan does not go on with its search.
        state.trials = project.trials_ahead().filter(|_| state.grew);
        Ok(Some(Watched {
            // A run that was killed began before whoever writes now took the lock, perhaps for
            // another experiment. Process 0 is one that has not said yet who it is.
            writer: writer.filter(|writer| {
                past.summary.is_none() && (writer.pid == 0 || past.started >= writer.since as f64)
            }),
            past,
            state,
        }))
    }

    /// The steps under way, as far as the events tell.
    fn running(&self) -> impl Iterator<Item = &str> {
        self.state.running.values().map(|running| &*running.step)
    }

    /// Seconds since a step started.
    fn lasts(&self, running: &Running) -> f64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0.0, |now| now.as_secs_f64());
        (now - self.past.started - running.started).max(0.0)
    }

    fn tell(&self, out: &mut Printer) -> io::Result<()> {
        let (run, state) = (&self.past.run, &self.state);
        let so_far = format!("{} of {} steps", state.settled(), state.selected);
        match (&self.writer, &state.totals) {
            (Some(writer), _) => {
                writeln!(out, "\nrun {run} goes on in {writer}: {so_far}")?;
                for running in state.running.values().take(NAMED) {
                    let lasts = duration(self.lasts(running));
                    let (step, far) = (&running.step, far(running));
                    let place = running.place.as_ref().map(|place| format!(" as {place}"));
                    let place = place.unwrap_or_default();
                    writeln!(out, "  {step} running for {lasts}{place}{far}")?;
                }
                for (executor, jobs) in waiting(state) {
                    writeln!(out, "  {executor}: {jobs}")?;
                }
                for queued in state
                    .queued
                    .values()
                    .filter(|queued| queued.job.is_some())
                    .take(NAMED)
                {
                    let (step, executor, state) = (&queued.step, &queued.executor, &queued.state);
                    let job = queued.job.as_deref().unwrap_or_default();
                    writeln!(out, "  {step} waits in {executor} as job {job}: {state}")?;
                }
                if let Some(remaining) = state.remaining() {
                    writeln!(out, "  {}", time_left(remaining))?;
                }
                Ok(())
            }
            (None, Some(totals)) => {
                let counts = [
                    (totals.done, "done"),
                    (totals.up_to_date, "up to date"),
                    (totals.diverged, "diverged"),
                    (totals.failed, "failed"),
                    (totals.skipped, "skipped"),
                    (totals.cancelled, "cancelled"),
                    (totals.pending, "pending"),
                ];
                let said = counts.iter().filter(|(count, _)| *count > 0);
                let said: Vec<String> = said.map(|(n, word)| format!("{n} {word}")).collect();
                let took = duration(state.now);
                writeln!(out, "\nlast run {run}: {} in {took}", said.join(", "))
            }
            (None, None) => {
                writeln!(out, "\nlast run {run} was killed after {so_far}")?;
                writeln!(out, "  `run` goes on from there")
            }
        }
    }
}
