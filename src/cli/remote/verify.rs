//! `sweepline verify --remote`: whether the shared store holds what it says.

use std::io::Write;

use super::bar;
use super::failed;
use super::of_project;
use super::size;
use super::tell_refused;
use crate::cli::args;
use crate::cli::args::VerifyArgs;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::printer::Printer;
use crate::cli::runs;
use crate::cli::stop::Stop;
use crate::remote::Progress;
use crate::remote::Remote;
use crate::store::Access;
use crate::store::Store;
use crate::text::plural;

/// Reads everything there, and says what nobody can use.
pub(in crate::cli) fn verify(args: &VerifyArgs, err: &mut Printer) -> Result<Exit, Stop> {
    let (root, settings) = of_project(&args.store, err)?;
    let (_, folder) = runs::folders(&args.store, err)?;
    // A project without results can only take damaged files away.
    let here = match args.repair && folder.is_dir() {
        true => Some(Store::open(&folder, Access::Read)?),
        false => None,
    };
    let remote = Remote::open(&settings.place, &root);
    let remote = remote.map_err(|error| failed(error, err))?;
    let remote = remote.trusting(&settings.trusted);
    let progress = Progress::stopped_by(interrupt::watch()?);
    let verified = bar::shown(&progress, args::Progress::Auto, || {
        remote.verify(args.repair, here.as_ref(), &progress)
    });
    let verified = verified.map_err(|error| failed(error, err))?;
    writeln!(
        err,
        "{} and {} read, {}, in {}",
        plural(verified.records, "record"),
        plural(verified.objects, "object"),
        size(verified.bytes),
        remote.place()
    )?;
    tell_refused(remote.place(), &verified.wrong, err)?;
    if args.repair && verified.sent + verified.removed > 0 {
        let (sent, removed) = (verified.sent, verified.removed);
        writeln!(err, "sent again {sent}, removed {removed}")?;
    }
    if verified.removed > 0 || (!verified.wrong.is_empty() && !args.repair) {
        let help = match args.repair {
            true => "the next `sweepline push` of who has what was removed sends it",
            false => {
                "`--repair` sends again what is whole here, and removes other damaged files: then the next \
                      `sweepline push` of who has them sends them"
            }
        };
        writeln!(err, "  = help: {help}")?;
    }
    Ok(match verified.wrong.is_empty() {
        true => Exit::Success,
        false => Exit::Failed,
    })
}
