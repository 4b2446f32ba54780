//! File names for people: readable, legal on every file system, and never two for one.

use crate::store::Digest;
use crate::text::is_hidden;

/// In bytes; file systems allow 255, and suffixes are still to come.
const LONGEST: usize = 120;

/// A file name that reads like `text`. Where characters had to go or the text is too long, a
/// few digits of its digest keep different texts different.
pub fn file_name(text: &str) -> String {
    let legal = |c: char| match c {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
        c if is_hidden(c) => '_',
        c => c,
    };
    let mut name: String = text.chars().map(legal).collect();
    if name.starts_with('.') || name.starts_with(' ') {
        name.replace_range(..1, "_");
    }
    if name.ends_with('.') || name.ends_with(' ') || name.is_empty() {
        name.pop();
        name.push('_');
    }
    if name.len() > LONGEST {
        let mut end = LONGEST;
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        name.truncate(end);
    }
    if name != text {
        name.push('~');
        name.push_str(&Digest::of(text.as_bytes()).to_hex()[..8]);
    }
    name
}

/// The same for a relative path with forward slashes; each part stays a part.
pub(super) fn file_path(text: &str) -> String {
    let parts: Vec<String> = text.split('/').map(file_name).collect();
    parts.join("/")
}

/// What a file is called after its step: `loss[lr=0.1]` and `figure.svg` make `loss[lr=0.1].svg`.
pub(super) fn ending(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.split_once('.').map_or(name, |(_, ending)| ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_stay_as_they_are() {
        assert_eq!(file_name("fit[latent=8,seed=0]"), "fit[latent=8,seed=0]");
        assert_eq!(ending("figure.svg"), "svg");
        assert_eq!(ending("arrays.tar.gz"), "tar.gz");
    }

    #[test]
    fn names_that_had_to_change_stay_different() {
        let (slash, colon) = (file_name("data=a/b"), file_name("data=a:b"));
        assert!(slash.starts_with("data=a_b~"), "{slash}");
        assert_ne!(slash, colon);
        assert_ne!(file_name(".."), "..");
        assert_ne!(file_name(""), "");
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let long = "ä".repeat(200);
        let name = file_name(&long);
        assert!(name.len() <= LONGEST + 9 && name.starts_with("ää"));
        assert_ne!(name, file_name(&"ä".repeat(201)));
    }
}
