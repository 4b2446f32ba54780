//! What scripts read beside what a stage declares: modules that they import, files that they name. A
//! program here finds only what is declared, so what DVC let it find has to be.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Endings of files that are programs.
const SOURCES: [&str; 14] = [
    "R", "bash", "c", "cpp", "go", "ipynb", "jl", "js", "py", "r", "rs", "scala", "sh", "sql",
];

/// Larger files are no code, and are not looked into.
const LARGE: u64 = 1 << 20;

/// So many files that scripts name are taken along.
const NAMED: usize = 50;

/// A folder with more files is no code.
const MANY: usize = 500;

/// So many files of a folder are looked at, to see whether programs are among them.
const LOOKED_AT: usize = 20_000;

/// What the code of a stage reads.
#[derive(Debug, Default)]
pub(super) struct Companions {
    /// Modules of the project.
    pub imported: BTreeSet<String>,
    /// Files of the project that are named: by which script, and the file.
    pub named: Vec<(String, String)>,
    /// Files that are named too, and are large or too many to be taken along.
    pub left: Vec<(String, String)>,
    /// All the words in its texts and after dots.
    pub words: BTreeSet<String>,
    /// The programs that were looked into, with their texts.
    pub texts: Vec<(String, String)>,
    /// A script that asks DVC itself.
    pub asks_dvc: Option<String>,
    /// Whether the R package here looks for the project's folder.
    pub here: bool,
}

/// Whether a file is a program by its name.
pub(super) fn is_source(path: &str) -> bool {
    let ending = path
        .rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('.'));
    ending.is_some_and(|(_, ending)| SOURCES.contains(&ending))
}

/// Whether a folder of the project holds programs.
pub(super) fn has_sources(folder: &Path) -> bool {
    let mut all = files_in(folder).take(LOOKED_AT);
    all.any(|path| is_source(&path.to_string_lossy()))
}

/// Whether a folder is no larger than code is: so many files, none of them large.
pub(super) fn is_small(folder: &Path) -> bool {
    let mut all = files_in(folder).take(MANY + 1).enumerate();
    all.all(|(number, path)| {
        number < MANY && !fs::metadata(path).is_ok_and(|about| about.len() > LARGE)
    })
}

/// The files in a folder and the folders in it. Links to folders are passed over: one may lead to its own.
fn files_in(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let mut folders = vec![folder.to_owned()];
    let mut files = Vec::new();
    std::iter::from_fn(move || {
        while files.is_empty() {
            let entries = fs::read_dir(folders.pop()?).into_iter().flatten().flatten();
            for entry in entries.take(LOOKED_AT) {
                let path = entry.path();
                match entry.file_type() {
                    Ok(ty) if ty.is_dir() => folders.push(path),
                    Ok(ty) if ty.is_symlink() && path.is_dir() => {}
                    _ => files.push(path),
                }
            }
        }
        files.pop()
    })
}

/// Looks into these files and what they import. `folder` is where the program runs, in the project.
pub(super) fn companions(root: &Path, folder: &str, files: &[String]) -> Companions {
    let mut found = Companions::default();
    let mut pending: Vec<String> = files.to_vec();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    while let Some(file) = pending.pop() {
        if !seen.insert(file.clone()) {
            continue;
        }
        let path = root.join(&file);
        if path.is_dir() {
            let inside = files_in(&path).take(LOOKED_AT);
            let inside = inside.filter_map(|inner| {
                let inner = inner
                    .strip_prefix(&path)
                    .ok()?
                    .to_string_lossy()
                    .into_owned();
                let (folders, _) = inner.rsplit_once('/').unwrap_or_default();
                let is_hidden = folders.split('/').any(|name| name.starts_with(['.', '_']));
                (is_source(&inner) && !is_hidden).then(|| format!("{file}/{inner}"))
            });
            pending.extend(inside);
            continue;
        }
        let small = fs::metadata(&path).is_ok_and(|about| about.len() <= LARGE);
        if !small || !is_source(&file) {
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        if file.ends_with(".py") {
            for module in imports(&text, &file) {
                for place in places(&module, &file, folder) {
                    if root.join(&place).is_file() {
                        found.imported.insert(place.clone());
                        pending.push(place);
                    }
                }
            }
        }
        look(&text, &file, root, folder, &mut found);
        found.texts.push((file, text));
    }
    found
}

/// The modules that a text of Python imports: `a.b`; those of its own package with dots before.
fn imports(text: &str, file: &str) -> Vec<String> {
    let mut modules = Vec::new();
    // Long lists of names stand in parentheses, on lines of their own.
    let text = text.replace("\\\n", " ").replace(';', "\n");
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("import ") {
            let names = rest.split(',').map(|name| name.split_whitespace().next());
            modules.extend(names.flatten().map(str::to_owned));
        } else if let Some(rest) = line.strip_prefix("from ") {
            let Some((module, names)) = rest.split_once(" import") else {
                continue;
            };
            let module = module.trim();
            let mut names = names.to_owned();
            if names.contains('(') && !names.contains(')') {
                for line in lines.by_ref() {
                    names.push_str(line.split('#').next().unwrap_or_default());
                    names.push(',');
                    if line.contains(')') {
                        break;
                    }
                }
            }
            modules.push(module.to_owned());
            let dot = if module.ends_with('.') { "" } else { "." };
            let names = names.split([',', '(', ')']);
            let names = names.filter_map(|name| name.split_whitespace().next());
            modules.extend(names.map(|name| format!("{module}{dot}{name}")));
        }
    }
    let package = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let relative = |module: String| {
        let up = module.len() - module.trim_start_matches('.').len();
        if up == 0 {
            return Some(module);
        }
        let mut folders: Vec<&str> = package.split('/').filter(|part| !part.is_empty()).collect();
        let kept = folders.len().checked_sub(up - 1)?;
        folders.truncate(kept);
        let rest = module[up..].split('.').filter(|part| !part.is_empty());
        folders.extend(rest);
        // From the project's folder.
        Some(format!("/{}", folders.join("/")))
    };
    modules.into_iter().filter_map(relative).collect()
}

