//! Judgements as a table, and as Markdown and LaTeX for a paper.

use serde_json::Value as Json;

use super::Compared;
use super::GroupJudgement;
use super::Judgement;
use super::Verdict;
use crate::table::Column;
use crate::table::FittedTable;
use crate::table::Side;
use crate::table::Table;
use crate::table::ValuesFile;
use crate::table::digits_to_tell;
use crate::table::display;
use crate::table::escape_latex;
use crate::table::escape_markdown;
use crate::table::places_for;
use crate::table::value_in_line;

/// One row per comparison of each group, with its own verdict and that of the claim.
pub fn to_table(judgements: &[Judgement]) -> Table {
    let columns = vec![
        Column::axis("claim"),
        Column::axis("at"),
        Column::axis("comparison"),
        Column::metric("left", "", None),
        Column::metric("right", "", None),
        Column::metric("difference", "", None),
        Column::metric("tolerance", "", None),
        Column::metric("n", "", None),
        Column::metric("test", "", None),
        Column::metric("p", "", None),
        Column::metric("verdict", "", None),
        Column::metric("reason", "", None),
        Column::metric("source", "", None),
        Column::metric("claim_verdict", "", None),
    ];
    let mut rows = Vec::new();
    for judgement in judgements {
        // A claim of one's own has none.
        let source = Some(judgement.source.clone()).filter(|source| !source.is_empty());
        if judgement.groups.is_empty() {
            let mut row = vec![Json::Null; columns.len()];
            row[0] = judgement.name.clone().into();
            row[2] = judgement.says.clone().into();
            row[10] = judgement.verdict.name().into();
            row[11] = judgement.reason.clone().into();
            row[12] = text_or_null(source.clone());
            row[13] = judgement.verdict.name().into();
            rows.push(row);
        }
        for group in &judgement.groups {
            for compared in &group.comparisons {
                rows.push(vec![
                    judgement.name.clone().into(),
                    at(group).into(),
                    shown_comparison(compared).into(),
                    number(compared.left.value),
                    number(compared.right.value),
                    number(compared.difference),
                    number(Some(compared.tolerance)),
                    group.counted(compared).into(),
                    text_or_null(compared.test.as_ref().map(|test| test.test.clone())),
                    number(compared.test.as_ref().map(|test| test.p)),
                    compared.verdict.name().into(),
                    text_or_null(Some(compared.reason.clone()).filter(|r| !r.is_empty())),
                    text_or_null(source.clone()),
                    judgement.verdict.name().into(),
                ]);
            }
        }
    }
    Table { columns, rows }
}

/// A Markdown table: a line per comparison, under one for the claim where it has several.
pub fn to_markdown(judgements: &[Judgement]) -> String {
    let columns = [
        ("claim", "---"),
        ("at", "---"),
        ("left", "---:"),
        ("right", "---:"),
        ("n", "---"),
        ("p", "---:"),
        ("verdict", "---"),
        ("source", "---"),
    ];
    // Claims of one's own have no source.
    let sourced = judgements.iter().any(|one| !one.source.is_empty());
    let shown = columns.len() - usize::from(!sourced);
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let (heads, rules): (Vec<_>, Vec<_>) = columns[..shown]
        .iter()
        .map(|(head, rule)| ((*head).to_owned(), (*rule).to_owned()))
        .unzip();
    let mut text = row(heads) + &row(rules);
    for line in lines(judgements) {
        let cells = line[..shown].iter().map(|cell| escape_markdown(cell));
        text.push_str(&row(cells.collect()));
    }
    text
}

/// The room for the claims in LaTeX, in points: one column of two.
const ROOM: f64 = 238.0;

