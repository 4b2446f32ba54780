//! `sweepline push` and `pull`, and what `run` does with a shared store.

mod bar;
mod gc;
mod pull;
mod push;
mod reached;
mod settings;
mod supply;
mod verify;

use std::collections::HashSet;
use std::io;
use std::io::Write;
use std::path::PathBuf;

pub(super) use gc::age;
pub(super) use gc::gc;
pub(super) use pull::pull;
pub(super) use push::LeftByRun;
pub(super) use push::after_run;
pub(super) use push::push;
pub(super) use settings::Mode;
pub(super) use settings::RemoteSettings;
pub(super) use settings::read;
pub(super) use supply::Supply;
pub(super) use verify::verify;

use super::args::ProjectArgs;
use super::exit::Exit;
use super::printer::Printer;
use super::project::Project;
use super::runs;
use super::settings::Settings;
use super::stop::Stop;
use crate::remote::Refusal;
use crate::remote::RemoteError;
use crate::store::Digest;
use crate::store::Store;
use crate::text::Diagnostic;
use crate::text::plural;

/// Which shared store is meant: what the command line says wins, then `SWEEPLINE_REMOTE`, then the settings.
fn place(asked: Option<&str>, project: &Project, err: &mut Printer) -> Result<String, Stop> {
    let set = project.remote.as_ref().map(|remote| remote.place.as_str());
    let known = asked.or(set);
    match known.filter(|place| !place.is_empty()) {
        Some(place) => Ok(place.to_owned()),
        None => {
            err.diagnostic(&none_named(
                "no shared store is named",
                "`--to`, `--from` or ",
            ))?;
            Err(Stop::Reported(Exit::Usage))
        }
    }
}

/// What to do where no shared store is named: for once, `flags` do it, too.
fn none_named(title: &str, flags: &str) -> Diagnostic {
    Diagnostic::error(title).help(format!(
        "`remote = \"/mnt/lab/sweepline\"` in sweepline.toml names one for all, {flags}SWEEPLINE_REMOTE for once"
    ))
}

/// The root of the project that flags name, and its shared store.
fn of_project(args: &ProjectArgs, err: &mut Printer) -> Result<(PathBuf, RemoteSettings), Stop> {
    let root = runs::root(args);
    match Settings::of(&root, err)?.remote() {
        Some(settings) => Ok((root, settings)),
        None => {
            err.diagnostic(&none_named("no shared store is named", ""))?;
            Err(Stop::Reported(Exit::Usage))
        }
    }
}

/// A run that is to ask a shared store, where none is named.
pub(super) fn unnamed(mode: Option<Mode>, project: &Project) -> Option<Diagnostic> {
    let asks = mode.is_some_and(|mode| mode != Mode::Off);
    let title = "`--remote` asks a shared store, and none is named";
    (asks && project.remote.is_none()).then(|| none_named(title, ""))
}

/// Says what went wrong.
fn failed(error: RemoteError, err: &mut Printer) -> Stop {
    let error = match error {
        RemoteError::Stopped => {
            let told = writeln!(err, "interrupted; the same again goes on from here");
            return match told {
                Ok(()) => Stop::Reported(Exit::Interrupted),
                Err(error) => Stop::Io(error),
            };
        }
        RemoteError::Store(error) => return Stop::Store(error),
        error => error,
    };
    match err.diagnostic(&Diagnostic::error(error.to_string()).helps(error.hints())) {
        Ok(()) => Stop::Reported(Exit::Store),
        Err(error) => Stop::Io(error),
    }
}

/// `fetched from /mnt/lab/sweepline`; none where it was made here.
pub(super) fn told(store: Option<&Store>, key: Digest) -> Result<Option<String>, Stop> {
    let Some(store) = store else {
        return Ok(None);
    };
    let fetched = store.fetched(key)?;
    Ok(fetched.map(|fetched| format!("fetched from {}", fetched.from)))
}

/// More that was refused than this is counted.
const TOLD: usize = 10;

/// What was refused, by name.
fn tell_refused(place: &str, refused: &[Refusal], err: &mut Printer) -> io::Result<()> {
    for line in lines_of_refused(place, refused) {
        writeln!(err, "warning: {line}")?;
    }
    Ok(())
}

/// The same as lines: each name once, as a folder that cannot be read is in the way of many results.
fn lines_of_refused(place: &str, refused: &[Refusal]) -> Vec<String> {
    let mut names = HashSet::new();
    let told = refused.iter().filter(|one| names.insert(&one.name));
    let told: Vec<&Refusal> = told.collect();
    let lines = told.iter().take(TOLD);
    let mut lines: Vec<String> = lines
        .map(|one| format!("`{}` of `{place}` is refused: {}", one.name, one.why))
        .collect();
    if told.len() > TOLD {
        lines.push(format!("and {} more are refused", told.len() - TOLD));
    }
    lines
}

/// Warns where results of so many keys differ and none replaces the others.
fn tell_others(place: &str, keys: usize, err: &mut Printer) -> io::Result<()> {
    match line_of_others(place, keys) {
        Some(line) => writeln!(err, "warning: {line}"),
        None => Ok(()),
    }
}

/// What is said where results of so many keys differ and none replaces the others.
fn line_of_others(place: &str, keys: usize) -> Option<String> {
    let of = plural(keys, "key");
    (keys > 0).then(|| {
        format!(
            "`{place}` has several results of {of}, and who fetches gets the first by its name: whose is wrong makes it again with `run --force` and pushes that, which replaces it"
        )
    })
}

/// `12 objects, 3.4 MB`
fn amount(objects: u64, bytes: u64) -> String {
    let objects = plural(usize::try_from(objects).unwrap_or(usize::MAX), "object");
    format!("{objects}, {}", size(bytes))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}
