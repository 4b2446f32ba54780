//! A drawing as a list of marks in points, y downwards, before it is any file format.

use super::font;
use super::font::Weight;
use super::markup;
use super::markup::Run;
use crate::text::as_prose;

/// A place on the page, in points from the upper left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub x: f64,
    pub y: f64,
}

impl Point {
    pub(super) fn new(x: f64, y: f64) -> Self {
        Point { x, y }
    }
}

/// A rectangle on the page, in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    pub(super) fn right(&self) -> f64 {
        self.x + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.y + self.height
    }

    pub(super) fn centre(&self) -> Point {
        Point::new(self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// The part of it that lies in another.
    pub(super) fn within(&self, other: Rect) -> Rect {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        Rect {
            x,
            y,
            width: (self.right().min(other.right()) - x).max(0.0),
            height: (self.bottom().min(other.bottom()) - y).max(0.0),
        }
    }

    /// As much larger on every side.
    pub(super) fn grown(&self, by: f64) -> Rect {
        Rect {
            x: self.x - by,
            y: self.y - by,
            width: self.width + 2.0 * by,
            height: self.height + 2.0 * by,
        }
    }

    /// Whether a point lies in it or, but for rounding, on its edge.
    pub(super) fn contains(&self, at: Point) -> bool {
        let rect = self.grown(1e-6);
        (rect.x..=rect.right()).contains(&at.x) && (rect.y..=rect.bottom()).contains(&at.y)
    }

    /// Its corners, in order.
    pub(super) fn corners(&self) -> [Point; 4] {
        [
            Point::new(self.x, self.y),
            Point::new(self.right(), self.y),
            Point::new(self.right(), self.bottom()),
            Point::new(self.x, self.bottom()),
        ]
    }
}

/// Red, green, blue and opacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Colour {
    pub rgb: (u8, u8, u8),
    pub opacity: f64,
}

pub(super) const PAPER: Colour = Colour::hex(0xFFFFFF);

impl Colour {
    pub(super) const fn hex(rgb: u32) -> Self {
        Colour {
            rgb: ((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8),
            opacity: 1.0,
        }
    }

    pub(super) const fn opacity(mut self, opacity: f64) -> Self {
        self.opacity = opacity;
        self
    }
}

/// Where a text hangs on its point, along its own direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Start,
    Middle,
    End,
}

/// A line of text.
#[derive(Clone, Debug)]
pub(super) struct Label {
    /// With [`markup`], unless it is `verbatim`.
    pub text: String,
    pub size: f64,
    pub weight: Weight,
    pub colour: Colour,
    pub align: Align,
    /// Degrees against the clock; 90 reads from bottom to top.
    pub turn: f64,
    /// Words of data, in which `_` and `^` are no markup.
    pub verbatim: bool,
}

/// One thing to draw.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    /// A stroke through points; `dash`: lengths of strokes and gaps, empty for a solid one.
    Line {
        points: Vec<Point>,
        colour: Colour,
        width: f64,
        dash: Vec<f64>,
    },
    /// A filled area.
    Area {
        points: Vec<Point>,
        colour: Colour,
    },
    /// A filled circle.
    Disc {
        centre: Point,
        radius: f64,
        colour: Colour,
    },
    /// Text; the point is on its baseline.
    Text {
        at: Point,
        label: Label,
    },
    /// A picture in PNG format.
    Picture {
        frame: Rect,
        png: Vec<u8>,
        about: String,
    },
    /// What follows is drawn only inside the frame, until [`Mark::Unclip`].
    Clip(Rect),
    Unclip,
}

/// A page of marks.
#[derive(Clone, Debug)]
pub(super) struct Canvas {
    pub width: f64,
    pub height: f64,
    pub marks: Vec<Mark>,
    /// The panel that is drawn in, and the room around it before the drawing is cut off.
    clip: Option<(Rect, f64)>,
}

impl Canvas {
    /// A page of this size in the colour of paper.
    pub(super) fn new(width: f64, height: f64) -> Self {
        let mut canvas = Canvas {
            width,
            height,
            marks: Vec::new(),
            clip: None,
        };
        let page = Rect {
            x: 0.0,
            y: 0.0,
            width,
            height,
        };
        canvas.rect(page, PAPER);
        canvas
    }

    pub(super) fn line(&mut self, points: Vec<Point>, colour: Colour, width: f64) {
        self.dashed(points, colour, width, &[]);
    }

    pub(super) fn dashed(&mut self, points: Vec<Point>, colour: Colour, width: f64, dash: &[f64]) {
        if points.len() > 1 {
            self.marks.push(Mark::Line {
                points,
                colour,
                width,
                dash: dash.to_vec(),
            });
        }
    }

    pub(super) fn area(&mut self, points: Vec<Point>, colour: Colour) {
        if points.len() > 2 {
            self.marks.push(Mark::Area { points, colour });
        }
    }

    pub(super) fn rect(&mut self, rect: Rect, colour: Colour) {
        self.area(rect.corners().to_vec(), colour);
    }

    pub(super) fn disc(&mut self, centre: Point, radius: f64, colour: Colour) {
        self.marks.push(Mark::Disc {
            centre,
            radius,
            colour,
        });
    }

