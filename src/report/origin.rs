//! Beside a figure or a table: its files, and how it was made, by a click.

use super::html::Html;
use super::html::href;
use super::model::FileLink;
use super::model::Origin;
use crate::text::plural;

/// Links to the files beside the page.
pub(super) fn links(files: &[FileLink], html: &mut Html) {
    for file in files {
        let to = href(&file.path);
        html.text(" ");
        html.leaf("a", &[("class", "file"), ("href", &to)], &file.format);
    }
}

/// How it was made, folded.
pub(super) fn write(origin: Option<&Origin>, html: &mut Html) {
    let Some(origin) = origin else { return };
    html.open("details", &[("class", "origin")]);
    html.leaf("summary", &[], "How it was made");
    html.open("dl", &[]);
    for (name, value) in [("step", &origin.step), ("stage at", &origin.place)] {
        html.leaf("dt", &[], name).open("dd", &[]);
        html.leaf("code", &[], value).close("dd");
    }
    if !origin.chain.is_empty() {
        let chain: Vec<String> = origin
            .chain
            .iter()
            .map(|(stage, steps)| format!("{stage} ({})", plural(*steps, "step")))
            .collect();
        html.leaf("dt", &[], "made from");
        html.leaf("dd", &[], &chain.join(" → "));
    }
    for (name, value) in &origin.facts {
        html.leaf("dt", &[], name).leaf("dd", &[], value);
    }
    html.close("dl");
    if !origin.commands.is_empty() {
        html.open("div", &[("class", "commands")]);
        let commands = origin.commands.join("\n");
        html.leaf("pre", &[("tabindex", "0"), ("data-copy", "")], &commands);
        html.close("div");
    }
    html.close("details");
}
