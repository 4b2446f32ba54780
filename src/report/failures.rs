//! What failed, where in the manifest, and the end of its log; and what diverged.

use super::Report;
use super::html::Html;
use crate::text::plural;
use crate::text::said;
use crate::text::said_in_short;

pub(super) fn write(report: &Report, html: &mut Html) {
    html.open("section", &[("id", "failures")]);
    let title = match report.diverged.is_empty() {
        true => "Failures",
        false => "Failed and diverged",
    };
    html.leaf("h2", &[], title);
    if !report.failures.is_empty() {
        failures(report, html);
    }
    if !report.diverged.is_empty() {
        diverged(report, html);
    }
    html.close("section");
}

/// Whether anything failed or diverged.
pub(super) fn any(report: &Report) -> bool {
    !report.failures.is_empty() || !report.diverged.is_empty()
}

/// More of these are folded.
const LISTED: usize = 12;

fn diverged(report: &Report, html: &mut Html) {
    let count = plural(report.diverged.len(), "training");
    let line = format!("{count} left the finite numbers; their results count as missing.");
    html.leaf("p", &[("class", "lead")], &line);
    let diverged = report.diverged.iter();
    listed(diverged.map(|one| (&*one.step, &*one.how)), html);
}

/// Steps with what is said of each.
pub(super) fn listed<'r>(
    steps: impl ExactSizeIterator<Item = (&'r str, &'r str)>,
    html: &mut Html,
) {
    let open: &[(&'static str, &str)] = match steps.len() > LISTED {
        true => &[],
        false => &[("open", "")],
    };
    html.open("details", open).leaf("summary", &[], "Which");
    html.open("ul", &[("class", "path")]);
    for (step, how) in steps {
        html.open("li", &[]).leaf("code", &[], step).text(" ");
        html.leaf("span", &[("class", "unit")], &said(how));
        html.close("li");
    }
    html.close("ul").close("details");
}

fn failures(report: &Report, html: &mut Html) {
    let skipped = report
        .steps
        .iter()
        .filter(|step| step.state == super::State::Skipped)
        .count();
    let mut line = format!("{} failed", plural(report.failures.len(), "step"));
    if skipped > 0 {
        line.push_str(&format!(", and {} needed them", plural(skipped, "step")));
    }
    line.push('.');
    html.leaf("p", &[("class", "lead")], &line);
    for failure in &report.failures {
        html.open("article", &[("class", "failure")]);
        html.leaf("h3", &[], &failure.step);
        let short = said_in_short(&failure.message);
        html.leaf("p", &[("class", "message")], &short);
        let whole = said(&failure.message);
        if short != whole {
            html.open("details", &[]);
            html.leaf("summary", &[], "The whole message");
            html.leaf("pre", &[("tabindex", "0")], &whole);
            html.close("details");
        }
        if !failure.place.is_empty() {
            html.open("p", &[("class", "source")]);
            html.leaf("code", &[], &failure.place).close("p");
        }
        if !failure.log.is_empty() {
            html.open("details", &[]).leaf("summary", &[], "Log");
            html.leaf("pre", &[("tabindex", "0")], &said(&failure.log));
            html.close("details");
        }
        html.close("article");
    }
}
