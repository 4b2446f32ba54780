//! `sweepline pack`: an experiment in one file.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use super::args::PackArgs;
use super::exit::Exit;
use super::noted;
use super::previous_run::PreviousRun;
use super::printer::Printer;
use super::project::Project;
use super::replicates;
use super::searches;
use super::stop::Stop;
use crate::archive;
use crate::archive::ArchiveError;
use crate::archive::Contents;
use crate::archive::ProjectFile;
use crate::plan::Change;
use crate::plan::From;
use crate::plan::History;
use crate::plan::Look;
use crate::plan::Step;
use crate::plan::StepStatus;
use crate::store::Digest;
use crate::store::KeyParts;
use crate::store::Lookup;
use crate::store::Other;
use crate::store::ProjectInput;
use crate::store::StoreError;
use crate::store::names;
use crate::text::Diagnostic;
use crate::text::ShowPath;
use crate::text::plural;

/// Packs what the last run left, all of it or nothing.
pub(super) fn pack(args: &PackArgs, err: &mut Printer) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    let previous = PreviousRun::of(&project)?;
    let seen = Recorder {
        previous: &previous,
        paths: Mutex::default(),
    };
    let rules = project.rules();
    let statuses = project.plan.statuses(&rules, &seen, Look::Back);
    let without = statuses.iter().filter(|status| status.result().is_none());
    let allowed = allowed_to_fail(&project.plan.steps, &statuses);
    let open = without.count() - allowed;
    let (Some(store), 0) = (&previous.store, open) else {
        let steps = plural(open, "step");
        let is = if open == 1 { "is" } else { "are" };
        let title = format!("{steps} {is} not up to date: an archive holds what is finished");
        let help = format!("`sweepline run {}` first", project.asked);
        err.diagnostic(&Diagnostic::error(title).help(help))?;
        return Ok(Exit::Failed);
    };
    if allowed > 0 {
        let steps = plural(allowed, "step");
        let has = if allowed == 1 { "has" } else { "have" };
        writeln!(
            err,
            "warning: {steps} {has} no result: failed, and what reads them goes on without them (`missing: allow`)"
        )?;
    }
    let root = &project.plan.experiment.root;
    let mut found = Found::default();
    let named = project.plan.experiment.files();
    for path in named.iter().chain(project.plan.experiment.matched()) {
        found.add(root, &root.join(path))?;
    }
    for path in seen
        .paths
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
    {
        found.add(root, &path)?;
    }
    if !found.outside.is_empty() {
        for path in &found.outside {
            writeln!(
                err,
                "warning: `{}` lies outside of the project: not packed",
                path.shown()
            )?;
        }
    }
    let steps = project.plan.steps.iter().zip(&statuses);
    let steps: BTreeMap<String, Digest> = steps
        .filter_map(|(step, status)| match status {
            StepStatus::UpToDate { key, .. } => Some((step.to_string(), *key)),
            _ => None,
        })
        .collect();
    for key in steps.values() {
        let parts = store.parts(*key)?.unwrap_or_default();
        if let Some(part) = parts.keys().find(|part| part.starts_with("env.")) {
            let name = part.trim_start_matches("env.");
            writeln!(
                err,
                "warning: steps with `env: [{name}]` run again elsewhere: digests of its value are made with \
                 a secret of this store, which is not packed"
            )?;
            break;
        }
    }
    let (experiment, known_as) = (project.title(), project.name());
    let mut notes = BTreeMap::new();
    for file in [searches::FILE, replicates::FILE] {
        // Of a damaged one was told where the project was opened.
        let note = noted::of(&project.store, file, &known_as).ok().flatten();
        notes.extend(note.map(|note| (file.to_owned(), note)));
    }
    let manifest = project
        .manifest
        .strip_prefix(root)
        .unwrap_or(&project.manifest);
    let contents = Contents {
        manifest: text(manifest),
        arguments: project.asked.clone(),
        files: found.files.into_iter().collect(),
        folders: found.folders.into_iter().collect(),
        steps,
        notes,
        experiment,
    };
    let out = match &args.out {
        Some(out) => out.clone(),
        None => PathBuf::from(format!("{}.sweepline.zip", contents.experiment)),
    };
    // Also a link that leads nowhere.
    if out.symlink_metadata().is_ok() && !args.force {
        let title = format!("`{}` is there already", out.shown());
        let help = "`--force` replaces it, `--out FILE` names another";
        err.diagnostic(&Diagnostic::error(title).help(help))?;
        return Ok(Exit::Usage);
    }
    let packed = match archive::pack(store, &contents, &out) {
        Ok(packed) => packed,
        Err(error) => return failed(error, err),
    };
    writeln!(
        err,
        "packed {}, {} and {} of the project into {}, {:.1} MB, blake3 {}",
        plural(packed.results, "result"),
        plural(packed.objects, "object"),
        plural(packed.files, "file"),
        out.shown(),
        packed.bytes as f64 / 1e6,
        packed.digest
    )?;
    Ok(Exit::Success)
}

