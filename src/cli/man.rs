//! `sweepline man`: the manual pages, from the help that the program prints.

use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;

use clap::CommandFactory;

use super::args::Cli;
use super::args::ManArgs;
use super::exit::Exit;
use super::printer::Printer;
use super::stop::Stop;

/// Writes a page of the program and one of every verb.
pub(super) fn man(args: &ManArgs, out: &mut Printer, err: &mut Printer) -> Result<Exit, Stop> {
    let folder = args.folder.join("man1");
    if let Err(error) = write(&folder) {
        writeln!(
            err,
            "error: cannot write to `{}`: {error}",
            folder.display()
        )?;
        return Ok(Exit::Failed);
    }
    writeln!(out, "{}", folder.join("sweepline.1").display())?;
    Ok(Exit::Success)
}

fn write(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    // `help` is no page of its own.
    let command = Cli::command().disable_help_subcommand(true);
    clap_mangen::generate_to(command, folder)
}
