//! Boxes in layers with arrows between them, along the page or down it.

use super::super::canvas::Align;
use super::super::canvas::Canvas;
use super::super::canvas::Colour;
use super::super::canvas::Label;
use super::super::canvas::Point;
use super::super::canvas::Rect;
use super::super::font::Weight;
use super::super::layers;
use super::super::layers::Placement;
use super::super::theme;
use super::super::theme::Theme;
use super::super::wrap::Lines;
use super::stages::Stage;

/// Around the page.
const EDGE: f64 = 3.0;
/// Room for arrows between layers, and between boxes of a layer.
const BETWEEN_LAYERS: f64 = 20.0;
const BETWEEN_BOXES: f64 = 9.0;
/// Inside a box.
const PAD: f64 = 4.0;
/// How wide the text of a box may be, tried in this order where boxes do not fit the page; a list of axes
/// is broken at the narrowest already.
const TEXT_WIDTHS: [f64; 4] = [f64::INFINITY, 120.0, 90.0, LIST];
const LIST: f64 = 66.0;
/// Width of the coloured edge that tells groups of kinds apart.
const STRIP: f64 = 2.4;
/// Straight pieces of a curved arrow.
const PIECES: usize = 14;

/// Where arrows lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Right,
    Down,
}

impl Flow {
    pub(super) const NAMES: [&'static str; 3] = ["auto", "right", "down"];

    pub(super) fn from_name(name: &str) -> Option<Flow> {
        match name {
            "right" => Some(Flow::Right),
            "down" => Some(Flow::Down),
            _ => None,
        }
    }
}

/// What is drawn.
pub(super) struct Drawing<'a> {
    pub stages: &'a [Stage],
    pub theme: &'a Theme,
    pub title: &'a str,
    /// In points.
    pub width: f64,
    pub height: Option<f64>,
    /// None: whichever needs less room.
    pub flow: Option<Flow>,
}

/// Boxes and arrows in points, before they are scaled to the page.
struct Laid {
    flow: Flow,
    /// What stands in each box.
    texts: Vec<[(Lines, Colour); 4]>,
    boxes: Vec<Rect>,
    /// Per arrow, the ends of the pieces it takes: out of a box, through layers, into a box.
    routes: Vec<Vec<(Point, Point)>>,
    width: f64,
    height: f64,
}

