//! Which files of a project belong to the code of a command: those that its patterns match, less
//! what `!` takes away and what nobody means by a pattern.
//!
//! What is written while a program runs must not count as its code, or no result would ever be up to
//! date: byte code, caches, what editors leave beside a file, and our own outputs are left out
//! unless a pattern names them. Of what else appears nobody knows who wrote it.

use std::collections::BTreeSet;
use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::registry::ParamType;
use crate::registry::Value;
use crate::store::names;

/// Folders that a wildcard does not enter.
const FOLDERS: [&str; 19] = [
    "__pycache__",
    ".git",
    ".hg",
    ".svn",
    ".jj",
    ".bzr",
    ".ipynb_checkpoints",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".hypothesis",
    ".tox",
    ".nox",
    ".cache",
    ".idea",
    ".vscode",
    ".vs",
    ".Rproj.user",
    ".eggs",
];

/// Files that mark the folder they lie in as no code: a cache, an environment of Python, a store.
const MARKERS: [&str; 3] = ["CACHEDIR.TAG", "pyvenv.cfg", "store.sqlite"];

/// Files that a wildcard does not match.
const FILES: [&str; 7] = [
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
    ".Rhistory",
    ".RData",
    ".python_history",
    "nohup.out",
];

/// The same by ending: byte code and what editors leave.
const ENDINGS: [&str; 8] = [
    ".pyc",
    ".pyo",
    ".class",
    "~",
    ".swp",
    ".swo",
    ".swx",
    ".kate-swp",
];

/// A project's folder, less the folders that runs write to.
pub struct Tree {
    root: PathBuf,
    /// As they are, without links.
    left_out: BTreeSet<PathBuf>,
}

/// What a list of patterns matches.
#[derive(Debug, Default)]
pub struct PatternMatches {
    /// By name in the project: in the order of the patterns, each sorted.
    pub files: Vec<(String, PathBuf)>,
    /// Every folder that was looked into.
    pub folders: BTreeSet<PathBuf>,
    /// The patterns without a file, by number.
    pub idle: Vec<UnmatchedPattern>,
}

/// A pattern without a file.
#[derive(Debug, PartialEq, Eq)]
pub struct UnmatchedPattern {
    pub pattern: usize,
    /// Whether it matched some that others took away.
    pub taken: bool,
}

/// One component of a pattern.
enum Part {
    Literal(String),
    Glob(glob::Pattern),
    /// `**`: any number of folders.
    Folders,
}

/// A pattern, checked.
struct Pattern {
    /// `!…`: takes away.
    away: bool,
    parts: Vec<Part>,
}

