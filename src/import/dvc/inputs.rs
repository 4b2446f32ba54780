//! What a stage reads: dependencies, and the code that its commands name.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use crate::sources::Companions;
use crate::sources::is_small;
use crate::text::Diagnostics;

use super::code::Code;
use super::draft::Draft;
use super::draft::DraftStage;
use super::entries::remark;
use super::interpolation::Way;
use super::interpolation::shown;
use super::located::Located;
use super::located::locate;
use super::located::value_of;
use super::paths;
use super::read::PARAMS;
use super::translation::Translation;

impl Translation<'_> {
    pub(super) fn deps(&self, own: &mut DraftStage, found: &mut Diagnostics) {
        let entry = self.stage.entry;
        let mut located = Vec::new();
        for dep in &entry.deps {
            let wdir = entry.wdir.as_ref();
            let path = locate(&self.project.folder, wdir, dep, self.names, found);
            located.extend(path.map(|path| (dep, path)));
        }
        for params in &entry.params {
            let (file, wdir) = (&params.file, entry.wdir.as_ref());
            let path = locate(&self.project.folder, wdir, file, self.names, found);
            let Some(path) = path.filter(|path| !self.is_params(path)) else {
                continue;
            };
            if !params.keys.is_empty() {
                remark(
                    found,
                    &params.place,
                    format!("all of `{}` counts for `{}`", path.template, own.name),
                    "not only the keys that are named",
                    "`params: {file: …}` of the manifest takes single values from a file",
                );
            }
            located.push((file, path));
        }
        let folders: Vec<Located> = located.iter().map(|(_, path)| path.clone()).collect();
        for (dep, path) in located {
            // What is in a folder that is read whole comes with it.
            let inside = |other: &Located| {
                let mut pairs = path.cells.iter().zip(&other.cells);
                pairs.all(|(one, other)| paths::is_in(one, other))
            };
            let again = own.inputs.iter().any(|slot| slot.path == path.template);
            if self.is_params(&path) || again || folders.iter().any(inside) {
                continue;
            }
            self.wiring.read(self.number, dep, &path, own, found);
        }
    }

    /// Whether this is the file of parameters whose values the manifest has.
    pub(super) fn is_params(&self, path: &Located) -> bool {
        let params = paths::join(&self.project.folder, PARAMS);
        path.cells.iter().all(|path| Some(path) == params.as_ref())
            && self.project.root.join(params.unwrap_or_default()).is_file()
    }

    /// Code that is declared, that the commands name, and that either reads.
    pub(super) fn code(
        &self,
        own: &mut DraftStage,
        draft: &mut Draft,
        found: &mut Diagnostics,
    ) -> Code {
        let folder = self.folder(found);
        let folder = folder.and_then(|folder| folder.cells.first().cloned());
        let folder = folder.unwrap_or_default();
        let declared = own.code.iter();
        let declared = declared.map(|path| path.trim_end_matches("/**").to_owned());
        let mut files: BTreeSet<String> = declared.collect();
        self.named_by_commands(&folder, &mut files, own, found);
        let files: Vec<String> = files.into_iter().collect();
        let code = Code::read(self.project.root, &folder, &files);
        let companions = &code.companions;
        for path in companions.imported.keys() {
            if !own.covers(path) && !self.wiring.is_made(path) {
                own.code.push(path.clone());
            }
        }
        for (by, path) in &companions.named {
            if self.comes_along(path, own) {
                continue;
            }
            own.code.push(path.clone());
            own.comments
                .push(format!("{path} is named in {by}: it counts as code."));
        }
        self.left(companions, own, found);
        self.missing(companions, &folder, found);
        if let Some(script) = &code.asks_dvc
            && draft.asking.insert(script.clone())
        {
            remark(
                found,
                &self.stage.entry.place,
                format!("`{script}` asks DVC"),
                "DVC knows nothing of what runs here",
                format!(
                    "read `{PARAMS}` instead of `dvc.api.params_show()`; plain files instead of DVCLive"
                ),
            );
        }
        if code.here {
            own.texts.push((".here".to_owned(), String::new()));
        }
        code
    }

    /// Says which scripts that others read are not there.
    fn missing(&self, companions: &Companions, folder: &str, found: &mut Diagnostics) {
        for (by, path) in &companions.missing {
            let mut places = ["", folder].into_iter();
            if places
                .any(|base| paths::join(base, path).is_some_and(|path| self.wiring.is_made(&path)))
            {
                continue;
            }
            remark(
                found,
                &self.stage.entry.place,
                format!("`{path}` does not come along"),
                format!("`{by}` reads it, and it is not found"),
                "under `deps` it does",
            );
        }
    }

    /// Whether a file that is named is there without being code: an input, an output, the parameters.
    fn comes_along(&self, path: &str, own: &DraftStage) -> bool {
        own.covers(path)
            || self.wiring.is_made(path)
            || ["dvc.yaml", "dvc.lock"].contains(&path)
            || paths::join(&self.project.folder, PARAMS).as_deref() == Some(path)
    }

    /// Takes along the files and folders of the project that commands name.
    fn named_by_commands(
        &self,
        folder: &str,
        files: &mut BTreeSet<String>,
        own: &mut DraftStage,
        found: &mut Diagnostics,
    ) {
        let root = self.project.root;
        let mut too_large = BTreeSet::new();
        for cell in &self.stage.cells {
            for cmd in &self.stage.entry.cmd {
                let value = |way: &Way| shown(&self.names.value(way, cell).unwrap_or_default());
                let words = words(&value_of(&cmd.text, &value));
                for path in named_files(&words, root, folder) {
                    if !self.comes_along(&path, own) && files.insert(path.clone()) {
                        own.code.push(path);
                    }
                }
                for path in named_folders(&words, root, folder) {
                    let made = self.wiring.is_around(&path) || self.wiring.is_made(&path);
                    if made || own.covers(&path) {
                        continue;
                    }
                    if is_small(&root.join(&path)) {
                        own.comments.push(format!(
                            "{path}/ is named in its command: it counts as code."
                        ));
                        own.code.push(format!("{path}/**"));
                    } else if too_large.insert(path.clone()) {
                        remark(
                            found,
                            &cmd.place,
                            format!("the folder `{path}` does not come along"),
                            "it is named here, and larger than code is",
                            "under `deps` it is an input",
                        );
                    }
                }
            }
        }
    }

    /// Says which files that scripts name stay behind.
    fn left(&self, companions: &Companions, own: &DraftStage, found: &mut Diagnostics) {
        let mut left: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (by, path) in &companions.left {
            if !self.comes_along(path, own) {
                left.entry(by).or_default().push(path);
            }
        }
        for (by, paths) in left {
            let (first, more) = (paths[0], paths.len() - 1);
            let title = match more {
                0 => format!("`{first}` does not come along"),
                more => format!("`{first}` and {more} more do not come along"),
            };
            remark(
                found,
                &self.stage.entry.place,
                title,
                format!("`{by}` names them, and they are large or many"),
                "under `deps` they are inputs",
            );
        }
    }
}

