//! `sweepline push`: what an experiment has goes to the shared store.

use std::collections::BTreeSet;
use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::time::Instant;

use super::RemoteSettings;
use super::amount;
use super::bar;
use super::failed;
use super::place;
use super::tell_refused;
use crate::cli::args;
use crate::cli::args::PushArgs;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::previous_run::PreviousRun;
use crate::cli::printer::Printer;
use crate::cli::project::Project;
use crate::cli::reporter::duration;
use crate::cli::runs;
use crate::cli::stop::Stop;
use crate::plan::Step;
use crate::plan::StepStatus;
use crate::remote::Progress;
use crate::remote::Refusal;
use crate::remote::Remote;
use crate::remote::RemoteError;
use crate::remote::Root;
use crate::remote::SigningKey;
use crate::store::Access;
use crate::store::Digest;
use crate::store::Lookup;
use crate::store::Store;
use crate::text::Diagnostic;
use crate::text::plural;

/// How many runs are looked through for named ones.
const RUNS: usize = 100_000;

/// Sends what is missing there.
pub(in crate::cli) fn push(args: &PushArgs, err: &mut Printer) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    let place = place(args.to.as_deref(), &project, err)?;
    let interrupted = interrupt::watch()?;
    let previous = PreviousRun::of(&project)?;
    let statuses = previous.left(&project);
    let (keys, missing) = left(&project.plan.steps, &statuses);
    let Some(store) = &previous.store else {
        writeln!(err, "nothing to send: nothing was run yet")?;
        return Ok(Exit::Success);
    };
    let remote = open(&place, &project, store, args.begin, err)?;
    let remote = remote.signing(signing_key(err)?);
    if !remote.obeys_conditions() {
        writeln!(
            err,
            "warning: `{}` ignores `If-None-Match`: results are safe, but it cannot be cleaned up by `gc`",
            remote.place()
        )?;
    }
    let sent = send(
        &project,
        store,
        &remote,
        keys,
        interrupted,
        args.progress,
        err,
    );
    let sent = sent.map_err(|error| failed(error, err))??;
    if missing > 0 {
        let steps = plural(missing, "step");
        writeln!(err, "{steps} of the plan {} no result yet", have(missing))?;
    }
    // Only spares later runs a look; a run that goes on has the store for itself.
    if let Ok(store) = Store::open(&project.store, Access::Write { wait: false }) {
        store.note_shared(remote.place(), remote.id(), &sent.keys)?;
    }
    Ok(match sent.complete {
        true => Exit::Success,
        false => Exit::Failed,
    })
}

/// Opens the shared store in a place. Where this project has found one before, none is begun: one that is gone is
/// more often on a disk that is not mounted, below whose mount point a second one would lie.
fn open(
    place: &str,
    project: &Project,
    store: &Store,
    begin: bool,
    err: &mut Printer,
) -> Result<Remote, Stop> {
    let root = &project.plan.experiment.root;
    let name = Remote::place_of(place, root).map_err(|error| failed(error, err))?;
    let known = store.remote_in(&name)?.filter(|_| !begin);
    let opened = match &known {
        Some(_) => Remote::open(place, root),
        None => Remote::open_to_write(place, root),
    };
    let remote = match opened {
        Err(RemoteError::NotThere { place }) => {
            let gone = format!("the shared store that was in `{place}` is not there");
            let help = "where it lies on a network's disk, is that mounted? If it is gone for good, `--begin` begins \
                        another one";
            err.diagnostic(&Diagnostic::error(gone).help(help))?;
            return Err(Stop::Reported(Exit::Store));
        }
        opened => opened.map_err(|error| failed(error, err))?,
    };
    if known.is_some_and(|known| known != remote.id()) {
        let place = remote.place();
        writeln!(
            err,
            "warning: `{place}` is another shared store than the one that was there: all results are sent to it"
        )?;
    }
    Ok(remote)
}

fn have(count: usize) -> &'static str {
    match count {
        1 => "has",
        _ => "have",
    }
}

