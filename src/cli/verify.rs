//! `sweepline verify`: whether the store holds what it says.

use std::io::Write;

use super::args::VerifyArgs;
use super::exit::Exit;
use super::output_folder;
use super::printer::Printer;
use super::remote;
use super::runs;
use super::stop::Stop;
use super::store_lock;
use crate::text::plural;

/// Rereads every object.
pub(super) fn verify(args: &VerifyArgs, err: &mut Printer) -> Result<Exit, Stop> {
    if args.remote {
        return remote::verify(args, err);
    }
    let args = &args.store;
    let (outputs, folder) = runs::folders(args, err)?;
    if !folder.is_dir() {
        runs::open(args, err)?;
    }
    let store = store_lock::open(&folder, true, || true)?;
    let verified = store.verify()?;
    writeln!(
        err,
        "{} read, {:.1} MB",
        plural(verified.objects, "object"),
        verified.bytes as f64 / 1e6
    )?;
    for digest in &verified.damaged {
        writeln!(err, "damaged: {digest}")?;
    }
    for digest in &verified.missing {
        writeln!(err, "missing: {digest}")?;
    }
    for digest in &verified.unneeded {
        writeln!(err, "damaged, and no result needs it: {digest}")?;
    }
    if !verified.unneeded.is_empty() {
        writeln!(
            err,
            "  = help: `sweepline gc --yes` removes what no result needs"
        )?;
    }
    let disturbed = output_folder::tell_all_disturbed(&outputs, &store, err)?;
    if disturbed > 0 && verified.damaged.is_empty() && verified.missing.is_empty() {
        return Ok(Exit::Failed);
    }
    if verified.damaged.is_empty() && verified.missing.is_empty() {
        return Ok(Exit::Success);
    }
    writeln!(
        err,
        "  = help: the next `sweepline run` makes damaged results again"
    )?;
    Ok(Exit::Failed)
}
