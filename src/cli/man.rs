//! `sweepline man`: the manual pages, from the help that the program prints.

use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use clap::CommandFactory;

use super::args::Cli;
use super::args::ManArgs;
use super::exit::Exit;
use super::printer::Printer;
use super::stop::Stop;
use super::written::make_folder;
use super::written::replace_file;
use crate::text::ShowPath;

/// In every page that it wrote, and before the name of one.
const TITLE: &str = "\n.TH sweepline";

/// Writes a page of the program and one of every verb.
pub(super) fn man(args: &ManArgs, out: &mut Printer, err: &mut Printer) -> Result<Exit, Stop> {
    let folder = args.folder.join("man1");
    match write(&folder) {
        Ok(None) => {
            writeln!(out, "{}", folder.join("sweepline.1").shown())?;
            Ok(Exit::Success)
        }
        Ok(Some(foreign)) => {
            let foreign = foreign.shown();
            writeln!(err, "error: `{foreign}` is there, and is no page of ours")?;
            writeln!(err, "  = help: name another folder, or move it away")?;
            Ok(Exit::Usage)
        }
        Err(error) => {
            writeln!(err, "error: cannot write to `{}`: {error}", folder.shown())?;
            Ok(Exit::Failed)
        }
    }
}

/// Writes the pages, or none and gives the file that one would have taken the place of.
fn write(folder: &Path) -> io::Result<Option<PathBuf>> {
    make_folder(folder)?;
    // `help` is no page of its own.
    let command = Cli::command().disable_help_subcommand(true);
    let made = tempfile::tempdir()?;
    clap_mangen::generate_to(command, made.path())?;
    let mut pages = Vec::new();
    for page in fs::read_dir(made.path())? {
        let page = page?;
        let path = folder.join(page.file_name());
        if fs::symlink_metadata(&path).is_ok() && !is_page(&path) {
            return Ok(Some(path));
        }
        pages.push((path, fs::read(page.path())?));
    }
    for (path, text) in pages {
        replace_file(&path, text)?;
    }
    Ok(None)
}

fn is_page(path: &Path) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.contains(TITLE))
}
