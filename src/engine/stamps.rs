//! Whether files were touched while a step read them: also one that was put back to what it was may have been
//! read in between, and so may another file where a folder or a link on the way to it led elsewhere meanwhile.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::thread;

use serde::Deserialize;
use serde::Serialize;

use crate::engine::isolated::place;
use crate::store::Stat;
use crate::store::TICK;

/// The file of an attempt's folder with the stamps of what it reads.
const STAMPS: &str = "stamps.json";

/// So many links lead to each other before they are said to lead nowhere.
const LINKS: usize = 40;

/// Files, and what leads to them from the project's folder, as they were when a step began.
pub(super) struct Stamps(BTreeMap<PathBuf, Option<Stamp>>);

/// What is at a path itself, be it a link.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Stamp {
    stat: Stat,
    is_folder: bool,
}

impl Stamps {
    /// Notes how these files are. Waits a moment where one was changed just now, so that another change shows.
    pub(super) fn of(root: &Path, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut stamps = Stamps(BTreeMap::new());
        // Paths may begin with either.
        let real = root.canonicalize();
        let roots = [root, real.as_deref().unwrap_or(root)];
        for path in paths {
            stamps.note(roots, &path, LINKS);
        }
        if stamps
            .0
            .values()
            .flatten()
            .any(|stamp| stamp.stat.is_recent())
        {
            thread::sleep(TICK);
            for (path, stamp) in &mut stamps.0 {
                *stamp = Stamp::of(path);
            }
        }
        stamps
    }

    /// Leaves them in an attempt's folder, for whoever takes it up.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn leave_in(&self, folder: &Path) -> io::Result<()> {
        // A path may be no text.
        let all: Vec<(OsString, Option<Stamp>)> = self
            .0
            .iter()
            .map(|(path, stamp)| (path.clone().into_os_string(), *stamp))
            .collect();
        place(&folder.join(STAMPS), &serde_json::to_vec(&all)?)
    }

    /// Those that were left in an attempt's folder.
    ///
    /// # Errors
    /// Where there are none, or others than this program writes.
    pub(super) fn left_in(folder: &Path) -> io::Result<Self> {
        let all: Vec<(OsString, Option<Stamp>)> =
            serde_json::from_slice(&fs::read(folder.join(STAMPS))?)?;
        let known = all.into_iter().map(|(path, mut stamp)| {
            let path = PathBuf::from(path);
            // A disk has another number after every mount.
            if let (Some(then), Some(now)) = (&mut stamp, Stamp::of(&path)) {
                then.stat.device = now.stat.device;
            }
            (path, stamp)
        });
        Ok(Stamps(known.collect()))
    }

    /// A path, the folders and links on the way to it, and where these lead.
    fn note(&mut self, roots: [&Path; 2], path: &Path, links: usize) {
        for place in path.ancestors() {
            if place.as_os_str().is_empty() || self.0.contains_key(place) {
                return;
            }
            self.0.insert(place.to_owned(), Stamp::of(place));
            if let (Ok(target), Some(fewer)) = (fs::read_link(place), links.checked_sub(1)) {
                let target = place.parent().unwrap_or(place).join(target);
                self.note(roots, &target, fewer);
            }
            // Where the project itself lies is not looked at.
            if roots.contains(&place) {
                return;
            }
        }
    }

    /// The first that is not as it was.
    pub(super) fn touched(&self) -> Option<&Path> {
        let mut all = self.0.iter();
        let found = all.find(|(path, before)| match (before, Stamp::of(path)) {
            (Some(before), Some(now)) if before.is_folder && now.is_folder => {
                self.was_moved(path, before, &now)
            }
            (before, now) => **before != now,
        });
        found.map(|(path, _)| &**path)
    }

    /// Whether a folder is another one, or was moved away and back: that changes it but not what is in it, and
    /// changes what is in the one above. What comes and goes in a folder is no harm, and other attributes than
    /// its name are not either.
    fn was_moved(&self, path: &Path, before: &Stamp, now: &Stamp) -> bool {
        let (before, now) = (before.stat, now.stat);
        if (before.device, before.inode) != (now.device, now.inode) {
            return true;
        }
        let above = path
            .parent()
            .and_then(|above| Some((above, self.0.get(above)?)));
        now.changed != before.changed
            && now.modified == before.modified
            && above.is_some_and(|(above, before)| Stamp::of(above) != *before)
    }
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let about = fs::symlink_metadata(path).ok()?;
        Some(Stamp {
            stat: Stat::of(&about),
            is_folder: about.is_dir(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn what_is_left_in_a_folder_tells_a_file_that_was_put_back() {
        let space = tempfile::tempdir().expect("a temporary folder");
        let root = space.path();
        let odd = root.join(OsString::from_vec(vec![b'n', 0xff]));
        let file = root.join("file");
        for path in [&odd, &file] {
            fs::write(path, "1").expect("it is ours");
        }
        let stamps = Stamps::of(root, [odd, file.clone()]);
        stamps.leave_in(root).expect("it is ours");
        let left = || Stamps::left_in(root).expect("they were left");
        assert_eq!(left().touched(), None);

        fs::write(&file, "2").expect("it is ours");
        fs::write(&file, "1").expect("it is ours");
        assert_eq!(left().touched(), Some(&*file));
        fs::write(root.join(STAMPS), "of another version").expect("it is ours");
        assert!(Stamps::left_in(root).is_err());
    }
}
