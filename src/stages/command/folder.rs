//! A folder that a program left, taken as it is: files, empty folders, and links that stay in it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use super::outputs::Output;
use super::outputs::is_own;
use super::outputs::what_is;
use super::paths::cannot;
use crate::engine::Content;
use crate::engine::JobError;
use crate::store::DEEPEST;
use crate::store::Other;
use crate::store::is_mounted;
use crate::store::names;
use crate::text::ShowPath;

/// So many links lead to each other before they are said to lead nowhere.
const LINKS: usize = 40;

/// A folder that was declared and is there.
pub(super) struct Folder<'o> {
    output: &'o Output,
    path: &'o Path,
    /// The same without links on the way to it, as a program finds it that asks where it is.
    real: PathBuf,
}

impl<'o> Folder<'o> {
    /// The folder of an output at this path.
    ///
    /// # Errors
    /// Where there is none, or it is not the program's own.
    pub(super) fn open(output: &'o Output, work: &Path, path: &'o Path) -> Result<Self, JobError> {
        let Output { name, file, .. } = output;
        let found = output.metadata(path)?;
        if !found.is_dir() {
            let file = file.trim_end_matches('/');
            let what = what_is(found.file_type());
            return Err(JobError::failed(format!(
                "`{file}`, the output `{name}`, is {what}, not a folder"
            ))
            .hint(format!("a file is declared as `{name}: {file}`")));
        }
        if !is_own(work, path)? {
            return Err(JobError::failed(format!(
                "`{file}`, the output `{name}`, is reached by a link: what is there stays there"
            ))
            .hint("have the program copy into a folder of its own what is to be kept"));
        }
        let real = path.canonicalize();
        Ok(Folder {
            output,
            path,
            real: real.map_err(|error| cannot("read", path, &error))?,
        })
    }

    /// Its own name.
    pub(super) fn name(&self) -> String {
        names::text_of(self.path.file_name().unwrap_or(self.path.as_os_str()))
    }

    /// Everything in it, by relative path.
    ///
    /// # Errors
    /// Names what cannot be kept.
    pub(super) fn contents(&self) -> Result<BTreeMap<String, Content>, JobError> {
        let mut contents = BTreeMap::new();
        let mut pending = vec![(self.path.to_owned(), String::new())];
        while let Some((folder, inside)) = pending.pop() {
            let read = |error| cannot("read", &folder, &error);
            if inside.split('/').count() > DEEPEST {
                let what = format!("holds folders more than {DEEPEST} deep");
                return Err(self.refuse("", &what).hint(
                    "does the program make folders in folders without end? keep results in fewer levels",
                ));
            }
            if is_mounted(&folder).map_err(read)? {
                return Err(self.refuse(&inside, "is a file system of its own, mounted there"));
            }
            let mut empty = true;
            for entry in fs::read_dir(&folder).map_err(read)? {
                let entry = entry.map_err(read)?;
                let kind = entry.file_type().map_err(read)?;
                let name = names::text_of(&entry.file_name());
                let name = match &inside[..] {
                    "" => name,
                    inside => format!("{inside}/{name}"),
                };
                empty = false;
                let content = if kind.is_dir() {
                    pending.push((entry.path(), name));
                    continue;
                } else if kind.is_file() {
                    Content::Taken(entry.path())
                } else if kind.is_symlink() {
                    Content::Other(Other::Link(self.link(&entry.path(), &name)?))
                } else {
                    let what = format!("is {}, which cannot be kept", what_is(kind));
                    return Err(self.refuse(&name, &what));
                };
                contents.insert(name, content);
            }
            if empty && !inside.is_empty() {
                contents.insert(inside, Content::Other(Other::Folder));
            }
        }
        Ok(contents)
    }

    fn refuse(&self, inside: &str, what: &str) -> JobError {
        let file = names::shown(&format!("{}{inside}", self.output.file));
        JobError::failed(format!(
            "`{file}`, in the output `{}`, {what}",
            self.output.name
        ))
    }

    /// Where a link leads, from the folder that it is in. One that leads into the output by its
    /// whole path, which is gone with the step, is made relative.
    fn link(&self, path: &Path, name: &str) -> Result<String, JobError> {
        let target = fs::read_link(path).map_err(|error| cannot("read", path, &error))?;
        let above = path.parent().unwrap_or(self.path);
        let target = match self.inside(&target) {
            Some(inside) => relative(above.strip_prefix(self.path).unwrap_or(above), inside),
            None => target,
        };
        let mut links = LINKS;
        let place = above.strip_prefix(self.path).unwrap_or(above);
        if self
            .follow(
                place.iter().map(OsString::from).collect(),
                &target,
                &mut links,
            )
            .is_none()
        {
            let what = format!("is a link to `{}`, outside of it", target.shown());
            return Err(self.refuse(name, &what).hint(
                "links may lead to other places in the same output; copy what lies elsewhere",
            ));
        }
        Ok(names::text_of(target.as_os_str()))
    }

    /// The way from the folder to a place in it that is named by its whole path.
    fn inside<'t>(&self, target: &'t Path) -> Option<&'t Path> {
        let inside = target.strip_prefix(self.path);
        inside.or_else(|_| target.strip_prefix(&self.real)).ok()
    }

    /// Where a path leads from a place in the folder, through further links; none if that is
    /// outside.
    fn follow(
        &self,
        mut at: Vec<OsString>,
        target: &Path,
        links: &mut usize,
    ) -> Option<Vec<OsString>> {
        for part in target.components() {
            match part {
                Component::CurDir => continue,
                Component::ParentDir => {
                    at.pop()?;
                    continue;
                }
                Component::Normal(name) => at.push(name.to_owned()),
                Component::RootDir | Component::Prefix(_) => return None,
            }
            let here: PathBuf = at.iter().collect();
            if let Ok(next) = fs::read_link(self.path.join(here)) {
                at.pop();
                // Links in a circle lead nowhere, and so not outside.
                let Some(fewer) = links.checked_sub(1) else {
                    return Some(at);
                };
                *links = fewer;
                let next = match self.inside(&next) {
                    Some(inside) => {
                        at.clear();
                        inside
                    }
                    None => &next,
                };
                at = self.follow(at, next, links)?;
            }
        }
        Some(at)
    }
}

/// The way from one folder to a place, both below the same one.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let common = from.iter().zip(to.iter()).take_while(|(a, b)| a == b);
    let common = common.count();
    let up = from.iter().skip(common).map(|_| "..".as_ref());
    let way: PathBuf = up.chain(to.iter().skip(common)).collect();
    match way.as_os_str().is_empty() {
        true => ".".into(),
        false => way,
    }
}
