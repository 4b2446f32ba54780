//! The summary as a LaTeX `tabular` with booktabs rules.
//!
//! Needs `\usepackage{booktabs}` and nothing else; every character outside ASCII that the program
//! itself writes becomes a command, so that plain pdfLaTeX takes it.

use std::fmt::Write;

use super::coordinate;
use super::digits::Digits;
use super::digits::Spread;
use super::digits::digits;
use super::grid::Cell;
use super::grid::Grid;
use super::grid::Head;
use super::grid::Place;
use super::markdown::note;
use crate::table::Summary;
use crate::text::as_prose;

pub(super) fn write(summary: &Summary, grid: &Grid) -> String {
    let common = summary.common_n().map(|(n, _)| n);
    let names = grid.row_axes.len();
    let mut text = format!("% {}\n", as_prose(&note(summary, grid)).replace('±', "+-"));
    text.push_str("% needs \\usepackage{booktabs}\n");
    let columns = format!("{}{}", "l".repeat(names), "r".repeat(grid.heads.len()));
    let _ = writeln!(text, "\\begin{{tabular}}{{{columns}}}\n\\toprule");
    header(grid, &mut text);
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
        cells.extend(row.cells.iter().map(|cell| match cell {
            Some(cell) => value(cell, summary, common),
            None => String::new(),
        }));
        let _ = writeln!(text, "{} \\\\", cells.join(" & "));
    }
    text.push_str("\\bottomrule\n\\end{tabular}\n");
    text
}

/// One line of names, or with a pivot the metrics over its values.
fn header(grid: &Grid, text: &mut String) {
    let names: Vec<String> = grid
        .row_axes
        .iter()
        .map(|axis| escape(&axis.title_with_unit()))
        .collect();
    let mut cells = names;
    let Some(pivot) = grid.pivot else {
        cells.extend(grid.heads.iter().map(metric));
        let _ = writeln!(text, "{} \\\\", cells.join(" & "));
        return;
    };
    let blank = vec![String::new(); cells.len()];
    let mut top = blank.clone();
    let mut rules = String::new();
    let mut start = 0;
    while start < grid.heads.len() {
        let name = &grid.heads[start].metric.name;
        let width = grid.heads[start..]
            .iter()
            .take_while(|head| head.metric.name == *name)
            .count();
        top.push(format!(
            "\\multicolumn{{{width}}}{{c}}{{{} by {}}}",
            metric(&grid.heads[start]),
            escape(&pivot.title_with_unit())
        ));
        let first = cells.len() + start + 1;
        let _ = write!(rules, "\\cmidrule(lr){{{first}-{}}} ", first + width - 1);
        start += width;
    }
    let _ = writeln!(text, "{} \\\\\n{}", top.join(" & "), rules.trim_end());
    cells.extend(grid.heads.iter().map(|head| {
        head.at
            .map(|at| escape(&coordinate(at)))
            .unwrap_or_default()
    }));
    let _ = writeln!(text, "{} \\\\", cells.join(" & "));
}

fn metric(head: &Head) -> String {
    let arrow = match head.metric.higher_is_better {
        Some(true) => " $\\uparrow$",
        Some(false) => " $\\downarrow$",
        None => "",
    };
    format!("{}{arrow}", escape(&head.metric.title_with_unit()))
}

/// Mathematics in bold with its signs, which `\mathbf` leaves thin. Needs no package.
pub(super) fn bold(math: &str) -> String {
    format!("{{\\boldmath${math}$}}")
}

fn value(cell: &Cell, summary: &Summary, common: Option<usize>) -> String {
    let estimate = cell.estimate;
    let Some(digits) = digits(estimate, summary.interval) else {
        return "--".to_owned();
    };
    let math = math(&digits);
    let mut text = match cell.place {
        Place::Best => bold(&math),
        Place::Second => format!("\\underline{{${math}$}}"),
        Place::Other => format!("${math}$"),
    };
    if common != Some(estimate.n()) {
        let _ = write!(text, " \\small($n = {}$)", estimate.n());
    }
    text
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
