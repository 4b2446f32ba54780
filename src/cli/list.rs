//! `sweepline list`: what a manifest can name.

use std::io;
use std::io::Write;

use super::args::ListArgs;
use super::exit::Exit;
use super::printer::Printer;
use crate::registry::StageKind;
use crate::registry::reference;
use crate::stages;
use crate::text;

/// Prints names and summaries, or reference pages, of the kinds that match.
pub(super) fn list(args: &ListArgs, out: &mut Printer, err: &mut Printer) -> io::Result<Exit> {
    let wanted = args.kind.as_deref().unwrap_or_default();
    let group = format!("{}/", wanted.trim_end_matches('/'));
    let matches = |kind: &dyn StageKind| {
        wanted.is_empty() || kind.name() == wanted || kind.name().starts_with(&group)
    };
    let kinds: Vec<&dyn StageKind> = stages::catalog().iter().filter(|k| matches(*k)).collect();
    if kinds.is_empty() {
        writeln!(err, "error: no stage kind `{wanted}`")?;
        let names: Vec<&str> = stages::catalog().iter().map(|kind| kind.name()).collect();
        match text::closest(wanted, names) {
            Some(meant) => writeln!(err, "  = help: did you mean `{meant}`?")?,
            None => writeln!(err, "  = help: `sweepline list` prints all")?,
        }
        return Ok(Exit::Usage);
    }
    // One kind by its full name is asked for to be read about.
    if args.docs || kinds.len() == 1 {
        for (at, kind) in kinds.iter().enumerate() {
            let gap = if at == 0 { "" } else { "\n" };
            write!(out, "{gap}{}", reference::page(*kind))?;
        }
        return Ok(Exit::Success);
    }
    let width = kinds
        .iter()
        .map(|kind| kind.name().len())
        .max()
        .unwrap_or(0);
    for kind in kinds {
        writeln!(out, "{:width$}  {}", kind.name(), kind.summary())?;
    }
    Ok(Exit::Success)
}
