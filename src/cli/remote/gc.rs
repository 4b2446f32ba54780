//! `sweepline gc --remote`: what the shared store can do without.

use std::io::Write;
use std::time::Duration;

use super::bar;
use super::failed;
use super::of_project;
use super::reached::who;
use super::size;
use super::tell_refused;
use crate::cli::args;
use crate::cli::args::GcArgs;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::printer::Printer;
use crate::cli::stop::Stop;
use crate::manifest;
use crate::remote;
use crate::remote::Progress;
use crate::remote::Remote;
use crate::remote::RemoteError;
use crate::text::Diagnostic;
use crate::text::did_you_mean;
use crate::text::plural;

/// What nobody has written for so long may go, unless it is said otherwise.
const OLDER: Duration = Duration::from_secs(7 * 24 * 3600);

/// Says what would be freed, or frees it.
pub(in crate::cli) fn gc(args: &GcArgs, err: &mut Printer) -> Result<Exit, Stop> {
    let (root, settings) = of_project(&args.store, err)?;
    if let Some(keep) = args.keep.first() {
        let title = format!("`{keep}`: a shared store keeps what its roots reach");
        let help = "`sweepline push` of a manifest makes a root of it";
        err.diagnostic(&Diagnostic::error(title).help(help))?;
        return Ok(Exit::Usage);
    }
    let me = who(Some(&settings));
    let remote = Remote::open(&settings.place, &root);
    let remote = remote.map_err(|error| failed(error, err))?;
    let progress = Progress::stopped_by(interrupt::watch()?);
    let older = args.older.unwrap_or(OLDER);
    if older < remote::LEAST {
        writeln!(
            err,
            "warning: what is younger than a day stays whatever is asked for"
        )?;
    }
    let swept = bar::shown(&progress, args::Progress::Auto, || {
        remote.collect(&me, older, &args.forget, !args.yes, &progress)
    });
    let swept = match swept {
        Err(error @ RemoteError::NotYours { .. }) => {
            err.diagnostic(&Diagnostic::error(error.to_string()).helps(error.hints()))?;
            return Ok(Exit::Usage);
        }
        Err(RemoteError::NoRoot { place, root, yours }) => {
            let title = format!("`{place}` has no root `{root}`");
            let yours = yours.iter().map(String::as_str);
            let help = did_you_mean(&root, yours, "your roots");
            let help = help.unwrap_or_else(|| "none of its roots is yours".to_owned());
            err.diagnostic(&Diagnostic::error(title).help(help))?;
            return Ok(Exit::Usage);
        }
        swept => swept.map_err(|error| failed(error, err))?,
    };
    tell_refused(remote.place(), &swept.refused, err)?;
    if swept.keeps_objects {
        writeln!(
            err,
            "warning: all objects stay: what is refused may name any of them"
        )?;
    }
    for (title, count) in &swept.roots {
        writeln!(err, "keeps {title}: {}", plural(*count, "result"))?;
    }
    let found = [(swept.records, "result"), (swept.objects, "object")];
    let (from, kept) = (
        format!(" from {}", remote.place()),
        plural(swept.kept_objects, "object"),
    );
    let told = crate::cli::gc::tell(args, &found, &size(swept.bytes), &from, &kept, err)?;
    Ok(match swept.refused.is_empty() {
        true => told,
        false => Exit::Failed,
    })
}

/// How long nobody has written what may go: `7d`.
pub(in crate::cli) fn age(text: &str) -> Result<Duration, String> {
    manifest::language::time(text)
        .ok_or_else(|| "expected a time with its unit, such as 7d".to_owned())
}
