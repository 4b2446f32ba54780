//! Two runs side by side: the script makes the table from what is embedded here, each result once.

use super::Report;
use super::html::Html;

pub(super) fn write(report: &Report, html: &mut Html) {
    html.open("section", &[("id", "runs")]);
    html.leaf("h2", &[], "Runs compared");
    html.leaf(
        "p",
        &[("class", "lead")],
        "Numbers and parameters that differ between two runs that knew other results.",
    );
    html.leaf(
        "noscript",
        &[],
        "Scripts are off; `sweepline diff` prints the same.",
    );
    html.open("div", &[("id", "compare")]);
    html.data("runs", &report.runs);
    html.close("div").close("section");
}
