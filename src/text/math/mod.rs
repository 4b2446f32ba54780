//! Mathematics in names: `\beta`, `E_q`, `10^3`, `x_{max}`, `\hat{z}`, `\mathcal{L}`, `\frac{1}{n}`,
//! `\sqrt{d}`, `\log`, as LaTeX writes it, for figures, tables and captions.
//!
//! An underscore lowers only after a single letter or a command, so that `test_kl` stays a name;
//! braces lower or raise anything. Words stay words: `beta` is no letter, `\beta` is.

mod reader;
mod symbols;

pub use symbols::greek;
pub use symbols::sign;

use reader::Item;
use reader::Part;
use reader::items;

/// A piece of text on one baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub text: String,
    /// Size against that of the text.
    pub scale: f64,
    /// Of the baseline, upwards, in em of the text.
    pub shift: f64,
    /// Leaning, as letters of `\mathcal` are.
    pub slanted: bool,
    /// Set over the middle of the run before it, as a hat is, and takes no room.
    pub over: bool,
}

impl Run {
    /// Text as it is.
    pub fn plain(text: String) -> Self {
        Run {
            text,
            scale: 1.0,
            shift: 0.0,
            slanted: false,
            over: false,
        }
    }

    fn is_like(&self, other: &Run) -> bool {
        let same = |a: &Run| (a.scale, a.shift, a.slanted, a.over);
        same(self) == same(other) && !self.over
    }
}

/// Splits a name into runs.
pub fn parse(label: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for item in items(label).0 {
        let more = match item {
            Item::Text(text) => vec![Run::plain(text)],
            Item::Math(math) => math.runs,
        };
        // What a hat stands over is a run of its own.
        let whole = more.iter().all(|run| !run.over);
        for run in more {
            match runs.last_mut() {
                Some(last) if whole && last.is_like(&run) => last.text.push_str(&run.text),
                _ => runs.push(run),
            }
        }
    }
    runs
}

/// The name in one line of text: Greek letters, `x_max`, `a/b`.
pub fn in_line(label: &str) -> String {
    let items = items(label).0.into_iter().map(|item| match item {
        Item::Text(text) => text,
        Item::Math(math) => math.line,
    });
    items.collect()
}

/// The letters of the name alone, for screen readers.
pub fn plain(label: &str) -> String {
    parse(label).into_iter().map(|run| run.text).collect()
}

/// The name for LaTeX: mathematics between dollars, text through `escape`.
pub fn latex(label: &str, escape: &dyn Fn(&str) -> String) -> String {
    let mut text = String::new();
    for item in items(label).0 {
        match item {
            Item::Text(part) => text.push_str(&escape(&part)),
            Item::Math(math) => {
                // Neighbours are one formula.
                match text.strip_suffix('$').filter(|text| !text.ends_with('\\')) {
                    Some(before) if before.contains('$') => text = format!("{before} "),
                    _ => text.push('$'),
                }
                for part in &math.tex {
                    match part {
                        Part::Math(tex) => text.push_str(tex),
                        Part::Text(part) => {
                            text.push_str(&format!("\\textnormal{{{}}}", latex(part, escape)));
                        }
                    }
                }
                text.push('$');
            }
        }
    }
    text
}

/// What somebody wrote between dollars, with letters and signs as commands, which every LaTeX takes.
pub fn in_formula(tex: &str) -> String {
    let mut text = String::with_capacity(tex.len());
    let mut chars = tex.chars().peekable();
    while let Some(c) = chars.next() {
        match sign(c) {
            Some(tex) => {
                text.push_str(&tex);
                let name = tex.rsplit('\\').next().filter(|_| tex.starts_with('\\'));
                let ends =
                    name.is_some_and(|name| name.ends_with(|c: char| c.is_ascii_alphabetic()));
                if ends && chars.peek().is_some_and(char::is_ascii_alphabetic) {
                    text.push(' ');
                }
            }
            None => {
                if matches!(c, '%' | '#' | '&' | '$') && !text.ends_with('\\') {
                    text.push('\\');
                }
                text.push(c);
            }
        }
    }
    text
}

/// The first mistake in the mathematics of a name, and what to do about it.
pub fn mistake(label: &str) -> Option<(String, String)> {
    items(label).1.into_iter().next()
}

#[cfg(test)]
mod tests;
