//! Heights written into level lines, each where its line is flat and no other label stands.

use super::canvas::Align;
use super::canvas::Canvas;
use super::canvas::Colour;
use super::canvas::Label;
use super::canvas::Point;
use super::canvas::Rect;
use super::sheet::Frame;
use super::theme::Theme;

/// Room around a label, in points.
const AROUND: f64 = 1.5;

/// The labels of the lines of one panel.
pub(super) struct LevelLabels {
    frame: Rect,
    size: f64,
    placed: Vec<(Rect, Point, Label)>,
}

impl LevelLabels {
    pub(super) fn new(frame: &Frame, theme: &Theme) -> Self {
        LevelLabels {
            frame: frame.rect,
            size: theme.tick_size() - 1.5,
            placed: Vec::new(),
        }
    }

    /// The parts of a line beside its label; the whole where none has room.
    pub(super) fn cut(&mut self, line: Vec<Point>, text: &str, ink: Colour) -> Vec<Vec<Point>> {
        let label = Label::new(text, self.size, ink.opacity(1.0)).align(Align::Middle);
        let (width, height) = (label.width() + 2.0 * AROUND, self.size + 2.0 * AROUND);
        let length: f64 = line.windows(2).map(|pair| distance(pair[0], pair[1])).sum();
        if length < 3.0 * width {
            return vec![line];
        }
        let around = |at: Point| Rect {
            x: at.x - width / 2.0,
            y: at.y - height / 2.0,
            width,
            height,
        };
        let clear = |at: &Point| {
            let rect = around(*at);
            let apart = |(other, ..): &(Rect, Point, Label)| {
                let common = rect.within(*other);
                common.width <= 0.0 || common.height <= 0.0
            };
            rect.within(self.frame) == rect && self.placed.iter().all(apart)
        };
        // Flat parts of a line are read through the label.
        let steep = |at: &Point| {
            let near = line.iter().filter(|p| distance(**p, *at) < width);
            near.map(|p| (p.y - at.y).abs()).fold(0.0, f64::max)
        };
        let places = line.iter().filter(|at| clear(at));
        let Some(at) = places.min_by(|a, b| steep(a).total_cmp(&steep(b))).copied() else {
            return vec![line];
        };
        let rect = around(at);
        self.placed.push((rect, at, label));
        let inside = |p: &Point| {
            (rect.x..=rect.right()).contains(&p.x) && (rect.y..=rect.bottom()).contains(&p.y)
        };
        let parts = line.split(inside).map(<[Point]>::to_vec);
        parts.filter(|part| part.len() > 1).collect()
    }

    pub(super) fn draw(self, canvas: &mut Canvas) {
        for (_, at, label) in self.placed {
            canvas.centred(at, label);
        }
    }
}

fn distance(a: Point, b: Point) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}