/// A `tabular` for a paper that loads `booktabs`: what is claimed over where and from whom, in lines
/// that fit a column.
pub fn to_latex(judgements: &[Judgement]) -> String {
    let number = |text: &str| match text {
        "" => String::new(),
        "–" => "--".to_owned(),
        text => {
            let (sign, number) = text.split_once(' ').unwrap_or(("", text));
            let relation = match sign {
                "<=" | "≤" => "\\le ",
                ">=" | "≥" => "\\ge ",
                "==" | "=" => "= ",
                "!=" | "≠" => "\\ne ",
                other => other,
            };
            match (number, number.split_once('e')) {
                ("–", _) => format!("${relation}$ --"),
                (_, Some((mantissa, power))) => {
                    format!("${relation}{mantissa} \\cdot 10^{{{power}}}$")
                }
                _ => format!("${relation}{number}$"),
            }
        }
    };
    let mut reasons: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    let mut named = String::new();
    for [name, at, left, right, n, p, verdict, source] in lines(judgements) {
        if !name.is_empty() {
            named.clone_from(&name);
        }
        let (verdict, reason) = verdict.split_once(": ").unwrap_or((&verdict, ""));
        if !reason.is_empty() {
            let of = [named.as_str(), &at];
            let of: Vec<&str> = of.into_iter().filter(|part| !part.is_empty()).collect();
            reasons.push(format!("{}: {reason}", of.join(", ")));
        }
        let parts = [name, at, source].into_iter();
        let parts = parts.filter(|part| !part.is_empty());
        let claim: Vec<String> = parts.map(|part| escape_latex(&part)).collect();
        rows.push(vec![
            claim.join("; "),
            number(&left),
            number(&right),
            escape_latex(&n),
            number(&p),
            escape_latex(verdict),
        ]);
    }
    let words = |head: &str| (head.to_owned(), Side::Words);
    let numbers = |head: &str| (head.to_owned(), Side::Numbers);
    let table = FittedTable {
        columns: vec![
            words("claim"),
            numbers("left"),
            numbers("right"),
            words("$n$"),
            numbers("$p$"),
            words("verdict"),
        ],
        rows,
        // Why a verdict is none takes more room than a cell has.
        note: escape_latex(&reasons.join("; ")),
        ..FittedTable::default()
    };
    table.to_latex(ROOM)
}

/// Every number as a LaTeX macro: `claims/NAME` is the verdict; after it, and after the place where
/// it was judged, stand `/left`, `/right`, `/difference`, `/p` and `/n`, and before them, where there
/// are several, the number of the comparison.
pub fn to_values(judgements: &[Judgement]) -> String {
    let mut file = ValuesFile::new("claims");
    for judgement in judgements {
        let claim = file.name(["claims".to_owned(), judgement.name.clone()]);
        file.define(&claim, judgement.verdict.name());
        for group in &judgement.groups {
            let at = group.at.iter().map(|(_, value)| display(value));
            let here: Vec<String> = ["claims".to_owned(), judgement.name.clone()]
                .into_iter()
                .chain(at)
                .collect();
            let place = match group.at.is_empty() {
                true => claim.clone(),
                false => file.name(here),
            };
            if !group.at.is_empty() {
                file.define(&place, group.verdict.name());
            }
            for (i, compared) in group.comparisons.iter().enumerate() {
                let place = match group.comparisons.len() {
                    1 => place.clone(),
                    _ => format!("{place}/{}", i + 1),
                };
                let [left, right] = sides(compared);
                let p = compared.test.as_ref().map(|test| test.p);
                let numbers = [
                    ("left", compared.left.value.map(|_| left)),
                    ("right", compared.right.value.map(|_| right)),
                    ("difference", compared.difference.map(|d| shown(Some(d)))),
                    ("p", p.map(|p| shown(Some(p)))),
                ];
                for (part, text) in numbers {
                    if let Some(text) = text {
                        let math = match text.split_once('e') {
                            Some((mantissa, power)) => format!("{mantissa} \\cdot 10^{{{power}}}"),
                            None => text,
                        };
                        file.math(&format!("{place}/{part}"), &math);
                    }
                }
                file.define(
                    &format!("{place}/n"),
                    &escape_latex(&group.counted(compared)),
                );
            }
        }
    }
    file.into_text()
}

