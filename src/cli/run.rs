//! `sweepline run`: brings an experiment up to date.

use std::io;
use std::io::IsTerminal;
use std::io::Write;

use super::args::Progress;
use super::args::RunArgs;
use super::claims;
use super::exit::Exit;
use super::face::Bars;
use super::face::Face;
use super::face::JsonLines;
use super::face::Lines;
use super::face::Silent;
use super::face::duration;
use super::inspect;
use super::interrupt;
use super::project::PlanKeys;
use super::project::Project;
use super::project::Stop;
use super::report;
use crate::engine::Engine;
use crate::engine::Options;
use crate::engine::State;
use crate::engine::Summary;
use crate::plan::StepId;
use crate::stages::Results;
use crate::stages::Stages;
use crate::store::Access;
use crate::store::Holder;
use crate::store::Store;
use crate::text::closest;
use crate::text::plural;

/// Runs what is not up to date and says at the end what came of it.
pub fn run(args: &RunArgs, err: &mut impl Write) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    let interrupted = interrupt::watch()?;
    let wait = !args.no_wait;
    let store = Store::open_telling(
        &project.store,
        Access::Write { wait },
        &mut |holder: &Holder| {
            // Said once a while by the store; standard error may be gone.
            let _ = writeln!(io::stderr(), "waiting for {holder} to leave the store");
            interrupted.load(std::sync::atomic::Ordering::SeqCst) == 0
        },
    )?;
    let root = &project.plan.experiment.root;
    let mut options = Options::new(project.name(), root);
    options.command = std::env::args().collect::<Vec<_>>().join(" ");
    options.view = Some(project.view.clone());
    options.interrupt = interrupted;
    options.max_failures = if args.fail_fast {
        Some(1)
    } else {
        args.max_fail
    };
    options.only = wanted(&project, args, err)?;
    options.checkpoint_every = args.checkpoint_every;
    if let Some(jobs) = args.jobs {
        options.jobs = jobs.max(1);
    }
    let keys = PlanKeys(project.rules());
    let engine = Engine::new(&keys, &Stages, &store, options);
    let mut face = face(args);
    let summary = engine.run(&project.plan.steps, &mut |event| face.show(event))?;
    drop(face);
    tell(&project, &summary, err)?;
    // What `--upto` leaves out may be known all the same.
    let partial = summary.steps.iter().any(|s| s.state == State::Unselected);
    let results = match partial {
        true => inspect::results(&project, Some(&store))?,
        false => Results {
            plan: &project.plan,
            store: Some(&store),
            made: summary.steps.iter().map(|s| s.made.clone()).collect(),
        },
    };
    let claims = claims::after_run(&project, &results, args.require_claims, err)?;
    if args.report {
        report::write(&project, &results, None, err)?;
    }
    Ok(match () {
        () if summary.totals.failed > 0 => Exit::Failed,
        () if summary.stopped => Exit::Interrupted,
        () => claims,
    })
}

/// How the run shows itself.
fn face(args: &RunArgs) -> Box<dyn Face> {
    if args.json {
        return Box::new(JsonLines(io::stdout()));
    }
    match args.progress {
        Progress::None => Box::new(Silent),
        Progress::Lines => Box::new(Lines::new(io::stderr())),
        Progress::Bars => Box::new(Bars::new()),
        Progress::Auto if io::stderr().is_terminal() => Box::new(Bars::new()),
        Progress::Auto => Box::new(Lines::new(io::stderr())),
    }
}

/// The steps of `--upto`.
fn wanted(
    project: &Project,
    args: &RunArgs,
    err: &mut impl Write,
) -> Result<Option<Vec<StepId>>, Stop> {
    let Some(stage) = &args.upto else {
        return Ok(None);
    };
    let steps = &project.plan.steps;
    let of_stage = steps.iter().filter(|step| *step.stage == **stage);
    let ids: Vec<StepId> = of_stage.map(|step| step.id).collect();
    if ids.is_empty() {
        writeln!(
            err,
            "error: no stage `{stage}` in `{}`",
            project.plan.experiment.name
        )?;
        if let Some(meant) = closest(stage, steps.iter().map(|step| &*step.stage)) {
            writeln!(err, "  = help: did you mean `{meant}`?")?;
        }
        return Err(Stop::Said(Exit::Usage));
    }
    Ok(Some(ids))
}

/// The last lines of a run: counts, failures together, where results are.
fn tell(project: &Project, summary: &Summary, err: &mut impl Write) -> io::Result<()> {
    let totals = &summary.totals;
    for failure in &summary.failures {
        writeln!(err, "failed {}: {}", failure.step, failure.message)?;
        writeln!(err, "  --> {}", failure.place)?;
        for hint in &failure.hints {
            writeln!(err, "  = help: {hint}")?;
        }
    }
    let took = duration(summary.seconds);
    if totals.done + totals.failed + totals.skipped + totals.cancelled == 0 {
        let all = plural(totals.up_to_date, "step");
        writeln!(err, "all up to date: {all}, checked in {took}")?;
        return Ok(());
    }
    let counts = [
        (totals.done, "done"),
        (totals.up_to_date, "up to date"),
        (totals.failed, "failed"),
        (totals.skipped, "skipped"),
        (totals.cancelled, "cancelled"),
        (totals.diverged, "diverged"),
    ];
    let said = counts.iter().filter(|(count, _)| *count > 0);
    let said: Vec<String> = said
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    writeln!(err, "{} in {took}", said.join(", "))?;
    if summary.stopped {
        writeln!(err, "stopped; `run` again goes on from here")?;
    }
    if totals.failed > 0 {
        writeln!(
            err,
            "`sweepline log {} STEP` prints a step's log",
            project.plan.experiment.name
        )?;
    }
    let view = project.view.strip_prefix(&project.plan.experiment.root);
    writeln!(
        err,
        "results in {}",
        view.unwrap_or(&project.view).display()
    )
}
