//! Shell texts as far as remarks need them read: what joins commands, outside of quotes, comments
//! and here-documents. Nothing is run on the strength of it.

use super::sequences::may_fail;

/// What joins the commands of a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Joints {
    /// `a | b`
    pub pipe: bool,
    /// `a; b` or two lines, where either may fail and nothing else stands for it.
    pub sequence: bool,
    /// `a &`
    pub background: bool,
    /// `>(a)`
    pub written_to: bool,
    /// The `${…}` within single quotes or a here-document whose word is quoted: left as they are.
    pub literal: Vec<String>,
}

/// How deep in what a character stands.
#[derive(Clone, Copy, PartialEq)]
enum Within {
    Double,
    /// `(…)`, `$(…)`, `<(…)`.
    Parentheses,
    Backquotes,
    /// `((…))`: `|` and `&` are arithmetic.
    Arithmetic,
    /// `[[ … ]]`: patterns.
    Test,
}

/// Whether a text sets or removes a trap for `ERR`, or keeps ours from functions and `$(…)` by `set +E`.
pub(super) fn takes_the_trap(text: &str) -> bool {
    let lines = text.lines();
    let lines = lines.filter(|line| !line.trim_start().starts_with('#'));
    let ends = |c: char| c.is_whitespace() || ";&|(){}".contains(c);
    let words: Vec<&str> = lines
        .flat_map(|line| line.split(ends))
        .filter(|word| !word.is_empty())
        .collect();
    let after = |name| {
        let all = words.iter().enumerate();
        let named = all.filter(move |(_, word)| **word == name);
        named.map(|(at, _)| &words[at + 1..])
    };
    let is_off = |rest: &[&str]| {
        let flags = rest.iter().take_while(|flag| flag.starts_with(['+', '-']));
        let mut flags = flags.filter(|flag| flag.starts_with('+'));
        flags.any(|flag| flag.contains('E')) || rest.starts_with(&["+o", "errtrace"])
    };
    after("trap").any(|rest| rest.contains(&"ERR")) || after("set").any(is_off)
}

/// Reads a text.
pub(super) fn joints(text: &str) -> Joints {
    let mut found = Joints::default();
    let mut within: Vec<Within> = Vec::new();
    // The words that end here-documents, and whether they stand in quotes.
    let mut ends: Vec<(String, bool)> = Vec::new();
    let bytes = text.as_bytes();
    let at = |i: usize| bytes.get(i).copied().unwrap_or(0);
    let mut i = 0;
    // Where the last command begins, and whether one has come that must not be followed unseen.
    let mut start = 0;
    let mut after = false;
    while i < bytes.len() {
        let (c, next) = (at(i), at(i + 1));
        let before = if i == 0 { b'\n' } else { at(i - 1) };
        let inner = within.last().copied();
        match (inner, c) {
            (_, b'\\') => i += 1,
            (Some(Within::Double), b'"') | (Some(Within::Backquotes), b'`') => {
                within.pop();
            }
            (_, b'$') if next == b'(' && at(i + 2) == b'(' => {
                within.push(Within::Arithmetic);
                i += 2;
            }
            (_, b'$') if next == b'(' => {
                within.push(Within::Parentheses);
                i += 1;
            }
            (_, b'$') if next == b'{' => i = closing(text, i + 1),
            (_, b'`') => within.push(Within::Backquotes),
            (Some(Within::Double), _) => {}
            (_, b'\'') => {
                let end = text[i + 1..]
                    .find('\'')
                    .map_or(bytes.len(), |end| i + 1 + end);
                if !is_read_again(&text[..i]) {
                    found.literal.extend(holes(&text[i + 1..end]));
                }
                i = end;
            }
            (_, b'"') => within.push(Within::Double),
            (Some(Within::Arithmetic), b')') if next == b')' => {
                within.pop();
                i += 1;
            }
            (Some(Within::Arithmetic), _) => {}
            (Some(Within::Test), b']') if next == b']' => {
                within.pop();
                i += 1;
            }
            (Some(Within::Test), _) => {}
            (_, b'[') if next == b'[' && is_space(before) && is_space(at(i + 2)) => {
                within.push(Within::Test);
                i += 1;
            }
            (_, b'(') if next == b'(' && is_space(before) => {
                within.push(Within::Arithmetic);
                i += 1;
            }
            (_, b'(') => {
                found.written_to |= before == b'>';
                within.push(Within::Parentheses);
            }
            (Some(Within::Parentheses), b')') => {
                within.pop();
            }
            (_, b'#') if is_space(before) || before == b';' => {
                if within.is_empty() {
                    after |= may_fail(&text[start..i]);
                }
                i = text[i..].find('\n').map_or(bytes.len(), |end| i + end);
                start = i;
                continue;
            }
            (_, b'<') if next == b'<' && at(i + 2) != b'<' && before != b'<' => {
                let rest = text[i + 2..]
                    .trim_start_matches('-')
                    .trim_start_matches(' ');
                let ending = |c: char| c.is_whitespace() || ";|&<>()".contains(c);
                let written = rest.split(ending).next().unwrap_or_default();
                let word = written.replace(['\'', '"', '\\'], "");
                i += 1 + text[i + 2..].len() - rest.len();
                if !word.is_empty() {
                    i += written.len();
                    ends.push((word.clone(), word != written));
                }
            }
            (_, b'\n') => {
                if within.is_empty() {
                    after |= may_fail(&text[start..i]);
                }
                for (end, is_quoted) in ends.drain(..) {
                    let document = i;
                    i = after_lines(text, i, &end);
                    if is_quoted {
                        found.literal.extend(holes(&text[document..i]));
                    }
                }
                start = i;
            }
            // Ends what a pattern of `case` has chosen.
            (_, b';') if next == b';' => {
                after = false;
                i += 1;
                start = i + 1;
            }
            (_, b';') => {
                if within.is_empty() {
                    after |= may_fail(&text[start..i]);
                }
                start = i + 1;
            }
            (_, b'|' | b'&') if next == c => {
                i += 1;
                start = i + 1;
            }
            (_, b'|') => {
                found.pipe |= before != b'>';
                start = i + 1;
            }
            (_, b'&') if next == b'>' || matches!(before, b'>' | b'<' | b'|' | b';') => {}
            (_, b'&') => {
                found.background = true;
                start = i + 1;
            }
            (_, c) if !is_space(c) => {
                found.background |= is_word(text, i, "coproc");
                if within.is_empty() && std::mem::take(&mut after) {
                    found.sequence |= may_fail(text[i..].split(ends_command).next().unwrap_or(""));
                }
            }
            _ => {}
        }
        i += 1;
    }
    found
}

