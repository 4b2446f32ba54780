//! What a step reads of the project: a file, or a folder with all that is in it, links followed.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use rayon::prelude::*;

use super::Artifact;
use super::DEEPEST;
use super::Digest;
use super::Object;
use super::Other;
use super::StoreError;
use super::files::is_executable;
use super::names;
use crate::map::SortedVecMap;

/// A file or a folder of the project, with the content that it had when it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectInput(Artifact);

impl ProjectInput {
    /// Reads what is at `path`; `digest` says what a file holds.
    ///
    /// # Errors
    /// Where anything below cannot be read, is no file, or leads in a circle.
    pub(super) fn read(
        path: &Path,
        digest: &(dyn Fn(&Path) -> Result<Object, StoreError> + Sync),
    ) -> Result<Self, StoreError> {
        let name = names::text_of(path.file_name().unwrap_or(path.as_os_str()));
        if !path.is_dir() {
            let mut object = digest(path)?;
            object.executable = fs::metadata(path).is_ok_and(|about| is_executable(&about));
            let files = SortedVecMap::from([(name, object)]);
            return Ok(ProjectInput(Artifact::from(files)));
        }
        let found = contents(path)?;
        let files = found.files.into_par_iter();
        let files = files.map(|(name, path, executable)| {
            let object = digest(&path)?;
            Ok((
                name,
                Object {
                    executable,
                    ..object
                },
            ))
        });
        let files: Vec<(String, Object)> = files.collect::<Result<_, StoreError>>()?;
        let empty = found.empty.into_iter();
        Ok(ProjectInput(Artifact {
            folder: Some(name),
            files: files.into_iter().collect(),
            others: empty.map(|name| (name, Other::Folder)).collect(),
        }))
    }

    /// The same without a store that remembers digests.
    ///
    /// # Errors
    /// As [`ProjectInput::read`].
    pub fn read_afresh(path: &Path) -> Result<Self, StoreError> {
        ProjectInput::read(path, &|path| {
            let (digest, stat) = super::reading::digest_of_file(path)?;
            Ok(Object::plain(digest, stat.size))
        })
    }

    /// What enters the key: of a file its content and whether it may be executed, of a folder names as well.
    pub fn digest(&self) -> Digest {
        let mut files = self.0.files.values();
        match (&self.0.folder, files.next()) {
            (None, Some(only)) if only.executable => {
                let nameless = SortedVecMap::from([(String::new(), *only)]);
                Artifact::from(nameless).digest()
            }
            (None, Some(only)) => only.digest,
            _ => self.0.digest(),
        }
    }

    /// Its files by relative path.
    pub fn artifact(&self) -> &Artifact {
        &self.0
    }

    /// A file below it that is another one than before, or new, or gone; none for a file alone.
    pub fn other_file<'a>(&'a self, before: &'a ProjectInput) -> Option<&'a str> {
        self.0.folder.as_ref()?;
        let (now, before) = (&self.0.files, &before.0.files);
        let other = now
            .iter()
            .find(|(name, object)| before.get(name) != Some(object));
        let gone = || before.keys().find(|name| !now.contains_key(*name));
        other
            .map(|(name, _)| name)
            .or_else(gone)
            .map(String::as_str)
    }

