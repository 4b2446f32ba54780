//! `values.tex`: every number of the tables and claims of an experiment in one file, for `\input`.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::kept::keep;
use super::printer::Printer;
use super::stop::Stop;
use super::written::named;
use super::written::replace_file;
use crate::engine::file_name;
use crate::plan::Plan;
use crate::plan::StepId;
use crate::stages::Results;
use crate::store::Digest;
use crate::table::ValuesFile;
use crate::text::Diagnostic;

const FILE: &str = "values.tex";
/// How the files end that it is made of.
const PART: &str = ".values.tex";

/// Stands above the numbers, before the digest of what follows.
const MARK: &str = "% All numbers of the tables and claims beside this file, by name. ";

/// Writes the file anew from those that lie beside it; removes it where there are none. One that is not
/// as it was written is kept under another name, and the run says so. What steps that have no result now left before
/// gives no number.
///
/// # Errors
/// A file that cannot be read or written.
pub(super) fn after_run(view: &Path, results: &Results<'_>, err: &mut Printer) -> Result<(), Stop> {
    let mut parts = Vec::new();
    collect(&view.join("tables"), &mut parts)?;
    collect(view, &mut parts)?;
    let path = view.join(FILE);
    let tables = tables(results.plan);
    let text = |part: &PathBuf| -> io::Result<String> {
        let text = fs::read_to_string(part).map_err(|error| named(part, error))?;
        Ok(match table(part, &tables) {
            Some((stage, id)) => of_stage(&text, stage, results.result(*id).is_some()),
            None => text,
        })
    };
    let texts: Vec<String> = parts.iter().map(text).collect::<io::Result<_>>()?;
    let (mut numbers, shared) = combined(&texts);
    if numbers
        .lines()
        .filter_map(defined)
        .any(|name| name.contains('_'))
    {
        numbers = ValuesFile::with_low_lines(&numbers);
    }
    let text = format!(
        "{MARK}{}\n{numbers}",
        Digest::of(numbers.as_bytes()).to_hex()
    );
    let there = fs::symlink_metadata(&path).is_ok();
    if !parts.is_empty() && fs::read_to_string(&path).is_ok_and(|known| known == text) {
        return Ok(());
    }
    if there && !is_written(&path) {
        keep(&path, err)?;
    } else if there && parts.is_empty() {
        fs::remove_file(&path).map_err(|error| named(&path, error))?;
    }
    if !parts.is_empty() {
        replace_file(&path, text)?;
    }
    if let Some(first) = shared.first() {
        let title = match shared.len() {
            1 => format!("several tables have a number `{first}`"),
            all => format!("several tables have a number `{first}`, and so for {all} names"),
        };
        let help =
            format!("`{FILE}` gives none of them: `\\input` the file of the table that is meant");
        err.diagnostic(&Diagnostic::warning(title).help(help))?;
    }
    Ok(())
}

/// The stages of tables and their steps, by the names of the steps' files.
fn tables(plan: &Plan) -> HashMap<String, (&str, StepId)> {
    let tables = plan
        .steps
        .iter()
        .filter(|step| step.kind.name().starts_with("table/"));
    tables
        .map(|step| (file_name(&step.to_string()), (&*step.stage, step.id)))
        .collect()
}

/// What left a part. The name of a step may have dots.
fn table<'t, T>(part: &Path, tables: &'t HashMap<String, T>) -> Option<&'t T> {
    let folder = part.parent()?.file_name()?;
    let name = part.file_name()?.to_str()?;
    let mut dots = name.rmatch_indices('.').filter(|_| folder == "tables");
    dots.find_map(|(dot, _)| tables.get(&name[..dot]))
}