fn ends_command(c: char) -> bool {
    matches!(c, '\n' | ';' | '|' | '&')
}

/// Whether a word stands there.
fn is_word(text: &str, at: usize, word: &str) -> bool {
    let ends = |c: Option<&u8>| c.is_none_or(|c| is_space(*c) || b";|&()".contains(c));
    let bytes = text.as_bytes();
    let before = at.checked_sub(1).map(|before| &bytes[before]);
    bytes[at..].starts_with(word.as_bytes()) && ends(before) && ends(bytes.get(at + word.len()))
}

fn is_space(c: u8) -> bool {
    c.is_ascii_whitespace()
}

/// Where the brace at `open` is closed.
fn closing(text: &str, open: usize) -> usize {
    let mut depth = 0;
    for (i, c) in text.bytes().enumerate().skip(open) {
        match c {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return i;
        }
    }
    text.len()
}

pub(super) const SHELLS: [&str; 7] = ["sh", "bash", "dash", "zsh", "ksh", "mksh", "ash"];

/// Whether what is quoted after these words is filled in by whoever gets it: `sh -c '…'`, `trap '…'`.
fn is_read_again(before: &str) -> bool {
    let mut words = before.split_whitespace().rev();
    let Some(last) = words.next().filter(|_| before.ends_with(is_blank)) else {
        return false;
    };
    if ["trap", "eval", "envsubst", "parallel", "watch"].contains(&last) {
        return true;
    }
    let is_flag = |word: &&str| word.starts_with('-');
    is_flag(&last) && last.ends_with('c') && {
        let program = words.find(|word| !is_flag(word));
        let name = program.and_then(|program| program.rsplit('/').next());
        name.is_some_and(|name| SHELLS.contains(&name))
    }
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// The `${…}` of a text, without those that are written `$${…}`.
fn holes(text: &str) -> impl Iterator<Item = String> {
    let starts = text.match_indices("${").map(|(at, _)| at);
    let open = starts.filter(|at| !text[..*at].ends_with('$'));
    open.map(|at| text[at..=closing(text, at + 1).min(text.len() - 1)].to_owned())
}

/// The end of the line that is nothing but this word, after the end of a line.
fn after_lines(text: &str, from: usize, word: &str) -> usize {
    let mut at = from;
    for line in text[from + 1..].split_inclusive('\n') {
        at += line.len();
        if line.trim() == word {
            return at;
        }
    }
    text.len()
}

/// The words of a text without their quotes, but for those that are written to, and what its quotes
/// hold as a whole.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut written = false;
    let mut end = |word: &mut String, written: &mut bool| {
        if !word.is_empty() {
            if !*written {
                words.push(word.clone());
            }
            word.clear();
            *written = false;
        }
    };
    for c in text.chars() {
        match c {
            '"' | '\'' => {}
            '>' => {
                // `2>file`: the number is no word.
                end(&mut word, &mut written);
                written = true;
            }
            c if c.is_whitespace() => end(&mut word, &mut written),
            ';' | '|' | '&' | '(' | ')' | '<' | '`' => {
                end(&mut word, &mut written);
                written &= c == '&';
            }
            c => word.push(c),
        }
    }
    end(&mut word, &mut written);
    for quote in ['"', '\''] {
        let quoted = text.split(quote).skip(1).step_by(2);
        let spaced = quoted.filter(|inside| inside.contains(' ') && !inside.contains('\n'));
        words.extend(spaced.map(str::to_owned));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traps_for_failures_are_seen() {
        for text in [
            "trap 'echo \"line $LINENO\"' ERR\na",
            "a; trap - ERR",
            "trap '\n  a\n' EXIT ERR",
            "set +E; a",
            "set -x +eE",
            "f() { set +o errtrace; }",
        ] {
            assert!(takes_the_trap(text), "{text}");
        }
        for text in [
            "trap 'rm -f x' EXIT; grep error a",
            "# no trap for ERR\na",
            "set +e; a; set -eE",
            "echo +E",
        ] {
            assert!(!takes_the_trap(text), "{text}");
        }
    }

    #[test]
    fn joints_are_seen_outside_of_quotes_comments_and_documents() {
        let pipe = |text: &str| joints(text).pipe;
        for text in [
            "a | b",
            "x=$(a | b)",
            "echo \"$(a | b)\"",
            "a |& b",
            "`a|b`",
            "(a) | b",
        ] {
            assert!(pipe(text), "{text}");
        }
        for text in [
            "a || b",
            "awk 'a | b'",
            "echo \"a | b\"",
            "# a | b",
            "cat <<END\na | b\nEND\n",
            "cat <<-'END'\na | b\n\tEND\necho",
            "[[ a =~ b|c ]]",
            "echo $((1 | 2))",
            "echo x >| y",
            "echo a\\|b",
            "echo ${x#*|}",
        ] {
            assert!(!pipe(text), "{text}");
        }
        assert!(pipe("cat <<END\nx\nEND\na | b"));
        let background = |text: &str| joints(text).background;
        for text in [
            "a & wait",
            "a &\nwait",
            "(a &)",
            "for i in 1 2; do a & done",
            "coproc a",
            "b; coproc NAME { a; }",
        ] {
            assert!(background(text), "{text}");
        }
        for text in [
            "a && b",
            "a 2>&1",
            "a &> x",
            "a |& b",
            "echo 'a & b'",
            "echo 'coproc a'; a_coproc b",
            "echo $((1 & 2))",
        ] {
            assert!(!background(text), "{text}");
        }
        let sequence = |text: &str| joints(text).sequence;
        assert!(sequence("a; b") && sequence("a\nb"));
        assert!(!sequence("a") && !sequence("a\n") && !sequence("a && b"));
        assert!(sequence("# c\na # d\nb") && !sequence("a &&\n# c\nb"));
        assert!(sequence("cat <<E\nx\nE\nb") && !sequence("x=$(a; b); c"));
        assert!(joints("a | tee >(gzip > x)").written_to);
    }

    #[test]
    fn what_quotes_keep_from_the_shell_is_seen() {
        let literal = |text: &str| joints(text).literal;
        for text in [
            "echo '${lr}'",
            "python3 -c 'print(${lr})'",
            "echo 'sh -c ''${lr}'",
            "awk -v x=1 '{print ${lr}}' file",
            "echo \"$(echo 'a ${lr}')\"",
            "python3 - <<'END'\nprint(${lr})\nEND\n",
            "cat <<-\"END\" | sort\n\t${lr}\n\tEND\necho",
            "cat << \\END\n${lr}\nEND",
        ] {
            assert_eq!(literal(text), ["${lr}"], "{text}");
        }
        for text in [
            "echo \"${lr}\" ${lr}",
            "echo \"it's ${lr}, isn't it\"",
            "python3 - <<END\nprint('${lr}')\nEND\n",
            "python3 -c 'print($${lr})'",
            "sh -c 'echo ${lr}'",
            "find . -exec /bin/bash -eu -c 'echo ${lr}' ';'",
            "trap 'rm ${lr}' EXIT",
            "echo 'a'\"${lr}\"'b'",
            "# it's ${lr}",
            "echo it\\'s ${lr}",
        ] {
            assert!(literal(text).is_empty(), "{text}");
        }
        assert_eq!(literal("echo '${a' '${"), ["${a", "${"]);
    }

    #[test]
    fn words_are_those_that_are_read() {
        let text = "cd \"${root}\"/src && python 'a b.py' x.py > out.txt 2>>log; echo $(cat y)";
        let words = words(text);
        for word in ["${root}/src", "x.py", "a b.py", "y", "python"] {
            assert!(words.iter().any(|known| known == word), "{word}: {words:?}");
        }
        for word in ["out.txt", "log"] {
            assert!(
                !words.iter().any(|known| known == word),
                "{word}: {words:?}"
            );
        }
    }
}