    /// Where its files are, for what was read at `path`.
    pub fn paths<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = (&'a str, PathBuf)> + 'a {
        let folder = self.0.folder.is_some();
        self.0.files.keys().map(move |name| {
            let place = match folder {
                true => path.join(names::name_of(name)),
                false => path.to_owned(),
            };
            (name.as_str(), place)
        })
    }
}

/// The bytes of all that a step reads at a path, as far as it can be seen.
pub fn size_of_input(path: &Path) -> u64 {
    let size = |path: &Path| fs::metadata(path).map_or(0, |about| about.len());
    match path.is_dir() {
        true => contents(path).map_or(0, |all| {
            all.files.iter().map(|(_, path, _)| size(path)).sum()
        }),
        false => size(path),
    }
}

/// What is in a folder.
#[derive(Default)]
struct Contents {
    /// By relative path, with whether each may be executed.
    files: Vec<(String, PathBuf, bool)>,
    /// Folders with nothing in them.
    empty: Vec<String>,
}

fn contents(folder: &Path) -> Result<Contents, StoreError> {
    let mut found = Contents::default();
    walk(folder, "", &mut Vec::new(), &mut found)?;
    Ok(found)
}

/// Notes what is below `folder`, which is `inside` the one that was asked for; `above` are the real
/// places of those that it is in.
fn walk(
    folder: &Path,
    inside: &str,
    above: &mut Vec<PathBuf>,
    found: &mut Contents,
) -> Result<(), StoreError> {
    let failed = |error| StoreError::io("read", folder, error);
    let real = folder.canonicalize().map_err(failed)?;
    if above.contains(&real) {
        let circle = io::Error::other("it is a link to a folder that it is in");
        return Err(failed(circle));
    }
    above.push(real);
    if above.len() > DEEPEST {
        let deep = io::Error::other(format!("it holds folders more than {DEEPEST} deep"));
        return Err(StoreError::io("read", &above[0], deep));
    }
    let entries = fs::read_dir(folder).map_err(failed)?;
    // Of entries their names alone: each would hold the folder open.
    let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
    let mut entries: Vec<OsString> = names.collect::<io::Result<_>>().map_err(failed)?;
    entries.sort();
    if entries.is_empty() && !inside.is_empty() {
        found.empty.push(inside.to_owned());
    }
    for entry in entries {
        let path = folder.join(&entry);
        let name = names::text_of(&entry);
        let name = match inside {
            "" => name,
            inside => format!("{inside}/{name}"),
        };
        // Of a link: what it leads to.
        let kind = fs::metadata(&path).map_err(|error| StoreError::io("read", &path, error))?;
        match kind.is_dir() {
            true => walk(&path, &name, above, found)?,
            false => found.files.push((name, path, is_executable(&kind))),
        }
    }
    above.pop();
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_folder_is_all_that_is_in_it_and_a_file_is_its_content() {
        let space = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| space.path().join(name);
        let of = |name: &str| ProjectInput::read_afresh(&at(name)).map(|input| input.digest());
        fs::create_dir_all(at("data/cats")).expect("it can be made");
        fs::write(at("data/cats/1.txt"), "mew").expect("it can be written");
        let whole = of("data").expect("it can be read");
        assert_eq!(of("data/cats/1.txt").expect("a file"), Digest::of(b"mew"));
        // The name of the folder is no content.
        fs::rename(at("data"), at("moved")).expect("it can be moved");
        symlink(at("moved"), at("data")).expect("it can be linked");
        assert_eq!(of("data").expect("a link"), whole);
        for change in [
            &|| fs::create_dir(at("moved/dogs")).expect("made"),
            &|| fs::write(at("moved/dogs/1.txt"), "mew").expect("written"),
            &|| fs::write(at("moved/cats/1.txt"), "woof").expect("written"),
            &|| fs::rename(at("moved/cats/1.txt"), at("moved/cats/2.txt")).expect("renamed"),
        ] as [&dyn Fn(); 4]
        {
            let before = of("data").expect("it can be read");
            change();
            assert_ne!(of("data").expect("it can be read"), before);
        }
    }

    #[test]
    fn links_in_a_circle_and_to_nothing_are_errors() {
        let space = tempfile::tempdir().expect("a temporary folder");
        let folder = space.path().join("data");
        fs::create_dir(&folder).expect("it can be made");
        symlink(&folder, folder.join("again")).expect("it can be linked");
        let error = ProjectInput::read_afresh(&folder).expect_err("a circle");
        assert!(error.to_string().contains("that it is in"), "{error}");
        fs::remove_file(folder.join("again")).expect("it is there");
        symlink("nowhere", folder.join("gone")).expect("it can be linked");
        let error = ProjectInput::read_afresh(&folder).expect_err("nothing there");
        assert!(error.to_string().contains("gone"), "{error}");
    }
}
