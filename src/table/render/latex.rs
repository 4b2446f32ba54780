//! The summary as a LaTeX `tabular` with booktabs rules.
//!
//! Needs `\usepackage{booktabs}` and nothing else: numbers of a column have the same decimals, so that
//! their points stand in line without a package; every character outside ASCII that the program
//! itself writes becomes a command, so that plain pdfLaTeX takes it.

use std::fmt::Write;

use super::Layout;
use super::coordinate;
use super::digits::Digits;
use super::digits::Spread;
use super::grid::Cell;
use super::grid::Grid;
use super::grid::Head;
use super::grid::Place;
use super::markdown::note;
use crate::table::Summary;
use crate::text::as_prose;
use crate::text::math;

/// One column of two, in points of LaTeX.
const COLUMN: f64 = 238.0;
/// A letter of `\small`, and the space beside a column.
const LETTER: f64 = 5.1;
const BESIDE: f64 = 8.0;
/// Letters of a head in one line, where the numbers under it are not wider.
const HEAD: usize = 12;

/// The lines of a table under one another; of more columns than there is room for, several tables.
pub(super) fn write(summary: &Summary, grid: &Grid, layout: &Layout) -> String {
    let mut text = "% needs \\usepackage{booktabs}\n".to_owned();
    let float = layout.caption.is_some() || layout.label.is_some();
    if float {
        text.push_str("\\begin{table}[t]\n\\centering\n");
        if let Some(caption) = &layout.caption {
            let _ = writeln!(text, "\\caption{{{}}}", escape(caption));
        }
        if let Some(label) = &layout.label {
            let _ = writeln!(text, "\\label{{{label}}}");
        }
    }
    text.push_str("\\begingroup\n\\small\n\\setlength{\\tabcolsep}{4pt}\n");
    let common = summary.common_n().map(|(n, _)| n);
    let columns: Vec<Column> = (0..grid.heads.len())
        .map(|head| Column::new(grid, head, common))
        .collect();
    for (i, block) in blocks(grid, &columns, layout.width.unwrap_or(COLUMN))
        .into_iter()
        .enumerate()
    {
        if i > 0 {
            text.push_str("\\par\\medskip\n");
        }
        tabular(grid, &columns[block.clone()], block.start, &mut text);
    }
    // What the interval is belongs to the numbers.
    let note = escape(&note(summary, grid));
    let _ = writeln!(
        text,
        "\\par\\smallskip\n{{\\footnotesize {note}\\par}}\n\\endgroup"
    );
    if float {
        text.push_str("\\end{table}\n");
    }
    text
}

/// A column of numbers: what stands before and from ± on, by row.
struct Column {
    head: Vec<String>,
    cells: Vec<(String, String)>,
    /// Whether numbers have something after them.
    spread: bool,
    /// About so wide, in points.
    width: f64,
}

impl Column {
    fn new(grid: &Grid, head: usize, common: Option<usize>) -> Self {
        let cells = grid.rows.iter().map(|row| match &row.cells[head] {
            Some(cell) => value(grid, &grid.heads[head], cell, common),
            None => (String::new(), String::new()),
        });
        let cells: Vec<(String, String)> = cells.collect();
        let letters = |text: &str| {
            let plain = text.replace("\\boldmath", "").replace("\\underline", "");
            let plain = plain
                .replace("\\pm", "±")
                .replace("\\,", " ")
                .replace("\\small", "");
            plain
                .chars()
                .filter(|c| !matches!(c, '$' | '{' | '}'))
                .count()
        };
        let widest = cells
            .iter()
            .map(|(a, b)| letters(a) + letters(b))
            .max()
            .unwrap_or(0);
        let title = match grid.pivot {
            Some(_) => at(&grid.heads[head]),
            None => metric(grid, &grid.heads[head]),
        };
        let head = broken(&title, widest.max(HEAD));
        let title = head
            .iter()
            .map(|line| line.chars().count())
            .max()
            .unwrap_or(0);
        Column {
            head: head.iter().map(|line| mathematics(line)).collect(),
            spread: cells.iter().any(|(_, spread)| !spread.is_empty()),
            width: widest.max(title) as f64 * LETTER + BESIDE,
            cells,
        }
    }
}

/// The columns that have room side by side, each block after the names of the rows.
fn blocks(grid: &Grid, columns: &[Column], room: f64) -> Vec<std::ops::Range<usize>> {
    let names: f64 = (0..grid.row_axes.len())
        .map(|axis| {
            let cells = grid
                .rows
                .iter()
                .map(|row| coordinate(row.at[axis]).chars().count());
            let head = grid.row_axes[axis].title_with_unit().chars().count();
            cells.max().unwrap_or(0).max(head) as f64 * LETTER + BESIDE
        })
        .sum();
    let mut blocks: Vec<std::ops::Range<usize>> = Vec::new();
    let mut used = f64::INFINITY;
    for (i, column) in columns.iter().enumerate() {
        match blocks.last_mut() {
            Some(block) if used + column.width <= room => block.end = i + 1,
            _ => {
                blocks.push(i..i + 1);
                used = names;
            }
        }
        used += column.width;
    }
    blocks
}

