//! The texts of a figure with the ink that each covers, read from its SVG.

use std::collections::BTreeMap;

/// A text with the corners of the rectangle around its letters, turned as it is, in points.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub words: String,
    pub corners: [(f64, f64); 4],
}

/// Width and height of the page in points, and its texts.
pub(crate) fn read(svg: &str) -> ((f64, f64), Vec<Text>) {
    let document = roxmltree::Document::parse(svg).expect("an SVG");
    let root = document.root_element();
    let points = |name| {
        let length = root.attribute(name).expect("a length");
        length
            .trim_end_matches("pt")
            .parse::<f64>()
            .expect("points")
    };
    let page = (points("width"), points("height"));
    let view: Vec<f64> = numbers(root.attribute("viewBox").expect("a box"));
    let unit = page.0 / view[2];
    let boxes: BTreeMap<&str, [f64; 4]> = document
        .descendants()
        .filter(|node| node.has_tag_name("path"))
        .filter_map(|node| Some((node.attribute("id")?, around(node.attribute("d")?)?)))
        .collect();
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name("g") && node.attribute("aria-label").is_some());
    let text = |node: roxmltree::Node| {
        // In the frame of the first run, so that scripts stay in their place.
        let mut turn = 0.0;
        let mut all: Vec<(f64, f64)> = Vec::new();
        for run in node.children().filter(|run| run.has_tag_name("g")) {
            let transform = run.attribute("transform")?;
            let part = |name: &str| {
                let (_, rest) = transform.split_once(name)?;
                Some(numbers(rest.split_once(')')?.0))
            };
            let at = part("translate(")?;
            let scale = part("scale(")?[0];
            turn = part("rotate(").map_or(0.0, |turn| turn[0]);
            let (sin, cos) = turn.to_radians().sin_cos();
            for glyph in run.children().filter(|glyph| glyph.has_tag_name("use")) {
                let name = glyph.attribute("href")?.trim_start_matches('#');
                let shift = glyph
                    .attribute("x")
                    .map_or(0.0, |x| x.parse().expect("a number"));
                let [left, top, right, bottom] = boxes[name];
                for (x, y) in [(left, top), (right, bottom)] {
                    let (x, y) = ((x + shift) * scale, y * scale);
                    // Back into the direction of the text.
                    let along = at[0] * cos + at[1] * sin + x;
                    let below = -at[0] * sin + at[1] * cos + y;
                    all.push((along * unit, below * unit));
                }
            }
        }
        let low = |pick: fn(&(f64, f64)) -> f64| all.iter().map(pick).fold(f64::INFINITY, f64::min);
        let high =
            |pick: fn(&(f64, f64)) -> f64| all.iter().map(pick).fold(f64::NEG_INFINITY, f64::max);
        let (left, right) = (low(|p| p.0), high(|p| p.0));
        let (top, bottom) = (low(|p| p.1), high(|p| p.1));
        let (sin, cos) = turn.to_radians().sin_cos();
        let corner = |(x, y): (f64, f64)| (x * cos - y * sin, x * sin + y * cos);
        Some(Text {
            words: node.attribute("aria-label")?.to_owned(),
            corners: [(left, top), (right, top), (right, bottom), (left, bottom)].map(corner),
        })
    };
    (
        page,
        texts
            .filter_map(text)
            .filter(|text| text.corners[0].0.is_finite())
            .collect(),
    )
}

fn numbers(text: &str) -> Vec<f64> {
    let parts = text.split([' ', ',']).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().expect("a number")).collect()
}

/// The rectangle around the points of an outline.
fn around(path: &str) -> Option<[f64; 4]> {
    let spaced: String = path
        .chars()
        .map(|c| if c.is_ascii_alphabetic() { ' ' } else { c })
        .collect();
    let values = numbers(&spaced);
    let mut found: Option<[f64; 4]> = None;
    for pair in values.chunks_exact(2) {
        let [l, t, r, b] = found.unwrap_or([pair[0], pair[1], pair[0], pair[1]]);
        found = Some([
            l.min(pair[0]),
            t.min(pair[1]),
            r.max(pair[0]),
            b.max(pair[1]),
        ]);
    }
    found
}

/// What is wrong with the texts of a page: those that touch and those that leave it.
pub(crate) fn faults(svg: &str) -> Vec<String> {
    let ((width, height), texts) = read(svg);
    let mut faults = Vec::new();
    for (i, text) in texts.iter().enumerate() {
        let inside = |(x, y): &(f64, f64)| {
            (-0.1..=width + 0.1).contains(x) && (-0.1..=height + 0.1).contains(y)
        };
        if !text.corners.iter().all(inside) {
            faults.push(format!("`{}` leaves the page", text.words));
        }
        for other in &texts[i + 1..] {
            if overlap(text, other) {
                faults.push(format!("`{}` lies over `{}`", text.words, other.words));
            }
        }
    }
    faults
}

/// Whether two rectangles share more than a hair: no side of either parts them.
fn overlap(a: &Text, b: &Text) -> bool {
    const HAIR: f64 = 0.05;
    let parted = |one: &Text, other: &Text| {
        (0..4).any(|i| {
            let (from, to) = (one.corners[i], one.corners[(i + 1) % 4]);
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            let length = dx.hypot(dy).max(1e-9);
            // To the right of every side, as corners go round, lies the inside.
            let across = |p: &(f64, f64)| (dx * (p.1 - from.1) - dy * (p.0 - from.0)) / length;
            other.corners.iter().all(|p| across(p) <= HAIR)
        })
    };
    !parted(a, b) && !parted(b, a)
}