fn lines(judgements: &[Judgement]) -> Vec<[String; 8]> {
    let whole = |name: String, at: String, verdict: String, source: String| {
        let [left, right, n, p] = [const { String::new() }; 4];
        [name, at, left, right, n, p, verdict, source]
    };
    let mut lines = Vec::new();
    for judgement in judgements {
        let mut name = judgement.name.clone();
        let mut source = judgement.source.clone();
        let groups = &judgement.groups;
        // What several comparisons come to together none of their lines says.
        if groups
            .iter()
            .map(|group| group.comparisons.len())
            .sum::<usize>()
            != 1
        {
            let verdict = with_reason(judgement.verdict, &judgement.reason);
            let [name, source] = [&mut name, &mut source].map(std::mem::take);
            lines.push(whole(name, String::new(), verdict, source));
        }
        for group in groups {
            if groups.len() > 1 && group.comparisons.len() > 1 {
                let verdict = group.verdict.name().to_owned();
                lines.push(whole(
                    String::new(),
                    at_in_print(group),
                    verdict,
                    String::new(),
                ));
            }
            for compared in &group.comparisons {
                let verdict = with_reason(compared.verdict, &compared.reason);
                let [left, right] = sides(compared);
                // A claim is named on its first line only, as tables in papers do.
                lines.push([
                    std::mem::take(&mut name),
                    at_in_print(group),
                    left,
                    format!("{} {right}", compared.relation.sign()),
                    group.counted(compared),
                    compared
                        .test
                        .as_ref()
                        .map_or_else(String::new, |test| shown(Some(test.p))),
                    verdict,
                    std::mem::take(&mut source),
                ]);
            }
        }
    }
    lines
}

/// `undecided: 1 value missing`
fn with_reason(verdict: Verdict, reason: &str) -> String {
    match reason.is_empty() {
        true => verdict.name().to_owned(),
        false => format!("{}: {reason}", verdict.name()),
    }
}

/// `dataset=circle`; empty where a claim has one group.
pub(super) fn at(group: &GroupJudgement) -> String {
    let at: Vec<String> = group
        .at
        .iter()
        .map(|(axis, value)| format!("{axis}={}", display(value)))
        .collect();
    at.join(", ")
}

/// The same with the signs of numbers as people read them.
fn at_in_print(group: &GroupJudgement) -> String {
    let at = group.at.iter();
    let at = at.map(|(axis, value)| format!("{axis}={}", value_in_line(value)));
    at.collect::<Vec<_>>().join(", ")
}

fn shown_comparison(compared: &Compared) -> String {
    let (left, right) = (&compared.left.text, &compared.right.text);
    format!("{left} {} {right}", compared.relation.sign())
}

/// Four digits, as people compare them; the JSON has all.
pub(super) fn shown(value: Option<f64>) -> String {
    shown_to(value, 4)
}

/// Both sides of a comparison, with more digits where they would read the same and are not. A number that the claim
/// gives stands as it does there.
pub(super) fn sides(compared: &Compared) -> [String; 2] {
    let (left, right) = (compared.left.value, compared.right.value);
    let digits = match (left, right) {
        (Some(left), Some(right)) => digits_to_tell(left, right),
        _ => 4,
    };
    [&compared.left, &compared.right].map(|side| {
        let given = side.text.parse::<f64>().ok();
        match given.is_some() && given == side.value {
            true => side.text.clone(),
            false => shown_to(side.value, digits),
        }
    })
}

fn shown_to(value: Option<f64>, digits: usize) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value == value.trunc() && value.abs() < 1e6 => format!("{value}"),
        Some(value) if (1e-3..1e6).contains(&value.abs()) => {
            format!("{value:.*}", places_for(value, digits))
        }
        Some(value) => format!("{value:.*e}", digits - 1),
    }
}

fn number(value: Option<f64>) -> Json {
    value.map_or(Json::Null, Json::from)
}

fn text_or_null(value: Option<String>) -> Json {
    value.map_or(Json::Null, Json::from)
}