impl Drawing<'_> {
    /// The page, and by how much its text is smaller than the theme says.
    pub(super) fn canvas(&self) -> (Canvas, f64) {
        let index = |name: &String| self.stages.iter().position(|stage| stage.name == *name);
        let edges: Vec<(usize, usize)> = self
            .stages
            .iter()
            .enumerate()
            .flat_map(|(to, stage)| stage.reads.iter().map(move |from| (from, to)))
            .filter_map(|(from, to)| Some((index(from)?, to)))
            .collect();
        let placement = layers::place(self.stages.len(), &edges);
        let room = self.width - 2.0 * EDGE;
        let flows = match self.flow {
            Some(flow) => vec![flow],
            None => vec![Flow::Right, Flow::Down],
        };
        let size = self.theme.font_size + 1.0;
        let title = Lines::new(self.title, Weight::SemiBold, size, room);
        let title_height = match title.height() {
            0.0 => 0.0,
            height => height + 5.0,
        };
        let mut best: Option<(Laid, f64)> = None;
        let tried = TEXT_WIDTHS
            .iter()
            .flat_map(|text| flows.iter().map(move |flow| (*text, *flow)));
        for (text, flow) in tried {
            let laid = self.lay(flow, text, &placement);
            let mut scale = (room / laid.width).min(1.0);
            if let Some(height) = self.height {
                let room = (height - title_height - 2.0 * EDGE).max(1.0);
                scale = scale.min(room / laid.height);
            }
            // Along the page reads as text does, and so do whole names: down it, and broken, only where the
            // text grows by it.
            if best.as_ref().is_none_or(|(_, other)| scale > other + 0.02) {
                best = Some((laid, scale));
            }
        }
        let (laid, scale) = best.expect("there is a direction at least");
        let height = self
            .height
            .unwrap_or(laid.height * scale + title_height + 2.0 * EDGE);
        let mut canvas = Canvas::new(self.width, height);
        let at = Point::new(self.width / 2.0, EDGE + size - title.half());
        let like = Label::new("", size, theme::INK).align(Align::Middle);
        title.stacked(&mut canvas, at, &like);
        let origin = Point::new((self.width - laid.width * scale) / 2.0, EDGE + title_height);
        self.draw(&mut canvas, &laid, origin, scale);
        (canvas, scale)
    }

    /// What stands in a box of text so wide: name, kind, axes, and those that it reduces. Lists of axes are
    /// broken, so that no box is wide for them alone.
    fn texts(&self, stage: &Stage, width: f64) -> [(Lines, Colour); 4] {
        let (large, small) = (self.theme.font_size, self.theme.tick_size());
        let name = Lines::new(&stage.name, Weight::SemiBold, large, width);
        let kind = Lines::new(&stage.kind, Weight::Regular, small, width);
        let widest = name.width().max(kind.width()).max(LIST);
        let list = |head: &str, names: &[String]| {
            let text = format!("{head} {}", names.join(", "));
            Lines::new(text.trim_end(), Weight::Regular, small, widest)
        };
        let count = match (stage.cells, stage.axes.is_empty()) {
            (1, true) => "once".to_owned(),
            (cells, _) => format!("{cells} ×"),
        };
        let over = if stage.over.is_empty() { "" } else { "over" };
        [
            (name, theme::INK),
            (kind, theme::MUTED),
            (list(&count, &stage.axes), theme::INK),
            (list(over, &stage.over), theme::MUTED),
        ]
    }

    fn line_height(&self) -> f64 {
        self.theme.font_size * 1.22
    }

    fn lay(&self, flow: Flow, text: f64, placement: &Placement) -> Laid {
        let texts: Vec<[(Lines, Colour); 4]> = self
            .stages
            .iter()
            .map(|stage| self.texts(stage, text))
            .collect();
        let size = |texts: &[(Lines, Colour); 4]| {
            let widths = texts.iter().map(|(lines, _)| lines.width());
            let lines: usize = texts.iter().map(|(lines, _)| lines.lines.len()).sum();
            let width = widths.fold(0.0, f64::max) + 2.0 * PAD + STRIP;
            (width, lines as f64 * self.line_height() + PAD)
        };
        let sizes: Vec<(f64, f64)> = texts.iter().map(size).collect();
        let along = |(width, height): (f64, f64)| match flow {
            Flow::Right => (width, height),
            Flow::Down => (height, width),
        };
        // Boxes of a layer are as deep as the deepest; across, one unit holds any box.
        let mut depth = vec![0.0f64; placement.layers];
        for (size, (layer, _)) in sizes.iter().zip(&placement.nodes) {
            depth[*layer] = depth[*layer].max(along(*size).0);
        }
        let unit = sizes.iter().map(|size| along(*size).1).fold(0.0, f64::max) + BETWEEN_BOXES;
        let starts: Vec<f64> = depth
            .iter()
            .scan(0.0, |next, depth| {
                let start = *next;
                *next += depth + BETWEEN_LAYERS;
                Some(start)
            })
            .collect();
        let middle = |across: f64| across * unit - BETWEEN_BOXES / 2.0;
        let total = depth.iter().sum::<f64>() + BETWEEN_LAYERS * (depth.len() - 1) as f64;
        let across = placement.height * unit - BETWEEN_BOXES;
        let point = |along: f64, across: f64| match flow {
            Flow::Right => Point::new(along, across),
            Flow::Down => Point::new(across, along),
        };
        let boxes = sizes
            .iter()
            .zip(&placement.nodes)
            .map(|(size, (layer, y))| {
                let (_, own) = along(*size);
                let corner = point(starts[*layer], middle(*y) - own / 2.0);
                let (width, height) = match flow {
                    Flow::Right => (depth[*layer], own),
                    Flow::Down => (own, depth[*layer]),
                };
                Rect {
                    x: corner.x,
                    y: corner.y,
                    width,
                    height,
                }
            });
        let route = |passed: &Vec<(usize, f64)>| {
            let pieces = passed.windows(2).map(|pair| {
                let ((from, y0), (to, y1)) = (pair[0], pair[1]);
                let out = point(starts[from] + depth[from], middle(y0));
                (out, point(starts[to], middle(y1)))
            });
            pieces.collect()
        };
        let (width, height) = match flow {
            Flow::Right => (total, across),
            Flow::Down => (across, total),
        };
        let boxes = boxes.collect();
        Laid {
            flow,
            texts,
            boxes,
            routes: placement.edges.iter().map(route).collect(),
            width,
            height,
        }
    }

    fn draw(&self, canvas: &mut Canvas, laid: &Laid, origin: Point, scale: f64) {
        let at = |p: Point| Point::new(origin.x + p.x * scale, origin.y + p.y * scale);
        let stroke = self.theme.spine_width * 1.3;
        for route in &laid.routes {
            let curve: Vec<Point> = curve(route, laid.flow).into_iter().map(at).collect();
            let Some(&tip) = curve.last() else { continue };
            canvas.line(curve, theme::MUTED, stroke * scale);
            arrow(canvas, tip, laid.flow, scale);
        }
        let boxes = laid.boxes.iter().zip(&laid.texts);
        for (stage, (rect, texts)) in self.stages.iter().zip(boxes) {
            let corner = at(Point::new(rect.x, rect.y));
            let outer = Rect {
                x: corner.x,
                y: corner.y,
                width: rect.width * scale,
                height: rect.height * scale,
            };
            let colour = self.colour(stage);
            canvas.rect(outer, theme::PAPER);
            canvas.rect(outer, colour.opacity(0.1));
            let strip = Rect {
                width: STRIP * scale,
                ..outer
            };
            canvas.rect(strip, colour);
            let mut outline = outer.corners().to_vec();
            outline.extend([outline[0], outline[1]]);
            canvas.line(outline, theme::MUTED, self.theme.spine_width * scale);
            let lines = texts.iter().flat_map(|(lines, ink)| lines.labels(*ink));
            let lines: Vec<Label> = lines.collect();
            let text = lines.len() as f64 * self.line_height() * scale;
            let top = outer.y + (outer.height - text) / 2.0;
            for (i, mut label) in lines.into_iter().enumerate() {
                label.size *= scale;
                let middle = top + (i as f64 + 0.5) * self.line_height() * scale;
                let x = outer.x + (STRIP + PAD) * scale;
                canvas.centred(Point::new(x, middle), label);
            }
        }
    }

    /// One colour per group of kinds, in order of appearance.
    fn colour(&self, stage: &Stage) -> Colour {
        let mut groups: Vec<&str> = Vec::new();
        for stage in self.stages {
            let group = group(stage);
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        let at = groups.iter().position(|other| *other == group(stage));
        self.theme.colour(at.unwrap_or(0))
    }
}

