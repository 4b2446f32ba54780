//! What the arguments of a command name that may be a file of the project.

use std::collections::BTreeSet;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use super::params::CommandParams;
use super::params::Run;
use super::script;
use crate::registry::Value;

/// Something in the arguments that may be a file of the project.
pub(super) struct Mention {
    /// By its path in the project.
    pub name: String,
    /// As it stands in the arguments, or a part of that.
    pub written: String,
    /// Without `${root}`: a program's own folder is another one, so only a file is meant.
    pub bare: bool,
}

/// What a step names, with the parameter that does.
pub(super) fn mentions(params: &CommandParams, root: &Path) -> Vec<(&'static str, Mention)> {
    let mut words: Vec<(&'static str, String)> = Vec::new();
    let mut modules: Vec<String> = Vec::new();
    match &params.run {
        Run::Text(text) => {
            words.extend(script::words(text).into_iter().map(|word| ("run", word)));
        }
        Run::Arguments(arguments) => {
            for argument in arguments.iter().filter_map(Value::as_str) {
                words.push(("run", argument.to_owned()));
                if argument.contains(char::is_whitespace) {
                    // The text of `sh -c` or `python -c`.
                    words.extend(
                        script::words(argument)
                            .into_iter()
                            .map(|word| ("run", word)),
                    );
                }
            }
        }
        Run::Other(_) => {}
    }
    for pair in words.windows(2) {
        if pair[0].1 == "-m" {
            modules.push(pair[1].1.clone());
        }
    }
    let texts = params.variables().filter_map(|(_, value)| value.as_str());
    words.extend(texts.map(|text| ("values", text.to_owned())));
    let mut folders = vec![String::new()];
    for pair in words.windows(2) {
        if pair[0].1 == "cd" || pair[0].1 == "-C" {
            let folder = below_root(&pair[1].1).unwrap_or(&pair[1].1);
            folders.push(format!("{}/", folder.trim_end_matches('/')));
        }
    }
    let mut found: Vec<(&'static str, Mention)> = Vec::new();
    for (argument, word) in &words {
        // `PYTHONPATH=${root}/src:${root}/lib`, `--config=${root}/a.json`.
        for part in word.split([':', ',', '=']) {
            if let Some(name) = below_root(part) {
                found.push((argument, mention(name, name, false)));
            } else if *argument == "run" && looks_like_a_file(part) {
                let places = folders.iter().map(|folder| format!("{folder}{part}"));
                if let Some(name) = places.into_iter().find(|name| root.join(name).is_file()) {
                    found.push((argument, mention(&name, part, true)));
                }
            }
        }
    }
    for module in modules {
        let path = module.replace('.', "/");
        let files = ["", "src/"].into_iter().flat_map(|folder| {
            [
                format!("{folder}{path}.py"),
                format!("{folder}{path}/__main__.py"),
            ]
        });
        if let Some(name) = files.into_iter().find(|name| root.join(name).is_file()) {
            found.push(("run", mention(&name, &module, true)));
        }
    }
    found
}

fn mention(name: &str, written: &str, bare: bool) -> Mention {
    let parts = Path::new(name).components();
    let plain: PathBuf = parts
        .filter(|part| !matches!(part, Component::CurDir))
        .collect();
    Mention {
        name: plain.to_string_lossy().into_owned(),
        written: written.to_owned(),
        bare,
    }
}

/// The rest of a path that begins with the project's folder.
fn below_root(word: &str) -> Option<&str> {
    let starts = ["${root}/", "$root/", "${ root }/"];
    let mut rest = starts.iter().filter_map(|start| {
        let at = word.find(start)?;
        Some(&word[at + start.len()..])
    });
    rest.next()
        .filter(|rest| !rest.is_empty() && !rest.contains(['$', '*', '?']))
}

/// Whether a bare word may name a file: a name with an ending, or a path.
fn looks_like_a_file(word: &str) -> bool {
    let name = word.strip_prefix("./").unwrap_or(word);
    name.contains(['.', '/']) && !name.starts_with(['/', '-', '.']) && !name.contains(['$', '*'])
}

/// What a step declares to leave and to be given: names of its own folder, not of the project.
pub(super) fn written(params: &CommandParams) -> BTreeSet<String> {
    let file = |value: &Value| match value {
        Value::Map(fields) => fields
            .get("file")
            .and_then(Value::as_str)
            .map(str::to_owned),
        value => value.as_str().map(str::to_owned),
    };
    let mut names = BTreeSet::new();
    names.extend(params.outputs().filter_map(|(_, value)| file(value)));
    names.extend(params.metrics.as_ref().and_then(file));
    names.extend(params.placed().filter_map(|(_, path)| file(path)));
    names.extend(params.value_files().map(|(path, _)| path.clone()));
    let plain = |name: String| {
        name.trim_start_matches("./")
            .trim_end_matches('/')
            .to_owned()
    };
    names.into_iter().map(plain).collect()
}
