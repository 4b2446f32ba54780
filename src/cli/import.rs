//! `sweepline import`: a manifest and a pipeline from another tool's file, written once.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use super::args::ImportArgs;
use super::exit::Exit;
use super::printer::Printer;
use super::stop::Stop;
use crate::import;
use crate::manifest::SETTINGS;
use crate::manifest::absolute;
use crate::text::Diagnostic;
use crate::text::ShowPath;
use crate::text::plural;

/// The results' folder where `outputs` is the project's own.
const OTHER_OUTPUTS: &str = "sweepline-outputs";

/// Writes what the file says; never over what is there.
pub(super) fn import(
    args: &ImportArgs,
    out: &mut Printer,
    err: &mut Printer,
) -> Result<Exit, Stop> {
    let file = absolute(&args.file);
    if file.file_name().is_none_or(|name| name != "dvc.yaml") {
        let mistake = Diagnostic::error(format!("`{}` is no dvc.yaml", args.file.shown()))
            .help("`sweepline import dvc.yaml` reads the pipelines of DVC; other tools are compared in docs/coming-from");
        err.diagnostic(&mistake)?;
        return Ok(Exit::Usage);
    }
    let root = root_of(&file);
    let name = match &args.name {
        Some(name) => name.clone(),
        None => name_of(&root),
    };
    let manifest = root.join("manifests").join(format!("{name}.yaml"));
    let pipeline = root.join("pipelines").join(format!("{name}.yaml"));
    for path in [&manifest, &pipeline] {
        if path.exists() || path.is_symlink() {
            let mistake = Diagnostic::error(format!("`{}` is there already", shown(path)))
                .help("an import is written once: `--name NAME` gives it another name");
            err.diagnostic(&mistake)?;
            return Ok(Exit::Usage);
        }
    }
    let inside = file.strip_prefix(&root).unwrap_or(&file);
    let inside = inside.to_string_lossy().replace('\\', "/");
    let made = import::dvc(&root, &inside, &name, &format!("../pipelines/{name}.yaml"));
    let made = match made {
        Ok(made) => made,
        Err(found) => {
            err.diagnostics(&found)?;
            return Ok(Exit::Usage);
        }
    };
    err.diagnostics(&made.remarks)?;
    let settings = root.join(SETTINGS);
    let mut files = vec![(manifest.clone(), made.manifest), (pipeline, made.pipeline)];
    if root.join("outputs").exists() && !settings.exists() {
        files.push((settings, format!("outputs = \"{OTHER_OUTPUTS}\"\n")));
    }
    for (path, text) in files {
        if let Err(error) = write(&path, &text) {
            let mistake = Diagnostic::error(format!("cannot write `{}`: {error}", shown(&path)));
            err.diagnostic(&mistake)?;
            return Ok(Exit::Failed);
        }
        writeln!(out, "{}", shown(&path))?;
    }
    let stages = plural(made.stages, "stage");
    let remarks = made.remarks.iter().count();
    match remarks {
        0 => writeln!(err, "\n{stages}; nothing was left out")?,
        remarks => writeln!(err, "\n{stages}; {} above", plural(remarks, "remark"))?,
    }
    writeln!(err, "next: sweepline check {}", shown(&manifest))?;
    Ok(Exit::Success)
}

/// The project's folder: where the settings are, or DVC's or Git's own folder, above the file.
fn root_of(file: &Path) -> PathBuf {
    let folder = file.parent().unwrap_or(Path::new("/"));
    let marks: [&[&str]; 2] = [&[SETTINGS], &[".dvc", ".git"]];
    for names in marks {
        let holds = |folder: &&Path| names.iter().any(|name| folder.join(name).exists());
        if let Some(root) = folder.ancestors().find(holds) {
            return root.to_owned();
        }
    }
    folder.to_owned()
}

/// The name of an experiment after the project's folder.
fn name_of(root: &Path) -> String {
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let name: String = name
        .chars()
        .map(|c| if plain(c) { c } else { '-' })
        .collect();
    let name = name.trim_start_matches(['.', '-']);
    match name.is_empty() {
        true => "dvc".to_owned(),
        false => name.chars().take(60).collect(),
    }
}

/// As the user would name it from where they are.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let near = path.strip_prefix(&here).unwrap_or(path);
    near.shown().to_string()
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::File::create_new(path)?.write_all(text.as_bytes())
}
