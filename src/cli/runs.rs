//! The runs a store knows, and their events.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use super::args::ProjectArgs;
use super::exit::Exit;
use super::printer::Printer;
use super::run_state::RunState;
use super::settings::Settings;
use super::stop::Stop;
use crate::engine::Timed;
use crate::manifest;
use crate::store::Access;
use crate::store::Digest;
use crate::store::Lookup;
use crate::store::PastRun;
use crate::store::Replaced;
use crate::store::RunId;
use crate::store::StepResult;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::without_changes;
use crate::text::ShowPath;
use crate::text::closest;
use crate::text::list_of;
use crate::text::plural;

/// How many runs are looked through for a name.
const LOOKED_AT: usize = 10_000;

/// The folders of outputs and store that the flags name; by default those of the project that the
/// current folder belongs to.
pub(super) fn folders(args: &ProjectArgs, err: &mut Printer) -> Result<(PathBuf, PathBuf), Stop> {
    let root = root(args);
    let settings = Settings::of(&root, err)?;
    Ok(settings.folders(&args.folders, &root))
}

/// The root of the project that the flags name, or that is around.
pub(super) fn root(args: &ProjectArgs) -> PathBuf {
    match &args.manifest {
        Some(manifest) => manifest::project_root(manifest),
        None => manifest::root_around(&std::env::current_dir().unwrap_or_default()),
    }
}

/// The store that the flags name, for reading.
pub(super) fn open(args: &ProjectArgs, err: &mut Printer) -> Result<Store, Stop> {
    let (_, folder) = folders(args, err)?;
    if !folder.is_dir() {
        let here = std::env::current_dir().unwrap_or_default();
        let shown = folder.strip_prefix(here).unwrap_or(&folder);
        writeln!(err, "error: there is no store in `{}`", shown.shown())?;
        writeln!(
            err,
            "  = help: `sweepline run` makes one; `--manifest` or `--store` names another"
        )?;
        return Err(Stop::Reported(Exit::Usage));
    }
    Ok(Store::open(&folder, Access::Read)?)
}

/// The run of this name: an id, the start of one, `latest` or `previous`. Of an experiment also one that it
/// had with other parameters, by its id or the name that somebody gave it.
pub(super) fn find(
    store: &Store,
    experiment: Option<&str>,
    name: &str,
    err: &mut Printer,
) -> Result<PastRun, Stop> {
    let all = store.runs(LOOKED_AT)?.into_iter();
    let (mut runs, mut others): (Vec<PastRun>, Vec<PastRun>) =
        all.partition(|run| experiment.is_none_or(|experiment| run.experiment == experiment));
    let alike = |run: &PastRun| experiment.is_some_and(|own| is_variant(&run.experiment, own));
    let nth = match name {
        "latest" => Some(0),
        "previous" => Some(1),
        _ => None,
    };
    if let Some(nth) = nth.filter(|nth| *nth < runs.len()) {
        return Ok(runs.swap_remove(nth));
    }
    let named = store.run_named(name)?;
    let id = named.as_deref().unwrap_or(name);
    if let Some(at) = runs.iter().position(|run| run.run == id) {
        return Ok(runs.swap_remove(at));
    }
    if let Some(at) = others.iter().position(|run| run.run == id) {
        let other = others.swap_remove(at);
        if alike(&other) {
            return Ok(other);
        }
        // Also where ids of this experiment begin so.
        let of = experiment.unwrap_or_default();
        let is = &other.experiment;
        writeln!(err, "error: run `{name}` is of `{is}`, not of `{of}`")?;
        if let Some(latest) = runs.first() {
            let latest = &latest.run;
            writeln!(err, "  = help: the latest run of `{of}` is `{latest}`")?;
        }
        return Err(Stop::Reported(Exit::Usage));
    }
    if named.is_none()
        && nth.is_none()
        && let Some(at) = begins_with(name, &runs, err)?
    {
        return Ok(runs.swap_remove(at));
    }
    writeln!(err, "error: there is no run `{name}`")?;
    let ids = runs.iter().filter(|_| nth.is_none());
    let ids = ids.flat_map(|run| run.names.iter().chain([&run.run]));
    let ids = ids.map(String::as_str);
    match (closest(name, ids), runs.first(), others.first(), experiment) {
        (Some(meant), ..) => writeln!(err, "  = help: did you mean `{meant}`?")?,
        (None, Some(latest), ..) => {
            let only = if runs.len() == 1 { "only" } else { "latest" };
            let of = experiment.map_or(String::new(), |own| format!(" of `{own}`"));
            writeln!(err, "  = help: the {only} run{of} is `{}`", latest.run)?;
            if let Some(other) = others.iter().find(|run| alike(run)) {
                let counted = match nth {
                    Some(_) => ", whose runs are counted apart",
                    None => "",
                };
                writeln!(
                    err,
                    "  = help: with other parameters or axes there is `{}`, of `{}`{counted}",
                    other.run, other.experiment
                )?;
            }
        }
        (None, None, Some(other), Some(experiment)) => writeln!(
            err,
            "  = help: `{experiment}` was never run; the latest run is of `{}`",
            other.experiment
        )?,
        (None, None, ..) => writeln!(err, "  = help: nothing was run yet")?,
    }
    Err(Stop::Reported(Exit::Usage))
}

