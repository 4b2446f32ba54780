//! Ours beside theirs in print: Markdown and LaTeX.

use std::fmt::Write;

use serde_json::Value as Json;

use super::FittedTable;
use super::Layout;
use super::Side;
use super::ValuesFile;
use super::coordinate;
use super::digits;
use super::digits::Digits;
use super::latex;
use super::latex_text;
use super::markdown;
use super::values;
use crate::table::Column;
use crate::table::ComparedRow;
use crate::table::Comparison;
use crate::text::as_prose;
use crate::text::math;

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
            let words = |text: &str| markdown::escape(&math::in_line(text));
            let mut cells = self.labels(row, markdown::named, words);
            cells.push(markdown::escape(&row.source));
            cells.splice(names.len()..names.len(), self.numbers(row, number, "–"));
            text.push_str(&line(&cells));
        }
        let _ = writeln!(text, "\n{}", as_prose(&self.note()));
        text
    }

    /// A `tabular` for a paper that loads `booktabs`, with its note.
    pub fn to_latex(&self, layout: &Layout) -> String {
        let names = self.names();
        let words = names
            .iter()
            .map(|name| (latex_text::mathematics(name), Side::Words));
        let numbers = HEADS[..3]
            .iter()
            .map(|head| (head.to_string(), Side::Numbers));
        let source = [(HEADS[3].to_owned(), Side::Words)];
        let number = |number: &Digits| format!("${}$", latex::math(number));
        let rows = self.rows.iter().map(|row| {
            let mut cells = self.labels(row, latex::named, latex_text::mathematics);
            cells.push(latex_text::escape(&row.source));
            cells.splice(names.len()..names.len(), self.numbers(row, number, "--"));
            cells
        });
        layout.fitted(FittedTable {
            columns: words.chain(numbers).chain(source).collect(),
            rows: rows.collect(),
            note: latex_text::escape(&self.note()),
            ..FittedTable::default()
        })
    }

    /// Every number as a LaTeX macro: `compared/iwae/elbo/ours`, `/theirs` and `/difference`.
    pub fn to_values(&self, name: &str) -> String {
        let mut file = ValuesFile::new(&self.note());
        let kind = self.ours.interval;
        for row in &self.rows {
            let at = row.at.iter().map(coordinate);
            let metric = self.ours.metrics[row.metric].name.clone();
            let place = file.name([name.to_owned()].into_iter().chain(at).chain([metric]));
            let ours = row.ours.as_ref();
            if let Some(digits) = ours.and_then(|ours| digits::digits(ours, kind)) {
                values::number(&mut file, &format!("{place}/ours"), &digits, kind);
            }
            let theirs = digits::printed(row.theirs, row.spread);
            values::number(&mut file, &format!("{place}/theirs"), &theirs, kind);
            let difference = ours.and_then(|ours| digits::difference(ours, row.theirs, kind));
            if let Some(digits) = difference {
                values::number(&mut file, &format!("{place}/difference"), &digits, kind);
            }
        }
        file.into_text()
    }

    /// What names a row: the axes, and the metric where there are several.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.ours.by.iter().map(|axis| axis.title()).collect();
        if self.names_metrics() {
            names.push("metric".to_owned());
        }
        names
    }

    fn labels(
        &self,
        row: &ComparedRow,
        named: impl Fn(&Column, &Json) -> String,
        words: impl Fn(&str) -> String,
    ) -> Vec<String> {
        let at = self.ours.by.iter().zip(&row.at);
        let mut labels: Vec<String> = at.map(|(axis, at)| named(axis, at)).collect();
        if self.names_metrics() {
            labels.push(words(&self.ours.metrics[row.metric].title_with_unit()));
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