/// One table of some of the columns, the first of which is the `first` of the grid.
fn tabular(grid: &Grid, columns: &[Column], first: usize, text: &mut String) {
    let names = grid.row_axes.len();
    // Numbers of a column have the same decimals: set to the right, their points stand in line.
    let kinds = columns
        .iter()
        .map(|c| if c.spread { "r@{\\,}l" } else { "r" });
    let kinds: String = kinds.collect();
    let _ = writeln!(
        text,
        "\\begin{{tabular}}{{{}{kinds}}}\n\\toprule",
        "l".repeat(names)
    );
    header(grid, columns, first, text);
    text.push_str("\\midrule\n");
    for (r, row) in grid.rows.iter().enumerate() {
        let opens = grid.opens_block(r);
        // Space between blocks only where a block can have more than one row.
        if opens && r > 0 && names > 1 {
            text.push_str("\\addlinespace\n");
        }
        let mut cells: Vec<String> = Vec::new();
        for (i, at) in row.at.iter().enumerate() {
            let repeated = i == 0 && !opens && names > 1;
            cells.push(if repeated {
                String::new()
            } else {
                escape(&coordinate(at))
            });
        }
        for column in columns {
            let (centre, spread) = &column.cells[r];
            cells.push(centre.clone());
            if column.spread {
                cells.push(spread.clone());
            }
        }
        let _ = writeln!(text, "{} \\\\", cells.join(" & "));
    }
    text.push_str("\\bottomrule\n\\end{tabular}\n");
}

/// One line of names, or with a pivot the metrics over its values.
fn header(grid: &Grid, columns: &[Column], first: usize, text: &mut String) {
    let names: Vec<String> = grid
        .row_axes
        .iter()
        .map(|axis| mathematics(&axis.title_with_unit()))
        .collect();
    let width = |column: &Column| if column.spread { 2 } else { 1 };
    if let Some(pivot) = grid.pivot {
        let mut top = vec![String::new(); names.len()];
        let mut rules = String::new();
        let (mut start, mut at) = (0, names.len() + 1);
        while start < columns.len() {
            let head = &grid.heads[first + start];
            let same = |i: &usize| grid.heads[first + i].metric.name == head.metric.name;
            let end = (start..columns.len())
                .take_while(same)
                .last()
                .unwrap_or(start)
                + 1;
            let across: usize = columns[start..end].iter().map(width).sum();
            let title = format!("{} by {}", metric(grid, head), pivot.title_with_unit());
            let title = stacked(&broken(&title, HEAD.max(across * 4)));
            top.push(format!("\\multicolumn{{{across}}}{{c}}{{{title}}}"));
            let _ = write!(rules, "\\cmidrule(lr){{{at}-{}}} ", at + across - 1);
            (start, at) = (end, at + across);
        }
        let _ = writeln!(text, "{} \\\\\n{}", top.join(" & "), rules.trim_end());
    }
    let mut cells = names;
    cells.extend(columns.iter().map(|column| {
        let lines = match column.head.len() {
            1 => column.head[0].clone(),
            _ => format!("\\shortstack{{{}}}", column.head.join("\\\\")),
        };
        match column.spread {
            true => format!("\\multicolumn{{2}}{{c}}{{{lines}}}"),
            false => lines,
        }
    }));
    let _ = writeln!(text, "{} \\\\", cells.join(" & "));
}

fn stacked(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| mathematics(line)).collect();
    match &lines[..] {
        [one] => one.clone(),
        lines => format!("\\shortstack{{{}}}", lines.join("\\\\")),
    }
}

