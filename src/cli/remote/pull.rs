//! `sweepline pull`: what an experiment needs comes from the shared store, as far as it is there.

use std::collections::HashSet;
use std::io::Write;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::amount;
use super::bar;
use super::failed;
use super::place;
use super::tell_others;
use super::tell_refused;
use crate::cli::args;
use crate::cli::args::PullArgs;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::previous_run::PreviousRun;
use crate::cli::printer::Printer;
use crate::cli::project::Project;
use crate::cli::reporter::duration;
use crate::cli::stop::Stop;
use crate::cli::store_lock;
use crate::cli::written::named;
use crate::engine;
use crate::plan::StepStatus;
use crate::remote::Progress;
use crate::remote::Remote;
use crate::store::Digest;
use crate::store::Store;
use crate::store::Wanted;
use crate::text::plural;

/// Fetches results wave by wave: what a step leaves says which results come after it.
pub(in crate::cli) fn pull(args: &PullArgs, err: &mut Printer) -> Result<Exit, Stop> {
    let started = Instant::now();
    let mut project = Project::open(&args.experiment, err)?;
    let place = place(args.from.as_deref(), &project, err)?;
    let interrupted = interrupt::watch()?;
    let remote = Remote::open(&place, &project.plan.experiment.root);
    let remote = remote.map_err(|error| failed(error, err))?;
    let remote = match &project.remote {
        Some(settings) => remote
            .of_same_numerics(settings.same_numerics)
            .trusting(&settings.trusted),
        None => remote,
    };
    let store = store_lock::open(&project.store, !args.no_wait, || {
        interrupted.load(Ordering::SeqCst) == 0
    })?;
    project.remember_manifest(&store)?;
    let mut previous = PreviousRun::in_store(&project, Some(store))?;
    let progress = Progress::stopped_by(interrupted);
    let mut asked: HashSet<Digest> = HashSet::new();
    let mut refused = Vec::new();
    let (mut fetched, mut others) = (0, 0);
    let statuses = loop {
        let statuses = previous.statuses(&project);
        let steps = project.plan.steps.iter().zip(&statuses);
        let mut wanted: Vec<Wanted> = steps
            .filter(|(step, _)| step.policy.cache)
            .filter_map(|(step, status)| match status {
                StepStatus::Runs { key, .. } if asked.insert(*key) => {
                    let outputs = step.outputs().into_iter();
                    Some(Wanted {
                        key: *key,
                        outputs: outputs.map(|(name, _)| name.into()).collect(),
                    })
                }
                _ => None,
            })
            .collect();
        wanted.sort_unstable_by_key(|wanted| wanted.key);
        let Some(store) = previous.store.as_ref().filter(|_| !wanted.is_empty()) else {
            if let Some(store) = &previous.store {
                store.sync()?;
            }
            let newer = further(&args.experiment, &project)?;
            let newer = match newer {
                None => proposed_by_others(args, (&project, &statuses), &remote, err)?,
                newer => newer,
            };
            match newer {
                None => break statuses,
                Some(newer) => project = newer,
            }
            previous = PreviousRun::in_store(&project, previous.store.take())?;
            continue;
        };
        let answers = bar::shown(&progress, args.progress, || {
            remote.fetch(store, &wanted, &progress)
        });
        let answers = match answers {
            Ok(answers) => answers,
            Err(error) => {
                store.sync()?;
                return Err(failed(error, err));
            }
        };
        let mut there = Vec::new();
        for (wanted, answer) in wanted.iter().zip(answers) {
            refused.extend(answer.refused);
            others += usize::from(answer.others);
            there.extend(answer.result.map(|_| wanted.key));
        }
        fetched += there.len();
        store.note_shared(remote.place(), remote.id(), &there)?;
    };
    if let Some(store) = &mut previous.store {
        remember(&project, store, &statuses)?;
        store.sync()?;
    }
    // What came has taken the place of what somebody had written there.
    if let Some(store) = &previous.store {
        match engine::keep_edits(&project.view, store, "pull") {
            Ok(kept) => {
                for (path, aside) in &kept {
                    writeln!(err, "warning: {}", engine::kept_as(path, aside))?;
                }
            }
            Err(error) => writeln!(err, "warning: {}", named(&project.view, error))?,
        }
    }
    tell_refused(remote.place(), &refused, err)?;
    tell_others(remote.place(), others, err)?;
    let moved = progress.now();
    let missing = statuses.iter().filter(|status| status.result().is_none());
    let missing = missing.count();
    let took = duration(started.elapsed().as_secs_f64());
    match fetched {
        0 if missing == 0 => writeln!(err, "nothing to fetch: all is here")?,
        0 => writeln!(err, "nothing was fetched from {}", remote.place())?,
        _ => {
            let results = plural(fetched, "result");
            let amount = amount(moved.objects_done, moved.bytes_done);
            writeln!(
                err,
                "fetched {results}, {amount} from {} in {took}",
                remote.place()
            )?;
        }
    }
    if missing > 0 {
        let steps = plural(missing, "step");
        writeln!(
            err,
            "{steps} of the plan not there: `run` makes what is missing"
        )?;
    }
    Ok(match refused.is_empty() {
        true => Exit::Success,
        false => Exit::Failed,
    })
}

/// The project with the trials of its search that are known from what was fetched, where there are more.
fn further(args: &args::Experiment, project: &Project) -> Result<Option<Project>, Stop> {
    let Some(before) = &project.plan.experiment.search else {
        return Ok(None);
    };
    let newer = Project::open(args, &mut Printer::silent())?;
    let now = newer.plan.experiment.search.as_ref();
    let more = now.is_some_and(|now| now.cells.len() > before.cells.len());
    Ok(more.then_some(newer))
}

/// The project with the trials that a program has proposed for somebody else who had the same results; none where there
/// are no more.
fn proposed_by_others(
    args: &PullArgs,
    (project, statuses): (&Project, &[StepStatus]),
    remote: &Remote,
    err: &mut Printer,
) -> Result<Option<Project>, Stop> {
    let has_results = |status: &StepStatus| status.result().is_some();
    if !project.asks_a_program()
        || !project.awaits_trials()
        || !project.has_trials_with(|id| has_results(&statuses[id.index()]))
    {
        return Ok(None);
    }
    let searches = remote.searches(&project.name());
    let searches = searches.map_err(|error| failed(error, err))?;
    match project.take_answers(searches)? {
        true => Project::open(&args.experiment, &mut Printer::silent()).map(Some),
        false => Ok(None),
    }
}

/// What the steps are known by from now on, for `why` and `gc`.
fn remember(project: &Project, store: &Store, statuses: &[StepStatus]) -> Result<(), Stop> {
    let names: Vec<String> = project.plan.steps.iter().map(ToString::to_string).collect();
    let keys = statuses.iter().map(|status| match status {
        StepStatus::UpToDate { key, .. } => Some(*key),
        _ => None,
    });
    let keys: Vec<(&str, Option<Digest>)> = names.iter().map(String::as_str).zip(keys).collect();
    store.set_keys(&project.name(), &keys)?;
    Ok(())
}
