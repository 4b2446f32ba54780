//! `sweepline init`: a small project that runs, to start from.

use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;

use super::args::InitArgs;
use super::exit::Exit;
use super::printer::Printer;
use super::stop::Stop;
use crate::manifest::SETTINGS;

/// What the project has: path and text.
const FILES: [(&str, &str); 5] = [
    (
        "manifests/first.yaml",
        include_str!("starter/manifests/first.yaml"),
    ),
    (
        "pipelines/density.yaml",
        include_str!("starter/pipelines/density.yaml"),
    ),
    ("README.md", include_str!("starter/README.md")),
    (".gitignore", "/outputs/\n"),
    (SETTINGS, include_str!("starter/sweepline.toml")),
];

/// Writes the files; never over one that is there.
pub(super) fn init(args: &InitArgs, out: &mut Printer, err: &mut Printer) -> Result<Exit, Stop> {
    let folder = &args.folder;
    let manifest = folder.join(FILES[0].0);
    // The manifest is written for that pipeline.
    for (path, _) in &FILES[..2] {
        let path = folder.join(path);
        if path.exists() || path.is_symlink() {
            writeln!(err, "error: `{}` is there already", path.display())?;
            writeln!(err, "  = help: `sweepline init DIR` starts elsewhere")?;
            return Ok(Exit::Usage);
        }
    }
    for (path, text) in FILES {
        let path = folder.join(path);
        match write(&path, text) {
            Ok(true) => writeln!(out, "{}", path.display())?,
            Ok(false) => writeln!(err, "`{}` is there already, kept", path.display())?,
            Err(error) => {
                writeln!(err, "error: cannot write `{}`: {error}", path.display())?;
                return Ok(Exit::Failed);
            }
        }
    }
    writeln!(err, "\nnext: sweepline run {}", manifest.display())?;
    Ok(Exit::Success)
}

/// Whether the file was written; false where there was one.
fn write(path: &Path, text: &str) -> io::Result<bool> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    match fs::File::create_new(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}