/// How many steps have no result that nobody needs: they failed, or could not run for that, and all that reads them
/// goes on without them.
fn allowed_to_fail(steps: &[Arc<Step>], statuses: &[StepStatus]) -> usize {
    let mut readers: Vec<Vec<(usize, bool)>> = vec![Vec::new(); steps.len()];
    for (index, step) in steps.iter().enumerate() {
        for input in &step.inputs {
            for item in &input.items {
                if let From::Step { step: need, .. } = item.from {
                    readers[need.index()].push((index, input.missing_allowed));
                }
            }
        }
    }
    let mut allowed = vec![false; steps.len()];
    // Readers come after what they read.
    for index in (0..steps.len()).rev() {
        let ended = match &statuses[index] {
            StepStatus::Runs { reasons, .. } => reasons.iter().all(|reason| {
                matches!(&reason.what, Change::Unfinished { outcome } if outcome == "failed")
            }),
            StepStatus::MayRun { .. } => true,
            StepStatus::UpToDate { .. } | StepStatus::Broken { .. } => false,
        };
        let readers = &readers[index];
        allowed[index] = ended
            && !readers.is_empty()
            && readers
                .iter()
                .all(|(reader, goes_on)| *goes_on || allowed[*reader]);
    }
    allowed.into_iter().filter(|allowed| *allowed).count()
}

/// Says what is wrong with an archive.
pub(super) fn failed(error: ArchiveError, err: &mut Printer) -> Result<Exit, Stop> {
    let error = match error {
        ArchiveError::Store(error) => return Err(Stop::Store(error)),
        error => error,
    };
    err.diagnostic(&Diagnostic::error(error.to_string()).helps(error.hints()))?;
    Ok(match error {
        ArchiveError::NotAnArchive { .. }
        | ArchiveError::NotEmpty { .. }
        | ArchiveError::Newer { .. } => Exit::Usage,
        _ => Exit::Failed,
    })
}

fn text(path: &Path) -> String {
    let parts = path.iter().map(names::text_of);
    parts.collect::<Vec<_>>().join("/")
}

/// What belongs to the project, by name.
#[derive(Default)]
struct Found {
    files: BTreeSet<ProjectFile>,
    folders: BTreeSet<String>,
    outside: BTreeSet<PathBuf>,
}

impl Found {
    /// A file, or a folder with all that is in it, links followed.
    fn add(&mut self, root: &Path, path: &Path) -> Result<(), StoreError> {
        let Ok(name) = path.strip_prefix(root) else {
            // The root may be known by another name.
            let real = root.canonicalize().ok();
            let inside = real.filter(|real| real != root && path.starts_with(real));
            match inside {
                Some(real) => return self.add(&real, path),
                None => self.outside.insert(path.to_owned()),
            };
            return Ok(());
        };
        // Settings are of a machine; an archive has its own.
        if name == Path::new(crate::manifest::SETTINGS) || !path.exists() {
            return Ok(());
        }
        if !path.is_dir() {
            self.files.insert(ProjectFile {
                name: text(name),
                path: path.to_owned(),
            });
            return Ok(());
        }
        let input = ProjectInput::read_afresh(path)?;
        self.folders.insert(text(name));
        for (inside, path) in input.paths(path) {
            self.files.insert(ProjectFile {
                name: format!("{}/{inside}", text(name)),
                path,
            });
        }
        for (inside, other) in &input.artifact().others {
            if *other == Other::Folder {
                self.folders.insert(format!("{}/{inside}", text(name)));
            }
        }
        Ok(())
    }
}

/// Notes every file of the project that a key is made of.
struct Recorder<'p> {
    previous: &'p PreviousRun,
    paths: Mutex<BTreeSet<PathBuf>>,
}

impl Recorder<'_> {
    fn note(&self, path: &Path) {
        let mut paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        paths.insert(path.to_owned());
    }
}

impl History for Recorder<'_> {
    fn lookup(&self, key: Digest) -> Result<Lookup, StoreError> {
        self.previous.lookup(key)
    }

    fn last(&self, step: &str) -> Option<KeyParts> {
        self.previous.last(step)
    }

    fn unfinished(&self, step: &str) -> Option<String> {
        self.previous.unfinished(step)
    }

    fn is_of(&self, key: Digest, step: &str) -> Result<bool, StoreError> {
        self.previous.is_of(key, step)
    }

    fn input_digest(&self, path: &Path) -> Result<Digest, StoreError> {
        self.note(path);
        self.previous.input_digest(path)
    }

    fn file_digest(&self, path: &Path) -> Result<Digest, StoreError> {
        self.note(path);
        self.previous.file_digest(path)
    }
}
