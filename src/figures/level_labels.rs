//! Heights written into level lines, each where its line is flat and no other label stands; a line stops at the box
//! around its label, wherever its points are.

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
            let near = Rect {
                x: at.x - width,
                y: at.y - width,
                width: 2.0 * width,
                height: 2.0 * width,
            };
            let parts = line
                .windows(2)
                .filter_map(|pair| inside(pair[0], pair[1], near));
            let ends = parts.flat_map(|(_, from, to)| [from, to]);
            ends.map(|p| (p.y - at.y).abs()).fold(0.0, f64::max)
        };
        let along = places(&line, self.size / 2.0);
        let middle = along.len() / 2;
        // Of places that are as flat, to a tenth of a point, the one nearest to the middle.
        let cost =
            |(i, at): &(usize, Point)| ((steep(at) * 10.0).round() as i64, i.abs_diff(middle));
        let clear = along
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, at)| clear(at));
        let Some((_, at)) = clear.min_by_key(cost) else {
            return vec![line];
        };
        let rect = around(at);
        self.placed.push((rect, at, label));
        outside(&line, rect)
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

/// Places along a line, from its first point on, so far apart.
fn places(line: &[Point], apart: f64) -> Vec<Point> {
    let mut places: Vec<Point> = line.first().copied().into_iter().collect();
    // From the last place to where the next segment begins.
    let mut gone = 0.0;
    for pair in line.windows(2) {
        let length = distance(pair[0], pair[1]);
        let mut at = apart - gone;
        while at <= length {
            places.push(between(pair[0], pair[1], at / length));
            at += apart;
        }
        gone = length - (at - apart);
    }
    places
}

fn between(a: Point, b: Point, share: f64) -> Point {
    Point::new(a.x + share * (b.x - a.x), a.y + share * (b.y - a.y))
}

/// The part of a segment that lies in a box, as shares of it and as its ends (Liang & Barsky 1984); none where they do not
/// meet.
fn inside(a: Point, b: Point, rect: Rect) -> Option<((f64, f64), Point, Point)> {
    let (mut from, mut to) = (0.0f64, 1.0f64);
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    for (step, room) in [
        (-dx, a.x - rect.x),
        (dx, rect.right() - a.x),
        (-dy, a.y - rect.y),
        (dy, rect.bottom() - a.y),
    ] {
        if step == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if step < 0.0 {
            from = from.max(room / step);
        } else {
            to = to.min(room / step);
        }
    }
    (from < to).then(|| ((from, to), between(a, b, from), between(a, b, to)))
}

/// The parts of a line that are not in a box.
fn outside(line: &[Point], rect: Rect) -> Vec<Vec<Point>> {
    let mut parts: Vec<Vec<Point>> = vec![line.first().copied().into_iter().collect()];
    for pair in line.windows(2) {
        match inside(pair[0], pair[1], rect) {
            None => {
                if let Some(part) = parts.last_mut() {
                    part.push(pair[1]);
                }
            }
            Some(((from, to), enters, leaves)) => {
                if let Some(part) = parts.last_mut().filter(|_| from > 0.0) {
                    part.push(enters);
                }
                parts.push(match to < 1.0 {
                    true => vec![leaves, pair[1]],
                    false => Vec::new(),
                });
            }
        }
    }
    parts.retain(|part| part.len() > 1);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(line: &[Point]) -> f64 {
        line.windows(2).map(|pair| distance(pair[0], pair[1])).sum()
    }

    #[test]
    fn a_line_of_few_points_stops_at_the_box_alone() {
        let rect = Rect {
            x: 40.0,
            y: -5.0,
            width: 20.0,
            height: 10.0,
        };
        let ends = |line: &[(f64, f64)]| -> Vec<Point> {
            line.iter().map(|(x, y)| Point::new(*x, *y)).collect()
        };
        // A point within the box, none, and the end of the line.
        for (line, want) in [
            (
                ends(&[(0.0, 0.0), (50.0, 0.0), (100.0, 0.0)]),
                vec![40.0, 40.0],
            ),
            (ends(&[(0.0, 0.0), (100.0, 0.0)]), vec![40.0, 40.0]),
            (ends(&[(0.0, 0.0), (50.0, 0.0)]), vec![40.0]),
            (ends(&[(0.0, 9.0), (100.0, 9.0)]), vec![100.0]),
        ] {
            let parts = outside(&line, rect);
            let lengths: Vec<f64> = parts.iter().map(|part| length(part)).collect();
            assert_eq!(lengths, want);
        }
        assert_eq!(places(&ends(&[(0.0, 0.0), (10.0, 0.0)]), 3.0).len(), 4);
    }
}
