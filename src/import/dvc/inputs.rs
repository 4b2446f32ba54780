//! What a stage reads: dependencies, and the code that its commands name.

use std::collections::BTreeSet;
use std::path::Path;

use crate::text::Diagnostics;

use super::code;
use super::draft::Draft;
use super::draft::DraftStage;
use super::interpolation::Way;
use super::interpolation::shown;
use super::located::Located;
use super::located::locate;
use super::located::value_of;
use super::paths;
use super::read::remark;
use super::scope::PARAMS;
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
            let Some(file) = &params.file else { continue };
            let wdir = entry.wdir.as_ref();
            let path = locate(&self.project.folder, wdir, file, self.names, found);
            let Some(path) = path.filter(|path| !self.is_params(path)) else {
                continue;
            };
            if !params.keys.is_empty() {
                remark(
                    found,
                    &params.place,
                    format!("all of `{}` counts for `{}`", file.text, own.name),
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
    ) -> code::Companions {
        let root = self.project.root;
        let folder = self.folder(found);
        let folder = folder.and_then(|folder| folder.cells.first().cloned());
        let folder = folder.unwrap_or_default();
        let params = paths::join(&self.project.folder, PARAMS);
        let mut files: BTreeSet<String> = BTreeSet::new();
        files.extend(
            own.code
                .iter()
                .map(|path| path.trim_end_matches("/**").to_owned()),
        );
        for cell in &self.stage.cells {
            for cmd in &self.stage.entry.cmd {
                let value = |way: &Way| shown(&self.names.value(way, cell).unwrap_or_default());
                let text = value_of(&cmd.text, &value);
                for path in command_files(&text, root, &folder) {
                    let is_params = Some(&path) == params.as_ref();
                    if is_params || self.wiring.is_made(&path) || own.covers(&path) {
                        continue;
                    }
                    if files.insert(path.clone()) {
                        own.code.push(path);
                    }
                }
                for path in command_folders(&text, root, &folder) {
                    let made = self.wiring.is_around(&path) || self.wiring.is_made(&path);
                    if !made && !own.covers(&path) && code::is_small(&root.join(&path)) {
                        own.comments.push(format!(
                            "{path}/ is named in its command: it counts as code."
                        ));
                        own.code.push(format!("{path}/**"));
                    }
                }
            }
        }
        let files: Vec<String> = files.into_iter().collect();
        let companions = code::companions(root, &folder, &files);
        for path in &companions.imported {
            if !own.covers(path) && !self.wiring.is_made(path) {
                own.code.push(path.clone());
            }
        }
        for (by, path) in &companions.named {
            let known = own.covers(path) || Some(path) == params.as_ref();
            if known || self.wiring.is_made(path) || ["dvc.yaml", "dvc.lock"].contains(&&**path) {
                continue;
            }
            own.code.push(path.clone());
            own.comments
                .push(format!("{path} is named in {by}: it counts as code."));
        }
        if let Some(script) = &companions.asks_dvc
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
        if companions.here {
            own.texts.push((".here".to_owned(), String::new()));
        }
        companions
    }
}

/// The files of the project that a command names.
fn command_files(text: &str, root: &Path, folder: &str) -> Vec<String> {
    let words = text.split(|c: char| c.is_whitespace() || "\"';|&()<>=,@".contains(c));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let mut files = Vec::new();
    for (number, word) in words.iter().enumerate() {
        let mut named = vec![(*word).to_owned()];
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

/// The folders of the project that a command names.
fn command_folders(text: &str, root: &Path, folder: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| c.is_whitespace() || "\"';|&()<>=,@".contains(c));
    let paths = words.filter_map(|word| paths::join(folder, word));
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