/// A part with the names of this stage: its numbers may have been made while the stage had another name. Those that are
/// not of `today` stop LaTeX.
fn of_stage(text: &str, stage: &str, today: bool) -> String {
    let stage = ValuesFile::new("").name([stage.to_owned()]);
    let line = |line: &str| match defined(line).and_then(|name| name.split_once('/')) {
        Some((_, rest)) if !today => {
            format!(
                "{DEFINE}{stage}/{rest}{END}{{\\errmessage{{sweepline's number `{stage}/{rest}' is of an earlier run}}}}\n"
            )
        }
        Some((made, _)) => {
            let rest = &line[DEFINE.len() + made.len()..];
            format!("{DEFINE}{stage}{rest}\n")
        }
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// What parts define, one after another, and the names that several of them define: LaTeX would take the
/// last, and so such a name gives no number.
fn combined(parts: &[String]) -> (String, Vec<&str>) {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut shared: BTreeSet<&str> = BTreeSet::new();
    for (at, part) in parts.iter().enumerate() {
        for name in part.lines().filter_map(defined) {
            if *seen.entry(name).or_insert(at) != at {
                shared.insert(name);
            }
        }
    }
    let mut text = String::new();
    let lines = parts.iter().flat_map(|part| part.lines());
    for line in lines.filter(|line| !ValuesFile::is_around(line)) {
        match defined(line).filter(|name| shared.contains(name)) {
            None => text.push_str(line),
            Some(name) => {
                text.push_str(&format!(
                    "{DEFINE}{name}{END}{{\\errmessage{{sweepline has several numbers `{name}'}}}}"
                ));
            }
        }
        text.push('\n');
    }
    let whole = shared.into_iter().filter(|name| !is_part(name));
    (text, whole.collect())
}

/// Whether a name is of a part of a number: its number has one without.
fn is_part(name: &str) -> bool {
    let parts = ["/mean", "/median", "/half", "/low", "/high", "/n"];
    parts.iter().any(|part| name.ends_with(part))
}

const DEFINE: &str = "\\expandafter\\def\\csname sweepline/";
const END: &str = "\\endcsname";

/// The name that a line defines.
fn defined(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix(DEFINE)?.split_once(END)?;
    Some(name)
}

/// Whether the file is as a run wrote it, this one or one before there was a digest.
fn is_written(path: &Path) -> bool {
    let Ok(text) = fs::read_to_string(path) else {
        return false;
    };
    let Some((first, numbers)) = text.split_once('\n') else {
        return false;
    };
    match first.strip_prefix(MARK) {
        Some(digest) => digest == Digest::of(numbers.as_bytes()).to_hex(),
        None => first == MARK.trim_end(),
    }
}

/// The parts in a folder, by name.
fn collect(folder: &Path, parts: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut paths = entries(folder)?;
    paths.retain(|path| path.to_string_lossy().ends_with(PART) && path.is_file());
    parts.extend(paths);
    Ok(())
}

/// What is in a folder, by name; nothing where there is none.
pub(super) fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(named(folder, error)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths.collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_stage_of_today() {
        let text = format!("% a note\n{DEFINE}summary/a/v/n{END}{{2}}\n");
        let renamed = of_stage(&text, "results", true);
        assert_eq!(renamed, text.replace("summary/", "results/"));
        let earlier = of_stage(&text, "results", false);
        assert!(
            earlier.contains("results/a/v/n' is of an earlier run"),
            "{earlier}"
        );
        assert!(!earlier.contains("{2}"), "{earlier}");
        let stages = HashMap::from([("a".to_owned(), "a"), ("a.b".to_owned(), "a.b")]);
        let stage = |path: &str| table(Path::new(path), &stages).copied();
        assert_eq!(stage("tables/a.values.tex"), Some("a"));
        assert_eq!(stage("tables/a.b.values.tex"), Some("a.b"));
        assert_eq!(stage("tables/c.values.tex"), None);
        assert_eq!(stage("a.values.tex"), None);
    }

    #[test]
    fn a_name_of_several_tables_gives_no_number() {
        let line = |name: &str, tex: &str| format!("{DEFINE}{name}{END}{{{tex}}}\n");
        let first = format!(
            "% a note\n{}{}",
            line("t/a-b/v", "1"),
            line("t/a-b/v/n", "2")
        );
        let second = format!("{}{}", line("t/a-b/v", "3"), line("u", "4"));
        let parts = [first.clone(), second, line("w", "5")];
        let (text, shared) = combined(&parts);
        assert_eq!(shared, ["t/a-b/v"]);
        assert!(!text.contains("{1}") && !text.contains("{3}"), "{text}");
        assert!(
            text.contains("{2}") && text.contains("{4}") && text.contains("{5}"),
            "{text}"
        );
        assert_eq!(text.matches("several numbers `t/a-b/v'").count(), 2);
        let (text, shared) = combined(std::slice::from_ref(&first));
        assert!(shared.is_empty());
        assert_eq!(text, first);
    }
}