/// Sends what a run has left or found. What goes wrong is a warning: the results are here all the same.
pub(in crate::cli) fn after_run(
    project: &Project,
    settings: &RemoteSettings,
    store: &Store,
    keys: Vec<Digest>,
    interrupted: Arc<AtomicU8>,
    progress: args::Progress,
    err: &mut Printer,
) -> Result<(), Stop> {
    let root = &project.plan.experiment.root;
    let place = Remote::place_of(&settings.place, root);
    let sent = place.and_then(|place| {
        // A run that changes nothing waits for no network; of a folder it looks whether it is the one that it was:
        // another disk may be mounted there.
        let id = match Remote::id_in_folder(&settings.place, root) {
            Some(id) => Some(id),
            None => store.remote_in(&place)?,
        };
        let known = match id {
            Some(id) => store.shared_with(&id)?,
            None => HashSet::new(),
        };
        if keys.iter().all(|key| known.contains(key)) {
            return Ok(Ok(()));
        }
        // It makes none: where a disk is not mounted, it would lie below.
        let remote = Remote::open(&settings.place, root)?;
        let remote = match signing_key(err) {
            Ok(key) => remote.signing(key),
            Err(stop) => return Ok(Err(stop)),
        };
        let sent = send(project, store, &remote, keys, interrupted, progress, err)?;
        Ok(match sent {
            Ok(sent) => store
                .note_shared(remote.place(), remote.id(), &sent.keys)
                .map_err(Stop::from),
            Err(stop) => Err(stop),
        })
    });
    match sent {
        Ok(sent) => sent,
        Err(error) => {
            writeln!(err, "warning: not sent: {error}")?;
            for hint in error.hints() {
                writeln!(err, "  = help: {hint}")?;
            }
            Ok(())
        }
    }
}

/// What is in the shared store after a push.
struct Sent {
    keys: Vec<Digest>,
    /// Whether that is all that was meant.
    complete: bool,
}

/// Sends results of these keys, and what the last run and the experiment's named runs left, and says so.
fn send(
    project: &Project,
    store: &Store,
    remote: &Remote,
    keys: Vec<Digest>,
    interrupted: Arc<AtomicU8>,
    shown: args::Progress,
    err: &mut Printer,
) -> Result<Result<Sent, Stop>, RemoteError> {
    let started = Instant::now();
    let (roots, keys) = match roots(project, store, keys) {
        Ok(reached) => reached,
        Err(stop) => return Ok(Err(stop)),
    };
    let progress = Progress::stopped_by(interrupted);
    let pushed = bar::shown(&progress, shown, || {
        remote.push(store, &keys, &roots, &progress)
    })?;
    let place = remote.place();
    let mut text = match pushed.results + pushed.objects {
        0 => format!("nothing to send: {} in {place}", are(pushed.known)),
        _ => {
            let results = plural(pushed.results, "result");
            let amount = amount(pushed.objects as u64, pushed.bytes);
            let took = duration(started.elapsed().as_secs_f64());
            format!("sent {results}, {amount} to {place} in {took}")
        }
    };
    if pushed.results > 0 && pushed.known > 0 {
        text = format!("{text}; {} there already", are(pushed.known));
    }
    if pushed.accepted > 0 {
        let accepted = plural(pushed.accepted, "result");
        text = format!("{text}; {accepted} stay here: accepted, not computed under their keys");
    }
    let complete = pushed.refused.is_empty();
    let (refused, refusals): (HashSet<Digest>, Vec<Refusal>) = pushed.refused.into_iter().unzip();
    let told = tell_refused(place, &refusals, err).and_then(|()| writeln!(err, "{text}"));
    let mut keys = keys;
    keys.retain(|key| !refused.contains(key));
    let sent = Sent { keys, complete };
    Ok(told.map(|()| sent).map_err(Stop::from))
}

fn are(count: usize) -> String {
    let verb = if count == 1 { "is" } else { "are" };
    format!("{} {verb}", plural(count, "result"))
}

/// The keys of all results that others may use, and how many steps have no result.
fn left(steps: &[Arc<Step>], statuses: &[StepStatus]) -> (Vec<Digest>, usize) {
    let known = statuses.iter().filter(|status| status.result().is_some());
    let missing = statuses.len() - known.count();
    let shared = steps
        .iter()
        .zip(statuses)
        .filter(|(step, _)| step.policy.cache);
    let keys = shared.filter_map(|(_, status)| match status {
        StepStatus::UpToDate { key, .. } => Some(*key),
        _ => None,
    });
    (keys.collect(), missing)
}

