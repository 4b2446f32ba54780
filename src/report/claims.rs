//! Claims with their verdicts and the numbers behind them.

use super::Report;
use super::html::Html;
use super::numbers::shown;
use super::numbers::shown_to;
use crate::claims::Compared;
use crate::claims::GroupJudgement;
use crate::claims::Judgement;
use crate::claims::Verdict;
use crate::table::digits_to_tell;
use crate::table::display;
use crate::text::plural;

pub(super) fn write(report: &Report, html: &mut Html) {
    html.open("section", &[("id", "claims")]);
    html.leaf("h2", &[], "Claims");
    html.leaf("p", &[("class", "lead")], &counted(&report.claims));
    for judgement in &report.claims {
        claim(judgement, html);
    }
    html.close("section");
}

/// `3 claims: 1 holds, 1 fails, 1 is undecided.`
pub(super) fn counted(claims: &[Judgement]) -> String {
    let count = |verdict| {
        claims
            .iter()
            .filter(|claim| claim.verdict == verdict)
            .count()
    };
    let mut parts = Vec::new();
    for (verdict, one, many) in [
        (Verdict::Holds, "holds", "hold"),
        (Verdict::Fails, "fails", "fail"),
        (Verdict::Undecided, "is undecided", "are undecided"),
    ] {
        match count(verdict) {
            0 => {}
            1 => parts.push(format!("1 {one}")),
            n => parts.push(format!("{n} {many}")),
        }
    }
    format!("{}: {}.", plural(claims.len(), "claim"), parts.join(", "))
}

fn claim(judgement: &Judgement, html: &mut Html) {
    let class = format!("claim {}", judgement.verdict.name());
    html.open("article", &[("class", &class)]);
    html.open("h3", &[]);
    badge(judgement.verdict, html);
    html.text(" ").text(&judgement.name).close("h3");
    html.open("p", &[("class", "says")]);
    html.leaf("code", &[], &judgement.says).close("p");
    if !judgement.source.is_empty() {
        html.leaf("p", &[("class", "source")], &judgement.source);
    }
    if !judgement.reason.is_empty() {
        html.leaf("p", &[("class", "note")], &judgement.reason);
    }
    if !judgement.groups.is_empty() {
        numbers(judgement, html);
    }
    html.close("article");
}

/// The verdict as a word and a sign: colour alone says nothing to many.
fn badge(verdict: Verdict, html: &mut Html) {
    let sign = match verdict {
        Verdict::Holds => "✓ ",
        Verdict::Fails => "✗ ",
        Verdict::Undecided => "? ",
    };
    let class = format!("verdict {}", verdict.name());
    html.open("span", &[("class", &class)]);
    html.leaf("span", &[("aria-hidden", "true")], sign);
    html.text(verdict.name()).close("span");
}

fn numbers(judgement: &Judgement, html: &mut Html) {
    let rows: usize = judgement.groups.iter().map(|g| g.comparisons.len()).sum();
    let tested = judgement
        .groups
        .iter()
        .any(|group| group.comparisons.iter().any(|c| c.test.is_some()));
    let placed = judgement.groups.iter().any(|group| !group.at.is_empty());
    // Long ones stay folded, so that the next claim is not a screen away.
    let attributes: &[(&'static str, &str)] = if rows > 12 { &[] } else { &[("open", "")] };
    html.open("details", attributes);
    let summary = format!("The numbers ({})", plural(rows, "comparison"));
    html.leaf("summary", &[], &summary);
    html.open(
        "div",
        &[
            ("class", "scroll"),
            ("tabindex", "0"),
            ("role", "region"),
            ("aria-label", &format!("Numbers behind {}", judgement.name)),
        ],
    );
    html.open("table", &[]).open("thead", &[]).open("tr", &[]);
    let mut heads = vec![
        ("text", "at"),
        ("number", "left"),
        ("sign", ""),
        ("number", "right"),
    ];
    heads.extend([
        ("number", "difference"),
        ("text", "n"),
        ("number", "p"),
        ("text", "verdict"),
    ]);
    for (class, head) in heads {
        let left_out = (head == "at" && !placed) || (head == "p" && !tested);
        if !left_out {
            html.leaf("th", &[("scope", "col"), ("class", class)], head);
        }
    }
    html.close("tr").close("thead").open("tbody", &[]);
    for group in &judgement.groups {
        for compared in &group.comparisons {
            row(group, compared, placed, tested, html);
        }
    }
    html.close("tbody")
        .close("table")
        .close("div")
        .close("details");
}

fn row(group: &GroupJudgement, compared: &Compared, placed: bool, tested: bool, html: &mut Html) {
    let value = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), shown);
    html.open("tr", &[]);
    if placed {
        let at: Vec<String> = group.at.iter().map(|(_, value)| display(value)).collect();
        html.leaf("td", &[], &at.join(", "));
    }
    let number = [("class", "number")];
    let digits = match (compared.left.value, compared.right.value) {
        (Some(left), Some(right)) => digits_to_tell(left, right),
        _ => 4,
    };
    let side =
        |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| shown_to(value, digits));
    let (left, right) = (side(compared.left.value), side(compared.right.value));
    html.leaf(
        "td",
        &[("class", "number"), ("title", &compared.left.text)],
        &left,
    );
    html.leaf("td", &[("class", "sign")], compared.relation.sign());
    html.leaf(
        "td",
        &[("class", "number"), ("title", &compared.right.text)],
        &right,
    );
    let mut difference = value(compared.difference);
    if compared.tolerance > 0.0 {
        difference = format!("{difference} (tolerance {})", shown(compared.tolerance));
    }
    html.leaf("td", &number, &difference);
    html.leaf("td", &[], &group.counted(compared));
    if tested {
        let p = compared.test.as_ref().map(|test| {
            let n: Vec<String> = test.n.iter().map(usize::to_string).collect();
            let words = format!(
                "{}, n = {}, level {}",
                test.test,
                n.join(" and "),
                test.level
            );
            (shown(test.p), words)
        });
        match p {
            Some((p, words)) => html.leaf("td", &[("class", "number"), ("title", &words)], &p),
            None => html.leaf("td", &number, "–"),
        };
    }
    html.open("td", &[]);
    badge(compared.verdict, html);
    if !compared.reason.is_empty() {
        html.text(": ").text(&compared.reason);
    }
    html.close("td").close("tr");
}
