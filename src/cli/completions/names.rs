//! The names that the manifest and the store of a command line know. Whatever cannot be read gives none.

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::CommandFactory;
use clap::FromArgMatches;
use clap_complete::CompletionCandidate;

use super::super::args;
use super::super::args::Cli;
use super::super::args::ProjectArgs;
use super::super::known_manifests;
use super::super::ls;
use super::super::printer::Printer;
use super::super::project;
use super::super::project::Project;
use super::super::runs;
use super::super::settings::Settings;
use super::words;
use crate::manifest;
use crate::manifest::Experiment;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::stages;
use crate::store::PastRun;
use crate::text::is_hidden;

/// Above this many steps their names are offered axis by axis.
const MANY: usize = 200;

/// How many runs are offered, the newest.
const RUNS: usize = 30;

/// The words before the one that is asked for.
pub(super) struct Given(Vec<OsString>);

/// Words that may be followed by more of the same.
fn candidate(text: impl Into<String>, help: &str) -> CompletionCandidate {
    let help = help.replace(is_hidden, " ");
    let help = Some(help).filter(|help| !help.is_empty());
    CompletionCandidate::new(text.into()).help(help.map(Into::into))
}

/// Kinds of stages, and the groups that `list` takes.
pub(super) fn kinds() -> Vec<CompletionCandidate> {
    let catalog = stages::catalog();
    let groups = catalog
        .iter()
        .filter_map(|kind| kind.name().split_once('/'));
    let groups: BTreeSet<&str> = groups.map(|(group, _)| group).collect();
    let kinds = catalog
        .iter()
        .map(|kind| candidate(kind.name(), kind.summary()));
    let groups = groups.iter().map(|group| candidate(*group, "all of them"));
    groups.chain(kinds).collect()
}

impl Given {
    /// Of words as they are typed.
    pub(super) fn new(typed: impl Iterator<Item = OsString>) -> Self {
        Given(typed.map(|word| words::plain(&word)).collect())
    }

    /// What the words say of a verb's arguments, as far as they go.
    fn args<A: FromArgMatches>(&self) -> Option<A> {
        let command = Cli::command().ignore_errors(true);
        let matches = command.try_get_matches_from(&self.0).ok()?;
        let (_, verb) = matches.subcommand()?;
        A::from_arg_matches(verb).ok()
    }

    fn experiment(&self) -> Option<Experiment> {
        let args: args::Experiment = self.args()?;
        let overrides = project::overrides(&args, &mut Printer::silent()).ok()?;
        Experiment::read(&args.manifest, &stages::catalog(), &overrides).experiment
    }

    fn project(&self) -> Option<Project> {
        Project::open(&self.args()?, &mut Printer::silent()).ok()
    }

    pub(super) fn profiles(&self) -> Vec<CompletionCandidate> {
        let args: Option<args::Experiment> = self.args();
        let names = args.map(|args| known_manifests::profiles_in(&args.manifest));
        let names = names.unwrap_or_default().into_iter();
        names.map(|name| candidate(name, "")).collect()
    }

    /// `epochs=`, and what may follow where that is known.
    pub(super) fn params(&self, typed: &str) -> Vec<CompletionCandidate> {
        let Some(experiment) = self.experiment() else {
            return Vec::new();
        };
        let declared = experiment.pipeline.params.iter();
        if let Some((name, _)) = typed.split_once('=') {
            let known = declared.filter(|param| *param.name == *name);
            let values = known.flat_map(|param| match &param.ty {
                ParamType::Bool => vec!["true".to_owned(), "false".to_owned()],
                ParamType::Choice(choices) => choices.iter().map(ToString::to_string).collect(),
                _ => Vec::new(),
            });
            let values = values.map(|value| candidate(format!("{name}={value}"), ""));
            return values.collect();
        }
        let params = declared.map(|param| candidate(format!("{}=", param.name), &param.doc));
        params.collect()
    }

    /// `latent=`, then its values, one after another.
    pub(super) fn axes(&self, typed: &str) -> Vec<CompletionCandidate> {
        let mut found = self.coordinates(typed, &[',']);
        if !typed.contains('=') {
            found.extend(self.params(typed));
        }
        found
    }

    /// `latent=8|32,seed=0`.
    pub(super) fn only(&self, typed: &str) -> Vec<CompletionCandidate> {
        let (before, term) = match typed.rfind(',') {
            Some(at) => typed.split_at(at + 1),
            None => ("", typed),
        };
        let terms = self.coordinates(term, &['|']).into_iter();
        terms.map(|term| term.add_prefix(before)).collect()
    }

