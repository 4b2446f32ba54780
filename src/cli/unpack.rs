//! `sweepline unpack`: a project from one file.

use std::io::Write;
use std::path::PathBuf;

use super::args::UnpackArgs;
use super::exit::Exit;
use super::pack::failed;
use super::printer::Printer;
use super::stop::Stop;
use crate::archive;
use crate::text::Diagnostic;
use crate::text::ShowPath;
use crate::text::plural;
use crate::text::shell_word;

/// Unpacks an archive into a new folder.
pub(super) fn unpack(args: &UnpackArgs, err: &mut Printer) -> Result<Exit, Stop> {
    let folder = match &args.folder {
        Some(folder) => folder.clone(),
        None => {
            let name = args.archive.file_name().unwrap_or_default();
            let name = name.to_string_lossy();
            let folder = name.trim_end_matches(".zip").trim_end_matches(".sweepline");
            if folder == name {
                let title = format!("no folder to unpack `{}` into", args.archive.shown());
                let help = format!(
                    "name one: `sweepline unpack {} FOLDER`",
                    shell_word(&args.archive.to_string_lossy())
                );
                err.diagnostic(&Diagnostic::error(title).help(help))?;
                return Ok(Exit::Usage);
            }
            PathBuf::from(folder)
        }
    };
    let unpacked = match archive::unpack(&args.archive, &folder) {
        Ok(unpacked) => unpacked,
        Err(error) => return failed(error, err),
    };
    writeln!(
        err,
        "unpacked {}, {} and {} of the project into {}",
        plural(unpacked.results, "result"),
        plural(unpacked.objects, "object"),
        plural(unpacked.index.project.len(), "file"),
        folder.shown()
    )?;
    writeln!(
        err,
        "`cd {}` and `sweepline run {}` puts tables and figures below outputs/",
        folder.shown(),
        unpacked.index.arguments
    )?;
    Ok(Exit::Success)
}
