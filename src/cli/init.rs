//! `sweepline init`: a small project that runs, to start from.

use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;

use super::args::InitArgs;
use super::args::Starter;
use super::exit::Exit;
use super::printer::Printer;
use super::stop::Stop;
use crate::manifest::SETTINGS;
use crate::text::ShowPath;

/// A file of a project: its path and its text.
type File = (&'static str, &'static str);

/// What belongs together, the manifest first; never written where any of it is there.
const SWEEP: [File; 2] = [
    (
        "manifests/first.yaml",
        include_str!("starter/sweep/manifests/first.yaml"),
    ),
    (
        "pipelines/density.yaml",
        include_str!("starter/sweep/pipelines/density.yaml"),
    ),
];
const COMMAND: [File; 2] = [
    (
        "manifests/first.yaml",
        include_str!("starter/command/manifests/first.yaml"),
    ),
    ("train.py", include_str!("starter/command/train.py")),
];
const PAPER: [File; 3] = [
    (
        "manifests/paper.yaml",
        include_str!("starter/paper/manifests/paper.yaml"),
    ),
    (
        "pipelines/density.yaml",
        include_str!("starter/paper/pipelines/density.yaml"),
    ),
    ("paper.tex", include_str!("starter/paper/paper.tex")),
];

/// What the project has that belongs together, then what it has beside that.
fn files(starter: Starter) -> (&'static [File], [File; 3]) {
    let (own, readme, ignored): (&[File], _, _) = match starter {
        Starter::Command => (
            &COMMAND,
            include_str!("starter/command/README.md"),
            "/outputs/\n",
        ),
        Starter::Sweep => (
            &SWEEP,
            include_str!("starter/sweep/README.md"),
            "/outputs/\n",
        ),
        Starter::Paper => (
            &PAPER,
            include_str!("starter/paper/README.md"),
            include_str!("starter/paper/gitignore"),
        ),
    };
    let settings = include_str!("starter/sweepline.toml");
    let beside = [
        ("README.md", readme),
        (".gitignore", ignored),
        (SETTINGS, settings),
    ];
    (own, beside)
}

/// Writes the files; never over one that is there.
pub(super) fn init(args: &InitArgs, out: &mut Printer, err: &mut Printer) -> Result<Exit, Stop> {
    let folder = &args.folder;
    let (own, beside) = files(args.template);
    let manifest = folder.join(own[0].0);
    for (path, _) in own {
        let path = folder.join(path);
        if path.exists() || path.is_symlink() {
            writeln!(err, "error: `{}` is there already", path.shown())?;
            writeln!(err, "  = help: `sweepline init DIR` starts elsewhere")?;
            return Ok(Exit::Usage);
        }
    }
    for (path, text) in own.iter().chain(&beside) {
        let path = folder.join(path);
        match write(&path, text) {
            Ok(true) => writeln!(out, "{}", path.shown())?,
            Ok(false) => writeln!(err, "`{}` is there already, kept", path.shown())?,
            Err(error) => {
                writeln!(err, "error: cannot write `{}`: {error}", path.shown())?;
                return Ok(Exit::Failed);
            }
        }
    }
    writeln!(err, "\nnext: sweepline run {}", manifest.shown())?;
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