/// Words in lines of so many letters.
fn broken(text: &str, letters: usize) -> Vec<String> {
    // Signs stay with what they stand between or after.
    let text = text.replace(" ‖ ", "\u{a0}‖\u{a0}");
    let text = text.replace(" ↑", "\u{a0}↑").replace(" ↓", "\u{a0}↓");
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= letters => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The name of a column with its direction and the power of ten of its numbers.
fn metric(grid: &Grid, head: &Head) -> String {
    let arrow = match head.metric.higher_is_better {
        Some(true) => " ↑",
        Some(false) => " ↓",
        None => "",
    };
    let power = match grid.times(head.metric) {
        0 => String::new(),
        power => format!(" (10^{{{power}}})"),
    };
    format!("{}{power}{arrow}", head.metric.title_with_unit())
}

fn at(head: &Head) -> String {
    head.at.map(coordinate).unwrap_or_default()
}

/// Mathematics in bold with its signs, which `\mathbf` leaves thin. Needs no package.
pub(super) fn bold(math: &str) -> String {
    format!("{{\\boldmath${math}$}}")
}

/// A cell: what stands up to the decimal places, and its spread.
fn value(grid: &Grid, head: &Head, cell: &Cell, common: Option<usize>) -> (String, String) {
    let estimate = cell.estimate;
    let Some(digits) = grid.digits(head.metric, estimate) else {
        return ("--".to_owned(), String::new());
    };
    let mark = |math: String| match cell.place {
        Place::Best => bold(&math),
        Place::Second => format!("\\underline{{${math}$}}"),
        Place::Other => format!("${math}$"),
    };
    let tex = |text: &str| text.replace('−', "-");
    let mut spread = match &digits.spread {
        Spread::None => String::new(),
        Spread::PlusMinus(half) => mark(format!("\\pm\\,{half}")),
        Spread::FromTo(low, high) => mark(format!("[{}, {}]", tex(low), tex(high))),
    };
    if common != Some(estimate.n()) {
        let _ = write!(spread, " \\small($n = {}$)", estimate.n());
    }
    (mark(tex(&digits.centre)), spread)
}

/// A number in math mode.
pub(super) fn math(digits: &Digits) -> String {
    let mut math = match &digits.spread {
        Spread::None => digits.centre.clone(),
        Spread::PlusMinus(half) => format!("{} \\pm {half}", digits.centre),
        Spread::FromTo(low, high) => format!("{}\\;[{low}, {high}]", digits.centre),
    };
    if digits.times != 0 {
        math = match digits.spread {
            Spread::None => math,
            _ => format!("({math})"),
        };
        math = format!("{math} \\times 10^{{{}}}", digits.times);
    }
    math.replace('−', "-")
}

/// A name in which `\\beta`, `z_1` and `10^{3}` are mathematics, as they are in figures.
pub(super) fn mathematics(text: &str) -> String {
    math::latex(text, escape)
}

/// Text that LaTeX prints as it stands.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in as_prose(text).chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '\\' => escaped.push_str("\\textbackslash{}"),
            '<' => escaped.push_str("$<$"),
            '>' => escaped.push_str("$>$"),
            '|' => escaped.push_str("$|$"),
            '−' => escaped.push_str("$-$"),
            '–' => escaped.push_str("--"),
            '±' => escaped.push_str("$\\pm$"),
            '×' => escaped.push_str("$\\times$"),
            '·' => escaped.push_str("$\\cdot$"),
            '≤' => escaped.push_str("$\\le$"),
            '≥' => escaped.push_str("$\\ge$"),
            '∞' => escaped.push_str("$\\infty$"),
            '→' => escaped.push_str("$\\to$"),
            '²' => escaped.push_str("$^2$"),
            '³' => escaped.push_str("$^3$"),
            '‖' | '∥' => escaped.push_str("$\\|$"),
            '↑' => escaped.push_str("$\\uparrow$"),
            '↓' => escaped.push_str("$\\downarrow$"),
            '≈' => escaped.push_str("$\\approx$"),
            '≠' => escaped.push_str("$\\ne$"),
            '∈' => escaped.push_str("$\\in$"),
            '⟨' => escaped.push_str("$\\langle$"),
            '⟩' => escaped.push_str("$\\rangle$"),
            '…' => escaped.push_str("\\dots{}"),
            '°' => escaped.push_str("$^\\circ$"),
            '‘' => escaped.push('`'),
            '’' => escaped.push('\''),
            '“' => escaped.push_str("``"),
            '”' => escaped.push_str("\'\'"),
            '—' => escaped.push_str("---"),
            '\u{a0}' => escaped.push('~'),
            c => match greek(c) {
                Some(name) => {
                    let _ = write!(escaped, "$\\{name}$");
                }
                None => escaped.push(c),
            },
        }
    }
    escaped
}

/// The command of a Greek letter that LaTeX has one for.
fn greek(c: char) -> Option<&'static str> {
    const NAMES: [(char, &str); 33] = [
        ('α', "alpha"),
        ('β', "beta"),
        ('γ', "gamma"),
        ('δ', "delta"),
        ('ε', "varepsilon"),
        ('ζ', "zeta"),
        ('η', "eta"),
        ('θ', "theta"),
        ('ι', "iota"),
        ('κ', "kappa"),
        ('λ', "lambda"),
        ('μ', "mu"),
        ('µ', "mu"),
        ('ν', "nu"),
        ('ξ', "xi"),
        ('π', "pi"),
        ('ρ', "rho"),
        ('σ', "sigma"),
        ('τ', "tau"),
        ('υ', "upsilon"),
        ('φ', "varphi"),
        ('χ', "chi"),
        ('ψ', "psi"),
        ('ω', "omega"),
        ('Γ', "Gamma"),
        ('Δ', "Delta"),
        ('Θ', "Theta"),
        ('Λ', "Lambda"),
        ('Ξ', "Xi"),
        ('Π', "Pi"),
        ('Σ', "Sigma"),
        ('Φ', "Phi"),
        ('Ω', "Omega"),
    ];
    let found = NAMES.iter().find(|(letter, _)| *letter == c);
    found.map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_character_is_escaped() {
        assert_eq!(
            escape(r"50% & a_b #1 {x} ~^\ β ≤ $"),
            r"50\% \& a\_b \#1 \{x\} \textasciitilde{}\textasciicircum{}\textbackslash{} $\beta$ $\le$ \$"
        );
    }
}
