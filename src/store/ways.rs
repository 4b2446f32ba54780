//! Paths that a store remembers: by their ways from it where both lie in one project, which may be moved as a whole.

use std::path::Path;
use std::path::PathBuf;

/// The way from a store to a path in the same project, at `root`; the path itself where one of them lies elsewhere.
pub(super) fn way(store: &Path, path: &Path, root: &Path) -> PathBuf {
    match (store.strip_prefix(root), path.strip_prefix(root)) {
        (Ok(here), Ok(inside)) => {
            let mut way: PathBuf = here.components().map(|_| "..").collect();
            way.push(inside);
            way
        }
        _ => path.to_owned(),
    }
}

/// Where a way from a store leads.
pub(super) fn place(store: &Path, way: &Path) -> PathBuf {
    let up = way.iter().take_while(|part| *part == "..").count();
    let above = store.ancestors().nth(up).unwrap_or(store);
    above.join(way.iter().skip(up).collect::<PathBuf>())
}
