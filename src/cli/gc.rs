//! `sweepline gc`: what the store can do without.
//!
//! Kept is what any manifest of the project reaches, with each of its profiles, what any manifest
//! reaches that was ever run into this store and is still there, wherever it lies, what runs of it left
//! under whatever name it had then, with profiles and overrides, and what is named. Of a manifest that
//! cannot be read the results of its last runs are kept; one in `manifests/` that was never run here
//! stops it: nobody knows what it reaches.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use super::args;
use super::args::GcArgs;
use super::exit::Exit;
use super::known_manifests;
use super::known_manifests::KnownManifest;
use super::output_folder;
use super::previous_run::PreviousRun;
use super::printer::Printer;
use super::project::Project;
use super::remote;
use super::runs;
use super::stop::Stop;
use super::store_lock;
use crate::engine;
use crate::engine::ViewOwner;
use crate::plan::StepStatus;
use crate::store::Access;
use crate::store::Digest;
use crate::store::Store;
use crate::store::experiment_of;
use crate::store::without_changes;
use crate::text::ShowPath;
use crate::text::closest;
use crate::text::plural;

/// Says what would be freed, or frees it.
pub(super) fn gc(args: &GcArgs, err: &mut Printer) -> Result<Exit, Stop> {
    if args.remote {
        return remote::gc(args, err);
    }
    let (outputs, folder) = runs::folders(&args.store, err)?;
    if !folder.is_dir() {
        runs::open(&args.store, err)?;
    }
    let store = match args.yes {
        true => store_lock::open(&folder, true, || true)?,
        // Nothing is written, so nobody has to be waited for.
        false => Store::open(&folder, Access::Read)?,
    };
    let mut kept = Kept::default();
    let mut named = Vec::new();
    let root = runs::root(&args.store);
    let mut manifests = known_manifests::all(&root, &outputs, &store)?;
    for keep in &args.keep {
        match Path::new(keep).is_file() {
            true => manifests.push(KnownManifest::named(PathBuf::from(keep))),
            false => named.push(keep.as_str()),
        }
    }
    let folders = args::StoreArgs {
        store: Some(folder.clone()),
        ..args.store.folders.clone()
    };
    for manifest in manifests {
        kept.manifest(&manifest, &store, &folders, err)?;
    }
    for name in named {
        kept.named(name, &store, err)?;
    }
    // Whoever names a run means to find it again.
    for (name, run) in store.run_names()? {
        kept.run(format!("run {name}"), &run, &store)?;
    }
    for history in store.of_unknown_manifests(&root)? {
        kept.unknown(history, &store)?;
    }
    for (name, count) in &kept.said {
        writeln!(err, "keeps {name}: {}", plural(*count, "result"))?;
    }
    for (name, count) in &kept.gone {
        let results = plural(*count, "result");
        writeln!(
            err,
            "{name} has lost {results}: others have taken their place, and what it had is gone or damaged"
        )?;
    }
    let dropped = store.experiments()?.into_iter();
    for name in dropped.filter(|name| !kept.experiments.contains(name)) {
        let count = store.keys_of(&name)?.len();
        let steps = plural(count, "result");
        writeln!(
            err,
            "no manifest has {name}: {steps}, unless others need them"
        )?;
    }
    let collected = store.gc_holding(&kept.keys, &kept.held, !args.yes)?;
    if args.yes {
        tidy(&outputs, &kept.experiments, &store, err)?;
        output_folder::tell_kept_in_store(&store, err)?;
    }
    let found = [
        (collected.records, "result"),
        (collected.objects, "object"),
        (collected.checkpoints, "checkpoint"),
    ];
    let kept = format!("{:.1} MB", collected.kept_bytes as f64 / 1e6);
    let freed = format!("{:.1} MB", collected.bytes as f64 / 1e6);
    tell(args, &found, &freed, "", &kept, err)
}

