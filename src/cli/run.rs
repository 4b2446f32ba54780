//! `sweepline run`: brings an experiment up to date.

use std::cell::RefCell;
#[cfg(unix)]
use std::ffi::OsString;
use std::io::Write;
use std::mem::ManuallyDrop;
#[cfg(unix)]
use std::process::Command;
use std::sync::atomic::Ordering;
use std::thread;

use super::args::Progress;
use super::args::RunArgs;
use super::best_so_far::BestSoFar;
use super::claims;
use super::earlier;
use super::executors::Elsewhere;
use super::exit::Exit;
use super::filters;
use super::interrupt;
use super::output_folder;
use super::previous_run::PreviousRun;
use super::printer;
use super::printer::Printer;
use super::project;
use super::project::Identity;
use super::project::Project;
use super::prometheus;
use super::prometheus::RunMetrics;
use super::remote;
use super::remote::Supply;
use super::replicates;
use super::report;
use super::reporter::Bars;
use super::reporter::JsonLines;
use super::reporter::Lines;
use super::reporter::Reporter;
use super::reporter::Silent;
use super::resources;
use super::rounds::GOES_ON;
use super::rounds::Rounds;
use super::run_list;
use super::run_state::RunState;
use super::run_summary;
use super::searches;
use super::searches::GrowingTrials;
use super::searches::Grown;
use super::searches::News;
use super::stop::Stop;
use super::store_lock;
use super::values;
use super::worker;
use crate::engine::Engine;
use crate::engine::Event;
use crate::engine::Growth;
use crate::engine::Options;
use crate::engine::SharedResults;
use crate::engine::State;
use crate::engine::StepSummary;
use crate::engine::Totals;
use crate::plan::SelectedSteps;
use crate::plan::StepId;
use crate::search::outside::Program;
use crate::stages::Results;
use crate::stages::Stages;
use crate::store::Access;
use crate::store::Store;

