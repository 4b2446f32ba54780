//! Whether the links of a view are as they were left, without a look at each of them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde::Serialize;

use crate::store::Stat;
use crate::store::names;

use super::memory::Files;
use super::memory::ViewFile;
use super::memory::is_link_to;

/// What stands at a path of the view that is no copy.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Linked {
    /// A link to an object, by its text.
    Object(String),
    /// A link within a folder of results.
    Inside(String),
    Folder,
}

impl Linked {
    /// What was just put at a path.
    pub(super) fn of(path: &Path, own: &ViewFile) -> Linked {
        match (&own.object, &own.link) {
            (Some(_), _) => {
                let target = fs::read_link(path).unwrap_or_default();
                Linked::Object(names::text_of(target.as_os_str()))
            }
            (None, Some(target)) => Linked::Inside(target.clone()),
            (None, None) => Linked::Folder,
        }
    }

    /// Whether it is there still.
    pub(super) fn stands(&self, path: &Path) -> bool {
        match self {
            // One that leads where nothing is was moved, or what it is in.
            Linked::Object(target) => is_link_to(path, target) && path.exists(),
            Linked::Inside(target) => is_link_to(path, target),
            Linked::Folder => path.is_dir() && !path.is_symlink(),
        }
    }
}

/// A folder of the view that holds links, or leads to one that does.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LinkFolder {
    /// Below the view.
    path: String,
    /// None if it was changed so lately that another change may not show.
    left: Option<Left>,
    /// By name; left out where the folder itself tells, but for one that tells of them all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    links: Option<Vec<(String, Linked)>>,
}

/// A folder as it was left: its inode, and when something last came, went or took another's place in it, in
/// nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Left(u64, i64);

impl LinkFolder {
    /// The folders of a view that its links are in, and those on the way to them.
    pub(super) fn all(view: &Path, files: &Files) -> Vec<LinkFolder> {
        let mut folders: BTreeMap<&str, Vec<(&str, &ViewFile)>> = BTreeMap::new();
        for (path, own) in files.iter().filter(|(_, own)| !own.copied) {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            folders.entry(folder).or_default().push((name, own));
            let mut inside = folder;
            while let Some((above, _)) = inside.rsplit_once('/') {
                folders.entry(above).or_default();
                inside = above;
            }
        }
        let mut leads = false;
        let folder = |(path, links): (&str, Vec<(&str, &ViewFile)>)| {
            let full = view.join(names::name_of(path));
            let left = folder_at(&full)
                .filter(|stat| !stat.is_recent())
                .map(|stat| Left::of(&stat));
            let first = !leads && links.iter().any(|(_, own)| own.object.is_some());
            leads |= first;
            let linked = |(name, own): &(&str, &ViewFile)| {
                let linked = Linked::of(&full.join(names::name_of(name)), own);
                ((*name).to_owned(), linked)
            };
            LinkFolder {
                path: path.to_owned(),
                left,
                links: (left.is_none() || first).then(|| links.iter().map(linked).collect()),
            }
        };
        folders.into_iter().map(folder).collect()
    }

    /// Whether nothing was put into it since, or each link that was in it stands, as far as they are known.
    fn stands(&self, view: &Path) -> bool {
        let folder = view.join(names::name_of(&self.path));
        let Some(now) = folder_at(&folder) else {
            return false;
        };
        let stands =
            |(name, linked): &(String, Linked)| linked.stands(&folder.join(names::name_of(name)));
        let links = || {
            self.links
                .as_ref()
                .is_some_and(|all| all.iter().all(stands))
        };
        self.left == Some(Left::of(&now)) || links()
    }
}

