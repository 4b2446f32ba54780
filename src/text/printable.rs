//! Text of others made safe to show: what a terminal would obey, or a reader could not see, is
//! written as its code, `\u001b`.
//!
//! The form is that of JSON, so that a JSON text stays one and keeps its value.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write;
use std::path::Path;

/// Whether a character acts on a terminal or on the text around it instead of being seen: control
/// characters (C0, delete, C1), separators of lines and paragraphs, overrides and isolates of the
/// direction of writing, and the two that no XML may hold.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

/// The text with its hidden characters as codes. Tabs and line feeds stay.
pub fn printable(text: &str) -> Cow<'_, str> {
    coded(text, |c| is_hidden(c) && !matches!(c, '\t' | '\n'))
}

/// The same for what must stay in one line, as a name or a cell of a table: tabs and line feeds are
/// `\t` and `\n`.
pub fn in_one_line(text: &str) -> Cow<'_, str> {
    coded(text, is_hidden)
}

/// A path for people, in one line: whatever it is called, it begins no line of what is printed.
#[derive(Clone, Copy, Debug)]
pub struct ShownPath<'p>(&'p Path);

impl fmt::Display for ShownPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&in_one_line(&self.0.to_string_lossy()))
    }
}

/// The one way to print a path.
pub trait ShowPath {
    fn shown(&self) -> ShownPath<'_>;
}

impl ShowPath for Path {
    fn shown(&self) -> ShownPath<'_> {
        ShownPath(self)
    }
}

/// The same for prose: tabs and line feeds become spaces.
pub fn as_prose(text: &str) -> Cow<'_, str> {
    let text = printable(text);
    match text.contains(['\t', '\n']) {
        true => Cow::Owned(text.replace(['\t', '\n'], " ")),
        false => text,
    }
}

/// What a program said, line by line: what it sent to a terminal alone is left out, colours, movements
/// of the cursor, titles of windows, and what it wrote over itself as a progress bar does. Other
/// hidden characters are codes.
pub fn said(text: &str) -> Cow<'_, str> {
    if !text.contains(['\u{1b}', '\r']) {
        return printable(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        plain.push_str(&rest[..at]);
        let sequence = &rest[at + 1..];
        rest = match sequence_end(sequence) {
            Some(end) => &sequence[end..],
            // No sequence that was sent to its end.
            None => {
                plain.push('\u{1b}');
                sequence
            }
        };
    }
    plain.push_str(rest);
    let lines = plain.split('\n').map(|line| {
        let line = line.trim_end_matches('\r');
        line.rsplit('\r').next().unwrap_or(line)
    });
    let lines: Vec<&str> = lines.collect();
    Cow::Owned(printable(&lines.join("\n")).into_owned())
}

/// Characters of what is said that stand among other things; longer texts are in a log.
const SAID: usize = 600;

/// The same, cut where it would hide what stands around it.
pub fn said_in_short(text: &str) -> Cow<'_, str> {
    let said = said(text);
    let mut characters = said.char_indices();
    match characters.nth(SAID) {
        None => said,
        Some((end, _)) => {
            let left_out = 1 + characters.count();
            Cow::Owned(format!("{}… ({left_out} more characters)", &said[..end]))
        }
    }
}

/// Where a sequence ends whose escape character stands before this text (ECMA-48).
fn sequence_end(text: &str) -> Option<usize> {
    let last = |from: usize, inside: fn(char) -> bool, last: fn(char) -> bool| {
        let end = from + text[from..].find(|c| !inside(c))?;
        text[end..].starts_with(last).then_some(end + 1)
    };
    match text.chars().next()? {
        // A control sequence: parameters, then a letter.
        '[' => last(
            1,
            |c| (' '..='?').contains(&c),
            |c| ('@'..='~').contains(&c),
        ),
        // Texts for the terminal, as its title: up to a bell or a terminator.
        ']' | 'P' | 'X' | '^' | '_' => {
            let end = text.find(['\u{7}', '\u{1b}', '\n'])?;
            match &text[end..] {
                bell if bell.starts_with('\u{7}') => Some(end + 1),
                terminator if terminator.starts_with("\u{1b}\\") => Some(end + 2),
                _ => None,
            }
        }
        // Two characters, or three as `(B`.
        _ => last(
            0,
            |c| (' '..='/').contains(&c),
            |c| ('0'..='~').contains(&c),
        ),
    }
}

fn coded(text: &str, hidden: impl Fn(char) -> bool) -> Cow<'_, str> {
    // Nearly all text is of this kind, and looking at bytes is a tenth of the work.
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) || !text.contains(&hidden) {
        return Cow::Borrowed(text);
    }
    let mut coded = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match hidden(c) {
            true => push_code(c, &mut coded),
            false => coded.push(c),
        }
    }
    Cow::Owned(coded)
}

/// Adds the code of a hidden character.
pub(super) fn push_code(c: char, text: &mut String) {
    match c {
        '\n' => text.push_str("\\n"),
        '\t' => text.push_str("\\t"),
        '\r' => text.push_str("\\r"),
        c => {
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_codes_and_all_others_stay() {
        let odd = "a\u{1b}[2J\u{7}\u{7f}\u{9b}1m\u{202e}b\u{2066}\u{2028}\r\u{0}";
        let want = r"a\u001b[2J\u0007\u007f\u009b1m\u202eb\u2066\u2028\r\u0000";
        assert_eq!(printable(odd), want);
        let plain = "é 漢 😀\u{200d} \\ – “”\ttab\nline";
        assert_eq!(printable(plain), plain);
        assert_eq!(in_one_line("a\tb\nc"), r"a\tb\nc");
        assert_eq!(as_prose("a\tb\nc\u{1b}"), r"a b c\u001b");
    }

    #[test]
    fn a_json_text_keeps_its_value() {
        let value = "x\u{7f}\u{9b}\u{202e}\u{2028}";
        let json = serde_json::to_string(value).expect("text is JSON");
        let shown = printable(&json);
        assert!(!shown.contains(is_hidden));
        let read: String = serde_json::from_str(&shown).expect("it is JSON still");
        assert_eq!(read, value);
    }

    #[test]
    fn colours_of_programs_are_left_out() {
        assert_eq!(said("\u{1b}[1;31mred\u{1b}[0m, 50 %\u{1b}[K"), "red, 50 %");
        assert_eq!(said("\u{1b}]0;title\u{7}x\u{1b}]8;;u\u{1b}\\y"), "xy");
        assert_eq!(said("\u{1b}c\u{1b}(Ba\u{1b}7\u{1b}="), "a");
        for torn in [
            "\u{1b}[",
            "\u{1b}[12",
            "\u{1b}[é",
            "\u{1b}",
            "\u{1b}[\n",
            "\u{1b}]0;a",
            "\u{1b}é",
            "\u{1b}]0;a\n\u{7}",
        ] {
            assert!(said(torn).starts_with(r"\u001b"), "{torn:?}");
        }
    }

    #[test]
    fn of_a_progress_bar_the_last_state_is_left() {
        assert_eq!(said("10 %\r50 %\r100 %\r\ndone\r\n"), "100 %\ndone\n");
        assert_eq!(said("a\rb"), "b");
    }
}
