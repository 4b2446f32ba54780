//! Any two columns of a table against each other, or all side by side: drawn by the script from the
//! tables that are on the page already.

use super::Report;
use super::html::Html;

pub(super) fn write(_: &Report, html: &mut Html) {
    html.open("section", &[("id", "explore")]);
    html.leaf("h2", &[], "Explore");
    html.leaf(
        "p",
        &[("class", "lead")],
        "Two columns of a table against each other, or all of them side by side. A drag along an \
         axis of parallel coordinates keeps the rows in its range, a double click keeps all.",
    );
    html.leaf("noscript", &[], "Scripts are off, and this needs them.");
    html.open("div", &[("id", "plots")]).close("div");
    html.close("section");
}
