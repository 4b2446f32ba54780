//! `sweepline verify`: whether the store holds what it says.

use std::io::Write;

use super::args::VerifyArgs;
use super::exit::Exit;
use super::output_folder;
use super::printer::Printer;
use super::remote;
use super::runs;
use super::runs::Left;
use super::stop::Stop;
use super::store_lock;
use crate::store::Store;
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
    let mut named = Vec::new();
    for (name, run) in store.run_names()? {
        named.push((name, runs::left(&store, &run)?));
    }
    let replaced = named.iter().flat_map(|(_, left)| left);
    let replaced = replaced.filter_map(|left| Some((left.key, left.replaced.as_ref()?.digest)));
    let verified = store.verify_holding(&replaced.collect())?;
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
    let lost = tell_lost(&named, &store, err)?;
    let disturbed = output_folder::tell_all_disturbed(&outputs, &store, err)?;
    output_folder::tell_kept_in_store(&store, err)?;
    let whole = verified.damaged.is_empty() && verified.missing.is_empty();
    if !whole {
        writeln!(
            err,
            "  = help: the next `sweepline run` makes damaged results again"
        )?;
    }
    Ok(match whole && !lost && disturbed == 0 {
        true => Exit::Success,
        false => Exit::Failed,
    })
}

/// Says of which named runs results are gone or damaged that others have replaced: no run makes these again. Whether
/// there are any.
fn tell_lost(
    named: &[(String, Vec<Left>)],
    store: &Store,
    err: &mut Printer,
) -> Result<bool, Stop> {
    let mut any = false;
    for (name, left) in named {
        let replaced = left.iter().filter_map(|left| left.replaced.as_ref());
        let lost = replaced.filter(|it| it.kept().is_some() && it.result(store).is_none());
        let count = lost.count();
        if count > 0 {
            let results = plural(count, "result");
            writeln!(
                err,
                "run {name} has lost {results} that others have replaced: what it had is gone or damaged"
            )?;
            writeln!(
                err,
                "  = help: nothing makes that again; `sweepline runs unname {name}` lets go of it"
            )?;
            any = true;
        }
    }
    Ok(any)
}
