//! The pipeline as a drawing: one node per stage, however many cells it has.

use super::Report;
use super::Stage;
use super::drawing::c;
use super::html::Html;
use crate::figures::layers;
use crate::figures::layers::Placement;
use crate::text::plural;

const HEIGHT: f64 = 66.0;
const GAP_X: f64 = 56.0;
const GAP_Y: f64 = 22.0;
const MARGIN: f64 = 6.0;

pub(super) fn write(report: &Report, html: &mut Html) {
    html.open("section", &[("id", "pipeline")]);
    html.leaf("h2", &[], "Pipeline");
    let steps: usize = report.stages.iter().map(|stage| stage.steps).sum();
    let stages = plural(report.stages.len(), "stage");
    let steps = plural(steps, "step");
    let line = format!(
        "{stages}, {steps}. Each box is a stage with the axes it runs over; an arrow carries its \
         results on."
    );
    html.leaf("p", &[("class", "lead")], &line);
    html.open(
        "div",
        &[
            ("class", "scroll wide"),
            ("tabindex", "0"),
            ("role", "region"),
            ("aria-label", "Graph of the pipeline"),
        ],
    );
    draw(report, html);
    html.close("div").close("section");
}

fn draw(report: &Report, html: &mut Html) {
    let index = |name: &str| report.stages.iter().position(|stage| stage.name == name);
    let edges: Vec<(usize, usize)> = report
        .edges
        .iter()
        .filter_map(|edge| Some((index(&edge.from)?, index(&edge.to)?)))
        .collect();
    let placement = layers::place(report.stages.len(), &edges);
    let widths = widths(report, &placement);
    let lefts: Vec<f64> = widths
        .iter()
        .scan(MARGIN, |x, width| {
            let left = *x;
            *x += width + GAP_X;
            Some(left)
        })
        .collect();
    let width = widths.iter().sum::<f64>() + GAP_X * (widths.len().max(1) - 1) as f64;
    let (width, height) = (
        width + 2.0 * MARGIN,
        placement.height * (HEIGHT + GAP_Y) - GAP_Y + 2.0 * MARGIN,
    );
    let middle = |y: f64| MARGIN + y * (HEIGHT + GAP_Y) - GAP_Y / 2.0;
    html.open(
        "svg",
        &[
            ("class", "graph"),
            ("width", &c(width)),
            ("height", &c(height)),
            ("viewBox", &format!("0 0 {} {}", c(width), c(height))),
            ("role", "img"),
            ("aria-label", &spoken(report)),
        ],
    );
    html.raw(
        "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" \
         markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0.5 8 4 0 7.5z\"/></marker></defs>",
    );
    for route in &placement.edges {
        html.open(
            "path",
            &[
                ("class", "edge"),
                ("marker-end", "url(#arrow)"),
                ("d", &path(route, &lefts, &widths, middle)),
            ],
        )
        .close("path");
    }
    for (stage, &(layer, y)) in report.stages.iter().zip(&placement.nodes) {
        node(stage, lefts[layer], middle(y), widths[layer], html);
    }
    html.close("svg");
}

/// The width of each layer, by its longest line.
fn widths(report: &Report, placement: &Placement) -> Vec<f64> {
    let mut widths = vec![92.0f64; placement.layers];
    for (stage, &(layer, _)) in report.stages.iter().zip(&placement.nodes) {
        let [name, kind, axes] = lines(stage);
        // Mean advances of the fonts in the page's style, rounded up.
        let width = (name.chars().count() as f64 * 8.6)
            .max(kind.chars().count() as f64 * 7.0)
            .max(axes.chars().count() as f64 * 6.5);
        widths[layer] = widths[layer].max(width + 26.0);
    }
    widths
}

fn lines(stage: &Stage) -> [String; 3] {
    let steps = match stage.steps {
        1 => "once".to_owned(),
        steps => format!("{steps}×"),
    };
    let axes = match stage.axes.is_empty() {
        true => steps,
        false => format!("{steps}  {}", stage.axes.join(" × ")),
    };
    [stage.name.clone(), stage.kind.clone(), axes]
}

fn node(stage: &Stage, left: f64, middle: f64, width: f64, html: &mut Html) {
    let top = middle - HEIGHT / 2.0;
    html.open("g", &[("class", "node")]);
    html.open(
        "rect",
        &[
            ("x", &c(left)),
            ("y", &c(top)),
            ("width", &c(width)),
            ("height", &c(HEIGHT)),
            ("rx", "7"),
        ],
    )
    .close("rect");
    for (line, (class, dy)) in
        lines(stage)
            .iter()
            .zip([("name", 22.0), ("kind", 39.0), ("axes", 55.0)])
    {
        let (x, y) = (c(left + 13.0), c(top + dy));
        html.leaf("text", &[("class", class), ("x", &x), ("y", &y)], line);
    }
    html.close("g");
}

/// A curve through the layers: level where it enters and leaves each of them.
fn path(
    route: &[(usize, f64)],
    lefts: &[f64],
    widths: &[f64],
    middle: impl Fn(f64) -> f64,
) -> String {
    let mut path = String::new();
    for (i, pair) in route.windows(2).enumerate() {
        let ((from, y0), (to, y1)) = (pair[0], pair[1]);
        let (x0, x1) = (lefts[from] + widths[from], lefts[to]);
        let (y0, y1) = (middle(y0), middle(y1));
        let half = (x0 + x1) / 2.0;
        if i == 0 {
            path.push_str(&format!("M{} {}", c(x0), c(y0)));
        } else {
            path.push_str(&format!(" L{} {}", c(x0), c(y0)));
        }
        path.push_str(&format!(
            " C{} {} {} {} {} {}",
            c(half),
            c(y0),
            c(half),
            c(y1),
            c(x1),
            c(y1)
        ));
    }
    path
}

/// The graph in words, for those who do not see it.
fn spoken(report: &Report) -> String {
    let arrows: Vec<String> = report
        .edges
        .iter()
        .map(|edge| format!("{} to {}", edge.from, edge.to))
        .collect();
    format!("Pipeline: {}", arrows.join(", "))
}