    /// The names of axes with `=`; after it, the values that are not there yet.
    fn coordinates(&self, typed: &str, separators: &[char]) -> Vec<CompletionCandidate> {
        let Some(experiment) = self.experiment() else {
            return Vec::new();
        };
        let columns = experiment.grid.columns().iter();
        let mut axes = columns.filter(|column| column.axis);
        let Some((name, values)) = typed.split_once('=') else {
            let names = axes.map(|axis| {
                let values: Vec<String> = axis.values().iter().map(shown).collect();
                candidate(format!("{}=", axis.name), &values.join(", "))
            });
            return names.collect();
        };
        let Some(axis) = axes.find(|axis| *axis.name == *name) else {
            return Vec::new();
        };
        let begun = values.rfind(separators).map_or(0, |at| at + 1);
        let there: Vec<&str> = values[..begun].split(separators).collect();
        let before = &typed[..typed.len() - values.len() + begun];
        let values = axis.values().iter().map(shown);
        let left = values.filter(|value| !there.contains(&value.as_str()));
        left.map(|value| candidate(format!("{before}{value}"), ""))
            .collect()
    }

    pub(super) fn stages(&self) -> Vec<CompletionCandidate> {
        let experiment = self.experiment();
        let stages = experiment.iter().flat_map(|known| &known.pipeline.stages);
        stages.map(|stage| candidate(&*stage.name, "")).collect()
    }

    /// The names of steps; where they are many, as far as the next axis.
    pub(super) fn steps(&self, typed: &str) -> Vec<CompletionCandidate> {
        let Some(project) = self.project() else {
            return Vec::new();
        };
        let steps = project.plan.steps.iter().map(ToString::to_string);
        let fitting: Vec<String> = steps.filter(|step| step.starts_with(typed)).collect();
        if fitting.len() <= MANY {
            return fitting
                .into_iter()
                .map(|step| candidate(step, ""))
                .collect();
        }
        let mut known = BTreeSet::new();
        let begun = fitting.iter().map(|step| {
            let rest = &step[typed.len()..];
            let end = rest
                .find(['[', ','])
                .map_or(step.len(), |at| typed.len() + at + 1);
            &step[..end]
        });
        let begun = begun.filter(|begun| known.insert(begun.to_string()));
        begun.map(|begun| candidate(begun, "")).collect()
    }

    /// What `ls` has columns of.
    pub(super) fn columns(&self, typed: &str) -> Vec<CompletionCandidate> {
        let known = self
            .project()
            .and_then(|project| ls::column_names(&project).ok());
        let names = known.unwrap_or_default().into_iter();
        // A leading `-` sorts downwards.
        let sign = if typed.starts_with('-') { "-" } else { "" };
        names
            .map(|name| candidate(format!("{sign}{name}"), ""))
            .collect()
    }

    /// The newest runs; none of another experiment where a manifest is named.
    fn known_runs(&self) -> Vec<PastRun> {
        let of = self.project();
        let silent = &mut Printer::silent();
        let store = match &of {
            Some(project) => project.read_store().ok().flatten(),
            None => self
                .args::<ProjectArgs>()
                .and_then(|args| runs::open(&args, silent).ok()),
        };
        let known = store.and_then(|store| store.runs(usize::from(u16::MAX)).ok());
        let mut known = known.unwrap_or_default();
        known.retain(|run| of.as_ref().is_none_or(|of| of.name() == run.experiment));
        known
    }

    pub(super) fn runs(&self) -> Vec<CompletionCandidate> {
        let known = self.known_runs();
        let names = known.iter().flat_map(|run| {
            let names = run.names.iter();
            names.map(|name| candidate(name, &run.run))
        });
        let ids = known.iter().take(RUNS);
        let ids = ids.map(|run| candidate(&run.run, &run.experiment));
        let words = ["latest", "previous"].map(|word| candidate(word, ""));
        names.chain(words).chain(ids).collect()
    }

    pub(super) fn names(&self) -> Vec<CompletionCandidate> {
        let known = self.known_runs();
        let names = known.iter().flat_map(|run| {
            let names = run.names.iter();
            names.map(|name| candidate(name, &run.run))
        });
        names.collect()
    }

    pub(super) fn tags(&self) -> Vec<CompletionCandidate> {
        let known = self.known_runs();
        let tags: BTreeSet<&String> = known.iter().flat_map(|run| &run.tags).collect();
        tags.into_iter().map(|tag| candidate(tag, "")).collect()
    }

    pub(super) fn experiments(&self) -> Vec<CompletionCandidate> {
        let known = self.known_runs();
        let names: BTreeSet<&String> = known.iter().map(|run| &run.experiment).collect();
        names.into_iter().map(|name| candidate(name, "")).collect()
    }

    pub(super) fn executors(&self) -> Vec<CompletionCandidate> {
        let args: Option<args::Experiment> = self.args();
        let root = args.map(|args| manifest::project_root(&args.manifest));
        let settings = root.and_then(|root| Settings::of(&root, &mut Printer::silent()).ok());
        let profiles = settings.map(|settings| settings.slurm).unwrap_or_default();
        let profiles = profiles.keys().map(|name| format!("slurm:{name}"));
        let plain = ["local", "slurm"].map(str::to_owned).into_iter();
        plain
            .chain(profiles)
            .map(|name| candidate(name, ""))
            .collect()
    }
}

/// A value as names of steps have it.
fn shown(value: &Value) -> String {
    value.to_string()
}