/// What the experiment reaches now and what its last run left, as one root, with one for each named run; and the
/// keys of what is to be sent.
fn roots(
    project: &Project,
    store: &Store,
    keys: Vec<Digest>,
) -> Result<(Vec<Root>, Vec<Digest>), Stop> {
    let experiment = project.name();
    let root = |name: String, keys: BTreeSet<Digest>| Root {
        who: who(project.remote.as_ref()),
        project: project_id(project),
        name,
        keys,
    };
    let mut send: BTreeSet<Digest> = keys.into_iter().collect();
    let mut reached = send.clone();
    // A manifest that was edited and not run yet reaches none of it, and it is as dear as before.
    for key in left_by_last_run(project, store)? {
        match store.lookup(key)? {
            Lookup::Hit(_) => {
                reached.insert(key);
                send.insert(key);
            }
            // Of what is damaged here the shared store may have the last whole copy.
            Lookup::Damaged { .. } => {
                reached.insert(key);
            }
            Lookup::Miss => {}
        }
    }
    let mut roots = vec![root(experiment.clone(), reached)];
    for run in store.runs(RUNS)? {
        if run.names.is_empty() || run.experiment != experiment {
            continue;
        }
        let mut keys = BTreeSet::new();
        for (_, key) in runs::keys(store, &run.run)? {
            if store.has_record(key)? {
                keys.insert(key);
            }
        }
        send.extend(&keys);
        for name in run.names {
            roots.push(root(format!("{experiment}/{name}"), keys.clone()));
        }
    }
    Ok((roots, send.into_iter().collect()))
}

/// The last key of every step, but of those that have no cache: these are nobody else's.
fn left_by_last_run(project: &Project, store: &Store) -> Result<Vec<Digest>, Stop> {
    let steps = project.plan.steps.iter();
    let uncached = steps.filter(|step| !step.policy.cache);
    let uncached: HashSet<String> = uncached.map(ToString::to_string).collect();
    let left = store.keys_of(&project.name())?.into_iter();
    let left = left.filter(|(step, _)| !uncached.contains(step));
    Ok(left.map(|(_, key)| key).collect())
}

/// The key that `SWEEPLINE_SIGNING_KEY` names, a file.
fn signing_key(err: &mut Printer) -> Result<Option<SigningKey>, Stop> {
    let Some(path) = std::env::var_os("SWEEPLINE_SIGNING_KEY").filter(|path| !path.is_empty())
    else {
        return Ok(None);
    };
    match SigningKey::read(Path::new(&path)) {
        Ok(key) => {
            writeln!(err, "signs as {}", key.public())?;
            Ok(Some(key))
        }
        Err(why) => {
            let path = path.to_string_lossy();
            let wrong = Diagnostic::error(format!("`{path}` cannot sign: {why}"))
                .help("`openssl genpkey -algorithm ed25519 -out FILE` makes a key");
            err.diagnostic(&wrong)?;
            Err(Stop::Reported(Exit::Usage))
        }
    }
}

/// Who pushes.
pub(super) fn who(settings: Option<&RemoteSettings>) -> String {
    let set = settings.and_then(|settings| settings.name.clone());
    let variable = |name: &str| std::env::var(name).ok().filter(|name| !name.is_empty());
    set.or_else(|| variable("USER"))
        .or_else(|| variable("LOGNAME"))
        .unwrap_or_else(|| "unknown".to_owned())
}

/// A name for this project that copies of it, here or on another machine, do not have.
fn project_id(project: &Project) -> String {
    let root = &project.plan.experiment.root;
    let root = std::fs::canonicalize(root).unwrap_or_else(|_| root.clone());
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let mut text = root.as_os_str().as_encoded_bytes().to_vec();
    text.extend(machine.trim().as_bytes());
    text.extend(Store::secret_in(&project.store).unwrap_or_default());
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    format!("{name}-{}", &Digest::of(&text).to_hex()[..8])
}
