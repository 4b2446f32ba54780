//! `sweepline gc`: what the store can do without.
//!
//! Kept is what any manifest of the project reaches, with its profiles and overrides, what any
//! manifest reaches that was ever run into this store and is still there, wherever it lies, and what
//! is named. Of a manifest that cannot be read the results of its last runs are kept; one that was
//! never run here stops it: nobody knows what it reaches.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use super::args;
use super::args::GcArgs;
use super::exit::Exit;
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
use crate::manifest;
use crate::plan::StepStatus;
use crate::store::Access;
use crate::store::Digest;
use crate::store::Store;
use crate::text::closest;
use crate::text::plural;

/// Says what would be freed, or frees it.
pub(super) fn gc(args: &GcArgs, err: &mut Printer) -> Result<Exit, Stop> {
    if args.remote {
        return remote::gc(args, err);
    }
    let (_, folder) = runs::folders(&args.store, err)?;
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
    let mut manifests = known_manifests(&store)?;
    for keep in &args.keep {
        match Path::new(keep).is_file() {
            true => manifests.push(PathBuf::from(keep)),
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
    for (name, count) in &kept.said {
        writeln!(err, "keeps {name}: {}", plural(*count, "result"))?;
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
    let collected = store.gc(&kept.keys, !args.yes)?;
    if args.yes {
        let (outputs, _) = runs::folders(&args.store, err)?;
        tidy(&outputs, &kept.experiments, &store, err)?;
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
        let orphaned = name.contains('@') && !experiments.contains(&name);
        match engine::tidy_view(&folder, store, orphaned, &output_folder::OTHERS) {
            Ok(0) => {}
            Ok(count) => {
                let files = plural(count, "file");
                let what = if orphaned {
                    "nobody's"
                } else {
                    "that led nowhere"
                };
                writeln!(err, "removed {files} of `{}`, {what}", folder.display())?;
            }
            Err(error) => writeln!(err, "cannot tidy `{}`: {error}", folder.display())?,
        }
    }
    Ok(())
}

/// The manifests of the project and those that this store was used for, as far as they exist.
fn known_manifests(store: &Store) -> Result<Vec<PathBuf>, Stop> {
    let mut manifests = project_manifests();
    let here = std::env::current_dir().unwrap_or_default();
    for (_, path) in store.manifests()? {
        let short = path.strip_prefix(&here).unwrap_or(&path);
        if path.is_file() && !manifests.iter().any(|known| known == short) {
            manifests.push(short.to_owned());
        }
    }
    Ok(manifests)
}

/// The manifests of the project around the current folder, sorted: what is in `manifests/`, and below it what
/// says that it is one.
fn project_manifests() -> Vec<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    let root = manifest::root_around(&here);
    let mut manifests = Vec::new();
    let top = root.join("manifests");
    let mut pending = vec![top.clone()];
    let mut seen = HashSet::new();
    while let Some(folder) = pending.pop() {
        // Links may lead in a circle.
        let real = folder.canonicalize().unwrap_or_default();
        if !seen.insert(real) {
            continue;
        }
        let entries = fs::read_dir(&folder).into_iter().flatten();
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if path.is_dir() {
                pending.push(path);
            } else if is_yaml(&path)
                && path.is_file()
                && (folder == top || experiment_in(&path).is_some())
            {
                manifests.push(path.strip_prefix(&here).unwrap_or(&path).to_owned());
            }
        }
    }
    manifests.sort();
    manifests
}

fn is_yaml(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| ending == "yaml" || ending == "yml")
}

/// The experiment that a file names as a manifest does, also one with mistakes.
fn experiment_in(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let quotes = ['"', '\''];
    text.lines().find_map(|line| {
        let line = line.strip_prefix('{').map_or(line, str::trim_start);
        let (key, value) = line.split_once(':')?;
        let value = value.split([',', '}', '#']).next()?;
        let named = key.trim_end().trim_matches(quotes) == "experiment";
        named.then(|| value.trim().trim_matches(quotes).to_owned())
    })
}

/// What must stay.
#[derive(Default)]
struct Kept {
    keys: HashSet<Digest>,
    experiments: HashSet<String>,
    /// What is kept, in words, with how many results.
    said: BTreeMap<String, usize>,
}

impl Kept {
    /// What a manifest reaches: what it would use now, and what its last runs left.
    fn manifest(
        &mut self,
        path: &Path,
        store: &Store,
        folders: &args::StoreArgs,
        err: &mut Printer,
    ) -> Result<(), Stop> {
        let experiment = args::Experiment {
            manifest: path.to_owned(),
            params: Vec::new(),
            axes: Vec::new(),
            seeds: None,
            profile: None,
            store: folders.clone(),
        };
        // Its warnings are for those who run it.
        let opened = err.only_of_failure(|err| Project::open(&experiment, err))?;
        let project = match opened {
            Ok(project) => project,
            Err(stop) => {
                let absolute = manifest::absolute(path);
                let known = store.manifests()?.into_iter();
                let known = known.filter(|(_, path)| *path == absolute);
                let mut known: Vec<String> = known.map(|(experiment, _)| experiment).collect();
                // It may have been run from where it was before.
                if let (true, Some(named)) = (known.is_empty(), experiment_in(path)) {
                    known = store.experiments()?;
                    known.retain(|known| known.split('@').next() == Some(&named));
                }
                if !known.is_empty() {
                    let path = path.display();
                    writeln!(
                        err,
                        "`{path}` cannot be read: what its last runs left is kept"
                    )?;
                    for experiment in known {
                        let keys = store.keys_of(&experiment)?.into_values().collect();
                        let what = format!("{experiment} ({path})");
                        self.experiments.insert(experiment);
                        self.keep(what, keys, store)?;
                    }
                    return Ok(());
                }
                writeln!(
                    err,
                    "  = help: nobody knows what this manifest reaches; mend or remove it"
                )?;
                return Err(stop);
            }
        };
        let mut keys: HashSet<Digest> = HashSet::new();
        for status in PreviousRun::of(&project)?.statuses(&project) {
            match status {
                StepStatus::UpToDate { key, .. } => keys.insert(key),
                // A checkpoint may lie under it.
                StepStatus::Runs { key, .. } => keys.insert(key),
                StepStatus::MayRun { .. } | StepStatus::Broken { .. } => false,
            };
        }
        let name = project.name();
        for known in store.experiments()? {
            if known == name || known.split('@').next() == Some(&name) {
                keys.extend(store.keys_of(&known)?.into_values());
                self.experiments.insert(known);
            }
        }
        self.keep(format!("{name} ({})", path.display()), keys, store)
    }

    /// What an experiment or a run left.
    fn named(&mut self, name: &str, store: &Store, err: &mut Printer) -> Result<(), Stop> {
        let experiments = store.experiments()?;
        let matching = experiments.iter().filter(|known| {
            // Profiles and overrides of a kept experiment are kept with it.
            *known == name || known.split('@').next() == Some(name)
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
        let keys = runs::keys(store, run)?.into_iter();
        self.keep(what, keys.map(|(_, key)| key).collect(), store)
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
