//! What stood in the place of a result and was somebody's: kept beside it, under another name.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::memory;
use super::memory::ViewFile;
use crate::store::Object;
use crate::store::Presence;
use crate::store::Store;
use crate::text::ShowPath;

/// What stands in front of the name of the run that kept a file aside.
pub(super) const KEPT: &str = ".kept-";

/// Of a name with more bytes so many are left: file systems allow 255, with that of the run.
const LONGEST: usize = 200;

/// The name beside it by which a run keeps what stands at a path.
pub(super) fn name(path: &Path, run: &str) -> PathBuf {
    let mut named = path.file_name().unwrap_or_default().to_owned();
    if named.len() > LONGEST {
        let mut text = named.to_string_lossy().into_owned();
        while text.len() > LONGEST {
            text.pop();
        }
        named = text.into();
    }
    named.push(format!("{KEPT}{run}"));
    while fs::symlink_metadata(path.with_file_name(&named)).is_ok() {
        named.push("+");
    }
    path.with_file_name(named)
}

/// Whether nothing is lost with what stands at a path: there is nothing, it is as we left it, or the same is to be
/// there. What a link leads to in the store is another matter.
pub(super) fn is_ours(
    path: &Path,
    known: Option<&ViewFile>,
    wanted: &ViewFile,
    store: &Store,
) -> bool {
    let Ok(about) = fs::symlink_metadata(path) else {
        return true;
    };
    if about.is_dir() {
        return wanted.object.is_none() && wanted.link.is_none();
    }
    (about.is_symlink() && memory::leads_into(path, store))
        || known.is_some_and(|own| own.is_at(path))
        || wanted.is_at(path)
}

/// Keeps what somebody wrote through a link of the view into the store, before the link goes: the store may let go of
/// it at any time. The link itself says where: a run that was killed remembers nothing of it. Answers under which name.
pub(super) fn keep_edit(path: &Path, store: &Store, run: &str) -> io::Result<Option<PathBuf>> {
    let target = fs::read_link(path).ok();
    let object = target.and_then(|target| store.object_like(&target));
    let edited = |object: &Object| {
        memory::leads_to(path, object, store) && store.presence(object) == Presence::Damaged
    };
    if !object.as_ref().is_some_and(edited) {
        return Ok(None);
    }
    let aside = name(path, run);
    fs::copy(path, &aside)?;
    Ok(Some(aside))
}

/// What is said of a file that is kept under another name beside it.
pub fn kept_as(path: &Path, aside: &Path) -> String {
    let aside = aside.file_name().unwrap_or_default().to_string_lossy();
    format!(
        "`{}` was not the result; it is kept as `{aside}`",
        path.shown()
    )
}
