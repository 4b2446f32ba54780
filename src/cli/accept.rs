//! `sweepline accept`: a result that is there stands for the current one, and is shown as such for ever.

use std::io::Write;

use super::args::AcceptArgs;
use super::diff::few;
use super::exit::Exit;
use super::previous_run::PreviousRun;
use super::printer::Printer;
use super::project::Project;
use super::report::date;
use super::step_status::change_lines;
use super::stop::Stop;
use super::store_lock;
use crate::plan::Change;
use crate::plan::Step;
use crate::plan::StepId;
use crate::plan::StepStatus;
use crate::plan::changes;
use crate::registry::Outputs;
use crate::store::Accepted;
use crate::store::Digest;
use crate::store::KeyParts;
use crate::store::StepResult;
use crate::store::Store;
use crate::store::experiment_of;
use crate::text::ShowPath;
use crate::text::in_one_line;
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
    let mut current = 0;
    let mut taken: Vec<Taken> = Vec::new();
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
            refused.push((step, none_before(store, &project, step)?));
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
        let other = otherwise(&record.parts, &parts, &args.despite);
        if !other.names.is_empty() {
            refused.push((step, other.told()));
            continue;
        }
        let origin = origin(store, instead)?;
        let differs = change_lines(&changes(&record.parts, &parts));
        store.accept(
            key,
            instead,
            args.because.trim(),
            step.kind.name(),
            &parts,
            &record.result,
        )?;
        keys.push((step.to_string(), Some(key)));
        let alike = |one: &&mut Taken| one.origin == origin && one.differs == differs;
        match taken.iter_mut().find(alike) {
            Some(known) => known.steps.push(step.to_string()),
            None => taken.push(Taken {
                steps: vec![step.to_string()],
                origin,
                differs,
            }),
        }
    }
    let count: usize = taken.iter().map(|taken| taken.steps.len()).sum();
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
    for taken in &taken {
        writeln!(err, "{}: {}", few(&taken.steps), taken.origin)?;
        for line in &taken.differs {
            writeln!(err, "  {}", in_one_line(line))?;
        }
    }
    for (step, why) in &refused {
        writeln!(err, "error: `{step}` is not accepted: {why}")?;
    }
    let already = match current {
        0 => String::new(),
        n => format!("; {n} up to date already"),
    };
    writeln!(err, "accepted {}{already}", plural(count, "result"))?;
    Ok(match refused.is_empty() {
        true => Exit::Success,
        false => Exit::Failed,
    })
}

/// Results that were accepted, alike in where they are from and in what differs.
struct Taken {
    steps: Vec<String>,
    origin: String,
    differs: Vec<String>,
}

/// Where a result is from: `the result of run 20261129-101206, 2026-11-29 10:12:06 UTC`.
fn origin(store: &Store, key: Digest) -> Result<String, Stop> {
    let run = store.made_in(key)?.filter(|run| !run.is_empty());
    Ok(match (run, store.fetched(key)?) {
        (Some(run), _) => format!("the result of run {run}, {}", date(&run)),
        (None, Some(fetched)) => format!("the result fetched from {}", fetched.from),
        (None, None) => "a result of unknown origin".to_owned(),
    })
}

/// Parameters and inputs that a result was made with otherwise, and that nobody has named.
struct Otherwise {
    names: Vec<String>,
    changes: Vec<Change>,
}

/// What a command says of its program rather than gives to it.
const OF_PROGRAM: [&str; 7] = [
    "out",
    "metrics",
    "code",
    "copy_code",
    "place",
    "pass_env",
    "environment",
];

/// What a program is, its text and its code, is what one accepts a change of; what it is given is not.
fn otherwise(old: &KeyParts, new: &KeyParts, named: &[String]) -> Otherwise {
    let is_command = new
        .get("kind.name")
        .is_some_and(|kind| kind.trim_matches('"') == "command");
    // The words of a list are what its parameters came to; a text is given them beside it.
    let text = |parts: &KeyParts| {
        parts
            .get("param.run")
            .is_some_and(|run| run.starts_with('"'))
    };
    let is_text = text(old) && text(new);
    let given = |part: &str| {
        let (group, name) = part.split_once('.')?;
        let is_given = match group {
            "param" if is_command && name == "run" => !is_text,
            "param" => !(is_command && OF_PROGRAM.contains(&name)),
            group => matches!(group, "input" | "file" | "env"),
        };
        // The members of a slot that collects are one name.
        let name = match group {
            "input" => name.split(['[', '.']).next().unwrap_or(name),
            _ => name,
        };
        (is_given && !named.iter().any(|named| named == name)).then(|| name.to_owned())
    };
    let mut names: Vec<String> = Vec::new();
    let only = |parts: &KeyParts, other: &KeyParts, names: &mut Vec<String>| -> KeyParts {
        let differ = parts
            .iter()
            .filter(|(part, value)| other.get(*part) != Some(value));
        let given = differ.filter(|(part, _)| match given(part) {
            Some(name) => {
                if !names.contains(&name) {
                    names.push(name);
                }
                true
            }
            None => false,
        });
        given
            .map(|(part, value)| (part.clone(), value.clone()))
            .collect()
    };
    let (was, is) = (only(old, new, &mut names), only(new, old, &mut names));
    Otherwise {
        names,
        changes: changes(&was, &is),
    }
}

impl Otherwise {
    fn told(&self) -> String {
        let lines = change_lines(&self.changes);
        let lines: Vec<_> = lines.iter().map(|line| in_one_line(line)).collect();
        format!(
            "its result was made with other parameters or inputs ({}): run it, or `--despite {}` where that changes nothing",
            lines.join("; "),
            self.names.join(",")
        )
    }
}

/// Why there is nothing to accept.
fn none_before(store: &Store, project: &Project, step: &Step) -> Result<String, Stop> {
    let title = project.title();
    for (history, manifest) in store.manifests()? {
        let is_other = history != project.name() && experiment_of(&history) == title;
        if is_other && store.keys_of(&history)?.contains_key(&step.to_string()) {
            return Ok(format!(
                "it has no result from before here; the one that is there is of `{}`, another manifest",
                manifest.shown()
            ));
        }
    }
    Ok("it has no result from before".to_owned())
}

/// The result that a step had under its last key, or where the attempts at that came to nothing, the one before.
fn last(
    store: &Store,
    project: &Project,
    step: &Step,
) -> Result<Option<(Digest, crate::store::Record)>, Stop> {
    let name = step.to_string();
    let last = store.keys_of(&project.name())?.get(&name).copied();
    let attempts = store.attempts(&project.name(), &name)?;
    let made = attempts.iter().rev().filter(|one| one.outcome == "made");
    for key in last.into_iter().chain(made.map(|one| one.key)) {
        if let Some(record) = store.record(key)? {
            return Ok(Some((key, record)));
        }
    }
    Ok(None)
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
