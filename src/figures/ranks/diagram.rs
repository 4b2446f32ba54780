//! The drawing: an axis of ranks, names on both sides, bars over what is not told apart.

use super::super::canvas::Align;
use super::super::canvas::Canvas;
use super::super::canvas::Label;
use super::super::canvas::Point;
use super::super::font::Weight;
use super::super::markup;
use super::super::numbers;
use super::super::theme;
use super::super::theme::Theme;
use super::super::wrap::Lines;
use super::groups::Groups;

/// Around the page.
const EDGE: f64 = 4.0;
/// The share of the page that the names of one side may take.
const NAMES: f64 = 0.34;
/// Between a name and its line.
const GAP: f64 = 3.0;

pub(super) struct Diagram<'a> {
    pub names: &'a [String],
    pub ranks: &'a [f64],
    pub groups: &'a Groups,
    pub title: &'a str,
    pub theme: &'a Theme,
    pub width: f64,
    pub height: Option<f64>,
}

/// A method with its name in lines and the height of its own line.
struct Named {
    rank: f64,
    lines: Lines,
    y: f64,
}

impl Diagram<'_> {
    pub(super) fn canvas(&self) -> Canvas {
        let theme = self.theme;
        let (font, small) = (theme.font_size, theme.tick_size());
        let k = self.names.len();
        let mut order: Vec<usize> = (0..k).collect();
        order.sort_by(|&a, &b| self.ranks[a].total_cmp(&self.ranks[b]));
        let title = Lines::new(
            self.title,
            Weight::SemiBold,
            font + 1.0,
            self.width - 2.0 * EDGE,
        );
        let name = |&method: &usize| Named {
            rank: self.ranks[method],
            lines: Lines::new(
                &self.names[method],
                Weight::Regular,
                font,
                self.width * NAMES,
            ),
            y: 0.0,
        };
        // The better half left, the worse half right, the worst on top: lines do not cross.
        let (better, worse) = order.split_at(k.div_ceil(2));
        let mut left: Vec<Named> = better.iter().map(name).collect();
        let mut right: Vec<Named> = worse.iter().rev().map(name).collect();
        let widest = |side: &[Named]| {
            let widths = side.iter().map(|named| named.lines.width());
            widths.fold(small, f64::max) + EDGE + GAP + small * 1.6
        };
        let (from, to) = (widest(&left), self.width - widest(&right));

        let head = match title.height() {
            0.0 => EDGE,
            height => EDGE + height + 5.0,
        };
        let critical = self.groups.critical.filter(|_| self.groups.differ);
        let bar = if critical.is_some() { small + 9.0 } else { 0.0 };
        let axis = head + bar + small + 6.0;
        let bars = 5.0
            + 4.5
                * self
                    .levels()
                    .iter()
                    .map(|(level, _)| level + 1)
                    .max()
                    .unwrap_or(1) as f64;
        let below = |side: &mut [Named]| {
            let mut y = axis + bars;
            for named in side.iter_mut() {
                let height = named.lines.height().max(font) + font * 0.45;
                named.y = y + height / 2.0;
                y += height;
            }
            y
        };
        let floor = below(&mut left).max(below(&mut right));
        let mut canvas = Canvas::new(self.width, (floor + EDGE).max(self.height.unwrap_or(0.0)));

        let like = Label::new("", font, theme::INK).align(Align::Middle);
        let at = Point::new(self.width / 2.0, EDGE + font - title.half());
        title.stacked(&mut canvas, at, &like.clone().bold());
        let x = |rank: f64| from + (rank - 1.0) / (k as f64 - 1.0).max(1.0) * (to - from);
        self.axis(&mut canvas, axis, &x);
        if let Some(critical) = critical {
            self.critical(&mut canvas, head, (from, to), critical, k);
        }
        for (level, group) in self.levels() {
            let y = axis + 6.0 + 4.5 * level as f64;
            let ends = [group[0], group[group.len() - 1]].map(|method| x(self.ranks[method]));
            // A bar reaches a little beyond the lines that it joins.
            let ends = [Point::new(ends[0] - 2.0, y), Point::new(ends[1] + 2.0, y)];
            canvas.line(ends.to_vec(), theme::INK, 2.2);
        }
        for (side, edge, align, sign) in [
            (&left, from, Align::End, -1.0),
            (&right, to, Align::Start, 1.0),
        ] {
            for named in side {
                let out = edge + sign * small * 1.6;
                let points = [
                    Point::new(x(named.rank), axis),
                    Point::new(x(named.rank), named.y),
                    Point::new(out, named.y),
                ];
                canvas.line(points.to_vec(), theme::INK, theme.spine_width);
                let at = Point::new(out + sign * GAP, named.y);
                let like = Label::new("", font, theme::INK).align(align);
                named.lines.centred(&mut canvas, at, &like);
            }
        }
        canvas
    }

    fn axis(&self, canvas: &mut Canvas, y: f64, x: &impl Fn(f64) -> f64) {
        let (theme, k) = (self.theme, self.names.len());
        let small = theme.tick_size();
        let ends = [1.0, k as f64].map(|rank| Point::new(x(rank), y));
        canvas.line(ends.to_vec(), theme::INK, theme.spine_width * 1.5);
        let room = x(k as f64) - x(1.0);
        let need = markup::width(&k.to_string(), Weight::Regular, small) + small;
        let every = (need * (k as f64 - 1.0) / room.max(1.0)).ceil().max(1.0) as usize;
        for rank in 1..=k {
            let labelled = (rank - 1) % every == 0;
            let length = if labelled { 3.5 } else { 2.0 };
            let at = x(rank as f64);
            let points = [y - length, y].map(|y| Point::new(at, y));
            canvas.line(points.to_vec(), theme::INK, theme.spine_width);
            if labelled {
                let label = Label::new(rank.to_string(), small, theme::INK).align(Align::Middle);
                canvas.text(Point::new(at, y - 5.0), label);
            }
        }
    }

    /// How long the critical difference is on the axis.
    fn critical(
        &self,
        canvas: &mut Canvas,
        top: f64,
        (from, to): (f64, f64),
        critical: f64,
        k: usize,
    ) {
        let small = self.theme.tick_size();
        let length = critical / (k as f64 - 1.0) * (to - from);
        let y = top + small + 4.0;
        let mut text = format!("CD = {}", numbers::brief(critical));
        let mut end = from + length;
        if end > self.width - EDGE {
            // Longer than the axis: nothing could differ by as much.
            text.push_str(", beyond the axis");
            end = to;
        }
        canvas.line(
            vec![Point::new(from, y), Point::new(end, y)],
            theme::INK,
            self.theme.line_width,
        );
        for x in [from, end] {
            let ends = [y - 2.0, y + 2.0].map(|y| Point::new(x, y));
            canvas.line(ends.to_vec(), theme::INK, self.theme.line_width);
        }
        let half = markup::width(&text, Weight::Regular, small) / 2.0 + EDGE;
        let middle = ((from + end) / 2.0).clamp(half, (self.width - half).max(half));
        let label = Label::new(text, small, theme::INK).align(Align::Middle);
        canvas.text(Point::new(middle, y - 3.5), label);
    }

    /// The bars, each on the first level where it touches no other.
    fn levels(&self) -> Vec<(usize, &[usize])> {
        let mut ends: Vec<f64> = Vec::new();
        let mut placed: Vec<(usize, &[usize])> = Vec::new();
        for group in &self.groups.bars {
            let first = self.ranks[group[0]];
            let last = self.ranks[group[group.len() - 1]];
            let free = ends.iter().position(|end| *end + 0.05 < first);
            let level = free.unwrap_or_else(|| {
                ends.push(f64::NEG_INFINITY);
                ends.len() - 1
            });
            ends[level] = last;
            placed.push((level, group));
        }
        placed
    }
}
