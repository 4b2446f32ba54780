//! Files that programs name in their texts, wherever they are looked for: where the program runs, in the
//! project's folder, beside the program.

use std::fs;
use std::path::Path;

use super::Companions;
use super::files::LARGE;
use super::files::is_source;
use super::files::join;

/// So many files that programs name are told apart from those that are left.
const NAMED: usize = 50;

/// So many texts of a line are one path in parts at most: `os.path.join(here, "conf", "a.yaml")`.
const PARTS: usize = 4;

/// Notes what a program names.
pub(super) fn look(text: &str, file: &str, root: &Path, folder: &str, found: &mut Companions) {
    let mut search = Search {
        file,
        root,
        folder,
        found,
    };
    let quotes: &[char] = match file.ends_with(".py") {
        true => &['"', '\''],
        false => &['"', '\'', '`'],
    };
    for line in text.lines().map(str::trim_start) {
        if line.starts_with('#') {
            continue;
        }
        if file.ends_with("sh") {
            search.words(line);
        }
        for quote in quotes {
            let inside: Vec<&str> = line.split(*quote).skip(1).step_by(2).collect();
            for (first, text) in inside.iter().enumerate() {
                search.find(text);
                let longer = 2..=PARTS.min(inside.len() - first);
                for length in longer {
                    search.find(&inside[first..first + length].join("/"));
                }
            }
        }
    }
}

struct Search<'s> {
    /// Who names files.
    file: &'s str,
    root: &'s Path,
    /// Where it runs.
    folder: &'s str,
    found: &'s mut Companions,
}

impl Search<'_> {
    /// The words of a line of a shell.
    fn words(&mut self, line: &str) {
        let mut is_first = true;
        let mut is_read = false;
        for word in line.split_whitespace() {
            let text = word.trim_matches(['"', '\'', ';', ')', '(']);
            let is_there = self.find(text);
            let path = in_computed_folder(text).unwrap_or(text);
            if is_read && is_source(path) {
                if !is_there && is_plain(path) && !text.starts_with("$HOME") {
                    let missing = (self.file.to_owned(), path.to_owned());
                    self.found.missing.insert(missing);
                }
                is_read = false;
            }
            is_read |= is_first && [".", "source"].contains(&word);
            is_first =
                word.ends_with([';', '&', '|', '{', '(']) || ["then", "do", "else"].contains(&word);
        }
    }

    /// Notes a file that a text names; whether there is one.
    fn find(&mut self, text: &str) -> bool {
        let (path, bases) = match in_computed_folder(text) {
            Some(path) => (path, [self.beside(), self.folder, ""]),
            None => (text, [self.folder, "", self.beside()]),
        };
        if !is_plain(path) {
            return false;
        }
        let there = bases.into_iter().find_map(|base| {
            let path = join(base, path)?;
            let about = fs::metadata(self.root.join(&path)).ok()?;
            about.is_file().then_some((path, about.len()))
        });
        let is_there = there.is_some();
        if let Some((path, size)) = there {
            self.note(path, size);
        }
        is_there
    }

    /// The folder of the program.
    fn beside(&self) -> &str {
        self.file.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    fn note(&mut self, path: String, size: u64) {
        let all = [&self.found.named, &self.found.left];
        if all.into_iter().flatten().any(|(_, known)| *known == path) {
            return;
        }
        let named = (self.file.to_owned(), path);
        match size <= LARGE && self.found.named.len() < NAMED {
            true => self.found.named.push(named),
            false => self.found.left.push(named),
        }
    }
}

/// Whether a text may be the path of a file.
fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "./_-".contains(c);
    text.contains('.') && text.len() < 200 && !text.starts_with('/') && text.chars().all(plain)
}

/// The path within a folder that a program computes: `$(dirname "$0")/a.sh`, `${BASH_SOURCE%/*}/a.sh`,
/// `$HERE/a.sh`, `{HERE}/a.json`.
fn in_computed_folder(text: &str) -> Option<&str> {
    let ends = [")/", "}/", "`/", "\"/"].into_iter();
    let ends = ends.filter_map(|end| Some(text.rfind(end)? + end.len()));
    if let Some(at) = ends.max() {
        return Some(&text[at..]);
    }
    let (name, path) = text.strip_prefix('$')?.split_once('/')?;
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_are_computed_are_left_out() {
        for text in [
            "$0\")/a/b.sh",
            "$(dirname \"$0\")/a/b.sh",
            "${BASH_SOURCE%/*}/a/b.sh",
            "$HERE/a/b.sh",
            "\"$HERE\"/a/b.sh",
        ] {
            assert_eq!(in_computed_folder(text), Some("a/b.sh"), "{text}");
        }
        assert_eq!(in_computed_folder("a/b.sh"), None);
    }
}
