//! Tables of words and numbers for LaTeX that fit their room: what is too wide is broken into lines.

use std::fmt::Write;

use super::latex::BESIDE;
use super::latex::LETTER;
use super::latex_text::caption_in_latex;
use super::latex_text::with_needs;

/// Text columns are not made narrower than this, in points.
const NARROWEST: f64 = 44.0;

/// A first column of words that gets a smaller part of the room than this stands over its rows.
const LEAST_PART: f64 = 0.3;

/// Longer words are not waited for.
const WIDEST_WORD: f64 = 80.0;

/// How the cells of a column stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Words, which may be broken into lines.
    Words,
    /// Numbers, which may not.
    Numbers,
}

/// How the columns of a table fit its room.
struct Fit {
    /// The width that columns of words have at most, in points.
    cap: f64,
    /// By column, whether its cells are broken into lines.
    broken: Vec<bool>,
    /// What all take.
    total: f64,
}

/// A table in LaTeX: heads, cells and note are LaTeX themselves.
#[derive(Clone, Debug, Default)]
pub struct FittedTable {
    pub columns: Vec<(String, Side)>,
    pub rows: Vec<Vec<String>>,
    /// Printed below; none where it is empty.
    pub note: String,
    /// Makes it a float.
    pub caption: Option<String>,
    /// What the text refers to the float by.
    pub label: Option<String>,
    /// Whether it may go on over pages.
    pub long: bool,
}

impl FittedTable {
    /// A `tabular` with booktabs rules, no wider than `room` points where its words can be broken. Where
    /// that would leave a long first column too little, its cells stand on lines of their own, and those
    /// of the columns of words after it with them where the rest would still be too wide.
    pub fn to_latex(&self, room: f64) -> String {
        let mut kept: Vec<usize> = (0..self.columns.len())
            .filter(|&i| self.rows.iter().any(|row| !row[i].is_empty()))
            .collect();
        let mut fit = self.fit(&kept, room);
        // The columns that stand over their rows: the first, and more where the rest is too wide still.
        let mut leads: Vec<usize> = Vec::new();
        while kept.len() > 1 && self.columns[kept[0]].1 == Side::Words {
            let little = leads.is_empty() && fit.broken[0] && fit.cap < LEAST_PART * room;
            if !little && fit.total <= room + BESIDE {
                break;
            }
            leads.push(kept.remove(0));
            fit = self.fit(&kept, room);
        }
        let lead = |cells: &dyn Fn(usize) -> String| {
            let cells = leads.iter().map(|&i| cells(i));
            let cells: Vec<String> = cells.filter(|cell| !cell.is_empty()).collect();
            cells.join(", ")
        };
        let kinds =
            kept.iter()
                .zip(&fit.broken)
                .map(|(&i, broken)| match (self.columns[i].1, broken) {
                    (_, true) => format!("p{{{:.0}pt}}", fit.cap - BESIDE),
                    (Side::Words, false) => "l".to_owned(),
                    (Side::Numbers, false) => "r".to_owned(),
                });
        let kinds: String = kinds.collect();
        let kinds = match leads.is_empty() {
            false => format!("@{{}}{kinds}@{{}}"),
            true => kinds,
        };
        let line = |cells: Vec<String>| row(&cells, "\\tabularnewline");
        let over_row = |text: &str| {
            let (count, text) = (kept.len(), broken_cell(text, room));
            // As wide as the column that it comes to stand in.
            let kind = "@{}p{\\linewidth}@{}";
            format!("\\multicolumn{{{count}}}{{{kind}}}{{{text}}} \\tabularnewline\n")
        };
        let heads = kept.iter().map(|&i| match self.columns[i].1 {
            Side::Words => self.columns[i].0.clone(),
            // Words over numbers stand where the numbers do.
            Side::Numbers => format!("\\multicolumn{{1}}{{r}}{{{}}}", self.columns[i].0),
        });
        let lead_head = match leads.is_empty() {
            false => over_row(&lead(&|i| self.columns[i].0.clone())),
            true => String::new(),
        };
        let head = format!("\\toprule\n{lead_head}{}\\midrule\n", line(heads.collect()));
        let mut body = over(&head, self.long);
        for (at, row) in self.rows.iter().enumerate() {
            let own = lead(&|i| row[i].clone());
            if !own.is_empty() {
                if at > 0 {
                    body.push_str("\\addlinespace\n");
                }
                body.push_str(&over_row(&own));
            }
            let cells = kept
                .iter()
                .zip(&fit.broken)
                .map(|(&i, broken)| match broken {
                    true => broken_cell(&row[i], fit.cap),
                    false => row[i].clone(),
                });
            body.push_str(&line(cells.collect()));
        }
        if !self.long {
            body.push_str("\\bottomrule\n");
        }
        let float = Float {
            caption: self.caption.as_deref(),
            label: self.label.as_deref(),
            long: self.long,
            wide: is_wide(room),
        };
        let size = if fit.total > room + BESIDE {
            "footnotesize"
        } else {
            "small"
        };
        float.around((size, &kinds), &body, &self.note)
    }

