//! Numbers with their nouns, and lists as sentences write them.

/// `1 step`, `3 steps`, `2 entries`.
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 {
        return format!("1 {noun}");
    }
    // The one irregular noun of the program.
    if noun == "axis" {
        return format!("{count} axes");
    }
    let consonant_y = noun
        .strip_suffix('y')
        .filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u']));
    match consonant_y {
        Some(stem) => format!("{count} {stem}ies"),
        None if noun.ends_with('s') || noun.ends_with("ch") => format!("{count} {noun}es"),
        None => format!("{count} {noun}s"),
    }
}

/// `a`, `b`, and `c`: names in backticks. Long lists end with how many more there are.
pub fn list_of<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> String {
    const SHOWN: usize = 12;
    // To hide one or two would save nothing.
    const MOST: usize = 14;
    let names: Vec<N> = names.into_iter().collect();
    let quoted = |name: &N| format!("`{}`", name.as_ref());
    match names.as_slice() {
        [] => "none".to_owned(),
        [one] => quoted(one),
        [one, two] => format!("{} and {}", quoted(one), quoted(two)),
        [init @ .., last] if names.len() <= MOST => {
            let init: Vec<String> = init.iter().map(quoted).collect();
            format!("{}, and {}", init.join(", "), quoted(last))
        }
        many => {
            let shown: Vec<String> = many[..SHOWN].iter().map(quoted).collect();
            format!("{}, and {} more", shown.join(", "), many.len() - SHOWN)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_singular_and_others_are_plural() {
        assert_eq!(plural(1, "step"), "1 step");
        assert_eq!(plural(0, "step"), "0 steps");
        assert_eq!(plural(2, "entry"), "2 entries");
        assert_eq!(plural(2, "key"), "2 keys");
        assert_eq!(plural(3, "axis"), "3 axes");
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(list_of(["a"]), "`a`");
        assert_eq!(list_of(["a", "b"]), "`a` and `b`");
        assert_eq!(list_of(["a", "b", "c"]), "`a`, `b`, and `c`");
        let many: Vec<String> = (0..15).map(|i| i.to_string()).collect();
        assert!(list_of(&many).ends_with("`11`, and 3 more"));
        assert!(list_of(&many[..13]).ends_with("`11`, and `12`"));
    }
}
