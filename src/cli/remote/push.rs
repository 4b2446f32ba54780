//! `sweepline push`: what an experiment has goes to the shared store.

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
use super::reached::Reached;
use super::tell_others;
use super::tell_refused;
use crate::cli::args;
use crate::cli::args::PushArgs;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::previous_run::PreviousRun;
use crate::cli::printer::Printer;
use crate::cli::project::Project;
use crate::cli::reporter::duration;
use crate::cli::stop::Stop;
use crate::plan::Step;
use crate::plan::StepStatus;
use crate::remote::Progress;
use crate::remote::Refusal;
use crate::remote::Remote;
use crate::remote::RemoteError;
use crate::remote::SigningKey;
use crate::store::Access;
use crate::store::Digest;
use crate::store::Store;
use crate::store::StoreError;
use crate::text::Diagnostic;
use crate::text::plural;

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
    let key = match signing_key() {
        Ok(key) => key,
        Err(why) => {
            err.diagnostic(&Diagnostic::error(why).help(MAKES_A_KEY))?;
            return Err(Stop::Reported(Exit::Usage));
        }
    };
    tell_signer(key.as_ref(), err)?;
    let remote = remote.signing(key);
    if !remote.obeys_conditions() {
        writeln!(
            err,
            "warning: `{}` ignores `If-None-Match`: results are safe, but it cannot be cleaned up by `gc`",
            remote.place()
        )?;
    }
    let reached = Reached::of(&project, store, keys)?;
    let sent = send(store, &remote, &reached, interrupted, args.progress);
    let sent = sent.map_err(|error| failed(error, err))?;
    tell_refused(remote.place(), &sent.refused, err)?;
    tell_damaged(sent.damaged, err)?;
    tell_others(remote.place(), sent.differing, err)?;
    writeln!(err, "{}", sent.text)?;
    if missing > 0 {
        let steps = plural(missing, "step");
        writeln!(err, "{steps} of the plan {} no result yet", have(missing))?;
    }
    // Only spares later runs a look; a run that goes on has the store for itself.
    if let Ok(store) = Store::open(&project.store, Access::Write { wait: false }) {
        note(&store, &remote, &reached, &sent)?;
    }
    Ok(match sent.refused.is_empty() && sent.damaged == 0 {
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

/// Warns of results that are not sent, as they cannot be used here either.
fn tell_damaged(count: usize, err: &mut Printer) -> std::io::Result<()> {
    if count > 0 {
        let (results, are) = (
            plural(count, "result"),
            if count == 1 { "is" } else { "are" },
        );
        writeln!(
            err,
            "warning: {results} {are} not sent: damaged here, or gone in part, as `sweepline verify` says"
        )?;
    }
    Ok(())
}

fn have(count: usize) -> &'static str {
    match count {
        1 => "has",
        _ => "have",
    }
}

/// What a run has left or found.
pub(in crate::cli) struct LeftByRun {
    pub keys: Vec<Digest>,
    /// Whether it made some of it.
    pub made: bool,
}

/// Sends what a run has left or found. What goes wrong is a warning: the results are here all the same.
pub(in crate::cli) fn after_run(
    project: &Project,
    settings: &RemoteSettings,
    store: &Store,
    left: LeftByRun,
    interrupted: Arc<AtomicU8>,
    progress: args::Progress,
    err: &mut Printer,
) -> Result<(), Stop> {
    let made = left.made;
    let reached = Reached::of(project, store, left.keys)?;
    let root = &project.plan.experiment.root;
    let error = match is_known(settings, root, store, &reached) {
        Ok(true) if !made => return Ok(()),
        Err(error) => error,
        Ok(_) => {
            let key = match signing_key() {
                Ok(key) => key,
                Err(why) => return Ok(not_sent(why, &[MAKES_A_KEY.to_owned()], err)?),
            };
            tell_signer(key.as_ref(), err)?;
            // It makes none: where a disk is not mounted, it would lie below.
            let sent = Remote::open(&settings.place, root).and_then(|remote| {
                let remote = remote.signing(key);
                let sent = send(store, &remote, &reached, interrupted, progress)?;
                note(store, &remote, &reached, &sent)?;
                Ok((remote, sent))
            });
            match sent {
                Ok((remote, sent)) => {
                    tell_refused(remote.place(), &sent.refused, err)?;
                    tell_damaged(sent.damaged, err)?;
                    tell_others(remote.place(), sent.differing, err)?;
                    // That a root was written anew is nothing to tell.
                    if sent.is_news {
                        writeln!(err, "{}", sent.text)?;
                    }
                    return Ok(());
                }
                Err(error) => error,
            }
        }
    };
    Ok(not_sent(error.to_string(), &error.hints(), err)?)
}

fn not_sent(why: String, hints: &[String], err: &mut Printer) -> std::io::Result<()> {
    writeln!(err, "warning: not sent: {why}")?;
    for hint in hints {
        writeln!(err, "  = help: {hint}")?;
    }
    Ok(())
}

/// Whether all that a run has left is there, and known to be reached, as far as is known here. A run that changes
/// nothing waits for no network.
fn is_known(
    settings: &RemoteSettings,
    root: &Path,
    store: &Store,
    reached: &Reached,
) -> Result<bool, RemoteError> {
    // Of a folder it looks whether it is the one that it was: another disk may be mounted there.
    let id = match Remote::id_in_folder(&settings.place, root) {
        Some(id) => Some(id),
        None => store.remote_in(&Remote::place_of(&settings.place, root)?)?,
    };
    let Some(id) = id else {
        return Ok(reached.left.is_empty());
    };
    if store.root_sent(&id, &reached.experiment)? != Some(reached.digest()) {
        return Ok(false);
    }
    let there = store.shared_with(&id)?;
    for key in &reached.left {
        // What was accepted stays here.
        if !there.contains(key) && store.accepted(*key)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Notes what is there now.
fn note(store: &Store, remote: &Remote, reached: &Reached, sent: &Sent) -> Result<(), StoreError> {
    store.note_shared(remote.place(), remote.id(), &sent.there)?;
    store.note_pushed_as(&reached.folder, &reached.project)?;
    store.note_root(remote.id(), &reached.experiment, reached.digest())
}

/// What is in the shared store after a push.
struct Sent {
    there: Vec<Digest>,
    /// What is in the way of the rest.
    refused: Vec<Refusal>,
    /// How many are damaged here.
    damaged: usize,
    /// How many have others there under their keys, of which none replaces the other.
    differing: usize,
    /// What was done, for people.
    text: String,
    /// Whether any result or object went there.
    is_news: bool,
}

/// Sends what is reached as far as it is not there, and says there that it is reached.
fn send(
    store: &Store,
    remote: &Remote,
    reached: &Reached,
    interrupted: Arc<AtomicU8>,
    shown: args::Progress,
) -> Result<Sent, RemoteError> {
    let started = Instant::now();
    let (roots, keys) = reached.roots(store)?;
    let progress = Progress::stopped_by(interrupted);
    let pushed = bar::shown(&progress, shown, || {
        remote.push(store, &keys, &roots, &progress)
    })?;
    let place = remote.place();
    let is_news = pushed.results + pushed.objects > 0;
    let mut text = match is_news {
        false => format!("nothing to send: {} in {place}", are(pushed.known)),
        true => {
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
    let refused = pushed.refused.into_iter().map(|(_, refusal)| refusal);
    Ok(Sent {
        damaged: pushed.damaged.len(),
        differing: pushed.differing.len(),
        there: pushed.there,
        refused: refused.collect(),
        text,
        is_news,
    })
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

const MAKES_A_KEY: &str = "`openssl genpkey -algorithm ed25519 -out FILE` makes a key";

/// The key that `SWEEPLINE_SIGNING_KEY` names, a file; or what is wrong with it.
fn signing_key() -> Result<Option<SigningKey>, String> {
    let named = std::env::var_os("SWEEPLINE_SIGNING_KEY").filter(|path| !path.is_empty());
    let read = named.map(|path| {
        let key = SigningKey::read(Path::new(&path));
        key.map_err(|why| format!("`{}` cannot sign: {why}", path.to_string_lossy()))
    });
    read.transpose()
}

fn tell_signer(key: Option<&SigningKey>, err: &mut Printer) -> std::io::Result<()> {
    match key {
        Some(key) => writeln!(err, "signs as {}", key.public()),
        None => Ok(()),
    }
}
