//! From the command line to a plan, its store and its folders.

use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::args;
use super::executors;
use super::exit::Exit;
use super::printer::Printer;
use super::remote::RemoteSettings;
use super::replicates;
use super::resources::Amounts;
use super::rounds::Rounds;
use super::searches;
use super::searches::Refused;
use super::searches::SearchState;
use super::settings;
use super::settings::Settings;
use super::slurm_settings::Profiles;
use super::stop::Stop;
use crate::manifest;
use crate::manifest::Experiment;
use crate::manifest::Overrides;
use crate::nn::DeviceChoice;
use crate::plan::KeyRules;
use crate::plan::Plan;
use crate::plan::Planned;
use crate::plan::Step;
use crate::plan::StepId;
use crate::plan::Tree;
use crate::search::Point;
use crate::search::Proposed;
use crate::stages;
use crate::store::Access;
use crate::store::Store;
use crate::store::StoreError;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::ShowPath;
use crate::text::closest;
use crate::text::plural;
use crate::text::shell_word;

/// By what a store tells an experiment from others of the same name.
#[derive(Clone)]
pub(super) struct Identity {
    pub store: PathBuf,
    /// The experiment with its changes.
    pub title: String,
    pub manifest: PathBuf,
    pub root: PathBuf,
    /// The name under which the store knows its results and runs, once it was asked.
    known_as: OnceLock<String>,
}

impl Identity {
    fn name(&self) -> &str {
        self.known_as.get_or_init(|| {
            let known = Store::history_in(&self.store, &self.title, &self.manifest, &self.root);
            // What is wrong with the store is told by whoever uses it.
            known.unwrap_or_else(|_| self.title.clone())
        })
    }
}

/// An experiment that was read without a mistake, and its plan.
pub(super) struct Project {
    pub plan: Plan,
    /// The folder of the human view: `outputs/<experiment>`.
    pub view: PathBuf,
    /// The folder of the store.
    pub store: PathBuf,
    /// How many steps run at once, where `sweepline.toml` says so.
    pub jobs: Option<u32>,
    /// How much there is of what steps share, as far as the settings say so.
    pub resources: Amounts,
    /// Where commands and trainings run, where the settings say so.
    pub executor: Option<String>,
    /// How clusters are asked for jobs.
    pub slurm: Profiles,
    /// The store that is shared with others.
    pub remote: Option<RemoteSettings>,
    /// The manifest's path, absolute.
    pub manifest: PathBuf,
    /// What runs write to.
    written: Vec<PathBuf>,
    identity: Identity,
    /// The experiment as the command line names it, with its changes.
    pub asked: String,
    /// What is known of the trials of its search.
    pub search: Option<SearchState>,
}

impl Project {
    /// Reads the manifest with the changes of the command line and expands its plan. Mistakes and
    /// warnings go to `err`.
    pub(super) fn open(args: &args::Experiment, err: &mut Printer) -> Result<Self, Stop> {
        Self::open_telling(args, err, |_| {})
    }

    /// The same, and looks at what a search may come to as well, also where it has begun.
    pub(super) fn open_checking(args: &args::Experiment, err: &mut Printer) -> Result<Self, Stop> {
        Self::open_with(args, true, err, |_| {})
    }

    /// Like [`Project::open`]. Before the plan is expanded, which may take a while, `well_formed` is
    /// told whose store is needed.
    pub(super) fn open_telling(
        args: &args::Experiment,
        err: &mut Printer,
        well_formed: impl FnOnce(Identity),
    ) -> Result<Self, Stop> {
        Self::open_with(args, false, err, well_formed)
    }

