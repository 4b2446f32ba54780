//! Figures as they print, on white, each with its name, caption, files, a larger view and how it was
//! made.

use super::Report;
use super::html::Html;
use super::html::data_uri;
use super::html::image_uri;
use super::origin;

pub(super) fn write(report: &Report, html: &mut Html) {
    html.open("section", &[("id", "figures")]);
    html.leaf("h2", &[], "Figures");
    for (i, figure) in report.figures.iter().enumerate() {
        let id = format!("figure-{}", i + 1);
        let number = format!("Figure {}.", i + 1);
        let (picture, ending) = match &figure.raster {
            Some(raster) => (image_uri(&raster.format, &raster.bytes), &*raster.format),
            None => (data_uri("image/svg+xml", &figure.svg), "svg"),
        };
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
        html.open("img", &[("src", &picture), ("alt", &figure.caption)]);
        html.close("button");
        html.open("figcaption", &[]).leaf("b", &[], &number);
        html.text(" ").leaf("code", &[], &figure.name);
        if figure.caption != figure.name {
            html.text(" ").text(&figure.caption);
        }
        // The picture is embedded once: the script makes a file of it.
        let file = format!("{}.{ending}", figure.name);
        html.text(" ");
        html.leaf(
            "button",
            &[("type", "button"), ("class", "file"), ("data-save", &file)],
            &ending.to_uppercase(),
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
        origin::links(&figure.files, html);
        html.close("figcaption");
        origin::write(figure.origin.as_ref(), html);
        html.close("figure");
    }
    html.close("section");
}
