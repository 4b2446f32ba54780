//! Where the results come from: versions, sources, machine, digests, and the way to make them
//! again.

use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;

use super::super::project::Project;
use super::past::Past;
use super::past::date;
use crate::nn::DeviceChoice;
use crate::report::Artifact;
use crate::report::Provenance;
use crate::report::SourceFile;
use crate::stages::Results;
use crate::store::Digest;
use crate::text::Source;
use crate::text::plural;

pub(super) fn provenance(project: &Project, results: &Results<'_>, past: &Past) -> Provenance {
    let commit = git(&project.plan.experiment.root, &["rev-parse", "HEAD"]);
    let state = commit.as_deref().map(|commit| {
        let changes = git(&project.plan.experiment.root, &["status", "--porcelain"]);
        let changed = changes.map_or(0, |changes| changes.lines().count());
        (commit.to_owned(), changed)
    });
    Provenance {
        facts: facts(project, past, state.as_ref()),
        reproduce: reproduce(project, state.as_ref()),
        files: files(project),
        artifacts: artifacts(results),
    }
}

/// A commit, and how many files differ from it.
type GitState = (String, usize);

fn facts(project: &Project, past: &Past, state: Option<&GitState>) -> Vec<(String, String)> {
    let mut facts: Vec<(String, String)> = Vec::new();
    let mut fact = |name: &str, value: String| facts.push((name.to_owned(), value));
    fact("sweepline", env!("CARGO_PKG_VERSION").to_owned());
    fact(
        "git",
        match state {
            None => "not a git repository".to_owned(),
            Some((commit, 0)) => format!("{commit}, nothing changed since"),
            Some((commit, n)) => format!("{commit}, with {} not committed", plural(*n, "change")),
        },
    );
    let experiment = &project.plan.experiment;
    if let Some(profile) = &experiment.profile {
        fact("profile", profile.clone());
    }
    for axis in &experiment.axes {
        let columns = axis.columns.iter();
        let columns = columns.map(|column| experiment.grid.columns().get(*column));
        for column in columns {
            let values: Vec<String> = column.values().iter().map(ToString::to_string).collect();
            let what = if axis.seeds { "seeds" } else { "axis" };
            fact(&format!("{what} {}", column.name), values.join(", "));
        }
    }
    fact("device", device());
    fact("machine", machine());
    if let Some(run) = &past.run {
        fact("last run with work", run.run.clone());
        fact("started", date(&run.run));
        fact("its command", run.command.clone());
        fact("steps at once", past.jobs.to_string());
    }
    facts
}

/// Of trainings with `device: auto`; none trains here where it cannot be opened.
fn device() -> String {
    let device = DeviceChoice::Auto.open();
    device.map_or_else(|_| "cpu".to_owned(), |device| device.name().to_owned())
}

fn machine() -> String {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let mut parts = Vec::new();
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = told.lines().find(|line| line.starts_with("model name"));
    if let Some((_, model)) = model.and_then(|line| line.split_once(':')) {
        parts.push(model.trim().to_owned());
    }
    parts.push(plural(cpus, "CPU"));
    let told = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = told.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kibibytes = total.and_then(|rest| rest.trim().split(' ').next()?.parse::<f64>().ok());
    if let Some(kibibytes) = kibibytes {
        parts.push(format!("{:.0} GiB of memory", kibibytes / 1_048_576.0));
    }
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    parts.push(format!("{os} on {arch}"));
    parts.join(", ")
}

/// The commands that make the same results from the same sources.
fn reproduce(project: &Project, state: Option<&GitState>) -> Vec<String> {
    let mut commands = Vec::new();
    if let Some((commit, changed)) = state {
        commands.push(format!("git checkout {commit}"));
        if *changed > 0 {
            let changes = plural(*changed, "change");
            commands.push(format!("# and then the {changes} that are in no commit"));
        }
    }
    commands.push(format!("sweepline run {}", project.asked));
    commands
}

/// The manifest, and the pipeline where it is another file.
fn files(project: &Project) -> Vec<SourceFile> {
    let mut sources: Vec<&Arc<Source>> = vec![&project.plan.experiment.source];
    for step in &project.plan.steps {
        let source = &step.place.source;
        if !sources.iter().any(|known| known.path == source.path) {
            sources.push(source);
        }
    }
    let files = sources.into_iter().map(|source| SourceFile {
        path: source.path.to_string_lossy().into_owned(),
        digest: Digest::of(source.text.as_bytes()).to_hex(),
        text: source.text.clone(),
    });
    files.collect()
}

/// Every file of every result.
fn artifacts(results: &Results<'_>) -> Vec<Artifact> {
    let mut artifacts = Vec::new();
    for step in &results.plan.steps {
        let Some(result) = results.result(step.id) else {
            continue;
        };
        for artifact in result.outputs.values() {
            for (file, object) in &artifact.files {
                artifacts.push(Artifact {
                    path: format!("{step}/{file}"),
                    digest: object.digest.to_hex(),
                    bytes: object.size,
                });
            }
        }
    }
    artifacts
}

/// What git says in a folder; none where there is no git or no repository.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments);
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}
