//! Ours beside theirs in print: Markdown and LaTeX.

use std::fmt::Write;

use super::coordinate;
use super::digits;
use super::digits::Digits;
use super::latex;
use super::markdown;
use crate::table::ComparedRow;
use crate::table::Comparison;
use crate::text::as_prose;

/// The columns after the names.
const HEADS: [&str; 4] = ["ours", "theirs", "difference", "source"];

impl Comparison {
    /// A Markdown table and its note.
    pub fn to_markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let names = self.names();
        let heads = names.iter().map(String::as_str).chain(HEADS);
        let mut text = line(&heads.map(markdown::escape).collect::<Vec<_>>());
        let _ = writeln!(
            text,
            "|{} ---: | ---: | ---: | --- |",
            " --- |".repeat(names.len())
        );
        let number = |number: &Digits| markdown::plain(number);
        for row in &self.rows {
            let mut cells = self.labels(row);
            cells.push(row.source.clone());
            let mut cells: Vec<String> = cells.iter().map(|text| markdown::escape(text)).collect();
            cells.splice(names.len()..names.len(), self.numbers(row, number, "–"));
            text.push_str(&line(&cells));
        }
        let _ = writeln!(text, "\n{}", as_prose(&self.note()));
        text
    }

    /// A `tabular` for a paper that loads `booktabs`, with its note as a comment.
    pub fn to_latex(&self) -> String {
        let line = |cells: &[String]| format!("{} \\\\\n", cells.join(" & "));
        let names = self.names();
        let mut text = format!("% {}\n", as_prose(&self.note()).replace('±', "+-"));
        text.push_str("% needs \\usepackage{booktabs}\n");
        let columns = "l".repeat(names.len());
        let _ = writeln!(text, "\\begin{{tabular}}{{{columns}rrrl}}\n\\toprule");
        let heads = names.iter().map(String::as_str).chain(HEADS);
        text.push_str(&line(&heads.map(latex::escape).collect::<Vec<_>>()));
        text.push_str("\\midrule\n");
        let number = |number: &Digits| format!("${}$", latex::math(number));
        for row in &self.rows {
            let mut cells = self.labels(row);
            cells.push(row.source.clone());
            let mut cells: Vec<String> = cells.iter().map(|text| latex::escape(text)).collect();
            cells.splice(names.len()..names.len(), self.numbers(row, number, "--"));
            text.push_str(&line(&cells));
        }
        text.push_str("\\bottomrule\n\\end{tabular}\n");
        text
    }

    /// What names a row: the axes, and the metric where there are several.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.ours.by.iter().map(|axis| axis.title()).collect();
        if self.names_metrics() {
            names.push("metric".to_owned());
        }
        names
    }

    fn labels(&self, row: &ComparedRow) -> Vec<String> {
        let mut labels: Vec<String> = row.at.iter().map(coordinate).collect();
        if self.names_metrics() {
            labels.push(self.ours.metrics[row.metric].title_with_unit());
        }
        labels
    }

    /// Ours, theirs and the difference, in brackets where theirs lies inside our interval.
    fn numbers(
        &self,
        row: &ComparedRow,
        print: impl Fn(&Digits) -> String,
        none: &str,
    ) -> [String; 3] {
        let (kind, ours) = (self.ours.interval, row.ours.as_ref());
        let or_none = |digits: Option<Digits>| digits.map_or(none.to_owned(), |d| print(&d));
        let mut difference =
            or_none(ours.and_then(|ours| digits::difference(ours, row.theirs, kind)));
        if row.inside() == Some(true) {
            difference = format!("({difference})");
        }
        [
            or_none(ours.and_then(|ours| digits::digits(ours, kind))),
            print(&digits::printed(row.theirs, row.spread)),
            difference,
        ]
    }
}