    /// Draws in a panel; what is further from it than `room` is cut off.
    pub(super) fn clipped(&mut self, panel: Rect, room: f64, draw: impl FnOnce(&mut Canvas)) {
        self.marks.push(Mark::Clip(panel.grown(room)));
        self.clip = Some((panel, room));
        draw(self);
        self.clip = None;
        self.marks.push(Mark::Unclip);
    }

    /// Draws what stands at a place and reaches so far around it: whole over the edge of the panel that is drawn in,
    /// and not at all where the place is beside it.
    pub(super) fn standing(&mut self, at: Point, reach: f64, draw: impl FnOnce(&mut Canvas)) {
        match self.clip {
            Some((panel, _)) if !panel.contains(at) => {}
            Some((panel, room)) if !panel.grown(room - reach).contains(at) => self.whole(draw),
            _ => draw(self),
        }
    }

    /// Draws without being cut off by the panel that is drawn in.
    pub(super) fn whole(&mut self, draw: impl FnOnce(&mut Canvas)) {
        let Some((panel, room)) = self.clip.take() else {
            return draw(self);
        };
        self.marks.push(Mark::Unclip);
        draw(self);
        self.marks.push(Mark::Clip(panel.grown(room)));
        self.clip = Some((panel, room));
    }

    /// The characters that no font has.
    pub(super) fn missing(&self) -> Vec<char> {
        let mut missing: Vec<char> = Vec::new();
        for mark in &self.marks {
            if let Mark::Text { label, .. } = mark {
                missing.extend(font::missing(&label.plain()));
            }
        }
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// For the caption: which characters no font can show; empty where all are shown.
    pub(super) fn said_missing(&self) -> String {
        let missing = self.missing();
        let names = missing.iter().take(8);
        let names: Vec<String> = names
            .map(|c| format!("{c} (U+{:04X})", u32::from(*c)))
            .collect();
        match (names.len(), missing.len()) {
            (0, _) => String::new(),
            (named, all) if named < all => format!(
                " The font has no glyph for {} and {} more.",
                names.join(", "),
                all - named
            ),
            _ => format!(" The font has no glyph for {}.", names.join(", ")),
        }
    }

    /// Puts the marks of another page at a place of this one.
    pub(super) fn place(&mut self, other: &Canvas, at: Point) {
        let point = |point: &mut Point| (point.x, point.y) = (point.x + at.x, point.y + at.y);
        let frame = |rect: &mut Rect| (rect.x, rect.y) = (rect.x + at.x, rect.y + at.y);
        for mark in &other.marks {
            let mut mark = mark.clone();
            match &mut mark {
                Mark::Line { points, .. } | Mark::Area { points, .. } => {
                    points.iter_mut().for_each(point);
                }
                Mark::Disc { centre, .. } => point(centre),
                Mark::Text { at, .. } => point(at),
                Mark::Picture { frame: rect, .. } | Mark::Clip(rect) => frame(rect),
                Mark::Unclip => {}
            }
            self.marks.push(mark);
        }
    }

    /// Text with its baseline at the point.
    pub(super) fn text(&mut self, at: Point, label: Label) {
        if !label.text.is_empty() {
            self.marks.push(Mark::Text { at, label });
        }
    }

    /// Text whose capitals have their middle at the point, across its direction.
    pub(super) fn centred(&mut self, at: Point, label: Label) {
        let half = font::cap_height() * label.size / 2.0;
        self.text(label.below(at, half), label);
    }
}

impl Label {
    pub(super) fn new(text: impl Into<String>, size: f64, colour: Colour) -> Self {
        Label {
            text: as_prose(&text.into()).into_owned(),
            size,
            weight: Weight::Regular,
            colour,
            align: Align::Start,
            turn: 0.0,
            verbatim: false,
        }
    }

    pub(super) fn align(mut self, align: Align) -> Self {
        self.align = align;
        self
    }

    pub(super) fn bold(mut self) -> Self {
        self.weight = Weight::SemiBold;
        self
    }

    pub(super) fn upwards(self) -> Self {
        self.turned(90.0)
    }

    pub(super) fn turned(mut self, degrees: f64) -> Self {
        self.turn = degrees;
        self
    }

    /// The place so far along the text from a point on the page.
    pub(super) fn along(&self, at: Point, distance: f64) -> Point {
        let (sin, cos) = self.turn.to_radians().sin_cos();
        Point::new(at.x + distance * cos, at.y - distance * sin)
    }

    /// The place so far below a point, as the text reads.
    pub(super) fn below(&self, at: Point, distance: f64) -> Point {
        let (sin, cos) = self.turn.to_radians().sin_cos();
        Point::new(at.x + distance * sin, at.y + distance * cos)
    }

    pub(super) fn verbatim(mut self) -> Self {
        self.verbatim = true;
        self
    }

    /// Its pieces, each on one baseline.
    pub(super) fn runs(&self) -> Vec<Run> {
        match self.verbatim {
            true => vec![Run::plain(markup::restored(&self.text))],
            false => markup::parse(&self.text),
        }
    }

    /// In points, along the text.
    pub(super) fn width(&self) -> f64 {
        markup::width_of(&self.runs(), self.weight, self.size)
    }

    /// Without markup, for screen readers.
    pub(super) fn plain(&self) -> String {
        self.runs().into_iter().map(|run| run.text).collect()
    }
}