    /// `ahead`: whether all that a search may propose is looked at although it has begun.
    fn open_with(
        args: &args::Experiment,
        mut ahead: bool,
        err: &mut Printer,
        well_formed: impl FnOnce(Identity),
    ) -> Result<Self, Stop> {
        let mut overrides = overrides(args, err)?;
        let catalog = stages::catalog();
        let mut reading = Experiment::read(&args.manifest, &catalog, &overrides);
        let root = manifest::project_root(&args.manifest);
        let settings = Settings::of(&root, err)?;
        let (outputs, store) = settings.folders(&args.store, &root);
        let title = reading.experiment.as_ref().map(Experiment::folder);
        let identity = Identity {
            store: store.clone(),
            // Without an experiment there is no project either.
            title: title.unwrap_or_default(),
            manifest: manifest::absolute(&args.manifest),
            root: root.clone(),
            known_as: OnceLock::new(),
        };
        let on_demand = reading.experiment.as_ref().filter(|experiment| {
            overrides.seeds.is_none() && replicates::on_demand(experiment).is_some()
        });
        // How many there are, earlier runs have found out.
        let mut damaged = Diagnostics::new();
        if on_demand.is_some() {
            let known = replicates::known(&store, identity.name());
            let known = known.unwrap_or_else(|wrong| {
                damaged.push(wrong.warning(replicates::LOST));
                None
            });
            if known.is_some() {
                overrides.replicates = known;
                reading = Experiment::read(&args.manifest, &catalog, &overrides);
            }
        }
        let mut search = None;
        if let Some(experiment) = &reading.experiment
            && let Some(searched) = &experiment.search
        {
            let recalled = searches::recall(&store, identity.name(), searched);
            let recalled = recalled.unwrap_or_else(|wrong| {
                damaged.push(wrong.warning(searches::LOST));
                None
            });
            let (proposed, state) = recalled.unzip();
            let state = state.unwrap_or_default();
            ahead |= state.is_new();
            search = Some(state);
            if let Some(proposed) = proposed {
                overrides.proposed = Some(proposed).filter(|known| !known.points.is_empty());
                reading = Experiment::read(&args.manifest, &catalog, &overrides);
            }
        }
        if let Some(experiment) = &reading.experiment
            && !reading.found.has_errors()
        {
            let view = outputs.join(experiment.folder());
            if let Some(wrong) = settings::overlap(&experiment.name, &view, &store) {
                err.diagnostic(&wrong)?;
                return Err(Stop::Reported(Exit::Usage));
            }
            well_formed(identity.clone());
        }
        let remote = settings.remote();
        let mut given = None;
        let planned = |reading| {
            let Planned { plan, mut found } = Plan::of(reading, &catalog);
            if let Some(plan) = &plan {
                found.extend(stages::check_claims(plan));
                found.extend(stages::check_search(plan));
                found.extend(stages::check_selections(plan));
                let tree = Tree::new(&root, &written(&outputs, &store, plan));
                found.extend(stages::check_commands(plan, &tree));
                found.extend(executors::check(plan, &settings.slurm));
            }
            let plan = plan.filter(|_| !found.has_errors());
            Planned { plan, found }
        };
        let read = |overrides: &Overrides| Experiment::read(&args.manifest, &catalog, overrides);
        let with = |overrides: &Overrides, proposed| {
            let mut overrides = overrides.clone();
            overrides.proposed = Some(proposed);
            planned(read(&overrides)).found
        };
        let mut refused: Vec<Refused> = Vec::new();
        loop {
            let Planned { plan, mut found } = planned(reading);
            let Some(plan) = plan else {
                // A point that was proposed stops nobody.
                let search = read(&overrides).experiment.and_then(|it| it.search);
                if let Some(search) = search {
                    let more = |proposed| with(&overrides, proposed);
                    let more = searches::refused(&search, &refused, more);
                    if !more.is_empty() {
                        refused.extend(more);
                        overrides.proposed = Some(Proposed {
                            highest: search.highest(),
                            points: search.points,
                            refused: points_of(&refused),
                            ..Proposed::default()
                        });
                        reading = read(&overrides);
                        continue;
                    }
                }
                return Err(mistakes(&found, args, err)?);
            };
            if let Some(search) = plan.experiment.search.as_ref().filter(|_| ahead) {
                ahead = false;
                let of_points = |proposed| with(&overrides, proposed);
                if let Some(found) = searches::wrong_at_corners(search, of_points) {
                    return Err(mistakes(&found, args, err)?);
                }
            }
            let mut project = Project {
                written: written(&outputs, &store, &plan),
                view: outputs.join(plan.experiment.folder()),
                store: store.clone(),
                jobs: settings.jobs,
                resources: settings.resources.clone(),
                executor: settings.executor.clone(),
                slurm: settings.slurm.clone(),
                remote: remote.clone(),
                manifest: manifest::absolute(&args.manifest),
                identity: identity.clone(),
                asked: asked(args, &plan.experiment.source.path),
                search: search.clone(),
                plan,
            };
            // What is known may be enough to know further trials.
            if let Ok(settled) = searches::settle(&project, given)?
                && let Some(state) = &mut project.search
            {
                state.update(&settled);
                search = Some(state.clone());
                let now = project.plan.experiment.search.as_ref();
                let mut proposed = settled.proposed;
                if now.is_some_and(|now| {
                    now.points != proposed.points
                        || (now.budget.is_some() && now.highest() != proposed.highest)
                }) {
                    given = Some(proposed.points.len());
                    proposed.refused = points_of(&refused);
                    overrides.proposed = Some(proposed);
                    reading = read(&overrides);
                    continue;
                }
            }
            // Those are known that the last round has.
            let first = !Rounds::is_further();
            if let Some(search) = &project.plan.experiment.search
                && (first || project.until_proposals()?.is_none())
            {
                let told = searches::told(search, &refused);
                match first {
                    true => found.extend(told),
                    false => err.diagnostics(&told)?,
                }
            }
            // What the first round has said, those after it need not.
            if first {
                found.extend(std::mem::take(&mut damaged));
                if !found.is_empty() {
                    err.diagnostics(&found)?;
                }
                project.tell_search(err)?;
            }
            return Ok(project);
        }
    }