impl Tree {
    /// `left_out` are folders or files that runs write to; they may not exist yet.
    pub fn new(root: &Path, left_out: &[PathBuf]) -> Self {
        let root = real(root);
        let mut left_out: BTreeSet<PathBuf> = left_out.iter().map(|path| real(path)).collect();
        left_out.insert(root.join("outputs"));
        // What has the project in it cannot be left out of it.
        left_out.retain(|path| !root.starts_with(path));
        Tree { root, left_out }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The files that patterns match, one after another: a later `!` takes away from those before.
    ///
    /// # Errors
    /// The number of the pattern that is none, or the path of what cannot be read.
    pub fn matching(&self, patterns: &[&str]) -> Result<PatternMatches, PatternError> {
        let parsed = patterns.iter().enumerate().map(|(number, text)| {
            Pattern::read(text).map_err(|message| PatternError::Pattern { number, message })
        });
        let parsed: Vec<Pattern> = parsed.collect::<Result<_, _>>()?;
        let mut folders = BTreeSet::new();
        let mut by_pattern: Vec<BTreeSet<PathBuf>> = Vec::new();
        let mut found_some = Vec::new();
        for pattern in &parsed {
            let mut found = BTreeSet::new();
            if pattern.away {
                let taken = |file: &PathBuf| pattern.takes(file.strip_prefix(&self.root).ok());
                by_pattern
                    .iter_mut()
                    .for_each(|files| files.retain(|file| !taken(file)));
            } else {
                let mut walk = Walk {
                    tree: self,
                    named: pattern.is_literal(),
                    found: &mut found,
                    folders: &mut folders,
                    pending: Vec::new(),
                    seen: HashSet::new(),
                };
                walk.run(&self.root, &pattern.parts)?;
            }
            found_some.push(!found.is_empty());
            by_pattern.push(found);
        }
        let mut matched = PatternMatches {
            folders,
            ..PatternMatches::default()
        };
        for (number, (pattern, files)) in parsed.iter().zip(by_pattern).enumerate() {
            if files.is_empty() && !pattern.away {
                matched.idle.push(UnmatchedPattern {
                    pattern: number,
                    taken: found_some[number],
                });
            }
            let named = files.into_iter().map(|path| {
                let name = path.strip_prefix(&self.root).unwrap_or(&path);
                (names::text_of(name.as_os_str()), path)
            });
            matched.files.extend(named);
        }
        Ok(matched)
    }

    /// Whether a folder or file is one that runs write to.
    fn leaves_out(&self, path: &Path) -> bool {
        self.left_out.contains(path)
    }
}

/// Why patterns match nothing at all.
#[derive(Debug)]
pub enum PatternError {
    Pattern { number: usize, message: String },
    Reading { path: PathBuf, error: io::Error },
}

impl Pattern {
    fn read(text: &str) -> Result<Self, String> {
        let (away, inside) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        ParamType::Path
            .conform(Value::from(inside))
            .map_err(|wrong| wrong.message)?;
        let mut parts = Vec::new();
        for part in inside.split('/').filter(|part| !matches!(*part, "" | ".")) {
            match part {
                "**" if matches!(parts.last(), Some(Part::Folders)) => {}
                "**" => parts.push(Part::Folders),
                _ if part.contains(['*', '?', '[']) => {
                    let pattern = glob::Pattern::new(part).map_err(|error| error.msg)?;
                    parts.push(Part::Glob(pattern));
                }
                _ => parts.push(Part::Literal(part.to_owned())),
            }
        }
        if parts.is_empty() {
            return Err("names no file".to_owned());
        }
        Ok(Pattern { away, parts })
    }

    fn is_literal(&self) -> bool {
        let mut parts = self.parts.iter();
        parts.all(|part| matches!(part, Part::Literal(_)))
    }

    /// Whether a file, by its path in the project, or a folder that it is in matches.
    fn takes(&self, file: Option<&Path>) -> bool {
        let names = file.into_iter().flat_map(Path::components);
        let names: Vec<_> = names
            .map(|name| name.as_os_str().to_string_lossy())
            .collect();
        let names: Vec<&str> = names.iter().map(|name| &**name).collect();
        !names.is_empty() && takes(&self.parts, &names)
    }
}

/// Whether names one below the other match, or some of them from the first: a folder is all that is in it.
/// All places in the pattern that a name may lead to are followed at once, however many `**` there are.
fn takes(parts: &[Part], names: &[&str]) -> bool {
    let mut at = vec![false; parts.len() + 1];
    at[0] = true;
    for name in names {
        let mut next = vec![false; parts.len() + 1];
        for (i, part) in parts.iter().enumerate() {
            if !at[i] {
                continue;
            }
            if matches!(part, Part::Folders) {
                at[i + 1] = true;
                next[i] = true;
            }
            next[i + 1] |= part.is(name);
        }
        if at[parts.len()] {
            return true;
        }
        at = next;
    }
    at[parts.len()]
}

impl Part {
    fn is(&self, name: &str) -> bool {
        match self {
            Part::Literal(literal) => literal == name,
            Part::Glob(pattern) => pattern.matches(name),
            Part::Folders => true,
        }
    }
}

/// Looks for the files of one pattern.
struct Walk<'w> {
    tree: &'w Tree,
    /// The pattern has no wildcard: whatever it names is meant.
    named: bool,
    found: &'w mut BTreeSet<PathBuf>,
    folders: &'w mut BTreeSet<PathBuf>,
    /// Folders to go through, each with what is left of the pattern. Not by recursion: a folder may lie any
    /// number of levels deep.
    pending: Vec<(PathBuf, &'w [Part])>,
    /// Folders with how much of the pattern was left there, and whether that was all below: with several
    /// `**` there are many ways to one place.
    seen: HashSet<(PathBuf, usize, bool)>,
}

impl<'w> Walk<'w> {
    fn run(&mut self, root: &Path, parts: &'w [Part]) -> Result<(), PatternError> {
        self.go(root, parts)?;
        while let Some((folder, parts)) = self.pending.pop() {
            self.go(&folder, parts)?;
        }
        Ok(())
    }

