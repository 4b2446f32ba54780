//! Words of a shell without their quotes.

use std::ffi::OsStr;
use std::ffi::OsString;

/// A word as a program gets it; a quote that is not closed yet counts as one.
pub(super) fn plain(word: &OsStr) -> OsString {
    let Some(word) = word.to_str() else {
        return word.to_owned();
    };
    let mut plain = String::new();
    let mut open = None;
    let mut characters = word.chars();
    while let Some(c) = characters.next() {
        match (c, open) {
            ('\\', None) => plain.extend(characters.next()),
            ('\\', Some('"')) => {
                let next = characters.next();
                if next.is_some_and(|next| !"\"\\$`".contains(next)) {
                    plain.push('\\');
                }
                plain.extend(next);
            }
            ('\'' | '"', None) => open = Some(c),
            (c, Some(quote)) if c == quote => open = None,
            (c, _) => plain.push(c),
        }
    }
    plain.into()
}

/// Whether a word ends within quotes.
pub(super) fn is_open(word: &str) -> bool {
    let mut open = None;
    let mut characters = word.chars();
    while let Some(c) = characters.next() {
        match (c, open) {
            ('\\', None | Some('"')) => _ = characters.next(),
            ('\'' | '"', None) => open = Some(c),
            (c, Some(quote)) if c == quote => open = None,
            _ => {}
        }
    }
    open.is_some()
}

/// A word as a shell takes it back, outside of quotes. Brackets stand as they are: nobody has files named
/// as steps are.
pub(super) fn escaped(word: &str) -> String {
    let mut escaped = String::new();
    for c in word.chars() {
        if c.is_whitespace() || "\\'\"$`&|;<>(){}*?!#~".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_taken_off_also_while_they_are_open() {
        for (word, without) in [
            ("fit[lr=0.1]", "fit[lr=0.1]"),
            ("'fit[lr=0", "fit[lr=0"),
            ("\"a b\"", "a b"),
            (r"a\ b\'", "a b'"),
            (r#""a\n\"""#, r#"a\n""#),
            (r"'a\b'", r"a\b"),
            ("a'b'\"c\"", "abc"),
            ("\\", ""),
        ] {
            assert_eq!(plain(OsStr::new(word)), OsStr::new(without), "{word}");
        }
    }

    #[test]
    fn quotes_are_open_until_they_are_closed() {
        for (word, open) in [
            ("'C=", true),
            ("'C='", false),
            ("a\"b'", true),
            (r#""a\""#, true),
            (r"\'", false),
            ("", false),
        ] {
            assert_eq!(is_open(word), open, "{word}");
        }
    }

    #[test]
    fn what_is_escaped_comes_back() {
        for word in ["fit[name=a b]", "it's", "a|b", "$x", "tab\there"] {
            assert_eq!(plain(OsStr::new(&escaped(word))), OsStr::new(word));
        }
        assert_eq!(escaped("fit[latent=8,seed=0]"), "fit[latent=8,seed=0]");
    }
}