/// The files that a module may be, from the project's folder.
fn places(module: &str, file: &str, folder: &str) -> Vec<String> {
    let beside = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let bases: Vec<&str> = match module.starts_with('/') {
        true => vec![""],
        false => vec![beside, folder, "", "src"],
    };
    let path = module.trim_start_matches('/').replace('.', "/");
    let mut places = BTreeSet::new();
    for base in bases {
        let start = match base {
            "" => String::new(),
            base => format!("{base}/"),
        };
        places.insert(format!("{start}{path}.py"));
        // A module with all the packages that it is in.
        let mut package = path.as_str();
        loop {
            places.insert(format!("{start}{package}/__init__.py"));
            match package.rsplit_once('/') {
                Some((above, _)) => package = above,
                None => break,
            }
        }
    }
    places.into_iter().collect()
}

/// The texts in a program.
fn look(text: &str, file: &str, root: &Path, folder: &str, found: &mut Companions) {
    let asks = ["dvc.api", "params_show(", "dvclive"];
    if found.asks_dvc.is_none() && asks.iter().any(|name| text.contains(name)) {
        found.asks_dvc = Some(file.to_owned());
    }
    found.here |= !file.ends_with(".py") && text.contains("here(");
    for line in text.lines() {
        for (at, _) in line.match_indices('.') {
            let word = line[at + 1..].split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            found.words.extend(word.take(1).map(str::to_owned));
        }
        if file.ends_with("sh") {
            for word in line.split_whitespace() {
                names_file(
                    word.trim_matches(['"', '\'', ';']),
                    file,
                    root,
                    folder,
                    found,
                );
            }
        }
        for quote in ['"', '\'', '`'] {
            for inside in line.split(quote).skip(1).step_by(2) {
                found.words.insert(inside.to_owned());
                names_file(inside, file, root, folder, found);
            }
        }
    }
}

fn names_file(text: &str, by: &str, root: &Path, folder: &str, found: &mut Companions) {
    let plain = |c: char| c.is_alphanumeric() || "./_-".contains(c);
    let looks = text.contains('.') && text.len() < 200 && text.chars().all(plain);
    if !looks || text.starts_with('/') {
        return;
    }
    for base in [folder, ""] {
        let Some(path) = super::paths::join(base, text) else {
            continue;
        };
        let Some(about) = fs::metadata(root.join(&path))
            .ok()
            .filter(|about| about.is_file())
        else {
            continue;
        };
        let named = (by.to_owned(), path);
        let all = [&found.named, &found.left];
        let is_known = |known: &(String, String)| known.1 == named.1;
        if !all.into_iter().flatten().any(is_known) {
            match about.len() <= LARGE && found.named.len() < NAMED {
                true => found.named.push(named),
                false => found.left.push(named),
            }
        }
        return;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_and_files_of_the_project_are_found() {
        let space = tempfile::tempdir().expect("a temporary folder");
        let write = |file: &str, text: &str| {
            let path = space.path().join(file);
            fs::create_dir_all(path.parent().expect("it is in a folder")).expect("made");
            fs::write(path, text).expect("written");
        };
        write(
            "src/train.py",
            "import os, helpers\nfrom pkg.sub import (\n    a,  # one\n    other as b,\n)\nfrom src import config\n\
             open('conf/log.yaml'); p = params[\"model\"].depth\nimport dvc.api\n",
        );
        write("src/helpers.py", "from . import near\n");
        write("src/near.py", "");
        write("pkg/__init__.py", "");
        write(
            "pkg/sub/__init__.py",
            "from .deep import x\nfrom ..up import y\n",
        );
        write("pkg/sub/deep.py", "");
        write("pkg/sub/other.py", "");
        write("pkg/up.py", "");
        write("src/config.py", "");
        write("conf/log.yaml", "a: 1\n");
        let found = companions(space.path(), "", &["src/train.py".to_owned()]);
        let imported: Vec<&str> = found.imported.iter().map(String::as_str).collect();
        assert_eq!(
            imported,
            [
                "pkg/__init__.py",
                "pkg/sub/__init__.py",
                "pkg/sub/deep.py",
                "pkg/sub/other.py",
                "pkg/up.py",
                "src/config.py",
                "src/helpers.py",
                "src/near.py",
            ]
        );
        assert_eq!(
            found.named,
            [("src/train.py".to_owned(), "conf/log.yaml".to_owned())]
        );
        assert!(found.words.contains("model") && found.words.contains("depth"));
        assert_eq!(found.asks_dvc.as_deref(), Some("src/train.py"));
    }
}