    fn go(&mut self, folder: &Path, parts: &'w [Part]) -> Result<(), PatternError> {
        if let [Part::Literal(name), rest @ ..] = parts {
            let path = folder.join(name);
            match rest {
                // A folder that is named is all that is in it.
                [] if path.is_dir() => {
                    self.named = false;
                    self.below(&path, &[Part::Folders]);
                }
                [] if path.is_file() => self.add(path, name),
                [] => {}
                rest if path.is_dir() => self.below(&path, rest),
                _ => {}
            }
            // That there is no such name is known by the folder.
            self.folders.insert(folder.to_owned());
            return Ok(());
        }
        let entries = self.entries(folder)?;
        for (path, name, is_folder) in &entries {
            match parts {
                [] => {}
                [Part::Folders, rest @ ..] => {
                    if *is_folder {
                        self.below(path, parts);
                    }
                    match rest {
                        [] if !is_folder => self.add(path.clone(), name),
                        [] => {}
                        _ => self.matched(path, name, *is_folder, rest),
                    }
                }
                _ => self.matched(path, name, *is_folder, parts),
            }
        }
        Ok(())
    }

    /// An entry against the first of some parts.
    fn matched(&mut self, path: &Path, name: &str, is_folder: bool, parts: &'w [Part]) {
        match parts {
            [part] if part.is(name) && !is_folder => self.add(path.to_owned(), name),
            [part, rest @ ..] if !rest.is_empty() && part.is(name) && is_folder => {
                self.below(path, rest);
            }
            _ => {}
        }
    }

    fn below(&mut self, folder: &Path, parts: &'w [Part]) {
        let all = matches!(parts, [Part::Folders]);
        let seen = (folder.to_owned(), parts.len(), all);
        if !self.tree.leaves_out(folder) && self.seen.insert(seen) {
            self.pending.push((folder.to_owned(), parts));
        }
    }

    fn add(&mut self, path: PathBuf, name: &str) {
        if self.named || !(is_leftover(name) || self.tree.leaves_out(&path)) {
            self.found.insert(path);
        }
    }

    /// The files and folders in a folder by which it may be entered; nothing where it is a cache.
    fn entries(&mut self, folder: &Path) -> Result<Vec<(PathBuf, String, bool)>, PatternError> {
        let failed = |error| PatternError::Reading {
            path: folder.to_owned(),
            error,
        };
        self.folders.insert(folder.to_owned());
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if MARKERS.contains(&name.as_str()) && folder != self.tree.root {
                return Ok(Vec::new());
            }
            let path = entry.path();
            let kind = entry.file_type().map_err(failed)?;
            let is_folder = kind.is_dir() || (kind.is_symlink() && path.is_dir());
            if is_folder && (FOLDERS.contains(&name.as_str()) || self.tree.leaves_out(&path)) {
                continue;
            }
            if is_folder && kind.is_symlink() {
                let led = real(&path);
                // One that leads back, or to what runs write.
                let inside = |folder: &Path| self.tree.leaves_out(folder);
                if folder.starts_with(&led) || led.ancestors().any(inside) {
                    continue;
                }
            }
            // Sockets and pipes are not read.
            if is_folder || path.is_file() {
                entries.push((path, name, is_folder));
            }
        }
        Ok(entries)
    }
}

/// Whether a file is what programs and editors leave beside code.
fn is_leftover(name: &str) -> bool {
    FILES.contains(&name)
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
        || name.starts_with(".#")
        || name.starts_with(".nfs")
        || (name.starts_with('#') && name.ends_with('#'))
}

