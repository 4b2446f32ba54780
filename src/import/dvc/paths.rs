//! Paths of the project, from its folder, with strokes between.

pub(super) use crate::sources::join;

/// Whether a path is in a folder.
pub(super) fn is_in(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    rest.is_some_and(|rest| rest.starts_with('/'))
}

/// The last part of a path without its ending, as a name of an input or output.
pub(super) fn name(path: &str) -> String {
    let last = path.trim_end_matches('/').rsplit('/').next();
    let last = last.unwrap_or_default().trim_start_matches('.');
    let stem = last.split('.').next().unwrap_or_default();
    let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let mut name: String = stem.chars().map(letter).collect();
    while name.contains("__") {
        name = name.replace("__", "_");
    }
    let name = name.trim_matches('_').to_owned();
    match name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        true => name,
        false if name.is_empty() => "file".to_owned(),
        false => format!("file_{name}"),
    }
}

/// A name that is not taken: with a number behind it where it is.
pub(super) fn unique(name: &str, taken: &dyn Fn(&str) -> bool) -> String {
    let mut names = (2..).map(|number| format!("{name}_{number}"));
    match taken(name) {
        false => name.to_owned(),
        true => names.find(|name| !taken(name)).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_project() {
        assert_eq!(join("", "./a//b/"), Some("a/b".to_owned()));
        assert_eq!(join("src/x", "../../data"), Some("data".to_owned()));
        assert_eq!(join("src", "../../data"), None);
        assert_eq!(join("", "s3://bucket/x"), None);
        assert!(is_in("a/b", "a") && !is_in("ab", "a") && !is_in("a", "a"));
        assert_eq!(name("data/raw-${item}.csv"), "raw_item");
        assert_eq!(name("models/"), "models");
        assert_eq!(name(".hidden"), "hidden");
        assert_eq!(name("2020.csv"), "file_2020");
    }
}
