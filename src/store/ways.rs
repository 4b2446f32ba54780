//! Paths that a store remembers: by their ways from it where both lie in one project, which may be moved as a whole.
//!
//! Where they lie is asked of the disk: a store that the settings name by `..`, or that is a link, is elsewhere.

use std::path::Path;
use std::path::PathBuf;

/// The way from a store to a path in the same project, at `root`; the path itself where one of them lies elsewhere.
pub(super) fn way(store: &Path, path: &Path, root: &Path) -> PathBuf {
    let (store, path, root) = (real_path(store), real_path(path), real_path(root));
    match (store.strip_prefix(&root), path.strip_prefix(&root)) {
        (Ok(here), Ok(inside)) => {
            let mut way: PathBuf = here.components().map(|_| "..").collect();
            way.push(inside);
            way
        }
        _ => path,
    }
}

/// Where a way from a store leads.
pub(super) fn place(store: &Path, way: &Path) -> PathBuf {
    if way.is_absolute() {
        return way.to_owned();
    }
    let store = real_path(store);
    let up = up(way);
    let above = store.ancestors().nth(up).unwrap_or(&store);
    above.join(way.iter().skip(up).collect::<PathBuf>())
}

/// Whether a way is known to lead where it was meant to. Earlier versions wrote some from a store that only seemed
/// to lie in the project.
pub(super) fn is_sure(store: &Path, way: &Path, root: &Path) -> bool {
    let (store, root) = (real_path(store), real_path(root));
    let below = store.strip_prefix(&root);
    way.is_absolute() || below.is_ok_and(|below| below.components().count() == up(way))
}

fn up(way: &Path) -> usize {
    way.iter().take_while(|part| *part == "..").count()
}

/// The path without links; as it is where nothing is there.
pub fn real_path(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_what_lies_in_the_project_is_known_by_its_way() {
        let folder = tempfile::tempdir().unwrap();
        let top = real_path(folder.path());
        let (project, other) = (top.join("a"), top.join("store"));
        fs::create_dir_all(project.join("manifests")).unwrap();
        fs::create_dir_all(project.join("outputs/store")).unwrap();
        fs::create_dir_all(&other).unwrap();
        symlink(&other, project.join("outputs/linked")).unwrap();
        let manifest = project.join("manifests/m.yaml");
        fs::write(&manifest, "").unwrap();
        let inside = project.join("outputs/store");
        assert_eq!(
            way(&inside, &manifest, &project),
            Path::new("../../manifests/m.yaml")
        );
        for store in [
            other.clone(),
            project.join("../store"),
            project.join("outputs/linked"),
        ] {
            assert_eq!(way(&store, &manifest, &project), manifest);
            assert!(!is_sure(
                &store,
                Path::new("../../manifests/m.yaml"),
                &project
            ));
        }
        for store in [&inside, &other] {
            let known = way(store, &manifest, &project);
            assert_eq!(place(store, &known), manifest);
            assert!(is_sure(store, &known, &project));
        }
        // A project may be moved with the store in it.
        let known = way(&inside, &manifest, &project);
        fs::rename(&project, top.join("b")).unwrap();
        let moved = place(&top.join("b/outputs/store"), &known);
        assert_eq!(moved, top.join("b/manifests/m.yaml"));
    }
}
