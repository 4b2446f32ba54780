//! Printed forms of a summary: CSV and JSON for programs, Markdown and LaTeX for papers.

mod compare;
mod digits;
mod fitted;
mod grid;
mod latex;
mod latex_text;
mod markdown;
mod pairwise;
mod siunitx;
mod values;

pub use digits::digits_to_tell;
pub use digits::places_for;
pub use fitted::FittedTable;
pub use fitted::Side;
pub use latex_text::escape as escape_latex;
pub use latex_text::with_needs as latex_with_needs;
pub use markdown::escape as escape_markdown;
pub use values::ValuesFile;

use serde_json::Value as Json;

use super::Summary;
use super::SummaryError;
use super::display;
use grid::Grid;

/// A value of an axis as print has it: whole numbers without a decimal point.
fn coordinate(value: &Json) -> String {
    match value.as_f64() {
        Some(number) if value.is_f64() && number.fract() == 0.0 && number.abs() < 1e15 => {
            format!("{number:.0}")
        }
        _ => display(value),
    }
}

/// The same where people read it: of a number its minus sign and its power of ten, `−1` and `10^{-7}`.
fn named(value: &Json) -> String {
    let text = coordinate(value);
    if !value.is_number() {
        return text;
    }
    let (digits, power) = text
        .split_once('e')
        .map_or((&*text, None), |(d, p)| (d, Some(p)));
    let digits = digits.replace('-', "−");
    let power = power.map(|power| power.trim_start_matches('+'));
    match (power, &*digits) {
        (None, _) => digits,
        (Some(power), "1") => format!("10^{{{power}}}"),
        (Some(power), "−1") => format!("−10^{{{power}}}"),
        (Some(power), _) => format!("{digits}·10^{{{power}}}"),
    }
}

/// A value of an axis in a line of text: `−1`, `10⁻⁷`.
pub fn value_in_line(value: &Json) -> String {
    const RAISED: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    let text = named(value);
    let Some((digits, power)) = text.split_once("^{").filter(|_| value.is_number()) else {
        return text;
    };
    let raised = power.chars().filter_map(|c| match c.to_digit(10) {
        Some(digit) => RAISED.chars().nth(digit as usize),
        None => (c == '-').then_some('⁻'),
    });
    digits.chars().chain(raised).collect()
}

/// How a summary is laid out in print.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// The axis whose values become columns.
    pub columns: Option<String>,
    /// The axes among whose values the best is sought; empty: all but the first, so that, say,
    /// methods are compared within a data set.
    pub compare: Vec<String>,
    /// Decimals of every number; by default what each column warrants.
    pub digits: Option<usize>,
    /// In LaTeX, the room for the table in points; by default one column of two.
    pub width: Option<f64>,
    /// In LaTeX, makes the table a float with a caption.
    pub caption: Option<String>,
    /// In LaTeX, what the text refers to the float by.
    pub label: Option<String>,
    /// In LaTeX, a table that may go on over pages.
    pub long: bool,
    /// In LaTeX, numbers in the columns of siunitx.
    pub siunitx: bool,
}

impl Layout {
    /// The room for a table in LaTeX, in points.
    fn room(&self) -> f64 {
        self.width.unwrap_or(latex::COLUMN)
    }

    fn float(&self) -> fitted::Float<'_> {
        fitted::Float {
            caption: self.caption.as_deref(),
            label: self.label.as_deref(),
            long: self.long,
            wide: fitted::is_wide(self.room()),
        }
    }

    /// A table of words and numbers with what this says of it.
    fn fitted(&self, table: FittedTable) -> String {
        let table = FittedTable {
            caption: self.caption.clone(),
            label: self.label.clone(),
            long: self.long,
            ..table
        };
        table.to_latex(self.room())
    }
}

impl Summary {
    /// One line per group, full precision.
    pub fn to_csv(&self) -> String {
        self.to_table().to_csv()
    }

    /// The rows of the CSV with units and directions, and what the interval is.
    pub fn to_json(&self) -> String {
        let table = self.to_table().to_json();
        let mut document: Json =
            serde_json::from_str(&table).expect("the text was just written as JSON");
        document["note"] = self.note().into();
        document["replicate"] = self.replicate.clone().into();
        document["interval"] = self.interval.describe().into();
        let mut text = serde_json::to_string_pretty(&document).expect("keys are text");
        text.push('\n');
        text
    }

    /// A Markdown table and its note.
    pub fn to_markdown(&self, layout: &Layout) -> Result<String, SummaryError> {
        Ok(markdown::write(self, &Grid::new(self, layout)?))
    }

    /// A `tabular` for a paper that loads `booktabs`, and its note.
    pub fn to_latex(&self, layout: &Layout) -> Result<String, SummaryError> {
        Ok(latex::write(self, &Grid::new(self, layout)?, layout))
    }

    /// Every number as a LaTeX macro, for the text of a paper.
    pub fn to_values(&self, name: &str, layout: &Layout) -> Result<String, SummaryError> {
        Ok(values::write(self, &Grid::new(self, layout)?, name))
    }
}
