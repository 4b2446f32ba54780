//! What texts of programs name beside themselves: modules that they import, files that they read. A program
//! finds only what is declared, and what is not in its key changes unseen; so somebody has to look.

mod files;
mod named;
mod python;

pub(crate) use files::has_sources;
pub(crate) use files::is_small;
pub(crate) use files::is_source;
pub(crate) use files::join;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use files::LARGE;
use files::LOOKED_AT;
use files::files_in;

/// What programs name, by paths from the project's folder.
#[derive(Debug, Default)]
pub(crate) struct Companions {
    /// Modules of the project: the file, and who imports it.
    pub imported: BTreeMap<String, String>,
    /// Files of the project that are named: by which program, and the file.
    pub named: Vec<(String, String)>,
    /// Files that are named too, and are large or many.
    pub left: Vec<(String, String)>,
    /// What shells are to read and is not there: by which program, and the path as it is written.
    pub missing: BTreeSet<(String, String)>,
    /// The programs that were looked into, with their texts.
    pub texts: Vec<(String, String)>,
}

/// Looks into these files and folders, and into the programs that they import and name. `folder` is where the
/// programs run, in the project.
pub(crate) fn companions(root: &Path, folder: &str, files: &[String]) -> Companions {
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
            for module in python::imports(&text, &file) {
                for place in python::places(&module, &file, folder) {
                    if root.join(&place).is_file() {
                        let by = found.imported.entry(place.clone());
                        by.or_insert_with(|| file.clone());
                        pending.push(place);
                    }
                }
            }
        }
        let known = found.named.len();
        named::look(&text, &file, root, folder, &mut found);
        pending.extend(found.named[known..].iter().map(|(_, path)| path.clone()));
        found.texts.push((file, text));
    }
    found
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
             open('conf/log.yaml'); \n",
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
        let imported: Vec<&str> = found.imported.keys().map(String::as_str).collect();
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
    }
}