    /// How columns fit the room side by side.
    fn fit(&self, kept: &[usize], room: f64) -> Fit {
        let width = |i: usize| {
            let cells = self.rows.iter().map(|row| letters(&row[i]));
            let widest = cells.max().unwrap_or(0).max(letters(&self.columns[i].0));
            widest as f64 * LETTER + BESIDE
        };
        let widths: Vec<f64> = kept.iter().map(|&i| width(i)).collect();
        let is_text = |at: usize| self.columns[kept[at]].1 == Side::Words;
        let cap = cap(&widths, is_text, room).max(self.longest_word(kept));
        let broken = (0..kept.len()).map(|at| is_text(at) && widths[at] > cap + 0.5);
        let broken: Vec<bool> = broken.collect();
        let taken = widths.iter().zip(&broken);
        let total = taken
            .map(|(width, broken)| if *broken { cap } else { *width })
            .sum();
        Fit { cap, broken, total }
    }

    /// The width that a column of words needs for its longest word, as far as that is reasonable.
    fn longest_word(&self, kept: &[usize]) -> f64 {
        let columns = kept.iter().filter(|&&i| self.columns[i].1 == Side::Words);
        let cells = columns.flat_map(|&i| self.rows.iter().map(move |row| &row[i]));
        let longest = cells.flat_map(|cell| pieces(cell)).map(letters).max();
        (longest.unwrap_or(0) as f64 * LETTER + BESIDE).clamp(NARROWEST, WIDEST_WORD)
    }
}

/// A row of a table. After the end of the row before, or a rule, LaTeX takes what begins with `[` or `*` for its own.
pub(super) fn row(cells: &[String], end: &str) -> String {
    let text = cells.join(" & ");
    format!("{}{text} {end}\n", guard(&text))
}

/// The lines of a cell under one another, where the same holds.
pub(super) fn stacked(lines: &[String]) -> String {
    let guarded = lines.iter().map(|line| format!("{}{line}", guard(line)));
    match lines {
        [one] => one.clone(),
        _ => format!(
            "\\shortstack{{{}}}",
            guarded.collect::<Vec<_>>().join("\\\\")
        ),
    }
}

fn guard(text: &str) -> &'static str {
    match text.trim_start().starts_with(['[', '*']) {
        true => "{}",
        false => "",
    }
}

/// No journal of two columns has wider ones than 4 inches: what has more room goes over both.
pub(super) fn is_wide(room: f64) -> bool {
    room > 4.0 * 72.27
}

/// The head of a table over its rows; of a long one also on later pages, without its name.
pub(super) fn over(head: &str, long: bool) -> String {
    match long {
        true => format!("{head}\\endfirsthead\n{head}\\endhead\n\\bottomrule\n\\endfoot\n"),
        false => head.to_owned(),
    }
}

/// A table that begins a paragraph is as wide as its lines.
pub(super) const OPEN: &str = "\\noindent\\begin{tabular}";

/// What stands around the rows of a table.
pub(super) struct Float<'a> {
    pub caption: Option<&'a str>,
    pub label: Option<&'a str>,
    pub long: bool,
    /// Whether it stands over both columns of two.
    pub wide: bool,
}

impl Float<'_> {
    /// `size`: of the type.
    pub(super) fn begin(&self, size: &str) -> String {
        let needs = match self.long {
            true => "% needs \\usepackage{booktabs,longtable}\n",
            false => "% needs \\usepackage{booktabs}\n",
        };
        let mut text = needs.to_owned();
        if self.floats() {
            let _ = writeln!(text, "\\begin{{{}}}[t]\n\\centering", self.kind());
            text.push_str(&self.named(""));
        }
        let _ = writeln!(
            text,
            "\\begingroup\n\\{size}\n\\setlength{{\\tabcolsep}}{{4pt}}%"
        );
        text
    }

    fn kind(&self) -> &'static str {
        match self.wide {
            true => "table*",
            false => "table",
        }
    }

    /// What stands after a part of a long table: each counts as a table for LaTeX, which numbers those with a name.
    pub(super) fn uncounted(&self, named: bool) -> &'static str {
        match self.long && !(named && (self.caption.is_some() || self.label.is_some())) {
            true => "\\addtocounter{table}{-1}\n",
            false => "",
        }
    }

    /// A long table goes on over pages, and a float cannot.
    fn floats(&self) -> bool {
        !self.long && (self.caption.is_some() || self.label.is_some())
    }

    /// Caption and label, each line with an end.
    pub(super) fn named(&self, end: &str) -> String {
        let mut text = String::new();
        if let Some(caption) = self.caption {
            let _ = writeln!(text, "\\caption{{{}}}", caption_in_latex(caption));
        }
        if let Some(label) = self.label {
            let _ = writeln!(text, "\\label{{{label}}}");
        }
        if !text.is_empty() && !end.is_empty() {
            text.truncate(text.len() - 1);
            let _ = writeln!(text, "{end}");
        }
        text
    }

    pub(super) fn end(&self, note: &str) -> String {
        let mut text = String::new();
        if !note.is_empty() {
            let _ = writeln!(
                text,
                "\\par\\smallskip\n{{\\footnotesize\\noindent {note}\\par}}"
            );
        }
        text.push_str("\\endgroup\n");
        if self.floats() {
            let _ = writeln!(text, "\\end{{{}}}", self.kind());
        }
        text
    }

    fn around(&self, (size, kinds): (&str, &str), body: &str, note: &str) -> String {
        let (open, close) = match self.long {
            true => (
                format!("\\begin{{longtable}}{{{kinds}}}\n{}", self.named(" \\\\")),
                "longtable",
            ),
            false => (format!("{OPEN}{{{kinds}}}\n"), "tabular"),
        };
        let text = format!(
            "{}{open}{body}\\end{{{close}}}\n{}{}",
            self.begin(size),
            self.uncounted(true),
            self.end(note)
        );
        with_needs(&text)
    }
}

