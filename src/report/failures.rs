//! What failed, where in the manifest, and the end of its log.

use super::Report;
use super::html::Html;
use crate::text::plural;
use crate::text::said;

pub(super) fn write(report: &Report, html: &mut Html) {
    html.open("section", &[("id", "failures")]);
    html.leaf("h2", &[], "Failures");
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
        html.leaf("p", &[("class", "message")], &said(&failure.message));
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
    html.close("section");
}