    /// The name under which the store knows results and runs: the experiment's own, but where another manifest has it.
    pub(super) fn name(&self) -> String {
        self.identity.name().to_owned()
    }

    /// Takes the name that the open store has said, so that nobody opens it again to ask.
    pub(super) fn known_as(&self, name: String) {
        let _ = self.identity.known_as.set(name);
    }

    /// The name of the experiment with its changes, as its folder has it.
    pub(super) fn title(&self) -> String {
        self.plan.experiment.folder()
    }

    /// Keeps that the experiment was run from its manifest.
    pub(super) fn remember_manifest(&self, store: &Store) -> Result<(), StoreError> {
        let root = &self.plan.experiment.root;
        store.remember_manifest(&self.name(), &self.manifest, root)
    }

    /// How keys are made here.
    pub(super) fn rules(&self) -> KeyRules {
        // What `device: auto` comes to on this machine.
        let backend = DeviceChoice::Auto
            .open()
            .map_or("cpu", |device| device.name());
        let tree = Tree::new(&self.plan.experiment.root, &self.written);
        let rules = KeyRules::over(tree, backend);
        // Without a store there are no records either that another key would miss.
        match Store::secret_in(&self.store) {
            Some(secret) => rules.with_secret(secret),
            None => rules,
        }
    }

    /// The store for reading; none where nothing was ever run.
    pub(super) fn read_store(&self) -> Result<Option<Store>, StoreError> {
        match self.store.is_dir() {
            true => Store::open(&self.store, Access::Read).map(Some),
            false => Ok(None),
        }
    }

    /// The step of this name.
    pub(super) fn step(&self, name: &str, err: &mut Printer) -> Result<&Step, Stop> {
        let steps = &self.plan.steps;
        if let Some(step) = steps.iter().find(|step| step.to_string() == name) {
            return Ok(step);
        }
        let mut called = steps.iter().filter(|step| step.is_called(name));
        if let (Some(step), None) = (called.next(), called.next()) {
            return Ok(step);
        }
        // The coordinates in another order.
        let parts = |name: &str| {
            let mut parts: Vec<String> = name
                .split(['[', ',', ']'])
                .map(|part| part.trim().to_owned())
                .collect();
            parts[1..].sort_unstable();
            parts
        };
        let wanted = parts(name);
        let mut called = steps
            .iter()
            .filter(|step| name.starts_with(&*step.stage) && parts(&step.to_string()) == wanted);
        if let (Some(step), None) = (called.next(), called.next()) {
            return Ok(step);
        }
        writeln!(
            err,
            "error: no step `{name}` in `{}`",
            self.plan.experiment.name
        )?;
        let names: Vec<String> = steps.iter().map(ToString::to_string).collect();
        let of_stage = names
            .iter()
            .find(|known| known.split('[').next() == Some(name));
        match of_stage.or_else(|| {
            let close = closest(name, names.iter().map(String::as_str));
            close.and_then(|close| names.iter().find(|known| *known == close))
        }) {
            Some(meant) => writeln!(err, "  = help: did you mean `{meant}`?")?,
            None => writeln!(
                err,
                "  = help: `sweepline plan` prints the names of all steps"
            )?,
        }
        Err(Stop::Reported(Exit::Usage))
    }

