//! What a step leaves: one file, several, or a folder as it was found; each file an object of the
//! store.

use serde::Deserialize;
use serde::Serialize;

use crate::map::SortedVecMap;

use super::Digest;

/// The files of one output of a step, by name: a figure is `figure.svg`, `figure.png`, ….
///
/// Names are relative paths with forward slashes. Those that are no UTF-8 are written as
/// [`names`](super::names) says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// The own name of the folder, where a folder was declared. Only for people: it is no part of
    /// the content.
    #[serde(default)]
    pub folder: Option<String>,
    pub files: SortedVecMap<Object>,
    /// What a folder holds beside files.
    #[serde(default)]
    pub others: SortedVecMap<Other>,
}

/// One immutable file of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Object {
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// Whether it may be executed: the same bytes may be there with and without.
    #[serde(default)]
    pub executable: bool,
}

/// A part of a folder that is no file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Other {
    /// An empty folder; others are known by what is in them.
    Folder,
    /// A symbolic link to another place in the same artifact, relative to its own folder.
    Link(String),
}

impl Artifact {
    /// Whether this is a folder wherever it is shown, and not one file.
    pub fn is_folder(&self) -> bool {
        self.folder.is_some() || self.files.len() != 1 || !self.others.is_empty()
    }

    /// Whether there is more to it than names and contents of files.
    pub fn is_special(&self) -> bool {
        self.folder.is_some()
            || !self.others.is_empty()
            || self.files.values().any(|object| object.executable)
    }

    /// The digest of the content: of all names and the digests of their files; and of what plain
    /// files cannot tell, where there is any.
    pub fn digest(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        for (name, object) in &self.files {
            text(&mut hasher, name);
            hasher.update(object.digest.as_bytes());
        }
        // Several files are a folder anyway.
        if self.folder.is_some() && self.files.len() < 2 {
            say(&mut hasher, "a folder", "");
        }
        for (name, _) in self.files.iter().filter(|(_, object)| object.executable) {
            say(&mut hasher, "executable", name);
        }
        for (path, other) in &self.others {
            match other {
                Other::Folder => say(&mut hasher, "folder", path),
                Other::Link(target) => {
                    say(&mut hasher, "link", path);
                    say(&mut hasher, "to", target);
                }
            }
        }
        Digest::from_bytes(*hasher.finalize().as_bytes())
    }

    /// The size of all files together, in bytes.
    pub fn size(&self) -> u64 {
        self.files.values().map(|object| object.size).sum()
    }
}

impl From<SortedVecMap<Object>> for Artifact {
    fn from(files: SortedVecMap<Object>) -> Self {
        Artifact {
            files,
            ..Artifact::default()
        }
    }
}

impl Object {
    /// A file that is not executable.
    pub fn plain(digest: Digest, size: u64) -> Self {
        Object {
            digest,
            size,
            executable: false,
        }
    }
}

fn text(hasher: &mut blake3::Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

/// Something that is no file. No name is as long as this begins: it is never taken for one.
fn say(hasher: &mut blake3::Hasher, what: &str, of: &str) {
    hasher.update(&u64::MAX.to_le_bytes());
    text(hasher, what);
    text(hasher, of);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(executable: bool) -> Object {
        Object {
            digest: Digest::of(b"content"),
            size: 7,
            executable,
        }
    }

    fn of(files: &[(&str, bool)], folder: Option<&str>, others: &[(&str, Other)]) -> Artifact {
        let files = files.iter();
        let others = others.iter();
        Artifact {
            folder: folder.map(str::to_owned),
            files: files
                .map(|(name, executable)| ((*name).to_owned(), object(*executable)))
                .collect(),
            others: others
                .map(|(name, other)| ((*name).to_owned(), other.clone()))
                .collect(),
        }
    }

    #[test]
    fn everything_that_is_kept_counts_but_the_name_of_the_folder() {
        let link = |target: &str| Other::Link(target.to_owned());
        let all = [
            of(&[("a", false)], None, &[]),
            of(&[("a", true)], None, &[]),
            of(&[("b", false)], None, &[]),
            of(&[("a", false)], Some("d"), &[]),
            of(&[], Some("d"), &[]),
            of(&[("a", false), ("b", false)], Some("d"), &[]),
            of(&[("a", false), ("b", true)], Some("d"), &[]),
            of(&[("a", false)], Some("d"), &[("b", Other::Folder)]),
            of(&[("a", false)], Some("d"), &[("b", link("a"))]),
            of(&[("a", false)], Some("d"), &[("b", link("c"))]),
        ];
        for (i, one) in all.iter().enumerate() {
            for other in &all[..i] {
                assert_ne!(one.digest(), other.digest(), "{one:?} {other:?}");
            }
        }
        let renamed = of(&[("a", false)], Some("e"), &[]);
        assert_eq!(renamed.digest(), all[3].digest());
        // As it was before folders were told apart: nothing runs again for that.
        let plain = of(&[("a", false), ("b", false)], None, &[]);
        assert_eq!(plain.digest(), all[5].digest());
        let mut before = Vec::new();
        for name in [b"a", b"b"] {
            before.extend(1_u64.to_le_bytes());
            before.extend(name);
            before.extend(Digest::of(b"content").as_bytes());
        }
        assert_eq!(plain.digest(), Digest::of(&before));
    }
}
