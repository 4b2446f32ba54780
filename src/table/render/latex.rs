//! The summary as a LaTeX `tabular` with booktabs rules.
//!
//! Needs `\usepackage{booktabs}` and nothing else: numbers of a column have the same decimals, so that
//! their points stand in line without a package; every character outside ASCII that the program
//! itself writes becomes a command, so that plain pdfLaTeX takes it.

use std::fmt::Write;

use serde_json::Value as Json;

use super::Layout;
use super::coordinate;
use super::digits::Digits;
use super::digits::Spread;
use super::digits::THIN;
use super::fitted;
use super::grid::Cell;
use super::grid::Grid;
use super::grid::Head;
use super::grid::Place;
use super::latex_text::escape;
use super::latex_text::mathematics;
use super::latex_text::with_needs;
use super::markdown::note;
use super::siunitx;
use crate::table::Column as Axis;
use crate::table::Summary;

/// One column of two, in points of LaTeX.
pub(super) const COLUMN: f64 = 238.0;
/// A letter of `\small`, and the space beside a column.
pub(super) const LETTER: f64 = 5.1;
pub(super) const BESIDE: f64 = 8.0;
/// Letters of a head in one line, where the numbers under it are not wider.
const HEAD: usize = 12;

/// The lines of a table under one another; of more columns than there is room for, several tables.
pub(super) fn write(summary: &Summary, grid: &Grid, layout: &Layout) -> String {
    let float = layout.float();
    let mut text = float.begin("small");
    if layout.siunitx {
        // Bold numbers are numbers too.
        text.insert_str(0, "% needs \\usepackage{siunitx}, version 3\n");
        text.push_str("\\sisetup{reset-text-series=false,text-series-to-math=true}%\n");
    }
    let common = summary.common_n().map(|(n, _)| n);
    let columns: Vec<Column> = (0..grid.heads.len())
        .map(|head| Column::new(grid, head, common))
        .collect();
    let least = Names::least(grid, &columns, layout.room());
    for (i, block) in blocks(&least, &columns, layout.room())
        .into_iter()
        .enumerate()
    {
        if i > 0 && !layout.long {
            text.push_str("\\par\\medskip\n");
        }
        let part = &columns[block.clone()];
        let names = Names::new(grid, part, layout.room());
        tabular(
            grid,
            (&names, part),
            (block.start, i == 0),
            layout,
            &mut text,
        );
    }
    // What the interval is belongs to the numbers.
    text.push_str(&float.end(&mathematics(&note(summary, grid))));
    with_needs(&text)
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
        let head = match (grid.pivot, grid.heads[head].at) {
            (Some(pivot), Some(at)) if at.is_number() => vec![named(pivot, at)],
            (Some(pivot), Some(at)) => {
                let set = words(pivot, at);
                let lines = broken(&coordinate(at), widest.max(HEAD)).into_iter();
                lines.map(|line| set(&line)).collect()
            }
            (Some(_), None) => Vec::new(),
            (None, _) => in_lines(&metric(grid, &grid.heads[head]), widest.max(HEAD)),
        };
        let title = head.iter().map(|line| fitted::letters(line)).max();
        let title = title.unwrap_or(0);
        Column {
            head,
            spread: cells.iter().any(|(_, spread)| !spread.is_empty()),
            width: widest.max(title) as f64 * LETTER + BESIDE,
            cells,
        }
    }
}

/// The columns of names before the numbers.
struct Names {
    /// Of each, in points.
    widths: Vec<f64>,
    /// The widest that one may be; wider ones are broken into lines.
    cap: f64,
}

impl Names {
    /// With room beside them for columns of numbers, of which these are what they take.
    fn new(grid: &Grid, columns: &[Column], room: f64) -> Self {
        let taken = columns.iter().map(|column| column.width).sum();
        Names::beside(grid, taken, room)
    }

    /// With room beside them for the widest column of numbers.
    fn least(grid: &Grid, columns: &[Column], room: f64) -> Self {
        let widths = columns.iter().map(|column| column.width);
        Names::beside(grid, widths.fold(0.0, f64::max), room)
    }

    fn beside(grid: &Grid, taken: f64, room: f64) -> Self {
        let width = |axis: usize| {
            let cells = grid.rows.iter();
            let column = grid.row_axes[axis];
            let cells = cells.map(|row| fitted::letters(&named(column, row.at[axis])));
            let head = grid.row_axes[axis].title_with_unit().chars().count();
            cells.max().unwrap_or(0).max(head) as f64 * LETTER + BESIDE
        };
        let widths: Vec<f64> = (0..grid.row_axes.len()).map(width).collect();
        let cap = fitted::cap(&widths, |_| true, (room - taken).max(room / 3.0));
        Names { widths, cap }
    }

    fn is_broken(&self, axis: usize) -> bool {
        self.widths[axis] > self.cap + 0.5
    }

    fn width(&self) -> f64 {
        self.widths.iter().map(|width| width.min(self.cap)).sum()
    }

    fn kinds(&self) -> String {
        let kinds = (0..self.widths.len()).map(|axis| match self.is_broken(axis) {
            true => format!("p{{{:.0}pt}}", self.cap - BESIDE),
            false => "l".to_owned(),
        });
        kinds.collect()
    }
}

/// The columns that have room side by side, each block after the names of the rows.
fn blocks(names: &Names, columns: &[Column], room: f64) -> Vec<std::ops::Range<usize>> {
    let mut blocks: Vec<std::ops::Range<usize>> = Vec::new();
    let mut used = f64::INFINITY;
    for (i, column) in columns.iter().enumerate() {
        match blocks.last_mut() {
            Some(block) if used + column.width <= room => block.end = i + 1,
            _ => {
                blocks.push(i..i + 1);
                used = names.width();
            }
        }
        used += column.width;
    }
    blocks
}