/// The words of a command, and what is in its quotes as one word each: `'my data/a.csv'`.
fn words(text: &str) -> Vec<String> {
    const BETWEEN: &str = "|&()<>=,@;";
    let parts = text.split(|c: char| c.is_whitespace() || "\"'".contains(c) || BETWEEN.contains(c));
    let parts = parts.filter(|part| !part.is_empty()).map(str::to_owned);
    let mut words: Vec<String> = parts.collect();
    let mut word = String::new();
    let mut quote = None;
    let mut letters = text.chars();
    let mut is_quoted = false;
    while let Some(c) = letters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => (quote, is_quoted) = (Some(c), true),
            (None, '\\') => {
                word.extend(letters.next());
                is_quoted = true;
            }
            (None, c) if c.is_whitespace() || BETWEEN.contains(c) => {
                let word = std::mem::take(&mut word);
                words.extend(is_quoted.then_some(word));
                is_quoted = false;
            }
            _ => word.push(c),
        }
    }
    words.extend(is_quoted.then_some(word));
    words
}

/// The files of the project among words.
fn named_files(words: &[String], root: &Path, folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    for (number, word) in words.iter().enumerate() {
        let mut named = vec![word.clone()];
        if number > 0 && words[number - 1] == "-m" {
            let module = word.replace('.', "/");
            named.extend([format!("{module}.py"), format!("{module}/__main__.py")]);
        }
        for name in named {
            let path = paths::join(folder, &name);
            files.extend(path.filter(|path| !path.is_empty() && root.join(path).is_file()));
        }
    }
    files
}

/// The folders of the project among words.
fn named_folders(words: &[String], root: &Path, folder: &str) -> BTreeSet<String> {
    let paths = words.iter().filter_map(|word| paths::join(folder, word));
    let inside = paths.filter(|path| !path.is_empty() && !path.starts_with('.'));
    inside.filter(|path| root.join(path).is_dir()).collect()
}

impl DraftStage {
    /// Whether a path comes with the code or an input already.
    pub(super) fn covers(&self, path: &str) -> bool {
        let code = self.code.iter().any(|pattern| {
            pattern == path
                || pattern
                    .strip_suffix("/**")
                    .is_some_and(|folder| paths::is_in(path, folder))
        });
        let inputs = self.inputs.iter();
        code || inputs
            .map(|slot| slot.path.trim_end_matches('/'))
            .any(|known| known == path || paths::is_in(path, known))
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn what_stands_in_quotes_is_a_word_too() {
        let said = words("run 'my dir'/s.py --x=\"a b\" c\\ d|sh -c 'cat e.txt'");
        for word in ["my dir/s.py", "a b", "c d", "e.txt", "--x", "sh", "-c"] {
            assert!(said.iter().any(|known| known == word), "{word}: {said:?}");
        }
    }
}