/// Says what was removed, or would be: `from` somewhere, with `kept` of it left.
pub(super) fn tell(
    args: &GcArgs,
    found: &[(usize, &str)],
    freed: &str,
    from: &str,
    kept: &str,
    err: &mut Printer,
) -> Result<Exit, Stop> {
    if found.iter().all(|(count, _)| *count == 0) {
        writeln!(err, "nothing to remove{from}; keeps {kept}")?;
        return Ok(Exit::Success);
    }
    let verb = if args.yes { "removed" } else { "would remove" };
    let mut text = String::new();
    for (index, (count, what)) in found.iter().enumerate() {
        let before = match index {
            0 => "",
            _ if index + 1 == found.len() => " and ",
            _ => ", ",
        };
        text = format!("{text}{before}{}", plural(*count, what));
    }
    writeln!(err, "{verb} {text}, {freed}{from}; keeps {kept}")?;
    if !args.yes {
        writeln!(err, "  = help: `--yes` does it")?;
    }
    Ok(Exit::Success)
}

/// Removes from folders of results the links that lead nowhere by now, and the folders of profiles and
/// overrides that no manifest has any more.
fn tidy(
    outputs: &Path,
    experiments: &HashSet<String>,
    store: &Store,
    err: &mut Printer,
) -> Result<(), Stop> {
    let entries = fs::read_dir(outputs).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    for folder in folders {
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if engine::view_owner(&folder) == ViewOwner::Unmarked {
            continue;
        }
        let known = || experiments.iter().any(|known| experiment_of(known) == name);
        let orphaned = name.contains('@') && !known();
        match engine::tidy_view(&folder, store, orphaned, &output_folder::OTHERS) {
            Ok(tidied) => {
                for (path, aside) in &tidied.kept {
                    writeln!(err, "{}", engine::kept_as(path, aside))?;
                }
                let what = if orphaned {
                    "nobody's"
                } else {
                    "that led nowhere"
                };
                if tidied.removed > 0 {
                    let files = plural(tidied.removed, "file");
                    writeln!(err, "removed {files} of `{}`, {what}", folder.shown())?;
                }
            }
            Err(error) => writeln!(err, "cannot tidy `{}`: {error}", folder.shown())?,
        }
    }
    Ok(())
}

/// A manifest as it stands, or with one of its profiles.
fn open(
    path: &Path,
    profile: Option<String>,
    folders: &args::StoreArgs,
    err: &mut Printer,
) -> Result<Project, Stop> {
    let experiment = args::Experiment {
        manifest: path.to_owned(),
        params: Vec::new(),
        axes: Vec::new(),
        seeds: None,
        profile,
        store: folders.clone(),
    };
    Project::open(&experiment, err)
}

/// The keys of what an experiment would use now.
fn reached(project: &Project) -> Result<HashSet<Digest>, Stop> {
    let previous = PreviousRun::of(project)?;
    let statuses = previous.statuses(project);
    // Of a search that has ended, nobody goes on.
    let mut reached = match project.awaits_trials() {
        true => {
            let plan = &project.plan;
            plan.left_to_go_on_from(&project.rules(), &previous, &statuses)
        }
        false => HashSet::new(),
    };
    // A checkpoint may lie under that of one that runs.
    reached.extend(statuses.iter().filter_map(StepStatus::key));
    Ok(reached)
}

/// What must stay.
#[derive(Default)]
struct Kept {
    keys: HashSet<Digest>,
    experiments: HashSet<String>,
    /// Results that others have replaced and that a run had, by key and digest.
    held: HashSet<(Digest, Digest)>,
    /// What is kept, in words, with how many results.
    said: BTreeMap<String, usize>,
    /// Runs of which results are gone, with how many.
    gone: BTreeMap<String, usize>,
}

impl Kept {
    /// What a manifest reaches: what it would use now, also with each of its profiles, and what its runs left,
    /// whatever it was called then.
    fn manifest(
        &mut self,
        known: &KnownManifest,
        store: &Store,
        folders: &args::StoreArgs,
        err: &mut Printer,
    ) -> Result<(), Stop> {
        let path = &known.path;
        let remembered = known.remembered(store)?;
        // Its warnings are for those who run it, and what is wrong with it for those whose it is.
        let opened = match known.stray && remembered.is_empty() {
            true => open(path, None, folders, &mut Printer::silent()),
            false => err.only_of_failure(|err| open(path, None, folders, err))?,
        };
        let project = match opened {
            Ok(project) => project,
            Err(stop) => return self.unreadable(known, remembered, store, stop, err),
        };
        let mut keys = reached(&project)?;
        for profile in known_manifests::profiles_in(path) {
            // What ran with one that is wrong by now is kept below.
            if let Ok(project) = open(path, Some(profile), folders, &mut Printer::silent()) {
                keys.extend(reached(&project)?);
            }
        }
        let name = project.name();
        for known in store.experiments()? {
            let is_its_own = without_changes(&known) == without_changes(&name);
            if is_its_own || remembered.contains(&known) {
                keys.extend(store.keys_of(&known)?.into_values());
                self.experiments.insert(known);
            }
        }
        self.keep(format!("{name} ({})", path.shown()), keys, store)
    }

