//! What is drawn around the data: titles, labels, ticks, grid lines and the colour bar.

use super::super::canvas::Align;
use super::super::canvas::Canvas;
use super::super::canvas::Label;
use super::super::canvas::Point;
use super::super::canvas::Rect;
use super::super::colormap;
use super::super::font::Weight;
use super::super::markup;
use super::super::theme;
use super::super::ticks::Tick;
use super::BAR;
use super::ColourBar;
use super::EDGE;
use super::Frame;
use super::Page;
use super::Sheet;
use super::TICK;
use super::TICK_GAP;
use super::layout::fitting;

impl Sheet {
    /// Ticks of the colour bar, and the width it needs with its labels.
    pub(super) fn bar(&self, height: f64) -> (Vec<Tick>, f64) {
        let Some(bar) = &self.colour_bar else {
            return (Vec::new(), 0.0);
        };
        let small = self.theme.tick_size();
        let ticks = fitting(&bar.axis, height.min(110.0), |_| small * 1.9);
        let labels = ticks
            .iter()
            .map(|tick| markup::width(&tick.label, Weight::Regular, small));
        let label = match bar.label.is_empty() {
            true => 0.0,
            false => self.theme.font_size + 4.0,
        };
        let widest = labels.fold(0.0, f64::max);
        (ticks, 7.0 + BAR + TICK + TICK_GAP + widest + label)
    }

    pub(super) fn draw_bar(
        &self,
        canvas: &mut Canvas,
        bar: &ColourBar,
        ticks: &[Tick],
        strip: Rect,
    ) {
        let (small, width) = (self.theme.tick_size(), self.theme.spine_width);
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
            canvas.rect(rect, colormap::sequential(share));
        }
        let mut widest: f64 = 0.0;
        for tick in ticks.iter().filter(|tick| !tick.label.is_empty()) {
            let y = strip.bottom() - tick.place * strip.height;
            let ends = [strip.right(), strip.right() + TICK].map(|x| Point::new(x, y));
            canvas.line(ends.to_vec(), theme::INK, width);
            let label = Label::new(&tick.label, small, theme::INK);
            widest = widest.max(label.width());
            canvas.centred(Point::new(strip.right() + TICK + TICK_GAP, y), label);
        }
        let x = strip.right() + TICK + TICK_GAP + widest + 4.0 + self.theme.font_size / 2.0;
        let at = Point::new(x, strip.y + strip.height / 2.0);
        let label = Label::new(&bar.label, self.theme.font_size, theme::INK);
        canvas.centred(at, label.align(Align::Middle).upwards());
    }

    /// Titles and axis labels.
    pub(super) fn captions(
        &self,
        canvas: &mut Canvas,
        frames: &[Frame],
        bounds: Rect,
        height: f64,
    ) {
        let font = self.theme.font_size;
        let centre = bounds.x + bounds.width / 2.0;
        let title = Label::new(&self.title, font + 1.0, theme::INK).bold();
        // Over the panels where it fits there, else over the page.
        let half = title.width() / 2.0;
        let middle = match centre + half < self.width && centre - half > 0.0 {
            true => centre,
            false => self.width / 2.0,
        };
        let at = Point::new(middle, EDGE + font);
        canvas.text(at, title.align(Align::Middle));
        for (panel, frame) in self.panels.iter().zip(frames) {
            let at = Point::new(frame.rect.x + frame.rect.width / 2.0, frame.rect.y - 4.0);
            let label = Label::new(&panel.title, font, theme::INK).align(Align::Middle);
            canvas.text(at, label);
        }
        for (row, title) in self.row_titles.iter().enumerate() {
            let mut in_row = self.panels.iter().zip(frames).filter(|(p, _)| p.row == row);
            if let Some((_, frame)) = in_row.next_back() {
                let middle = frame.rect.y + frame.rect.height / 2.0;
                let at = Point::new(bounds.right() + 3.0 + font / 2.0, middle);
                let label = Label::new(title, font, theme::INK);
                canvas.centred(at, label.align(Align::Middle).upwards());
            }
        }
        let at = Point::new(centre, height - EDGE - 1.5);
        let label = Label::new(&self.x_label, font, theme::INK);
        canvas.text(at, label.align(Align::Middle));
        let at = Point::new(EDGE + font / 2.0, bounds.y + bounds.height / 2.0);
        let label = Label::new(&self.y_label, font, theme::INK);
        canvas.centred(at, label.align(Align::Middle).upwards());
    }

    /// Light lines under the data.
    pub(super) fn lines(&self, canvas: &mut Canvas, frame: &Frame) {
        if !self.theme.grid {
            return;
        }
        let rect = frame.rect;
        let labelled = |tick: &&Tick| !tick.label.is_empty();
        if self.grid_y {
            for tick in frame.y_ticks.iter().filter(labelled) {
                let y = rect.bottom() - tick.place * rect.height;
                let points = vec![Point::new(rect.x, y), Point::new(rect.right(), y)];
                canvas.line(points, theme::FAINT, 0.4);
            }
        }
        if self.grid_x {
            for tick in frame.x_ticks.iter().filter(labelled) {
                let x = rect.x + tick.place * rect.width;
                let points = vec![Point::new(x, rect.y), Point::new(x, rect.bottom())];
                canvas.line(points, theme::FAINT, 0.4);
            }
        }
    }
}

impl Page {
    /// Draws the axes over the data.
    pub(crate) fn close(mut self) -> Canvas {
        let (theme, canvas) = (&self.theme, &mut self.canvas);
        let (width, small) = (theme.spine_width, theme.tick_size());
        for frame in &self.frames {
            let rect = frame.rect;
            let [upper_left, upper_right, lower_right, lower_left] = rect.corners();
            let mut spines = vec![upper_left, lower_left, lower_right];
            if self.bare {
                // Without ticks there are no axes, only a frame.
                spines.extend([upper_right, upper_left, lower_left]);
            }
            canvas.line(spines, theme::INK, width);
            for tick in &frame.x_ticks {
                let x = rect.x + tick.place * rect.width;
                let minor = tick.label.is_empty();
                let length = if minor { TICK * 0.6 } else { TICK };
                let ends = [rect.bottom(), rect.bottom() + length];
                let points = ends.map(|y| Point::new(x, y)).to_vec();
                canvas.line(points, theme::INK, if minor { width * 0.7 } else { width });
                if frame.x_labels && !minor {
                    let at = Point::new(x, rect.bottom() + TICK + TICK_GAP + small * 0.75);
                    let label = Label::new(&tick.label, small, theme::INK);
                    canvas.text(at, label.align(Align::Middle));
                }
            }
            for tick in &frame.y_ticks {
                let y = rect.bottom() - tick.place * rect.height;
                let minor = tick.label.is_empty();
                let length = if minor { TICK * 0.6 } else { TICK };
                let points = [rect.x - length, rect.x].map(|x| Point::new(x, y));
                let stroke = if minor { width * 0.7 } else { width };
                canvas.line(points.to_vec(), theme::INK, stroke);
                if frame.y_labels && !minor {
                    let at = Point::new(rect.x - TICK - TICK_GAP, y);
                    let label = Label::new(&tick.label, small, theme::INK);
                    canvas.centred(at, label.align(Align::End));
                }
            }
        }
        self.canvas
    }
}