/// Runs what is not up to date and says at the end what came of it.
pub(super) fn run(args: &RunArgs, err: &mut Printer) -> Result<Exit, Stop> {
    let (project, ahead) = thread::scope(|scope| {
        let mut ahead = None;
        let project = Project::open_telling(&args.experiment, err, |identity| {
            ahead = Some(scope.spawn(move || store_ahead(&identity)));
        });
        let ahead = ahead.and_then(|thread| thread.join().unwrap_or_default());
        (project, ahead)
    });
    // Never freed: the process ends soon after, and thousands of steps take a while to take apart.
    let project = ManuallyDrop::new(project?);
    let ahead = ahead.map(|(store, name)| {
        project.known_as(name);
        store
    });
    let selection = filters::selection(&project, &args.filters, err)?;
    if args.filters.failed && selection.as_ref().is_some_and(SelectedSteps::is_empty) {
        writeln!(err, "nothing of this failed the last time")?;
        return Ok(Exit::Success);
    }
    if let Some(wrong) = output_folder::refused(&project) {
        err.diagnostic(&wrong)?;
        return Ok(Exit::Usage);
    }
    if let Some(wrong) = args.metrics_file.as_deref().and_then(prometheus::refused) {
        err.diagnostic(&wrong)?;
        return Ok(Exit::Usage);
    }
    if let Some(wrong) = remote::unnamed(args.remote, &project) {
        err.diagnostic(&wrong)?;
        return Ok(Exit::Usage);
    }
    // What is wrong with the command line is told before anybody waits for the store.
    let forced = filters::forced(&project, &args.force, selection.as_ref(), err)?;
    if let Some(name) = &args.name {
        run_list::fit_for_a_name(name, err)?;
        let mut steps = project.plan.steps.iter();
        run_list::no_step(name, steps.any(|step| step.to_string() == *name), err)?;
        if ahead.is_none()
            && let Some(store) = project.read_store()?
        {
            run_list::free_for_a_run(name, &store, err)?;
        }
    }
    let interrupted = interrupt::watch()?;
    let store = match ahead {
        Some(store) => store,
        None => store_lock::open(&project.store, !args.no_wait, || {
            interrupted.load(Ordering::SeqCst) == 0
        })?,
    };
    // Whoever had the store may have shown results where these would go, or taken the name.
    if let Some(wrong) = output_folder::refused(&project) {
        err.diagnostic(&wrong)?;
        return Ok(Exit::Usage);
    }
    if let Some(name) = &args.name {
        run_list::free_for_a_run(name, &store, err)?;
    }
    project.remember_manifest(&store)?;
    let root = &project.plan.experiment.root;
    let mut options = Options::new(project.name(), root);
    let command = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    options.command = command.collect::<Vec<_>>().join(" ");
    options.view = Some(project.view.clone());
    let stop = interrupted.clone();
    options.interrupt = interrupted;
    options.max_failures = match (args.fail_fast, args.keep_going) {
        (true, _) => Some(1),
        (_, true) => None,
        _ => args.max_fail,
    };
    let rounds = Rounds::before();
    let filtered = selection.is_some();
    options.name = args.name.clone();
    options.tags = args.tags.clone();
    options.force = forced;
    if let Some(selection) = selection {
        let (only, waiting) = project.without_waiting(&selection)?;
        if let Some(waiting) = waiting {
            err.diagnostic(&waiting)?;
        }
        options.only = Some(only);
    }
    let mut growing = None;
    if !filtered && let Some(steps) = project.until_proposals()? {
        growing = Some(steps.clone());
        // What is forced may be made of all trials: it waits for the last round.
        options.force.clear();
        options.only = Some(steps);
    }
    if !filtered && growing.is_none() {
        options.let_go = project.stopped_for_good();
    }
    if let (Some(most), true) = (options.max_failures, rounds.failed > 0) {
        // Steps that failed in an earlier round and are tried once more in the last are no further ones.
        let again = match growing {
            Some(_) => 0,
            None => searches::failures(&project)?.min(rounds.failed),
        };
        options.max_failures = Some((most + again).saturating_sub(rounds.failed).max(1));
    }
    project.note_trials(&[])?;
    options.checkpoint_every = args.checkpoint_every;
    options.manifest = project.manifest.clone();
    if let Some(jobs) = args.jobs.or(project.jobs) {
        options.jobs = jobs as usize;
        // More than there are CPUs are asked for where steps wait for something else.
        options.resources.cpus = options.resources.cpus.max(jobs);
    }
    let stated = project
        .resources
        .iter()
        .chain(args.resources.iter().map(|(n, a)| (n, a)));
    resources::share_out(
        &mut options,
        stated.map(|(name, amount)| (name.clone(), *amount)),
    );
    let keys = project.rules();
    let isolated = worker::executor(options.checkpoint_every)?;
    options.detach = args.detach;
    let elsewhere = match Elsewhere::choose(&project, args.executor.as_deref(), &store) {
        Ok(elsewhere) => elsewhere,
        Err(wrong) => {
            err.diagnostic(&wrong)?;
            return Ok(Exit::Usage);
        }
    };
    let mut engine = Engine::new(&keys, &Stages, &store, options);
    engine.isolated = &isolated;
    let shared = project.remote.as_ref().and_then(|settings| {
        let mode = args.remote.unwrap_or(settings.run);
        (mode != remote::Mode::Off).then_some((settings, mode))
    });
    let supply = shared.map(|(settings, _)| Supply::new(&project, settings, &store, stop.clone()));
    engine.shared = supply
        .as_ref()
        .map(|supply| -> &dyn SharedResults { supply });
    elsewhere.join(&mut engine, &project, &store)?;
    let mut reporter = reporter(args);
    let mut state = RunState::default();
    state.search = project.best_line_of_run();
    state.trials = growing.as_ref().and_then(|_| project.trials_ahead());
    // Bars alone show it.
    let bars = !args.json && matches!(shown(args), Progress::Bars);
    let news = RefCell::new(News::default());
    let program = Program::new(root, stop.clone());
    // Who leaves the steps to a queue does not wait for what comes of them.
    let trials = growing.as_ref().filter(|_| !args.detach);
    // What is let go of, and what is forced, is known once all trials have ended: it takes a further round.
    let mut searches = project.plan.experiment.search.iter();
    let closes = args.force.is_empty() && searches.all(|search| search.budget.is_none());
    let mut trials = trials
        .map(|steps| GrowingTrials::of(&args.experiment, &project, steps, &news, &program, closes));
    let mut best_so_far = match bars && trials.is_none() {
        true => BestSoFar::of(&project, &store)?,
        false => None,
    };
    let mut metrics = args.metrics_file.as_ref().map(|_| RunMetrics::default());
    let mut expecting = false;
    let growth = trials.as_mut().map(|trials| -> &mut dyn Growth { trials });
    let summary = engine.run_growing(&project.plan.steps, growth, &mut |timed| {
        // Looked up only where something runs: a run that changes nothing has no time for it.
        if !expecting && matches!(timed.event, Event::StepStarted { .. }) {
            expecting = true;
            // Without what earlier runs took it goes as well.
            let known = store.durations(&project.name()).unwrap_or_default();
            state.foresee(&project.plan, &known);
        }
        state.add(timed);
        let mut news = news.borrow_mut();
        state.going_on = news.going_on.take();
        state.search = news.best.take().or(state.search.take());
        state.trials = news.trials.take().or(state.trials);
        if let Some(line) = best_so_far.as_mut().and_then(|best| best.add(&timed.event)) {
            state.search = Some(line);
        }
        if let Some(metrics) = &mut metrics {
            metrics.add(timed);
        }
        reporter.show(timed, &state);
    })?;
    drop(reporter);
    let (newest, summary) = match trials {
        Some(trials) => trials.ended(summary),
        None => (None, summary),
    };
    let newest = ManuallyDrop::new(newest);
    let project = newest.as_ref().unwrap_or(&project);
    let mut summary = ManuallyDrop::new(summary);
    let made = |step: &StepSummary| matches!(step.state, State::Done | State::UpToDate);
    let closed = growing.is_some()
        && summary.steps.iter().all(made)
        && project.until_proposals()?.is_none()
        && !project.was_edited_since(&summary)?;
    let growing = growing.is_some() && !closed;
    if let (Some(metrics), Some(before)) = (&mut metrics, &rounds.metrics) {
        metrics.go_on_from(before);
    }
    if let (Some(path), Some(metrics)) = (&args.metrics_file, &metrics)
        && let Err(error) = metrics.write(path)
    {
        // The results are there all the same.
        writeln!(err, "warning: not written: {error}")?;
    }
    // What was disturbed says nothing of its trial.
    let failed = summary.steps.iter().filter(|step| step.failed_itself);
    let failed = failed.filter_map(|step| Some(step.key?.to_hex().to_string()));
    project.note_trials(&failed.collect::<Vec<_>>())?;
    let mut best = None;
    let mut wrong = false;
    if !filtered && !summary.stopped {
        let made = |id: StepId| summary.steps[id.index()].state == State::Done;
        let grown = searches::after_run(project, !growing, made, &program, err)?;
        // Whoever asked meanwhile to stop does not want a further round.
        let stopped = stop.load(Ordering::SeqCst) > 0;
        match grown {
            // What is made of all trials has waited for them. What was edited meanwhile is read anew.
            Grown::No(_)
                if growing
                    && !stopped
                    && (project.until_proposals()?.is_none()
                        || project.was_edited_since(&summary)?) =>
            {
                return again(args, true, &rounds.with(&summary, metrics), &store, err);
            }
            Grown::On if !stopped => {
                return again(args, true, &rounds.with(&summary, metrics), &store, err);
            }
            Grown::On => best = project.best_line(),
            Grown::Wrong if growing => return Ok(Exit::Failed),
            Grown::Wrong => wrong = true,
            Grown::No(line) => best = line,
        }
        summary.stopped |= stopped && growing;
    }
    if let Some((settings, remote::Mode::ReadWrite)) = shared {
        let steps = summary.steps.iter().zip(&project.plan.steps);
        let mut kept = steps.filter(|(step, of)| step.result.is_some() && of.policy.cache);
        let left = remote::LeftByRun {
            keys: kept.clone().filter_map(|(step, _)| step.key).collect(),
            made: kept.any(|(step, _)| step.state == State::Done),
        };
        let stop = stop.clone();
        remote::after_run(project, settings, &store, left, stop, args.progress, err)?;
    }
    let asked = project::asked(&args.experiment, &args.experiment.manifest);
    run_summary::print(project, &asked, &summary, &rounds, best.as_deref(), err)?;
    // What a filter leaves out may be known all the same.
    let partial = summary.steps.iter().any(|s| s.state == State::Unselected);
    let previous = match partial {
        true => Some(PreviousRun::of(project)?),
        false => None,
    };
    let results = ManuallyDrop::new(match &previous {
        Some(previous) => previous.results(project),
        None => Results {
            plan: &project.plan,
            store: Some(&store),
            by_step: summary.steps.iter().map(|s| s.result.clone()).collect(),
            open: summary
                .steps
                .iter()
                .map(|s| s.state == State::Cancelled)
                .collect(),
        },
    });
    let (claims, more) = claims::after_run(project, &results, args.require_claims, err)?;
    values::after_run(&project.view, &results, err)?;
    earlier::after_run(&project.view, &results, err)?;
    let whole = !partial && summary.totals.failed == 0 && !summary.stopped;
    let goes_on = whole && stop.load(Ordering::SeqCst) == 0;
    if let Some(more) = more.filter(|_| goes_on) {
        writeln!(err, "not all claims are decided: going on to {more}")?;
        replicates::note(&project.store, &project.name(), more)?;
        return again(args, false, &rounds.with(&summary, metrics), &store, err);
    }
    if args.report && report::refused(project, err)? {
        return Ok(Exit::Failed);
    }
    if args.report {
        report::write(project, &results, None, err)?;
    }
    Ok(match () {
        () if wrong || summary.totals.failed > 0 || nothing_made(&summary.totals) => Exit::Failed,
        () if summary.stopped => Exit::Interrupted,
        () => claims,
    })
}

