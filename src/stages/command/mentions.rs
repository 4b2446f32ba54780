//! What the arguments of a command name that may be a file of the project.

use std::collections::BTreeMap;
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
    /// As a path from where the program runs, which nothing leaves for another folder or writes there.
    pub here: bool,
}

/// What a step names, with the parameter that does.
pub(super) fn mentions(params: &CommandParams, root: &Path) -> Vec<(&'static str, Mention)> {
    let mut words: Vec<(&'static str, String)> = Vec::new();
    let mut modules: Vec<String> = Vec::new();
    match &params.run {
        Run::Text(text) => {
            let words_of_text = followed(script::words(text), params);
            words.extend(words_of_text.into_iter().map(|word| ("run", word)));
        }
        Run::Arguments(arguments) => {
            for argument in arguments.iter().filter_map(Value::as_str) {
                words.push(("run", argument.to_owned()));
                if argument.contains(char::is_whitespace) {
                    // The text of `sh -c` or `python -c`.
                    let inner = followed(script::words(argument), params);
                    words.extend(inner.into_iter().map(|word| ("run", word)));
                }
            }
        }
        Run::Other(_) => {}
    }
    let python = words.iter().any(|(_, word)| word.contains("python"));
    for pair in words.windows(2) {
        // `python -m a`, `python -c "import a"`.
        if pair[0].1 == "-m" || (python && matches!(&*pair[0].1, "import" | "from")) {
            modules.push(pair[1].1.trim_end_matches(',').to_owned());
        }
    }
    let texts = params.variables().filter_map(|(_, value)| value.as_str());
    words.extend(texts.map(|text| ("values", text.to_owned())));
    let mut folders = vec![String::new()];
    let mut entered = Vec::new();
    for pair in words.windows(2) {
        if matches!(&*pair[0].1, "cd" | "pushd" | "-C") {
            let word = pair[1].1.trim_end_matches('/');
            let folder = match ROOTS.contains(&word) {
                true => String::new(),
                false => format!("{}/", below_root(word).unwrap_or(word)),
            };
            entered.push(folder.clone());
            folders.push(folder);
        }
    }
    let mut found: Vec<(&'static str, Mention)> = Vec::new();
    let is_run = |named: &[&str]| {
        let mut run = words.iter().filter(|(argument, _)| *argument == "run");
        run.any(|(_, word)| named.contains(&&**word))
    };
    // Read without being named, but not where the program runs: nothing is there.
    if is_run(&["make", "gmake"]) && !is_run(&["-f", "--file", "--makefile"]) {
        let names = ["GNUmakefile", "makefile", "Makefile"];
        let mut files = entered
            .iter()
            .flat_map(|folder| names.map(|name| format!("{folder}{name}")));
        if let Some(name) = files.find(|name| root.join(name).is_file()) {
            found.push(("run", mention(&name, "make", true)));
        }
    }
    for (argument, word) in &words {
        // `PYTHONPATH=${root}/src:${root}/lib`, `--config=${root}/a.json`.
        for part in word.split([':', ',', '=']) {
            if let Some(name) = below_root(part) {
                found.push((argument, mention(name, name, false)));
            } else if *argument == "run" && looks_like_a_file(part) {
                let places = folders.iter().map(|folder| format!("{folder}{part}"));
                if let Some(name) = places.into_iter().find(|name| root.join(name).is_file()) {
                    let here = entered.is_empty() && !is_written(&params.run, part);
                    let mention = mention(&name, part, true);
                    found.push((argument, Mention { here, ..mention }));
                }
            }
        }
    }
    let paths = words
        .iter()
        .filter_map(|(_, word)| word.strip_prefix("PYTHONPATH="));
    let paths = paths
        .flat_map(|paths| paths.split(':'))
        .filter_map(below_root);
    folders.extend(paths.map(|path| format!("{}/", path.trim_end_matches('/'))));
    folders.push("src/".to_owned());
    for module in modules {
        let path = module.replace('.', "/");
        let files = folders.iter().flat_map(|folder| {
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

/// The same words with what variables hold that the text itself has given a value, or `values` has. That of one that
/// is used counts where it is used.
fn followed(words: Vec<String>, params: &CommandParams) -> Vec<String> {
    let given = params.variables().filter_map(|(name, value)| {
        // Other texts may be anything.
        let value = value.as_str().filter(|value| below_root(value).is_some())?;
        Some((name.clone(), (value.to_owned(), None)))
    });
    let mut known: BTreeMap<String, (String, Option<usize>)> = given.collect();
    let mut used = BTreeSet::new();
    let mut all = Vec::new();
    for word in words {
        let filled = filled(&word, &known, &mut used);
        let is_followed = filled.is_some();
        let word = filled.unwrap_or(word);
        match assigned(&word) {
            Some((name, value)) if is_followed => {
                known.insert(name.to_owned(), (value.to_owned(), Some(all.len())));
            }
            Some((name, _)) => _ = known.remove(name),
            None => {}
        }
        all.push(word);
    }
    let all = all.into_iter().enumerate();
    all.filter(|(at, _)| !used.contains(at))
        .map(|(_, word)| word)
        .collect()
}

/// The name and the value of `name=value`; none where the value is what a command prints, or the project's folder
/// is given another meaning.
fn assigned(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let named = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (named && begins && name != "root" && !value.ends_with('$')).then_some((name, value))
}

/// Above it a word is left as it stands: a text that doubles a variable line by line would never end.
const LONGEST: usize = 4096;

/// A word with the values of the variables in it that are known, whose places are noted; none where it becomes
/// too long.
fn filled(
    word: &str,
    known: &BTreeMap<String, (String, Option<usize>)>,
    used: &mut BTreeSet<usize>,
) -> Option<String> {
    let mut text = String::new();
    let mut places: Vec<usize> = Vec::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        let braced = after.strip_prefix('{');
        let (name, end) = match braced.and_then(|inner| inner.split_once('}')) {
            Some((name, end)) => (name.trim(), end),
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                after.split_at(end.unwrap_or(after.len()))
            }
        };
        rest = match known.get(name) {
            Some((value, place)) => {
                text.push_str(value);
                if text.len() > LONGEST {
                    return None;
                }
                places.extend(place);
                end
            }
            None => {
                text.push('$');
                after
            }
        };
    }
    text.push_str(rest);
    if text.len() > LONGEST {
        return None;
    }
    used.extend(places);
    Some(text)
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
        here: false,
    }
}

/// Whether a text sends what it prints to a file of this name.
fn is_written(run: &Run, name: &str) -> bool {
    let Run::Text(text) = run else {
        return false;
    };
    let sent = text.split('>').skip(1);
    let mut targets = sent.map(|rest| rest.trim_start_matches([' ', '"', '\'', '|']));
    targets.any(|target| target.starts_with(name))
}

/// The project's folder as a command names it.
const ROOTS: [&str; 3] = ["${root}", "$root", "${ root }"];

/// The rest of a path that begins with the project's folder.
fn below_root(word: &str) -> Option<&str> {
    let mut rest = ROOTS.iter().filter_map(|start| {
        let at = word.find(&format!("{start}/"))?;
        Some(&word[at + start.len() + 1..])
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Values;

    #[test]
    fn variables_that_grow_are_let_go() {
        let values: Values = serde_yaml::from_str("run: a").expect("the test writes YAML");
        let params = CommandParams::read(&values).expect("a command");
        let words = |first: &str, next: &str, count| {
            let mut words = vec![first.to_owned()];
            words.resize(count, next.to_owned());
            words.push("${root}/a.py".to_owned());
            followed(words, &params)
        };
        for all in [
            words("X=aaaaaaaa", "X=$X$X", 35),
            words("P=${root}/src", "P=$P:/opt/i", 2000),
        ] {
            assert!(all.iter().all(|word| word.len() <= LONGEST));
            assert_eq!(all.last().map(String::as_str), Some("${root}/a.py"));
        }
        let all = words("P=${root}/src", "P=$P:/opt/i", 2000);
        assert!(
            all.iter()
                .any(|word| word.starts_with("P=${root}/src:/opt/i:"))
        );
        assert_eq!(
            words("P=${root}/src", "P=$P:/opt", 2)[0],
            "P=${root}/src:/opt"
        );
    }
}
