//! The page around the sections: head, contents, style and script.

use super::Report;
use super::accepted;
use super::claims;
use super::compare;
use super::explore;
use super::failures;
use super::figures;
use super::graph;
use super::html::Html;
use super::provenance;
use super::state;
use super::tables;
use super::timing;

/// Sections in the order of the page: anchor, title, whether there is anything in it, and its
/// writer.
type Section = (
    &'static str,
    &'static str,
    fn(&Report) -> bool,
    fn(&Report, &mut Html),
);

const SECTIONS: [Section; 11] = [
    ("failures", "Failures", failures::any, failures::write),
    (
        "accepted",
        "Accepted",
        |r| !r.accepted.is_empty(),
        accepted::write,
    ),
    ("claims", "Claims", |r| !r.claims.is_empty(), claims::write),
    (
        "figures",
        "Figures",
        |r| !r.figures.is_empty(),
        figures::write,
    ),
    ("tables", "Tables", tables::any_printed, tables::write),
    (
        "explore",
        "Explore",
        |r| !r.tables.is_empty(),
        explore::write,
    ),
    ("runs", "Runs", |r| r.runs.runs.len() > 1, compare::write),
    (
        "pipeline",
        "Pipeline",
        |r| !r.stages.is_empty(),
        graph::write,
    ),
    ("time", "Time", |r| !r.steps.is_empty(), timing::write),
    ("data", "Data", tables::any_data, tables::data),
    ("provenance", "Provenance", |_| true, provenance::write),
];

/// What runs in the page, part by part.
const SCRIPTS: [&str; 4] = [
    include_str!("page.js"),
    include_str!("grid.js"),
    include_str!("explore.js"),
    include_str!("compare.js"),
];

/// By which a page is known that the program wrote: it stands in its first lines.
pub const MARK: &str = "<meta name=\"generator\" content=\"sweepline\">";

/// What runs in a page that is shown while the experiment runs.
const LIVE: &str = include_str!("live.js");

/// The report as one HTML document. Its last line is the digest of all before it.
pub fn render(report: &Report) -> String {
    let mut page = page(report, None);
    let digest = blake3::hash(page.as_bytes()).to_hex();
    page.push_str(&format!("{DIGEST}{digest} -->\n"));
    page
}

const DIGEST: &str = "<!-- blake3 ";

/// Whether a page of ours was changed since: its digest is another, or gone.
pub fn is_edited(page: &[u8]) -> bool {
    let page = String::from_utf8_lossy(page);
    let Some((before, last)) = page.rsplit_once(DIGEST) else {
        return true;
    };
    last != format!("{} -->\n", blake3::hash(before.as_bytes()).to_hex())
}

/// The same for a server that tells at `/state` where the run stands; `results`: how many of them
/// the page has.
pub fn render_live(report: &Report, results: usize) -> String {
    page(report, Some(results))
}

fn page(report: &Report, live: Option<usize>) -> String {
    let mut html = Html::default();
    html.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.raw(MARK).raw("\n");
    // Nothing may be loaded from anywhere: what the page needs is in it.
    html.raw(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; ",
    );
    if live.is_some() {
        html.raw("connect-src 'self'; ");
    }
    html.raw("base-uri 'none'; form-action 'none'\">\n");
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
    html.raw("<link rel=\"icon\" href=\"data:,\">\n");
    html.leaf("title", &[], &title(report)).raw("\n<style>\n");
    html.raw(include_str!("page.css"))
        .raw("</style>\n</head>\n<body>\n");
    html.raw("<a class=\"skip\" href=\"#main\">Skip to the results</a>\n");
    head(report, live, &mut html);
    html.open("main", &[("id", "main")]).raw("\n");
    for (_, _, present, write) in SECTIONS {
        if present(report) {
            write(report, &mut html);
        }
    }
    html.close("main")
        .raw("\n<footer><p>Written by sweepline.</p></footer>\n<script>\n");
    for script in SCRIPTS {
        html.raw(script);
    }
    if live.is_some() {
        html.raw(LIVE);
    }
    html.raw("</script>\n</body>\n</html>\n");
    html.finish()
}

fn title(report: &Report) -> String {
    match report.title.is_empty() {
        true => report.experiment.clone(),
        false => report.title.clone(),
    }
}

fn head(report: &Report, live: Option<usize>, html: &mut Html) {
    html.open("header", &[]).raw("\n");
    html.open("p", &[("class", "kicker")]);
    html.text("Experiment ")
        .leaf("code", &[], &report.experiment)
        .close("p");
    html.leaf("h1", &[], &title(report));
    if !report.summary.is_empty() {
        html.leaf("p", &[("class", "summary")], &report.summary);
    }
    if let Some(results) = live {
        let results = results.to_string();
        html.open(
            "section",
            &[
                ("id", "live"),
                ("data-results", &results),
                ("aria-live", "off"),
            ],
        );
        html.close("section");
    }
    state::write(report, html);
    html.open("nav", &[("aria-label", "Contents")])
        .open("ul", &[]);
    for (anchor, title, present, _) in SECTIONS {
        if present(report) {
            html.open("li", &[]);
            html.leaf("a", &[("href", &format!("#{anchor}"))], title);
            html.close("li");
        }
    }
    html.close("ul").close("nav").close("header").raw("\n");
}