/// Whether all that was asked for is pending, since it needs what was not.
fn nothing_made(totals: &Totals) -> bool {
    totals.pending > 0 && totals.done + totals.up_to_date == 0
}

/// The same command once more, in the place of this process: the plan is another one now. A name of
/// the run goes to the last one. `force`: what is forced has not run yet.
fn again(
    args: &RunArgs,
    force: bool,
    rounds: &Rounds,
    store: &Store,
    err: &mut Printer,
) -> Result<Exit, Stop> {
    if let Some(name) = &args.name {
        store.unname_run(name)?;
        store.sync()?;
    }
    in_this_place(force, rounds, err)
}

#[cfg(unix)]
fn in_this_place(force: bool, rounds: &Rounds, err: &mut Printer) -> Result<Exit, Stop> {
    use std::os::unix::process::CommandExt;
    err.flush()?;
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_default();
    let arguments = match force {
        true => arguments.collect(),
        false => unforced(arguments),
    };
    Err(Command::new(std::env::current_exe()?)
        .arg0(program)
        .args(arguments)
        .env(GOES_ON, rounds.to_text())
        .exec())?
}

#[cfg(not(unix))]
fn in_this_place(_: bool, _: &Rounds, err: &mut Printer) -> Result<Exit, Stop> {
    writeln!(err, "run it again")?;
    Ok(Exit::Success)
}

