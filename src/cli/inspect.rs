//! `sweepline plan`, `check`, `why` and `graph`: what is known before anything runs.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::args;
use super::args::GraphArgs;
use super::args::GraphFormat;
use super::args::PlanArgs;
use super::args::WhyArgs;
use super::exit::Exit;
use super::project::Project;
use super::project::Stop;
use crate::plan::Fate;
use crate::plan::Known;
use crate::plan::Reason;
use crate::plan::Step;
use crate::stages::Results;
use crate::store::Digest;
use crate::store::KeyParts;
use crate::store::Lookup;
use crate::store::Record;
use crate::store::Store;
use crate::text::plural;

/// Says what a run would do.
pub fn plan(args: &PlanArgs, out: &mut impl Write, err: &mut impl Write) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    let fates = fates(&project)?;
    let steps = &project.plan.steps;
    if args.json {
        for (step, fate) in steps.iter().zip(&fates) {
            writeln!(out, "{}", fate_json(step, fate))?;
        }
        return Ok(Exit::Success);
    }
    let width = steps.iter().map(|step| step.stage.len()).max().unwrap_or(0);
    for stage in &project.plan.stages {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for id in &stage.steps {
            *counts.entry(word(&fates[id.index()])).or_default() += 1;
        }
        let counts = ["runs", "may run", "cannot run", "up to date"]
            .iter()
            .filter_map(|word| counts.get(word).map(|count| format!("{count} {word}")));
        let counts: Vec<String> = counts.collect();
        let kinds = stage.kinds.join(", ");
        writeln!(
            out,
            "{:width$}  {}  ({kinds})",
            stage.name,
            counts.join(", ")
        )?;
    }
    if args.explain {
        explain(&project, &fates, out)?;
    } else {
        outline(&project, &fates, out)?;
    }
    let run = fates
        .iter()
        .filter(|fate| !matches!(fate, Fate::UpToDate { .. }))
        .count();
    match run {
        0 => writeln!(err, "all {} up to date", plural(steps.len(), "step"))?,
        _ => writeln!(err, "{run} of {} to run", plural(steps.len(), "step"))?,
    }
    Ok(Exit::Success)
}

/// Every step that is not up to date, with all reasons and their places.
fn explain(project: &Project, fates: &[Fate], out: &mut impl Write) -> io::Result<()> {
    for (step, fate) in project.plan.steps.iter().zip(fates) {
        if matches!(fate, Fate::UpToDate { .. }) {
            continue;
        }
        writeln!(out, "\n{step}: {}, {}", word(fate), reasons(project, fate))?;
        for place in places(fate) {
            writeln!(out, "  {place}")?;
        }
    }
    Ok(())
}

/// What is sure to run, by stage and reason: many cells of a stage run for one reason.
fn outline(project: &Project, fates: &[Fate], out: &mut impl Write) -> io::Result<()> {
    let mut groups: Vec<(&Step, String, usize)> = Vec::new();
    for (step, fate) in project.plan.steps.iter().zip(fates) {
        if !matches!(fate, Fate::Runs { .. } | Fate::Broken { .. }) {
            continue;
        }
        let reasons = reasons(project, fate);
        let same =
            |group: &&mut (&Step, String, usize)| group.0.stage == step.stage && group.1 == reasons;
        match groups.iter_mut().find(same) {
            Some(group) => group.2 += 1,
            None => groups.push((step, reasons, 1)),
        }
    }
    if !groups.is_empty() {
        writeln!(out)?;
    }
    for (first, reasons, count) in groups {
        let more = match count {
            1 => String::new(),
            _ => format!(" and {} more", count - 1),
        };
        writeln!(out, "{first}{more}: {reasons}")?;
    }
    Ok(())
}

/// Reports every mistake; says so where there is none.
pub fn check(args: &args::Experiment, err: &mut impl Write) -> Result<Exit, Stop> {
    let project = Project::open(args, err)?;
    writeln!(
        err,
        "`{}` is well formed: {} in {}",
        args.manifest.display(),
        plural(project.plan.steps.len(), "step"),
        plural(project.plan.stages.len(), "stage"),
    )?;
    Ok(Exit::Success)
}

/// Explains one step.
pub fn why(args: &WhyArgs, out: &mut impl Write, err: &mut impl Write) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    let step = project.step(&args.step, err)?;
    let fates = fates(&project)?;
    let fate = &fates[step.id.index()];
    writeln!(out, "{step}: {}", word(fate))?;
    writeln!(out, "  --> {} ({})", step.place, step.kind.name())?;
    match fate {
        Fate::UpToDate { record } => {
            writeln!(out, "  key {}", record.key.short())?;
            if let Some(store) = project.read_store()? {
                let parts = store.parts(record.key)?.unwrap_or_default();
                for (part, value) in parts {
                    writeln!(out, "  {part}: {value}")?;
                }
            }
            for (output, artifact) in &record.made.outputs {
                writeln!(
                    out,
                    "  leaves {output}: {} ({} bytes)",
                    artifact.digest().short(),
                    artifact.size()
                )?;
            }
        }
        _ => {
            writeln!(out, "  {}", reasons(&project, fate))?;
            for place in places(fate) {
                writeln!(out, "  {place}")?;
            }
        }
    }
    Ok(Exit::Success)
}

