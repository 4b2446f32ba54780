//! The colour bar: the scale of colours, its ticks and its label.

use super::super::canvas::Align;
use super::super::canvas::Canvas;
use super::super::canvas::Label;
use super::super::canvas::Point;
use super::super::canvas::Rect;
use super::super::colormap::Colours;
use super::super::font::Weight;
use super::super::markup;
use super::super::theme;
use super::super::theme::Theme;
use super::super::ticks::Tick;
use super::super::wrap::Lines;
use super::BAR;
use super::Sheet;
use super::TICK;
use super::TICK_GAP;
use super::layout::fitting;

/// The longest that a bar is.
const LENGTH: f64 = 110.0;

/// A colour bar with its texts measured.
pub(super) struct Bar {
    ticks: Vec<Tick>,
    label: Lines,
    widest: f64,
    length: f64,
    /// With the gap before it; none where there is no bar.
    pub width: f64,
}

impl Bar {
    pub(super) fn none() -> Self {
        Bar {
            ticks: Vec::new(),
            label: Lines::single("", Weight::Regular, 1.0),
            widest: 0.0,
            length: 0.0,
            width: 0.0,
        }
    }

    /// `across`: the height that its label may take.
    pub(super) fn new(sheet: &Sheet, height: f64, across: f64) -> Self {
        let Some(bar) = &sheet.colour_bar else {
            return Bar::none();
        };
        let small = sheet.theme.tick_size();
        let length = height.max(across).min(LENGTH);
        let ticks = fitting(&bar.axis, length, |_| small * 1.9);
        let widths = ticks
            .iter()
            .map(|tick| markup::width(&tick.label, Weight::Regular, small));
        let widest = widths.fold(0.0, f64::max);
        let label = Lines::new(&bar.label, Weight::Regular, sheet.theme.font_size, across);
        let beside = match label.height() {
            0.0 => 0.0,
            height => height + 4.0,
        };
        Bar {
            ticks,
            label,
            widest,
            length,
            width: 7.0 + BAR + TICK + TICK_GAP + widest + beside,
        }
    }

    /// Draws it right of the panels, from `left` on.
    pub(super) fn draw(
        &self,
        canvas: &mut Canvas,
        theme: &Theme,
        colours: &Colours,
        left: f64,
        bounds: Rect,
    ) {
        let small = theme.tick_size();
        let strip = Rect {
            x: left + 7.0,
            y: bounds.y + (bounds.height - self.length) / 2.0,
            width: BAR,
            height: self.length,
        };
        const SLICES: usize = 64;
        let slice = strip.height / SLICES as f64;
        for i in 0..SLICES {
            let share = (i as f64 + 0.5) / SLICES as f64;
            // Each slice reaches under the next, so that no seam shows.
            let rect = Rect {
                x: strip.x,
                y: (strip.bottom() - (i + 1) as f64 * slice).max(strip.y),
                width: strip.width,
                height: if i == 0 { slice } else { slice * 1.5 },
            };
            canvas.rect(rect, colours.at_share(share));
        }
        for tick in self.ticks.iter().filter(|tick| !tick.label.is_empty()) {
            let y = strip.bottom() - tick.place * strip.height;
            let ends = [strip.right(), strip.right() + TICK].map(|x| Point::new(x, y));
            canvas.line(ends.to_vec(), theme::INK, theme.spine_width);
            let label = Label::new(&tick.label, small, theme::INK);
            canvas.centred(Point::new(strip.right() + TICK + TICK_GAP, y), label);
        }
        let beside = strip.right() + TICK + TICK_GAP + self.widest + 4.0;
        let middle = strip.y + strip.height / 2.0;
        let at = Point::new(beside + self.label.height() / 2.0, middle);
        let like = Label::new("", theme.font_size, theme::INK)
            .align(Align::Middle)
            .upwards();
        self.label.centred(canvas, at, &like);
    }
}
