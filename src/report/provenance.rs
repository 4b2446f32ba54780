//! Where the results come from, and how to make them again.

use serde_json::Value as Json;

use super::Report;
use super::grid::grid;
use super::html::Html;
use super::numbers::size;
use crate::table::Column;
use crate::table::Table;
use crate::text::plural;

pub(super) fn write(report: &Report, html: &mut Html) {
    let provenance = &report.provenance;
    html.open("section", &[("id", "provenance")]);
    html.leaf("h2", &[], "Provenance");
    if !provenance.reproduce.is_empty() {
        html.leaf("h3", &[], "To reproduce");
        html.open("div", &[("class", "commands")]);
        let commands = provenance.reproduce.join("\n");
        html.leaf("pre", &[("tabindex", "0"), ("data-copy", "")], &commands);
        html.close("div");
    }
    if !provenance.facts.is_empty() {
        html.open("dl", &[]);
        for (name, value) in &provenance.facts {
            html.leaf("dt", &[], name).leaf("dd", &[], value);
        }
        html.close("dl");
    }
    for file in &provenance.files {
        html.open("details", &[("class", "source-file")]);
        html.open("summary", &[]);
        html.leaf("code", &[], &file.path).text(" ");
        html.leaf("span", &[("class", "digest")], &short(&file.digest));
        html.close("summary");
        html.leaf("pre", &[("tabindex", "0")], &file.text);
        html.close("details");
    }
    if !provenance.artifacts.is_empty() {
        html.open("details", &[]);
        let count = plural(provenance.artifacts.len(), "artifact");
        html.leaf("summary", &[], &format!("Digests of {count}"));
        grid(&artifacts(report), "artifacts", html);
        html.close("details");
    }
    html.close("section");
}

fn artifacts(report: &Report) -> Table {
    let rows = report.provenance.artifacts.iter().map(|artifact| {
        vec![
            Json::from(artifact.path.clone()),
            size(artifact.bytes).into(),
            artifact.digest.clone().into(),
        ]
    });
    Table {
        columns: vec![
            Column::metric("path", "", None),
            Column::metric("size", "", None),
            Column::metric("digest", "", None),
        ],
        rows: rows.collect(),
    }
}

/// Twelve digits tell digests apart for the eye.
pub(super) fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}
