//! Comparisons in print: full precision as a table, Markdown and LaTeX.

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
use crate::table::Correction;
use crate::table::Estimate;
use crate::table::IntervalKind;
use crate::table::Pair;
use crate::table::PairTest;
use crate::table::Pairwise;
use crate::table::Table;
use crate::text::math;

/// At this probability of error a difference is printed in bold.
const LEVEL: f64 = 0.05;

impl Pairwise {
    /// The columns of numbers in [`Pairwise::to_table`], beside axes that are called otherwise.
    const NUMBERS: [&str; 8] = [
        "difference",
        "difference_low",
        "difference_high",
        "p",
        "p_adjusted",
        "effect",
        "n",
        "n_baseline",
    ];

    /// What the columns of numbers are called beside these axes: an axis `n`, of a sample's size, keeps its name.
    pub fn numbers_beside<'a>(
        is_axis: impl Fn(&str) -> bool + 'a,
    ) -> impl Iterator<Item = String> + 'a {
        Pairwise::NUMBERS
            .into_iter()
            .map(move |name| match is_axis(name) {
                true => format!("pairwise.{name}"),
                false => name.to_owned(),
            })
    }

    /// A row per comparison at full precision.
    pub fn to_table(&self) -> Table {
        let mut columns = self.by.clone();
        columns.extend(["metric", &self.compare.name, "baseline"].map(Column::axis));
        let axes: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        let numbers = Pairwise::numbers_beside(|name| axes.iter().any(|axis| axis == name));
        columns.extend(numbers.map(|name| Column::metric(&name, "", None)));
        let number = |value: Option<f64>| value.map_or(Json::Null, Json::from);
        let rows = self.rows.iter().map(|row| {
            let mut values = row.at.clone();
            values.push(self.metrics[row.metric].name.clone().into());
            values.extend([row.value.clone(), row.baseline.clone()]);
            values.extend([
                number(row.difference),
                number(row.interval.map(|interval| interval.low)),
                number(row.interval.map(|interval| interval.high)),
                number(row.p),
                number(row.adjusted),
                number(row.effect),
                row.n.0.into(),
                row.n.1.into(),
            ]);
            values
        });
        Table {
            rows: rows.collect(),
            columns,
        }
    }

    /// What was tested, how it was corrected, and what the columns mean.
    pub fn note(&self) -> String {
        let test = match self.test {
            PairTest::PairedT => "paired t test",
            PairTest::WelchT => "Welch's t test",
            PairTest::Wilcoxon => "Wilcoxon's signed rank test",
        };
        let tests = match self.rows.iter().filter(|row| row.p.is_some()).count() {
            1 => "1 test".to_owned(),
            tests => format!("{tests} tests"),
        };
        let correction = match self.correction {
            Correction::Holm => format!("adjusted for {tests} after Holm"),
            Correction::BenjaminiHochberg => {
                format!("adjusted for {tests} after Benjamini and Hochberg")
            }
            Correction::None => "not adjusted".to_owned(),
        };
        let interval = match self.test {
            PairTest::Wilcoxon => "",
            _ => " ± 95 % confidence interval (Student t)",
        };
        let over = self.replicate.join(", ");
        let mut note = format!(
            "difference of means{interval}; p: {test}, two-sided, over {over}, {correction}; {}",
            match self.test {
                PairTest::PairedT => "d_z: mean over standard deviation of the differences",
                PairTest::WelchT => "g: Hedges' g",
                PairTest::Wilcoxon => "r: rank-biserial correlation",
            }
        );
        if self.rows.iter().any(significant) {
            let _ = write!(note, "; bold: p < {LEVEL}");
        }
        let without = || self.rows.iter().filter(|row| row.p.is_none());
        if without().any(|row| !row.unpaired) {
            note.push_str("; no p: too few replicates, or no spread");
        }
        if without().any(|row| row.unpaired) {
            let _ = write!(note, "; no p: no {over} is on both sides");
        }
        note
    }

    /// A Markdown table and its note.
    pub fn to_markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let (names, heads) = (self.names(), self.heads());
        let all = names.iter().cloned().chain(heads.map(str::to_owned));
        let mut text = line(&all.map(|text| markdown::escape(&text)).collect::<Vec<_>>());
        let _ = writeln!(
            text,
            "|{}{}",
            " --- |".repeat(names.len()),
            " ---: |".repeat(heads.len())
        );
        for row in &self.rows {
            let words = |text: &str| markdown::escape(&math::in_line(text));
            let mut cells = self.labels(row, markdown::named, words);
            let [difference, p, effect, n] = self.numbers(row, markdown::plain, "–");
            let bold = |text: String| match significant(row) {
                true => format!("**{text}**"),
                false => text,
            };
            cells.extend([bold(difference), bold(markdown::escape(&p)), effect, n]);
            text.push_str(&line(&cells));
        }
        let _ = writeln!(text, "\n{}", markdown::escape(&self.note()));
        text
    }

    /// A `tabular` for a paper that loads `booktabs`, with its note.
    pub fn to_latex(&self, layout: &Layout) -> String {
        let (names, heads) = (self.names(), self.heads());
        let words = names
            .iter()
            .map(|name| (latex_text::mathematics(name), Side::Words));
        let numbers = heads.map(|head| {
            let head = match head {
                "d_z" => "$d_z$".to_owned(),
                "p" | "g" | "r" | "n" => format!("${head}$"),
                other => other.to_owned(),
            };
            (head, Side::Numbers)
        });
        let rows = self.rows.iter().map(|row| {
            let mut cells = self.labels(row, latex::named, latex_text::mathematics);
            let [difference, p, effect, n] = self.numbers(row, latex::math, "--");
            let math = |text: String, bold: bool| match (text.as_str(), bold) {
                ("--", _) => text,
                (_, true) => latex::bold(&text.replace('−', "-")),
                (_, false) => format!("${}$", text.replace('−', "-")),
            };
            let bold = significant(row);
            cells.extend([
                math(difference, bold),
                math(p, bold),
                math(effect, false),
                n,
            ]);
            cells
        });
        layout.fitted(FittedTable {
            columns: words.chain(numbers).collect(),
            rows: rows.collect(),
            note: latex_text::escape(&self.note()),
            ..FittedTable::default()
        })
    }

    /// Every number as a LaTeX macro: `tests/circle/elbo/iwae/vae` is the difference, after it stand
    /// `/p`, `/effect` and `/n`.
    pub fn to_values(&self, name: &str) -> String {
        let mut file = ValuesFile::new(&self.note());
        for row in &self.rows {
            let metric = self.metrics[row.metric].name.clone();
            let pair = [metric, coordinate(&row.value), coordinate(&row.baseline)];
            let at = row.at.iter().map(coordinate);
            let place = file.name([name.to_owned()].into_iter().chain(at).chain(pair));
            let kind = IntervalKind::Ci95;
            if let Some(digits) = digits::digits(&difference(row), kind) {
                values::number(&mut file, &place, &digits, kind);
            }
            let [_, p, effect, n] = self.numbers(row, latex::math, "");
            for (part, text) in [("p", p), ("effect", effect), ("n", n)] {
                if !text.is_empty() {
                    file.math(&format!("{place}/{part}"), &text.replace('−', "-"));
                }
            }
        }
        file.into_text()
    }

    /// What names a row: the axes, the metric where there are several, and the pair.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.by.iter().map(Column::title).collect();
        if self.metrics.len() > 1 {
            names.push("metric".to_owned());
        }
        names.push(self.compare.title());
        names
    }

    fn heads(&self) -> [&'static str; 4] {
        let effect = match self.test {
            PairTest::PairedT => "d_z",
            PairTest::WelchT => "g",
            PairTest::Wilcoxon => "r",
        };
        ["difference", "p", effect, "n"]
    }

    fn labels(
        &self,
        row: &Pair,
        named: impl Fn(&Column, &Json) -> String,
        words: impl Fn(&str) -> String,
    ) -> Vec<String> {
        let at = self.by.iter().zip(&row.at);
        let mut labels: Vec<String> = at.map(|(axis, at)| named(axis, at)).collect();
        if self.metrics.len() > 1 {
            labels.push(words(&self.metrics[row.metric].title_with_unit()));
        }
        let [value, baseline] =
            [&row.value, &row.baseline].map(|value| named(&self.compare, value));
        let negative = row.baseline.as_f64().is_some_and(|number| number < 0.0);
        let baseline = match negative {
            true => format!("({baseline})"),
            false => baseline,
        };
        labels.push(format!("{value} {} {baseline}", words("−")));
        labels
    }

    /// Difference, p, effect size and n.
    fn numbers(&self, row: &Pair, print: impl Fn(&Digits) -> String, none: &str) -> [String; 4] {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| none.to_owned());
        let difference = digits::digits(&difference(row), IntervalKind::Ci95);
        [
            or_none(difference.map(|digits| print(&digits))),
            or_none(row.adjusted.map(probability)),
            or_none(
                row.effect
                    .map(|effect| format!("{effect:.2}").replace('-', "−")),
            ),
            match row.n {
                (a, b) if self.test.is_paired() || a == b => a.to_string(),
                (a, b) => format!("{a}, {b}"),
            },
        ]
    }
}

fn difference(row: &Pair) -> Estimate {
    Estimate {
        values: Vec::new(),
        missing: 0,
        centre: row.difference,
        interval: row.interval,
    }
}

fn significant(row: &Pair) -> bool {
    row.adjusted.is_some_and(|p| p < LEVEL)
}

/// Two digits, or that it is below a thousandth.
fn probability(p: f64) -> String {
    match p {
        p if p < 0.001 => "< 0.001".to_owned(),
        p if p < 0.0995 => format!("{p:.*}", if p < 0.00995 { 4 } else { 3 }),
        p => format!("{p:.2}"),
    }
}