    /// What the last runs of a manifest left that cannot be read now.
    fn unreadable(
        &mut self,
        known: &KnownManifest,
        remembered: Vec<String>,
        store: &Store,
        stop: Stop,
        err: &mut Printer,
    ) -> Result<(), Stop> {
        let path = known.path.shown();
        let mut experiments = remembered;
        // It may have been run from where it was before.
        if let (true, Some(named)) = (experiments.is_empty(), known.experiment()) {
            experiments = store.experiments()?;
            experiments.retain(|known| without_changes(&experiment_of(known)) == named);
        }
        if experiments.is_empty() {
            if known.stray {
                return Ok(());
            }
            writeln!(
                err,
                "  = help: nobody knows what this manifest reaches; mend or remove it"
            )?;
            return Err(stop);
        }
        writeln!(
            err,
            "`{path}` cannot be read: what its last runs left is kept"
        )?;
        for experiment in experiments {
            let keys = store.keys_of(&experiment)?.into_values().collect();
            let what = format!("{experiment} ({path})");
            self.experiments.insert(experiment);
            self.keep(what, keys, store)?;
        }
        Ok(())
    }

    /// What an experiment or a run left.
    fn named(&mut self, name: &str, store: &Store, err: &mut Printer) -> Result<(), Stop> {
        let experiments = store.experiments()?;
        let matching = experiments.iter().filter(|known| {
            // Profiles and overrides of a kept experiment are kept with it.
            let own = experiment_of(known);
            *known == name || without_changes(&own) == name
        });
        let matching: Vec<&String> = matching.collect();
        if !matching.is_empty() {
            let mut keys = HashSet::new();
            for known in matching {
                keys.extend(store.keys_of(known)?.into_values());
                self.experiments.insert(known.clone());
            }
            return self.keep(format!("experiment {name}"), keys, store);
        }
        if runs::names_a_run(store, name)? {
            let run = runs::find(store, None, name, err)?.run;
            return self.run(format!("run {run}"), &run, store);
        }
        writeln!(err, "error: `{name}` is no manifest, experiment or run")?;
        let known = experiments.iter().map(String::as_str);
        match closest(name, known) {
            Some(meant) => writeln!(err, "  = help: did you mean `{meant}`?")?,
            None => writeln!(err, "  = help: the store has {}", experiments.join(", "))?,
        }
        Err(Stop::Reported(Exit::Usage))
    }

    /// What a run left.
    fn run(&mut self, what: String, run: &str, store: &Store) -> Result<(), Stop> {
        let (mut there, mut gone) = (0, 0);
        for (_, key) in runs::keys(store, run)? {
            match store.replaced_since(run, key)? {
                Some(replaced) => {
                    self.held.insert((key, replaced.digest));
                    match replaced.result(store) {
                        Some(_) => there += 1,
                        None => gone += 1,
                    }
                }
                None => there += usize::from(store.has_record(key)?),
            }
            self.keys.insert(key);
        }
        if gone > 0 {
            self.gone.insert(what.clone(), gone);
        }
        self.said.insert(what, there);
        Ok(())
    }

    /// What runs of a manifest left that may be there all the same.
    fn unknown(&mut self, history: String, store: &Store) -> Result<(), Stop> {
        if self.experiments.contains(&history) {
            return Ok(());
        }
        let keys = store.keys_of(&history)?.into_values().collect();
        let what = format!("{history} (nobody knows where its manifest is)");
        self.experiments.insert(history);
        self.keep(what, keys, store)
    }

    fn keep(&mut self, what: String, keys: HashSet<Digest>, store: &Store) -> Result<(), Stop> {
        let mut there = 0;
        for key in &keys {
            there += usize::from(store.has_record(*key)?);
        }
        self.said.insert(what, there);
        self.keys.extend(keys);
        Ok(())
    }
}