    /// The steps of these names, and all steps of stages.
    pub(super) fn steps_named(
        &self,
        names: &[String],
        err: &mut Printer,
    ) -> Result<Vec<StepId>, Stop> {
        let mut chosen = Vec::new();
        for name in names {
            let stage = self.plan.stages.iter().find(|stage| *stage.name == **name);
            match stage.filter(|stage| !stage.steps.is_empty()) {
                Some(stage) => chosen.extend(stage.steps.iter().copied()),
                None => chosen.push(self.step(name, err)?.id),
            }
        }
        Ok(chosen)
    }
}

/// Says what is wrong with a manifest.
fn mistakes(found: &Diagnostics, args: &args::Experiment, err: &mut Printer) -> Result<Stop, Stop> {
    err.diagnostics(found)?;
    let count = plural(found.errors(), "mistake");
    let manifest = args.manifest.shown();
    writeln!(err, "\n{count} in `{manifest}`: nothing was run")?;
    Ok(Stop::Reported(Exit::Usage))
}

fn points_of(refused: &[Refused]) -> Vec<Point> {
    refused
        .iter()
        .map(|refused| refused.point.clone())
        .collect()
}

/// What runs of a plan write to.
fn written(outputs: &Path, store: &Path, plan: &Plan) -> Vec<PathBuf> {
    let view = outputs.join(plan.experiment.folder());
    vec![outputs.to_owned(), view, store.to_owned()]
}

/// The arguments that name an experiment, for a shell in the folder that its manifest is relative to.
pub(super) fn asked(args: &args::Experiment, manifest: &Path) -> String {
    let mut words = vec![manifest.shown().to_string()];
    let mut option = |name: &str, value: &str| words.extend([name.to_owned(), value.to_owned()]);
    if let Some(profile) = &args.profile {
        option("--profile", profile);
    }
    for param in &args.params {
        option("-p", param);
    }
    for axis in &args.axes {
        option("--axis", axis);
    }
    if let Some(seeds) = args.seeds {
        option("--seeds", &seeds.to_string());
    }
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

/// A word as a POSIX shell takes it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:@+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => shell_word(word),
    }
}

/// The changes of the command line, as YAML texts.
pub(super) fn overrides(args: &args::Experiment, err: &mut Printer) -> Result<Overrides, Stop> {
    let mut wrong = false;
    let mut pairs = |given: &[String], option: &str| -> io::Result<Vec<(String, String)>> {
        let mut pairs = Vec::new();
        for pair in given {
            match pair.split_once('=') {
                Some((name, value)) => pairs.push((name.to_owned(), value.to_owned())),
                None => {
                    wrong = true;
                    let title = format!("`{option} {pair}` has no `=`");
                    let help = format!("write `{option} NAME=VALUE`");
                    err.diagnostic(&Diagnostic::error(title).help(help))?;
                }
            }
        }
        Ok(pairs)
    };
    let params = pairs(&args.params, "-p")?;
    let axes = pairs(&args.axes, "--axis")?;
    if wrong {
        return Err(Stop::Reported(Exit::Usage));
    }
    // `a,b` is a list without its brackets.
    let list = |(name, text): (String, String)| match text.starts_with(['[', '{']) {
        true => (name, text),
        false => (name, format!("[{text}]")),
    };
    Ok(Overrides {
        params,
        axes: axes.into_iter().map(list).collect(),
        seeds: args.seeds,
        replicates: None,
        proposed: None,
        profile: args.profile.clone(),
    })
}
