//! The files of a project that the pattern of an axis matches.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// Names that begin with a dot are matched by such patterns alone.
const OPTIONS: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// Why there is no list of files.
#[derive(Debug)]
pub(super) enum Unmatched {
    /// The text is no pattern.
    Pattern(&'static str),
    /// A folder that cannot be listed, or what matches and cannot be a value: its name is no text, it
    /// leads nowhere.
    Unreadable(PathBuf, String),
}

/// The paths of the files that match, relative to the root, sorted. `**` stands for any number of folders,
/// and follows no links.
///
/// # Errors
/// Where the text is no pattern, and where a file would be left out that matches.
pub(super) fn matching(root: &Path, pattern: &str) -> Result<Vec<String>, Unmatched> {
    let parts = pattern.split('/').filter(|part| !matches!(*part, "" | "."));
    let parts: Result<Vec<Part>, _> = parts.map(Part::read).collect();
    let mut parts = parts.map_err(|error| Unmatched::Pattern(error.msg))?;
    // Any number of folders twice is any number.
    parts.dedup_by(|next, before| matches!((next, before), (Part::Folders, Part::Folders)));
    let mut walk = Walk::default();
    walk.run(root, &parts).map_err(|wrong| match wrong {
        Unmatched::Unreadable(path, why) => {
            let inside = path.strip_prefix(root).map(Path::to_owned);
            Unmatched::Unreadable(inside.unwrap_or(path), why)
        }
        wrong => wrong,
    })?;
    let mut names = Vec::new();
    for path in walk.found {
        let inside = path.strip_prefix(root).unwrap_or(&path);
        match inside.to_str() {
            Some(name) => names.push(name.to_owned()),
            None => {
                let why = "its name is no text, so that no value can name it";
                return Err(Unmatched::Unreadable(inside.to_owned(), why.to_owned()));
            }
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

enum Part {
    Folders,
    Name(glob::Pattern),
}

impl Part {
    fn read(text: &str) -> Result<Self, glob::PatternError> {
        match text {
            "**" => Ok(Part::Folders),
            text => glob::Pattern::new(text).map(Part::Name),
        }
    }
}

#[derive(Default)]
struct Walk<'p> {
    found: Vec<PathBuf>,
    /// Folders to go through, each with what is left of the pattern. Not by recursion: a folder may lie any
    /// number of levels deep.
    pending: Vec<(PathBuf, &'p [Part])>,
    /// Folders with how much of the pattern was left there: with several `**` there are many ways to one.
    seen: HashSet<(PathBuf, usize)>,
}

impl<'p> Walk<'p> {
    fn run(&mut self, root: &Path, parts: &'p [Part]) -> Result<(), Unmatched> {
        self.pending.push((root.to_owned(), parts));
        while let Some((folder, parts)) = self.pending.pop() {
            self.go(&folder, parts)?;
        }
        Ok(())
    }

    fn go(&mut self, folder: &Path, parts: &'p [Part]) -> Result<(), Unmatched> {
        if !self.seen.insert((folder.to_owned(), parts.len())) {
            return Ok(());
        }
        let unreadable =
            |error: io::Error| Unmatched::Unreadable(folder.to_owned(), error.to_string());
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(unreadable(error)),
        };
        for entry in entries {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let path = entry.path();
            let (part, rest) = match parts {
                [Part::Folders, rest @ ..] => {
                    let own = entry.file_type().is_ok_and(|kind| kind.is_dir());
                    if own && !name.starts_with('.') {
                        self.pending.push((path.clone(), parts));
                    }
                    match rest {
                        // All that is below.
                        [] => {
                            if !name.starts_with('.') {
                                self.take(path)?;
                            }
                            continue;
                        }
                        [part, rest @ ..] => (part, rest),
                    }
                }
                [part, rest @ ..] => (part, rest),
                [] => continue,
            };
            let Part::Name(pattern) = part else {
                continue;
            };
            if !pattern.matches_with(&name, OPTIONS) {
                continue;
            }
            match rest {
                [] => self.take(path)?,
                rest if path.is_dir() => self.pending.push((path, rest)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes what matches: a file, or a link that leads to one. Folders are no files.
    fn take(&mut self, path: PathBuf) -> Result<(), Unmatched> {
        let why = match fs::metadata(&path) {
            Ok(found) if found.is_file() => {
                self.found.push(path);
                return Ok(());
            }
            Ok(found) if found.is_dir() => return Ok(()),
            Ok(_) => "it is neither a file nor a folder".to_owned(),
            Err(error) if path.is_symlink() && error.kind() == io::ErrorKind::NotFound => {
                "it is a link that leads nowhere".to_owned()
            }
            // It has just gone.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => error.to_string(),
        };
        Err(Unmatched::Unreadable(path, why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[&str]) -> tempfile::TempDir {
        let project = tempfile::tempdir().expect("a temporary folder");
        for file in files {
            let path = project.path().join(file);
            fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder");
            fs::write(path, "").expect("a file");
        }
        project
    }

    #[test]
    fn patterns_match_part_by_part() {
        let files = [
            "a.csv",
            "d/b.csv",
            "d/.c.csv",
            "d/e/f.csv",
            "d/e/g.txt",
            ".h/i.csv",
        ];
        let project = project(&files);
        let of = |pattern: &str| matching(project.path(), pattern).expect("it is a pattern");
        assert_eq!(of("*.csv"), ["a.csv"]);
        assert_eq!(of("**/*.csv"), ["a.csv", "d/b.csv", "d/e/f.csv"]);
        assert_eq!(of("**/**/e/*"), ["d/e/f.csv", "d/e/g.txt"]);
        assert_eq!(of("d/**"), ["d/b.csv", "d/e/f.csv", "d/e/g.txt"]);
        assert_eq!(of("d/.*"), ["d/.c.csv"]);
        assert_eq!(of(".h/*"), [".h/i.csv"]);
        assert_eq!(of("d/[be]*.csv"), ["d/b.csv"]);
        assert_eq!(of("nowhere/*"), [""; 0]);
        assert_eq!(of("d"), [""; 0]);
        let deep = "x/".repeat(40);
        fs::create_dir_all(project.path().join(&deep)).expect("folders");
        assert_eq!(of(&("**/*/".repeat(15) + "*.csv")), [""; 0]);
        let wrong = matching(project.path(), "d/a**");
        assert!(matches!(wrong, Err(Unmatched::Pattern(_))));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_matches_and_can_be_no_value_is_told() {
        use std::os::unix::ffi::OsStrExt;
        let project = project(&["d/b.csv", "e/b.csv"]);
        let odd = std::ffi::OsStr::from_bytes(b"d/\xff.csv");
        fs::write(project.path().join(odd), "").expect("a file");
        let wrong = matching(project.path(), "d/*.csv");
        assert!(matches!(wrong, Err(Unmatched::Unreadable(path, _)) if path == Path::new(odd)));
        // Data that were not fetched yet.
        std::os::unix::fs::symlink("nowhere", project.path().join("e/c.csv")).expect("a link");
        let wrong = matching(project.path(), "e/*");
        let link = Path::new("e/c.csv");
        assert!(matches!(wrong, Err(Unmatched::Unreadable(path, _)) if path == link));
        let others = matching(project.path(), "*/b.csv").expect("it is a pattern");
        assert_eq!(others, ["d/b.csv", "e/b.csv"]);
    }
}