/// Prints the graph of stages.
pub fn graph(args: &GraphArgs, out: &mut impl Write, err: &mut impl Write) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    let text = match args.format {
        GraphFormat::Dot => project.plan.to_dot(),
        GraphFormat::Mermaid => project.plan.to_mermaid(),
    };
    write!(out, "{text}")?;
    Ok(Exit::Success)
}

/// What would become of every step, in the order of the plan.
pub fn fates(project: &Project) -> Result<Vec<Fate>, Stop> {
    let known = match project.read_store()? {
        Some(store) => {
            store.preload(project.plan.steps.len())?;
            let last = store.keys_of(&project.name())?;
            Earlier {
                store: Some(store),
                last,
            }
        }
        None => Earlier {
            store: None,
            last: BTreeMap::new(),
        },
    };
    Ok(project.plan.fates(&project.rules(), &known))
}

/// The results of every step that is up to date.
pub fn results<'p>(project: &'p Project, store: Option<&'p Store>) -> Result<Results<'p>, Stop> {
    let fates = fates(project)?.into_iter();
    let made = fates.map(|fate| match fate {
        Fate::UpToDate { record } => Some(Arc::new(record.made.clone())),
        _ => None,
    });
    Ok(Results {
        plan: &project.plan,
        store,
        made: made.collect(),
    })
}

/// What earlier runs left.
struct Earlier {
    store: Option<Store>,
    /// The last key of each step, by its name.
    last: BTreeMap<String, Digest>,
}

impl Known for Earlier {
    fn record(&self, key: &Digest) -> Option<Arc<Record>> {
        // A store that fails to answer knows nothing: the run itself will say why.
        let made = match self.store.as_ref()?.lookup(*key).ok()? {
            Lookup::Hit(made) => made,
            _ => return None,
        };
        Some(Arc::new(Record {
            key: *key,
            parts: KeyParts::new(),
            made: (*made).clone(),
        }))
    }

    fn last(&self, step: &str) -> Option<KeyParts> {
        let key = self.last.get(step)?;
        self.store.as_ref()?.parts(*key).ok()?
    }

    fn file_digest(&self, path: &Path) -> std::io::Result<Digest> {
        match &self.store {
            Some(store) => store
                .file_digest(path)
                .map(|object| object.digest)
                .map_err(std::io::Error::other),
            None => std::fs::read(path).map(|bytes| Digest::of(&bytes)),
        }
    }

    fn intact(&self, _: &Record) -> bool {
        // A lookup that hits has looked at every object.
        true
    }
}

/// A fate in a word or two.
fn word(fate: &Fate) -> &'static str {
    match fate {
        Fate::UpToDate { .. } => "up to date",
        Fate::Runs { .. } => "runs",
        Fate::MayRun { .. } => "may run",
        Fate::Broken { .. } => "cannot run",
    }
}

/// Why, on one line.
fn reasons(project: &Project, fate: &Fate) -> String {
    match fate {
        Fate::UpToDate { .. } => String::new(),
        Fate::Runs { reasons, .. } => {
            let all = reasons.iter().map(|reason| reason.what.to_string());
            all.collect::<Vec<_>>().join("; ")
        }
        Fate::MayRun { after } => {
            let first = after.first().map(|id| project.plan.step(*id).to_string());
            let more = match after.len() {
                0 | 1 => String::new(),
                n => format!(" and {} more", n - 1),
            };
            format!("waits for {}{more}", first.unwrap_or_default())
        }
        Fate::Broken { error } => error.to_string(),
    }
}

/// The places behind the reasons.
fn places(fate: &Fate) -> Vec<String> {
    let Fate::Runs { reasons, .. } = fate else {
        return Vec::new();
    };
    let placed = reasons.iter().filter_map(|reason: &Reason| {
        let place = reason.place.as_ref()?;
        Some(format!("{}  --> {place}", reason.what))
    });
    placed.collect()
}

fn fate_json(step: &Step, fate: &Fate) -> serde_json::Value {
    let cell: serde_json::Map<_, _> = step
        .cell
        .iter()
        .map(|(axis, value)| (axis.to_owned(), json!(value)))
        .collect();
    let mut object = json!({
        "step": step.to_string(),
        "stage": &*step.stage,
        "kind": step.kind.name(),
        "cell": cell,
        "state": word(fate),
    });
    match fate {
        Fate::UpToDate { record } => {
            let outputs = record.made.outputs.iter();
            let digests =
                outputs.map(|(name, artifact)| (name.clone(), json!(artifact.digest().to_hex())));
            object["key"] = json!(record.key.to_hex());
            object["digests"] = digests.collect::<serde_json::Map<_, _>>().into();
        }
        Fate::Runs { reasons, .. } => {
            let reasons = reasons.iter().map(|reason| reason.what.to_string());
            object["reasons"] = reasons.collect::<Vec<_>>().into();
        }
        _ => {}
    }
    object
}
