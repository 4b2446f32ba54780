//! Mathematics in names, and none in words of data.
//!
//! Labels, names and titles are what a manifest writes, and are typeset; values of data are shown as they are. On
//! the way to the page both are one text, in which the signs of data have stand-ins that are no mathematics.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::font;
use super::font::Weight;
use crate::table::escape_latex;
use crate::text::math;
pub(super) use crate::text::math::Run;

/// Signs that mathematics begins with, and what stands for them in words of data: characters of private use.
const SIGNS: [(char, char); 3] = [('_', LOW_LINE), ('^', '\u{f05e}'), ('\\', '\u{f05c}')];
/// For the underscore, after which lines may break.
pub(super) const LOW_LINE: char = '\u{f05f}';

/// Texts of the data of a figure that could be taken for mathematics.
pub(super) type Words = BTreeSet<String>;

thread_local! {
    /// Of the figure that is drawn now.
    static WORDS: RefCell<Words> = const { RefCell::new(Words::new()) };
}

/// Whether a text of data could be taken for mathematics.
pub(super) fn could_be_mathematics(text: &str) -> bool {
    text.contains(SIGNS.map(|(sign, _)| sign))
}

/// Draws a figure whose data have these words.
pub(super) fn with<T>(words: Words, draw: impl FnOnce() -> T) -> T {
    let _given = Given(WORDS.replace(words));
    draw()
}

/// Puts back the words of before, also where drawing panics.
struct Given(Words);

impl Drop for Given {
    fn drop(&mut self) {
        WORDS.set(std::mem::take(&mut self.0));
    }
}

/// A value as a label: with stand-ins where it is a word of the data, and not a name that was given to one.
pub(super) fn value(text: &str) -> String {
    match WORDS.with_borrow(|words| words.contains(text)) {
        true => swapped(text, |(sign, stands_in)| (sign, stands_in)),
        false => text.to_owned(),
    }
}

/// A text without stand-ins, as it is read.
pub(super) fn restored(text: &str) -> String {
    swapped(text, |(sign, stands_in)| (stands_in, sign))
}

fn swapped(text: &str, pair: fn((char, char)) -> (char, char)) -> String {
    let swap = |c: char| {
        let found = SIGNS.into_iter().map(pair).find(|(from, _)| *from == c);
        found.map_or(c, |(_, to)| to)
    };
    text.chars().map(swap).collect()
}

/// Splits a name into runs.
pub(super) fn parse(label: &str) -> Vec<Run> {
    let restored = |run: Run| Run {
        text: restored(&run.text),
        ..run
    };
    math::parse(label).into_iter().map(restored).collect()
}

/// The name in one line of text.
pub(super) fn in_line(label: &str) -> String {
    restored(&math::in_line(label))
}

/// The name as LaTeX, with words of data as they are.
pub(super) fn in_latex(label: &str) -> String {
    restored(&math::latex(label, &|text| escape_latex(&restored(text))))
}

/// The letters of the name alone, for screen readers.
pub(super) fn plain(label: &str) -> String {
    restored(&math::plain(label))
}

/// Width in points of a label at a size in points.
pub(super) fn width(label: &str, weight: Weight, size: f64) -> f64 {
    width_of(&parse(label), weight, size)
}

/// Width in points of runs at a size in points.
pub(super) fn width_of(runs: &[Run], weight: Weight, size: f64) -> f64 {
    let widths = runs.iter().map(|run| advance(run, weight, size));
    widths.sum()
}

/// The room that a run takes: none where it stands over the one before it.
pub(super) fn advance(run: &Run, weight: Weight, size: f64) -> f64 {
    match run.over {
        true => 0.0,
        false => font::width(&run.text, weight, size * run.scale),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_data_are_no_mathematics() {
        let words = Words::from(["q_1_2".to_owned()]);
        let (word, name) = with(words, || (value("q_1_2"), value("q_12")));
        assert_eq!(in_latex(&format!("{word} & x^2")), r"q\_1\_2 \& $x^{2}$");
        assert_eq!(parse(&word), [Run::plain("q_1_2".to_owned())]);
        assert_eq!(in_line(&format!("{word} and x^2")), "q_1_2 and x^2");
        // What data do not have is a name that was given.
        assert_eq!(parse(&name).len(), 2);
        assert_eq!(value("q_1_2"), "q_1_2");
    }
}
