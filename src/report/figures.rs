//! Figures as they print: vector images on white, each with its caption, data and a larger view.

use super::Report;
use super::html::Html;
use super::html::data_uri;

pub(super) fn write(report: &Report, html: &mut Html) {
    html.open("section", &[("id", "figures")]);
    html.leaf("h2", &[], "Figures");
    for (i, figure) in report.figures.iter().enumerate() {
        let id = format!("figure-{}", i + 1);
        let number = format!("Figure {}.", i + 1);
        let svg = data_uri("image/svg+xml", &figure.svg);
        html.open("figure", &[("id", &id)]);
        html.open(
            "button",
            &[
                ("type", "button"),
                ("class", "paper"),
                ("data-zoom", &number),
                ("aria-label", &format!("Enlarge {number}")),
            ],
        );
        html.open("img", &[("src", &svg), ("alt", &figure.caption)]);
        html.close("button");
        html.open("figcaption", &[]).leaf("b", &[], &number);
        html.text(" ").text(&figure.caption).text(" ");
        let file = format!("{}.svg", figure.name);
        html.leaf(
            "a",
            &[("class", "file"), ("href", &svg), ("download", &file)],
            "SVG",
        );
        if !figure.csv.is_empty() {
            let file = format!("{}.csv", figure.name);
            let uri = data_uri("text/csv", &figure.csv);
            html.text(" ").leaf(
                "a",
                &[("class", "file"), ("href", &uri), ("download", &file)],
                "CSV",
            );
        }
        html.close("figcaption").close("figure");
    }
    html.close("section");
}