/// One table of some of the columns, the first of which is the `first` of the grid; only one of them
/// is `named`.
fn tabular(
    grid: &Grid,
    (row_names, columns): (&Names, &[Column]),
    (first, has_name): (usize, bool),
    layout: &Layout,
    text: &mut String,
) {
    let names = grid.row_axes.len();
    // Numbers of a column have the same decimals: set to the right, their points stand in line.
    let kinds = columns.iter().map(|column| {
        let number = match layout.siunitx {
            true => siunitx::column(column.cells.iter().map(|(centre, _)| &**centre)),
            false => "r".to_owned(),
        };
        let after = if column.spread { "@{\\,}l" } else { "" };
        format!("{number}{after}")
    });
    let kinds: String = kinds.collect();
    let (open, environment) = match layout.long {
        true => ("\\begin{longtable}", "longtable"),
        false => (fitted::OPEN, "tabular"),
    };
    let _ = writeln!(text, "{open}{{{}{kinds}}}", row_names.kinds());
    if layout.long && has_name {
        text.push_str(&layout.float().named(" \\\\"));
    }
    let mut head = "\\toprule\n".to_owned();
    header(grid, columns, first, layout, &mut head);
    head.push_str("\\midrule\n");
    text.push_str(&fitted::over(&head, layout.long));
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
                let name = named(grid.row_axes[i], at);
                match row_names.is_broken(i) {
                    true => fitted::broken_cell(&name, row_names.cap),
                    false => name,
                }
            });
        }
        for column in columns {
            let (centre, spread) = &column.cells[r];
            cells.push(match layout.siunitx {
                true => siunitx::cell(centre),
                false => centre.clone(),
            });
            if column.spread {
                cells.push(spread.clone());
            }
        }
        text.push_str(&fitted::row(&cells, "\\\\"));
    }
    if !layout.long {
        text.push_str("\\bottomrule\n");
    }
    let _ = writeln!(text, "\\end{{{environment}}}");
    text.push_str(layout.float().uncounted(has_name));
}

/// One line of names, or with a pivot the metrics over its values.
fn header(grid: &Grid, columns: &[Column], first: usize, layout: &Layout, text: &mut String) {
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
            let title = fitted::stacked(&in_lines(&title, HEAD.max(across * 4)));
            top.push(format!("\\multicolumn{{{across}}}{{c}}{{{title}}}"));
            let _ = write!(rules, "\\cmidrule(lr){{{at}-{}}} ", at + across - 1);
            (start, at) = (end, at + across);
        }
        text.push_str(&fitted::row(&top, "\\\\"));
        let _ = writeln!(text, "{}", rules.trim_end());
    }
    let mut cells = names;
    cells.extend(columns.iter().map(|column| {
        let lines = fitted::stacked(&column.head);
        match column.spread {
            true => format!("\\multicolumn{{2}}{{c}}{{{lines}}}"),
            // Braces keep it from being read as a number.
            false if layout.siunitx => format!("{{{lines}}}"),
            false => lines,
        }
    }));
    text.push_str(&fitted::row(&cells, "\\\\"));
}

/// Words in lines of so many letters, as LaTeX has them.
fn in_lines(text: &str, letters: usize) -> Vec<String> {
    let lines = broken(text, letters).into_iter();
    lines.map(|line| mathematics(&line)).collect()
}

/// A value of an axis; a number is mathematics where it has signs, and words are where they are a name.
pub(super) fn named(axis: &Axis, at: &Json) -> String {
    let text = super::named(at);
    match at.is_number() && text.contains(['−', '^']) {
        true => format!("${}$", text.replace('−', "-").replace('·', " \\cdot ")),
        false => words(axis, at)(&text),
    }
}

/// How words of a value are set: what data say as it is, what `names` calls it with its mathematics.
fn words(axis: &Axis, at: &Json) -> fn(&str) -> String {
    match axis.is_name(at) {
        true => mathematics,
        false => escape,
    }
}

/// Words in lines of so many letters.
fn broken(text: &str, letters: usize) -> Vec<String> {
    // Signs stay with what they stand between or after.
    let text = text.replace(" ‖ ", "\u{a0}‖\u{a0}");
    let text = text.replace(" ↑", "\u{a0}↑").replace(" ↓", "\u{a0}↓");
    let mut lines: Vec<String> = Vec::new();
    let mut open = 0;
    for word in text.split(' ') {
        // A formula in braces stays whole.
        let within = open > 0;
        open += word.matches('{').count() as i32 - word.matches('}').count() as i32;
        match lines.last_mut() {
            Some(line) if within || line.chars().count() + 1 + word.chars().count() <= letters => {
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
    let tex = |text: &str| {
        let text = in_math(text);
        match digits.times {
            0 => text,
            times => format!("{text} \\times 10^{{{times}}}"),
        }
    };
    let mut spread = match &digits.spread {
        Spread::None => String::new(),
        Spread::PlusMinus(half) => mark(format!("\\pm\\,{}", tex(half))),
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
    in_math(&math)
}

/// The digits of a number in mathematics.
pub(super) fn in_math(digits: &str) -> String {
    digits.replace('−', "-").replace(THIN, "\\,")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_axes_are_mathematics() {
        let axis = Axis::axis("a");
        let of = |at: Json| named(&axis, &at);
        assert_eq!(of((-1).into()), "$-1$");
        assert_eq!(of(1e-7.into()), "$10^{-7}$");
        assert_eq!(of((-2.5e-9).into()), "$-2.5 \\cdot 10^{-9}$");
        assert_eq!(of(0.5.into()), "0.5");
        assert_eq!(of("a-1".into()), "a-1");
    }
}