/// Whether two names are of one manifest: with other parameters or axes an experiment is `digits@0d050c99`.
fn is_variant(one: &str, other: &str) -> bool {
    without_changes(one) == without_changes(other)
}

/// The run whose id begins so: one at most.
fn begins_with(start: &str, runs: &[PastRun], err: &mut Printer) -> Result<Option<usize>, Stop> {
    let fits = |at: &usize| runs[*at].run.starts_with(start);
    let fitting: Vec<usize> = (0..runs.len()).filter(fits).collect();
    if fitting.len() < 2 {
        return Ok(fitting.first().copied());
    }
    let count = plural(fitting.len(), "run");
    writeln!(err, "error: {count} begin with `{start}`")?;
    let ids = list_of(fitting.iter().map(|at| &runs[*at].run));
    writeln!(err, "  = help: give all of one: {ids}")?;
    Err(Stop::Reported(Exit::Usage))
}

/// Whether this text can be the name of a run rather than of a step.
pub(super) fn looks_like_a_run(text: &str) -> bool {
    let digits = text.chars().take(8).filter(char::is_ascii_digit).count();
    digits == 8 || text == "latest" || text == "previous"
}

/// The same, also of a name that somebody gave a run.
pub(super) fn names_a_run(store: &Store, text: &str) -> Result<bool, Stop> {
    Ok(looks_like_a_run(text) || store.run_named(text)?.is_some())
}

/// Where the events of a run are.
pub(super) fn events_file(store: &Store, run: &str) -> PathBuf {
    let folder = store.run_folder(&RunId(run.to_owned()));
    folder.join("events.jsonl")
}

/// The events of a run so far. The last line of a run that goes on, or was killed, may be torn:
/// it is left out, as are events of newer versions.
pub(super) fn events(store: &Store, run: &str) -> io::Result<Vec<Timed>> {
    let file = match File::open(events_file(store, run)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    let mut events = Vec::new();
    for line in BufReader::new(file).split(b'\n') {
        events.extend(serde_json::from_slice::<Timed>(&line?).ok());
    }
    Ok(events)
}

/// Where a run stands, or stood when it ended.
pub(super) fn state(store: &Store, run: &str) -> io::Result<RunState> {
    Ok(RunState::of(&events(store, run)?))
}

/// What a run knew of a step.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Left {
    pub step: String,
    pub key: Digest,
    /// Its result, where another one has taken its place under the key since.
    pub replaced: Option<Replaced>,
}

impl Left {
    /// The result, as far as it is there: of one that was replaced some objects may be gone, and the numbers are not.
    pub(super) fn result(&self, store: &Store) -> Result<Option<Arc<StepResult>>, StoreError> {
        match &self.replaced {
            Some(replaced) => Ok(replaced.kept().cloned().map(Arc::new)),
            None => match store.lookup(self.key)? {
                Lookup::Hit(result) => Ok(Some(result)),
                _ => Ok(None),
            },
        }
    }
}

/// The steps of a run whose result it knew, in the order of the plan.
pub(super) fn left(store: &Store, run: &str) -> Result<Vec<Left>, Stop> {
    let mut left = Vec::new();
    for (step, key) in keys(store, run)? {
        let replaced = store.replaced_since(run, key)?;
        left.push(Left {
            step,
            key,
            replaced,
        });
    }
    Ok(left)
}

/// The keys of all steps of a run whose result it knew, by name, in the order of the plan.
pub(super) fn keys(store: &Store, run: &str) -> io::Result<Vec<(String, Digest)>> {
    let log = state(store, run)?.log.unwrap_or_default();
    Ok(log.keys.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two runs that begin in one second are `…-123456` and `…-123456-2`.
    #[test]
    fn a_whole_id_is_never_the_start_of_another() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(folder.path(), Access::Write { wait: false }).expect("a store");
        let mut begun = ("a", store.begin_run("a", "").expect("it is recorded").0);
        // Until two have begun in one second.
        let (id, other) = loop {
            let experiment = if begun.0 == "a" { "b" } else { "a" };
            let next = store.begin_run(experiment, "").expect("it is recorded").0;
            if next.starts_with(&begun.1) {
                break (begun.1, experiment);
            }
            begun = (experiment, next);
        };
        let mut err = Printer::error();
        let found = find(&store, Some(other), &id, &mut err);
        assert!(found.is_err(), "it is of the other experiment");
        let found = find(&store, None, &id, &mut err).ok();
        assert_eq!(found.map(|run| run.run), Some(id));
    }

    #[test]
    fn an_experiment_with_other_parameters_is_a_variant() {
        assert!(is_variant("toy@0d050c99", "toy") && is_variant("toy", "toy@0d050c99"));
        assert!(!is_variant("toys@0d050c99", "toy"));
    }
}