/// A path without links, also where its end does not exist yet.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut rest = Vec::new();
    let mut there = path.as_path();
    loop {
        if let Ok(real) = there.canonicalize() {
            return rest.iter().rev().fold(real, |path, name| path.join(name));
        }
        match (there.parent(), there.file_name()) {
            (Some(parent), Some(name)) => {
                rest.push(name);
                there = parent;
            }
            _ => return path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[&str]) -> tempfile::TempDir {
        let space = tempfile::tempdir().expect("a temporary folder");
        for file in files {
            let path = space.path().join(file);
            fs::create_dir_all(path.parent().expect("it has one")).expect("it is ours");
            fs::write(path, file).expect("it is ours");
        }
        space
    }

    fn names(space: &tempfile::TempDir, patterns: &[&str]) -> Vec<String> {
        let tree = Tree::new(space.path(), &[space.path().join("results")]);
        let matched = tree.matching(patterns).expect("they are patterns");
        matched.files.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn many_wildcards_over_deep_folders_end() {
        let deep = "d/".repeat(40) + "a.py";
        let space = project(&[&deep, "b/b/b/c.py"]);
        let many = "**/*/".repeat(15) + "*.py";
        assert_eq!(names(&space, &[&many]), [deep.as_str()]);
        let away = format!("!{}*.txt", "**/*/".repeat(15));
        assert_eq!(
            names(&space, &["**/*.py", &away]),
            ["b/b/b/c.py".to_owned(), deep]
        );
        assert_eq!(names(&space, &["**/b/b/*"]), ["b/b/b/c.py"]);
        assert_eq!(names(&space, &["**/b/b/b"]), ["b/b/b/c.py"]);
        assert_eq!(
            names(&space, &["**/*.py", "!**/b/b"]),
            ["d/".repeat(40) + "a.py"]
        );
    }

    #[test]
    fn patterns_match_code_and_not_what_lies_beside_it() {
        let space = project(&[
            "train.py",
            "train.py~",
            ".#train.py",
            ".train.py.swp",
            ".DS_Store",
            "lib/a.py",
            "lib/deep/b.py",
            "lib/__pycache__/a.cpython-312.pyc",
            "lib/c.pyc",
            ".git/HEAD",
            "outputs/small/a.py",
            "results/small/a.py",
            "env/pyvenv.cfg",
            "env/lib/x.py",
            "build/CACHEDIR.TAG",
            "build/x.py",
            "kept/store.sqlite",
            "kept/objects-v1/ab/x.py",
        ]);
        let code = ["lib/a.py", "lib/deep/b.py", "train.py"];
        assert_eq!(names(&space, &["**/*"]), code);
        assert_eq!(names(&space, &["**"]), code);
        assert_eq!(names(&space, &["**/*.py"]), code);
        assert_eq!(names(&space, &["*"]), ["train.py"]);
        assert_eq!(names(&space, &["lib"]), ["lib/a.py", "lib/deep/b.py"]);
        assert_eq!(names(&space, &["./lib/"]), ["lib/a.py", "lib/deep/b.py"]);
        assert_eq!(names(&space, &["lib/**"]), ["lib/a.py", "lib/deep/b.py"]);
        assert_eq!(names(&space, &["lib/*.py"]), ["lib/a.py"]);
        assert_eq!(names(&space, &["l?b/*/*.py"]), ["lib/deep/b.py"]);
        assert_eq!(
            names(&space, &["lib/c.pyc", ".git/HEAD"]),
            ["lib/c.pyc", ".git/HEAD"]
        );
        assert_eq!(
            names(&space, &["**/*", "!lib/deep"]),
            ["lib/a.py", "train.py"]
        );
        assert_eq!(
            names(&space, &["**/*", "!**/a.py"]),
            ["lib/deep/b.py", "train.py"]
        );
        assert_eq!(
            names(&space, &["**/*", "!*.py"]),
            ["lib/a.py", "lib/deep/b.py"]
        );
        assert_eq!(
            names(&space, &["**/*", "!lib/**", "lib/a.py"]),
            ["train.py", "lib/a.py"]
        );
    }

    #[test]
    fn patterns_without_a_file_are_told() {
        let space = project(&["a.py"]);
        let tree = Tree::new(space.path(), &[]);
        let idle = |patterns: &[&str]| tree.matching(patterns).expect("patterns").idle;
        let one = |pattern, taken| vec![UnmatchedPattern { pattern, taken }];
        assert_eq!(idle(&["a.py", "!b.py"]), []);
        assert_eq!(idle(&["a.py", "src/**/*.py"]), one(1, false));
        assert_eq!(idle(&["*.py", "!a.*"]), one(0, true));
        for wrong in ["../a", "/a", "a[", "", "!"] {
            assert!(tree.matching(&[wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn links_are_followed_but_not_in_circles() {
        let space = project(&["src/a.py", "more/b.py"]);
        let link = |to: &str, from: &str| {
            std::os::unix::fs::symlink(space.path().join(to), space.path().join(from))
                .expect("it is ours");
        };
        link("more", "src/more");
        link("src", "src/again");
        assert_eq!(
            names(&space, &["src/**/*.py"]),
            ["src/a.py", "src/more/b.py"]
        );
    }
}
