//! Texts of both directions: stretches of one direction, as they stand from left to right.
//!
//! A text is cut by the Unicode bidirectional algorithm (UAX 9). What stands at the ends of a stretch from right to
//! left and is no letter of it, such as spaces and brackets, is set as it looks: every program that shows a stretch
//! alone then shows the same.

use std::borrow::Cow;

use unicode_bidi::BidiClass;
use unicode_bidi::Level;
use unicode_bidi::ParagraphBidiInfo;
use unicode_bidi::bidi_class;
use unicode_bidi_mirroring::get_mirrored;

/// A letter from left to right that is not seen.
const MARK: char = '\u{200e}';
const MARKS: [char; 3] = [MARK, '\u{200f}', '\u{61c}'];

/// Whether it only says how its neighbours run.
pub(super) fn is_mark(c: char) -> bool {
    MARKS.contains(&c)
}

fn is_leftward(c: char) -> bool {
    matches!(bidi_class(c), BidiClass::R | BidiClass::AL) && !is_mark(c)
}

/// A name and the number that a figure writes after it: the number stays to its right, in its own direction.
pub(in crate::figures) fn followed(name: &str, number: &str) -> String {
    match name.chars().any(is_leftward) {
        true => format!("{MARK}{name}  {MARK}{number}"),
        false => format!("{name}  {number}"),
    }
}

/// The stretches of a text from left to right, and whether each runs to the left; `alone`: its first letter says
/// which way the whole runs. What is a part of something longer runs to the right.
pub(super) fn stretches(text: &str, alone: bool) -> Vec<(Cow<'_, str>, bool)> {
    if text.is_ascii() {
        return vec![(text.into(), false)];
    }
    let base = match alone {
        true => None,
        false => Some(Level::ltr()),
    };
    let info = ParagraphBidiInfo::new(text, base);
    if !info.has_rtl() {
        return vec![(text.into(), false)];
    }
    let (levels, runs) = info.visual_runs(0..text.len());
    let mut stretches = Vec::new();
    for run in runs {
        let part = &text[run.clone()];
        match levels[run.start].is_rtl() {
            true => stretches.extend(leftward(part)),
            false => stretches.push((part.into(), false)),
        }
    }
    stretches
}

/// A stretch to the left: its letters, and what stands beside them as it looks.
fn leftward(part: &str) -> Vec<(Cow<'_, str>, bool)> {
    // Accents are part of the letter before them.
    let is_letter = |c: char| is_leftward(c) || bidi_class(c) == BidiClass::NSM;
    let start = part.find(is_leftward).unwrap_or(part.len());
    let end = part[start..].rfind(is_letter);
    let end = end.map_or(start, |at| {
        start + at + part[start + at..].chars().next().map_or(0, char::len_utf8)
    });
    let seen = |text: &str| -> String {
        let turned = text.chars().rev();
        turned.map(|c| get_mirrored(c).unwrap_or(c)).collect()
    };
    let all = [
        (seen(&part[end..]).into(), false),
        (part[start..end].into(), true),
        (seen(&part[..start]).into(), false),
    ];
    let some = all.into_iter();
    some.filter(|(text, _): &(Cow<str>, bool)| !text.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As it looks, letter by letter from the left.
    fn seen(text: &str, alone: bool) -> String {
        let stretches = stretches(text, alone).into_iter();
        let one = |(text, leftward): (Cow<str>, bool)| -> String {
            match leftward {
                true => text.chars().rev().collect(),
                false => text.into_owned(),
            }
        };
        stretches.map(one).collect()
    }

    #[test]
    fn numbers_are_never_turned() {
        assert_eq!(seen("plain 52.4", true), "plain 52.4");
        assert_eq!(seen("שלום 2031", true), "2031 םולש");
        assert_eq!(seen("VAE של 2031", true), "VAE 2031 לש");
        assert_eq!(seen("שלום (52.4)", true), "(52.4) םולש");
        assert_eq!(seen("مدل 3.5", true), "3.5 لدم");
    }

    #[test]
    fn a_number_of_the_figure_stands_right_of_its_name() {
        let label = followed("שלום", "−5·10");
        let without: String = seen(&label, false).replace(MARK, "");
        assert_eq!(without, "םולש  −5·10");
        assert_eq!(seen(&label, true), seen(&label, false));
        assert_eq!(followed("plain", "5"), "plain  5");
    }
}
