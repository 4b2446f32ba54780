//! Results that were not computed under their keys, but taken for them by somebody, with the reasons.

use super::Report;
use super::failures::listed;
use super::html::Html;
use crate::text::plural;

pub(super) fn write(report: &Report, html: &mut Html) {
    html.open("section", &[("id", "accepted")]);
    html.leaf("h2", &[], "Accepted");
    let count = plural(report.accepted.len(), "result");
    let line = format!("{count} stand for what the manifest says now because somebody said so.");
    html.leaf("p", &[("class", "lead")], &line);
    let accepted = report.accepted.iter();
    listed(accepted.map(|one| (&*one.step, &*one.how)), html);
    html.close("section");
}