/// Arguments without `--force STEP`.
#[cfg(unix)]
fn unforced(mut arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut kept = Vec::new();
    while let Some(argument) = arguments.next() {
        if argument == "--force" {
            arguments.next();
        } else if !argument.as_encoded_bytes().starts_with(b"--force=") {
            kept.push(argument);
        }
    }
    kept
}

/// The store, opened and read while the plan is expanded: with thousands of steps both take a while.
/// None where there is anything to wait for, or to say, which is then done in its turn.
fn store_ahead(of: &Identity) -> Option<(Store, String)> {
    if !of.store.is_dir() {
        return None;
    }
    let store = Store::open(&of.store, Access::Write { wait: false }).ok()?;
    let name = store.history(&of.title, &of.manifest, &of.root);
    let name = name.ok()?;
    store.preload_ahead(&name).ok()?;
    Some((store, name))
}

/// How the run shows itself.
fn reporter(args: &RunArgs) -> Box<dyn Reporter> {
    if args.json {
        return Box::new(JsonLines(Printer::output_lines()));
    }
    match shown(args) {
        Progress::None => Box::new(Silent::new(Printer::error())),
        Progress::Bars => Box::new(Bars::new()),
        Progress::Lines | Progress::Auto => Box::new(Lines::new(Printer::error())),
    }
}

/// What is shown where it is left to the program.
fn shown(args: &RunArgs) -> Progress {
    match args.progress {
        Progress::Auto if printer::bars_can_be_drawn() => Progress::Bars,
        Progress::Auto => Progress::Lines,
        progress => progress,
    }
}
