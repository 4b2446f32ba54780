//! Where the steps of a run go: this machine, or the queues of clusters.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use super::estimates;
use super::project::Project;
use super::slurm_settings::Profiles;
use crate::engine::Engine;
use crate::engine::Executor;
use crate::plan::Plan;
use crate::plan::StageExecutor;
use crate::plan::Step;
use crate::slurm::Place;
use crate::slurm::Profile;
use crate::slurm::Slurm;
use crate::store::Digest;
use crate::store::Store;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::did_you_mean;

/// The profile that `slurm` means where there are several.
const USUAL: &str = "default";

/// Whether a text names an executor.
pub(super) fn is_name(text: &str) -> bool {
    matches!(text, "local" | "slurm")
        || text
            .strip_prefix("slurm:")
            .is_some_and(|name| !name.is_empty())
}

/// Stages that name profiles which the settings do not have.
pub(super) fn check(plan: &Plan, profiles: &Profiles) -> Diagnostics {
    let mut found = Diagnostics::new();
    for stage in &plan.stages {
        let Some(step) = stage.steps.first().map(|id| plan.step(*id)) else {
            continue;
        };
        if let Some(StageExecutor::Slurm(named)) = &step.policy.executor
            && let Err(wrong) = profile_name(named.as_deref(), profiles)
        {
            found.push(wrong.at(&step.place, "its `executor`"));
        }
    }
    found
}

/// The profile that is meant; an empty name where `slurm` is said and there are none.
fn profile_name(named: Option<&str>, profiles: &Profiles) -> Result<String, Diagnostic> {
    let names = || profiles.keys().map(String::as_str);
    match named {
        Some(name) if profiles.contains_key(name) => Ok(name.to_owned()),
        Some(name) => {
            let title = format!("there is no profile `{name}` of Slurm");
            let help = match profiles.is_empty() {
                true => Some(format!(
                    "`[slurm.{name}]` in sweepline.toml, below it `partition = …`"
                )),
                false => did_you_mean(name, names(), "profiles"),
            };
            Err(Diagnostic::error(title).maybe_help(help))
        }
        None if profiles.is_empty() => Ok(String::new()),
        None if profiles.contains_key(USUAL) => Ok(USUAL.to_owned()),
        None if profiles.len() == 1 => Ok(names().next().unwrap_or_default().to_owned()),
        None => {
            let all: Vec<String> = names().map(|name| format!("`slurm:{name}`")).collect();
            let title = "`slurm` may be any of several profiles";
            Err(Diagnostic::error(title).help(format!("say {}", all.join(" or "))))
        }
    }
}

/// `slurm:NAME`, by which an executor is known in the records.
fn executor_name(profile: &str) -> String {
    match profile {
        "" => "slurm".to_owned(),
        name => format!("slurm:{name}"),
    }
}

/// Where the steps of one run go beside this machine.
pub(super) struct Elsewhere {
    /// The profile of steps that do not say where they run; none where that is here.
    usual: Option<String>,
    /// Everything runs here, whatever its stage says.
    all_here: bool,
    /// The profiles that are used, each with its number among the executors.
    used: BTreeMap<String, usize>,
}

impl Elsewhere {
    /// As the command line says it, else the settings.
    ///
    /// # Errors
    /// Where something is named that is not there.
    pub(super) fn choose(
        project: &Project,
        asked: Option<&str>,
        store: &Store,
    ) -> Result<Self, Diagnostic> {
        let asked = asked.or(project.executor.as_deref());
        if let Some(name) = asked.filter(|name| !is_name(name)) {
            let title = format!("there is no executor `{name}`");
            return Err(Diagnostic::error(title)
                .help("`local`, `slurm`, or `slurm:NAME` with `[slurm.NAME]` in sweepline.toml"));
        }
        let profiles = &project.slurm;
        let usual = match asked {
            None | Some("local") => None,
            Some(name) => {
                let named = name.strip_prefix("slurm:");
                Some(profile_name(named, profiles)?)
            }
        };
        let mut elsewhere = Elsewhere {
            usual,
            all_here: asked == Some("local"),
            used: BTreeMap::new(),
        };
        let steps = project.plan.steps.iter();
        let mut wanted: Vec<String> = steps
            .filter_map(|step| elsewhere.profile(step, profiles))
            .collect();
        // What an earlier run left there.
        let left = store.in_flight().unwrap_or_default().into_iter();
        let left = left.filter_map(|attempt| {
            let name = attempt
                .executor
                .strip_prefix("slurm")?
                .trim_start_matches(':')
                .to_owned();
            (name.is_empty() || profiles.contains_key(&name)).then_some(name)
        });
        if !elsewhere.all_here {
            wanted.extend(left);
        }
        wanted.sort();
        wanted.dedup();
        if !wanted.is_empty() && !is_there("sbatch") {
            return Err(
                Diagnostic::error("there is no `sbatch` on this machine").help(
                    "run this where jobs of the cluster are submitted, or with `--executor local`",
                ),
            );
        }
        elsewhere.used = wanted.into_iter().zip(0..).collect();
        Ok(elsewhere)
    }

    /// The profile of a step; none where it runs here. Small steps, such as tables and figures, run here unless
    /// their stage says otherwise.
    fn profile(&self, step: &Step, profiles: &Profiles) -> Option<String> {
        if self.all_here {
            return None;
        }
        match &step.policy.executor {
            Some(StageExecutor::Local) => None,
            Some(StageExecutor::Slurm(named)) => match (named, &self.usual) {
                (None, Some(usual)) => Some(usual.clone()),
                (named, _) => profile_name(named.as_deref(), profiles).ok(),
            },
            None if step.kind.starts_processes() || step.kind.uses_device() => self.usual.clone(),
            None => None,
        }
    }

    /// Gives an engine its executors.
    pub(super) fn join(
        self,
        engine: &mut Engine<'_>,
        project: &Project,
        store: &Store,
    ) -> io::Result<()> {
        if self.used.is_empty() {
            return Ok(());
        }
        let batches = std::path::absolute(&project.store)?.join("jobs");
        fs::create_dir_all(&batches)?;
        let expected = estimates::by_stage(project, store);
        let mut executors: Vec<Box<dyn Executor>> = Vec::new();
        for name in self.used.keys() {
            let profile = project.slurm.get(name).cloned().unwrap_or_default();
            let place = Place {
                batches: batches.clone(),
                program: program(&profile)?,
                job_name: job_name(project),
                expected: expected.clone(),
            };
            executors.push(Box::new(Slurm::new(&executor_name(name), profile, place)?));
        }
        *engine.executors.borrow_mut() = executors;
        let profiles = project.slurm.clone();
        engine.route = Box::new(move |step| {
            let name = self.profile(step, &profiles)?;
            self.used.get(&name).copied()
        });
        Ok(())
    }
}

/// The program that jobs run.
fn program(profile: &Profile) -> io::Result<PathBuf> {
    match &profile.program {
        Some(program) => Ok(program.clone()),
        None => std::env::current_exe(),
    }
}

/// A name that only the jobs of this store have, and that people know.
fn job_name(project: &Project) -> String {
    let store = project.store.to_string_lossy();
    let digest = Digest::of(store.as_bytes()).to_hex();
    let name: String = project
        .name()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    format!("sl-{name}-{}", &digest[..8])
}

/// Whether there is a program of this name on the path.
fn is_there(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}
