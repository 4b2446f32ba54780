//! Names under which files that are not ours, or damaged, stay beside what takes their place.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// The first name of its kind beside a file that nothing has.
pub(super) fn free_name(path: &Path) -> PathBuf {
    let mut names = (1..).map(|n| {
        let mut name = path.to_owned();
        name.as_mut_os_string().push(format!(".kept-{n}"));
        name
    });
    let free = names.find(|name| fs::symlink_metadata(name).is_err());
    free.unwrap_or_else(|| path.to_owned())
}