fn group(stage: &Stage) -> &str {
    stage.kind.split('/').next().unwrap_or_default()
}

/// Level where it enters and leaves each layer.
fn curve(route: &[(Point, Point)], flow: Flow) -> Vec<Point> {
    let mut points = Vec::new();
    for (from, to) in route {
        for i in 0..=PIECES {
            let t = i as f64 / PIECES as f64;
            // A cubic Bézier with both control points halfway along the flow.
            let eased = t * t * (3.0 - 2.0 * t);
            let even = 1.5 * t * (1.0 - t) + t * t * t;
            let mix = |a: f64, b: f64, share: f64| a + (b - a) * share;
            points.push(match flow {
                Flow::Right => Point::new(mix(from.x, to.x, even), mix(from.y, to.y, eased)),
                Flow::Down => Point::new(mix(from.x, to.x, eased), mix(from.y, to.y, even)),
            });
        }
    }
    points
}

fn arrow(canvas: &mut Canvas, tip: Point, flow: Flow, scale: f64) {
    let (length, half) = (5.0 * scale, 2.0 * scale);
    let corners = match flow {
        Flow::Right => [(0.0, 0.0), (-length, -half), (-length, half)],
        Flow::Down => [(0.0, 0.0), (-half, -length), (half, -length)],
    };
    let points = corners.map(|(x, y)| Point::new(tip.x + x, tip.y + y));
    canvas.area(points.to_vec(), theme::MUTED);
}