/// The width that columns of words may have at most, so that all columns fit the room.
pub(super) fn cap(widths: &[f64], is_text: impl Fn(usize) -> bool, room: f64) -> f64 {
    let fixed: f64 = (0..widths.len())
        .filter(|&i| !is_text(i))
        .map(|i| widths[i])
        .sum();
    let mut words: Vec<f64> = (0..widths.len())
        .filter(|&i| is_text(i))
        .map(|i| widths[i])
        .collect();
    words.sort_by(f64::total_cmp);
    let mut left = room - fixed;
    for (i, width) in words.iter().enumerate() {
        // The narrow ones keep their widths, the others share what is left.
        let share = left / (words.len() - i) as f64;
        if *width > share {
            return share.max(NARROWEST);
        }
        left -= width;
    }
    f64::INFINITY
}

/// About how many letters LaTeX prints.
pub(super) fn letters(tex: &str) -> usize {
    let mut count = 0;
    let mut chars = tex.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let mut command = String::new();
                while let Some(next) = chars.next_if(char::is_ascii_alphabetic) {
                    command.push(next);
                }
                match command.as_str() {
                    "boldmath" | "underline" | "small" | "footnotesize" | "allowbreak"
                    | "textnormal" | "mathrm" | "mathcal" | "mathbf" | "mathbb" | "mathit" => {}
                    "" => count += usize::from(chars.next().is_some_and(|c| c != ',')),
                    _ => count += 1,
                }
            }
            '{' | '}' | '$' => {}
            // Of East Asia and pictures.
            '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{ffdc}' | '\u{1f000}'.. => count += 2,
            _ => count += 1,
        }
    }
    count
}

/// A cell of words in lines of a column so wide, which may also be broken after underscores and such, and a word that
/// is longer than a line anywhere.
pub(super) fn broken_cell(tex: &str, width: f64) -> String {
    let line = ((width - BESIDE) / LETTER) as usize;
    let mut cell = "\\raggedright\\hspace{0pt}".to_owned();
    let mut pieces = pieces(tex).into_iter().peekable();
    while let Some(piece) = pieces.next() {
        match letters(piece.trim_end()) > line && is_plain(piece) {
            true => {
                let chars: Vec<String> = piece.chars().map(String::from).collect();
                cell.push_str(&chars.join("\\allowbreak{}"));
            }
            false => cell.push_str(piece),
        }
        // A space of its own begins a new word, in which LaTeX may hyphenate.
        if pieces.peek().is_some() && !piece.ends_with(' ') {
            cell.push_str("\\hspace{0pt}");
        }
    }
    cell
}

/// Whether text has no command or formula, and is more than a word of a language, which LaTeX hyphenates.
fn is_plain(tex: &str) -> bool {
    let word = tex.trim_end().chars().all(char::is_alphabetic);
    !word && !tex.contains(['\\', '$', '{', '}', '^', '~'])
}

/// The parts of a cell of words between which a line may end: after spaces, and after signs in names and paths.
fn pieces(tex: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut formula) = (0, false);
    let bytes = tex.as_bytes();
    for (at, byte) in tex.bytes().enumerate() {
        let escaped = at > 0 && bytes[at - 1] == b'\\';
        if byte == b'$' && !escaped {
            formula = !formula;
        }
        let single = |sign: u8| {
            let other = |at: Option<usize>| at.and_then(|at| bytes.get(at)) != Some(&sign);
            other(at.checked_sub(1)) && other(Some(at + 1))
        };
        let ends = match byte {
            b' ' => !escaped,
            b'/' | b'=' | b'+' | b':' => true,
            b'_' => escaped,
            b'-' => single(b'-') && bytes.get(at + 1) != Some(&b'{'),
            // The bar.
            b'$' => tex[..=at].ends_with("$|$"),
            _ => false,
        };
        if ends && !formula && at + 1 < bytes.len() && at > start {
            pieces.push(&tex[start..=at]);
            start = at + 1;
        }
    }
    pieces.push(&tex[start..]);
    pieces
}

#[cfg(test)]
mod tests;
