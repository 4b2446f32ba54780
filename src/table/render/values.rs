//! Every number of a summary as a LaTeX macro, so that the text of a paper is never stale.
//!
//! `\sweepline{summary/iwae/2/elbo}` prints the number with its interval; `/mean` or `/median`, `/half`,
//! `/low`, `/high` and `/n` after it print one part.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::coordinate;
use super::digits::Digits;
use super::digits::Spread;
use super::grid::Grid;
use super::grid::Head;
use super::latex;
use crate::table::IntervalKind;
use crate::table::Summary;
use crate::text::math;

/// Looks a number up; one that does not exist stops LaTeX with its name. By the letters of a name first, which the
/// package `underscore` makes commands of, then by what it expands to.
const MACRO: &str = r"\providecommand{\sweepline}[1]{\ifcsname sweepline/\detokenize{#1}\endcsname
  \csname sweepline/\detokenize{#1}\endcsname\else\ifcsname sweepline/#1\endcsname
  \csname sweepline/#1\endcsname\else\errmessage{sweepline has no number `\detokenize{#1}'}\fi\fi}";

/// Before and after names with `_`: what it is elsewhere comes back.
const OPEN: &str =
    r"\expandafter\chardef\csname sweepline-low\endcsname=\catcode`\_ \catcode`\_=8 %";
const CLOSE: &str = r"\catcode`\_=\csname sweepline-low\endcsname%";

/// Numbers by name as LaTeX macros. Two that would have one name have different ones: the second is
/// followed by `-2`.
#[derive(Debug)]
pub struct ValuesFile {
    text: String,
    used: BTreeSet<String>,
}

impl ValuesFile {
    /// `note`: what the numbers are.
    pub fn new(note: &str) -> Self {
        let note = note.replace('±', "+-").replace('\n', " ");
        ValuesFile {
            text: format!("% {note}\n{MACRO}\n"),
            used: BTreeSet::new(),
        }
    }

    /// A name of these parts that no number has yet: `summary/iwae/2/elbo`.
    pub fn name<I: IntoIterator<Item = String>>(&mut self, parts: I) -> String {
        let parts: Vec<String> = parts.into_iter().map(|part| clean(&part)).collect();
        let name = parts.join("/");
        let mut own = name.clone();
        let mut turn = 1;
        while !self.used.insert(own.clone()) {
            turn += 1;
            own = format!("{name}-{turn}");
        }
        own
    }

    /// Defines a number, or a part of it, in math mode.
    pub fn math(&mut self, name: &str, math: &str) {
        self.define(name, &format!("\\ensuremath{{{math}}}"));
    }

    /// Defines what LaTeX prints as text.
    pub fn define(&mut self, name: &str, tex: &str) {
        let _ = writeln!(
            self.text,
            "\\expandafter\\def\\csname sweepline/{name}\\endcsname{{{tex}}}"
        );
    }

    /// The file.
    pub fn into_text(self) -> String {
        match self.used.iter().any(|name| name.contains('_')) {
            true => format!("{OPEN}\n{}{CLOSE}\n", self.text),
            false => self.text,
        }
    }

    /// Numbers under names with `_`, which the package `underscore` makes a command of outside of them.
    pub fn with_low_lines(numbers: &str) -> String {
        format!("{OPEN}\n{MACRO}\n{numbers}{CLOSE}\n")
    }

    /// Whether a line is one of those around them.
    pub fn is_around(line: &str) -> bool {
        [OPEN, CLOSE].contains(&line)
    }
}

/// Defines a number by its digits, whole and in parts, of which the middle is called as the interval has it.
pub(super) fn number(file: &mut ValuesFile, name: &str, digits: &Digits, kind: IntervalKind) {
    let times = digits.times;
    let scaled = |number: &str| match times {
        0 => latex::in_math(number),
        _ => format!("{} \\times 10^{{{times}}}", latex::in_math(number)),
    };
    file.math(name, &latex::math(digits));
    file.math(
        &format!("{name}/{}", kind.centre_name()),
        &scaled(&digits.centre),
    );
    match &digits.spread {
        Spread::None => {}
        Spread::PlusMinus(half) => file.math(&format!("{name}/half"), &scaled(half)),
        Spread::FromTo(low, high) => {
            file.math(&format!("{name}/low"), &scaled(low));
            file.math(&format!("{name}/high"), &scaled(high));
        }
    }
}

pub(super) fn write(summary: &Summary, grid: &Grid, name: &str) -> String {
    let mut file = ValuesFile::new(&summary.note());
    for row in &grid.rows {
        for (head, cell) in grid.heads.iter().zip(&row.cells) {
            let Some(cell) = cell else { continue };
            let Some(mut digits) = grid.digits(head.metric, cell.estimate) else {
                continue;
            };
            digits.times += grid.times(head.metric);
            let at = row.at.iter().map(|at| coordinate(at));
            let parts = [name.to_owned()].into_iter().chain(at).chain(pivot(head));
            let place = file.name(parts.chain([head.metric.name.clone()]));
            number(&mut file, &place, &digits, summary.interval);
            file.math(&format!("{place}/n"), &cell.estimate.n().to_string());
        }
    }
    file.into_text()
}

fn pivot(head: &Head) -> Option<String> {
    head.at.map(coordinate)
}

/// A part of a name that every TeX takes: Greek letters by their names, other letters beyond ASCII by
/// their numbers, and `-` for what TeX or a language of `babel` reads as its own.
fn clean(part: &str) -> String {
    let mut clean = String::with_capacity(part.len());
    for c in part.chars() {
        match c {
            '−' => clean.push('-'),
            c if c.is_ascii_alphanumeric() || "._+-,()".contains(c) => clean.push(c),
            c if c.is_ascii() || c.is_whitespace() => clean.push('-'),
            c => match math::greek(c).filter(|name| !name.ends_with('}')) {
                Some(name) => clean.push_str(&name),
                None => {
                    let _ = write!(clean, "u{:04X}", u32::from(c));
                }
            },
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_legal_and_differ() {
        let mut file = ValuesFile::new("a note");
        let name = |file: &mut ValuesFile, at: &str| file.name(["t".to_owned(), at.to_owned()]);
        assert_eq!(name(&mut file, "β = 4 %"), "t/beta---4--");
        assert_eq!(name(&mut file, "a_b.c"), "t/a_b.c");
        assert_eq!(name(&mut file, "字"), "t/u5B57");
        assert_eq!(name(&mut file, "x y"), "t/x-y");
        assert_eq!(name(&mut file, "x/y"), "t/x-y-2");
        assert_eq!(name(&mut file, "x:y"), "t/x-y-3");
        file.math("t/x-y", "1.5");
        let text = file.into_text();
        let (around, within): (Vec<&str>, Vec<&str>) =
            text.lines().partition(|line| ValuesFile::is_around(line));
        assert_eq!(around, [OPEN, CLOSE]);
        let last = within.last().expect("a number is defined");
        assert!(
            last.ends_with("sweepline/t/x-y\\endcsname{\\ensuremath{1.5}}"),
            "{text}"
        );
        let plain = ValuesFile::new("a note").into_text();
        assert!(plain.starts_with("% a note\n\\providecommand"), "{plain}");
    }
}
