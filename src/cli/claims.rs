//! Claims: judged after a run and by `sweepline claims`, written beside the results.

use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;

use super::args::ClaimsArgs;
use super::args::ClaimsFormat;
use super::exit::Exit;
use super::kept::keep;
use super::previous_run::PreviousRun;
use super::printer::Printer;
use super::project::Project;
use super::replicates;
use super::replicates::More;
use super::stop::Stop;
use super::written::make_folder;
use super::written::replace_file;
use crate::claims;
use crate::claims::ClaimsDocument;
use crate::claims::Judgement;
use crate::claims::Verdict;
use crate::claims::WrittenFiles;
use crate::stages;
use crate::stages::Results;

/// What is written, and removed once a manifest claims nothing any more.
const FILES: [&str; 5] = [
    JSON,
    "claims.csv",
    "claims.md",
    "claims.tex",
    "claims.values.tex",
];

/// The one that says what the others were.
const JSON: &str = "claims.json";

/// Shows the claims of an experiment over the results that are there. Runs and writes nothing.
pub(super) fn claims(
    args: &ClaimsArgs,
    out: &mut Printer,
    err: &mut Printer,
) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    if project.plan.experiment.claims.is_empty() {
        writeln!(err, "`{}` claims nothing", project.title())?;
        return Ok(Exit::Success);
    }
    let previous = PreviousRun::of(&project)?;
    let results = previous.results(&project);
    let judged = judged(&project.view, &results).0;
    let judgements = &judged.claims;
    match args.format {
        ClaimsFormat::Text => {
            for line in claims::to_lines(judgements) {
                writeln!(out, "{line}")?;
            }
        }
        ClaimsFormat::Csv => write!(out, "{}", claims::to_table(judgements).to_csv())?,
        ClaimsFormat::Json => write!(out, "{}", judged.to_json())?,
        ClaimsFormat::Md => write!(out, "{}", claims::to_markdown(judgements))?,
    }
    Ok(exit(judgements, args.require_claims))
}

/// Judges the claims after a run, writes them beside the results, and says what came of them.
pub(super) fn after_run(
    project: &Project,
    results: &Results<'_>,
    required: bool,
    err: &mut Printer,
) -> Result<(Exit, Option<More>), Stop> {
    if project.plan.experiment.claims.is_empty() {
        // The JSON last: it tells which of the others are ours.
        for file in FILES.iter().rev() {
            if is_written(&project.view, file) {
                remove(&project.view.join(file))?;
            }
        }
        if required {
            writeln!(err, "`--require-claims`: the manifest claims nothing")?;
        }
        return Ok((Exit::Success, None));
    }
    let (judged, new) = judged(&project.view, results);
    if new {
        write_files(&project.view, &judged, err)?;
    }
    for line in claims::to_lines(&judged.claims) {
        writeln!(err, "{line}")?;
    }
    let next = replicates::next(&project.plan.experiment, &judged.claims);
    Ok((exit(&judged.claims, required), next))
}

/// How the program ends, for claims alone.
fn exit(judgements: &[Judgement], required: bool) -> Exit {
    let all = judgements.iter().all(|j| j.verdict == Verdict::Holds);
    match required && !all {
        true => Exit::Claims,
        false => Exit::Success,
    }
}

/// The judgements, and whether they are new. Where nothing that they depend on has changed they are
/// those of the last run: reading the numbers of ten thousand cells takes longer than all the rest
/// of a run that does nothing.
pub(super) fn judged(view: &Path, results: &Results<'_>) -> (ClaimsDocument, bool) {
    let of = stages::claims_digest(results).to_hex();
    let known = FILES.iter().all(|file| is_written(view, file));
    let known = known.then(|| fs::read_to_string(view.join(JSON)).ok());
    let known = known.flatten();
    let known = known.and_then(|text| ClaimsDocument::from_json(&text));
    match known.filter(|known| known.of == of) {
        Some(known) => (known, false),
        None => (ClaimsDocument::new(of, stages::judge_claims(results)), true),
    }
}

/// Whether a file is one of ours, and as we wrote it.
fn is_written(view: &Path, file: &str) -> bool {
    let Ok(json) = fs::read_to_string(view.join(JSON)) else {
        return false;
    };
    WrittenFiles::of(&json).is_some_and(|written| {
        file == JSON
            || fs::read_to_string(view.join(file)).is_ok_and(|text| written.has(file, &text))
    })
}

fn write_files(view: &Path, judged: &ClaimsDocument, err: &mut Printer) -> Result<(), Stop> {
    make_folder(view)?;
    let judgements = &judged.claims;
    let [json, others @ ..] = FILES;
    let texts = [
        claims::to_table(judgements).to_csv(),
        claims::to_markdown(judgements),
        claims::to_latex(judgements),
        claims::to_values(judgements),
    ];
    let mut judged = judged.clone();
    for (file, text) in others.iter().zip(&texts) {
        judged = judged.with_file(file, text);
    }
    // The JSON last: it tells which of the others are ours.
    let texts = others.into_iter().zip(texts);
    for (file, text) in texts.chain([(json, judged.to_json())]) {
        clear(view, file, &text, err)?;
        replace_file(&view.join(file), text)?;
    }
    Ok(())
}

/// Makes room for what is written next: what we did not write is kept under another name.
fn clear(view: &Path, file: &str, next: &str, err: &mut Printer) -> Result<(), Stop> {
    let path = view.join(file);
    let same = || fs::read(&path).is_ok_and(|bytes| bytes == next.as_bytes());
    if fs::symlink_metadata(&path).is_err() || is_written(view, file) || same() {
        return Ok(());
    }
    keep(&path, err)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