/// Whether the links of a view are as they were left. Where the whole view was moved all of them lead nowhere,
/// so that one tells.
pub(super) fn stand(folders: &[LinkFolder], view: &Path) -> bool {
    let mut leading = folders.iter().filter_map(|folder| {
        let is_link = |(_, linked): &&(String, Linked)| matches!(linked, Linked::Object(_));
        let (name, _) = folder.links.iter().flatten().find(is_link)?;
        Some(
            view.join(names::name_of(&folder.path))
                .join(names::name_of(name)),
        )
    });
    leading.next().is_none_or(|link| link.exists())
        && folders.iter().all(|folder| folder.stands(view))
}

impl Left {
    fn of(stat: &Stat) -> Self {
        Left(stat.inode, stat.changed)
    }
}

/// What stands at a path, if it is a folder and no link to one.
fn folder_at(path: &Path) -> Option<Stat> {
    let about = fs::symlink_metadata(path).ok()?;
    about.is_dir().then(|| Stat::of(&about))
}

/// Makes a link and says that it did; where links need special rights, files are copied.
#[cfg(unix)]
pub(super) fn link(target: &Path, path: &Path) -> io::Result<bool> {
    std::os::unix::fs::symlink(target, path).map(|()| true)
}

#[cfg(not(unix))]
pub(super) fn link(_: &Path, _: &Path) -> io::Result<bool> {
    Ok(false)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::thread::sleep;

    use tempfile::TempDir;

    use crate::store::Digest;
    use crate::store::Object;
    use crate::store::TICK;

    use super::*;

    /// A view of one link to an object, and what is remembered of it after a while.
    fn view() -> (TempDir, Vec<LinkFolder>) {
        let view = TempDir::new().unwrap();
        let at = |path: &str| view.path().join(path);
        fs::create_dir_all(at("cells/fit/n=1")).unwrap();
        fs::write(at("object"), "1").unwrap();
        symlink("../../../object", at("cells/fit/n=1/x.txt")).unwrap();
        let content = Digest::of(b"1");
        let own = ViewFile {
            step: "fit[n=1]".to_owned(),
            content,
            copied: false,
            object: Some(Object {
                digest: content,
                size: 1,
                executable: false,
            }),
            link: None,
            stamp: None,
        };
        sleep(TICK * 3);
        let files = Files::from([("cells/fit/n=1/x.txt".to_owned(), own)]);
        let folders = LinkFolder::all(view.path(), &files);
        assert_eq!(folders.len(), 3);
        assert!(folders.iter().all(|folder| folder.left.is_some()));
        assert!(stand(&folders, view.path()));
        (view, folders)
    }

    #[test]
    fn a_file_beside_a_link_does_no_harm_and_one_in_its_place_shows() {
        let (view, folders) = view();
        let at = |path: &str| view.path().join(path);
        fs::write(at("cells/fit/n=1/notes.txt"), "mine").unwrap();
        assert!(stand(&folders, view.path()));
        fs::write(at("new"), "2").unwrap();
        fs::rename(at("new"), at("cells/fit/n=1/x.txt")).unwrap();
        assert!(!stand(&folders, view.path()));
    }

    #[test]
    fn links_that_are_gone_or_lead_elsewhere_show() {
        let (view, folders) = view();
        let link = view.path().join("cells/fit/n=1/x.txt");
        fs::remove_file(&link).unwrap();
        assert!(!stand(&folders, view.path()));
        symlink("../../../other", &link).unwrap();
        assert!(!stand(&folders, view.path()));
    }

    #[test]
    fn folders_that_are_links_now_show() {
        let (view, folders) = view();
        let at = |path: &str| view.path().join(path);
        fs::rename(at("cells/fit"), at("fit")).unwrap();
        symlink("../fit", at("cells/fit")).unwrap();
        assert!(at("cells/fit/n=1").is_dir());
        assert!(!stand(&folders, view.path()));
    }

    #[test]
    fn views_without_their_objects_show() {
        let (view, folders) = view();
        let at = |path: &str| view.path().join(path);
        fs::rename(at("object"), at("moved")).unwrap();
        assert!(!stand(&folders, view.path()));
    }
}
